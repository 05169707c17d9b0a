// setup.cfg: an INI file of Python's configparser, in which an indented line continues the value
// above it.
#include "spec/setup_cfg.hpp"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "berth/base/text.hpp"
#include "spec/requirements_txt.hpp"

namespace berth::spec {

namespace {

struct ValueLine {
  std::string text;
  unsigned line = 0;
};

struct Entry {
  std::string section;
  std::string key;
  std::vector<ValueLine> value;  // without empty lines
};

// Without comments, which begin a line or stand behind a blank.
std::string_view without_comment(std::string_view line) {
  const std::string_view body = trimmed(line);
  if (body.starts_with('#') || body.starts_with(';')) {
    return {};
  }
  return body.substr(0, std::min(body.find(" #"), body.size()));
}

Result<std::vector<Entry>> parse_ini(const SourceFile& file) {
  std::vector<Entry> entries;
  std::string section;
  bool in_entry = false;
  unsigned number = 0;
  for (const std::string_view raw : lines_of(file.content)) {
    ++number;
    const std::string_view line = trimmed(without_comment(raw));
    if (line.empty()) {
      continue;
    }
    const bool indented = raw[0] == ' ' || raw[0] == '\t';
    if (indented && in_entry) {
      entries.back().value.push_back(ValueLine{std::string(line), number});
      continue;
    }
    if (line.starts_with('[')) {
      const std::size_t end = line.find(']');
      if (end == std::string_view::npos) {
        return malformed(file, number, fmt::format("`{}` is not closed, expected `]`", line));
      }
      section = std::string(trimmed(line.substr(1, end - 1)));
      in_entry = false;
      continue;
    }
    const std::size_t separator = line.find_first_of("=:");
    if (separator == std::string_view::npos || section.empty()) {
      return malformed(
          file, number,
          fmt::format("`{}` is neither a section nor `key = value`", line.substr(0, 60)));
    }
    entries.push_back(Entry{section, lowered(trimmed(line.substr(0, separator))), {}});
    in_entry = true;
    if (const std::string_view value = trimmed(line.substr(separator + 1)); !value.empty()) {
      entries.back().value.push_back(ValueLine{std::string(value), number});
    }
  }
  return entries;
}

// A value of one line may separate requirements by `;`, if it is not one requirement with a marker.
std::vector<ValueLine> requirement_texts(const Entry& entry) {
  if (entry.value.size() != 1 || pep508::Requirement::parse(entry.value[0].text)) {
    return entry.value;
  }
  std::vector<ValueLine> texts;
  for (const std::string& part : split(entry.value[0].text, ';')) {
    if (!trimmed(part).empty()) {
      texts.push_back(ValueLine{std::string(trimmed(part)), entry.value[0].line});
    }
  }
  return texts;
}

// `file: requirements.txt, more.txt`, in one line or below each other.
Result<void> read_files(ProjectFacts& facts, const SourceFile& file, const Entry& entry,
                        const ReadFile& read_more) {
  constexpr std::string_view kFile = "file:";
  for (const ValueLine& line : entry.value) {
    const std::string_view names =
        line.text.starts_with(kFile) ? std::string_view(line.text).substr(kFile.size()) : line.text;
    for (const std::string& part : split(names, ',')) {
      const std::string_view name = trimmed(part);
      if (name.empty()) {
        continue;
      }
      Result<SourceFile> more = read_more((file.path.parent_path() / name).lexically_normal());
      if (!more) {
        return malformed(origin_at(file, line.line), std::move(more).error());
      }
      BERTH_TRY(ProjectFacts further, read_requirements_txt(*more, read_more));
      append(facts, std::move(further));
    }
  }
  return {};
}

}  // namespace

Result<ProjectFacts> read_setup_cfg(const SourceFile& file, const ReadFile& read_more) {
  BERTH_TRY(const std::vector<Entry> entries, parse_ini(file));
  ProjectFacts facts;
  for (const Entry& entry : entries) {
    if (entry.section != "options" || entry.value.empty()) {
      continue;
    }
    if (entry.key == "python_requires") {
      BERTH_TRY(PythonLine claim,
                python_at(origin_at(file, entry.value[0].line), entry.value[0].text));
      facts.python_claims.push_back(std::move(claim));
    } else if (entry.key == "install_requires" && entry.value[0].text.starts_with("file:")) {
      BERTH_CHECK(read_files(facts, file, entry, read_more));
    } else if (entry.key == "install_requires") {
      for (const ValueLine& text : requirement_texts(entry)) {
        BERTH_TRY(RequirementLine line, requirement_at(origin_at(file, text.line), text.text));
        facts.requirements.push_back(std::move(line));
      }
    }
  }
  return facts;
}

}  // namespace berth::spec
