// Options that several verbs share, by group: what decides the image, which machine is meant, what
// the container gets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/runtime/session.hpp"
#include "berth/spec/gather.hpp"
#include "cli/context.hpp"

namespace CLI {
class App;
}

namespace berth::cli {

// -f, --python, --cuda, --image, --source, --devel, --prefer, --offline, --gpus,
// --spec, --job.
void add_decision_options(CLI::App& app, spec::Flags& flags);

// Whether a berth.lock is used; it is where its inputs are those of the request.
struct LockOptions {
  bool locked = false;   // nothing else will do
  bool no_lock = false;  // as if there were none
};

void add_lock_options(CLI::App& app, LockOptions& options);

// For a machine that is not this one.
struct MachineOptions {
  std::optional<std::string> driver{};
  std::vector<std::string> gpus{};
  std::optional<std::string> host_file{};

  bool describes_another() const { return driver || !gpus.empty() || host_file; }
};

void add_machine_options(CLI::App& app, MachineOptions& options);

// What is installed: -r, --pip, --apt, --no-packages.
void add_package_options(CLI::App& app, spec::Flags& flags);

// -e, -v, -w, -u and the like, with docker's names.
void add_container_options(CLI::App& app, spec::Flags& flags);

// Memory, processors, devices, mounts of memory: --cpus, --ulimit, --device, --tmpfs, …
void add_resource_options(CLI::App& app, spec::Flags& flags);

// -p, --hostname, --add-host, --dns, --network.
void add_network_options(CLI::App& app, spec::Flags& flags);
// --network alone: of what installs packages and runs nothing.
void add_network_mode_option(CLI::App& app, spec::Flags& flags);

// --cap-add, --security-opt, --read-only, --group-add, …
void add_privilege_options(CLI::App& app, spec::Flags& flags);

// How long the container stays, who looks after it, what is kept of it: -d, --rm, --timeout,
// --cidfile, --log-driver, …
void add_lifetime_options(CLI::App& app, spec::Flags& flags);

// The terminal and the standard streams: -i, -t, --no-tty, -n.
struct StreamOptions {
  bool interactive = false;  // of a detached run; otherwise standard input is connected anyway
  bool tty = false;
  bool no_tty = false;
  bool no_stdin = false;
};

// What run, exec and attach have in common. `detach_keys`: those given; empty: those of docker's
// configuration, else the engine's own. NORAW leaves the terminal as it is. The messages are those
// of the context, which outlives the session.
runtime::SessionOptions session_options(const Context& context, const std::string& detach_keys);

void add_stream_options(CLI::App& app, StreamOptions& options);
TerminalMode terminal_mode(const StreamOptions& options);
void apply(const StreamOptions& options, spec::Flags& flags);

}  // namespace berth::cli
