// Whatever an engine, a helper or a file contains must not reach a terminal as it is: it may hold
// escape sequences.
#include "runtime/excerpt.hpp"

#include <spdlog/fmt/fmt.h>

#include "berth/base/text.hpp"

namespace berth::runtime {

std::string excerpt(std::string_view bytes, std::size_t limit) {
  bytes = trimmed(bytes);
  std::string text;
  for (const char c : bytes.substr(0, limit)) {
    if (c >= ' ' && c <= '~') {
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return bytes.size() > limit ? text + "…" : text;
}

}  // namespace berth::runtime
