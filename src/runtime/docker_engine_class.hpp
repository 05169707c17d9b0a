// The Engine of berth/runtime/docker_engine.hpp. Its calls are in two files by subject:
// docker_engine.cpp has the facts, the images and what makes a run; docker_engine_containers.cpp
// has what is done with containers that are there.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/runtime/docker_engine.hpp"
#include "berth/runtime/engine.hpp"
#include "runtime/hijacked_stream.hpp"
#include "runtime/http_client.hpp"

namespace berth::runtime {

class DockerEngine final : public Engine {
 public:
  DockerEngine(Endpoint endpoint, EngineOptions options)
      : options_(std::move(options)),
        client_(make_transport(std::move(endpoint), options_.timeouts.connect), options_.log) {}

  Result<EngineFacts> facts() override;
  Result<EngineDetails> details() override;
  Result<std::optional<ImageFacts>> inspect_image(const std::string& reference) override;
  Result<void> pull(const std::string& reference, const std::string& platform,
                    const PullObserver& observer, std::stop_token stop) override;
  Result<CreatedContainer> create(const ContainerSpec& spec) override;
  Result<std::unique_ptr<AttachedStream>> attach(const std::string& id,
                                                 const AttachOptions& options) override;
  Result<std::unique_ptr<PendingExit>> wait(const std::string& id,
                                            WaitCondition condition) override;
  Result<void> start(const std::string& id) override;
  Result<void> resize(const std::string& id, ContainerSpec::ConsoleSize size) override;
  Result<void> kill(const std::string& id, const std::string& signal) override;
  Result<void> remove(const std::string& id, bool force) override;
  Result<std::optional<ContainerState>> inspect_container(const std::string& id) override;
  Result<std::optional<std::string>> inspect_raw(const std::string& id) override;
  Result<std::vector<ContainerSummary>> list_containers(const std::vector<std::string>& labels,
                                                        bool all) override;
  Result<std::unique_ptr<AttachedStream>> logs(const std::string& id,
                                               const LogOptions& options) override;
  Result<void> stop(const std::string& id, std::optional<std::string> signal,
                    std::optional<std::chrono::seconds> grace) override;
  Result<std::optional<ContainerStats>> stats(const std::string& id) override;
  Result<std::string> create_exec(const std::string& id, const ExecSpec& spec) override;
  Result<std::unique_ptr<AttachedStream>> start_exec(const std::string& exec_id, bool tty) override;
  Result<ExecState> inspect_exec(const std::string& exec_id) override;
  Result<void> resize_exec(const std::string& exec_id, ContainerSpec::ConsoleSize size) override;
  Result<std::string> import_image(const std::string& archive) override;
  Result<void> remove_image(const std::string& id) override;
  Result<std::string> commit(const std::string& container, const CommitSpec& spec) override;
  Result<std::vector<ImageSummary>> list_images(const std::vector<std::string>& labels) override;
  Result<std::optional<std::uint64_t>> volume_bytes(const std::string& name) override;
  Result<void> remove_volume(const std::string& name) override;

 private:
  // Asks once what is there and how to speak with it.
  Result<std::string> api_version();
  Result<std::string> ping();
  // A path below the agreed version: "/v1.41/containers/…".
  Result<std::string> versioned(const std::string& path);
  Result<HttpResponse> call(const std::string& method, const std::string& path,
                            std::chrono::milliseconds timeout, std::string body = {},
                            std::stop_token stop = {});
  // The target is a path below the agreed version.
  Result<UpgradeAnswer> open_stream(StreamRequest request);
  // The body of GET /version or /info.
  Result<std::string> describe(const std::string& path);
  bool finds_nvidia_hook(const EngineFacts& facts) const;
  Result<void> signal_and_wait(const std::string& id, const std::string& signal,
                               std::chrono::seconds grace);

  const EngineOptions options_;
  const HttpClient client_;
  std::mutex mutex_;
  std::optional<std::string> api_version_;
  std::optional<EngineFacts::Kind> kind_;  // as the ping's headers say it
};

// A container's resource: "/containers/ID/start".
inline std::string container_path(const std::string& id, std::string_view rest) {
  return fmt::format("/containers/{}{}", url_escaped(id), rest);
}

}  // namespace berth::runtime
