// Both locks become one graph of packages, which is then walked from the project.
#include "spec/lock_file.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "berth/base/text.hpp"
#include "spec/document.hpp"

namespace berth::spec {

namespace {

struct Edge {
  std::string name;     // normalised
  std::string version;  // where the lock says which of several
  std::string marker;
};

struct Package {
  std::string name;  // normalised
  std::string version;
  std::string marker;  // under which this version is the one, where there are several
  unsigned line = 0;
  bool main = true;      // not of a development group or an extra
  bool project = false;  // the project itself
  std::vector<Edge> edges;
};

std::string text_of(const Node& table, std::string_view key) {
  const Node* value = table.find(key);
  return value != nullptr && value->is_scalar() ? value->text : std::string();
}

std::string both(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty() || a == b) {
    return a.empty() ? b : a;
  }
  return "(" + a + ") and (" + b + ")";
}

// The [[package]] tables. `fill` adds what the two formats write differently.
template <class Fill>
Result<std::vector<Package>> packages_of(const SourceFile& file, const Fill& fill) {
  BERTH_TRY(const Node root, parse_toml(file));
  std::vector<Package> packages;
  const Node* tables = root.find("package");
  if (tables == nullptr) {
    return packages;
  }
  if (!tables->is_list()) {
    return malformed(file, tables->line, "`package` is no list, expected [[package]] tables");
  }
  for (const Node& table : tables->items) {
    Package package;
    package.name = pep508::normalised_name(text_of(table, "name"));
    package.version = text_of(table, "version");
    package.line = table.find("name") != nullptr ? table.find("name")->line : table.line;
    if (package.name.empty()) {
      return malformed(file, table.line, "a [[package]] has no `name`");
    }
    fill(package, table);
    if (package.version.empty() && !package.project) {
      continue;  // uv leaves it out where the version is decided at build time
    }
    if (!package.project && !pep440::Version::parse(package.version)) {
      return malformed(file, package.line,
                       fmt::format("`{}` has the version `{}`, expected for example 2.3.1",
                                   package.name, package.version));
    }
    packages.push_back(std::move(package));
  }
  return packages;
}

// uv: dependencies = [{ name = "torch", version = "2.5.1", marker = "…" }]
void fill_from_uv(Package& package, const Node& table) {
  if (const Node* source = table.find("source")) {
    package.project = text_of(*source, "virtual") == "." || text_of(*source, "editable") == "." ||
                      text_of(*source, "directory") == ".";
  }
  if (const Node* markers = table.find("resolution-markers")) {
    for (const Node& marker : markers->items) {
      package.marker += (package.marker.empty() ? "(" : " or (") + marker.text + ")";
    }
  }
  if (const Node* edges = table.find("dependencies")) {
    for (const Node& edge : edges->items) {
      package.edges.push_back(Edge{pep508::normalised_name(text_of(edge, "name")),
                                   text_of(edge, "version"), text_of(edge, "marker")});
    }
  }
}

// poetry: [package.dependencies] numpy = "*", or a table with `markers`, or a list of them.
void fill_from_poetry(Package& package, const Node& table) {
  const Node* groups = table.find("groups");
  const std::string category = text_of(table, "category");
  package.main = text_of(table, "optional") != "true" && (category.empty() || category == "main");
  if (groups != nullptr) {
    package.main =
        package.main && std::any_of(groups->items.begin(), groups->items.end(),
                                    [](const Node& group) { return group.text == "main"; });
  }
  if (const Node* markers = table.find("markers")) {
    package.marker = markers->is_map() ? text_of(*markers, "main") : markers->text;
  }
  const Node* edges = table.find("dependencies");
  if (edges == nullptr) {
    return;
  }
  for (const Member& member : edges->members) {
    const std::vector<Node> ways =
        member.value.is_list() ? member.value.items : std::vector<Node>{member.value};
    for (const Node& way : ways) {
      if (text_of(way, "optional") != "true") {
        package.edges.push_back(
            Edge{pep508::normalised_name(member.key), {}, text_of(way, "markers")});
      }
    }
  }
}

class Walk {
 public:
  Walk(const SourceFile& file, const std::vector<Package>& packages)
      : file_(file), packages_(packages), visits_(packages.size()) {
    for (std::size_t i = 0; i < packages.size(); ++i) {
      by_name_[packages[i].name].push_back(i);
    }
  }

  void start(const Edge& edge) { follow(edge, {}); }

  Result<std::vector<RequirementLine>> lines() {
    while (!queue_.empty()) {
      const auto [index, marker] = std::move(queue_.front());
      queue_.pop_front();
      for (const Edge& edge : packages_[index].edges) {
        follow(edge, marker);
      }
    }
    std::vector<RequirementLine> result;
    for (std::size_t i = 0; i < packages_.size(); ++i) {
      for (const std::string& marker : visits_[i]) {
        const Package& package = packages_[i];
        std::string text = package.name + "==" + package.version;
        text += marker.empty() ? "" : " ; " + marker;
        BERTH_TRY(RequirementLine line, requirement_at(origin_at(file_, package.line), text));
        result.push_back(std::move(line));
      }
    }
    return result;
  }

 private:
  void follow(const Edge& edge, const std::string& marker) {
    const auto found = by_name_.find(edge.name);
    if (found == by_name_.end()) {
      return;
    }
    for (const std::size_t index : found->second) {
      const Package& package = packages_[index];
      if (package.project || (!edge.version.empty() && edge.version != package.version)) {
        continue;
      }
      const bool one_of_several = found->second.size() > 1;
      visit(index,
            both(both(marker, edge.marker), one_of_several ? package.marker : std::string()));
    }
  }

  // A package that is required in any case needs no other reason; of the others, a few are enough.
  void visit(std::size_t index, const std::string& marker) {
    constexpr std::size_t kMostReasons = 4;
    constexpr std::size_t kLongestMarker = 1000;
    std::set<std::string>& reasons = visits_[index];
    if (reasons.contains(marker) || reasons.contains("") || marker.size() > kLongestMarker ||
        (reasons.size() >= kMostReasons && !marker.empty())) {
      return;
    }
    if (marker.empty()) {
      reasons.clear();
    }
    reasons.insert(marker);
    queue_.emplace_back(index, marker);
  }

  const SourceFile& file_;
  const std::vector<Package>& packages_;
  std::map<std::string, std::vector<std::size_t>> by_name_;
  std::vector<std::set<std::string>> visits_;  // the markers under which each is required
  std::deque<std::pair<std::size_t, std::string>> queue_;
};

Result<std::vector<RequirementLine>> locked(const SourceFile& file,
                                            const std::vector<Package>& packages,
                                            const std::vector<RequirementLine>& required) {
  Walk walk(file, packages);
  const auto project = std::find_if(packages.begin(), packages.end(),
                                    [](const Package& package) { return package.project; });
  if (project != packages.end()) {
    for (const Edge& edge : project->edges) {
      walk.start(edge);
    }
  } else if (!required.empty()) {
    for (const RequirementLine& line : required) {
      walk.start(
          Edge{line.value.name, {}, line.value.marker ? line.value.marker->text() : std::string()});
    }
  } else {
    for (const Package& package : packages) {
      if (package.main) {
        walk.start(Edge{package.name, package.version, package.marker});
      }
    }
  }
  return walk.lines();
}

}  // namespace

Result<std::vector<RequirementLine>> read_uv_lock(const SourceFile& file,
                                                  const std::vector<RequirementLine>& required) {
  BERTH_TRY(const std::vector<Package> packages, packages_of(file, fill_from_uv));
  return locked(file, packages, required);
}

Result<std::vector<RequirementLine>> read_poetry_lock(
    const SourceFile& file, const std::vector<RequirementLine>& required) {
  BERTH_TRY(const std::vector<Package> packages, packages_of(file, fill_from_poetry));
  return locked(file, packages, required);
}

}  // namespace berth::spec
