// One function per subject; each value goes through its parser, and the flag's name stands before
// what is wrong.
#include "spec/run_flags.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "berth/base/duration.hpp"
#include "berth/base/file.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "spec/env_file.hpp"
#include "spec/security_options.hpp"
#include "spec/settings.hpp"

namespace berth::spec {

namespace {

Failure refuse(std::string_view flag, std::string_view text, std::string_view what) {
  return fail(Errc::usage, fmt::format("`{}`: `{}` {}", flag, printable(text), what));
}

Failure empty_value(std::string_view flag) {
  return fail(Errc::usage, fmt::format("`{}` is empty, and needs a value", flag));
}

// A flag's text through its parser.
template <class Parse>
auto parsed(std::string_view flag, const std::string& text, const Parse& parse)
    -> decltype(parse(text)) {
  if (trimmed(text).empty()) {
    return empty_value(flag);
  }
  auto result = parse(text);
  if (!result) {
    Error error = std::move(result).error().context(fmt::format("`{}`", flag));
    error.code = Errc::usage;
    return fail(std::move(error));
  }
  return result;
}

// A flag whose text goes to the engine as it is.
Result<std::string> plain(std::string_view text) {
  if (text.find_first_of(" \t\n") != std::string_view::npos) {
    return fail(Errc::usage, fmt::format("`{}` has a blank in it", printable(text)));
  }
  return std::string(text);
}

Result<void> set_plain(std::string& target, std::string_view flag,
                       const std::optional<std::string>& text) {
  if (text) {
    BERTH_TRY(target, parsed(flag, *text, plain));
  }
  return {};
}

Result<void> set_checked(std::string& target, std::string_view flag,
                         const std::optional<std::string>& text,
                         Result<void> (*check)(std::string_view)) {
  if (text) {
    BERTH_CHECK(parsed(flag, *text, check));
    target = *text;
  }
  return {};
}

Result<bool> parse_on_off(std::string_view text) {
  const std::optional<bool> on = parse_switch(text);
  return on ? Result<bool>(*on)
            : fail(Errc::usage, fmt::format("`{}` is neither true nor false", printable(text)));
}

Result<void> set_switch(bool& target, std::string_view flag,
                        const std::optional<std::string>& text) {
  if (text) {
    BERTH_TRY(target, parsed(flag, *text, parse_on_off));
  }
  return {};
}

Result<PullPolicy> parse_pull(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, PullPolicy>, 3> kPolicies = {
      {{"missing", PullPolicy::missing},
       {"always", PullPolicy::always},
       {"never", PullPolicy::never}}};
  for (const auto& [name, policy] : kPolicies) {
    if (text == name) {
      return policy;
    }
  }
  return refuse("--pull", text, "is no policy, expected missing, always or never");
}

// The engine's rule: [a-zA-Z0-9][a-zA-Z0-9_.-]+
bool is_container_name(std::string_view name) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return name.size() >= 2 && kLetters.find(name[0]) != std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return kLetters.find(c) != std::string_view::npos || c == '_' || c == '.' || c == '-';
         });
}

Result<void> add_label(RunRequest& run, const std::string& label) {
  const std::size_t equals = label.find('=');
  if (trimmed(label.substr(0, equals)).empty()) {
    return refuse("--label", label, "has no key, expected key=value");
  }
  run.labels[label.substr(0, equals)] =
      equals == std::string::npos ? std::string() : label.substr(equals + 1);
  return {};
}

// In the form of env files; a name alone is a label without a value.
Result<void> add_label_file(RunRequest& run, const std::string& name,
                            const Surroundings& surroundings) {
  const std::filesystem::path path = (surroundings.directory / name).lexically_normal();
  Result<std::string> bytes = read_file(path);
  if (!bytes) {
    return fail(std::move(bytes).error().context("`--label-file`"));
  }
  BERTH_TRY(const SourceFile file, decode(path, name, std::move(*bytes)));
  BERTH_TRY(const std::vector<EnvironmentVariable> labels,
            read_env_file(file, [](const std::string&) { return std::string(); }));
  for (const EnvironmentVariable& label : labels) {
    run.labels[label.name] = label.value.value_or("");
  }
  return {};
}

Result<void> add_names(RunRequest& run, const Flags& flags, const Surroundings& surroundings) {
  if (flags.name && !is_container_name(*flags.name)) {
    return refuse("--name", *flags.name,
                  "is no name, expected letters, digits, `_`, `.` and `-`, two or more");
  }
  run.name = flags.name;
  run.entrypoint = flags.entrypoint;
  for (const std::string& name : flags.label_files) {
    BERTH_CHECK(add_label_file(run, name, surroundings));
  }
  for (const std::string& label : flags.labels) {
    BERTH_CHECK(add_label(run, label));
  }
  if (flags.pull) {
    BERTH_TRY(run.pull, parse_pull(*flags.pull));
  }
  const std::optional<std::string> usual = surroundings.environment("DOCKER_DEFAULT_PLATFORM");
  if (flags.platform) {
    BERTH_TRY(run.platform, parsed("--platform", *flags.platform, parse_platform));
  } else if (usual && !trimmed(*usual).empty()) {
    BERTH_TRY(run.platform, parsed("DOCKER_DEFAULT_PLATFORM", *usual, parse_platform));
  }
  return {};
}

Result<AttachedStreams> parse_attach(const std::vector<std::string>& texts) {
  AttachedStreams streams;
  for (const std::string& text : texts) {
    const std::string word = lowered(text);
    if (word == "stdin") {
      streams.standard_input = true;
    } else if (word == "stdout") {
      streams.standard_output = true;
    } else if (word == "stderr") {
      streams.standard_error = true;
    } else {
      return refuse("-a", text, "is no stream, expected stdin, stdout or stderr");
    }
  }
  return streams;
}

// "engine" or "auto"; whether the first.
Result<bool> parse_streams(std::string_view text) {
  if (text != "auto" && text != "engine") {
    return fail(Errc::usage, "is `auto` or `engine`");
  }
  return text == "engine";
}

Result<void> choose_way(RunRequest& run, const Flags& flags, const Surroundings& surroundings) {
  if (flags.streams) {
    BERTH_TRY(run.streams_through_engine, parsed("--streams", *flags.streams, parse_streams));
  } else if (const std::optional<std::string> usual = surroundings.environment("BERTH_STREAMS")) {
    BERTH_TRY(run.streams_through_engine, parsed("BERTH_STREAMS", *usual, parse_streams));
  }
  return {};
}

Result<void> add_streams(RunRequest& run, const Flags& flags) {
  run.terminal = flags.terminal;
  run.connect_stdin = run.detach ? flags.interactive : flags.connect_stdin;
  if (flags.attach.empty()) {
    return {};
  }
  if (run.detach) {
    return fail(Error{Errc::usage, "`-d` attaches nothing, and `-a` names what to attach"}.hint(
        "`berth attach` connects to a detached run"));
  }
  BERTH_TRY(run.attach, parse_attach(flags.attach));
  run.connect_stdin = flags.connect_stdin && run.attach->standard_input;
  return {};
}

Result<void> check_restart(const Flags& flags) {
  if (!flags.restart || *flags.restart == "no") {
    return {};
  }
  return fail(Error{Errc::usage, "`--restart` has no place here: a run is one execution"}
                  .note("its exit code, its record and its end are those of one process")
                  .hint("a loop around the command starts it again: `until berth run …; do sleep "
                        "10; done`"));
}

std::optional<std::filesystem::path> absolute_path(const std::optional<std::string>& text,
                                                   const Surroundings& surroundings) {
  return text ? std::optional((surroundings.directory / *text).lexically_normal()) : std::nullopt;
}

Result<void> add_files(RunRequest& run, const Flags& flags, const Surroundings& surroundings) {
  for (const auto& [flag, text] :
       {std::pair("--cidfile", &flags.cid_file), std::pair("--result", &flags.result_file)}) {
    if (*text && trimmed(**text).empty()) {
      return empty_value(flag);
    }
  }
  run.cid_file = absolute_path(flags.cid_file, surroundings);
  run.result_file = absolute_path(flags.result_file, surroundings);
  if (run.detach && run.result_file) {
    return fail(
        Error{Errc::usage, "`--result` is written at the end, which `-d` does not wait for"}.hint(
            "`berth run --keep --result …` waits, and outlives its client"));
  }
  return {};
}

// Docker's -1: wait for ever.
Result<std::chrono::seconds> parse_stop_timeout(std::string_view text) {
  return text == "-1" ? Result<std::chrono::seconds>(std::chrono::seconds(-1))
                      : parse_duration(text);
}

Result<void> add_lifetime(RunRequest& run, const Flags& flags, const Surroundings& surroundings) {
  BERTH_CHECK(check_restart(flags));
  BERTH_CHECK(set_switch(run.detach, "--detach", flags.detach));
  BERTH_CHECK(set_switch(run.keep, "--keep", flags.keep));
  BERTH_CHECK(set_switch(run.proxy_signals, "--sig-proxy", flags.sig_proxy));
  if (flags.remove) {
    BERTH_TRY(run.remove, parsed("--rm", *flags.remove, parse_on_off));
  }
  if (flags.detach_keys) {
    BERTH_CHECK(parsed("--detach-keys", *flags.detach_keys, check_detach_keys));
    run.detach_keys = flags.detach_keys;
  }
  if (flags.stop_signal) {
    BERTH_TRY(run.stop_signal, parsed("--stop-signal", *flags.stop_signal, parse_signal));
  }
  if (flags.wait) {
    BERTH_TRY(run.gpu_wait, parsed("--wait", *flags.wait, parse_duration));
  }
  if (flags.stop_timeout) {
    BERTH_TRY(run.stop_timeout, parsed("--stop-timeout", *flags.stop_timeout, parse_stop_timeout));
  }
  BERTH_CHECK(add_files(run, flags, surroundings));
  BERTH_CHECK(choose_way(run, flags, surroundings));
  return add_streams(run, flags);
}

Result<void> add_swap(RunRequest& run, const Flags& flags) {
  if (flags.memory_swappiness) {
    BERTH_TRY(run.options.memory_swappiness,
              parsed("--memory-swappiness", *flags.memory_swappiness, parse_swappiness));
  }
  if (!flags.memory_swap) {
    return {};
  }
  BERTH_TRY(const std::int64_t swap,
            parsed("--memory-swap", *flags.memory_swap, parse_memory_swap));
  if (!run.memory_bytes) {
    return fail(Error{Errc::usage,
                      "`--memory-swap` is memory and swap together, and `--memory` is "
                      "not given"}
                    .hint("`berth run --memory 64g --memory-swap 96g …`"));
  }
  if (swap >= 0 && static_cast<std::uint64_t>(swap) < *run.memory_bytes) {
    return refuse("--memory-swap", *flags.memory_swap,
                  "is less than the memory, and counts memory and swap together");
  }
  run.options.memory_swap = swap;
  return {};
}

Result<void> add_limits(RunRequest& run, const Flags& flags) {
  for (const std::string& text : flags.ulimits) {
    BERTH_TRY(Ulimit limit, parsed("--ulimit", text, parse_ulimit));
    std::erase_if(run.ulimits, [&](const Ulimit& earlier) { return earlier.name == limit.name; });
    run.ulimits.push_back(std::move(limit));
  }
  BERTH_CHECK(
      set_checked(run.options.cpuset_cpus, "--cpuset-cpus", flags.cpuset_cpus, check_cpu_set));
  BERTH_CHECK(
      set_checked(run.options.cpuset_mems, "--cpuset-mems", flags.cpuset_mems, check_cpu_set));
  return add_swap(run, flags);
}

Result<void> add_network(RunRequest& run, const Flags& flags) {
  BERTH_CHECK(set_checked(run.options.hostname, "--hostname", flags.hostname, check_hostname));
  for (const std::string& text : flags.extra_hosts) {
    BERTH_TRY(std::string host, parsed("--add-host", text, parse_extra_host));
    run.options.extra_hosts.push_back(std::move(host));
  }
  for (const std::string& text : flags.dns) {
    BERTH_CHECK(parsed("--dns", text, check_address));
    run.options.dns.push_back(text);
  }
  return {};
}

Result<void> add_capabilities(std::vector<std::string>& capabilities, std::string_view flag,
                              const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    BERTH_TRY(std::string capability, parsed(flag, text, parse_capability));
    if (std::find(capabilities.begin(), capabilities.end(), capability) == capabilities.end()) {
      capabilities.push_back(std::move(capability));
    }
  }
  return {};
}

Result<void> add_privileges(RunRequest& run, const Flags& flags, const Surroundings& surroundings) {
  ContainerOptions& options = run.options;
  BERTH_CHECK(add_capabilities(options.cap_add, "--cap-add", flags.cap_add));
  BERTH_CHECK(add_capabilities(options.cap_drop, "--cap-drop", flags.cap_drop));
  // What is both added and dropped is added, as in docker.
  std::erase_if(options.cap_drop, [&](const std::string& name) {
    return std::find(options.cap_add.begin(), options.cap_add.end(), name) != options.cap_add.end();
  });
  BERTH_CHECK(add_security_options(run, flags.security_options, surroundings));
  BERTH_CHECK(set_switch(options.privileged, "--privileged", flags.privileged));
  BERTH_CHECK(set_switch(options.read_only, "--read-only", flags.read_only));
  for (const std::string& text : flags.group_add) {
    BERTH_TRY(std::string group, parsed("--group-add", text, plain));
    run.group_add.push_back(std::move(group));
  }
  BERTH_CHECK(set_plain(options.pid, "--pid", flags.pid));
  return set_plain(options.userns, "--userns", flags.userns);
}

Result<void> add_log(RunRequest& run, const Flags& flags) {
  if (flags.log_driver) {
    BERTH_TRY(run.log_driver, parsed("--log-driver", *flags.log_driver, plain));
  }
  for (const std::string& text : flags.log_options) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return refuse("--log-opt", text, "is no option, expected name=value");
    }
    run.log_options[text.substr(0, equals)] = text.substr(equals + 1);
  }
  if (run.log_driver == "none" && !run.log_options.empty()) {
    return fail(Errc::usage, "`--log-driver none` keeps no log, and `--log-opt` says how");
  }
  return {};
}

// --tmpfs: path[:options], which the engine reads.
Result<void> add_tmpfs(RunRequest& run, const Flags& flags) {
  for (const std::string& text : flags.tmpfs) {
    const std::size_t colon = text.find(':');
    std::string target = std::filesystem::path(text.substr(0, colon)).lexically_normal().string();
    if (target.size() > 1 && target.ends_with('/')) {
      target.pop_back();
    }
    if (!target.starts_with('/') || target == "/") {
      return refuse("--tmpfs", text, "has no path in the container, expected path[:options]");
    }
    run.tmpfs[target] = colon == std::string::npos ? "" : text.substr(colon + 1);
  }
  return {};
}

}  // namespace

Result<void> add_run_flags(RunRequest& run, const Flags& flags, const Surroundings& surroundings) {
  BERTH_CHECK(add_names(run, flags, surroundings));
  BERTH_CHECK(add_lifetime(run, flags, surroundings));
  BERTH_CHECK(add_limits(run, flags));
  BERTH_CHECK(add_network(run, flags));
  BERTH_CHECK(add_privileges(run, flags, surroundings));
  BERTH_CHECK(add_log(run, flags));
  BERTH_CHECK(add_tmpfs(run, flags));
  BERTH_CHECK(set_plain(run.options.runtime, "--runtime", flags.runtime));
  if (flags.init) {
    BERTH_TRY(run.init, parsed("--init", *flags.init, parse_on_off));
  }
  return {};
}

}  // namespace berth::spec
