// PackageRequest: what a project wants installed beside its framework, line by line as pip reads
// it, each with its origin. The spec layer gathers it, the environment layer makes a recipe of it.
// Source of the grammar: https://pip.pypa.io/en/stable/reference/requirements-file-format/
#pragma once

#include <map>
#include <string>
#include <vector>

#include "berth/model/origin.hpp"

namespace berth {

struct PipLine {
  enum class Kind {
    requirement,  // "numpy>=1.26 ; python_version >= '3.9'", with hashes where the file has them
    address,      // "git+https://…", "https://….whl"
    path,         // a wheel, an archive or a folder on the caller's machine, absolute
    option,       // "--extra-index-url https://…": holds for all lines
  };
  Kind kind = Kind::requirement;
  std::string text{};
  std::string name{};     // normalised (PEP 503); empty where the line does not say it
  bool editable = false;  // -e
  Origin origin{};
};

struct PackageRequest {
  bool enabled = true;  // --no-packages
  std::vector<PipLine> lines{};
  std::vector<PipLine> constraints{};  // -c
  std::vector<Sourced<std::string>> apt{};
  // Where something lies instead: "https://download.pytorch.org/whl" -> an address of one's own.
  std::map<std::string, std::string> mirrors{};
  // Somebody asked for packages, with an option or in the spec; the project's own files do not
  // count.
  bool asked_for = false;

  bool empty() const { return lines.empty() && apt.empty(); }
};

}  // namespace berth
