// What mends a machine, in the words of its distribution. Each remedy is a sentence, or a command
// between backticks that works as printed. Sources: docs/doctor.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/doctor_checks.hpp"

namespace berth::cli {

std::vector<std::string> install_driver(const runtime::HostProbe& probe);
std::vector<std::string> install_driver_library(const runtime::HostProbe& probe);
// Builds the installed driver's module for the kernel that runs.
std::vector<std::string> build_module(const runtime::HostProbe& probe);
std::string install_app_armor(const runtime::HostProbe& probe);
std::vector<std::string> install_toolkit(const runtime::HostProbe& probe);
// Registers the toolkit with this engine and starts the engine anew, each as a command of its own
// user: root's or the caller's.
std::string configure_toolkit(const Observations& seen);
std::string restart_docker(const Observations& seen);
std::string generate_cdi_spec(const std::string& path);

std::vector<std::string> install_engine(const Observations& seen);
// "`sudo usermod -aG docker ada`, then log in again", for whoever called: under sudo the user who
// did. None for root, who needs no group.
std::optional<std::string> join_group(const Observations& seen, const std::string& group);
// Starts Docker's daemon, now and at every boot.
std::string start_docker(const runtime::EngineSite& site);

// Whether the engine runs on the machine that was probed, and not in a virtual machine on it.
bool engine_is_here(const Observations& seen);
bool is_docker(const Observations& seen);  // it answers, and is no Podman
bool is_docker_desktop(const Observations& seen);
// The daemon.json of the engine that answers, or else of Docker as root.
const std::optional<runtime::DaemonConfig>& daemon_config(const Observations& seen);
bool has_gpus(const Observations& seen);  // whether or not they can be used

// An error of a layer below, as a finding.
Finding from_error(std::string code, const Error& error);

}  // namespace berth::cli
