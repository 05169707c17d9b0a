#include "cli/user_name.hpp"

#include <pwd.h>

#include <charconv>
#include <vector>

#include "berth/base/printable.hpp"

namespace berth::cli {

std::string user_name(unsigned uid) {
  constexpr std::size_t kRoom = 16384;
  std::vector<char> buffer(kRoom);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return std::to_string(uid);
}

std::string user_name_of(const std::string& uid) {
  unsigned number = 0;
  const char* end = uid.data() + uid.size();
  const std::from_chars_result read = std::from_chars(uid.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? user_name(number) : printable(uid);
}

}  // namespace berth::cli
