#include "cli/request_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

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
  add_single(app, "--gpus", flags.gpus, "auto, all, none, 2, device=0,1 or UUIDs", "SPEC", group);
  add_single(app, "--spec", flags.spec_file,
             "Spec to use instead of the berth.yaml found; - is stdin", "FILE", group);
  add_single(app, "--job", flags.job, "Named job of the spec", "NAME", group);
}

void add_machine_options(CLI::App& app, MachineOptions& options) {
  const std::string group = "For another machine than this one";
  add_single(app, "--driver", options.driver, "NVIDIA driver, e.g. 535.104.05", "VERSION", group);
  add_repeatable(app, "--gpu", options.gpus, "GPU by name or capability: 'RTX 3090', sm_86", "NAME",
                 group);
  add_single(app, "--host", options.host_file, "Facts saved there by `berth doctor --facts`",
             "FILE", group);
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
  add_single(app, "-w,--workdir", flags.workdir, "Working directory in the container", "DIR",
             group);
  add_single(app, "-u,--user", flags.user, "User to run as; the caller otherwise", "UID[:GID]",
             group);
  add_single(app, "--name", flags.name, "Name of the container", "NAME", group);
  add_single(app, "--entrypoint", flags.entrypoint, "Replace the image's; '' removes it", "COMMAND",
             group);
  add_single(app, "--network", flags.network, "bridge, host, none or a network's name", "MODE",
             group);
  add_single(app, "--ipc", flags.ipc, "IPC namespace: private, host, …", "MODE", group);
  add_single(app, "--shm-size", flags.shm, "Size of /dev/shm; half of the memory otherwise", "SIZE",
             group);
  add_single(app, "-m,--memory", flags.memory, "Memory limit", "SIZE", group);
  add_single(app, "--timeout", flags.timeout, "End the run after 90s, 30m, 12h", "TIME", group);
  add_single(app, "--pull", flags.pull, "missing (default), always or never", "WHEN", group);
  add_repeatable(app, "-l,--label", flags.labels, "Label of the container", "KEY=VALUE", group);
}

void add_stream_options(CLI::App& app, StreamOptions& options) {
  const std::string group = "Standard streams";
  app.add_flag("-i,--interactive", options.interactive,
               "Accepted for docker's sake: stdin is connected anyway")
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
}

}  // namespace berth::cli
