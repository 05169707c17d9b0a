// What this very process is shut in by: a container, a cgroup's memory. Errors: none; what cannot
// be found is absent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace berth::runtime {

// "docker", "podman", "kubernetes", "apptainer", "lxc", "systemd-nspawn", …; empty: none that is
// known. Sources: systemd's container interface (/run/systemd/container), and the marks that
// Docker, Podman, Kubernetes and Apptainer leave.
std::string own_container(const std::filesystem::path& root);

// Whether such a container has an init of its own, so that an engine can run inside of it, where
// the others have theirs outside.
bool is_system_container(const std::string& kind);

// The least that one of this process's cgroups allows, in bytes; absent: as much as there is.
// Source: the kernel's cgroup-v2.rst (memory.max) and cgroup-v1/memory.rst.
std::optional<std::uint64_t> own_memory_limit(const std::filesystem::path& root);

}  // namespace berth::runtime
