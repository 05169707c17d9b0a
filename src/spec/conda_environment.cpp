// environment.yml: conda's package specifications in PEP 440's terms.
#include "spec/conda_environment.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "berth/base/text.hpp"
#include "spec/document.hpp"
#include "spec/requirements_txt.hpp"

namespace berth::spec {

namespace {

// Conda's names of frameworks, and the index's. A version of one of them that cannot be read is an
// error.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kFrameworkNames = {{
    {"pytorch", "torch"},
    {"pytorch-gpu", "torch"},
    {"pytorch-cpu", "torch"},
    {"torchvision", "torchvision"},
    {"torchaudio", "torchaudio"},
    {"tensorflow", "tensorflow"},
    {"tensorflow-gpu", "tensorflow"},
    {"tensorflow-cpu", "tensorflow"},
    {"jax", "jax"},
    {"jaxlib", "jaxlib"},
}};

constexpr std::array<std::string_view, 6> kCudaNames = {
    "pytorch-cuda", "cudatoolkit", "cuda-version", "cuda-toolkit", "cuda-runtime", "cuda"};

struct CondaSpec {
  std::string name;
  std::string version;  // as conda writes it, with operators
  bool fuzzy = false;   // `=2.1` without a build: any 2.1.x
  std::string build;
};

// [channel::]name, then `=version[=build]`, ` version [build]` or an operator.
CondaSpec parse_conda_spec(std::string_view text) {
  if (const std::size_t channel = text.rfind("::"); channel != std::string_view::npos) {
    text.remove_prefix(channel + 2);
  }
  text = trimmed(text.substr(0, text.find_first_of("[#")));
  const std::size_t end = std::min(text.find_first_of(" \t=<>!~"), text.size());
  CondaSpec spec{lowered(text.substr(0, end)), {}, false, {}};
  std::string_view rest = trimmed(text.substr(end));
  if (rest.starts_with('=') && !rest.starts_with("==")) {
    spec.fuzzy = true;
    rest.remove_prefix(1);
  }
  // The version's operators may contain `=`; the build stands behind the first `=` or blank that
  // follows a digit.
  const std::size_t digit = std::min(rest.find_first_of("0123456789*"), rest.size());
  const std::size_t stop = rest.find_first_of(" \t=", digit);
  const bool operators_follow =
      stop != std::string_view::npos && stop > 0 &&
      std::string_view("<>!~").find(rest[stop - 1]) != std::string_view::npos;
  if (stop != std::string_view::npos && !operators_follow) {
    spec.build = std::string(trimmed(rest.substr(stop + 1)));
    rest = rest.substr(0, stop);
    spec.fuzzy = spec.fuzzy && spec.build.empty();
  }
  spec.version = std::string(trimmed(rest));
  return spec;
}

// One clause of a version; `2.1.*` and `2.1*` are the series, `=2.1` too.
std::string pep440_clause(std::string_view clause, bool fuzzy) {
  const std::size_t digits = std::min(clause.find_first_not_of("<>=!~ \t"), clause.size());
  std::string op(trimmed(clause.substr(0, digits)));
  std::string_view version = clause.substr(digits);
  const bool wildcard = version.ends_with('*');
  while (version.ends_with('*') || version.ends_with('.')) {
    version.remove_suffix(1);
  }
  if (version.empty()) {
    return {};
  }
  fuzzy = fuzzy || op == "=" || wildcard;
  if (op.empty() || op == "=") {
    op = "==";
  }
  const bool series = fuzzy && (op == "==" || op == "!=");
  return fmt::format("{}{}{}", op, version, series ? ".*" : "");
}

// PEP 440 specifiers; nullopt for alternatives (`2.0|2.1`), which it cannot express.
std::optional<std::string> pep440_text(const CondaSpec& spec) {
  if (spec.version.find('|') != std::string::npos) {
    return std::nullopt;
  }
  std::string joined;
  for (const std::string& part : split(spec.version, ',')) {
    const std::string clause = pep440_clause(trimmed(part), spec.fuzzy);
    joined += joined.empty() || clause.empty() ? clause : "," + clause;
  }
  return joined;
}

// The version that a clause such as `==11.8.*` names; "" for a range.
std::string exact_version(std::string_view specifiers) {
  if (!specifiers.starts_with("==") || specifiers.find(',') != std::string_view::npos) {
    return {};
  }
  specifiers.remove_prefix(2);
  return std::string(specifiers.substr(0, specifiers.find(".*")));
}

// "11.3" of py3.9_cuda11.3_cudnn8.3.2_0, "11.2" of cuda112py39h01bd6f0_0.
std::string cuda_of_build(std::string_view build) {
  const std::size_t at = build.find("cuda");
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = build.substr(at + 4);
  const std::string digits(
      rest.substr(0, std::min(rest.find_first_not_of("0123456789."), rest.size())));
  if (digits.find('.') != std::string::npos) {
    return digits.ends_with('.') ? std::string() : digits;
  }
  constexpr std::size_t kMostDigits = 3;
  return digits.size() < 2 || digits.size() > kMostDigits
             ? std::string()
             : digits.substr(0, digits.size() - 1) + "." + digits.back();
}

class Reader {
 public:
  Reader(const SourceFile& file, const ReadFile& read_more) : file_(file), read_more_(read_more) {}

  Result<ProjectFacts> read(const Node& root) {
    if (root.kind == Node::Kind::null) {
      return std::move(facts_);
    }
    if (!root.is_map()) {
      return malformed(
          file_, root.line,
          fmt::format("the file is {}, expected `dependencies:` with a list", described(root)));
    }
    const Node* dependencies = root.find("dependencies");
    if (dependencies == nullptr || dependencies->kind == Node::Kind::null) {
      return std::move(facts_);
    }
    if (!dependencies->is_list()) {
      return malformed(file_, dependencies->line,
                       fmt::format("`dependencies` is {}, expected a list such as `- pytorch=2.1`",
                                   described(*dependencies)));
    }
    for (const Node& item : dependencies->items) {
      BERTH_CHECK(item.is_map() ? pip_section(item) : package(item));
    }
    return std::move(facts_);
  }

 private:
  Result<void> pip_section(const Node& section) {
    const Node* lines = section.find("pip");
    if (lines == nullptr || section.members.size() != 1 ||
        !(lines->is_list() || lines->kind == Node::Kind::null)) {
      return malformed(file_, section.line, "a map stands here, expected `pip:` with a list");
    }
    for (const Node& line : lines->items) {
      if (!line.is_scalar()) {
        return malformed(
            file_, line.line,
            fmt::format("`pip` has {} in its list, expected a requirement", described(line)));
      }
      BERTH_TRY(ProjectFacts more, read_requirements_line(line.text, origin_at(file_, line.line),
                                                          file_.path.parent_path(), read_more_));
      append(facts_, std::move(more));
    }
    return {};
  }

  Result<void> package(const Node& item) {
    if (!item.is_scalar()) {
      return malformed(
          file_, item.line,
          fmt::format("`dependencies` has {} in its list, expected a package such as `pytorch=2.1`",
                      described(item)));
    }
    const CondaSpec spec = parse_conda_spec(item.text);
    const Origin origin = origin_at(file_, item.line);
    const std::optional<std::string> specifiers = pep440_text(spec);
    if (!specifiers) {
      facts_.warnings.push_back(
          fmt::format("{}: `{}` may be one of several versions: berth does not check them",
                      origin.text, item.text));
    }
    if (spec.name == "python") {
      return python(specifiers.value_or(""), origin);
    }
    if (std::find(kCudaNames.begin(), kCudaNames.end(), spec.name) != kCudaNames.end()) {
      return cuda(spec, exact_version(specifiers.value_or("")), origin);
    }
    return requirement(spec, specifiers.value_or(""), origin);
  }

  Result<void> python(const std::string& specifiers, const Origin& origin) {
    if (!specifiers.empty()) {
      Result<PythonLine> choice = python_at(origin, specifiers);
      if (!choice) {
        return malformed(origin, "`python` has no version here, expected for example python=3.10");
      }
      facts_.python_choices.push_back(std::move(*choice));
    }
    return {};
  }

  Result<void> cuda(const CondaSpec& spec, const std::string& version, const Origin& origin) {
    if (version.empty()) {
      if (!spec.version.empty() && spec.version != "*") {
        facts_.warnings.push_back(
            fmt::format("{}: `{}` names a range of CUDA versions: berth takes none from it",
                        origin.text, spec.name));
      }
      return {};
    }
    BERTH_TRY(Sourced<CudaVersion> found, cuda_at(origin, version));
    // A patch release of conda's package says nothing about the image's.
    if (found.value.size() > 2) {
      BERTH_TRY(found, cuda_at(origin, found.value.major_minor()));
    }
    facts_.cuda.push_back(std::move(found));
    return {};
  }

  Result<void> requirement(const CondaSpec& spec, const std::string& specifiers,
                           const Origin& origin) {
    const auto known = std::find_if(kFrameworkNames.begin(), kFrameworkNames.end(),
                                    [&](const auto& names) { return names.first == spec.name; });
    const bool framework = known != kFrameworkNames.end();
    Result<RequirementLine> line =
        requirement_at(origin, (framework ? std::string(known->second) : spec.name) + specifiers);
    if (!line && framework) {
      return fail(std::move(line).error());
    }
    if (line) {
      facts_.requirements.push_back(std::move(*line));
    }
    const std::string build_cuda = framework ? cuda_of_build(spec.build) : std::string();
    return build_cuda.empty() ? Result<void>() : cuda(spec, build_cuda, origin);
  }

  const SourceFile& file_;
  const ReadFile& read_more_;
  ProjectFacts facts_;
};

}  // namespace

Result<ProjectFacts> read_conda_environment(const SourceFile& file, const ReadFile& read_more) {
  BERTH_TRY(const Node root, parse_yaml(file));
  return Reader(file, read_more).read(root);
}

}  // namespace berth::spec
