// Tables of test data: tab-separated lines; those that begin with # say where the rest is from.
#pragma once

#include <string>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "support/catch.hpp"

namespace berth::test {

// The rows of a file under the repository's root; a row with another number of columns fails the
// test.
inline std::vector<std::vector<std::string>> read_table(const std::string& path,
                                                        std::size_t columns) {
  const Result<std::string> content = read_file(std::string(BERTH_SOURCE_DIR "/") + path);
  REQUIRE(content);
  std::vector<std::vector<std::string>> rows;
  for (const std::string& line : split(*content, '\n')) {
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    rows.push_back(split(line, '\t'));
    INFO(line);
    REQUIRE(rows.back().size() == columns);
  }
  REQUIRE_FALSE(rows.empty());
  return rows;
}

}  // namespace berth::test
