// Requirements as Python projects write them (PEP 508): name[extras] specifiers ; marker, or
// name @ URL.
// Source: https://packaging.python.org/en/latest/specifications/dependency-specifiers/
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/pep440.hpp"
#include "berth/base/result.hpp"

namespace berth::pep508 {

// What markers are evaluated against: the Python and the machine inside the container, not those of
// this machine.
struct Environment {
  std::string python_version = "3.10";  // major.minor
  std::string python_full_version = "3.10.0";
  std::string os_name = "posix";
  std::string sys_platform = "linux";
  std::string platform_machine = "x86_64";  // aarch64 on arm64
  std::string platform_system = "Linux";
  std::string platform_python_implementation = "CPython";
  std::string implementation_name = "cpython";
  std::string platform_release{};
  std::string platform_version{};
  std::string extra{};
  // Empty: python_full_version, which is the same for CPython.
  std::string implementation_version{};
};

// `python_version >= "3.8" and sys_platform == "linux"`.
//
// Evaluated as packaging 26 does: a comparison of a version variable with a version is one of
// versions, any other of texts, where < and > never hold. What packaging refuses at evaluation (two
// texts compared with each other, ~= of what is no version) is refused here when it is read.
// Backslashes in quoted texts stand for themselves.
class Marker {
 public:
  static Result<Marker> parse(std::string_view text);
  // The marker from `start` on, for a caller that has more of the line to show; offsets count from
  // the line's begin.
  static tl::expected<Marker, pep440::SyntaxError> read(std::string_view line, std::size_t start);
  bool evaluate(const Environment& environment) const;
  std::string text() const { return text_; }

  struct Node;  // defined in pep508_marker.cpp

 private:
  // Shared: a marker is immutable and copied with its requirement.
  std::shared_ptr<const Node> root_;
  std::string text_;
};

struct Requirement {
  std::string name;                 // normalised (PEP 503): lower case, runs of -_. become one -
  std::string written_name;         // as it stands in the file
  std::vector<std::string> extras;  // normalised, sorted
  pep440::SpecifierSet specifiers;
  std::string url;  // of `name @ url`
  std::optional<Marker> marker;

  // Errc::invalid_input with the place in the text and what was expected there. Takes what
  // packaging takes, and blanks behind the comma of `===1.0, <2`.
  static Result<Requirement> parse(std::string_view text);
  // Whether it applies there; a requirement without a marker always does.
  bool applies(const Environment& environment) const {
    return !marker || marker->evaluate(environment);
  }
  std::string text() const;
};

// PEP 503: the name under which indexes know a project.
std::string normalised_name(std::string_view name);

}  // namespace berth::pep508
