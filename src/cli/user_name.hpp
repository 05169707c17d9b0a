// Users by name, for people.
#pragma once

#include <string>

namespace berth::cli {

// The login name; the number where the system knows none.
std::string user_name(unsigned uid);
// Of a uid as a label says it; what is no number stays as it is, fit for a message.
std::string user_name_of(const std::string& uid);

}  // namespace berth::cli
