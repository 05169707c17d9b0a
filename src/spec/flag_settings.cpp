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
  const std::array<std::pair<std::string_view, const std::optional<std::string>*>, 14> kTyped = {{
      {"python", &flags.python},
      {"cuda", &flags.cuda},
      {"image", &flags.image},
      {"source", &flags.source},
      {"prefer", &flags.prefer},
      {"gpus", &flags.gpus},
      {"workdir", &flags.workdir},
      {"user", &flags.user},
      {"network", &flags.network},
      {"ipc", &flags.ipc},
      {"shm", &flags.shm},
      {"memory", &flags.memory},
      {"cpus", &flags.cpus},
      {"timeout", &flags.timeout},
  }};
  for (const auto& [key, value] : kTyped) {
    if (!*value) {
      continue;
    }
    // A spec says `shm`, docker's users `--shm-size`.
    const std::string flag = key == "shm" ? "--shm-size" : fmt::format("--{}", key);
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

Result<void> set_ports_and_devices(Settings& settings, const Flags& flags) {
  const auto name_flag = [](std::string_view flag, const Result<void>& set) -> Result<void> {
    return set ? Result<void>() : as_usage(Error(set.error()).context(fmt::format("`{}`", flag)));
  };
  for (const std::string& text : flags.ports) {
    BERTH_CHECK(name_flag("-p", add_ports(settings, text)));
  }
  for (const std::string& text : flags.devices) {
    BERTH_CHECK(name_flag("--device", add_device(settings, text)));
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

}  // namespace

Result<Settings> settings_of_flags(const Flags& flags, const Surroundings& surroundings) {
  Settings settings;
  BERTH_CHECK(set_scalars(settings, flags));
  if (flags.devel) {
    settings.devel = Sourced<bool>{true, Origin{"--devel"}};
  }
  if (flags.offline) {
    settings.offline = Sourced<bool>{true, Origin{"--offline"}};
  }
  if (!flags.frameworks.empty()) {
    BERTH_TRY(settings.frameworks, requirements(flags.frameworks, "-f"));
  }
  BERTH_CHECK(set_mounts(settings, flags, surroundings));
  BERTH_CHECK(set_ports_and_devices(settings, flags));
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

}  // namespace berth::spec
