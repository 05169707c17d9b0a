// Answers of HTTP, cut in any way: what is read does not depend on the cuts, and a body is never
// more than went in. The first byte decides where the rest is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "require.hpp"
#include "runtime/http_wire.hpp"

using berth::fuzz::require;
using berth::runtime::BodyDecoder;
using berth::runtime::HeadState;
using berth::runtime::read_head;
using berth::runtime::ResponseHead;

namespace {

struct Outcome {
  HeadState head = HeadState::incomplete;
  long status = 0;
  std::string body{};
  BodyDecoder::State state = BodyDecoder::State::more;
  bool whole = false;

  bool operator==(const Outcome&) const = default;
};

// As a transport does it: what is received is appended, and read as far as it goes.
Outcome answer(std::string_view bytes, std::size_t piece_size) {
  Outcome outcome;
  std::string received;
  ResponseHead head;
  while (outcome.head == HeadState::incomplete && !bytes.empty()) {
    received += bytes.substr(0, piece_size);
    bytes.remove_prefix(std::min(piece_size, bytes.size()));
    outcome.head = read_head(received, head);
  }
  if (outcome.head != HeadState::complete) {
    return outcome;
  }
  require(head.size <= received.size());
  outcome.status = head.status;
  received.erase(0, head.size);
  BodyDecoder decoder(head, "GET");
  while (true) {
    std::string_view left = received;
    while (decoder.state() == BodyDecoder::State::more && !left.empty()) {
      outcome.body += decoder.take(left);
    }
    if (bytes.empty() || decoder.state() != BodyDecoder::State::more) {
      break;
    }
    received = bytes.substr(0, piece_size);
    bytes.remove_prefix(received.size());
  }
  outcome.state = decoder.state();
  outcome.whole = decoder.finish();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Outcome whole = answer(bytes, bytes.size() + 1);
  require(whole.body.size() <= bytes.size());
  require(whole == answer(bytes, std::size_t{data[0]} + 1));
  require(whole == answer(bytes, 1));
  return 0;
}
