// What is done with volumes: measuring, removing. They are made with the containers that use them.
#include "runtime/docker_engine_class.hpp"
#include "runtime/engine_error.hpp"
#include "runtime/engine_json.hpp"

namespace berth::runtime {

Result<std::optional<std::uint64_t>> DockerEngine::volume_bytes(const std::string& name) {
  // Before 1.42 the engine measures images and containers as well.
  constexpr std::chrono::minutes kLimit{5};
  BERTH_TRY(const HttpResponse response,
            call("GET", "/system/df?type=volume", kLimit, {}, options_.stop));
  if (!response.ok()) {
    return fail(engine_error(response, "the engine does not say what its volumes take"));
  }
  return decode_volume_bytes(response.body, name);
}

Result<void> DockerEngine::remove_volume(const std::string& name) {
  BERTH_TRY(const HttpResponse response,
            call("DELETE", "/volumes/" + url_escaped(name), options_.timeouts.action));
  constexpr int kConflict = 409;
  if (!response.ok() && response.status != 404) {
    Error error = engine_error(response, fmt::format("volume `{}` cannot be removed", name));
    error.id = response.status == kConflict ? "volume-in-use" : error.id;
    return fail(std::move(error));
  }
  return {};
}

}  // namespace berth::runtime
