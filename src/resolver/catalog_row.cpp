// Reading of typed fields from a row of a catalogue file, with messages that name file, row, field
// and what was expected there.
#include "catalog_row.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth::detail {

namespace {

bool is_date(std::string_view text) {
  const auto matches = [&](std::string_view pattern) {
    return text.size() == pattern.size() &&
           std::equal(text.begin(), text.end(), pattern.begin(), [](char found, char wanted) {
             return wanted == 'd' ? std::isdigit(static_cast<unsigned char>(found)) != 0
                                  : found == wanted;
           });
  };
  return matches("dddd-dd-dd") || matches("dddd-dd");
}

bool is_unsigned(const JsonNode& value) {
  return value.type == JsonNode::Type::whole_number &&
         value.number <= std::numeric_limits<unsigned>::max();
}

}  // namespace

CatalogRow::CatalogRow(const JsonNode& object, const CatalogFileContext& file, RowPlace place)
    : object_(object), file_(file), place_(place) {
  asked_.reserve(16);
  if (object_.type != JsonNode::Type::object) {
    wrong(fmt::format("expected an object, found {}", object_.type_name()));
  }
}

const JsonNode* CatalogRow::find(const char* key) {
  asked_.push_back(key);
  for (const JsonNode::Member& member : object_.members) {
    if (member.first == key) {
      return &member.second;
    }
  }
  return nullptr;
}

const JsonNode* CatalogRow::required(const char* key) {
  const JsonNode* value = find(key);
  if (!value) {
    wrong(fmt::format("`{}` is missing", key));
  }
  return value;
}

bool CatalogRow::has(const char* key) {
  return find(key) != nullptr;
}

std::string CatalogRow::text(const char* key) {
  const JsonNode* value = required(key);
  if (!value) {
    return {};
  }
  if (value->type != JsonNode::Type::text) {
    expected(key, "a string", *value);
    return {};
  }
  if (value->text.empty()) {
    wrong(fmt::format("`{}` is empty", key));
  }
  return value->text;
}

std::string CatalogRow::text_or_empty(const char* key) {
  return has(key) ? text(key) : "";
}

std::string CatalogRow::date_or_empty(const char* key) {
  std::string written = text_or_empty(key);
  if (!written.empty() && !is_date(written)) {
    wrong(fmt::format("`{}` is `{}`, expected a date like 2024-06-05", key, printable(written)));
  }
  return written;
}

unsigned CatalogRow::number(const char* key) {
  const JsonNode* value = required(key);
  if (!value) {
    return 0;
  }
  if (!is_unsigned(*value)) {
    expected(key, "a whole number", *value);
    return 0;
  }
  return static_cast<unsigned>(value->number);
}

std::optional<unsigned> CatalogRow::number_if_any(const char* key) {
  return has(key) ? std::optional(number(key)) : std::nullopt;
}

bool CatalogRow::flag(const char* key) {
  const JsonNode* value = find(key);
  if (!value) {
    return false;
  }
  if (value->type != JsonNode::Type::boolean) {
    expected(key, "true or false", *value);
    return false;
  }
  return value->boolean;
}

std::vector<std::string> CatalogRow::architectures(const char* key) {
  constexpr std::array<std::string_view, 3> kKnown{"amd64", "arm64", "ppc64le"};
  std::vector<std::string> names = texts(key);
  for (const std::string& name : names) {
    if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) {
      expected_one_of(key, name, {kKnown.begin(), kKnown.end()});
    }
  }
  return names;
}

std::vector<std::string> CatalogRow::texts(const char* key) {
  std::vector<std::string> result;
  const JsonNode* values = array_if_any(key);
  if (!values) {
    return result;
  }
  for (const JsonNode& value : values->items) {
    if (value.type != JsonNode::Type::text) {
      expected(key, "a list of strings", value);
      return {};
    }
    result.push_back(value.text);
  }
  return result;
}

std::vector<unsigned> CatalogRow::numbers(const char* key) {
  std::vector<unsigned> result;
  const JsonNode* values = array_if_any(key);
  if (!values) {
    return result;
  }
  for (const JsonNode& value : values->items) {
    if (!is_unsigned(value)) {
      expected(key, "a list of whole numbers", value);
      return {};
    }
    result.push_back(static_cast<unsigned>(value.number));
  }
  return result;
}

std::map<std::string, std::string> CatalogRow::table(const char* key) {
  std::map<std::string, std::string> result;
  const JsonNode* values = object_if_any(key);
  if (!values) {
    return result;
  }
  for (const auto& [name, value] : values->members) {
    if (value.type != JsonNode::Type::text) {
      expected(key, "strings", value);
      return {};
    }
    result.emplace(name, value.text);
  }
  return result;
}

const JsonNode* CatalogRow::object_if_any(const char* key) {
  const JsonNode* value = find(key);
  if (value && value->type != JsonNode::Type::object) {
    expected(key, "an object", *value);
    return nullptr;
  }
  return value;
}

const JsonNode* CatalogRow::array(const char* key) {
  return required(key) ? array_if_any(key) : nullptr;
}

const JsonNode* CatalogRow::array_if_any(const char* key) {
  const JsonNode* value = find(key);
  if (value && value->type != JsonNode::Type::list) {
    expected(key, "a list", *value);
    return nullptr;
  }
  return value;
}

Fact CatalogRow::fact() {
  Fact fact;
  const std::string keys = text("source");
  if (!keys.empty()) {
    for (const std::string& key : split(keys, ' ')) {
      const auto found = file_.sources.find(key);
      if (found == file_.sources.end()) {
        wrong(fmt::format("`{}` is not among the file's `sources`", printable(key)));
        break;
      }
      fact.source += fact.source.empty() ? "" : "; ";
      fact.source += found->second;
    }
  }
  fact.uncertain = flag("uncertain");
  fact.note = text_or_empty("note");
  return fact;
}

void CatalogRow::wrong(std::string what) {
  if (failed()) {
    return;
  }
  const std::string row =
      place_.table.empty() ? "" : fmt::format(", {}[{}]", place_.table, place_.index);
  error_ = Error{Errc::invalid_input, fmt::format("`{}`{}: {}", file_.name, row, what)};
}

Result<void> CatalogRow::finish() {
  for (const JsonNode::Member& member : object_.members) {
    const std::string& key = member.first;
    if (failed()) {
      break;
    }
    if (std::find(asked_.begin(), asked_.end(), std::string_view(key)) == asked_.end()) {
      const std::vector<std::string> known(asked_.begin(), asked_.end());
      const std::optional<std::string> meant = nearest(key, known);
      wrong(fmt::format("unknown key `{}`{}", printable(key),
                        meant ? fmt::format(", did you mean `{}`?", *meant) : ""));
    }
  }
  return failed() ? Result<void>(Failure(*error_)) : Result<void>();
}

void CatalogRow::expected(const char* key, std::string_view type, const JsonNode& found) {
  wrong(fmt::format("`{}`: expected {}, found {}", key, type, found.type_name()));
}

void CatalogRow::expected_one_of(const char* key, const std::string& written,
                                 const std::vector<std::string>& names) {
  wrong(
      fmt::format("`{}` is `{}`, expected one of {}", key, printable(written), join(names, ", ")));
}

void CatalogRow::not_a_version(const char* key, const std::string& written) {
  wrong(fmt::format("`{}` is `{}`, which is no version", key, printable(written)));
}

}  // namespace berth::detail
