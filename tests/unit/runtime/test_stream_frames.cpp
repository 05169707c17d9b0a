// The demultiplexer, fed in every way a socket can cut its bytes.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/runtime/stream_frames.hpp"
#include "support/catch.hpp"

using berth::Errc;
using berth::Error;
using berth::Result;
using berth::runtime::FrameDemultiplexer;
using berth::runtime::OutputStream;

namespace {

std::string frame(char type, std::string_view payload) {
  const std::size_t size = payload.size();
  std::string bytes{type, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((size >> shift) & 0xff);
  }
  return bytes.append(payload);
}

struct Collected {
  std::string output{};
  std::string error{};
};

// Feeds `bytes` in pieces that end at `cuts`, and appends what comes out.
Result<void> feed(FrameDemultiplexer& frames, std::string_view bytes, Collected& collected) {
  frames.feed(std::as_bytes(std::span(bytes)));
  while (true) {
    BERTH_TRY(const std::optional<FrameDemultiplexer::Piece> piece, frames.next());
    if (!piece.has_value()) {
      return {};
    }
    REQUIRE_FALSE(piece->bytes.empty());
    std::string& target =
        piece->stream == OutputStream::standard_error ? collected.error : collected.output;
    target.append(reinterpret_cast<const char*>(piece->bytes.data()), piece->bytes.size());
  }
}

const std::string& two_streams() {
  static const std::string bytes = frame(1, "hello ") + frame(2, "oops") + frame(1, "") +
                                   frame(1, std::string("w\0rld", 5)) + frame(0, "!") +
                                   frame(2, "\n");
  return bytes;
}

}  // namespace

TEST_CASE("frames come out whole wherever the bytes are cut in two") {
  for (std::size_t cut = 0; cut <= two_streams().size(); ++cut) {
    INFO("cut after " << cut << " bytes");
    FrameDemultiplexer frames;
    Collected collected;
    REQUIRE(feed(frames, std::string_view(two_streams()).substr(0, cut), collected));
    REQUIRE(feed(frames, std::string_view(two_streams()).substr(cut), collected));
    REQUIRE(collected.output == std::string("hello w\0rld!", 12));
    REQUIRE(collected.error == "oops\n");
    REQUIRE(frames.at_boundary());
  }
}

TEST_CASE("frames come out whole byte by byte") {
  FrameDemultiplexer frames;
  Collected collected;
  for (const char& byte : two_streams()) {
    REQUIRE(feed(frames, std::string_view(&byte, 1), collected));
  }
  REQUIRE(collected.output == std::string("hello w\0rld!", 12));
  REQUIRE(collected.error == "oops\n");
}

TEST_CASE("pieces are views of what was fed, in the order of arrival") {
  const std::string bytes = frame(1, "a") + frame(2, "b") + frame(1, "c");
  FrameDemultiplexer frames;
  frames.feed(std::as_bytes(std::span(bytes)));
  const std::vector<std::pair<OutputStream, std::size_t>> expected{
      {OutputStream::standard_output, 8},
      {OutputStream::standard_error, 17},
      {OutputStream::standard_output, 26}};
  for (const auto& [stream, offset] : expected) {
    const std::optional<FrameDemultiplexer::Piece> piece = frames.next().value();
    REQUIRE(piece.has_value());
    REQUIRE(piece->stream == stream);
    REQUIRE(static_cast<const void*>(piece->bytes.data()) == bytes.data() + offset);
  }
  REQUIRE_FALSE(frames.next().value().has_value());
}

TEST_CASE("a short last frame is an end, not an error") {
  const std::string bytes = frame(1, "0123456789");
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    FrameDemultiplexer frames;
    Collected collected;
    REQUIRE(feed(frames, std::string_view(bytes).substr(0, length), collected));
    REQUIRE(collected.output ==
            std::string_view("0123456789").substr(0, length < 8 ? 0 : length - 8));
    REQUIRE(frames.finish());
    REQUIRE_FALSE(frames.at_boundary());
  }
}

TEST_CASE("a frame of type 3 is the engine's error") {
  const std::string bytes =
      frame(1, "before") + frame(3, "disk \x1b[31mfailed") + frame(1, "after");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameDemultiplexer frames;
    Collected collected;
    const Result<void> first = feed(frames, std::string_view(bytes).substr(0, cut), collected);
    const Result<void> second = feed(frames, std::string_view(bytes).substr(cut), collected);
    INFO("cut after " << cut << " bytes");
    REQUIRE((!first || !second));
    const Error error = first ? second.error() : first.error();
    REQUIRE(error.code == Errc::engine_failed);
    REQUIRE(error.notes.front() == "the engine says: disk \\x1b[31mfailed");
    REQUIRE(collected.output == "before");
  }
}

TEST_CASE("an engine's error that is cut off is still told at the end") {
  FrameDemultiplexer frames;
  Collected collected;
  REQUIRE(feed(frames, std::string_view(frame(3, "out of memory")).substr(0, 14), collected));
  REQUIRE(frames.finish().error().notes.front() == "the engine says: out of");
}

TEST_CASE("bytes that are no frames are a protocol error, for good") {
  const std::vector<std::string> wrong{"plain text without a header",
                                       std::string("\x04\0\0\0\0\0\0\x01x", 9),
                                       std::string("\x01\0\x01\0\0\0\0\x01x", 9)};
  for (const std::string& bytes : wrong) {
    FrameDemultiplexer frames;
    Collected collected;
    REQUIRE(feed(frames, bytes, collected).error().code == Errc::engine_failed);
    REQUIRE(feed(frames, frame(1, "x"), collected).error().code == Errc::engine_failed);
    REQUIRE(collected.output.empty());
  }
}
