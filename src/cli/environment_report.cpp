#include "cli/environment_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "berth/base/bytes.hpp"
#include "berth/base/text.hpp"
#include "cli/clock_text.hpp"
#include "cli/columns.hpp"
#include "cli/null_json.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;
using environment::RecordedStage;

std::string used_text(const KnownEnvironment& known, std::int64_t now) {
  return known.use ? ago(known.last_use(), now) : "-";
}

Json stages_json(const KnownEnvironment& known) {
  Json stages = Json::array();
  if (known.recipe) {
    for (const RecordedStage& stage : known.recipe->stages) {
      stages.push_back({{"stage", environment::name_of(stage.kind)},
                        {"key", stage.key},
                        {"items", stage.items},
                        {"installed", stage.installed},
                        {"installer", text_or_null(stage.installer)},
                        {"files", stage.files.empty() ? Json::object() : Json(stage.files)}});
    }
  }
  return stages;
}

// A heading, then a line for each text below it.
void print_list(std::ostream& out, std::string_view heading,
                const std::vector<std::string>& texts) {
  constexpr std::string_view kIndent = "\n              ";
  if (!texts.empty()) {
    out << fmt::format("  {:<11} {}\n", heading, join(texts, kIndent));
  }
}

// What decides beside the requirements: constraints, options, where it was looked.
void print_conditions(std::ostream& out, const RecordedStage& stage) {
  for (const auto& [file, heading] :
       {std::pair{"constraints.txt", "constraints"}, {"indexes.txt", "indexes"}}) {
    if (const auto found = stage.files.find(file); found != stage.files.end()) {
      std::vector<std::string> lines = split(found->second, '\n');
      std::erase(lines, "");
      print_list(out, heading, lines);
    }
  }
  std::vector<std::string> places;
  if (const auto found = stage.files.find("frameworks.txt"); found != stage.files.end()) {
    for (const std::string& line : split(found->second, '\n')) {
      if (const auto words = split(line, ' '); words.size() > 2 && words.front() != "usual") {
        places.push_back(words[1]);
      }
    }
  }
  if (const auto found = stage.files.find("requirements.txt"); found != stage.files.end()) {
    for (const std::string& line : split(found->second, '\n')) {
      if (line.starts_with("--")) {
        places.push_back(line);
      }
    }
  }
  print_list(out, "from", places);
}

std::vector<std::string> changes_in(const Rebuilt& rebuilt) {
  std::vector<std::string> lines;
  for (const auto& [name, version] : rebuilt.now) {
    const auto before = rebuilt.before.find(name);
    if (before == rebuilt.before.end()) {
      lines.push_back(fmt::format("{} {}, new", name, version));
    } else if (before->second != version) {
      lines.push_back(fmt::format("{} {} instead of {}", name, version, before->second));
    }
  }
  for (const auto& [name, version] : rebuilt.before) {
    if (!rebuilt.now.contains(name)) {
      lines.push_back(fmt::format("{} {} is gone", name, version));
    }
  }
  return lines;
}

}  // namespace

Json environment_json(const KnownEnvironment& known) {
  const std::vector<std::string> projects =
      known.use ? known.use->projects : std::vector<std::string>();
  return {{"key", known.key},
          {"image", known.names.front()},
          {"stage", known.stage},
          {"base", known.base},
          {"items", known.items},
          {"packages", known.packages},
          {"created", text_or_null(utc_text(known.created))},
          {"bytes", known.bytes},
          {"own_bytes", known.own_bytes ? Json(*known.own_bytes) : Json(nullptr)},
          {"last_used", text_or_null(utc_text(known.last_use()))},
          {"projects", projects}};
}

Json environment_document(const KnownEnvironment& known) {
  Json document = {{"schema", "berth/env/1"}};
  document.update(environment_json(known));
  document["base_id"] = known.recipe ? text_or_null(known.recipe->base_id) : Json(nullptr);
  document["python"] = known.recipe ? text_or_null(known.recipe->decision.python) : Json(nullptr);
  document["stages"] = stages_json(known);
  return document;
}

void print_environments(std::ostream& out, const Terminal& terminal,
                        const std::vector<KnownEnvironment>& environments) {
  const std::int64_t now = std::time(nullptr);
  std::vector<Cells> rows{{"KEY", "STAGE", "SIZE", "CREATED", "LAST USED", "BASE", "PROJECTS"}};
  for (const KnownEnvironment& known : environments) {
    rows.push_back({known.tag, known.stage, known.own_bytes ? format_bytes(*known.own_bytes) : "?",
                    ago(known.created, now), used_text(known, now), known.base,
                    known.use ? join(known.use->projects, ", ") : "-"});
  }
  print_columns(out, terminal, rows);
}

void print_environment(std::ostream& out, const KnownEnvironment& known) {
  out << known.key << '\n';
  print_list(out, "base",
             {known.base, known.recipe ? known.recipe->base_id : std::string("of an older berth")});
  print_list(out, "created", {utc_text(known.created)});
  print_list(out, "size",
             {format_bytes(known.bytes) +
              (known.own_bytes ? fmt::format(", {} beyond the base", format_bytes(*known.own_bytes))
                               : std::string())});
  if (known.use) {
    print_list(out, "last used", {utc_text(known.last_use())});
    print_list(out, "projects", known.use->projects);
  }
  if (known.recipe) {
    for (const RecordedStage& stage : known.recipe->stages) {
      print_list(out, environment::name_of(stage.kind), stage.items);
      print_conditions(out, stage);
    }
    const RecordedStage& last = known.recipe->stages.back();
    print_list(out, "python", {last.interpreter});
    print_list(out, "installer", {last.installer});
  } else {
    print_list(out, known.stage, known.items);
  }
  print_list(out, "freeze", known.packages);
}

Json pruned_document(const Pruned& pruned) {
  Json removed = Json::array();
  for (const KnownEnvironment& known : pruned.plan.removed) {
    Json item = environment_json(known);
    item["freed_bytes"] = known.stage_bytes;
    removed.push_back(std::move(item));
  }
  return {{"schema", "berth/env-prune/1"},
          {"dry_run", pruned.dry_run},
          {"removed", removed},
          {"freed_bytes", pruned.plan.removed_bytes + pruned.cache_bytes.value_or(0)},
          {"kept", pruned.plan.kept.size()},
          {"kept_bytes", pruned.plan.kept_bytes},
          {"cache_removed", pruned.cache},
          {"cache_bytes", pruned.cache_bytes ? Json(*pruned.cache_bytes) : Json(nullptr)},
          {"failures", pruned.failures}};
}

void print_pruned(std::ostream& out, const Terminal& terminal, const Pruned& pruned) {
  const std::int64_t now = std::time(nullptr);
  std::vector<Cells> rows{{"KEY", "STAGE", "SIZE", "CREATED", "LAST USED", "BASE"}};
  for (const KnownEnvironment& known : pruned.plan.removed) {
    rows.push_back({known.tag, known.stage, format_bytes(known.stage_bytes),
                    ago(known.created, now), used_text(known, now), known.base});
  }
  if (rows.size() > 1) {
    print_columns(out, terminal, rows);
  }
  const std::string_view would = pruned.dry_run ? "would be " : "";
  out << fmt::format("{} removed, {} {}freed; {} kept, {}\n", pruned.plan.removed.size(),
                     format_bytes(pruned.plan.removed_bytes), would, pruned.plan.kept.size(),
                     format_bytes(pruned.plan.kept_bytes));
  if (pruned.cache) {
    out << fmt::format("the cache of downloads {}removed, {} {}freed\n", would,
                       pruned.cache_bytes ? format_bytes(*pruned.cache_bytes) : "?", would);
  }
}

Json rebuilt_document(const KnownEnvironment& known, const Rebuilt& rebuilt) {
  Json changes = Json::array();
  const auto version_in = [](const auto& versions, const std::string& name) {
    const auto found = versions.find(name);
    return found == versions.end() ? Json(nullptr) : Json(found->second);
  };
  std::map<std::string, std::string> names = rebuilt.now;
  names.insert(rebuilt.before.begin(), rebuilt.before.end());
  for (const auto& [name, version] : names) {
    const Json before = version_in(rebuilt.before, name);
    const Json now = version_in(rebuilt.now, name);
    if (before != now) {
      changes.push_back({{"name", name}, {"before", before}, {"now", now}});
    }
  }
  return {{"schema", "berth/env-rebuild/1"}, {"key", known.key}, {"changes", changes}};
}

void print_rebuilt(std::ostream& out, const KnownEnvironment& known, const Rebuilt& rebuilt) {
  const std::vector<std::string> changes = changes_in(rebuilt);
  out << fmt::format("{} was built anew{}\n", known.tag,
                     changes.empty() ? ", with the same versions" : ":");
  for (const std::string& change : changes) {
    out << "  " << change << '\n';
  }
}

}  // namespace berth::cli
