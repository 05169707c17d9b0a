// PipeStream: one end of a pipe whose other end the command has.
#pragma once

#include <utility>

#include "berth/base/file.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

class PipeStream final : public AttachedStream {
 public:
  explicit PipeStream(UniqueFd end) : end_(std::move(end)) {}

  int poll_fd() const override { return end_.get(); }
  Result<ReadResult> read(std::span<std::byte> buffer) override;
  Result<std::size_t> write(std::span<const std::byte> bytes) override;
  Result<void> close_write() override;

 private:
  UniqueFd end_;
};

struct Pipe {
  UniqueFd reading{};
  UniqueFd writing{};
};

// As large as the system lets it be. The end that stays with us never blocks; the command's does,
// as any program expects of its standard streams. Errc::io where none can be made.
enum class PipeEnd { reading, writing };
Result<Pipe> make_pipe(PipeEnd ours);

}  // namespace berth::runtime
