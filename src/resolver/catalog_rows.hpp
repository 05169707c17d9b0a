// The rows of catalogue files as they stand there, for what looks at files and not at facts.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "resolver/json_tree.hpp"

namespace berth::detail {

// The member of an object, null where there is none.
const JsonNode* member_of(const JsonNode& object, std::string_view key);

// A value in a line: texts as they are, lists and objects with blanks between.
std::string shown_value(const JsonNode& value);

// The member as shown_value() has it; empty where there is none.
std::string text_of(const JsonNode& object, std::string_view key);

// Calls `visit(table, index, row)` for each row of each table of a file.
using RowVisitor = std::function<void(const std::string&, std::size_t, const JsonNode&)>;
void for_each_row(const JsonNode& document, const RowVisitor& visit);

// What identifies a row of that table: "2.3.1 cu121". Empty for a table that has no such thing.
std::string row_identity(const std::string& table, const JsonNode& document, const JsonNode& row);

// The same for looking for what is there twice: a row of nvidia/cuda stands for several tags.
std::vector<std::string> row_identities(const std::string& table, const JsonNode& document,
                                        const JsonNode& row);

}  // namespace berth::detail
