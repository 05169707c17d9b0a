// The doctor's judgement: from what was observed on a machine to findings. Pure, so that every
// machine can be examined in a test. What each code means and what its remedy rests on:
// docs/doctor.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/resolver/catalog.hpp"
#include "berth/runtime/engine_site.hpp"
#include "berth/runtime/gpu_support.hpp"
#include "berth/runtime/gpu_wiring.hpp"
#include "berth/runtime/host_probe.hpp"

namespace berth::cli {

struct Finding {
  enum class Status {
    ok,
    note,     // worth knowing; nothing that berth was asked to do fails over it
    problem,  // runs, or GPU runs, will fail
  };
  std::string code{};  // stable: "gpu-nvml-mismatch"
  Status status = Status::ok;
  std::string message{};  // what was found
  std::string cause{};    // why it is so, or why it matters; empty where the message says it
  std::vector<std::string> remedy{};  // in this order; a command between backticks works as printed
};
std::string_view name_of(Finding::Status status);  // "ok", "note", "problem"

struct Observations {
  runtime::HostProbe probe{};  // with the engine's facts where it answers
  Result<EngineFacts> engine = fail(Errc::engine_unreachable, "not asked");
  // Both absent where the engine does not answer.
  std::optional<runtime::EngineDetails> details{};
  std::optional<Result<runtime::GpuSupport>> gpu_support{};
  // Where the address of the engine is from, where the user has named it: "DOCKER_HOST", "docker
  // context `lab`".
  std::string named_engine{};
  bool api_pinned = false;  // DOCKER_API_VERSION is set
  runtime::EngineSite site{};
  runtime::GpuWiring wiring{};
  std::string user{};       // "ada"
  bool is_root = false;     // whom no group keeps out of anything
  std::string sudo_user{};  // who became root by sudo
  // By how much the engine's clock is ahead of this one's, in seconds.
  std::optional<std::int64_t> engine_clock_ahead{};
  Result<Catalog> catalog = Catalog{};
  std::string today{};  // "2026-11-23": whether a driver branch is still maintained
  std::optional<std::string> cuda_visible_devices{};
  std::vector<std::string> shell_proxies{};  // the variables that are set: "HTTPS_PROXY"
  bool container_proxies = false;            // docker's configuration hands proxies to containers
  std::optional<std::filesystem::path> private_ca_bundle{};
};

// In the order in which things have to work: engine, GPUs, disk, surroundings.
std::vector<Finding> examine(const Observations& observations);

// The parts, each one subject.
std::vector<Finding> examine_engine(const Observations& observations);
std::vector<Finding> examine_app_armor(const Observations& observations);
std::vector<Finding> examine_driver(
    const Observations& observations);  // driver, NVML, GPUs, catalogue
std::vector<Finding> examine_gpu_access(const Observations& observations);  // engine and GPUs
std::vector<Finding> examine_resources(const Observations& observations);   // disk, shared memory
std::vector<Finding> examine_surroundings(const Observations& observations);

}  // namespace berth::cli
