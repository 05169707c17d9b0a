// Packages without a wheel: what is missing where one is to be compiled.
#include <spdlog/fmt/fmt.h>

#include <array>

#include "berth/base/text.hpp"
#include "failure_reading.hpp"

namespace berth::environment {

namespace {

struct Lack {
  std::vector<std::string_view> texts;
  std::string_view what;
  std::vector<std::string_view> hints;
};

constexpr std::string_view kCompilers =
    "`berth run --apt build-essential --apt python3-dev …` brings the distribution's compilers";
constexpr std::string_view kDevel =
    "`berth run --devel …` takes an image with compilers and CUDA's headers";

// Those first whose texts are the most telling: without nvcc the C compiler is not reached.
const std::vector<Lack>& lacks() {
  static const std::vector<Lack> kLacks = {
      {{"CUDA_HOME environment variable is not set", "nvcc: not found", "nvcc was not found",
        "cuda/bin/nvcc'", "Could not find nvcc", "No CUDA runtime is found, using CUDA_HOME",
        "No CMAKE_CUDA_COMPILER could be found"},
       "CUDA's compiler",
       {kDevel}},
      {{"can't find Rust compiler", "cargo, the Rust package manager", "`cargo` not found",
        "Rust toolchain", "'cargo'", "rustc: not found"},
       "a Rust compiler",
       {"`berth run --apt cargo …` brings the distribution's Rust"}},
      {{"CMake must be installed", "cmake: not found", "No such file or directory: 'cmake'",
        "Could not find CMake", "cmake: No such file"},
       "CMake",
       {"`berth run --apt cmake --apt build-essential --apt python3-dev …` brings it"}},
      {{"pkg-config: not found", "No such file or directory: 'pkg-config'",
        "Did not find pkg-config"},
       "pkg-config",
       {"`berth run --apt pkg-config --apt build-essential --apt python3-dev …` brings it"}},
      {{"Python.h: No such file", "Python.h' file not found", "Python dependency not found"},
       "Python's headers",
       {"`berth run --apt python3-dev …` brings those of the distribution's Python"}},
      {{"gcc' failed: No such file",
        "unable to execute 'gcc'",
        "gcc: not found",
        "cc: not found",
        "g++: not found",
        "c++: not found",
        "g++' failed: No such file",
        "cc' failed: No such file",
        "-gcc' failed: No such file",
        "Unknown compiler(s)",
        "No CMAKE_CXX_COMPILER could be found",
        "No CMAKE_C_COMPILER could be found",
        "CMAKE_C_COMPILER not set",
        "cannot link a simple C program",
        "clang: not found",
        "no acceptable C compiler",
        "linker `cc` not found",
        "No such file or directory: 'gcc'",
        "No such file or directory: 'x86_64-linux-gnu-gcc'",
        "No such file or directory: 'aarch64-linux-gnu-gcc'",
        "No such file or directory: 'x86_64-linux-gnu-g++'",
        "No such file or directory: 'g++'",
        "No such file or directory: 'cc'",
        "No such file or directory: 'c++'"},
       "a compiler",
       {kCompilers, kDevel}}};
  return kLacks;
}

// The package whose build broke; the latest word counts, since pip builds one after the other.
std::string broken_package(const FailureReading& log) {
  for (const std::string_view text : {"Failed building wheel for ", "Failed to build '",
                                      "Failed to build `", "Failed to build "}) {
    if (std::string name = log.behind(text, " `',("); !name.empty()) {
      return name;
    }
  }
  // Where its metadata could not be made, pip does not name it again.
  constexpr std::string_view kCollecting = "Collecting ";
  for (auto line = log.lines().rbegin(); line != log.lines().rend(); ++line) {
    const std::string_view text = trimmed(*line);
    if (text.starts_with(kCollecting) || text.starts_with("Processing ")) {
      return std::string(
          text.substr(text.find(' ') + 1, text.find(" (from ") - text.find(' ') - 1));
    }
  }
  return {};
}

std::string quoted_package(const std::string& package) {
  return package.empty() ? "a package" : fmt::format("`{}`", package);
}

Verdict needs_compiler(const FailureReading& log) {
  for (const Lack& lack : lacks()) {
    const std::string line = log.line_with_any(lack.texts);
    if (line.empty()) {
      continue;
    }
    const std::string package = broken_package(log);
    Error error{Errc::no_solution, fmt::format("{} has to be compiled, and the image lacks {}",
                                               quoted_package(package), lack.what)};
    error.id = "package-needs-compiler";
    error.note(fmt::format("there is no wheel of it for Python {}; another release may have one",
                           log.python()));
    error.note(line);
    for (const std::string_view hint : lack.hints) {
      error.hint(std::string(hint));
    }
    return log.finished(std::move(error), package);
  }
  return std::nullopt;
}

// "fatal error: ffi.h: No such file or directory", of whatever library.
Verdict needs_header(const FailureReading& log) {
  const std::string header = log.behind("fatal error: ", ":");
  if (header.empty() || log.line_with(header + ": No such file").empty()) {
    return std::nullopt;
  }
  const std::string package = broken_package(log);
  return log.finished(
      Error{Errc::no_solution, fmt::format("{} has to be compiled, and the image lacks `{}`",
                                           quoted_package(package), header)}
          .named("package-needs-compiler")
          .note(log.line_with("fatal error: "))
          .hint("`berth run --apt lib…-dev …` brings it; https://packages.debian.org/file:" +
                header + " says which package has the file"),
      package);
}

// As flash-attn's: its setup.py imports what is not among its build's requirements.
Verdict needs_module(const FailureReading& log) {
  const std::string module = log.behind("ModuleNotFoundError: No module named '", "'");
  if (module.empty()) {
    return std::nullopt;
  }
  const std::string package = broken_package(log);
  Error error{Errc::no_solution,
              fmt::format("{} needs `{}` while it is built, and does not say so to pip",
                          quoted_package(package), module)};
  error.id = "package-build-dependency";
  error.note("pip builds a package where nothing is but what the package names for its build");
  if (module == "pkg_resources" || module == "distutils" || module == "setuptools") {
    error.hint("it is too old for the tools of today: ask for a newer release of it");
  } else {
    error.hint(
        fmt::format("`{} @ https://…-cp{}-….whl` as a requirement takes a wheel, which its "
                    "project may offer beside the index",
                    package.empty() ? "NAME" : package_name(package), [&] {
                      const auto parts = split(log.python(), '.');
                      return parts.size() < 2 ? "3" : parts[0] + parts[1];
                    }()));
  }
  return log.finished(std::move(error), package);
}

}  // namespace

Verdict explain_compilation(const FailureReading& log) {
  for (const auto& rule : std::array{needs_compiler, needs_header, needs_module}) {
    if (Verdict verdict = rule(log)) {
      return verdict;
    }
  }
  return std::nullopt;
}

}  // namespace berth::environment
