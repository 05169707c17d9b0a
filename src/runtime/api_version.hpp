// Versions of the Docker Engine API: 1.41, 1.51.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth::runtime {

struct ApiVersion {
  unsigned major = 0;
  unsigned minor = 0;

  auto operator<=>(const ApiVersion&) const = default;
  std::string text() const;
};

// "1.41" or "v1.41".
std::optional<ApiVersion> parse_api_version(std::string_view text);

// The version to speak with an engine that offers `theirs`: the lower of that and ours.
// Errc::engine_failed where the engine is too old. `pinned` is DOCKER_API_VERSION, used as it is;
// Errc::invalid_input where it is no version or one that berth cannot speak.
Result<ApiVersion> agree_on_api_version(std::string_view theirs,
                                        const std::optional<std::string>& pinned);

// The engine's refusal of the version itself, from its own words ("client version 1.41 is too old.
// Minimum supported API version is 1.44, …"); absent where its message is about something else.
std::optional<Error> api_version_refused(const std::string& message, const std::string& spoken,
                                         bool pinned);

}  // namespace berth::runtime
