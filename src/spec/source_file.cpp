// Decoding: berth reads UTF-8. Anything else is refused in one line here, so that no reader has to
// think of it.
#include "spec/source_file.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "berth/base/credentials.hpp"
#include "berth/base/text.hpp"

namespace berth::spec {

namespace {

// The length of the UTF-8 sequence that begins with this byte; 0 where none does.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return 2;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    return 3;
  }
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

// The offset of the first byte that is not part of valid UTF-8 text.
std::optional<std::size_t> first_invalid_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(static_cast<unsigned char>(text[i]));
    if (length == 0 || i + length > text.size()) {
      return i;
    }
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0u) != 0x80u) {
        return i;
      }
    }
    i += length;
  }
  return std::nullopt;
}

unsigned line_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  return 1 + static_cast<unsigned>(std::count(before.begin(), before.end(), '\n'));
}

}  // namespace

Result<SourceFile> decode(std::filesystem::path path, std::string name, std::string bytes) {
  constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
  SourceFile file{std::move(path), std::move(name), std::move(bytes)};
  std::string& text = file.content;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    const std::string quoted = shell_quoted(file.name);
    return fail(Error{Errc::invalid_input,
                      fmt::format("{}:1: the file is UTF-16, expected UTF-8", file.name)}
                    .hint(fmt::format("iconv -f UTF-16 -t UTF-8 {0} > {0}.utf8 && mv {0}.utf8 {0}",
                                      quoted)));
  }
  if (text.starts_with(kUtf8Mark)) {
    text.erase(0, kUtf8Mark.size());
  }
  if (const std::size_t zero = text.find('\0'); zero != std::string::npos) {
    return malformed(file, line_of(text, zero), "a byte 0 stands here, expected a text file");
  }
  if (const std::optional<std::size_t> bad = first_invalid_byte(text)) {
    return malformed(file, line_of(text, *bad),
                     fmt::format("byte 0x{:02x} is not UTF-8, expected UTF-8 text",
                                 static_cast<unsigned char>(text[*bad])));
  }
  return file;
}

std::vector<std::string_view> lines_of(std::string_view content) {
  std::vector<std::string_view> lines;
  while (!content.empty()) {
    const std::size_t end = content.find('\n');
    std::string_view line = content.substr(0, end);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines.push_back(line);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
  }
  return lines;
}

Origin origin_at(const SourceFile& file, unsigned line) {
  return Origin{fmt::format("{}:{}", file.name, line)};
}

Failure malformed(const SourceFile& file, unsigned line, std::string_view what) {
  return malformed(origin_at(file, line), what);
}

Failure malformed(const Origin& origin, std::string_view what) {
  return fail(Errc::invalid_input, fmt::format("{}: {}", origin.text, without_credentials(what)));
}

Failure malformed(const Origin& origin, Error error) {
  error.code = Errc::invalid_input;
  error.message = without_credentials(error.message);
  return fail(std::move(error).context(origin.text));
}

}  // namespace berth::spec
