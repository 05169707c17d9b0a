// ImageFacts: what an image says of itself, without its layers. Asked of the engine that has it
// (GET /images/{name}/json) or of its registry (manifest and configuration); what the one of them
// does not know is empty.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

struct ImageFacts {
  enum class From {
    engine,    // it is there already
    registry,  // asked just now
    cache,     // asked of the registry before, and kept by digest
  };

  From from = From::engine;
  std::string reference{};        // as it was asked for
  std::string id{};               // of the configuration, "sha256:…": the engine's name of it
  std::string digest{};           // what the reference stands for: of an index, or of a manifest
  std::string platform_digest{};  // of the manifest for this platform; the same without an index
  std::vector<std::string> digests{};             // the engine's RepoDigests: "name@sha256:…"
  std::string architecture{};                     // docker's name: "amd64"
  std::vector<std::string> architectures{};       // all that the tag is there for; of the registry
  std::optional<std::uint64_t> download_bytes{};  // of all layers, compressed; of the registry
  std::optional<std::uint64_t> unpacked_bytes{};  // of the engine
  std::vector<std::string> environment{};         // NAME=value
  std::vector<std::string> entrypoint{};
  std::vector<std::string> command{};
  std::string user{};  // whom containers run as; empty: root
  std::map<std::string, std::string> labels{};
  std::vector<std::string> layers{};  // digests of the unpacked layers ("diff ids"), lowest first
};

std::string_view name_of(ImageFacts::From from);  // "engine", "registry", "cache"

// The value of a variable in a list of NAME=value; the last one counts, and a NAME alone takes it
// away.
std::optional<std::string> value_in(const std::vector<std::string>& environment,
                                    std::string_view name);

}  // namespace berth
