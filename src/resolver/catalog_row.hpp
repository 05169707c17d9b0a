// CatalogRow reads one row of a catalogue file: typed fields, and the first thing that is wrong
// with it.
//
// Getters of fields that must be there return a stand-in (or nullopt) once something is wrong;
// finish() then returns the error. So a table is read field after field, and checked once, before
// the values are used.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/resolver/catalog.hpp"
#include "json_tree.hpp"

namespace berth::detail {

// What all rows of a file share.
struct CatalogFileContext {
  std::string_view name;
  std::map<std::string, std::string, std::less<>> sources{};  // key -> text
};

// Which row: "`torch.json`, builds[12]" in messages.
struct RowPlace {
  std::string_view table{};  // empty: the file itself
  std::size_t index = 0;
};

// Texts and the values they stand for.
template <class T>
using Choices = std::vector<std::pair<std::string_view, T>>;

class CatalogRow {
 public:
  CatalogRow(const JsonNode& object, const CatalogFileContext& file, RowPlace place);

  bool has(const char* key);
  std::string text(const char* key);  // must be there
  std::string text_or_empty(const char* key);
  std::string date_or_empty(const char* key);  // 2024-06-05 or 2024-06
  unsigned number(const char* key);            // must be there
  std::optional<unsigned> number_if_any(const char* key);
  bool flag(const char* key);                                 // false where it is absent
  std::vector<std::string> texts(const char* key);            // empty where it is absent
  std::vector<unsigned> numbers(const char* key);             // likewise
  std::vector<std::string> architectures(const char* key);    // likewise; Docker's names: "arm64"
  std::map<std::string, std::string> table(const char* key);  // likewise
  // An object or an array of the file's own level: must be there, and is of that type. Null once
  // something is wrong.
  const JsonNode* object_if_any(const char* key);
  const JsonNode* array(const char* key);
  const JsonNode* array_if_any(const char* key);

  // A version type or ComputeCapability. The first must be there.
  template <class T>
  std::optional<T> parsed(const char* key) {
    const std::string written = text(key);
    return failed() ? std::nullopt : check_parsed(key, written, T::parse(written));
  }
  template <class T>
  std::optional<T> parsed_if_any(const char* key) {
    return has(key) ? parsed<T>(key) : std::nullopt;
  }
  template <class T>
  T choice(const char* key, const Choices<T>& choices) {
    const std::string written = text(key);
    for (const auto& [name, value] : choices) {
      if (name == written) {
        return value;
      }
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : choices) {
      names.emplace_back(name);
    }
    expected_one_of(key, written, names);
    return choices.front().second;
  }

  // `source` (keys of the file's sources, with blanks between them), `uncertain` and `note`.
  Fact fact();

  // Something is wrong with a field that only its table can see.
  void wrong(std::string what);
  bool failed() const { return error_.has_value(); }
  // The first error, or that of a key that nobody asked for.
  Result<void> finish();

 private:
  // The member, which counts as asked for from now on.
  const JsonNode* find(const char* key);
  const JsonNode* required(const char* key);
  void expected(const char* key, std::string_view type, const JsonNode& found);
  void expected_one_of(const char* key, const std::string& written,
                       const std::vector<std::string>& names);
  template <class T>
  std::optional<T> check_parsed(const char* key, const std::string& written,
                                std::optional<T> value) {
    if (!value) {
      not_a_version(key, written);
    }
    return value;
  }
  void not_a_version(const char* key, const std::string& written);

  const JsonNode& object_;
  const CatalogFileContext& file_;
  RowPlace place_;
  std::vector<const char*> asked_{};
  std::optional<Error> error_{};
};

}  // namespace berth::detail
