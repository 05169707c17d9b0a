// INI files as Python's configparser reads them: setup.cfg, pip.conf. An indented line continues
// the value above it. Source:
// https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"

namespace berth {

struct IniLine {
  std::string text{};   // without blanks at its ends
  unsigned number = 0;  // the file's first is 1
};

struct IniEntry {
  std::string section{};
  std::string key{};             // in lower case
  std::vector<IniLine> value{};  // without empty lines
};

// In the file's order; keys that are there twice are there twice. Errc::invalid_input as
// "NAME:3: …".
Result<std::vector<IniEntry>> parse_ini(std::string_view content, std::string_view name);

}  // namespace berth
