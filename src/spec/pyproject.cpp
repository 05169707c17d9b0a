// pyproject.toml. Both ways of writing dependencies end as PEP 508 texts, so that they are judged
// alike.
#include "spec/pyproject.hpp"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "berth/base/text.hpp"
#include "spec/document.hpp"
#include "spec/poetry_constraint.hpp"
#include "spec/requirements_txt.hpp"

namespace berth::spec {

namespace {

Failure wrong_type(const SourceFile& file, std::string_view key, const Node& node,
                   std::string_view expected) {
  return malformed(file, node.line,
                   fmt::format("`{}` is {}, expected {}", key, described(node), expected));
}

Result<void> read_project_table(ProjectFacts& facts, const SourceFile& file, const Node& root) {
  if (const Node* python = root.find({"project", "requires-python"})) {
    if (!python->quoted) {
      return wrong_type(file, "requires-python", *python, "a text such as \">=3.9\"");
    }
    BERTH_TRY(PythonLine claim, python_at(origin_at(file, python->line), python->text));
    facts.python_claims.push_back(std::move(claim));
  }
  const Node* dependencies = root.find({"project", "dependencies"});
  if (dependencies == nullptr) {
    return {};
  }
  if (!dependencies->is_list()) {
    return wrong_type(file, "project.dependencies", *dependencies,
                      "a list such as [\"torch==2.3.1\"]");
  }
  for (const Node& item : dependencies->items) {
    if (!item.quoted) {
      return wrong_type(file, "project.dependencies", item, "texts such as \"torch==2.3.1\"");
    }
    BERTH_TRY(RequirementLine line, requirement_at(origin_at(file, item.line), item.text));
    facts.requirements.push_back(std::move(line));
  }
  return {};
}

// [tool.setuptools.dynamic] dependencies = { file = ["requirements.txt"] }
Result<void> read_dynamic(ProjectFacts& facts, const SourceFile& file, const Node& root,
                          const ReadFile& read_more) {
  const Node* named = root.find({"tool", "setuptools", "dynamic", "dependencies", "file"});
  if (named == nullptr) {
    return {};
  }
  const std::vector<Node> names = named->is_list() ? named->items : std::vector<Node>{*named};
  for (const Node& name : names) {
    if (!name.quoted) {
      return wrong_type(file, "dependencies.file", name, "the name of a requirements file");
    }
    Result<SourceFile> more = read_more((file.path.parent_path() / name.text).lexically_normal());
    if (!more) {
      return malformed(origin_at(file, name.line), std::move(more).error());
    }
    BERTH_TRY(ProjectFacts further, read_requirements_txt(*more, read_more));
    append(facts, std::move(further));
  }
  return {};
}

// The texts of a dependency's table, each empty where it is absent.
struct Dependency {
  std::string version;
  std::string markers;
  std::string python;
  std::string platform;
  std::string url;
  std::string extras;
  bool optional = false;
};

Result<Dependency> dependency_of(const SourceFile& file, std::string_view name, const Node& node) {
  Dependency dependency;
  if (node.is_scalar() && node.quoted) {
    dependency.version = node.text;
    return dependency;
  }
  if (!node.is_map()) {
    return wrong_type(file, name, node, "a version such as \"^2.1\" or a table with `version`");
  }
  const auto text_of = [&](std::string_view key) {
    const Node* value = node.find(key);
    return value != nullptr && value->quoted ? value->text : std::string();
  };
  dependency.version = text_of("version");
  dependency.markers = text_of("markers");
  dependency.python = text_of("python");
  dependency.platform = text_of("platform");
  dependency.url = text_of("url").empty() ? text_of("file") : text_of("url");
  const Node* optional = node.find("optional");
  dependency.optional = optional != nullptr && optional->text == "true";
  if (const Node* extras = node.find("extras"); extras != nullptr && extras->is_list()) {
    for (const Node& extra : extras->items) {
      dependency.extras += (dependency.extras.empty() ? "" : ",") + extra.text;
    }
  }
  return dependency;
}

void add_condition(std::string& marker, const std::string& condition) {
  if (!condition.empty()) {
    marker += (marker.empty() ? "(" : " and (") + condition + ")";
  }
}

// The dependency as PEP 508 has it.
Result<std::string> pep508_text(const Dependency& dependency, std::string_view name,
                                std::vector<std::string>& alternatives) {
  std::string marker;
  add_condition(marker, dependency.markers);
  BERTH_TRY(const std::string python, python_marker(dependency.python));
  add_condition(marker, python);
  add_condition(marker, dependency.platform.empty()
                            ? std::string()
                            : fmt::format("sys_platform == \"{}\"", dependency.platform));
  BERTH_TRY(alternatives, poetry_alternatives(dependency.version));
  std::string text(name);
  text += dependency.extras.empty() ? "" : "[" + dependency.extras + "]";
  text += alternatives.size() == 1 ? alternatives[0] : "";
  if (const std::string wheel = requirement_of_wheel(dependency.url); !wheel.empty()) {
    text = wheel;
  }
  return marker.empty() ? text : text + " ; " + marker;
}

Result<void> add_dependency(ProjectFacts& facts, const SourceFile& file, const std::string& name,
                            const Node& node) {
  BERTH_TRY(const Dependency dependency, dependency_of(file, name, node));
  if (dependency.optional) {
    return {};  // belongs to an extra
  }
  const Origin origin = origin_at(file, node.line);
  std::vector<std::string> alternatives;
  Result<std::string> text = pep508_text(dependency, name, alternatives);
  if (!text) {
    return malformed(origin, std::move(text).error().context(fmt::format("`{}`", name)));
  }
  if (alternatives.size() > 1) {
    facts.warnings.push_back(
        fmt::format("{}: `{}` may be one of several ranges, `{}`: berth takes any version of it",
                    origin.text, name, dependency.version));
  }
  BERTH_TRY(RequirementLine line, requirement_at(origin, *text));
  facts.requirements.push_back(std::move(line));
  return {};
}

Result<void> add_python(ProjectFacts& facts, const SourceFile& file, const Node& node) {
  const Origin origin = origin_at(file, node.line);
  Result<std::vector<std::string>> alternatives = poetry_alternatives(node.text);
  if (!alternatives) {
    return malformed(origin, std::move(alternatives).error().context("`python`"));
  }
  if (alternatives->size() > 1) {
    facts.warnings.push_back(
        fmt::format("{}: `python` may be one of several ranges, `{}`: berth does not check it",
                    origin.text, node.text));
  } else if (!alternatives->front().empty()) {
    BERTH_TRY(PythonLine claim, python_at(origin, alternatives->front()));
    facts.python_claims.push_back(std::move(claim));
  }
  return {};
}

Result<void> add_table(ProjectFacts& facts, const SourceFile& file, const Node& table,
                       std::string_view key) {
  if (!table.is_map()) {
    return wrong_type(file, key, table, "a table of names and versions");
  }
  for (const Member& member : table.members) {
    if (member.key == "python" && member.value.quoted) {
      BERTH_CHECK(add_python(facts, file, member.value));
      continue;
    }
    const std::vector<Node> nodes =
        member.value.is_list() ? member.value.items : std::vector<Node>{member.value};
    for (const Node& node : nodes) {
      BERTH_CHECK(add_dependency(facts, file, member.key, node));
    }
  }
  return {};
}

}  // namespace

Result<ProjectFacts> read_pyproject(const SourceFile& file, const ReadFile& read_more) {
  BERTH_TRY(const Node root, parse_toml(file));
  ProjectFacts facts;
  BERTH_CHECK(read_project_table(facts, file, root));
  BERTH_CHECK(read_dynamic(facts, file, root, read_more));
  if (const Node* poetry = root.find({"tool", "poetry", "dependencies"})) {
    BERTH_CHECK(add_table(facts, file, *poetry, "tool.poetry.dependencies"));
  }
  return facts;
}

Result<ProjectFacts> read_pipfile(const SourceFile& file, const ReadFile&) {
  BERTH_TRY(const Node root, parse_toml(file));
  ProjectFacts facts;
  if (const Node* packages = root.find("packages")) {
    BERTH_CHECK(add_table(facts, file, *packages, "packages"));
  }
  if (const Node* python = root.find({"requires", "python_version"})) {
    BERTH_TRY(PythonLine choice, python_at(origin_at(file, python->line), python->text));
    facts.python_choices.push_back(std::move(choice));
  }
  return facts;
}

}  // namespace berth::spec
