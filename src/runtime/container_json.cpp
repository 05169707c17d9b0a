// ContainerSpec -> JSON. Mounts are sent as HostConfig.Mounts, not as Binds, so that an absent
// source is an error and not an empty folder made by root; except for those that only Binds can
// say.
#include "berth/runtime/container_json.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/http_client.hpp"
#include "runtime/json_encoding.hpp"
#include "runtime/volume_option.hpp"

namespace berth::runtime {

namespace {

using OrderedJson = nlohmann::ordered_json;

// ReadOnlyNonRecursive is known from API 1.44 on; older engines make no mount below read-only
// anyway.
OrderedJson bind_options_json(const Mount& mount) {
  OrderedJson json = OrderedJson::object();
  set_unless_empty(json, "Propagation", mount.propagation);
  if (mount.recursion == Mount::Recursion::disabled) {
    json["NonRecursive"] = true;
  } else if (mount.recursion == Mount::Recursion::writable) {
    json["ReadOnlyNonRecursive"] = true;
  } else if (mount.recursion == Mount::Recursion::readonly) {
    json["ReadOnlyForceRecursive"] = true;
  }
  if (mount.create_source) {
    json["CreateMountpoint"] = true;
  }
  return json;
}

OrderedJson volume_options_json(const Mount& mount) {
  OrderedJson json = OrderedJson::object();
  if (mount.no_copy) {
    json["NoCopy"] = true;
  }
  set_unless_empty(json, "Subpath", mount.subpath);
  set_unless_empty(json, "Labels", mount.volume_labels);
  OrderedJson driver = OrderedJson::object();
  set_unless_empty(driver, "Name", mount.volume_driver);
  set_unless_empty(driver, "Options", mount.volume_options);
  set_unless_empty(json, "DriverConfig", driver);
  return json;
}

OrderedJson tmpfs_options_json(const Mount& mount) {
  OrderedJson json = OrderedJson::object();
  if (mount.tmpfs_bytes.has_value()) {
    json["SizeBytes"] = *mount.tmpfs_bytes;
  }
  if (mount.tmpfs_mode.has_value()) {
    json["Mode"] = *mount.tmpfs_mode;
  }
  return json;
}

OrderedJson mount_json(const Mount& mount) {
  OrderedJson json{{"Type", name_of(mount.type)}};
  set_unless_empty(json, "Source", mount.source);
  json["Target"] = mount.target;
  json["ReadOnly"] = mount.read_only;
  switch (mount.type) {
    case Mount::Type::bind:
      set_unless_empty(json, "BindOptions", bind_options_json(mount));
      break;
    case Mount::Type::volume:
      set_unless_empty(json, "VolumeOptions", volume_options_json(mount));
      break;
    case Mount::Type::tmpfs:
      set_unless_empty(json, "TmpfsOptions", tmpfs_options_json(mount));
      break;
    case Mount::Type::image:
      if (!mount.subpath.empty()) {
        json["ImageOptions"] = {{"Subpath", mount.subpath}};
      }
      break;
  }
  return json;
}

// Both drivers' rules: nvidia needs the capability `gpu`, cdi refuses capabilities and counts.
// Source: moby daemon/devices_nvidia_linux.go, daemon/devices_cdi.go.
OrderedJson device_request_json(const DeviceRequest& request) {
  if (request.driver == DeviceRequest::Driver::cdi) {
    return {{"Driver", "cdi"}, {"DeviceIDs", request.device_ids}};
  }
  OrderedJson json{{"Driver", "nvidia"}};
  if (request.device_ids.empty()) {
    json["Count"] = request.count;
  } else {
    json["DeviceIDs"] = request.device_ids;
  }
  const std::vector<std::string> fallback{"gpu"};
  json["Capabilities"] =
      OrderedJson::array({request.capabilities.empty() ? fallback : request.capabilities});
  return json;
}

OrderedJson ulimit_json(const Ulimit& ulimit) {
  return {{"Name", ulimit.name}, {"Soft", ulimit.soft}, {"Hard", ulimit.hard}};
}

template <class Items, class Convert>
OrderedJson list_json(const Items& items, const Convert& convert) {
  OrderedJson list = OrderedJson::array();
  for (const auto& item : items) {
    list.push_back(convert(item));
  }
  return list;
}

// "80/tcp"
std::string port_key(const PortMapping& port) {
  return std::to_string(port.container_port) + "/" + port.protocol;
}

OrderedJson exposed_ports_json(const std::vector<PortMapping>& ports) {
  OrderedJson json = OrderedJson::object();
  for (const PortMapping& port : ports) {
    json[port_key(port)] = OrderedJson::object();
  }
  return json;
}

OrderedJson port_bindings_json(const std::vector<PortMapping>& ports) {
  OrderedJson json = OrderedJson::object();
  for (const PortMapping& port : ports) {
    json[port_key(port)].push_back({{"HostIp", port.host_ip}, {"HostPort", port.host_port}});
  }
  return json;
}

OrderedJson device_json(const DeviceMapping& device) {
  return {{"PathOnHost", device.host},
          {"PathInContainer", device.container},
          {"CgroupPermissions", device.permissions}};
}

void set_mounts(OrderedJson& json, const ContainerSpec& spec) {
  OrderedJson binds = OrderedJson::array();
  OrderedJson mounts = OrderedJson::array();
  for (const Mount& mount : spec.mounts) {
    if (needs_volume_option(mount)) {
      binds.push_back(volume_option(mount));
    } else {
      mounts.push_back(mount_json(mount));
    }
  }
  set_unless_empty(json, "Binds", binds);
  set_unless_empty(json, "Mounts", mounts);
  set_unless_empty(json, "Tmpfs", spec.tmpfs);
}

void set_resources(OrderedJson& json, const ContainerSpec& spec) {
  const ContainerOptions& options = spec.options;
  const auto set_unless_zero = [&json](const char* key, std::uint64_t value) {
    if (value > 0) {
      json[key] = value;
    }
  };
  set_unless_zero("ShmSize", spec.shm_bytes);
  set_unless_zero("Memory", spec.memory_bytes);
  if (options.memory_swap.has_value()) {
    json["MemorySwap"] = *options.memory_swap;
  }
  if (options.memory_swappiness.has_value()) {
    json["MemorySwappiness"] = *options.memory_swappiness;
  }
  set_unless_zero("NanoCpus", options.nano_cpus);
  set_unless_empty(json, "CpusetCpus", options.cpuset_cpus);
  set_unless_empty(json, "CpusetMems", options.cpuset_mems);
  set_unless_empty(json, "Ulimits", list_json(spec.ulimits, ulimit_json));
}

void set_security(OrderedJson& json, const ContainerSpec& spec) {
  const ContainerOptions& options = spec.options;
  std::vector<std::string> security = spec.security_options;
  if (options.seccomp.has_value()) {
    security.push_back("seccomp=" + options.seccomp->json);
  }
  set_unless_empty(json, "SecurityOpt", security);
  if (options.unconfined_system_paths) {
    json["MaskedPaths"] = OrderedJson::array();
    json["ReadonlyPaths"] = OrderedJson::array();
  }
  set_unless_empty(json, "CapAdd", options.cap_add);
  set_unless_empty(json, "CapDrop", options.cap_drop);
  for (const auto& [key, on] : {std::pair("Privileged", options.privileged),
                                std::pair("ReadonlyRootfs", options.read_only)}) {
    if (on) {
      json[key] = true;
    }
  }
  set_unless_empty(json, "GroupAdd", spec.group_add);
}

void set_log(OrderedJson& json, const ContainerSpec& spec) {
  OrderedJson log = OrderedJson::object();
  set_unless_empty(log, "Type", spec.log_driver);
  set_unless_empty(log, "Config", spec.log_options);
  set_unless_empty(json, "LogConfig", log);
}

OrderedJson host_config_json(const ContainerSpec& spec) {
  const ContainerOptions& options = spec.options;
  OrderedJson json = OrderedJson::object();
  set_mounts(json, spec);
  set_unless_empty(json, "NetworkMode", spec.network);
  set_unless_empty(json, "PortBindings", port_bindings_json(options.ports));
  set_unless_empty(json, "ExtraHosts", options.extra_hosts);
  set_unless_empty(json, "Dns", options.dns);
  set_unless_empty(json, "IpcMode", spec.ipc);
  set_unless_empty(json, "PidMode", options.pid);
  set_unless_empty(json, "UsernsMode", options.userns);
  set_resources(json, spec);
  set_security(json, spec);
  set_unless_empty(json, "Runtime", options.runtime);
  json["Init"] = spec.init;
  json["AutoRemove"] = spec.auto_remove;
  set_log(json, spec);
  set_unless_empty(json, "Devices", list_json(options.devices, device_json));
  set_unless_empty(json, "DeviceRequests", list_json(spec.device_requests, device_request_json));
  if (spec.console_size.has_value()) {
    json["ConsoleSize"] = {spec.console_size->rows, spec.console_size->columns};
  }
  return json;
}

OrderedJson container_json(const ContainerSpec& spec) {
  OrderedJson json{{"Image", spec.image}};
  set_unless_empty(json, "Cmd", spec.command);
  if (spec.entrypoint.has_value()) {
    // A list with one empty text resets the image's; an empty list would leave it as it is.
    json["Entrypoint"] = spec.entrypoint->empty() ? std::vector<std::string>{""} : *spec.entrypoint;
  }
  set_unless_empty(json, "Env", spec.environment);
  set_unless_empty(json, "WorkingDir", spec.workdir);
  set_unless_empty(json, "User", spec.user);
  json["Tty"] = spec.tty;
  json["OpenStdin"] = spec.open_stdin;
  // The end of an attached client's input is the end of the container's; one that nobody is
  // attached to waits for who may come.
  json["StdinOnce"] = spec.open_stdin && spec.attached;
  json["AttachStdin"] = spec.open_stdin && spec.attached;
  json["AttachStdout"] = spec.attached && spec.attach_stdout;
  json["AttachStderr"] = spec.attached && spec.attach_stderr;
  set_unless_empty(json, "Hostname", spec.options.hostname);
  set_unless_empty(json, "ExposedPorts", exposed_ports_json(spec.options.ports));
  set_unless_empty(json, "StopSignal", spec.stop_signal);
  if (spec.stop_timeout.has_value()) {
    json["StopTimeout"] = spec.stop_timeout->count();
  }
  set_unless_empty(json, "Labels", spec.labels);
  json["HostConfig"] = host_config_json(spec);
  return json;
}

}  // namespace

std::string create_path(const ContainerSpec& spec) {
  std::string path = "/containers/create";
  const auto add = [&path](const char* key, const std::string& value) {
    if (!value.empty()) {
      path += (path.find('?') == std::string::npos ? "?" : "&") + (key + url_escaped(value));
    }
  };
  add("name=", spec.name);
  add("platform=", spec.platform);
  return path;
}

std::string create_body(const ContainerSpec& spec) {
  return container_json(spec).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<void> check_encodable(const ContainerSpec& spec) {
  return check_encodable(container_json(spec));
}

}  // namespace berth::runtime
