// `${NAME}` in lines of requirement files, as pip has it: capitals, digits and `_`.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace berth {

std::set<std::string> pip_variables_in(std::string_view text);

// With the values of those that are set; the others stay as they stand. A value is not looked into.
std::string with_pip_variables(std::string_view text,
                               const std::map<std::string, std::string>& variables);

}  // namespace berth
