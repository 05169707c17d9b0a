// ContainerSpec -> docker's options, one function per kind of value. Verified against docker's
// client 28.2: the container that it creates equals the one of container_json.cpp.
#include "berth/runtime/docker_command.hpp"

#include <spdlog/fmt/fmt.h>

#include <string_view>
#include <utility>

#include "berth/base/text.hpp"

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

std::string mount_option(const Mount& mount) {
  std::vector<std::string> fields = {fmt::format("type={}", name_of(mount.type))};
  if (!mount.source.empty()) {
    fields.push_back(csv_field("source=" + mount.source));
  }
  fields.push_back(csv_field("target=" + mount.target));
  if (mount.read_only) {
    fields.emplace_back("readonly");
  }
  if (mount.type == Mount::Type::bind && !mount.propagation.empty()) {
    fields.push_back("bind-propagation=" + mount.propagation);
  }
  if (mount.type == Mount::Type::tmpfs && mount.tmpfs_bytes.has_value()) {
    fields.push_back(fmt::format("tmpfs-size={}", *mount.tmpfs_bytes));
  }
  return join(fields, ",");
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
}

void add_resources(const ContainerSpec& spec, Options& options) {
  options.add_unless_empty("--network", spec.network);
  options.add_unless_empty("--ipc", spec.ipc);
  if (spec.shm_bytes > 0) {
    options.add("--shm-size", std::to_string(spec.shm_bytes));
  }
  if (spec.memory_bytes > 0) {
    options.add("--memory", std::to_string(spec.memory_bytes));
  }
  for (const Ulimit& ulimit : spec.ulimits) {
    options.add("--ulimit", fmt::format("{}={}:{}", ulimit.name, ulimit.soft, ulimit.hard));
  }
}

void add_streams(const ContainerSpec& spec, Options& options) {
  if (spec.auto_remove) {
    options.add("--rm");
  }
  if (!spec.log_driver.empty()) {
    options.add("--log-driver", spec.log_driver);
  }
  if (spec.init) {
    options.add("--init");
  }
  if (spec.open_stdin) {
    options.add("--interactive");
  }
  if (spec.tty) {
    options.add("--tty");
  }
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
  add_streams(spec, options);
  options.add_unless_empty("--name", spec.name);
  options.add_unless_empty("--user", spec.user);
  options.add_each("--group-add", spec.group_add);
  options.add_unless_empty("--workdir", spec.workdir);
  add_devices(spec, options);
  for (const Mount& mount : spec.mounts) {
    options.add("--mount", mount_option(mount));
  }
  for (const auto& [target, settings] : spec.tmpfs) {
    options.add("--tmpfs", settings.empty() ? target : target + ":" + settings);
  }
  add_resources(spec, options);
  options.add_each("--security-opt", spec.security_options);
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
