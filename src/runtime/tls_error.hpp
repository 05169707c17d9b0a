// Failures of TLS, as libcurl and OpenSSL put them, in words and with what to do.
#pragma once

#include <curl/curl.h>

#include <optional>
#include <string>
#include <string_view>

#include "berth/base/error.hpp"
#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

// `detail` is the text of CURLOPT_ERRORBUFFER; `first`: nothing has been exchanged with the engine
// before. Absent where the failure is not about TLS.
std::optional<Error> tls_error(CURLcode code, const std::string& detail, const Endpoint& endpoint,
                               bool first);

// The engine speaks TLS and was spoken to without.
Error tls_expected_error(const Endpoint& endpoint);

// How a TLS server answers to what is not TLS.
bool is_tls_alert(std::string_view received);

}  // namespace berth::runtime
