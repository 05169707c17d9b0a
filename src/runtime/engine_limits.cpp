// The resource limits that an engine on this machine cannot exceed, from the process behind its
// socket: SO_PEERCRED, /proc/PID/status and /proc/PID/limits. setrlimit(2): only CAP_SYS_RESOURCE
// in the initial user namespace raises a hard limit.
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "berth/runtime/caller.hpp"

namespace berth::runtime {

namespace {

constexpr std::string_view kUnixScheme = "unix://";
constexpr unsigned kCapSysResource = 24;
// The hard limit of kernels before 5.16 (mlock(2)): no user has less, unless by somebody's will.
constexpr std::int64_t kSmallestMemlock = 64 << 10;

std::optional<ucred> peer_of(const std::string& socket_path) {
  const UniqueFd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!connection || socket_path.size() >= sizeof(address.sun_path)) {
    return std::nullopt;
  }
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    return std::nullopt;
  }
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) {
    return std::nullopt;
  }
  return peer;
}

// What follows `key` on its line of a file in /proc.
std::string field_of(const std::string& content, std::string_view key) {
  for (const std::string& line : split(content, '\n')) {
    if (line.starts_with(key)) {
      return std::string(trimmed(std::string_view(line).substr(key.size())));
    }
  }
  return {};
}

// "Max locked memory   8388608   8388608   bytes": the second number; absent where it is
// `unlimited`.
std::optional<std::int64_t> hard_limit(const std::string& limits, std::string_view key) {
  const std::string soft_and_hard = field_of(limits, key);
  const std::size_t blank = soft_and_hard.find(' ');
  if (blank == std::string::npos) {
    return std::nullopt;
  }
  const std::string hard(trimmed(std::string_view(soft_and_hard).substr(blank)));
  char* end = nullptr;
  const std::int64_t value = std::strtoll(hard.c_str(), &end, 10);
  return end == hard.c_str() ? std::nullopt : std::optional<std::int64_t>(value);
}

bool has_capability(const std::string& status, unsigned capability) {
  const std::string effective = field_of(status, "CapEff:");
  return effective.empty() ||
         ((std::strtoull(effective.c_str(), nullptr, 16) >> capability) & 1u) != 0;
}

}  // namespace

EngineLimits engine_limits(const EngineFacts& engine) {
  if (!engine.address.starts_with(kUnixScheme)) {
    return engine.rootless ? EngineLimits{kSmallestMemlock, std::nullopt} : EngineLimits{};
  }
  const std::optional<ucred> peer = peer_of(engine.address.substr(kUnixScheme.size()));
  // A peer that is not root and no rootless engine is the proxy of a virtual machine, whose limits
  // are its own.
  if (!peer.has_value() || (peer->uid != 0 && !engine.rootless)) {
    return {};
  }
  const std::filesystem::path process = "/proc/" + std::to_string(peer->pid);
  const Result<std::string> status = read_file(process / "status");
  const Result<std::string> limits = read_file(process / "limits");
  if (!status || !limits || (!engine.rootless && has_capability(*status, kCapSysResource))) {
    return {};
  }
  return {hard_limit(*limits, "Max locked memory"), hard_limit(*limits, "Max stack size")};
}

}  // namespace berth::runtime
