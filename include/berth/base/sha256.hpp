// SHA-256, as sha256sum prints it, and by which registries name what they hold.
#pragma once

#include <string>
#include <string_view>

namespace berth {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace berth
