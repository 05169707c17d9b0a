// Each method is one request of the Docker Engine API: build the target, perform, decode or
// explain.
#include "berth/runtime/docker_engine.hpp"

#include <algorithm>

#include "berth/base/text.hpp"
#include "berth/model/image_reference.hpp"
#include "berth/runtime/container_json.hpp"
#include "runtime/api_version.hpp"
#include "runtime/docker_engine_class.hpp"
#include "runtime/engine_error.hpp"
#include "runtime/engine_json.hpp"
#include "runtime/excerpt.hpp"
#include "runtime/image_pull.hpp"
#include "runtime/pending_wait.hpp"
#include "runtime/program_path.hpp"

namespace berth::runtime {

Result<std::string> DockerEngine::ping() {
  BERTH_TRY(const HttpResponse response,
            client_.perform(
                {.target = "/_ping", .timeout = options_.timeouts.ping, .stop = options_.stop}));
  const std::string& address = client_.endpoint().address;
  const auto version = response.headers.find("api-version");
  const bool is_engine = version != response.headers.end() || trimmed(response.body) == "OK";
  if (is_engine && !response.ok()) {
    return fail(engine_error(response, fmt::format("the engine at {} is not well", address)));
  }
  if (!is_engine) {
    return fail(
        Error{Errc::engine_failed,
              fmt::format("what answers at {} is no container engine", address)}
            .note(fmt::format("expected `OK` and the header Api-Version from `GET /_ping`, got "
                              "status {} and `{}`",
                              response.status, excerpt(response.body))));
  }
  // Podman says so in a header of its own; a gateway may have taken the other one away.
  const auto server = response.headers.find("server");
  if (response.headers.contains("libpod-api-version")) {
    kind_ = EngineFacts::Kind::podman;
  } else if (server != response.headers.end() && server->second.starts_with("Docker/")) {
    kind_ = EngineFacts::Kind::docker;
  }
  return version == response.headers.end() ? std::string() : version->second;
}

Result<std::string> DockerEngine::api_version() {
  const std::lock_guard lock(mutex_);
  if (!api_version_.has_value()) {
    BERTH_TRY(const std::string theirs, ping());
    BERTH_TRY(const ApiVersion agreed,
              agree_on_api_version(theirs, options_.environment("DOCKER_API_VERSION")));
    api_version_ = agreed.text();
  }
  return *api_version_;
}

Result<std::string> DockerEngine::versioned(const std::string& path) {
  BERTH_TRY(const std::string version, api_version());
  return "/v" + version + path;
}

Result<HttpResponse> DockerEngine::call(const std::string& method, const std::string& path,
                                        std::chrono::milliseconds timeout, std::string body,
                                        std::stop_token stop) {
  BERTH_TRY(std::string target, versioned(path));
  return client_.perform({.method = method,
                          .target = std::move(target),
                          .body = std::move(body),
                          .timeout = timeout,
                          .stop = std::move(stop)});
}

Result<UpgradeAnswer> DockerEngine::open_stream(StreamRequest request) {
  BERTH_TRY(request.target, versioned(request.target));
  const std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  BERTH_TRY(UpgradeAnswer answer,
            runtime::open_stream(client_.transport(), request, options_.timeouts.query));
  client_.tell(request.method(), request.target, answer.status, begun);
  return answer;
}

Result<std::string> DockerEngine::describe(const std::string& path) {
  BERTH_TRY(HttpResponse response, call("GET", path, options_.timeouts.query, {}, options_.stop));
  if (!response.ok()) {
    if (std::optional<Error> refused =
            api_version_refused(decode_error_message(response.body), *api_version_,
                                options_.environment("DOCKER_API_VERSION").has_value())) {
      return fail(std::move(*refused));
    }
    Error error = engine_error(response, fmt::format("the engine does not answer `GET {}`", path));
    error.code = Errc::engine_failed;  // even with 404: every engine has it
    return fail(std::move(error));
  }
  return std::move(response.body);
}

// `/version` is left out where `/_ping` has told the kind: the engine asks its parts for theirs,
// which takes as long as all the rest.
Result<EngineFacts> DockerEngine::facts() {
  BERTH_TRY(const std::string api, api_version());
  std::string version;
  if (!kind_) {
    BERTH_TRY(version, describe("/version"));
  }
  BERTH_TRY(const std::string info, describe("/info"));
  BERTH_TRY(EngineFacts facts, decode_engine_facts(kind_, version, info));
  facts.address = client_.endpoint().address;
  facts.api_version = api;
  facts.nvidia_hook = finds_nvidia_hook(facts);
  return facts;
}

Result<EngineDetails> DockerEngine::details() {
  BERTH_TRY(const std::string version, describe("/version"));
  BERTH_TRY(const std::string info, describe("/info"));
  return decode_engine_details(version, info);
}

// The engine does not say whether it takes the driver `nvidia`: dockerd registers it where it finds
// the hook on its own PATH when it starts (moby daemon/devices_nvidia_linux.go). A configured
// runtime of that name, or the hook on our PATH and in the folders that a daemon's PATH has, is the
// best evidence to be had.
bool DockerEngine::finds_nvidia_hook(const EngineFacts& facts) const {
  if (facts.kind == EngineFacts::Kind::podman) {
    return false;  // it accepts such requests and does nothing
  }
  for (const std::string& runtime : facts.runtimes) {
    if (runtime == "nvidia") {
      return true;
    }
  }
  if (!client_.endpoint().local()) {
    return false;
  }
  const std::string path = options_.environment("PATH").value_or("") +
                           ":/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin";
  return find_program("nvidia-container-runtime-hook", path).has_value();
}

// A bind source is looked for where the engine is.
Error with_note_on_paths(Error error, const Endpoint& endpoint) {
  const bool about_path =
      std::any_of(error.notes.begin(), error.notes.end(), [](const std::string& note) {
        return note.find("bind source path") != std::string::npos ||
               note.find("no such file or directory") != std::string::npos;
      });
  if (about_path && !endpoint.local()) {
    error.note(
        fmt::format("the engine is on another machine ({}): what is mounted, the project too, "
                    "must be there, at the same path",
                    endpoint.address));
  }
  return error;
}

Result<CreatedContainer> DockerEngine::create(const ContainerSpec& spec) {
  BERTH_CHECK(check_encodable(spec));
  BERTH_TRY(const HttpResponse response,
            call("POST", create_path(spec), options_.timeouts.action, create_body(spec)));
  if (response.status == 404) {
    return fail(engine_error(response, fmt::format("image `{}` is not there", spec.image)));
  }
  // Podman says 500 where two ask for a name at the same moment.
  const bool taken = !response.ok() && !spec.name.empty() &&
                     response.body.find("is already in use") != std::string::npos;
  if (response.status == 409 || taken) {
    return fail(engine_error(response, fmt::format("the name `{}` is taken", spec.name))
                    .named("name-in-use"));
  }
  if (!response.ok()) {
    return fail(with_note_on_paths(engine_error(response, "the container cannot be created"),
                                   client_.endpoint()));
  }
  return decode_created(response.body);
}

Result<std::unique_ptr<AttachedStream>> DockerEngine::attach(const std::string& id,
                                                             const AttachOptions& options) {
  std::string query =
      fmt::format("/attach?stream=1&stdin={:d}&stdout={:d}&stderr={:d}{}", options.stdin_stream,
                  options.stdout_stream, options.stderr_stream, options.logs ? "&logs=1" : "");
  if (options.detach_keys.has_value()) {
    query += "&detachKeys=" + url_escaped(*options.detach_keys);
  }
  BERTH_TRY(UpgradeAnswer answer, open_stream({.target = container_path(id, query)}));
  if (answer.stream == nullptr) {
    const HttpResponse response{.status = answer.status, .body = std::move(answer.body)};
    return fail(answer.status == 404 ? engine_error(response, "the container is not there")
                                     : start_error(response));
  }
  return std::move(answer.stream);
}

Result<std::unique_ptr<PendingExit>> DockerEngine::wait(const std::string& id,
                                                        WaitCondition condition) {
  const char* name = condition == WaitCondition::removed       ? "removed"
                     : condition == WaitCondition::not_running ? "not-running"
                                                               : "next-exit";
  BERTH_TRY(const std::string target,
            versioned(container_path(id, fmt::format("/wait?condition={}", name))));
  return begin_wait(client_, target, options_.timeouts.query);
}

Result<void> DockerEngine::start(const std::string& id) {
  BERTH_TRY(const HttpResponse response, call("POST", container_path(id, "/start"),
                                              options_.timeouts.action, {}, options_.stop));
  constexpr long kAlreadyStarted = 304;
  if (!response.ok() && response.status != kAlreadyStarted) {
    return fail(start_error(response));
  }
  return {};
}

Result<void> DockerEngine::resize(const std::string& id, ContainerSpec::ConsoleSize size) {
  BERTH_TRY(
      const HttpResponse response,
      call("POST", container_path(id, fmt::format("/resize?h={}&w={}", size.rows, size.columns)),
           options_.timeouts.query, {}, options_.leave));
  if (!response.ok()) {
    return fail(engine_error(response, "the container's terminal cannot be resized"));
  }
  return {};
}

Result<void> DockerEngine::kill(const std::string& id, const std::string& signal) {
  BERTH_TRY(const HttpResponse response,
            call("POST", container_path(id, "/kill?signal=" + url_escaped(signal)),
                 options_.timeouts.query, {}, options_.leave));
  if (!response.ok()) {
    return fail(
        engine_error(response, fmt::format("signal {} cannot be sent to the container", signal)));
  }
  return {};
}

Result<void> DockerEngine::remove(const std::string& id, bool force) {
  BERTH_TRY(const HttpResponse response,
            call("DELETE", container_path(id, force ? "?v=1&force=1" : "?v=1"),
                 options_.timeouts.action));
  const bool under_way =
      response.status == 409 &&
      decode_error_message(response.body).find("already in progress") != std::string::npos;
  if (under_way) {
    // The container's own AutoRemove was quicker: what uses the container is free only when that
    // has ended.
    BERTH_CHECK(
        call("POST", container_path(id, "/wait?condition=removed"), options_.timeouts.action));
    return {};
  }
  if (!response.ok() && response.status != 404) {
    return fail(engine_error(response, "the container cannot be removed"));
  }
  return {};
}

std::unique_ptr<Engine> make_docker_engine(Endpoint endpoint, EngineOptions options) {
  return std::make_unique<DockerEngine>(std::move(endpoint), std::move(options));
}

Result<std::unique_ptr<Engine>> open_engine(const EndpointQuery& query, EngineOptions options) {
  BERTH_TRY(Endpoint found, find_endpoint(query));
  BERTH_TRY(Endpoint endpoint, open_endpoint(std::move(found), options.stop));
  return make_docker_engine(std::move(endpoint), std::move(options));
}

}  // namespace berth::runtime
