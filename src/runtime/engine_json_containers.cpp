// The answers about containers: their state, their list, what they use, the commands run in them.
#include <algorithm>
#include <cstdlib>
#include <initializer_list>

#include "runtime/engine_json.hpp"
#include "runtime/json_fields.hpp"

namespace berth::runtime {

namespace {

// Go's zero time: it never was.
std::string time_field(const Json& object, const char* key) {
  std::string time = text_field(object, key);
  return time.starts_with("0001-01-01T") ? std::string() : time;
}

std::string without_slash(std::string name) {
  if (name.starts_with('/')) {
    name.erase(0, 1);
  }
  return name;
}

int exit_code_field(const Json& object) {
  return static_cast<int>(integer_field(object, "ExitCode"));
}

void read_state(const Json& state, ContainerState& read) {
  read.running = bool_field(state, "Running");
  read.exit_code = exit_code_field(state);
  read.oom_killed = bool_field(state, "OOMKilled");
  read.error = text_field(state, "Error");
  read.status = text_field(state, "Status");
  read.pid = static_cast<long>(integer_field(state, "Pid"));
  read.started_at = time_field(state, "StartedAt");
  read.finished_at = time_field(state, "FinishedAt");
}

void read_config(const Json& config, ContainerState& read) {
  read.image = text_field(config, "Image");
  read.tty = bool_field(config, "Tty");
  read.open_stdin = bool_field(config, "OpenStdin");
  read.labels = text_map_field(config, "Labels");
  if (!field(config, "StopTimeout").is_null()) {
    read.stop_timeout = std::chrono::seconds(integer_field(config, "StopTimeout"));
  }
  read.command = texts_field(config, "Entrypoint");
  const std::vector<std::string> arguments = texts_field(config, "Cmd");
  read.command.insert(read.command.end(), arguments.begin(), arguments.end());
}

void read_host_config(const Json& config, ContainerState& read) {
  read.auto_remove = bool_field(config, "AutoRemove");
  read.memory_limit = count_field(config, "Memory");
  if (const Json& log = field(config, "LogConfig"); !log.is_null()) {
    read.log_driver = text_field(log, "Type");
  }
}

ContainerState read_container(const Json& json) {
  ContainerState read;
  read_state(field(json, "State"), read);
  read.id = text_field(json, "Id");
  read.name = without_slash(text_field(json, "Name"));
  read.image_id = text_field(json, "Image");
  read.created_at = time_field(json, "Created");
  if (const Json& config = field(json, "Config"); !config.is_null()) {
    read_config(config, read);
  }
  if (const Json& config = field(json, "HostConfig"); !config.is_null()) {
    read_host_config(config, read);
  }
  return read;
}

ContainerSummary read_summary(const Json& json) {
  ContainerSummary read;
  read.id = text_field(json, "Id");
  if (read.id.empty()) {
    throw UnexpectedJson("expected the container's `Id`");
  }
  // With links a container has further names, which contain a second slash.
  for (const std::string& name : texts_field(json, "Names")) {
    std::string plain = without_slash(name);
    if (read.name.empty() || plain.find('/') == std::string::npos) {
      read.name = std::move(plain);
    }
  }
  read.image = text_field(json, "Image");
  read.image_id = text_field(json, "ImageID");
  read.state = text_field(json, "State");
  read.status = text_field(json, "Status");
  read.command = text_field(json, "Command");
  read.created = integer_field(json, "Created");
  read.labels = text_map_field(json, "Labels");
  return read;
}

// A nested value; null where a step of the way is absent.
const Json& below(const Json& object, std::initializer_list<const char*> path) {
  const Json* at = &object;
  for (const char* key : path) {
    if (at->is_null()) {
      return *at;
    }
    at = &field(*at, key);
  }
  return *at;
}

std::uint64_t count_below(const Json& object, const char* part, const char* key) {
  const Json& inner = field(object, part);
  return inner.is_null() ? 0 : count_field(inner, key);
}

// What docker shows as the memory in use. Source: docker/cli
// cli/command/container/stats_helpers.go (calculateMemUsageUnixNoCache): cgroup v1 calls the cache
// that can be dropped total_inactive_file, v2 inactive_file.
std::uint64_t memory_in_use(const Json& json) {
  const std::uint64_t usage = count_below(json, "memory_stats", "usage");
  const Json& detail = below(json, {"memory_stats", "stats"});
  if (detail.is_null()) {
    return usage;
  }
  const bool first_version = !field(detail, "total_inactive_file").is_null();
  const std::uint64_t cache =
      count_field(detail, first_version ? "total_inactive_file" : "inactive_file");
  return cache < usage ? usage - cache : usage;
}

void read_networks(const Json& json, ContainerStats& read) {
  const Json& networks = field(json, "networks");
  if (!networks.is_null() && !networks.is_object()) {
    throw UnexpectedJson("`networks` is not an object");
  }
  for (const auto& network : networks.items()) {
    read.network_received += count_field(network.value(), "rx_bytes");
    read.network_sent += count_field(network.value(), "tx_bytes");
  }
}

void read_block_io(const Json& json, ContainerStats& read) {
  const Json& rows = below(json, {"blkio_stats", "io_service_bytes_recursive"});
  if (!rows.is_null() && !rows.is_array()) {
    throw UnexpectedJson("`io_service_bytes_recursive` is not a list");
  }
  for (const Json& row : rows) {
    const std::string operation = text_field(row, "op");  // "Read" with cgroup v1, "read" with v2
    if (operation == "Read" || operation == "read") {
      read.block_read += count_field(row, "value");
    } else if (operation == "Write" || operation == "write") {
      read.block_written += count_field(row, "value");
    }
  }
}

std::optional<ContainerStats> read_stats(const Json& json) {
  // Docker's of a container that has ended were read in the year 1; Podman answers 200 with an
  // error object.
  if (time_field(json, "read").empty()) {
    return std::nullopt;
  }
  ContainerStats read;
  if (const Json& usage = below(json, {"cpu_stats", "cpu_usage"}); !usage.is_null()) {
    read.cpu_nanoseconds = count_field(usage, "total_usage");
  }
  read.online_cpus = static_cast<unsigned>(count_below(json, "cpu_stats", "online_cpus"));
  read.memory_bytes = memory_in_use(json);
  read.memory_limit = count_below(json, "memory_stats", "limit");
  read.memory_peak = count_below(json, "memory_stats", "max_usage");
  read.pids = count_below(json, "pids_stats", "current");
  read_networks(json, read);
  read_block_io(json, read);
  return read;
}

}  // namespace

Result<ContainerState> decode_container(std::string_view body) {
  return decode(body, Errc::engine_failed, "the engine's answer to `GET /containers/…/json`",
                read_container);
}

Result<std::vector<ContainerSummary>> decode_containers(std::string_view body) {
  BERTH_TRY(std::vector<ContainerSummary> rows,
            decode_list(body, Errc::engine_failed, "the engine's answer to `GET /containers/json`",
                        read_summary));
  std::stable_sort(rows.begin(), rows.end(), [](const auto& left, const auto& right) {
    return left.created > right.created;
  });
  return rows;
}

Result<std::optional<ContainerStats>> decode_stats(std::string_view body) {
  return decode(body, Errc::engine_failed, "the engine's answer to `GET /containers/…/stats`",
                read_stats);
}

Result<std::string> decode_created_exec(std::string_view body) {
  return decode(body, Errc::engine_failed, "the engine's answer to `POST /containers/…/exec`",
                [](const Json& json) {
                  std::string id = text_field(json, "Id");
                  if (id.empty()) {
                    throw UnexpectedJson("expected the `Id` of what is to be run");
                  }
                  return id;
                });
}

Result<ExecState> decode_exec(std::string_view body) {
  return decode(body, Errc::engine_failed, "the engine's answer to `GET /exec/…/json`",
                [](const Json& json) {
                  if (field(json, "Running").is_null()) {
                    throw UnexpectedJson("expected `Running`");
                  }
                  return ExecState{bool_field(json, "Running"), exit_code_field(json),
                                   static_cast<long>(integer_field(json, "Pid"))};
                });
}

}  // namespace berth::runtime
