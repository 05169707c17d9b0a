#include "spec/setup_cfg.hpp"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "berth/base/ini.hpp"
#include "berth/base/text.hpp"
#include "spec/requirements_txt.hpp"

namespace berth::spec {

namespace {

// A value of one line may separate requirements by `;`, if it is not one requirement with a marker.
std::vector<IniLine> requirement_texts(const IniEntry& entry) {
  if (entry.value.size() != 1 || pep508::Requirement::parse(entry.value[0].text)) {
    return entry.value;
  }
  std::vector<IniLine> texts;
  for (const std::string& part : split(entry.value[0].text, ';')) {
    if (!trimmed(part).empty()) {
      texts.push_back(IniLine{std::string(trimmed(part)), entry.value[0].number});
    }
  }
  return texts;
}

// `file: requirements.txt, more.txt`, in one line or below each other.
Result<void> read_files(ProjectFacts& facts, const SourceFile& file, const IniEntry& entry,
                        const ReadFile& read_more) {
  constexpr std::string_view kFile = "file:";
  for (const IniLine& line : entry.value) {
    const std::string_view names =
        line.text.starts_with(kFile) ? std::string_view(line.text).substr(kFile.size()) : line.text;
    for (const std::string& part : split(names, ',')) {
      const std::string_view name = trimmed(part);
      if (name.empty()) {
        continue;
      }
      Result<SourceFile> more = read_more((file.path.parent_path() / name).lexically_normal());
      if (!more) {
        return malformed(origin_at(file, line.number), std::move(more).error());
      }
      BERTH_TRY(ProjectFacts further, read_requirements_txt(*more, read_more));
      append(facts, std::move(further));
    }
  }
  return {};
}

}  // namespace

Result<ProjectFacts> read_setup_cfg(const SourceFile& file, const ReadFile& read_more) {
  BERTH_TRY(const std::vector<IniEntry> entries, parse_ini(file.content, file.name));
  ProjectFacts facts;
  for (const IniEntry& entry : entries) {
    if (entry.section != "options" || entry.value.empty()) {
      continue;
    }
    if (entry.key == "python_requires") {
      BERTH_TRY(PythonLine claim,
                python_at(origin_at(file, entry.value[0].number), entry.value[0].text));
      facts.python_claims.push_back(std::move(claim));
    } else if (entry.key == "install_requires" && entry.value[0].text.starts_with("file:")) {
      BERTH_CHECK(read_files(facts, file, entry, read_more));
    } else if (entry.key == "install_requires") {
      for (const IniLine& text : requirement_texts(entry)) {
        BERTH_TRY(RequirementLine line, requirement_at(origin_at(file, text.number), text.text));
        facts.requirements.push_back(std::move(line));
      }
    }
  }
  return facts;
}

}  // namespace berth::spec
