// gather(): the Request, from everything a user can say it with.
//
// Flags win over BERTH_* variables, those over berth.yaml, that over the project's files
// (requirements.txt, pyproject.toml, environment.yml, uv.lock, poetry.lock, setup.cfg), those over
// ~/.config/berth/config.yaml, that over the defaults. Every value keeps its origin.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/request.hpp"

namespace berth::spec {

// What the command line said; absent or empty where it said nothing. Text is as typed: gather()
// parses it, and names the flag in errors.
struct Flags {
  std::vector<std::string> requirements{};  // positional of `resolve`: PEP 508
  std::vector<std::string> frameworks{};    // -f, the same grammar
  std::optional<std::string> python{};
  std::optional<std::string> cuda{};
  std::optional<std::string> image{};
  std::optional<std::string> source{};
  bool devel = false;
  std::vector<std::string> requirement_files{};  // -r of `run`
  std::vector<std::string> pip{};                // lines of a requirements.txt
  std::vector<std::string> apt{};
  bool no_packages = false;
  std::optional<std::string> prefer{};
  bool offline = false;
  std::optional<std::string> gpus{};
  std::optional<std::string> job{};
  std::vector<std::string> command{};
  std::vector<std::string> environment{};  // -e NAME=value or NAME
  std::vector<std::string> env_files{};
  std::vector<std::string> volumes{};  // -v
  std::vector<std::string> mounts{};   // --mount
  std::optional<std::string> workdir{};
  std::optional<std::string> user{};
  std::optional<std::string> name{};
  std::optional<std::string> entrypoint{};
  std::optional<std::string> network{};
  std::optional<std::string> ipc{};
  std::optional<std::string> shm{};
  std::optional<std::string> memory{};
  std::optional<std::string> timeout{};
  std::optional<std::string> wait{};
  std::optional<std::string> pull{};
  std::vector<std::string> labels{};
  std::vector<std::string> label_files{};
  TerminalMode terminal = TerminalMode::automatic;
  bool connect_stdin = true;
  bool interactive = false;                // -i; counts for a detached run only
  std::optional<std::string> spec_file{};  // --spec; `-` is standard input

  // How long the container stays, and who looks after it. An option that is on or off has the text
  // behind its `=`: "true", "false".
  std::optional<std::string> detach{};
  std::optional<std::string> keep{};
  std::optional<std::string> remove{};  // --rm
  std::optional<std::string> restart{};
  std::vector<std::string> attach{};
  std::optional<std::string> detach_keys{};
  std::optional<std::string> sig_proxy{};
  std::optional<std::string> streams{};  // --streams; else BERTH_STREAMS
  std::optional<std::string> stop_signal{};
  std::optional<std::string> stop_timeout{};
  std::optional<std::string> cid_file{};
  std::optional<std::string> result_file{};

  // Docker's other options of the container.
  std::optional<std::string> platform{};
  std::vector<std::string> tmpfs{};
  std::vector<std::string> ports{};
  std::vector<std::string> devices{};
  std::vector<std::string> ulimits{};
  std::optional<std::string> cpus{};
  std::optional<std::string> cpuset_cpus{};
  std::optional<std::string> cpuset_mems{};
  std::optional<std::string> memory_swap{};
  std::optional<std::string> memory_swappiness{};
  std::optional<std::string> hostname{};
  std::vector<std::string> extra_hosts{};
  std::vector<std::string> dns{};
  std::optional<std::string> init{};
  std::vector<std::string> cap_add{};
  std::vector<std::string> cap_drop{};
  std::vector<std::string> security_options{};
  std::optional<std::string> privileged{};
  std::optional<std::string> read_only{};
  std::vector<std::string> group_add{};
  std::optional<std::string> runtime{};
  std::optional<std::string> pid{};
  std::optional<std::string> userns{};
  std::optional<std::string> log_driver{};
  std::vector<std::string> log_options{};
};

// The surroundings that gather() reads, passed in so that tests can set them.
struct Surroundings {
  std::filesystem::path directory;  // the working directory
  std::filesystem::path home;
  std::function<std::optional<std::string>(const std::string&)> environment;  // getenv
};

// The project: the folder of the spec that is found from the working directory, else that
// directory.
std::filesystem::path project_folder(const Surroundings& surroundings);

// For `run`: the whole request. Errc::invalid_input with file and line, Errc::usage with the flag.
Result<Request> gather_run(const Flags& flags, const Surroundings& surroundings);

// For `resolve`: requirements on the command line stand alone (the spec and the project's files are
// not read then); without any, the project decides as it does for `run`. What reading the sources
// had to say is added to `warnings` where they are wanted.
Result<ResolveRequest> gather_resolve(const Flags& flags, const Surroundings& surroundings,
                                      std::vector<std::string>* warnings = nullptr);

}  // namespace berth::spec
