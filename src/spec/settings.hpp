// Settings: the values that flags, BERTH_* variables, berth.yaml, its jobs and the user's
// configuration can all give. Each source makes one; overlay() puts them on top of each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/model/request.hpp"
#include "spec/project_facts.hpp"

namespace berth::spec {

struct Settings {
  std::optional<std::vector<RequirementLine>> frameworks{};
  std::optional<PythonLine> python{};
  std::optional<Sourced<CudaVersion>> cuda{};
  std::optional<Sourced<std::string>> image{};
  std::optional<Sourced<ImageSource>> source{};
  std::optional<Sourced<bool>> devel{};
  std::optional<Sourced<Preference>> prefer{};
  std::optional<Sourced<bool>> offline{};
  std::optional<Sourced<GpuRequest>> gpus{};
  std::optional<Sourced<std::vector<std::string>>> command{};
  std::vector<EnvironmentVariable> environment{};
  std::vector<Sourced<Mount>> mounts{};
  std::optional<Sourced<std::string>> workdir{};
  std::optional<Sourced<std::string>> user{};
  std::optional<Sourced<std::string>> network{};
  std::optional<Sourced<std::string>> ipc{};
  std::optional<Sourced<std::uint64_t>> shm{};
  std::optional<Sourced<std::uint64_t>> memory{};
  std::optional<Sourced<std::uint64_t>> nano_cpus{};       // 0: no limit
  std::optional<Sourced<std::chrono::seconds>> timeout{};  // 0: no limit
  std::vector<PortMapping> ports{};
  std::vector<DeviceMapping> devices{};
  std::vector<std::string> cdi_devices{};
  std::vector<Sourced<std::string>> pip_packages{};  // requirements.txt lines
  std::vector<Sourced<std::string>> apt_packages{};
  std::map<std::string, std::string> mirrors{};  // an address -> what is asked instead
};

// `above` wins, value by value. Variables are replaced by name, mounts by target, ports and devices
// by what they are in the container; packages of `above` replace those below as a whole, as a list
// of frameworks does.
void overlay(Settings& below, Settings above);

// A key whose value is one text. The same text means the same in a spec, a variable and a flag.
struct ScalarKey {
  std::string_view name;      // "cuda"
  std::string_view variable;  // "BERTH_CUDA"
  std::string_view example;   // "12.1"
  // Its error does not say where the text stands; set_scalar() adds that.
  Result<void> (*set)(Settings&, std::string_view text, const Origin& origin);
};
const std::vector<ScalarKey>& scalar_keys();
// nullptr for a key that is none of them.
const ScalarKey* find_scalar_key(std::string_view name);

// Sets a key of scalar_keys(). Errc::invalid_input begins with `place` ("--cuda", "berth.yaml:3:
// `cuda`") and says what was expected.
Result<void> set_scalar(Settings& settings, std::string_view key, std::string_view text,
                        const Origin& origin, std::string_view place);

// `source:target[:options]`, or docker's `type=…,source=…,target=…`.
Result<Sourced<Mount>> mount_at(const Origin& origin, std::string_view text,
                                const std::filesystem::path& base,
                                const std::filesystem::path& home);

// docker's -p and --device. The error does not say where the text stands.
Result<void> add_ports(Settings& settings, std::string_view text);
Result<void> add_device(Settings& settings, std::string_view text);

// "https://download.pytorch.org/whl", "https://mirror.example/whl".
Result<void> add_mirror(Settings& settings, std::string_view from, std::string_view to);

// true, yes, on, t, 1 and their opposites, in any case.
std::optional<bool> parse_switch(std::string_view text);

// `NAME=value`, or `NAME` for the caller's value.
Result<EnvironmentVariable> variable_at(const Origin& origin, std::string_view text);
// Whether the name can be given to a process: not empty, no `=`, no blank.
bool is_variable_name(std::string_view name);

}  // namespace berth::spec
