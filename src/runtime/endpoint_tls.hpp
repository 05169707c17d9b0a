// Where an engine's and the caller's certificates are.
#pragma once

#include <filesystem>
#include <string>

#include "berth/base/result.hpp"
#include "berth/runtime/docker_config.hpp"
#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

// DOCKER_TLS or DOCKER_TLS_VERIFY is set, to whatever.
bool asks_for_tls(const EnvironmentLookup& environment);

// The files in `folder`: ca.pem, cert.pem and key.pem. The latter two may be missing together, the
// first where nothing is verified or, unless `needs_authority`, where the system's authorities will
// do. Errc::not_found and Errc::io for files that are missing or closed to the caller; `address` is
// for their messages.
Result<TlsSettings> tls_settings(const std::filesystem::path& folder, bool verify,
                                 bool needs_authority, const std::string& address);

// DOCKER_CERT_PATH, else docker's configuration folder.
std::filesystem::path certificate_folder(const EnvironmentLookup& environment,
                                         const DockerConfig& config);

}  // namespace berth::runtime
