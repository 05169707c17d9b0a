// .python-version: one version a line, the first counts.
#include "spec/python_version_file.hpp"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "berth/base/text.hpp"

namespace berth::spec {

Result<ProjectFacts> read_python_version_file(const SourceFile& file, const ReadFile&) {
  ProjectFacts facts;
  unsigned number = 0;
  for (const std::string_view line : lines_of(file.content)) {
    ++number;
    std::string_view text = trimmed(line.substr(0, std::min(line.find('#'), line.size())));
    if (text.empty()) {
      continue;
    }
    for (const std::string_view prefix : {"cpython-", "cpython@", "python-"}) {
      if (text.starts_with(prefix)) {
        text.remove_prefix(prefix.size());
      }
    }
    const Origin origin = origin_at(file, number);
    Result<PythonLine> choice = python_at(origin, text);
    if (choice) {
      facts.python_choices.push_back(std::move(*choice));
    } else {
      facts.warnings.push_back(fmt::format("{}: `{}` is no version of Python and has no effect",
                                           origin.text, text.substr(0, 40)));
    }
    return facts;
  }
  return facts;
}

}  // namespace berth::spec
