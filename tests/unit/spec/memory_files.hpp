// Files that exist only in a test, and the reader that finds them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "spec/project_facts.hpp"

namespace berth::spec::testing {

using Files = std::map<std::string, std::string>;

// Reads /project/NAME, and calls it NAME.
inline ReadFile reader_of(Files files) {
  return [files = std::move(files)](const std::filesystem::path& path) -> Result<SourceFile> {
    const std::string name = path.lexically_relative("/project").string();
    const auto found = files.find(name);
    if (found == files.end()) {
      return fail(Errc::not_found, "cannot read `" + name + "`: No such file or directory");
    }
    return decode(path, name, found->second);
  };
}

inline SourceFile source(const std::string& name, std::string content) {
  return SourceFile{"/project/" + name, name, std::move(content)};
}

// "torch==2.3.1 @requirements.txt:3", one for each line; compared as a whole.
inline std::vector<std::string> texts(const std::vector<RequirementLine>& lines) {
  std::vector<std::string> result;
  for (const RequirementLine& line : lines) {
    result.push_back(line.value.text() + " @" + line.origin.text);
  }
  return result;
}

inline std::vector<std::string> texts(const std::vector<PythonLine>& lines) {
  std::vector<std::string> result;
  for (const PythonLine& line : lines) {
    result.push_back(line.value.text() + " @" + line.origin.text);
  }
  return result;
}

// The message of a failure; "no error" for a success, which no test expects.
template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "no error" : result.error().message;
}

}  // namespace berth::spec::testing
