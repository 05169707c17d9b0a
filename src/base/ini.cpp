#include "berth/base/ini.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/credentials.hpp"
#include "berth/base/text.hpp"

namespace berth {

namespace {

// Without comments, which begin a line or stand behind a blank.
std::string_view without_comment(std::string_view line) {
  const std::string_view body = trimmed(line);
  if (body.starts_with('#') || body.starts_with(';')) {
    return {};
  }
  return body.substr(0, std::min(body.find(" #"), body.size()));
}

Failure malformed(std::string_view name, unsigned line, std::string_view what) {
  return fail(Errc::invalid_input, fmt::format("{}:{}: {}", name, line, without_credentials(what)));
}

}  // namespace

Result<std::vector<IniEntry>> parse_ini(std::string_view content, std::string_view name) {
  std::vector<IniEntry> entries;
  std::string section;
  bool in_entry = false;
  unsigned number = 0;
  for (const std::string& raw : split(content, '\n')) {
    ++number;
    const std::string_view line = trimmed(without_comment(raw));
    if (line.empty()) {
      continue;
    }
    const bool indented = raw[0] == ' ' || raw[0] == '\t';
    if (indented && in_entry) {
      entries.back().value.push_back({std::string(line), number});
      continue;
    }
    if (line.starts_with('[')) {
      const std::size_t end = line.find(']');
      if (end == std::string_view::npos) {
        return malformed(name, number, fmt::format("`{}` is not closed, expected `]`", line));
      }
      section = std::string(trimmed(line.substr(1, end - 1)));
      in_entry = false;
      continue;
    }
    const std::size_t separator = line.find_first_of("=:");
    if (separator == std::string_view::npos || section.empty()) {
      return malformed(
          name, number,
          fmt::format("`{}` is neither a section nor `key = value`", line.substr(0, 60)));
    }
    entries.push_back({section, lowered(trimmed(line.substr(0, separator))), {}});
    in_entry = true;
    if (const std::string_view value = trimmed(line.substr(separator + 1)); !value.empty()) {
      entries.back().value.push_back({std::string(value), number});
    }
  }
  return entries;
}

}  // namespace berth
