// The engine's answers, decoded. Source: moby api/swagger.yaml (API 1.41 to 1.51), Podman's Docker
// API. All functions: Errc::engine_failed for what is not JSON or not of the expected shape, with
// an excerpt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

// GET /info, and GET /version where the kind of the engine is not known by other means (else it is
// not looked at). `address` and `api_version` are left to the caller.
Result<EngineFacts> decode_engine_facts(std::optional<EngineFacts::Kind> kind,
                                        std::string_view version, std::string_view info);
Result<EngineDetails> decode_engine_details(std::string_view version, std::string_view info);
Result<ImageFacts> decode_image(std::string_view body);
Result<CreatedContainer> decode_created(std::string_view body);
Result<ContainerState> decode_container(std::string_view body);
Result<std::vector<ContainerSummary>> decode_containers(std::string_view body);
Result<ExitStatus> decode_exit(std::string_view body);
// nullopt: of a container that does not run, whose numbers are all zero, or absent.
Result<std::optional<ContainerStats>> decode_stats(std::string_view body);
Result<std::string> decode_created_exec(std::string_view body);
Result<ExecState> decode_exec(std::string_view body);

// The id that POST /commit answers with; Podman's without `sha256:` gets it.
Result<std::string> decode_committed(std::string_view body);
Result<std::vector<ImageSummary>> decode_images(std::string_view body);

// Of GET /system/df: what a volume takes; nullopt: there is none of that name, or it is not known.
Result<std::optional<std::uint64_t>> decode_volume_bytes(std::string_view body,
                                                         const std::string& name);

// The progress of an import: the id of the image that was made.
Result<std::string> decode_imported(std::string_view stream);

// One object of a pull's stream. An `error` in it is a PullLine with `error` set.
struct PullLine {
  PullEvent event{};
  std::string error{};
};
Result<PullLine> decode_pull_line(std::string_view object);

// The `message` of an error's body; Podman's `cause` where there is no message; an excerpt of what
// is neither.
std::string decode_error_message(std::string_view body);

}  // namespace berth::runtime
