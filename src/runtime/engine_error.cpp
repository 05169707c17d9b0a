// Engines tell errors apart by prose alone, so this matches words. Each word's source is the engine
// named beside it; what is not recognised stays a plain refusal with the engine's message.
#include "runtime/engine_error.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "berth/base/text.hpp"
#include "runtime/engine_json.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [text](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

std::string engine_says(const std::string& message) {
  return "the engine says: " + message;
}

// moby daemon/devices.go, daemon/cdi.go; podman (containers.conf, CDI library);
// libnvidia-container.
bool is_gpu_problem(std::string_view lower) {
  return contains_any(lower, {"could not select device driver", "cdi device injection failed",
                              "unresolvable cdi devices", "nvidia-container-cli",
                              "nvidia-container-runtime", "failed to inject cdi devices"});
}

Error gpu_error(const std::string& message) {
  return Error{Errc::engine_failed, "the engine cannot attach the GPUs that were asked for"}
      .note(engine_says(message))
      .hint("`berth doctor` checks the engine's GPU access")
      .hint(
          "`sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker` "
          "sets it up, once the "
          "NVIDIA Container Toolkit is installed")
      .named("gpu-unavailable");
}

}  // namespace

Error engine_error(const HttpResponse& response, const std::string& what) {
  const Errc code = response.status == 404 ? Errc::not_found : Errc::engine_failed;
  Error error{code, what};
  const std::string message = decode_error_message(response.body);
  error.note(message.empty() ? fmt::format("the engine answered HTTP status {} and nothing else",
                                           response.status)
                             : engine_says(message));
  return error;
}

Error start_error(const HttpResponse& response) {
  const std::string message = decode_error_message(response.body);
  const std::string lower = lowered(message);
  if (is_gpu_problem(lower)) {
    return gpu_error(message);
  }
  Error error = engine_error(response, "the container cannot be started");
  error.code = Errc::engine_failed;
  if (contains_any(lower, {"setting rlimit"})) {  // runc, where the engine has no CAP_SYS_RESOURCE:
                                                  // rootless, nested
    error.message = "the engine may not raise the container's limits (ulimits)";
    error.id = "ulimit-refused";
    return error;
  }
  const bool about_command = contains_any(lower, {"exec:", "exec ", "to invoke a command"});
  // docker/cli cli/command/container/run.go (toStatusError): 127 is looked for first.
  if (contains_any(lower, {"executable file not found", "no such file or directory",
                           "system cannot find the file specified"})) {
    error.code = Errc::command_not_found;
    error.message = about_command ? "the container's command was not found" : error.message;
  } else if (contains_any(lower, {"permission denied", "is a directory", "exec format error"})) {
    error.code = Errc::cannot_invoke;
    error.message = about_command ? "the container's command cannot be executed" : error.message;
  }
  return error;
}

Error pull_error(const std::string& message, const std::string& image,
                 const std::string& registry) {
  const std::string lower = lowered(message);
  const auto refused = [&](Errc code, std::string_view why) {
    return Error{code, fmt::format("`{}` cannot be pulled: {}", image, why)}.note(
        engine_says(excerpt(message, 2000)));
  };
  const std::string login =
      fmt::format("`docker login{}`", registry == "docker.io" ? "" : " " + shell_quoted(registry));
  if (contains_any(lower, {"no space left on device", "disk quota exceeded"})) {
    return refused(Errc::engine_failed, "the engine's disk is full")
        .hint("`docker system df` shows what takes the space, `docker image prune` frees some")
        .named("disk-full");
  }
  if (contains_any(lower, {"toomanyrequests", "rate limit"})) {
    return refused(Errc::engine_failed, "the registry's rate limit is reached")
        .hint(login + " raises the limit")
        .named("registry-rate-limit");
  }
  if (contains_any(lower, {"no matching manifest", "no image found in manifest list",
                           "no image found in image index"})) {
    return refused(Errc::engine_failed, "it is not published for this machine's processor")
        .named("image-architecture");
  }
  if (contains_any(lower,
                   {"manifest unknown", "manifest for", "not found: manifest", "no such image",
                    "name unknown", "repository does not exist", "name invalid"})) {
    // Docker Hub tells a private repository and an absent one with the same words.
    Error error =
        refused(Errc::not_found, "the registry has no such image").named("image-not-found");
    if (contains_any(lower, {"denied"})) {
      error.hint(login + ", if it is private");
    }
    return error;
  }
  if (contains_any(lower, {"unauthorized", "authentication required", "no basic auth credentials",
                           "denied", "invalid username/password", "forbidden"})) {
    return refused(Errc::engine_failed, "the registry refuses access")
        .hint(login)
        .named("registry-unauthorized");
  }
  if (contains_any(lower, {"x509", "certificate"})) {
    return refused(Errc::engine_failed, "the registry's certificate is not trusted")
        .named("registry-certificate");
  }
  if (contains_any(lower, {"timeout", "deadline exceeded", "no such host", "connection refused",
                           "connection reset", "network is unreachable", "no route to host", "eof",
                           "temporary failure", "broken pipe", "server misbehaving",
                           "502 bad gateway", "503 service"})) {
    return refused(Errc::engine_failed, "the registry cannot be reached")
        .hint(
            "`docker info --format '{{.HTTPProxy}} {{.HTTPSProxy}}'` shows the proxies that the "
            "engine uses")
        .named("registry-unreachable");
  }
  if (contains_any(lower, {"not found"})) {
    return refused(Errc::not_found, "the registry has no such image").named("image-not-found");
  }
  return refused(Errc::engine_failed, "the engine gave up").named("pull-failed");
}

}  // namespace berth::runtime
