// ContainerSpec -> JSON. Mounts are sent as HostConfig.Mounts, not as Binds, so that an absent
// source is an error and not an empty folder made by root.
#include "berth/runtime/container_json.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/json_encoding.hpp"

namespace berth::runtime {

namespace {

using OrderedJson = nlohmann::ordered_json;

const char* type_name(Mount::Type type) {
  switch (type) {
    case Mount::Type::bind:
      return "bind";
    case Mount::Type::volume:
      return "volume";
    case Mount::Type::tmpfs:
      return "tmpfs";
  }
  return "bind";
}

OrderedJson mount_json(const Mount& mount) {
  OrderedJson json{{"Type", type_name(mount.type)}};
  if (!mount.source.empty()) {
    json["Source"] = mount.source;
  }
  json["Target"] = mount.target;
  json["ReadOnly"] = mount.read_only;
  if (mount.type == Mount::Type::bind && !mount.propagation.empty()) {
    json["BindOptions"] = {{"Propagation", mount.propagation}};
  }
  if (mount.type == Mount::Type::tmpfs && mount.tmpfs_bytes.has_value()) {
    json["TmpfsOptions"] = {{"SizeBytes", *mount.tmpfs_bytes}};
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

OrderedJson ulimit_json(const ContainerSpec::Ulimit& ulimit) {
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

template <class Value>
void set_unless_empty(OrderedJson& json, const char* key, const Value& value) {
  if (!value.empty()) {
    json[key] = value;
  }
}

OrderedJson host_config_json(const ContainerSpec& spec) {
  OrderedJson json = OrderedJson::object();
  set_unless_empty(json, "Mounts", list_json(spec.mounts, mount_json));
  set_unless_empty(json, "Tmpfs", spec.tmpfs);
  set_unless_empty(json, "NetworkMode", spec.network);
  set_unless_empty(json, "IpcMode", spec.ipc);
  if (spec.shm_bytes > 0) {
    json["ShmSize"] = spec.shm_bytes;
  }
  if (spec.memory_bytes > 0) {
    json["Memory"] = spec.memory_bytes;
  }
  set_unless_empty(json, "Ulimits", list_json(spec.ulimits, ulimit_json));
  set_unless_empty(json, "SecurityOpt", spec.security_options);
  set_unless_empty(json, "GroupAdd", spec.group_add);
  json["Init"] = spec.init;
  json["AutoRemove"] = spec.auto_remove;
  if (!spec.log_driver.empty()) {
    json["LogConfig"] = {{"Type", spec.log_driver}};
  }
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
  json["StdinOnce"] = spec.open_stdin;  // the end of our input is the end of the container's
  json["AttachStdin"] = spec.open_stdin;
  json["AttachStdout"] = true;
  json["AttachStderr"] = true;
  set_unless_empty(json, "Labels", spec.labels);
  json["HostConfig"] = host_config_json(spec);
  return json;
}

}  // namespace

std::string create_body(const ContainerSpec& spec) {
  return container_json(spec).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<void> check_encodable(const ContainerSpec& spec) {
  return check_encodable(container_json(spec));
}

}  // namespace berth::runtime
