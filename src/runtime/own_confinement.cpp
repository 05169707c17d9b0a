#include "runtime/own_confinement.hpp"

#include <algorithm>
#include <cstdlib>

#include "berth/base/text.hpp"
#include "runtime/system_files.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

// Where a cgroup's memory limit stands: "0::/user.slice/x" has it below /sys/fs/cgroup,
// "7:memory:/x" below the hierarchy of version 1.
struct MemoryCgroup {
  fs::path hierarchy{};
  fs::path path{};
  const char* file = "";
};

std::optional<MemoryCgroup> memory_cgroup(const std::string& line) {
  const std::vector<std::string> fields = split(line, ':');
  if (fields.size() < 3) {
    return std::nullopt;
  }
  const fs::path path = fs::path(fields[2]).relative_path();
  if (fields[1].empty()) {
    return MemoryCgroup{"sys/fs/cgroup", path, "memory.max"};
  }
  const std::vector<std::string> controllers = split(fields[1], ',');
  if (std::find(controllers.begin(), controllers.end(), "memory") == controllers.end()) {
    return std::nullopt;
  }
  return MemoryCgroup{"sys/fs/cgroup/memory", path, "memory.limit_in_bytes"};
}

// "max" is no limit, and so is what no machine has: version 1 writes the largest number of pages.
std::optional<std::uint64_t> limit_in(const fs::path& file) {
  constexpr std::uint64_t kNoLimit = 1ULL << 60;
  const std::uint64_t bytes = std::strtoull(content_of(file).c_str(), nullptr, 10);
  return bytes == 0 || bytes >= kNoLimit ? std::nullopt : std::optional(bytes);
}

}  // namespace

std::string own_container(const fs::path& root) {
  if (std::string kind(trimmed(content_of(root / "run/systemd/container"))); !kind.empty()) {
    return kind;
  }
  struct Mark {
    const char* path;
    const char* kind;
  };
  for (const Mark& mark :
       {Mark{"var/run/secrets/kubernetes.io", "kubernetes"}, Mark{".singularity.d", "apptainer"},
        Mark{".dockerenv", "docker"}, Mark{"run/.containerenv", "podman"},
        Mark{"dev/lxd/sock", "lxc"}, Mark{"dev/incus/sock", "lxc"}}) {
    if (is_there(root / mark.path)) {
      return mark.kind;
    }
  }
  return {};
}

bool is_system_container(const std::string& kind) {
  return kind == "lxc" || kind == "lxc-libvirt" || kind == "systemd-nspawn";
}

std::optional<std::uint64_t> own_memory_limit(const fs::path& root) {
  std::optional<std::uint64_t> least;
  for (const std::string& line : split(content_of(root / "proc/self/cgroup"), '\n')) {
    const std::optional<MemoryCgroup> cgroup = memory_cgroup(line);
    if (!cgroup) {
      continue;
    }
    fs::path path = cgroup->path;
    while (true) {
      const auto limit = limit_in(root / cgroup->hierarchy / path / cgroup->file);
      least = limit ? std::min(*limit, least.value_or(*limit)) : least;
      if (path.empty()) {
        break;
      }
      path = path.parent_path();
    }
  }
  return least;
}

}  // namespace berth::runtime
