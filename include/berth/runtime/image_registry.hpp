// Asks an image's registry what the image is, without pulling it: manifest and configuration, some
// kilobytes. A registry that is slow, cut or lying costs seconds, never a hang.
//
// Facts: OCI image and distribution specifications, Docker's manifests of schema 2. Credentials are
// docker's own. What was answered is kept by digest (runtime/image_cache.hpp).
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/image_facts.hpp"
#include "berth/runtime/endpoint.hpp"

namespace spdlog {
class logger;
}

namespace berth::runtime {

struct RegistryAccess {
  // DOCKER_CONFIG, DOCKER_AUTH_CONFIG, HOME, XDG_CACHE_HOME. Proxies are libcurl's affair: it reads
  // the process's environment.
  EnvironmentLookup environment = process_environment();
  // Hosts from which the engine takes plain HTTP and any certificate; those of this machine are so
  // anyway.
  std::vector<std::string> insecure_registries{};
  bool elsewhere = false;  // the engine is on another machine: its localhost is not ours
  std::filesystem::path certificates = "/etc/docker/certs.d";  // HOST/ca.crt, as docker has it
  std::string user_agent = "berth";
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds total_timeout{10'000};  // for all requests together
  std::stop_token stop{};
  std::shared_ptr<spdlog::logger> log{};  // may be absent
};

// `platform` is "linux/amd64". Errors:
//   Errc::not_found      "image-not-found": the registry has no such image; "image-architecture":
//                        not for this platform, the notes say for which
//   Errc::engine_failed  "image-too-old" (schema 1); "registry-unauthorized",
//                        "registry-rate-limit"; "registry-answer" for what is no registry's answer,
//                        or not that to our question; those of find_credentials()
//   Errc::io             "registry-unreachable", "registry-certificate", "registry-cut"
//   Errc::invalid_input  for what is no reference
//   Errc::interrupted
Result<ImageFacts> ask_registry(const std::string& reference, const std::string& platform,
                                const RegistryAccess& access);

// Whether the error is a registry's verdict on the image, as against "nobody could be asked".
bool is_verdict(const Error& error);

}  // namespace berth::runtime
