#include "cli/live_lines.hpp"

namespace berth::cli {

std::string cut_to_columns(const std::string& text, unsigned columns) {
  unsigned used = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const unsigned byte = static_cast<unsigned char>(text[at]);
    const bool continues = (byte & 0xC0U) == 0x80U;
    used += continues ? 0 : byte < 0x80U ? 1 : 2;
    if (used > columns) {
      return text.substr(0, at);
    }
  }
  return text;
}

void LiveLines::draw(const std::vector<std::string>& lines) {
  std::string screen = terminal_.rewind(drawn_);
  const unsigned width = terminal_.width();
  for (const std::string& line : lines) {
    screen += cut_to_columns(line, width > 1 ? width - 1 : 1) + "\n";
  }
  drawn_ = static_cast<unsigned>(lines.size());
  stream_ << screen;
  stream_.flush();
}

}  // namespace berth::cli
