// Base64 as docker's configuration (standard alphabet) and X-Registry-Auth (URL alphabet) have it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::runtime {

// Standard alphabet, padding optional; nullopt for anything else.
std::optional<std::string> base64_decoded(std::string_view text);

// URL alphabet, padded, as Go's base64.URLEncoding.
std::string base64url_encoded(std::string_view bytes);

}  // namespace berth::runtime
