// The demultiplexer on any bytes, cut in any way: what comes out does not depend on the cuts, and
// never is more than went in. The first byte decides where the rest is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "berth/runtime/stream_frames.hpp"
#include "require.hpp"

using berth::Result;
using berth::fuzz::require;
using berth::runtime::FrameDemultiplexer;
using berth::runtime::OutputStream;

namespace {

struct Outcome {
  std::string output{};
  std::string error{};
  std::optional<std::string> failure{};

  bool operator==(const Outcome&) const = default;
};

Outcome demultiplexed(std::span<const std::byte> bytes, std::size_t piece_size) {
  FrameDemultiplexer frames;
  Outcome outcome;
  while (!bytes.empty() && !outcome.failure) {
    const std::size_t size = std::min(piece_size, bytes.size());
    frames.feed(bytes.first(size));
    bytes = bytes.subspan(size);
    while (true) {
      const Result<std::optional<FrameDemultiplexer::Piece>> piece = frames.next();
      if (!piece) {
        outcome.failure = piece.error().notes.front();
        break;
      }
      if (!piece->has_value()) {
        break;
      }
      require(!(*piece)->bytes.empty());
      std::string& text =
          (*piece)->stream == OutputStream::standard_error ? outcome.error : outcome.output;
      text.append(reinterpret_cast<const char*>((*piece)->bytes.data()), (*piece)->bytes.size());
    }
  }
  if (const Result<void> end = frames.finish(); !end && !outcome.failure) {
    outcome.failure = end.error().notes.front();
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data + 1, size - 1));
  const Outcome whole = demultiplexed(bytes, bytes.size() + 1);
  require(whole.output.size() + whole.error.size() <= bytes.size());
  require(whole == demultiplexed(bytes, std::size_t{data[0]} + 1));
  require(whole == demultiplexed(bytes, 1));
  return 0;
}
