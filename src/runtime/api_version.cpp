// 1.41 (Docker 20.10) is the oldest API with all that a run needs; 1.51 (Docker 28.3) the newest
// that berth is tested with.
#include "runtime/api_version.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

constexpr ApiVersion kOldest{1, 41};
constexpr ApiVersion kNewest{1, 51};

std::optional<unsigned> parse_number(std::string_view digits) {
  unsigned value = 0;
  const std::from_chars_result result =
      std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::string ApiVersion::text() const {
  return fmt::format("{}.{}", major, minor);
}

std::optional<ApiVersion> parse_api_version(std::string_view text) {
  if (text.starts_with('v')) {
    text.remove_prefix(1);
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<unsigned> major_number = parse_number(text.substr(0, dot));
  const std::optional<unsigned> minor_number = parse_number(text.substr(dot + 1));
  if (!major_number || !minor_number) {
    return std::nullopt;
  }
  return ApiVersion{*major_number, *minor_number};
}

Result<ApiVersion> agree_on_api_version(std::string_view theirs,
                                        const std::optional<std::string>& pinned) {
  if (pinned.has_value()) {
    const std::optional<ApiVersion> version = parse_api_version(*pinned);
    if (!version || *version < kOldest) {
      return fail(Error{Errc::invalid_input, fmt::format("DOCKER_API_VERSION `{}` cannot be spoken",
                                                         excerpt(*pinned, 40))}
                      .note(fmt::format("berth speaks {} to {}", kOldest.text(), kNewest.text()))
                      .hint("`unset DOCKER_API_VERSION` lets berth and the engine agree"));
    }
    return *version;
  }
  if (theirs.empty()) {
    return kNewest;  // as docker's client does; the first real call tells
  }
  const std::optional<ApiVersion> version = parse_api_version(theirs);
  if (!version) {
    return fail(Error{Errc::engine_failed, "the engine names no API version"}.note(
        "expected something like `1.41` in the header Api-Version, got `" + excerpt(theirs, 40) +
        "`"));
  }
  if (*version < kOldest) {
    return fail(Error{Errc::engine_failed,
                      fmt::format("the engine is too old: it speaks API {}", version->text())}
                    .note(fmt::format(
                        "berth needs API {}, which Docker has since 20.10 and Podman since 4.0",
                        kOldest.text()))
                    .hint("upgrade the engine: https://docs.docker.com/engine/install/")
                    .named("engine-too-old"));
  }
  return std::min(*version, kNewest);
}

std::optional<Error> api_version_refused(const std::string& message, const std::string& spoken,
                                         bool pinned) {
  // Source: moby api/server/middleware/version.go.
  const bool too_old = message.find("client version") != std::string::npos &&
                       message.find("is too old") != std::string::npos;
  const bool too_new = message.find("client version") != std::string::npos &&
                       message.find("is too new") != std::string::npos;
  if (!too_old && !too_new) {
    return std::nullopt;
  }
  Error error{Errc::engine_failed, fmt::format("the engine does not speak API {}", spoken)};
  error.note("the engine says: " + excerpt(message));
  error.id = too_old ? "engine-too-new" : "engine-too-old";
  if (pinned) {
    error.note("DOCKER_API_VERSION asks for that version");
    error.hint("`unset DOCKER_API_VERSION` lets berth and the engine agree");
  } else {
    error.note(fmt::format("berth speaks {} to {}", kOldest.text(), kNewest.text()));
    error.hint("install a newer berth: `berth version` says which one this is");
  }
  return error;
}

}  // namespace berth::runtime
