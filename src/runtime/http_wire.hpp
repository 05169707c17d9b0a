// HTTP/1.1 as it stands on the wire, for what a client of an engine needs of it (RFC 9112): text
// in, text out, no socket. The only place that reads the head of an answer.
//
// It is berth's own because libcurl costs each run 4 ms and 5 MiB to load, and Debian 12 and Ubuntu
// 24.04 have no other parser together that is still looked after: http-parser has been given up,
// llhttp came to neither, Boost.Beast brings Boost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

struct RequestText {
  std::string method = "GET";
  std::string target{};
  std::string version = "1.1";
  std::vector<std::string> headers{};  // "Name: value"; `Name;` is one without a value
  std::string body{};
};

// With Host, User-Agent and the headers of the endpoint.
std::string to_text(const RequestText& request, const Endpoint& endpoint);

// More than any engine sends; what goes on without an end is no answer.
inline constexpr std::size_t kLargestHead = 128u << 10;

struct ResponseHead {
  int minor_version = 1;  // HTTP/1.x
  long status = 0;
  std::map<std::string, std::string>
      headers{};         // names in lower case; repeated ones joined by ", "
  std::size_t size = 0;  // in bytes, with the empty line

  const std::string* find(const std::string& name) const;
  // Whether a header that is a list has this word, in lower case.
  bool lists(const std::string& name, std::string_view word) const;
  // 1xx but 101: another head follows.
  bool interim() const { return status >= 100 && status < 200 && status != 101; }
};

enum class HeadState { incomplete, complete, malformed };

// The head at the beginning of what was received so far. Malformed is told as soon as it is clear.
HeadState read_head(std::string_view received, ResponseHead& head);

// Takes a body out of its framing: by chunks, by length, or up to the connection's end.
class BodyDecoder {
 public:
  enum class State { more, complete, malformed };

  // To the request with this method.
  BodyDecoder(const ResponseHead& head, std::string_view method);

  State state() const { return state_; }
  // The next piece of the body, taken from the front of `bytes`; empty where what was taken is
  // framing. To be called while state() is `more` and there are bytes.
  std::string_view take(std::string_view& bytes);
  // The connection has ended. False: in the middle of the body.
  bool finish();

 private:
  enum class Part { length, until_close, size_line, data, data_end, trailer };

  std::string_view take_data(std::string_view& bytes);
  void take_framing(char c);
  void end_of_line();
  void end_of_size_line();

  State state_ = State::more;
  Part part_ = Part::until_close;
  std::uint64_t left_ = 0;   // of the body, or of the chunk
  std::string line_{};       // of the framing, up to where it was received
  std::size_t framing_ = 0;  // bytes of it since the last data
};

// Whether the next request may go over the same connection, once the body is complete.
bool stays_open(const ResponseHead& head);

}  // namespace berth::runtime
