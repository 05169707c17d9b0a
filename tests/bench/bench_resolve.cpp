// CPU time of resolve() on the whole catalogue, answers and conflicts, one line per question:
// median and worst of the repetitions in milliseconds, and what came out.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "berth/base/embedded.hpp"
#include "berth/base/pep508.hpp"
#include "berth/resolver/catalog.hpp"
#include "berth/resolver/described_host.hpp"
#include "berth/resolver/resolve.hpp"

namespace {

constexpr std::size_t kRepetitions = 51;

struct Question {
  std::vector<std::string> requirements;
  std::string driver;
  std::vector<std::string> gpus;
};

const std::vector<Question> kQuestions{
    {{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}},
    {{"torch"}, "550.54.14", {"H100"}},
    {{"tensorflow==2.15", "torch"}, "535.104.05", {"RTX 3090"}},
    {{"torch", "tensorflow", "jax"}, "580.65.06", {"A100", "RTX 4090"}},
    {{"torch==2.6"}, "570.86.10", {"RTX 5090"}},
    {{"torch==2.9"}, "470.86", {"RTX 3090"}},
    {{"torch"}, "390.157", {"RTX 4090"}},
    {{"xformers"}, "390.157", {"RTX 4090"}},
    {{"torch==2.6", "tensorflow==2.4", "jax==0.4.30"}, "535.104.05", {"RTX 3090"}},
    {{"torch==2.6", "tensorflow==2.4", "jax==0.4.30", "onnxruntime-gpu==1.18.0", "vllm==0.9.0"},
     "470.86",
     {"GTX 1080", "RTX 5090"}},
};

double cpu_milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

void time_question(const Question& question, const berth::Catalog& catalog) {
  berth::ResolveRequest request;
  for (const std::string& text : question.requirements) {
    request.requirements.push_back(
        {berth::pep508::Requirement::parse(text).value(), berth::Origin{"bench"}});
  }
  berth::Host host = berth::described_host(question.driver, question.gpus, catalog).value();
  host.origin.text =
      "host.json";  // one that somebody has seen: pairs that cannot be are searched, too
  std::vector<double> times;
  std::string outcome;
  for (std::size_t i = 0; i < kRepetitions; ++i) {
    const double start = cpu_milliseconds();
    const berth::Result<berth::Decision> decision = berth::resolve(request, host, catalog);
    times.push_back(cpu_milliseconds() - start);
    outcome = decision ? decision->image : decision.error().message;
  }
  std::sort(times.begin(), times.end());
  fmt::print("{:7.2f} {:7.2f}  {} on {}, {}: {}\n", times[times.size() / 2], times.back(),
             fmt::join(question.requirements, " "), question.driver, fmt::join(question.gpus, ", "),
             outcome);
}

}  // namespace

int main() {
  const berth::Result<berth::Catalog> catalog = berth::load_catalog(berth::embedded_files());
  if (!catalog) {
    fmt::print(stderr, "{}\n", catalog.error().message);
    return 1;
  }
  fmt::print("{:>7} {:>7}  CPU ms of resolve(), {} repetitions\n", "median", "worst", kRepetitions);
  for (const Question& question : kQuestions) {
    time_question(question, *catalog);
  }
  return 0;
}
