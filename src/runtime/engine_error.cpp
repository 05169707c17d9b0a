// Engines tell errors apart by prose alone, so this matches words. Each word's source is the engine
// named beside it; what is not recognised stays a plain refusal with the engine's message.
#include "runtime/engine_error.hpp"

#include <spdlog/fmt/fmt.h>

#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/base/text.hpp"
#include "runtime/engine_json.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

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

// containerd's shim, where the toolkit was removed and its runtime is still Docker's default, so
// that no container starts, with GPUs or without.
bool is_missing_runtime(std::string_view lower) {
  return contains_any(lower, {"nvidia-container-runtime\": executable file not found",
                              "nvidia-container-runtime: no such file"});
}

Error missing_runtime(const std::string& message) {
  return Error{Errc::engine_failed,
               "the engine starts containers by `nvidia-container-runtime`, "
               "which is not there"}
      .note(engine_says(message))
      .hint("`berth doctor` says how to mend it")
      .named("gpu-runtime-missing");
}

// moby daemon/apparmor_default.go; runc libcontainer/apparmor. Their words hold those of a command
// that was not found.
bool is_apparmor_problem(std::string_view lower) {
  return contains_any(lower, {"apparmor enabled on system but", "apparmor profile",
                              "apparmor failed to apply profile"});
}

Error apparmor_error(const std::string& message) {
  return Error{Errc::engine_failed, "the engine cannot confine the container by AppArmor"}
      .note(engine_says(message))
      .hint("`berth doctor` says what is missing")
      .hint("`berth run --security-opt apparmor=unconfined …` goes without")
      .named("apparmor-profile");
}

}  // namespace

Error engine_error(const HttpResponse& response, const std::string& what) {
  const Errc code = response.status == 404 ? Errc::not_found : Errc::engine_failed;
  Error error{code, what};
  const std::string message = decode_error_message(response.body);
  error.note(message.empty() ? fmt::format("the engine answered HTTP status {} and nothing else",
                                           response.status)
                             : engine_says(message));
  if (contains_any(lowered(message), {"no space left on device", "disk quota exceeded"})) {
    error.code = Errc::engine_failed;
    error.id = "disk-full";
    error.message += ": its disk is full";
    error.hint("`docker system df` shows what takes the space, `docker system prune` frees some");
    error.hint(
        "`berth env prune --older 7d --cache` removes environments that were not used for a week");
  }
  return error;
}

Error start_error(const HttpResponse& response) {
  const std::string message = decode_error_message(response.body);
  const std::string lower = lowered(message);
  if (is_missing_runtime(lower)) {
    return missing_runtime(message);
  }
  if (is_gpu_problem(lower)) {
    return gpu_error(message);
  }
  if (is_apparmor_problem(lower)) {
    return apparmor_error(message);
  }
  Error error = engine_error(response, "the container cannot be started");
  error.code = Errc::engine_failed;
  if (contains_any(lower, {"setting rlimit"})) {  // runc, where the engine has no CAP_SYS_RESOURCE:
                                                  // rootless, nested
    error.message = "the engine may not raise the container's limits (ulimits)";
    error.id = "ulimit-refused";
    return error;
  }
  if (contains_any(lower, {"chdir to cwd", "chdir: "})) {  // runc; crun
    error.message = "the working directory is not there";
    error.id = "workdir-missing";
    return error;
  }
  const bool about_command =
      contains_any(lower, {"exec:", "exec ", "to invoke a command", "executable file"});
  // docker/cli cli/command/container/run.go (toStatusError): 127 is looked for first.
  // But only where it is the command that is not there, and no device or hook.
  if (!about_command) {
    return error;
  }
  if (contains_any(lower, {"executable file not found", "no such file or directory",
                           "system cannot find the file specified"})) {
    error.code = Errc::command_not_found;
    error.message = "the container's command was not found";
  } else if (contains_any(lower, {"permission denied", "is a directory", "exec format error"})) {
    error.code = Errc::cannot_invoke;
    error.message = "the container's command cannot be executed";
  }
  return error;
}

namespace {

enum class Remedy { none, login, login_if_private, free_space, show_proxies };

struct PullFailure {
  std::vector<std::string_view> words;
  Errc code;
  std::string_view why;
  const char* id;
  Remedy remedy;
};

// The first that matches decides, so the special ones come before the general. Sources: moby
// distribution/errors.go and registry/, distribution's error codes (name unknown, manifest unknown,
// denied), Go's net and x509.
const PullFailure kPullFailures[] = {
    {{"no space left on device", "disk quota exceeded"},
     Errc::engine_failed,
     "the engine's disk is full",
     "disk-full",
     Remedy::free_space},
    {{"toomanyrequests", "rate limit"},
     Errc::engine_failed,
     "the registry's rate limit is reached",
     "registry-rate-limit",
     Remedy::login},
    {{"no matching manifest", "no image found in manifest list", "no image found in image index"},
     Errc::engine_failed,
     "it is not published for this machine's processor",
     "image-architecture",
     Remedy::none},
    // Docker Hub tells a private repository and an absent one with the same words.
    {{"repository does not exist"},
     Errc::not_found,
     "the registry has no such image",
     "image-not-found",
     Remedy::login_if_private},
    {{"manifest unknown", "manifest for", "no such image", "name unknown", "name invalid"},
     Errc::not_found,
     "the registry has no such image",
     "image-not-found",
     Remedy::none},
    {{"unauthorized", "authentication required", "no basic auth credentials", "denied",
      "invalid username/password", "forbidden"},
     Errc::engine_failed,
     "the registry refuses access",
     "registry-unauthorized",
     Remedy::login},
    {{"x509", "certificate"},
     Errc::engine_failed,
     "the registry's certificate is not trusted",
     "registry-certificate",
     Remedy::none},
    {{"unexpected eof", "connection reset", "broken pipe"},
     Errc::engine_failed,
     "the connection to the registry broke",
     "registry-cut",
     Remedy::show_proxies},
    {{"timeout", "deadline exceeded", "no such host", "connection refused",
      "network is unreachable", "no route to host", "eof", "temporary failure",
      "server misbehaving", "502 bad gateway", "503 service"},
     Errc::engine_failed,
     "the registry cannot be reached",
     "registry-unreachable",
     Remedy::show_proxies},
    {{"not found"},
     Errc::not_found,
     "the registry has no such image",
     "image-not-found",
     Remedy::none},
    {{""}, Errc::engine_failed, "the engine gave up", "pull-failed", Remedy::none},
};

std::string remedy_text(Remedy remedy, const std::string& registry) {
  const std::string login =
      "`docker login" + (registry == "docker.io" ? "" : " " + shell_quoted(registry)) + "`";
  switch (remedy) {
    case Remedy::none:
      return {};
    case Remedy::login:
      return login;
    case Remedy::login_if_private:
      return login + ", if it is private";
    case Remedy::free_space:
      return "`docker system df` shows what takes the space, `docker image prune` frees some";
    case Remedy::show_proxies:
      return "`docker info --format '{{.HTTPProxy}} {{.HTTPSProxy}}'` shows the proxies that the "
             "engine uses";
  }
  return {};
}

}  // namespace

Error pull_error(const std::string& message, const std::string& image,
                 const std::string& registry) {
  const std::string lower = lowered(message);
  const PullFailure* failure = std::begin(kPullFailures);
  while (!contains_any(lower, failure->words)) {
    ++failure;  // the last one matches anything
  }
  Error error{failure->code, fmt::format("`{}` cannot be pulled: {}", image, failure->why)};
  error.note(engine_says(excerpt(message, 2000)));
  error.id = failure->id;
  if (std::string remedy = remedy_text(failure->remedy, registry); !remedy.empty()) {
    error.hint(std::move(remedy));
  }
  return error;
}

}  // namespace berth::runtime
