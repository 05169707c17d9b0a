// Flags and variables. Their texts go through the same table as the spec's, under other names in
// messages.
#include "spec/flag_settings.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "spec/env_file.hpp"

namespace berth::spec {

namespace {

// What is wrong with a flag is wrong with the command line.
Failure as_usage(Error error) {
  error.code = Errc::usage;
  return fail(std::move(error));
}

Result<void> set_scalars(Settings& settings, const Flags& flags) {
  const std::array<std::pair<std::string_view, const std::optional<std::string>*>, 12> kTyped = {{
      {"python", &flags.python},
      {"cuda", &flags.cuda},
      {"image", &flags.image},
      {"source", &flags.source},
      {"gpus", &flags.gpus},
      {"workdir", &flags.workdir},
      {"user", &flags.user},
      {"network", &flags.network},
      {"ipc", &flags.ipc},
      {"shm", &flags.shm},
      {"memory", &flags.memory},
      {"timeout", &flags.timeout},
  }};
  for (const auto& [key, value] : kTyped) {
    if (!*value) {
      continue;
    }
    const std::string flag = fmt::format("--{}", key);
    Result<void> set = set_scalar(settings, key, **value, Origin{flag}, fmt::format("`{}`", flag));
    if (!set) {
      return as_usage(std::move(set).error());
    }
  }
  return {};
}

Result<std::vector<RequirementLine>> requirements(const std::vector<std::string>& texts,
                                                  const std::string& origin) {
  std::vector<RequirementLine> lines;
  for (const std::string& text : texts) {
    Result<RequirementLine> line = requirement_at(Origin{origin}, text);
    if (!line) {
      return as_usage(std::move(line).error());
    }
    lines.push_back(std::move(*line));
  }
  return lines;
}

Result<void> set_mounts(Settings& settings, const Flags& flags, const Surroundings& surroundings) {
  const auto add = [&](const std::string& flag, Result<Mount> mount) -> Result<void> {
    if (!mount) {
      return as_usage(std::move(mount).error().context(fmt::format("`{}`", flag)));
    }
    settings.mounts.push_back(Sourced<Mount>{std::move(*mount), Origin{flag}});
    return {};
  };
  for (const std::string& text : flags.volumes) {
    BERTH_CHECK(add("-v", parse_volume(text, surroundings.directory, surroundings.home)));
  }
  for (const std::string& text : flags.mounts) {
    BERTH_CHECK(add("--mount", parse_mount(text, surroundings.directory, surroundings.home)));
  }
  return {};
}

Result<void> set_environment(Settings& settings, const Flags& flags,
                             const Surroundings& surroundings) {
  for (const std::string& name : flags.env_files) {
    const std::filesystem::path path = (surroundings.directory / name).lexically_normal();
    Result<std::string> bytes = read_file(path);
    if (!bytes) {
      return fail(std::move(bytes).error().context("`--env-file`"));
    }
    BERTH_TRY(const SourceFile file, decode(path, name, std::move(*bytes)));
    BERTH_TRY(std::vector<EnvironmentVariable> variables,
              read_env_file(file, surroundings.environment));
    std::move(variables.begin(), variables.end(), std::back_inserter(settings.environment));
  }
  for (const std::string& text : flags.environment) {
    Result<EnvironmentVariable> variable = variable_at(Origin{"-e"}, text);
    if (!variable) {
      return as_usage(std::move(variable).error());
    }
    settings.environment.push_back(std::move(*variable));
  }
  return {};
}

Result<PullPolicy> parse_pull(std::string_view text) {
  if (text == "missing") {
    return PullPolicy::missing;
  }
  if (text == "always") {
    return PullPolicy::always;
  }
  if (text == "never") {
    return PullPolicy::never;
  }
  return fail(Errc::usage,
              fmt::format("`--pull`: `{}` is no policy, expected missing, always or never", text));
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

}  // namespace

Result<Settings> settings_of_flags(const Flags& flags, const Surroundings& surroundings) {
  Settings settings;
  BERTH_CHECK(set_scalars(settings, flags));
  if (flags.devel) {
    settings.devel = Sourced<bool>{true, Origin{"--devel"}};
  }
  if (!flags.frameworks.empty()) {
    BERTH_TRY(settings.frameworks, requirements(flags.frameworks, "-f"));
  }
  BERTH_CHECK(set_mounts(settings, flags, surroundings));
  BERTH_CHECK(set_environment(settings, flags, surroundings));
  return settings;
}

Result<Settings> settings_of_variables(const Surroundings& surroundings) {
  Settings settings;
  for (const ScalarKey& key : scalar_keys()) {
    const std::string name(key.variable);
    const std::optional<std::string> value = surroundings.environment(name);
    if (value && !trimmed(*value).empty()) {
      BERTH_CHECK(set_scalar(settings, key.name, *value, Origin{name}, fmt::format("`{}`", name)));
    }
  }
  return settings;
}

Result<std::vector<RequirementLine>> requirements_of_flags(const Flags& flags) {
  return requirements(flags.requirements, "command line");
}

Result<void> add_run_flags(RunRequest& run, const Flags& flags) {
  if (flags.name && !is_container_name(*flags.name)) {
    return fail(
        Errc::usage,
        fmt::format(
            "`--name`: `{}` is no name, expected letters, digits, `_`, `.` and `-`, two or more",
            *flags.name));
  }
  run.name = flags.name;
  run.entrypoint = flags.entrypoint;
  for (const std::string& label : flags.labels) {
    const std::size_t equals = label.find('=');
    if (trimmed(label.substr(0, equals)).empty()) {
      return fail(Errc::usage,
                  fmt::format("`--label`: `{}` has no key, expected key=value", label));
    }
    run.labels[label.substr(0, equals)] =
        equals == std::string::npos ? std::string() : label.substr(equals + 1);
  }
  if (flags.pull) {
    BERTH_TRY(run.pull, parse_pull(*flags.pull));
  }
  run.terminal = flags.terminal;
  run.connect_stdin = flags.connect_stdin;
  return {};
}

}  // namespace berth::spec
