#include "cli/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace berth::cli {

namespace {

bool takes_value(const CLI::App& app, const std::string& name) {
  const CLI::Option* option = app.get_option_no_throw(name);
  return option != nullptr && option->get_items_expected_min() > 0;
}

// Whether an option word is followed by its value as a word of its own.
bool value_follows(const CLI::App& app, const std::string& word) {
  if (word.starts_with("--")) {
    return word.find('=') == std::string::npos && takes_value(app, word);
  }
  // -it is -i -t; in -eA=1 the value is attached; in -it -e A=1 it is not.
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (takes_value(app, std::string("-") + word[i])) {
      return i + 1 == word.size();
    }
  }
  return false;
}

}  // namespace

std::size_t first_positional(const CLI::App& app, const std::vector<std::string>& arguments,
                             std::size_t begin) {
  std::size_t i = begin;
  while (i < arguments.size()) {
    const std::string& word = arguments[i];
    if (word.size() < 2 || word[0] != '-' || word == "--") {
      return i;
    }
    i += value_follows(app, word) ? 2u : 1u;
  }
  return arguments.size();
}

}  // namespace berth::cli
