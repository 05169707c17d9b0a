// ContainerSpec -> docker's options, one function per kind of value. Verified against docker's
// client 28.2: the container that it creates equals the one of container_json.cpp.
#include "berth/runtime/docker_command.hpp"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <string_view>
#include <utility>

#include "berth/base/text.hpp"
#include "runtime/volume_option.hpp"

namespace berth::runtime {

namespace {

// A field of docker's CSV (encoding/csv of Go): in double quotes where it holds a comma, a quote or
// a line end.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

// The fields of --mount, unquoted; an empty value is left out.
class MountRecord {
 public:
  void add(const std::string& key, const std::string& value) {
    if (!value.empty()) {
      fields_.push_back(csv_field(key + "=" + value));
    }
  }
  void add_if(bool condition, const char* field) {
    if (condition) {
      fields_.emplace_back(field);
    }
  }
  void add_each(const std::string& key, const std::map<std::string, std::string>& pairs) {
    for (const auto& [name, value] : pairs) {
      add(key, name + "=" + value);
    }
  }
  std::string text() const { return join(fields_, ","); }

 private:
  std::vector<std::string> fields_{};
};

std::string mount_option(const Mount& mount) {
  MountRecord record;
  record.add("type", std::string(name_of(mount.type)));
  record.add("source", mount.source);
  record.add("target", mount.target);
  record.add_if(mount.read_only, "readonly");
  record.add("bind-propagation", mount.propagation);
  if (mount.recursion != Mount::Recursion::enabled) {
    record.add("bind-recursive", std::string(name_of(mount.recursion)));
  }
  record.add_if(mount.create_source, "bind-create-src");
  record.add_if(mount.no_copy, "volume-nocopy");
  record.add(mount.type == Mount::Type::image ? "image-subpath" : "volume-subpath", mount.subpath);
  record.add_each("volume-label", mount.volume_labels);
  record.add("volume-driver", mount.volume_driver);
  record.add_each("volume-opt", mount.volume_options);
  if (mount.tmpfs_bytes.has_value()) {
    record.add("tmpfs-size", std::to_string(*mount.tmpfs_bytes));
  }
  if (mount.tmpfs_mode.has_value()) {
    record.add("tmpfs-mode", fmt::format("{:o}", *mount.tmpfs_mode));
  }
  return record.text();
}

std::string publish_option(const PortMapping& port) {
  std::string option = fmt::format("{}/{}", port.container_port, port.protocol);
  if (!port.host_port.empty() || !port.host_ip.empty()) {
    option = port.host_port + ":" + option;
  }
  if (!port.host_ip.empty()) {
    const bool version6 = port.host_ip.find(':') != std::string::npos;
    option = (version6 ? "[" + port.host_ip + "]" : port.host_ip) + ":" + option;
  }
  return option;
}

// Decimal digits as --cpus wants them: 1500000000 is 1.500000000.
std::string cpus_option(std::uint64_t nano_cpus) {
  constexpr std::uint64_t kOne = 1'000'000'000;
  return fmt::format("{}.{:09}", nano_cpus / kOne, nano_cpus % kOne);
}

// `--gpus` is one CSV record; a list of ids or capabilities is one field of it, which is why it
// needs quotes of its own.
std::string gpus_option(const DeviceRequest& request) {
  std::vector<std::string> fields = {"driver=nvidia"};
  if (!request.device_ids.empty()) {
    fields.push_back(csv_field("device=" + join(request.device_ids, ",")));
  } else if (request.count < 0) {
    fields.emplace_back("count=all");
  } else {
    fields.push_back(fmt::format("count={}", request.count));
  }
  std::vector<std::string> capabilities = request.capabilities;
  std::erase(capabilities, "gpu");  // docker adds it
  if (!capabilities.empty()) {
    fields.push_back(csv_field("capabilities=" + join(capabilities, ",")));
  }
  return join(fields, ",");
}

// An option and its value, or an option alone: one line of the printed command.
class Options {
 public:
  void add(std::string option) { lines_.push_back({std::move(option)}); }
  void add(std::string option, std::string value) {
    lines_.push_back({std::move(option), std::move(value)});
  }
  void add_unless_empty(const char* option, const std::string& value) {
    if (!value.empty()) {
      add(option, value);
    }
  }
  void add_each(const char* option, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      add(option, value);
    }
  }
  const std::vector<std::vector<std::string>>& lines() const { return lines_; }

 private:
  std::vector<std::vector<std::string>> lines_{};
};

void add_devices(const ContainerSpec& spec, Options& options) {
  for (const DeviceRequest& request : spec.device_requests) {
    if (request.driver == DeviceRequest::Driver::cdi) {
      options.add_each("--device", request.device_ids);
    } else {
      options.add("--gpus", gpus_option(request));
    }
  }
  for (const DeviceMapping& device : spec.options.devices) {
    options.add("--device",
                fmt::format("{}:{}:{}", device.host, device.container, device.permissions));
  }
}

void add_mounts(const ContainerSpec& spec, Options& options) {
  for (const Mount& mount : spec.mounts) {
    if (needs_volume_option(mount)) {
      options.add("--volume", volume_option(mount));
    } else {
      options.add("--mount", mount_option(mount));
    }
  }
  for (const auto& [target, settings] : spec.tmpfs) {
    options.add("--tmpfs", settings.empty() ? target : target + ":" + settings);
  }
}

void add_network(const ContainerSpec& spec, Options& options) {
  options.add_unless_empty("--network", spec.network);
  options.add_unless_empty("--hostname", spec.options.hostname);
  for (const PortMapping& port : spec.options.ports) {
    options.add("--publish", publish_option(port));
  }
  options.add_each("--add-host", spec.options.extra_hosts);
  options.add_each("--dns", spec.options.dns);
}

void add_resources(const ContainerSpec& spec, Options& options) {
  const ContainerOptions& given = spec.options;
  options.add_unless_empty("--ipc", spec.ipc);
  options.add_unless_empty("--pid", given.pid);
  options.add_unless_empty("--userns", given.userns);
  if (spec.shm_bytes > 0) {
    options.add("--shm-size", std::to_string(spec.shm_bytes));
  }
  if (spec.memory_bytes > 0) {
    options.add("--memory", std::to_string(spec.memory_bytes));
  }
  if (given.memory_swap.has_value()) {
    options.add("--memory-swap", std::to_string(*given.memory_swap));
  }
  if (given.memory_swappiness.has_value()) {
    options.add("--memory-swappiness", std::to_string(*given.memory_swappiness));
  }
  if (given.nano_cpus > 0) {
    options.add("--cpus", cpus_option(given.nano_cpus));
  }
  options.add_unless_empty("--cpuset-cpus", given.cpuset_cpus);
  options.add_unless_empty("--cpuset-mems", given.cpuset_mems);
  for (const Ulimit& ulimit : spec.ulimits) {
    options.add("--ulimit", fmt::format("{}={}:{}", ulimit.name, ulimit.soft, ulimit.hard));
  }
}

void add_security(const ContainerSpec& spec, Options& options) {
  const ContainerOptions& given = spec.options;
  options.add_each("--security-opt", spec.security_options);
  if (given.seccomp.has_value()) {
    options.add("--security-opt", "seccomp=" + given.seccomp->path);
  }
  if (given.unconfined_system_paths) {
    options.add("--security-opt", "systempaths=unconfined");
  }
  options.add_each("--cap-add", given.cap_add);
  options.add_each("--cap-drop", given.cap_drop);
  if (given.privileged) {
    options.add("--privileged");
  }
  if (given.read_only) {
    options.add("--read-only");
  }
}

void add_streams(const ContainerSpec& spec, Options& options) {
  if (!spec.attached) {
    options.add("--detach");
  }
  if (spec.attached && !(spec.attach_stdout && spec.attach_stderr)) {
    for (const auto& [name, attached] :
         {std::pair("stdin", spec.open_stdin), std::pair("stdout", spec.attach_stdout),
          std::pair("stderr", spec.attach_stderr)}) {
      if (attached) {
        options.add("--attach", name);
      }
    }
  }
  if (spec.open_stdin) {
    options.add("--interactive");
  }
  if (spec.tty) {
    options.add("--tty");
  }
}

void add_lifetime(const ContainerSpec& spec, Options& options) {
  if (spec.auto_remove) {
    options.add("--rm");
  }
  options.add_unless_empty("--log-driver", spec.log_driver);
  for (const auto& [name, value] : spec.log_options) {
    options.add("--log-opt", name + "=" + value);
  }
  // Said either way: a daemon may have the other default.
  options.add(spec.init ? "--init" : "--init=false");
  options.add_unless_empty("--stop-signal", spec.stop_signal);
  if (spec.stop_timeout.has_value()) {
    options.add("--stop-timeout", std::to_string(spec.stop_timeout->count()));
  }
  options.add_unless_empty("--runtime", spec.options.runtime);
  options.add_unless_empty("--platform", spec.platform);
}

// What follows the image: docker's --entrypoint takes one word, and the rest of a longer one goes
// before the command.
std::vector<std::string> words_after_image(const ContainerSpec& spec) {
  std::vector<std::string> words;
  if (spec.entrypoint.has_value() && spec.entrypoint->size() > 1) {
    words.assign(spec.entrypoint->begin() + 1, spec.entrypoint->end());
  }
  words.insert(words.end(), spec.command.begin(), spec.command.end());
  return words;
}

std::vector<std::vector<std::string>> command_lines(const ContainerSpec& spec,
                                                    const std::string& engine_address) {
  Options options;
  add_lifetime(spec, options);
  add_streams(spec, options);
  options.add_unless_empty("--name", spec.name);
  options.add_unless_empty("--user", spec.user);
  options.add_each("--group-add", spec.group_add);
  options.add_unless_empty("--workdir", spec.workdir);
  add_devices(spec, options);
  add_mounts(spec, options);
  add_network(spec, options);
  add_resources(spec, options);
  add_security(spec, options);
  options.add_each("--env", spec.environment);
  for (const auto& [name, value] : spec.labels) {
    options.add("--label", name + "=" + value);
  }
  if (spec.entrypoint.has_value()) {
    options.add("--entrypoint", spec.entrypoint->empty() ? "" : spec.entrypoint->front());
  }
  std::vector<std::vector<std::string>> lines = options.lines();
  std::vector<std::string> first = {"docker"};
  if (!engine_address.empty()) {
    first.insert(first.end(), {"--host", engine_address});
  }
  first.emplace_back("run");
  lines.insert(lines.begin(), std::move(first));
  std::vector<std::string> last = words_after_image(spec);
  last.insert(last.begin(), spec.image);
  lines.push_back(std::move(last));
  return lines;
}

}  // namespace

std::vector<std::string> docker_arguments(const ContainerSpec& spec,
                                          const std::string& engine_address) {
  std::vector<std::string> arguments;
  for (const std::vector<std::string>& line : command_lines(spec, engine_address)) {
    arguments.insert(arguments.end(), line.begin(), line.end());
  }
  return arguments;
}

std::string docker_command(const ContainerSpec& spec, const std::string& engine_address) {
  std::string command;
  for (const std::vector<std::string>& line : command_lines(spec, engine_address)) {
    std::vector<std::string> words;
    for (const std::string& word : line) {
      words.push_back(shell_quoted(word));
    }
    command += (command.empty() ? "" : " \\\n  ") + join(words, " ");
  }
  return command;
}

}  // namespace berth::runtime
