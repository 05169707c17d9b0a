// Docker's options that berth has no opinion about: what the command line says goes to the engine
// as it is. RunRequest and ContainerSpec share this part, and the grammars are docker's.
//
// Every parser here is pure and fails with Errc::usage; its message begins with the value, not with
// the option's name, which the caller knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"

namespace berth {

// A port of the container, and where on the engine's machine it is published.
struct PortMapping {
  unsigned container_port = 0;
  std::string protocol = "tcp";  // tcp, udp, sctp
  std::string host_ip{};         // empty: all addresses
  std::string host_port{};       // empty: any free one; "8000-8010": a free one of them
};

struct DeviceMapping {
  std::string host{};
  std::string container{};
  std::string permissions = "rwm";  // of r, w, m (mknod)
};

struct Ulimit {
  std::string name;   // "memlock"
  std::int64_t soft;  // -1: unlimited
  std::int64_t hard;
};

// A seccomp profile of the user's: docker's API takes the content, docker's command the path.
struct SeccompProfile {
  std::string path{};
  std::string json{};
};

struct ContainerOptions {
  std::vector<PortMapping> ports{};
  std::vector<DeviceMapping> devices{};
  std::vector<std::string> cdi_devices{};  // "vendor.com/class=name"
  std::uint64_t nano_cpus = 0;             // 0: no limit
  std::string cpuset_cpus{};               // "0-3,8"
  std::string cpuset_mems{};
  std::optional<std::int64_t> memory_swap{};  // memory and swap together; -1: no limit of swap
  std::optional<unsigned> memory_swappiness{};
  std::string hostname{};
  std::vector<std::string> extra_hosts{};  // "name:address"
  std::vector<std::string> dns{};
  std::vector<std::string> cap_add{};  // "CAP_SYS_PTRACE", "ALL"
  std::vector<std::string> cap_drop{};
  std::optional<SeccompProfile> seccomp{};
  bool unconfined_system_paths = false;  // --security-opt systempaths=unconfined
  bool privileged = false;
  bool read_only = false;  // the root file system
  std::string runtime{};
  std::string pid{};
  std::string userns{};
};

// -p: [[ip:]host:]container[/protocol], or docker's long form published=…,target=…. A range gives
// one mapping a port; a host's range over one container port is left to the engine.
Result<std::vector<PortMapping>> parse_ports(std::string_view text);

// Whether a --device value is the name of a CDI device and no path.
bool is_cdi_device(std::string_view text);
// --device: path[:path][:rwm].
Result<DeviceMapping> parse_device(std::string_view text);

// --ulimit: name=soft[:hard].
Result<Ulimit> parse_ulimit(std::string_view text);
// --cpus: "1.5"; in billionths of a processor. 0 is no limit.
Result<std::uint64_t> parse_cpus(std::string_view text);
// --cpuset-cpus, --cpuset-mems: "0-3,8".
Result<void> check_cpu_set(std::string_view text);
// --memory-swap: a size, or -1.
Result<std::int64_t> parse_memory_swap(std::string_view text);
Result<unsigned> parse_swappiness(std::string_view text);

Result<void> check_hostname(std::string_view text);
// --add-host: name:address or name=address; the address may be `host-gateway`, an IPv6 one may be
// in brackets. In the API's spelling, "name:address".
Result<std::string> parse_extra_host(std::string_view text);
Result<void> check_address(std::string_view text);

// --platform: os/arch[/variant], in lower case.
Result<std::string> parse_platform(std::string_view text);
// "amd64" of "linux/amd64"; empty for an empty platform.
std::string architecture_of(std::string_view platform);

// --cap-add, --cap-drop: "sys_ptrace" and "CAP_SYS_PTRACE" are the same.
Result<std::string> parse_capability(std::string_view text);
// --stop-signal: "TERM", "SIGTERM", "15", "RTMIN+3"; as the API wants it, "SIGTERM".
Result<std::string> parse_signal(std::string_view text);
// --detach-keys: "ctrl-p,ctrl-q", a list of single characters, ctrl-… and DEL.
Result<void> check_detach_keys(std::string_view text);

}  // namespace berth
