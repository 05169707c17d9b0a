// What a reader through toml++ 3.3 needs in order to survive malformed text.
//
// The library asserts what malformed text can make untrue (`[+E]`), and in release builds takes it
// for granted. So whoever includes it makes such an assertion an exception first, in every build:
//
//   #undef NDEBUG
//   #define TOML_ASSERT(truth) ((truth) ? static_cast<void>(0) : berth::toml_assertion_failed())
//   #include <toml++/toml.h>
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth {

struct TomlTrouble {
  unsigned line = 1;
  std::string text{};  // "the key is nested more than 100 levels deep"
};

// What the library does not survive: keys of endless depth (its tables are destroyed recursively),
// and characters beyond ASCII outside of strings and comments. To be asked before it parses.
std::optional<TomlTrouble> find_toml_trouble(std::string_view text);

// Throws std::logic_error.
[[noreturn]] void toml_assertion_failed();

}  // namespace berth
