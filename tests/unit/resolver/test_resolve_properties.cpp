// Properties of resolve() over the whole catalogue: order does not matter, what is chosen covers,
// what is hinted works.
#include <algorithm>
#include <random>

#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

namespace {

// Machines that the sweep passes over: a sanitizer makes each of its searches twenty times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStep = 11;
#else
constexpr std::size_t kStep = 1;
#endif

// The GPU rule, written a second time and without the resolver's code: sm_XY runs on major X from
// minor Y on, compute_XY on everything from X.Y on.
bool covers(const std::vector<std::string>& architectures, ComputeCapability gpu) {
  return std::any_of(architectures.begin(), architectures.end(), [&](const std::string& text) {
    const bool ptx = text.rfind("compute_", 0) == 0;
    std::string digits = text.substr(text.find('_') + 1);
    const bool exact = digits.back() == 'a';
    digits.erase(
        std::remove_if(digits.begin(), digits.end(), [](char c) { return c < '0' || c > '9'; }),
        digits.end());
    const unsigned number = static_cast<unsigned>(std::stoul(digits));
    const unsigned major = number / 10;
    const unsigned minor = number % 10;
    if (exact) {
      return gpu.major == major && gpu.minor == minor;
    }
    return ptx ? gpu.major * 10 + gpu.minor >= number : gpu.major == major && gpu.minor >= minor;
  });
}

const FrameworkBuild* build_row(const std::string& framework, const std::string& version,
                                const std::string& build) {
  for (const FrameworkRelease& release : catalogue().find_framework(framework)->releases) {
    for (const FrameworkBuild& row : release.builds) {
      if (release.version_text == version && row.name == build) {
        return &row;
      }
    }
  }
  return nullptr;
}

void check_decision(const Decision& decision, const Host& host) {
  REQUIRE(decision.frameworks.size() == 1);
  const FrameworkChoice& choice = decision.frameworks.front();
  if (decision.source == ImageSource::ngc) {
    return;  // NVIDIA's own build: no row to hold it to
  }
  const FrameworkBuild* row = build_row(choice.name, choice.version, choice.build);
  REQUIRE(row != nullptr);
  REQUIRE(row->cuda);
  if (!row->architectures.empty()) {
    CHECK(covers(row->architectures, *host.gpus.front().compute_capability));
  }
  // Natively, or from the floor of the CUDA major on; otherwise only with cuda-compat.
  const std::optional<CudaVersion> native = catalogue().native_cuda(*host.driver);
  const bool runs_natively =
      native && (native->major() > row->cuda->major() ||
                 (native->major() == row->cuda->major() && native->minor() >= row->cuda->minor()));
  const std::optional<DriverVersion> floor = catalogue().minor_driver(*row->cuda);
  CHECK((runs_natively || (floor && *host.driver >= *floor) ||
         decision.driver.mode == DriverMode::forward));
  for (const ImageTag& image : catalogue().images) {
    if (image.reference() == decision.image || image.reference() == decision.base_image) {
      CHECK(image.evidence != Evidence::withdrawn);
    }
  }
}

}  // namespace

TEST_CASE("the order of the requirements decides nothing") {
  std::vector<std::string> lines{"torch>=2.0", "torchvision",  "tensorflow==2.15",
                                 "numpy<2",    "torch!=2.1.0", "jax"};
  const Decision first = decided({lines, "550.54.14", {"A100"}});
  std::mt19937 random(7);
  for (int round = 0; round < 10; ++round) {
    std::shuffle(lines.begin(), lines.end(), random);
    ResolveRequest request = request_of({lines, "550.54.14", {"A100"}});
    const Result<Decision> again =
        resolve(request, host_of({{}, "550.54.14", {"A100"}}), catalogue());
    REQUIRE(again);
    CHECK(again->image == first.image);
    REQUIRE(again->frameworks.size() == first.frameworks.size());
    for (std::size_t i = 0; i < first.frameworks.size(); ++i) {
      CHECK(again->frameworks[i].name == first.frameworks[i].name);
      CHECK(again->frameworks[i].version == first.frameworks[i].version);
      CHECK(again->frameworks[i].build == first.frameworks[i].build);
    }
    CHECK(again->alternatives.size() == first.alternatives.size());
  }
}

TEST_CASE("every torch release on many machines: an answer that covers, or a refusal that helps") {
  const std::vector<std::string> drivers{"418.39",     "450.80.02", "470.86",    "525.60.13",
                                         "535.104.05", "551.78",    "580.65.06", "615.71"};
  const std::vector<std::string> gpus{"Tesla K80", "GTX 1080", "Tesla V100", "Tesla T4", "A100",
                                      "RTX 3090",  "RTX 4090", "H100",       "RTX 5090"};
  std::size_t answered = 0;
  std::size_t refusals = 0;
  std::size_t i = 0;  // carried over from release to release, so that a step meets every pair
  for (const FrameworkRelease& release : catalogue().find_framework("torch")->releases) {
    i %= drivers.size() * gpus.size();
    for (; i < drivers.size() * gpus.size(); i += kStep) {
      const Question question{{"torch==" + release.version_text},
                              drivers[i % drivers.size()],
                              {gpus[i / drivers.size()]}};
      INFO(question.requirements[0] << " " << *question.driver << " " << question.gpus[0]);
      const Host host = host_of(question);
      const Result<Decision> decision = resolve(request_of(question), host, catalogue());
      if (decision) {
        check_decision(*decision, host);
        ++answered;
        continue;
      }
      CHECK(decision.error().code == Errc::no_solution);
      CHECK(decision.error().notes.size() >= 2);
      REQUIRE_FALSE(decision.error().hints.empty());
      ++refusals;
      // Each hint costs a search: a sample of the refusals is enough here, the traps have theirs.
      for (const std::string& command :
           refusals % 7 == 0 ? commands_in(decision.error().hints) : std::vector<std::string>()) {
        INFO(command);
        CHECK(answer(question_of(command)));
      }
    }
  }
  CHECK(answered > 500 / kStep);
  CHECK(refusals > 100 / kStep);
}

TEST_CASE(
    "every release of every framework answers without a machine, and never with a tag that is "
    "gone") {
  for (const Framework& framework : catalogue().frameworks) {
    for (const FrameworkRelease& release : framework.releases) {
      const Question question{{framework.name + "==" + release.version_text}};
      INFO(question.requirements[0]);
      const Result<Decision> decision = answer(question);
      if (!decision) {
        CHECK(decision.error().code == Errc::no_solution);
        CHECK(decision.error().notes.size() >= 2);
        CHECK_FALSE(decision.error().hints.empty());
        continue;
      }
      CHECK(decision->frameworks.front().version == release.version_text);
      for (const Candidate& candidate : decision->alternatives) {
        CHECK(candidate.rejected.empty());
      }
    }
  }
}
