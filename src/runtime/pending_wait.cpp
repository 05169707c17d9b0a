// One thread per wait: it blocks in the request, the caller polls an eventfd.
#include "runtime/pending_wait.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "berth/base/file.hpp"
#include "runtime/connection_error.hpp"
#include "runtime/engine_error.hpp"
#include "runtime/engine_json.hpp"

namespace berth::runtime {

namespace {

class BackgroundWait final : public PendingExit {
 public:
  BackgroundWait(HttpClient client, std::string target, UniqueFd event)
      : client_(std::move(client)), target_(std::move(target)), event_(std::move(event)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  int poll_fd() const override { return event_.get(); }

  Result<ExitStatus> get() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return result_.has_value(); });
    return *result_;
  }

  // Until the headers are there, or the request has failed, whose error it then is.
  Result<void> acknowledged(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, limit, [this] { return acknowledged_ || result_.has_value(); })) {
      return fail(timeout_error(client_.endpoint(), "POST " + target_));
    }
    if (result_.has_value() && !*result_) {
      return fail(result_->error());
    }
    return {};
  }

 private:
  void run(const std::stop_token& stop) {
    HttpRequest request{.method = "POST", .target = target_, .stop = stop};
    request.on_status = [this](long status) {
      const std::lock_guard lock(mutex_);
      acknowledged_ = status == 200;
      changed_.notify_all();
    };
    Result<ExitStatus> result = exit_status(client_.perform(request));
    const std::lock_guard lock(mutex_);
    result_.emplace(std::move(result));
    changed_.notify_all();
    const std::uint64_t one = 1;
    static_cast<void>(!::write(event_.get(), &one, sizeof(one)));
  }

  static Result<ExitStatus> exit_status(Result<HttpResponse> response) {
    if (!response) {
      return fail(std::move(response).error());
    }
    if (!response->ok()) {
      return fail(engine_error(*response, "the container cannot be waited for"));
    }
    return decode_exit(response->body);
  }

  const HttpClient client_;
  const std::string target_;
  const UniqueFd event_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool acknowledged_ = false;
  std::optional<Result<ExitStatus>> result_{};
  std::jthread thread_{};  // last: ends before what it uses
};

}  // namespace

Result<std::unique_ptr<PendingExit>> begin_wait(const HttpClient& client, const std::string& target,
                                                std::chrono::milliseconds acknowledgement) {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) {
    return fail(Errc::io, "cannot wait for the container: " +
                              std::error_code(errno, std::generic_category()).message());
  }
  std::unique_ptr<BackgroundWait> pending =
      std::make_unique<BackgroundWait>(client, target, std::move(event));
  BERTH_CHECK(pending->acknowledged(acknowledgement));
  return pending;
}

}  // namespace berth::runtime
