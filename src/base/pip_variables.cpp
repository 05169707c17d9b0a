// Source of the grammar:
// https://pip.pypa.io/en/stable/reference/requirements-file-format/#using-environment-variables
#include "berth/base/pip_variables.hpp"

#include <functional>

namespace berth {

namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

// The text with each `${NAME}` replaced by what `value_of` says.
std::string replaced(std::string_view text,
                     const std::function<std::string(std::string_view name)>& value_of) {
  constexpr std::string_view kStart = "${";
  std::string made;
  while (true) {
    const std::size_t at = text.find(kStart);
    if (at == std::string_view::npos) {
      return made + std::string(text);
    }
    const std::size_t name = at + kStart.size();
    const std::size_t end = text.find_first_not_of(kLetters, name);
    const bool formed = end != std::string_view::npos && end > name && text[end] == '}';
    made += text.substr(0, formed ? at : name);
    made += formed ? value_of(text.substr(name, end - name)) : std::string();
    text.remove_prefix(formed ? end + 1 : name);
  }
}

}  // namespace

std::set<std::string> pip_variables_in(std::string_view text) {
  std::set<std::string> names;
  replaced(text, [&names](std::string_view name) {
    names.emplace(name);
    return std::string();
  });
  return names;
}

std::string with_pip_variables(std::string_view text,
                               const std::map<std::string, std::string>& variables) {
  return replaced(text, [&variables](std::string_view name) {
    const auto found = variables.find(std::string(name));
    return found == variables.end() ? "${" + std::string(name) + "}" : found->second;
  });
}

}  // namespace berth
