// One table of the keys that have a text as their value, so that a spec, a variable and a flag
// cannot differ in what they accept.
#include "spec/settings.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "berth/base/bytes.hpp"
#include "berth/base/credentials.hpp"
#include "berth/base/duration.hpp"
#include "berth/base/text.hpp"
#include "berth/model/image_reference.hpp"

namespace berth::spec {

namespace {

Failure refuse(std::string_view text, std::string_view why) {
  return fail(Errc::invalid_input, fmt::format("`{}` {}", text, why));
}

Result<void> set_framework(Settings& settings, std::string_view text, const Origin& origin) {
  BERTH_TRY(pep508::Requirement requirement, pep508::Requirement::parse(text));
  settings.frameworks = {RequirementLine{std::move(requirement), origin}};
  return {};
}

Result<void> set_python(Settings& settings, std::string_view text, const Origin& origin) {
  BERTH_TRY(pep440::SpecifierSet specifiers, parse_python(text));
  settings.python = PythonLine{std::move(specifiers), origin};
  return {};
}

Result<void> set_cuda(Settings& settings, std::string_view text, const Origin& origin) {
  BERTH_TRY(const CudaVersion version, parse_cuda(text));
  settings.cuda = Sourced<CudaVersion>{version, origin};
  return {};
}

Result<void> set_image(Settings& settings, std::string_view text, const Origin& origin) {
  BERTH_CHECK(parse_image_reference(std::string(text)));
  settings.image = Sourced<std::string>{std::string(text), origin};
  return {};
}

Result<void> set_source(Settings& settings, std::string_view text, const Origin& origin) {
  for (const ImageSource source :
       {ImageSource::official, ImageSource::ngc, ImageSource::cuda_base}) {
    if (text == name_of(source)) {
      settings.source = Sourced<ImageSource>{source, origin};
      return {};
    }
  }
  return refuse(text, "is no source of images, expected official, ngc or cuda-base");
}

template <std::optional<Sourced<bool>> Settings::*member>
Result<void> set_switch(Settings& settings, std::string_view text, const Origin& origin) {
  const std::optional<bool> yes = parse_switch(text);
  if (!yes) {
    return refuse(text, "is neither true nor false");
  }
  settings.*member = Sourced<bool>{*yes, origin};
  return {};
}

Result<void> set_prefer(Settings& settings, std::string_view text, const Origin& origin) {
  for (const Preference preference : {Preference::newest, Preference::local}) {
    if (text == name_of(preference)) {
      settings.prefer = Sourced<Preference>{preference, origin};
      return {};
    }
  }
  return refuse(text, "is nothing to prefer, expected newest or local");
}

Result<void> set_gpus(Settings& settings, std::string_view text, const Origin& origin) {
  BERTH_TRY(GpuRequest request, parse_gpu_request(text));
  settings.gpus = Sourced<GpuRequest>{std::move(request), origin};
  return {};
}

template <std::optional<Sourced<std::uint64_t>> Settings::*member>
Result<void> set_size(Settings& settings, std::string_view text, const Origin& origin) {
  BERTH_TRY(const std::uint64_t bytes, parse_bytes(text));
  if (bytes == 0) {
    return refuse(text, "is no memory at all, expected for example 16g");
  }
  settings.*member = Sourced<std::uint64_t>{bytes, origin};
  return {};
}

// moby's linuxMinMemory: what a container needs to start at all.
constexpr std::uint64_t kLeastMemory = 6u << 20;

Result<void> set_memory(Settings& settings, std::string_view text, const Origin& origin) {
  BERTH_CHECK(set_size<&Settings::memory>(settings, text, origin));
  if (settings.memory->value < kLeastMemory) {
    return refuse(text, "is too little memory for a container, the least is 6m");
  }
  return {};
}

Result<void> set_cpus(Settings& settings, std::string_view text, const Origin& origin) {
  BERTH_TRY(const std::uint64_t nano_cpus, parse_cpus(text));
  settings.nano_cpus = Sourced<std::uint64_t>{nano_cpus, origin};
  return {};
}

Result<void> set_timeout(Settings& settings, std::string_view text, const Origin& origin) {
  BERTH_TRY(const std::chrono::seconds limit, parse_duration(text));
  settings.timeout = Sourced<std::chrono::seconds>{limit, origin};
  return {};
}

template <std::optional<Sourced<std::string>> Settings::*member>
Result<void> set_text(Settings& settings, std::string_view text, const Origin& origin) {
  settings.*member = Sourced<std::string>{std::string(text), origin};
  return {};
}

// "FROM=TO", several of them separated by blanks.
Result<void> set_mirrors(Settings& settings, std::string_view text, const Origin&) {
  for (const std::string& pair : split(text, ' ')) {
    if (!pair.empty()) {
      const std::size_t equals = std::min(pair.find("=http"), pair.size());
      BERTH_CHECK(add_mirror(settings, pair.substr(0, equals),
                             equals < pair.size() ? pair.substr(equals + 1) : std::string()));
    }
  }
  return {};
}

template <class T>
void replace(std::optional<T>& below, std::optional<T>& above) {
  if (above) {
    below = std::move(above);
  }
}

// Elements of `above` replace those below that have the same key, and stand behind the others. Two
// of `above` with one key both stay: whether that means something is for who reads them.
template <class T, class Key>
void replace_by(std::vector<T>& below, std::vector<T>& above, const Key& key_of) {
  std::erase_if(below, [&](const T& old) {
    return std::any_of(above.begin(), above.end(),
                       [&](const T& element) { return key_of(old) == key_of(element); });
  });
  std::move(above.begin(), above.end(), std::back_inserter(below));
}

}  // namespace

void overlay(Settings& below, Settings above) {
  replace(below.frameworks, above.frameworks);
  replace(below.python, above.python);
  replace(below.cuda, above.cuda);
  replace(below.image, above.image);
  replace(below.source, above.source);
  replace(below.devel, above.devel);
  replace(below.prefer, above.prefer);
  replace(below.offline, above.offline);
  replace(below.gpus, above.gpus);
  replace(below.command, above.command);
  replace(below.workdir, above.workdir);
  replace(below.user, above.user);
  replace(below.network, above.network);
  replace(below.ipc, above.ipc);
  replace(below.shm, above.shm);
  replace(below.memory, above.memory);
  replace(below.nano_cpus, above.nano_cpus);
  replace(below.timeout, above.timeout);
  for (EnvironmentVariable& variable : above.environment) {
    // One by one: of several for one name in the same source the last counts.
    std::vector<EnvironmentVariable> one = {std::move(variable)};
    replace_by(below.environment, one, [](const EnvironmentVariable& each) { return each.name; });
  }
  replace_by(below.mounts, above.mounts,
             [](const Sourced<Mount>& mount) { return mount.value.target; });
  replace_by(below.ports, above.ports,
             [](const PortMapping& port) { return std::pair(port.container_port, port.protocol); });
  replace_by(below.devices, above.devices,
             [](const DeviceMapping& device) { return device.container; });
  replace_by(below.cdi_devices, above.cdi_devices, [](const std::string& name) { return name; });
  if (!above.pip_packages.empty()) {
    below.pip_packages = std::move(above.pip_packages);
  }
  if (!above.apt_packages.empty()) {
    below.apt_packages = std::move(above.apt_packages);
  }
  for (auto& [from, to] : above.mirrors) {
    below.mirrors[from] = std::move(to);
  }
}

Result<void> add_mirror(Settings& settings, std::string_view from, std::string_view to) {
  const auto address = [](std::string_view text) {
    text = trimmed(text);
    while (text.ends_with('/')) {
      text.remove_suffix(1);
    }
    return std::string(text.starts_with("https://") || text.starts_with("http://") ? text : "");
  };
  const std::string old_address = address(from);
  std::string new_address = address(to);
  if (old_address.empty() || new_address.empty()) {
    return refuse(without_credentials(old_address.empty() ? from : to),
                  "is no address, expected for example "
                  "https://download.pytorch.org/whl=https://mirror.example/whl");
  }
  settings.mirrors[old_address] = std::move(new_address);
  return {};
}

const std::vector<ScalarKey>& scalar_keys() {
  static const std::vector<ScalarKey> kKeys = {
      {"framework", "BERTH_FRAMEWORK", "torch==2.3.1", set_framework},
      {"python", "BERTH_PYTHON", "\"3.10\"", set_python},
      {"cuda", "BERTH_CUDA", "\"12.1\"", set_cuda},
      {"image", "BERTH_IMAGE", "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime", set_image},
      {"source", "BERTH_SOURCE", "official", set_source},
      {"devel", "BERTH_DEVEL", "true", set_switch<&Settings::devel>},
      {"prefer", "BERTH_PREFER", "local", set_prefer},
      {"offline", "BERTH_OFFLINE", "true", set_switch<&Settings::offline>},
      {"gpus", "BERTH_GPUS", "2", set_gpus},
      {"workdir", "BERTH_WORKDIR", "/workspace/src", set_text<&Settings::workdir>},
      {"user", "BERTH_USER", "1000:1000", set_text<&Settings::user>},
      {"network", "BERTH_NETWORK", "host", set_text<&Settings::network>},
      {"ipc", "BERTH_IPC", "host", set_text<&Settings::ipc>},
      {"shm", "BERTH_SHM", "16g", set_size<&Settings::shm>},
      {"memory", "BERTH_MEMORY", "64g", set_memory},
      {"cpus", "BERTH_CPUS", "8", set_cpus},
      {"timeout", "BERTH_TIMEOUT", "12h", set_timeout},
      {"mirrors", "BERTH_MIRRORS", "https://download.pytorch.org/whl=https://mirror.example/whl",
       set_mirrors},
  };
  return kKeys;
}

const ScalarKey* find_scalar_key(std::string_view name) {
  const std::vector<ScalarKey>& keys = scalar_keys();
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const ScalarKey& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

Result<void> set_scalar(Settings& settings, std::string_view key, std::string_view text,
                        const Origin& origin, std::string_view place) {
  const ScalarKey* known = find_scalar_key(key);
  if (known == nullptr) {
    return fail(Errc::internal, fmt::format("`{}` is no key with a text", key));
  }
  const std::string_view body = trimmed(text);
  Result<void> set =
      body.empty() ? Result<void>(refuse(
                         "", fmt::format("is empty, expected for example {}", known->example)))
                   : known->set(settings, body, origin);
  if (!set) {
    return malformed(Origin{std::string(place)}, std::move(set).error());
  }
  return {};
}

Result<Sourced<Mount>> mount_at(const Origin& origin, std::string_view text,
                                const std::filesystem::path& base,
                                const std::filesystem::path& home) {
  // A `,` or `=` before the first `:` or `/` only occurs in docker's long form.
  const std::string_view head = text.substr(0, text.find_first_of(":/"));
  Result<Mount> mount = head.find('=') != std::string_view::npos ? parse_mount(text, base, home)
                                                                 : parse_volume(text, base, home);
  if (!mount) {
    return malformed(origin, std::move(mount).error());
  }
  return Sourced<Mount>{std::move(*mount), origin};
}

Result<void> add_ports(Settings& settings, std::string_view text) {
  BERTH_TRY(std::vector<PortMapping> ports, parse_ports(text));
  std::move(ports.begin(), ports.end(), std::back_inserter(settings.ports));
  return {};
}

Result<void> add_device(Settings& settings, std::string_view text) {
  if (is_cdi_device(text)) {
    settings.cdi_devices.emplace_back(text);
    return {};
  }
  BERTH_TRY(DeviceMapping device, parse_device(text));
  settings.devices.push_back(std::move(device));
  return {};
}

std::optional<bool> parse_switch(std::string_view text) {
  constexpr std::array<std::string_view, 5> kYes = {"true", "yes", "on", "t", "1"};
  constexpr std::array<std::string_view, 5> kNo = {"false", "no", "off", "f", "0"};
  const std::string word = lowered(text);
  if (std::find(kYes.begin(), kYes.end(), word) != kYes.end()) {
    return true;
  }
  return std::find(kNo.begin(), kNo.end(), word) != kNo.end() ? std::optional<bool>(false)
                                                              : std::nullopt;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.find_first_of("= \t\r\n") == std::string_view::npos;
}

Result<EnvironmentVariable> variable_at(const Origin& origin, std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  if (!is_variable_name(name)) {
    return malformed(origin,
                     fmt::format("`{}` names no variable, expected NAME=value or NAME", text));
  }
  EnvironmentVariable variable{std::string(name), std::nullopt, origin};
  if (equals != std::string_view::npos) {
    variable.value = std::string(text.substr(equals + 1));
  }
  return variable;
}

}  // namespace berth::spec
