// HTTP's text, cut in every way a socket can cut it.
#include "runtime/http_wire.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/text.hpp"
#include "support/catch.hpp"

using berth::runtime::BodyDecoder;
using berth::runtime::Endpoint;
using berth::runtime::HeadState;
using berth::runtime::kLargestHead;
using berth::runtime::read_head;
using berth::runtime::ResponseHead;
using berth::runtime::stays_open;
using berth::runtime::to_text;

namespace {

ResponseHead head_of(std::string_view bytes) {
  ResponseHead head;
  REQUIRE(read_head(bytes, head) == HeadState::complete);
  return head;
}

HeadState state_of(std::string_view bytes) {
  ResponseHead head;
  return read_head(bytes, head);
}

struct Decoded {
  std::string body{};
  std::string rest{};  // behind the body
  BodyDecoder::State state = BodyDecoder::State::more;
  bool whole = false;  // where the connection ends here

  bool operator==(const Decoded&) const = default;
};

Decoded decoded(const std::string& head, std::string_view bytes, std::size_t piece_size,
                std::string_view method = "GET") {
  BodyDecoder decoder(head_of("HTTP/1.1 200 OK\r\n" + head + "\r\n"), method);
  Decoded result;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, piece_size);
    bytes.remove_prefix(piece.size());
    while (decoder.state() == BodyDecoder::State::more && !piece.empty()) {
      result.body += decoder.take(piece);
    }
    result.rest += piece;
  }
  result.state = decoder.state();
  result.whole = decoder.finish();
  return result;
}

// The same in one piece and in pieces of each size.
Decoded decoded(const std::string& head, std::string_view bytes, std::string_view method = "GET") {
  const Decoded whole = decoded(head, bytes, bytes.size() + 1, method);
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    INFO(size);
    const Decoded pieces = decoded(head, bytes, size, method);
    REQUIRE(pieces.body == whole.body);
    REQUIRE(pieces.rest == whole.rest);
    REQUIRE(pieces.state == whole.state);
    REQUIRE(pieces.whole == whole.whole);
  }
  return whole;
}

constexpr const char* kChunked = "Transfer-Encoding: chunked\r\n";

}  // namespace

TEST_CASE("a request has the endpoint's host and headers, and a length where it is a POST") {
  Endpoint endpoint;
  endpoint.base_url = "http://localhost";
  endpoint.user_agent = "berth/1";
  endpoint.headers = {"X-Team: vision", "X-Empty;"};
  REQUIRE(to_text({.target = "/_ping"}, endpoint) ==
          "GET /_ping HTTP/1.1\r\nHost: localhost\r\nUser-Agent: berth/1\r\nX-Team: vision\r\n"
          "X-Empty:\r\n\r\n");
  endpoint.base_url = "https://10.0.0.5:2376/prefix";
  endpoint.headers.clear();
  REQUIRE(
      to_text(
          {.method = "POST", .target = "/x", .version = "1.0", .headers = {"A: b"}, .body = "{}"},
          endpoint) ==
      "POST /prefix/x HTTP/1.0\r\nHost: 10.0.0.5:2376\r\nUser-Agent: berth/1\r\nA: b\r\n"
      "Content-Length: 2\r\n\r\n{}");
}

TEST_CASE("a head is complete with its empty line, and not before") {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nVia: a\r\nX-Empty:\r\nvia:\tb \r\n\r\n";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO(size);
    REQUIRE(state_of(bytes.substr(0, size)) == HeadState::incomplete);
  }
  const ResponseHead head = head_of(bytes + "{\"body\"");
  REQUIRE(head.size == bytes.size());
  REQUIRE(head.status == 200);
  REQUIRE(head.minor_version == 1);
  REQUIRE(*head.find("api-version") == "1.51");
  REQUIRE(*head.find("via") == "a, b");
  REQUIRE(head.find("x-empty")->empty());
  REQUIRE(head.find("server") == nullptr);
  REQUIRE(head.lists("via", "b"));
  REQUIRE_FALSE(head.lists("via", "a, b"));
}

TEST_CASE("a head may be short, and its lines may end without a carriage return") {
  REQUIRE(head_of("HTTP/1.0 404\r\n\r\n").status == 404);
  REQUIRE(head_of("HTTP/1.0 404 \r\n\r\n").minor_version == 0);
  REQUIRE(*head_of("HTTP/1.1 200 OK\nA: b\n\nrest").find("a") == "b");
}

TEST_CASE("an interim answer is told apart, and a change of protocol is none") {
  REQUIRE(head_of("HTTP/1.1 100 Continue\r\n\r\n").interim());
  REQUIRE(head_of("HTTP/1.1 103 Early Hints\r\n\r\n").interim());
  REQUIRE_FALSE(head_of("HTTP/1.1 101 UPGRADED\r\n\r\n").interim());
  REQUIRE_FALSE(head_of("HTTP/1.1 200 OK\r\n\r\n").interim());
}

TEST_CASE("what is not HTTP is known by its first wrong byte") {
  for (const char* bytes : {"S", "HTP", "http/1.1 200 OK\r\n\r\n", "\x15\x03\x01", "HTTQ"}) {
    INFO(bytes);
    REQUIRE(state_of(bytes) == HeadState::malformed);
  }
  REQUIRE(state_of("") == HeadState::incomplete);
  REQUIRE(state_of("HTT") == HeadState::incomplete);
}

TEST_CASE("a head that is not well formed is refused") {
  for (const char* bytes :
       {"HTTP/2 200\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 20\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n",
        "HTTP/1.1 007 OK\r\n\r\n", "HTTP/1.1200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n folded: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n"}) {
    INFO(bytes);
    REQUIRE(state_of(bytes) == HeadState::malformed);
  }
}

TEST_CASE("a head without end is given up") {
  std::string bytes = "HTTP/1.1 200 OK\r\nA: ";
  bytes.resize(kLargestHead, 'x');
  REQUIRE(state_of(bytes) == HeadState::incomplete);
  REQUIRE(state_of(bytes + "x") == HeadState::malformed);
  REQUIRE(state_of(bytes + "\r\n\r\n") == HeadState::malformed);
}

TEST_CASE("a body of a known length ends there") {
  const Decoded done = decoded("Content-Length: 5\r\n", "12345HTTP");
  REQUIRE(done.body == "12345");
  REQUIRE(done.rest == "HTTP");
  REQUIRE(done.whole);
  REQUIRE(decoded("Content-Length: 0\r\n", "HTTP").rest == "HTTP");
  const Decoded cut = decoded("Content-Length: 5\r\n", "1234");
  REQUIRE(cut.body == "1234");
  REQUIRE_FALSE(cut.whole);
}

TEST_CASE("a body without a length goes on to the end of the connection") {
  const Decoded open = decoded("", "what ever\r\n\r\n");
  REQUIRE(open.body == "what ever\r\n\r\n");
  REQUIRE(open.state == BodyDecoder::State::more);
  REQUIRE(open.whole);
  REQUIRE(decoded("", "").whole);
}

TEST_CASE("a body in chunks is put together") {
  const Decoded done = decoded(
      kChunked, "a\r\n{\"Version\"\r\n07;name=\"v\" \r\n:\"9.9\"}\r\n0\r\nTrailer: x\r\n\r\nHTTP");
  REQUIRE(done.body == "{\"Version\":\"9.9\"}");
  REQUIRE(done.rest == "HTTP");
  REQUIRE(done.whole);
  REQUIRE(decoded(kChunked, "1\r\n\n\r\n0\r\n\r\n").body == "\n");
  REQUIRE(decoded(kChunked, "1F\r\n" + std::string(31, 'x') + "\r\n0\r\n\r\n").whole);
}

TEST_CASE("chunks that are cut or not well formed are no whole body") {
  for (const char* bytes : {"", "5", "5\r\n", "5\r\n1234", "5\r\n12345", "5\r\n12345\r\n",
                            "5\r\n12345\r\n0\r\n", "5\r\n12345\r\n0\r\nTrailer: x\r\n"}) {
    INFO(bytes);
    REQUIRE(decoded(kChunked, bytes).state == BodyDecoder::State::more);
    REQUIRE_FALSE(decoded(kChunked, bytes).whole);
  }
  for (const char* bytes : {"zz\r\n", "\r\n", "-1\r\n", "0x5\r\n12345", "10000000000000000\r\n",
                            "5\r\n123456\r\n", "5 5\r\n12345"}) {
    INFO(bytes);
    REQUIRE(decoded(kChunked, bytes).state == BodyDecoder::State::malformed);
    REQUIRE_FALSE(decoded(kChunked, bytes).whole);
  }
  REQUIRE(decoded(kChunked, "5;" + std::string(kLargestHead, 'x'), 4096).state ==
          BodyDecoder::State::malformed);
  REQUIRE(decoded(kChunked, "0\r\n" + std::string(kLargestHead, 'x'), 4096).state ==
          BodyDecoder::State::malformed);
}

TEST_CASE("a framing that could be read in two ways is refused") {
  for (const char* head :
       {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: five\r\n",
        "Content-Length: -1\r\n", "Content-Length:\r\n", "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n"}) {
    INFO(head);
    REQUIRE(decoded(head, "12345").state == BodyDecoder::State::malformed);
  }
  // Chunks go before a length.
  REQUIRE(decoded("Transfer-Encoding: Chunked\r\nContent-Length: 99\r\n", "0\r\n\r\n").whole);
}

TEST_CASE("some answers have no body, whatever they say") {
  REQUIRE(decoded("Content-Length: 5\r\n", "HTTP", "HEAD").rest == "HTTP");
  for (const char* status : {"204 No Content", "304 Not Modified", "101 UPGRADED"}) {
    INFO(status);
    const ResponseHead head =
        head_of("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 5\r\n\r\n");
    REQUIRE(BodyDecoder(head, "POST").state() == BodyDecoder::State::complete);
  }
}

TEST_CASE("a connection is kept where both its end and its body's are known") {
  REQUIRE(stays_open(head_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")));
  REQUIRE(stays_open(head_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")));
  REQUIRE(stays_open(head_of("HTTP/1.1 204 No Content\r\n\r\n")));
  REQUIRE(stays_open(head_of("HTTP/1.1 304 Not Modified\r\n\r\n")));
  REQUIRE_FALSE(stays_open(head_of("HTTP/1.1 200 OK\r\n\r\n")));
  REQUIRE_FALSE(stays_open(head_of("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n")));
  REQUIRE_FALSE(stays_open(head_of("HTTP/1.1 101 UPGRADED\r\nContent-Length: 5\r\n\r\n")));
  REQUIRE_FALSE(
      stays_open(head_of("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 5\r\n\r\n")));
}
