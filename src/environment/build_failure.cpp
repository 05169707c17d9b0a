#include "berth/environment/build_failure.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "berth/base/pep508.hpp"
#include "berth/base/text.hpp"

namespace berth::environment {

namespace {

// What a rule reads. Its questions are about the last lines of the log.
class Reading {
 public:
  explicit Reading(const FailedBuild& build) : build_(build) {}

  const FailedBuild& build() const { return build_; }

  // The first line that has the text; empty: none has.
  std::string line_with(std::string_view text) const {
    for (const std::string& line : build_.log.tail()) {
      if (line.find(text) != std::string::npos) {
        return std::string(trimmed(line));
      }
    }
    return {};
  }

  std::string line_with_any(std::initializer_list<std::string_view> texts) const {
    for (const std::string_view text : texts) {
      if (std::string line = line_with(text); !line.empty()) {
        return line;
      }
    }
    return {};
  }

  // What follows the text in the first line that has it, to the end or one of `ends`.
  std::string behind(std::string_view text, std::string_view ends = "") const {
    const std::string line = line_with(text);
    if (line.empty()) {
      return {};
    }
    const std::string rest = line.substr(line.find(text) + text.size());
    return std::string(trimmed(rest.substr(0, rest.find_first_of(ends))));
  }

  // "requirements.txt:3"; empty where the package is one that another needs.
  std::string origin_of(const std::string& requirement) const {
    const std::string name =
        pep508::normalised_name(requirement.substr(0, requirement.find_first_of("=<>!~[ ;(@")));
    for (const PipLine& line : build_.packages.lines) {
      if (line.name == name) {
        return line.origin.text;
      }
    }
    for (const Sourced<std::string>& package : build_.packages.apt) {
      if (package.value == requirement) {
        return package.origin.text;
      }
    }
    return {};
  }

  // With where the package comes from, and where to read more.
  Error finished(Error error, const std::string& requirement = {}) const {
    const std::string origin = requirement.empty() ? "" : origin_of(requirement);
    if (!origin.empty()) {
      error.notes.insert(error.notes.begin(),
                         fmt::format("`{}` is asked for by {}", requirement, origin));
    } else if (!requirement.empty()) {
      error.notes.insert(
          error.notes.begin(),
          fmt::format("nobody asks for `{}` by name: another package needs it", requirement));
    }
    error.note("the whole log: " + build_.log_file);
    return error;
  }

  std::string python() const {
    const auto found = build_.log.facts().find("python");
    return found == build_.log.facts().end() ? build_.decision.python : found->second;
  }

  // The package whose build broke.
  std::string broken_package() const {
    for (const std::string_view text :
         {"Failed building wheel for ", "Failed to build ", "Failed to build `",
          "Getting requirements to build wheel for ", "Preparing metadata for "}) {
      if (std::string name = behind(text, " `,("); !name.empty()) {
        return name;
      }
    }
    return {};
  }

 private:
  const FailedBuild& build_;
};

using Verdict = std::optional<Error>;

Verdict disk_full(const Reading& log) {
  const std::string line = log.line_with_any(
      {"No space left on device", "Disk quota exceeded", "You don't have enough free space"});
  if (line.empty()) {
    return std::nullopt;
  }
  return log.finished(Error{Errc::engine_failed, "the disk is full: the environment does not fit"}
                          .named("disk-full")
                          .note(line)
                          .hint("`berth env prune` removes environments that nobody uses"));
}

Verdict certificate(const Reading& log) {
  const std::string line = log.line_with_any(
      {"CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "invalid peer certificate",
       "server certificate verification failed", "SSLCertVerificationError"});
  if (line.empty()) {
    return std::nullopt;
  }
  return log.finished(
      Error{Errc::engine_failed, "the index cannot be trusted: its certificate is not known"}
          .named("index-certificate")
          .note(line)
          .note("a network that looks into TLS needs its own CA in the container; berth passes the "
                "machine's on where certificates were added to it")
          .hint("`SSL_CERT_FILE=/path/to/bundle.pem berth run …` names the bundle"));
}

Verdict credentials(const Reading& log) {
  const std::string line = log.line_with_any(
      {"401 Error", "403 Client Error", "401 Client Error", "HTTP error 401", "HTTP error 403",
       "User for ", "401 Unauthorized", "403 Forbidden", "could not read Username"});
  if (line.empty()) {
    return std::nullopt;
  }
  return log.finished(
      Error{Errc::engine_failed, "the index refuses the access"}
          .named("index-refused")
          .note(line)
          .hint("a line `machine HOST login NAME password TOKEN` in ~/.netrc is used for builds"));
}

Verdict unreachable(const Reading& log) {
  const std::string line = log.line_with_any(
      {"Temporary failure in name resolution", "Name or service not known",
       "Failed to establish a new connection", "Connection refused", "Network is unreachable",
       "Cannot connect to proxy", "ConnectTimeoutError", "Read timed out", "dns error",
       "Temporary failure resolving", "Could not connect to", "tcp connect error",
       "Could not resolve host", "Connection timed out", "error sending request for url"});
  if (line.empty()) {
    return std::nullopt;
  }
  return log.finished(
      Error{Errc::engine_failed, "the index cannot be reached from the container"}
          .named("index-unreachable")
          .note(line)
          .hint("`berth doctor --deep` tries names and connections from a container")
          .hint("`PIP_INDEX_URL=https://mirror.example/simple berth run …` takes another index"));
}

Verdict wrong_hash(const Reading& log) {
  const std::string line =
      log.line_with_any({"DO NOT MATCH THE HASHES", "Hash mismatch for", "hash mismatch"});
  if (line.empty()) {
    return std::nullopt;
  }
  std::string package = log.behind("Hash mismatch for `", "`");
  const auto& tail = log.build().log.tail();
  for (std::size_t i = 1; package.empty() && i < tail.size(); ++i) {
    if (trimmed(tail[i]).starts_with("Expected sha")) {
      const std::string_view before = trimmed(tail[i - 1]);
      package = before.substr(0, before.find(" from "));
    }
  }
  Error error{Errc::no_solution,
              fmt::format("`{}` is not what its hash says", package.empty() ? line : package)};
  error.id = "hash-mismatch";
  for (const std::string_view text : {"Expected sha", "Got "}) {
    if (const std::string found = log.line_with(text); !found.empty()) {
      error.note(found);
    }
  }
  return log.finished(
      std::move(error).hint("compare with the hashes on the index before you change the file"),
      package);
}

Verdict conflict(const Reading& log) {
  if (log.line_with_any({"ResolutionImpossible", "No solution found when resolving",
                         "conflicting dependencies"})
          .empty()) {
    return std::nullopt;
  }
  Error error{Errc::no_solution, "the requirements exclude each other"};
  error.id = "package-conflict";
  bool framework = false;
  bool told = false;
  for (const std::string& raw : log.build().log.tail()) {
    const std::string line(trimmed(raw));
    told = told || line.starts_with("The conflict is caused by");
    const bool cause = line.find(" depends on ") != std::string::npos ||
                       line.starts_with("The user requested") || line.starts_with("Because ") ||
                       line.starts_with("And because ");
    if (cause && (told || line.find("ecause ") != std::string::npos) && error.notes.size() < 8) {
      error.note(line);
      framework = framework || line.find("(constraint)") != std::string::npos;
    }
  }
  if (framework) {
    error.message = "a package wants another build of what the image's framework is made of";
    error.id = "framework-conflict";
    error.note("berth never lets a package replace the framework that was decided on");
    error.hint("`berth resolve --explain` shows how the framework was chosen");
  }
  return log.finished(std::move(error));
}

Verdict compiler(const Reading& log) {
  const std::string line = log.line_with_any(
      {"command 'gcc' failed: No such file", "unable to execute 'gcc'", "gcc: not found",
       "gcc' failed: No such file", "error: command 'x86_64-linux-gnu-gcc' failed",
       "error: command 'aarch64-linux-gnu-gcc' failed", "No CMAKE_CXX_COMPILER could be found",
       "CMAKE_C_COMPILER not set", "Unknown compiler(s)", "g++: not found", "cc: not found",
       "Python.h: No such file", "CUDA_HOME environment variable is not set", "nvcc: not found",
       "nvcc was not found", "No such file or directory: '/usr/local/cuda/bin/nvcc'",
       "clang: not found", "can't find Rust compiler", "cargo, the Rust package manager"});
  if (line.empty()) {
    return std::nullopt;
  }
  const std::string package = log.broken_package();
  Error error{Errc::no_solution,
              fmt::format("{} has no wheel for Python {} here, and the image has nothing to "
                          "compile it with",
                          package.empty() ? "a package" : "`" + package + "`", log.python())};
  error.id = "package-needs-compiler";
  error.note(line);
  const bool cuda =
      line.find("CUDA_HOME") != std::string::npos || line.find("nvcc") != std::string::npos;
  error.hint("`berth run --devel …` takes an image with compilers and CUDA's headers");
  if (!cuda && !log.line_with_any({"Rust", "cargo"}).empty()) {
    error.hints.back() = "`berth run --apt cargo …` brings the Rust compiler";
  } else if (!cuda) {
    error.hint(
        "`berth run --apt build-essential --apt python3-dev …` brings those of the "
        "distribution");
  }
  return log.finished(std::move(error), package);
}

Verdict needs_git(const Reading& log) {
  if (log.line_with_any({"Cannot find command 'git'", "Git executable not found", "git: not found",
                         "No such file or directory: 'git'"})
          .empty()) {
    return std::nullopt;
  }
  return log.finished(
      Error{Errc::no_solution, "a requirement comes from a git repository, and git is not there"}
          .named("package-needs-git")
          .hint("`berth run --apt git …`"));
}

Verdict other_python(const Reading& log) {
  const std::string line =
      log.line_with_any({"requires a different Python", "that require a different python version",
                         "is not a supported wheel on this platform", "requires Python"});
  if (line.empty()) {
    return std::nullopt;
  }
  std::string package = log.behind("No matching distribution found for ", " ");
  if (package.empty()) {
    package = log.behind("Package '", "'");
  }
  return log.finished(
      Error{Errc::no_solution,
            fmt::format("{} has no release for Python {}",
                        package.empty() ? "a package" : "`" + package + "`", log.python())}
          .named("package-not-for-python")
          .note(line)
          .hint("`berth run --python 3.11 …` takes an image with another Python"),
      package);
}

Verdict not_found(const Reading& log) {
  std::string package = log.behind("No matching distribution found for ", " ");
  if (package.empty()) {
    package = log.behind("Because ", " ");
    if (log.line_with_any({"was not found in the package registry", "there is no version of"})
            .empty()) {
      return std::nullopt;
    }
  }
  Error error{Errc::no_solution,
              fmt::format("the index has no `{}` for Python {}", package, log.python())};
  error.id = "package-not-found";
  if (const std::string versions = log.behind("(from versions: ", ")"); versions == "none") {
    error.note("it has no release of that name, or none for this Python and processor");
  } else if (!versions.empty()) {
    const std::size_t shown = versions.size() > 120 ? versions.rfind(',', 120) : versions.size();
    error.note(fmt::format("it has: {}{}", versions.substr(0, shown),
                           shown < versions.size() ? ", …" : ""));
  }
  return log.finished(std::move(error), package);
}

Verdict system_package(const Reading& log) {
  std::string package = log.behind("Unable to locate package ");
  if (package.empty()) {
    package = log.behind("E: Package '", "'");
  }
  if (package.empty()) {
    return std::nullopt;
  }
  return log.finished(
      Error{Errc::no_solution,
            fmt::format("the distribution of `{}` has no package `{}`", log.build().base, package)}
          .named("system-package-not-found")
          .hint(fmt::format("`berth run --no-packages cat /etc/os-release` says which distribution "
                            "it is")),
      package);
}

// What build.sh itself says: `@berth failed REASON`.
Verdict said_reason(const Reading& log) {
  const std::string& failure = log.build().log.failure();
  const std::string reason = failure.substr(0, failure.find(' '));
  const std::string detail =
      failure.size() > reason.size() ? failure.substr(reason.size() + 1) : "";
  const std::string& base = log.build().base;
  if (reason == "no-apt") {
    return log.finished(
        Error{Errc::no_solution,
              fmt::format("`{}` has no apt: berth cannot install the distribution's packages in it",
                          base)}
            .named("no-apt")
            .hint("an image of Debian or Ubuntu has it; Alpine's is another package manager"));
  }
  if (reason == "no-python") {
    return log.finished(
        Error{Errc::no_solution, fmt::format("`{}` has no Python to install packages for", base)}
            .named("no-python")
            .hint("`berth run --no-packages …` runs the image as it is"));
  }
  if (reason == "other-python") {
    return log.finished(
        Error{Errc::no_solution, fmt::format("`{}` has Python {}, and the plan says {}", base,
                                             detail, log.build().decision.python)}
            .named("no-python")
            .hint(fmt::format("`berth run --python {} …`", detail)));
  }
  if (reason == "no-such-python") {
    return log.finished(
        Error{Errc::no_solution, fmt::format("the distribution of `{}` has no {}", base, detail)}
            .named("no-python")
            .hint("`berth resolve --explain` shows images that bring a Python along"));
  }
  if (reason == "editable-extension") {
    return log.finished(
        Error{Errc::no_solution,
              fmt::format("`{}` is compiled, and an editable package cannot hold it: it would have to "
                          "be in the project",
                          detail)}
            .named("editable-extension")
            .hint("`.` in place of `-e .` installs the package with it"));
  }
  if (reason == "no-pip") {
    return log.finished(
        Error{Errc::no_solution, fmt::format("`{}` has no pip, and none can be installed", base)}
            .named("no-pip")
            .hint("`berth run --apt python3-pip …`"));
  }
  if (reason == "system-index") {
    return log.finished(
        Error{Errc::engine_failed,
              fmt::format("the lists of packages of `{}`'s distribution cannot be read", base)}
            .named("system-index")
            .note(log.line_with_any({"E: ", "W: Failed", "W: GPG"})));
  }
  if (reason == "framework") {
    Error error{Errc::no_solution, "the framework is not what the plan says"};
    error.id = "framework-wrong";
    for (const std::string& wrong : log.build().log.wrong()) {
      error.note(wrong);
    }
    return log.finished(std::move(error));
  }
  return std::nullopt;
}

Verdict no_archiver(const Reading& log) {
  if (log.line_with("tar: not found").empty()) {
    return std::nullopt;
  }
  return log.finished(Error{
      Errc::no_solution,
      fmt::format("`{}` has no tar, which berth needs to install anything in it", log.build().base)}
                          .named("build-failed")
                          .hint("`berth run --no-packages …` runs the image as it is"));
}

// The last lines that look like the reason.
Error last_words(const Reading& log) {
  Error error{
      Errc::no_solution,
      log.build().exit_code == 137
          ? "the build of the environment was killed: not enough memory, mostly"
          : fmt::format("the environment cannot be built: {} ended with code {}",
                        log.build().log.step().empty() ? "the build" : log.build().log.step(),
                        log.build().exit_code)};
  error.id = "build-failed";
  std::vector<std::string> lines;
  for (const std::string& line : log.build().log.tail()) {
    const bool telling = line.find("rror") != std::string::npos || line.starts_with("E: ");
    if (telling && !trimmed(line).empty()) {
      lines.emplace_back(trimmed(line));
    }
  }
  if (lines.empty()) {
    lines = log.build().log.tail();
  }
  constexpr std::size_t kShown = 3;
  for (std::size_t i = lines.size() - std::min(lines.size(), kShown); i < lines.size(); ++i) {
    error.note(lines[i]);
  }
  return log.finished(std::move(error));
}

}  // namespace

Error explain_failure(const FailedBuild& build) {
  const Reading log(build);
  // From causes to consequences: an index that cannot be reached has no package either.
  constexpr std::array kRules = {
      disk_full, certificate,  credentials,    unreachable, wrong_hash,  needs_git, conflict,
      compiler,  other_python, system_package, said_reason, no_archiver, not_found};
  for (const auto& rule : kRules) {
    if (Verdict verdict = rule(log)) {
      return *std::move(verdict);
    }
  }
  return last_words(log);
}

}  // namespace berth::environment
