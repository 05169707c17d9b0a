// What differs between two sets of catalogue files.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <utility>

#include "berth/base/printable.hpp"
#include "berth/resolver/catalog_check.hpp"
#include "resolver/catalog_rows.hpp"

namespace berth {

namespace {

using detail::JsonNode;

constexpr std::size_t kLongestValue = 200;

// Rows of a file by what identifies them, and the order in which they stand.
struct FileRows {
  JsonNode document{};
  std::vector<std::string> order{};
  std::map<std::string, const JsonNode*> rows{};
};

using FilesByName = std::map<std::string, FileRows>;

void read_rows(FileRows& file) {
  detail::for_each_row(
      file.document, [&file](const std::string& table, std::size_t, const JsonNode& row) {
        std::string identity = table + " " + detail::row_identity(table, file.document, row);
        if (file.rows.emplace(identity, &row).second) {
          file.order.push_back(std::move(identity));
        }
      });
}

FilesByName read_files(const std::vector<EmbeddedFile>& files) {
  FilesByName result;
  for (const EmbeddedFile& file : files) {
    Result<JsonNode> document = detail::parse_json_tree(file.name, file.content);
    if (document) {
      FileRows& rows = result[std::string(file.name)];
      rows.document = std::move(*document);
      read_rows(rows);
    }
  }
  return result;
}

std::string shown(const JsonNode* value) {
  return value == nullptr ? std::string("absent")
                          : printable(detail::shown_value(*value), kLongestValue);
}

std::vector<std::string> changed_fields(const JsonNode& before, const JsonNode& after) {
  std::vector<std::string> fields;
  const auto compare = [&](const std::string& key) {
    const std::string was = shown(detail::member_of(before, key));
    const std::string now = shown(detail::member_of(after, key));
    std::string line = fmt::format("{}: {} -> {}", key, was, now);
    if (was != now && std::find(fields.begin(), fields.end(), line) == fields.end()) {
      fields.push_back(std::move(line));
    }
  };
  for (const JsonNode* row : {&before, &after}) {
    for (const JsonNode::Member& member : row->members) {
      compare(member.first);
    }
  }
  return fields;
}

void compare_files(const std::string& name, const FileRows& before, const FileRows& after,
                   std::vector<CatalogChange>& changes) {
  for (const std::string& identity : before.order) {
    if (after.rows.count(identity) == 0) {
      changes.push_back({CatalogChange::Kind::removed, name, identity, {}});
    }
  }
  for (const std::string& identity : after.order) {
    const auto was = before.rows.find(identity);
    if (was == before.rows.end()) {
      changes.push_back({CatalogChange::Kind::added, name, identity, {}});
      continue;
    }
    std::vector<std::string> fields = changed_fields(*was->second, *after.rows.at(identity));
    if (!fields.empty()) {
      changes.push_back({CatalogChange::Kind::changed, name, identity, std::move(fields)});
    }
  }
}

}  // namespace

std::string_view name_of(CatalogChange::Kind kind) {
  switch (kind) {
    case CatalogChange::Kind::added:
      return "added";
    case CatalogChange::Kind::removed:
      return "removed";
    case CatalogChange::Kind::changed:
      return "changed";
  }
  return "changed";
}

std::vector<CatalogChange> diff_catalogs(const std::vector<EmbeddedFile>& before,
                                         const std::vector<EmbeddedFile>& after) {
  FilesByName old_files = read_files(before);
  FilesByName new_files = read_files(after);
  std::vector<CatalogChange> changes;
  for (const auto& [name, file] : old_files) {
    new_files.try_emplace(name);
  }
  for (const auto& [name, file] : new_files) {
    compare_files(name, old_files[name], file, changes);
  }
  return changes;
}

}  // namespace berth
