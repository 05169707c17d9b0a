// Source: podman-system-service(1). `--time=0`: not ended by five seconds of silence.
#include "runtime/podman_service.hpp"

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "runtime/excerpt.hpp"
#include "runtime/program_path.hpp"

namespace berth::runtime {

bool only_podman_is_installed(const std::string& path) {
  if (!find_program("podman", path)) {
    return false;
  }
  const std::optional<std::filesystem::path> docker = find_program("docker", path);
  if (!docker) {
    return true;
  }
  constexpr std::size_t kLargestScript = 4096;
  const Result<std::string> script = read_file(*docker, kLargestScript);
  return script && script->starts_with("#!") && script->find("podman") != std::string::npos;
}

Endpoint podman_endpoint() {
  Endpoint endpoint;
  endpoint.through = Endpoint::Through::podman;
  endpoint.base_url = "http://localhost";
  endpoint.address = "podman system service";
  endpoint.origin = "podman, since no socket answers";
  return endpoint;
}

Result<std::shared_ptr<const SocketProgram>> start_podman_service(const std::stop_token& stop) {
  BERTH_TRY(const std::shared_ptr<SocketProgram> program,
            SocketProgram::start({.command = [](const std::string& socket) {
              return std::vector<std::string>{"podman", "system", "service", "--time=0",
                                              "unix://" + socket};
            }}));
  BERTH_TRY(const bool ready, program->wait_until_ready(stop));
  if (!ready) {
    const std::string said = program->said();
    return fail(Error{Errc::engine_unreachable, "podman does not serve its API"}
                    .note("no socket answered, so `podman system service` was started: it ended")
                    .note(said.empty() ? "podman says nothing"
                                       : "podman says: " + excerpt(trimmed(said), 2000))
                    .hint("`podman info` shows whether Podman works at all")
                    .named("podman-not-serving"));
  }
  return program;
}

}  // namespace berth::runtime
