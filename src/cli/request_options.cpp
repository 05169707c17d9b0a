#include "cli/request_options.hpp"

#include <spdlog/logger.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/runtime/docker_config.hpp"

namespace berth::cli {

namespace {

// A repeatable option with one value each: without the second call it would swallow the words after
// it.
void add_repeatable(CLI::App& app, const std::string& names, std::vector<std::string>& values,
                    const std::string& description, const std::string& text,
                    const std::string& group) {
  app.add_option(names, values, description)
      ->allow_extra_args(false)
      ->option_text(text)
      ->group(group);
}

void add_single(CLI::App& app, const std::string& names, std::optional<std::string>& value,
                const std::string& description, const std::string& text, const std::string& group) {
  app.add_option(names, value, description)->option_text(text)->group(group)->take_last();
}

// On without a value; `--rm=false` is off. The spec layer reads the word.
void add_switch(CLI::App& app, const std::string& names, std::optional<std::string>& value,
                const std::string& description, const std::string& group) {
  app.add_flag(names, value, description)->option_text(" ")->group(group)->take_last();
}

}  // namespace

void add_decision_options(CLI::App& app, spec::Flags& flags) {
  const std::string group = "What decides the image";
  add_repeatable(app, "-f,--framework", flags.frameworks, "Framework to run, e.g. 'torch==2.3.1'",
                 "REQ", group);
  add_single(app, "--python", flags.python, "Python wanted in the image: 3.10, '>=3.9'", "VERSION",
             group);
  add_single(app, "--cuda", flags.cuda, "CUDA wanted: 12.1, or 12 for any of its minors", "VERSION",
             group);
  add_single(app, "--image", flags.image, "Use this image: no choice, but the checks", "REF",
             group);
  add_single(app, "--source", flags.source, "official, ngc or cuda-base", "SOURCE", group);
  app.add_flag("--devel", flags.devel, "An image with compilers and headers")->group(group);
  add_single(app, "--prefer", flags.prefer, "newest (default), or local: what the engine has",
             "WHAT", group);
  app.add_flag("--offline", flags.offline,
               "Ask no registry: the catalogue and the engine alone decide")
      ->group(group);
  add_single(app, "--gpus", flags.gpus, "auto, all, none, 2, free:2, device=0,1 or UUIDs", "SPEC",
             group);
  add_single(app, "--spec", flags.spec_file,
             "Spec to use instead of the berth.yaml found; - is stdin", "FILE", group);
  add_single(app, "--job", flags.job, "Named job of the spec", "NAME", group);
}

void add_lock_options(CLI::App& app, LockOptions& options) {
  const std::string group = "The lock";
  app.add_flag("--locked", options.locked, "Fail unless berth.lock is there and still stands")
      ->group(group);
  app.add_flag("--no-lock", options.no_lock, "Decide as if there were no berth.lock")->group(group);
}

void add_machine_options(CLI::App& app, MachineOptions& options) {
  const std::string group = "For another machine than this one";
  add_single(app, "--driver", options.driver, "NVIDIA driver, e.g. 535.104.05", "VERSION", group);
  add_repeatable(app, "--gpu", options.gpus, "GPU by name or capability: 'RTX 3090', sm_86", "NAME",
                 group);
  add_single(app, "--host", options.host_file, "Facts saved there by `berth doctor --facts`",
             "FILE", group);
}

void add_package_options(CLI::App& app, spec::Flags& flags) {
  const std::string group = "What is installed in it";
  add_repeatable(app, "-r,--requirement", flags.requirement_files,
                 "Install from this file, in place of the project's", "FILE", group);
  add_repeatable(app, "--pip", flags.pip, "Install a Python package, too: einops, 'numpy<2'", "REQ",
                 group);
  add_repeatable(app, "--apt", flags.apt, "Install a package of the distribution, too", "NAME",
                 group);
  app.add_flag("--no-packages", flags.no_packages, "Install nothing: the image as it is")
      ->group(group);
}

void add_container_options(CLI::App& app, spec::Flags& flags) {
  const std::string group = "The container";
  add_repeatable(app, "-e,--env", flags.environment,
                 "Set a variable; NAME alone passes on the caller's", "NAME[=VALUE]", group);
  add_repeatable(app, "--env-file", flags.env_files, "Read variables from a file", "FILE", group);
  add_repeatable(app, "-v,--volume", flags.volumes, "Mount a folder or volume", "SRC:DST[:ro]",
                 group);
  add_repeatable(app, "--mount", flags.mounts, "Mount, in docker's long form", "type=bind,…",
                 group);
  add_repeatable(app, "--tmpfs", flags.tmpfs, "Mount memory as a folder", "PATH[:OPTIONS]", group);
  add_single(app, "-w,--workdir", flags.workdir, "Working directory in the container", "DIR",
             group);
  add_single(app, "-u,--user", flags.user, "User to run as; the caller otherwise", "UID[:GID]",
             group);
  add_single(app, "--name", flags.name, "Name of the container", "NAME", group);
  add_single(app, "--entrypoint", flags.entrypoint, "Replace the image's; '' removes it", "COMMAND",
             group);
  add_single(app, "--pull", flags.pull, "missing (default), always or never", "WHEN", group);
  add_single(app, "--platform", flags.platform, "Of the image: linux/amd64", "OS/ARCH", group);
  add_repeatable(app, "-l,--label", flags.labels, "Label of the container", "KEY=VALUE", group);
  add_repeatable(app, "--label-file", flags.label_files, "Read labels from a file", "FILE", group);
  add_switch(app, "--init", flags.init, "An init as process 1 (default); --init=false: none",
             group);
}

void add_resource_options(CLI::App& app, spec::Flags& flags) {
  const std::string group = "Resources";
  add_single(app, "--shm-size", flags.shm, "Size of /dev/shm; half of the memory otherwise", "SIZE",
             group);
  add_single(app, "-m,--memory", flags.memory, "Memory limit", "SIZE", group);
  add_single(app, "--memory-swap", flags.memory_swap, "Limit of memory and swap; -1 for none",
             "SIZE", group);
  add_single(app, "--memory-swappiness", flags.memory_swappiness, "0 to 100", "PERCENT", group);
  add_single(app, "--cpus", flags.cpus, "How many processors, e.g. 1.5", "NUMBER", group);
  add_single(app, "--cpuset-cpus", flags.cpuset_cpus, "Which processors: 0-3,8", "SET", group);
  add_single(app, "--cpuset-mems", flags.cpuset_mems, "Which memory nodes", "SET", group);
  add_repeatable(app, "--ulimit", flags.ulimits, "nofile=65536", "NAME=SOFT[:HARD]", group);
  add_repeatable(app, "--device", flags.devices, "A device of the host, or a CDI name",
                 "PATH[:PATH][:rwm]", group);
  add_single(app, "--ipc", flags.ipc, "IPC namespace: private, host, …", "MODE", group);
}

void add_network_mode_option(CLI::App& app, spec::Flags& flags) {
  add_single(app, "--network", flags.network, "bridge, host, none or a network's name", "MODE",
             "Network");
}

void add_network_options(CLI::App& app, spec::Flags& flags) {
  const std::string group = "Network";
  add_network_mode_option(app, flags);
  add_repeatable(app, "-p,--publish", flags.ports, "Publish a port: 8888:8888",
                 "[[IP:]HOST:]PORT[/PROTO]", group);
  add_single(app, "--hostname", flags.hostname, "The container's name for itself", "NAME", group);
  add_repeatable(app, "--add-host", flags.extra_hosts, "A line of /etc/hosts", "NAME:IP", group);
  add_repeatable(app, "--dns", flags.dns, "A name server", "IP", group);
}

void add_privilege_options(CLI::App& app, spec::Flags& flags) {
  const std::string group = "Privileges";
  add_repeatable(app, "--cap-add", flags.cap_add, "Give a capability: SYS_PTRACE", "NAME", group);
  add_repeatable(app, "--cap-drop", flags.cap_drop, "Take one away", "NAME", group);
  add_repeatable(app, "--security-opt", flags.security_options, "As in docker", "NAME[=VALUE]",
                 group);
  add_switch(app, "--privileged", flags.privileged, "All capabilities, all devices", group);
  add_switch(app, "--read-only", flags.read_only, "The root file system cannot be written", group);
  add_repeatable(app, "--group-add", flags.group_add, "A further group of the user", "GROUP",
                 group);
  add_single(app, "--pid", flags.pid, "PID namespace: host", "MODE", group);
  add_single(app, "--userns", flags.userns, "User namespace: host", "MODE", group);
  add_single(app, "--runtime", flags.runtime, "The engine's runtime", "NAME", group);
}

void add_lifetime_options(CLI::App& app, spec::Flags& flags) {
  const std::string group = "How long, and what is kept";
  add_single(app, "--wait", flags.wait, "Wait so long for the GPUs of --gpus free:N; 0: for ever",
             "TIME", group);
  add_single(app, "--timeout", flags.timeout, "End the run after 90s, 30m, 12h", "TIME", group);
  add_switch(app, "-d,--detach", flags.detach, "Print the container's id and leave it running",
             group);
  add_switch(app, "--keep", flags.keep,
             "The run outlives its client, and is removed if it ends under its eyes", group);
  add_switch(app, "--rm", flags.remove, "Remove the container at its end (default; not with -d)",
             group);
  add_single(app, "--restart", flags.restart, "Refused: a run is one execution", "POLICY", group);
  add_repeatable(app, "-a,--attach", flags.attach, "Connect these streams only", "STREAM", group);
  add_single(app, "--detach-keys", flags.detach_keys, "Keys that detach: ctrl-p,ctrl-q", "KEYS",
             group);
  add_switch(app, "--sig-proxy", flags.sig_proxy,
             "Pass signals on (default); --sig-proxy=false: do not", group);
  add_single(app, "--streams", flags.streams,
             "engine: output never goes past the engine; auto, the default: where it can", "HOW",
             group);
  add_single(app, "--stop-signal", flags.stop_signal, "What asks the command to end", "SIGNAL",
             group);
  add_single(app, "--stop-timeout", flags.stop_timeout, "From then to KILL", "SECONDS", group);
  add_single(app, "--cidfile", flags.cid_file, "Write the container's id to a new file", "FILE",
             group);
  add_single(app, "--result", flags.result_file, "Write how it ended, as JSON", "FILE", group);
  add_single(app, "--log-driver", flags.log_driver, "Where the engine keeps the output", "NAME",
             group);
  add_repeatable(app, "--log-opt", flags.log_options, "How it does", "NAME=VALUE", group);
}

runtime::SessionOptions session_options(const Context& context, const std::string& detach_keys) {
  const spec::Surroundings& surroundings = context.surroundings;
  runtime::SessionOptions options;
  options.detach_keys = detach_keys.empty()
                            ? runtime::load_docker_config(surroundings.environment).detach_keys
                            : detach_keys;
  options.raw = !surroundings.environment("NORAW").has_value();
  options.on_notice = [&messages = context.messages](std::string_view notice) {
    messages.warning(notice);
  };
  options.on_detail = [&log = *context.log](std::string_view detail) { log.info(detail); };
  return options;
}

void add_stream_options(CLI::App& app, StreamOptions& options) {
  const std::string group = "Standard streams";
  app.add_flag("-i,--interactive", options.interactive,
               "Keep a detached run's stdin open; else it is connected anyway")
      ->group(group);
  app.add_flag("-t,--tty", options.tty,
               "Give the command a terminal, whatever stdin and stdout are")
      ->group(group);
  app.add_flag("--no-tty", options.no_tty, "Give it none")->group(group);
  app.add_flag("-n,--no-stdin", options.no_stdin, "Leave standard input alone")->group(group);
}

TerminalMode terminal_mode(const StreamOptions& options) {
  if (options.no_tty) {
    return TerminalMode::never;
  }
  return options.tty ? TerminalMode::always : TerminalMode::automatic;
}

void apply(const StreamOptions& options, spec::Flags& flags) {
  flags.terminal = terminal_mode(options);
  flags.connect_stdin = !options.no_stdin;
  flags.interactive = options.interactive && !options.no_stdin;
}

}  // namespace berth::cli
