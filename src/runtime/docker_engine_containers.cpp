// What is done with containers that are there: looking, listing, logs, stopping, further commands.
#include <algorithm>

#include "runtime/api_version.hpp"
#include "runtime/container_calls_json.hpp"
#include "runtime/docker_engine_class.hpp"
#include "runtime/engine_error.hpp"
#include "runtime/engine_json.hpp"

namespace berth::runtime {

namespace {

constexpr long kUnchanged = 304;  // already started, already stopped

std::string exec_path(const std::string& id, std::string_view rest) {
  return fmt::format("/exec/{}{}", url_escaped(id), rest);
}

std::string log_query(const LogOptions& options) {
  std::string query =
      fmt::format("/logs?follow={:d}&stdout={:d}&stderr={:d}&timestamps={:d}", options.follow,
                  options.stdout_stream, options.stderr_stream, options.timestamps);
  if (!options.since.empty()) {
    query += "&since=" + url_escaped(options.since);
  }
  if (!options.until.empty()) {
    query += "&until=" + url_escaped(options.until);
  }
  if (options.tail.has_value()) {
    query += fmt::format("&tail={}", *options.tail);
  }
  return query;
}

}  // namespace

Result<std::optional<std::string>> DockerEngine::inspect_raw(const std::string& id) {
  BERTH_TRY(HttpResponse response,
            call("GET", container_path(id, "/json"), options_.timeouts.query, {}, options_.leave));
  // Podman says 500 where it is removed at the same moment.
  const bool gone = !response.ok() && response.body.find("no such container") != std::string::npos;
  if (response.status == 404 || gone) {
    return std::nullopt;
  }
  if (!response.ok()) {
    return fail(engine_error(response, "the container cannot be looked up"));
  }
  return std::move(response.body);
}

Result<std::optional<ContainerState>> DockerEngine::inspect_container(const std::string& id) {
  BERTH_TRY(const std::optional<std::string> body, inspect_raw(id));
  if (!body.has_value()) {
    return std::nullopt;
  }
  return decode_container(*body);
}

Result<std::vector<ContainerSummary>> DockerEngine::list_containers(
    const std::vector<std::string>& labels, bool all) {
  BERTH_TRY(const HttpResponse response, call("GET",
                                              fmt::format("/containers/json?all={:d}&filters={}",
                                                          all, url_escaped(label_filter(labels))),
                                              options_.timeouts.query, {}, options_.stop));
  if (!response.ok()) {
    return fail(engine_error(response, "the engine does not list its containers"));
  }
  return decode_containers(response.body);
}

Result<std::unique_ptr<AttachedStream>> DockerEngine::logs(const std::string& id,
                                                           const LogOptions& options) {
  BERTH_TRY(UpgradeAnswer answer, open_stream({.kind = StreamRequest::Kind::download,
                                               .target = container_path(id, log_query(options))}));
  if (answer.stream == nullptr) {
    const HttpResponse response{.status = answer.status, .body = std::move(answer.body)};
    return fail(engine_error(response, "the container's log cannot be read"));
  }
  return std::move(answer.stream);
}

// Before API 1.42 the call to stop takes no signal of ours.
Result<void> DockerEngine::signal_and_wait(const std::string& id, const std::string& signal,
                                           std::chrono::seconds grace) {
  // A refusal is the engine's when there is nothing to stop any more; stop, which follows, tells.
  static_cast<void>(kill(id, signal));
  const Result<HttpResponse> ended = call(
      "POST", container_path(id, "/wait?condition=not-running"),
      std::max<std::chrono::milliseconds>(grace, std::chrono::milliseconds(1)), {}, options_.stop);
  if (!ended && ended.error().code == Errc::interrupted) {
    return fail(ended.error());
  }
  return {};
}

Result<void> DockerEngine::stop(const std::string& id, std::optional<std::string> signal,
                                std::optional<std::chrono::seconds> grace) {
  constexpr std::chrono::seconds kUsualGrace{10};
  std::string query = "/stop?";
  if (signal.has_value()) {
    BERTH_TRY(const std::string version, api_version());
    constexpr ApiVersion kTakesSignal{1, 42};
    if (parse_api_version(version).value_or(ApiVersion{}) < kTakesSignal) {
      BERTH_CHECK(signal_and_wait(id, *signal, grace.value_or(kUsualGrace)));
      grace = std::chrono::seconds(0);
    } else {
      query += "signal=" + url_escaped(*signal) + "&";
    }
  }
  if (grace.has_value()) {
    query += fmt::format("t={}", grace->count());
  }
  // How long a grace of the container's own is, is not known here: no limit then.
  const std::chrono::milliseconds limit =
      grace.has_value() ? *grace + options_.timeouts.query : std::chrono::milliseconds(0);
  BERTH_TRY(const HttpResponse response,
            call("POST", container_path(id, query), limit, {}, options_.stop));
  if (!response.ok() && response.status != kUnchanged) {
    return fail(engine_error(response, "the container cannot be stopped"));
  }
  return {};
}

Result<std::optional<ContainerStats>> DockerEngine::stats(const std::string& id) {
  BERTH_TRY(const HttpResponse response,
            call("GET", container_path(id, "/stats?stream=0&one-shot=1"), options_.timeouts.query,
                 {}, options_.leave));
  if (response.status == 404) {
    return std::nullopt;
  }
  if (!response.ok()) {
    return fail(engine_error(response, "what the container uses cannot be read"));
  }
  return decode_stats(response.body);
}

Result<std::string> DockerEngine::create_exec(const std::string& id, const ExecSpec& spec) {
  BERTH_TRY(std::string body, exec_body(spec));
  BERTH_TRY(const HttpResponse response,
            call("POST", container_path(id, "/exec"), options_.timeouts.query, std::move(body)));
  if (response.status == 404) {
    return fail(engine_error(response, "the container is not there"));
  }
  if (!response.ok()) {
    return fail(engine_error(response, "no command can be run in the container"));
  }
  return decode_created_exec(response.body);
}

Result<std::unique_ptr<AttachedStream>> DockerEngine::start_exec(const std::string& exec_id,
                                                                 bool tty) {
  BERTH_TRY(UpgradeAnswer answer,
            open_stream({.target = exec_path(exec_id, "/start"), .body = exec_start_body(tty)}));
  if (answer.stream == nullptr) {
    return fail(start_error({.status = answer.status, .body = std::move(answer.body)}));
  }
  return std::move(answer.stream);
}

Result<ExecState> DockerEngine::inspect_exec(const std::string& exec_id) {
  BERTH_TRY(const HttpResponse response,
            call("GET", exec_path(exec_id, "/json"), options_.timeouts.query, {}, options_.leave));
  if (!response.ok()) {
    return fail(engine_error(response, "how the command ended cannot be found out"));
  }
  return decode_exec(response.body);
}

Result<void> DockerEngine::resize_exec(const std::string& exec_id,
                                       ContainerSpec::ConsoleSize size) {
  BERTH_TRY(
      const HttpResponse response,
      call("POST", exec_path(exec_id, fmt::format("/resize?h={}&w={}", size.rows, size.columns)),
           options_.timeouts.query, {}, options_.leave));
  if (!response.ok()) {
    return fail(engine_error(response, "the command's terminal cannot be resized"));
  }
  return {};
}

}  // namespace berth::runtime
