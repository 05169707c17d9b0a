#include "runtime/http_wire.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

// All of `text`, and nothing but digits.
template <class Number>
std::optional<Number> number_of(std::string_view text, int base = 10) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc() && stop == end && !text.starts_with('-') ? std::optional(number)
                                                                       : std::nullopt;
}

// Without its end, which may be a bare line feed (RFC 9112, 2.2).
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

// Behind the empty line; npos while it is not there.
std::size_t end_of_head(std::string_view received) {
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = received.find('\n', begin);
    if (end == std::string_view::npos) {
      return end;
    }
    if (begin > 0 && trimmed(received.substr(begin, end - begin)).empty()) {
      return end + 1;
    }
    begin = end + 1;
  }
}

// "HTTP/1.1 200 OK"
bool read_status_line(std::string_view line, ResponseHead& head) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr std::size_t kStatus = kVersion.size() + 2;  // behind the minor version and a blank
  if (!line.starts_with(kVersion) || line.size() < kStatus + 3 || line[kStatus - 1] != ' ' ||
      (line.size() > kStatus + 3 && line[kStatus + 3] != ' ')) {
    return false;
  }
  const auto minor = number_of<int>(line.substr(kVersion.size(), 1));
  const auto status = number_of<long>(line.substr(kStatus, 3));
  if (!minor || !status || *status < 100) {
    return false;
  }
  head.minor_version = *minor;
  head.status = *status;
  return true;
}

bool read_header(std::string_view line, ResponseHead& head) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() ||
      name.find_first_of(" \t") != std::string_view::npos) {
    return false;
  }
  const std::string_view value = trimmed(line.substr(colon + 1));
  const auto [header, is_new] = head.headers.try_emplace(lowered(name), value);
  if (!is_new) {
    header->second.append(", ").append(value);
  }
  return true;
}

// `Name;` of a configuration is a header without a value.
std::string header_text(const std::string& header) {
  return header.ends_with(';') && header.find(':') == std::string::npos
             ? header.substr(0, header.size() - 1) + ":"
             : header;
}

}  // namespace

std::string to_text(const RequestText& request, const Endpoint& endpoint) {
  std::string_view host = endpoint.base_url;
  host.remove_prefix(host.find("://") + 3);
  const std::size_t slash = std::min(host.find('/'), host.size());
  std::string text = fmt::format("{} {}{} HTTP/{}\r\nHost: {}\r\nUser-Agent: {}\r\n",
                                 request.method, host.substr(slash), request.target,
                                 request.version, host.substr(0, slash), endpoint.user_agent);
  for (const std::vector<std::string>* headers : {&request.headers, &endpoint.headers}) {
    for (const std::string& header : *headers) {
      text.append(header_text(header)).append("\r\n");
    }
  }
  if (request.method == "POST") {
    text += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  return text.append("\r\n").append(request.body);
}

const std::string* ResponseHead::find(const std::string& name) const {
  const auto header = headers.find(name);
  return header == headers.end() ? nullptr : &header->second;
}

bool ResponseHead::lists(const std::string& name, std::string_view word) const {
  const std::string* value = find(name);
  if (value == nullptr) {
    return false;
  }
  const std::vector<std::string> words = split(lowered(*value), ',');
  return std::any_of(words.begin(), words.end(),
                     [word](const std::string& one) { return trimmed(one) == word; });
}

HeadState read_head(std::string_view received, ResponseHead& head) {
  constexpr std::string_view kBegin = "HTTP/";
  if (!received.starts_with(kBegin.substr(0, received.size()))) {
    return HeadState::malformed;
  }
  const std::size_t end = end_of_head(received);
  if (std::min(end, received.size()) > kLargestHead) {
    return HeadState::malformed;
  }
  if (end == std::string_view::npos) {
    return HeadState::incomplete;
  }
  head = {};
  head.size = end;
  std::string_view left = received.substr(0, end);
  if (!read_status_line(take_line(left), head)) {
    return HeadState::malformed;
  }
  for (std::string_view line = take_line(left); !left.empty(); line = take_line(left)) {
    if (!read_header(line, head)) {
      return HeadState::malformed;
    }
  }
  return HeadState::complete;
}

// RFC 9112, 6.3.
BodyDecoder::BodyDecoder(const ResponseHead& head, std::string_view method) {
  constexpr long kNoContent = 204;
  constexpr long kNotModified = 304;
  const std::string* encoding = head.find("transfer-encoding");
  const std::string* length = head.find("content-length");
  if (method == "HEAD" || head.status < 200 || head.status == kNoContent ||
      head.status == kNotModified) {
    state_ = State::complete;
  } else if (encoding != nullptr) {
    part_ = Part::size_line;
    state_ = lowered(*encoding) == "chunked" ? State::more : State::malformed;
  } else if (length != nullptr) {
    const auto bytes = number_of<std::uint64_t>(*length);
    part_ = Part::length;
    left_ = bytes.value_or(0);
    state_ = !bytes ? State::malformed : left_ == 0 ? State::complete : State::more;
  }
}

std::string_view BodyDecoder::take(std::string_view& bytes) {
  while (state_ == State::more && !bytes.empty()) {
    if (part_ == Part::length || part_ == Part::until_close || part_ == Part::data) {
      return take_data(bytes);
    }
    const char c = bytes.front();
    bytes.remove_prefix(1);
    take_framing(c);
  }
  return {};
}

std::string_view BodyDecoder::take_data(std::string_view& bytes) {
  if (part_ == Part::until_close) {
    return std::exchange(bytes, {});
  }
  const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
  bytes.remove_prefix(piece.size());
  left_ -= piece.size();
  if (left_ == 0) {
    framing_ = 0;
    part_ == Part::length ? void(state_ = State::complete) : void(part_ = Part::data_end);
  }
  return piece;
}

void BodyDecoder::take_framing(char c) {
  if (++framing_ > kLargestHead) {
    state_ = State::malformed;
  } else if (c == '\n') {
    end_of_line();
    line_.clear();
  } else {
    line_ += c;
  }
}

void BodyDecoder::end_of_line() {
  if (line_.ends_with('\r')) {
    line_.pop_back();
  }
  switch (part_) {
    case Part::size_line:
      return end_of_size_line();
    case Part::data_end:
      part_ = Part::size_line;
      state_ = line_.empty() ? State::more : State::malformed;
      return;
    default:  // the trailer, which nobody asked for
      state_ = line_.empty() ? State::complete : State::more;
  }
}

// "1f;name=value"
void BodyDecoder::end_of_size_line() {
  const std::string_view line = line_;
  const auto size = number_of<std::uint64_t>(trimmed(line.substr(0, line.find(';'))), 16);
  if (!size) {
    state_ = State::malformed;
    return;
  }
  left_ = *size;
  part_ = left_ == 0 ? Part::trailer : Part::data;
}

bool BodyDecoder::finish() {
  if (state_ == State::more && part_ == Part::until_close) {
    state_ = State::complete;
  }
  return state_ == State::complete;
}

bool stays_open(const ResponseHead& head) {
  return head.minor_version >= 1 && head.status >= 200 && !head.lists("connection", "close") &&
         (head.find("transfer-encoding") != nullptr || head.find("content-length") != nullptr ||
          head.status == 204 || head.status == 304);
}

}  // namespace berth::runtime
