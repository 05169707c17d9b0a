#include "failure_reading.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/pep508.hpp"
#include "berth/base/text.hpp"

namespace berth::environment {

std::string package_name(std::string_view requirement) {
  return pep508::normalised_name(requirement.substr(0, requirement.find_first_of("=<>!~[ ;(@")));
}

std::string FailureReading::line_with(std::string_view text) const {
  for (const std::string& line : lines()) {
    if (line.find(text) != std::string::npos) {
      return std::string(trimmed(line));
    }
  }
  return {};
}

std::string FailureReading::last_line_with(std::string_view text) const {
  const auto found = std::find_if(lines().rbegin(), lines().rend(), [text](const auto& line) {
    return line.find(text) != std::string::npos;
  });
  return found == lines().rend() ? std::string() : std::string(trimmed(*found));
}

std::string FailureReading::line_with_any(const std::vector<std::string_view>& texts) const {
  for (const std::string_view text : texts) {
    if (std::string line = line_with(text); !line.empty()) {
      return line;
    }
  }
  return {};
}

std::string FailureReading::behind(std::string_view text, std::string_view ends) const {
  const std::string line = line_with(text);
  const std::size_t at = line.find(text);
  if (line.empty() || at == std::string::npos) {
    return {};
  }
  const std::string rest = line.substr(at + text.size());
  return std::string(trimmed(rest.substr(0, rest.find_first_of(ends))));
}

std::string FailureReading::python() const {
  const auto found = build_.log.facts().find("python");
  return found == build_.log.facts().end() ? build_.decision.python : found->second;
}

const PipLine* FailureReading::line_of(std::string_view requirement) const {
  const std::string name = package_name(requirement);
  for (const PipLine& line : build_.packages.lines) {
    if (!name.empty() && line.name == name) {
      return &line;
    }
  }
  return nullptr;
}

std::string FailureReading::origin_of(const std::string& requirement) const {
  if (const PipLine* line = line_of(requirement)) {
    return line->origin.text;
  }
  // What was said last counts: the command line comes behind the spec.
  const std::vector<Sourced<std::string>>& apt = build_.packages.apt;
  const auto package = std::find_if(apt.rbegin(), apt.rend(), [&](const auto& one) {
    return std::string_view(one.value).substr(0, one.value.find_first_of("=/:")) == requirement;
  });
  return package == apt.rend() ? std::string() : package->origin.text;
}

std::string FailureReading::parent_of(const std::string& requirement) const {
  const std::string parent = behind(requirement + " (from ", ")");
  return parent.starts_with("versions:") || parent.starts_with("-r ") ? std::string() : parent;
}

Error FailureReading::finished(Error error, const std::string& requirement) const {
  if (const std::string origin = origin_of(requirement); !origin.empty()) {
    error.notes.insert(error.notes.begin(),
                       fmt::format("`{}` is asked for by {}", requirement, origin));
  } else if (!requirement.empty()) {
    const std::string parent = parent_of(requirement);
    error.notes.insert(
        error.notes.begin(),
        fmt::format("nobody asks for `{}` by name: {} needs it", requirement,
                    parent.empty() ? "another package" : fmt::format("`{}`", parent)));
  }
  const auto libc = build_.log.facts().find("libc");
  if (libc != build_.log.facts().end() && libc->second == "musl") {
    error.note(
        "the image is built on musl, as Alpine is: frameworks and many packages offer wheels for "
        "glibc alone, and there is no apt");
    error.hint("`berth resolve` without `--image` finds an image of Debian or Ubuntu");
  }
  if (!build_.log_file.empty()) {
    error.note("the whole log: " + build_.log_file);
  }
  return error;
}

}  // namespace berth::environment
