#include "runtime/exec_output.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/runtime/stream_frames.hpp"

namespace berth::runtime {

namespace {

class FilteredOutput final : public AttachedStream {
 public:
  FilteredOutput(std::unique_ptr<AttachedStream> inner, Engine& engine, std::string exec_id,
                 bool tty, std::shared_ptr<std::string> refusal)
      : inner_(std::move(inner)),
        engine_(engine),
        exec_id_(std::move(exec_id)),
        tty_(tty),
        refusal_(std::move(refusal)) {}

  int poll_fd() const override { return inner_->poll_fd(); }
  Result<std::size_t> write(std::span<const std::byte> bytes) override {
    return inner_->write(bytes);
  }
  Result<void> close_write() override { return inner_->close_write(); }

  Result<ReadResult> read(std::span<std::byte> buffer) override {
    if (passing_ && held_.empty()) {
      return ended_ ? Result<ReadResult>(ReadResult{ReadState::end, 0}) : inner_->read(buffer);
    }
    if (!passing_) {
      BERTH_TRY(const ReadResult result, hold(buffer));
      if (!passing_) {
        return result;
      }
    }
    const std::size_t count = std::min(buffer.size(), held_.size());
    // Not memcpy: `held_` may be empty, and have no data().
    std::copy_n(held_.begin(), count, buffer.begin());
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
    return count > 0 ? ReadResult{ReadState::data, count} : ReadResult{ReadState::end, 0};
  }

 private:
  // Reads on, to would_block or the end; passing_ is set where there is something to give to the
  // reader after all.
  Result<ReadResult> hold(std::span<std::byte> buffer) {
    constexpr std::size_t kLongest = 64u << 10;
    while (true) {
      BERTH_TRY(const ReadResult result, inner_->read(buffer));
      if (result.state == ReadState::would_block) {
        return result;
      }
      if (result.state == ReadState::end) {
        ended_ = true;
        passing_ = held_.empty() || !was_refused();
        return result;
      }
      held_.insert(held_.end(), buffer.begin(),
                   buffer.begin() + static_cast<std::ptrdiff_t>(result.count));
      const std::string said = text();  // empty: the head of a frame alone
      passing_ = held_.size() > kLongest || (!said.empty() && !is_engines(said));
      if (passing_) {
        return result;
      }
    }
  }

  // runc and crun, as moby (daemon/exec.go) and podman (conmon) pass their words on: in one piece.
  static bool is_engines(std::string_view text) {
    constexpr std::array<std::string_view, 4> kBeginnings = {
        "OCI runtime exec failed: ", "Error: runc: ", "Error: crun: ", "Error: OCI runtime "};
    return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                       [text](std::string_view beginning) { return text.starts_with(beginning); });
  }

  bool was_refused() {
    constexpr int kFirst = 125;
    constexpr int kLast = 127;
    const Result<ExecState> state = engine_.inspect_exec(exec_id_);
    if (!state || state->running || state->exit_code < kFirst || state->exit_code > kLast) {
      return false;
    }
    const std::string all = text();
    *refusal_ = all.substr(0, all.find_first_of("\r\n"));
    return true;
  }

  std::string text() const {
    if (tty_) {
      return {reinterpret_cast<const char*>(held_.data()), held_.size()};
    }
    FrameDemultiplexer frames;
    frames.feed(held_);
    std::string all;
    while (true) {
      const Result<std::optional<FrameDemultiplexer::Piece>> piece = frames.next();
      if (!piece || !piece->has_value()) {
        return all;
      }
      all.append(reinterpret_cast<const char*>((*piece)->bytes.data()), (*piece)->bytes.size());
    }
  }

  std::unique_ptr<AttachedStream> inner_;
  Engine& engine_;
  std::string exec_id_;
  bool tty_;
  std::shared_ptr<std::string> refusal_;
  std::vector<std::byte> held_{};
  bool passing_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<AttachedStream> without_refusal(std::unique_ptr<AttachedStream> stream,
                                                Engine& engine, const std::string& exec_id,
                                                bool tty, std::shared_ptr<std::string> refusal) {
  return std::make_unique<FilteredOutput>(std::move(stream), engine, exec_id, tty,
                                          std::move(refusal));
}

}  // namespace berth::runtime
