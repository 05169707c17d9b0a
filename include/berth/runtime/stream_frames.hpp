// The frames of an attached container without a terminal: an 8-byte header (stream, three zero
// bytes, big-endian length), then that many bytes. Source: moby api/pkg/stdcopy.
//
// Incremental and without copies: pieces are views of what was fed, in the order of arrival, and a
// frame that is split over several reads gives a piece per read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "berth/base/result.hpp"

namespace berth::runtime {

enum class OutputStream { standard_output, standard_error };

class FrameDemultiplexer {
 public:
  struct Piece {
    OutputStream stream;
    std::span<const std::byte> bytes;  // never empty
  };

  // Gives the bytes of one read. next() must have returned nullopt for those before, which are then
  // forgotten.
  void feed(std::span<const std::byte> bytes) { input_ = bytes; }

  // The next piece of what was fed; nullopt: feed more. Errc::engine_failed for a frame of type 3,
  // which carries an error of the engine (its text in a note), and for any other type: that is not
  // the protocol. Errors are final.
  Result<std::optional<Piece>> next();

  // Whether the stream ended between two frames. A short last frame is no error: its bytes have
  // been handed out.
  bool at_boundary() const { return header_size_ == 0 && remaining_ == 0; }

  // At the end of the stream: an error that the engine was still telling. Otherwise fine.
  Result<void> finish() const;

 private:
  enum class Target { standard_output, standard_error, engine_error, broken };

  Result<void> begin_frame();
  Failure engine_error() const;
  Failure protocol_error() const;

  static constexpr std::size_t kHeaderSize = 8;
  std::span<const std::byte> input_{};
  std::array<std::byte, kHeaderSize> header_{};
  std::size_t header_size_ = 0;  // bytes of the header that have arrived
  std::uint32_t remaining_ = 0;  // bytes of the frame still to come
  Target target_ = Target::standard_output;
  std::string error_text_{};  // of a frame of type 3
};

}  // namespace berth::runtime
