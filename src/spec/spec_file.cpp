// The keys of berth.yaml that are more than a text, and the strictness: a mistyped key must not be
// ignored.
#include "spec/spec_file.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "berth/base/text.hpp"

namespace berth::spec {

namespace {

struct Reading {
  const SourceFile& file;
  SpecPlace place;
  const std::filesystem::path& home;
  SpecFile result{};
};

using Setter = Result<void> (*)(Reading&, Settings&, const Node&);

struct StructuredKey {
  std::string_view name;
  bool in_job;
  bool in_user;
  Setter set;
};

Failure wrong_type(const Reading& reading, std::string_view key, const Node& node,
                   std::string_view expected) {
  return malformed(reading.file, node.line,
                   fmt::format("`{}` is {}, expected {}", key, described(node), expected));
}

// The known key nearest to a mistyped one, as an ending of the message.
std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::optional<std::string> near = nearest(word, known);
  return near ? fmt::format(", did you mean `{}`?", *near)
              : fmt::format(", expected one of {}", join(known, ", "));
}

// A list of texts; a single text counts as a list of one.
Result<std::vector<Sourced<std::string>>> texts(const Reading& reading, std::string_view key,
                                                const Node& node, std::string_view example) {
  std::vector<Sourced<std::string>> result;
  if (node.is_scalar()) {
    result.push_back({node.text, origin_at(reading.file, node.line)});
    return result;
  }
  if (!node.is_list()) {
    return wrong_type(reading, key, node, fmt::format("a list such as `{}`", example));
  }
  for (const Node& item : node.items) {
    if (!item.is_scalar() || trimmed(item.text).empty()) {
      return malformed(reading.file, item.line,
                       fmt::format("`{}` has {} in its list, expected texts such as `{}`", key,
                                   item.is_scalar() ? "an empty text" : described(item), example));
    }
    result.push_back({item.text, origin_at(reading.file, item.line)});
  }
  return result;
}

Result<void> set_framework(Reading& reading, Settings& settings, const Node& node) {
  BERTH_TRY(const std::vector<Sourced<std::string>> lines,
            texts(reading, "framework", node, "[torch==2.3.1, jax]"));
  settings.frameworks.emplace();
  for (const Sourced<std::string>& line : lines) {
    BERTH_TRY(RequirementLine requirement, requirement_at(line.origin, line.value));
    settings.frameworks->push_back(std::move(requirement));
  }
  return {};
}

Result<void> set_run(Reading& reading, Settings& settings, const Node& node) {
  const Origin origin = origin_at(reading.file, node.line);
  std::vector<std::string> argv;
  if (node.is_scalar()) {
    argv = {"sh", "-c", node.text};
  } else if (node.is_list()) {
    for (const Node& item : node.items) {
      if (!item.is_scalar()) {
        return wrong_type(reading, "run", item, "a text in each place of the list");
      }
      argv.push_back(item.text);
    }
  } else {
    return wrong_type(reading, "run", node,
                      "a text such as `python train.py` or a list such as `[python, train.py]`");
  }
  if (argv.empty() || trimmed(node.is_scalar() ? node.text : argv[0]).empty()) {
    return malformed(origin, "`run` is empty, expected a command such as `python train.py`");
  }
  settings.command = Sourced<std::vector<std::string>>{std::move(argv), origin};
  return {};
}

Result<void> set_env(Reading& reading, Settings& settings, const Node& node) {
  if (!node.is_map()) {
    return wrong_type(reading, "env", node, "a map such as `{ WANDB_MODE: offline }`");
  }
  for (const Member& member : node.members) {
    const Origin origin = origin_at(reading.file, member.line);
    if (!is_variable_name(member.key)) {
      return malformed(origin, fmt::format("`{}` is no name of a variable", member.key));
    }
    if (!member.value.is_scalar() && member.value.kind != Node::Kind::null) {
      return wrong_type(reading, "env." + member.key, member.value,
                        "a text, or nothing for the caller's value");
    }
    EnvironmentVariable variable{member.key, std::nullopt, origin};
    if (member.value.is_scalar()) {
      variable.value = member.value.text;
    }
    settings.environment.push_back(std::move(variable));
  }
  return {};
}

Result<void> set_mounts(Reading& reading, Settings& settings, const Node& node) {
  BERTH_TRY(const std::vector<Sourced<std::string>> lines,
            texts(reading, "mounts", node, "[~/datasets:/data:ro]"));
  for (const Sourced<std::string>& line : lines) {
    BERTH_TRY(Sourced<Mount> mount,
              mount_at(line.origin, line.value, reading.file.path.parent_path(), reading.home));
    settings.mounts.push_back(std::move(mount));
  }
  return {};
}

Result<void> set_ports(Reading& reading, Settings& settings, const Node& node) {
  BERTH_TRY(const std::vector<Sourced<std::string>> lines,
            texts(reading, "ports", node, "[8888:8888]"));
  for (const Sourced<std::string>& line : lines) {
    if (Result<void> added = add_ports(settings, line.value); !added) {
      return malformed(line.origin, std::move(added).error());
    }
  }
  return {};
}

Result<void> set_devices(Reading& reading, Settings& settings, const Node& node) {
  BERTH_TRY(const std::vector<Sourced<std::string>> lines,
            texts(reading, "devices", node, "[/dev/infiniband]"));
  for (const Sourced<std::string>& line : lines) {
    if (Result<void> added = add_device(settings, line.value); !added) {
      return malformed(line.origin, std::move(added).error());
    }
  }
  return {};
}

Result<void> set_packages(Reading& reading, Settings& settings, const Node& node) {
  constexpr std::string_view kExample = "{ pip: [transformers==4.41.2], apt: [git] }";
  if (!node.is_map()) {
    return wrong_type(reading, "packages", node, fmt::format("a map such as `{}`", kExample));
  }
  for (const Member& member : node.members) {
    if (member.key != "pip" && member.key != "apt") {
      return malformed(reading.file, member.line,
                       fmt::format("unknown key `{}` in `packages`{}", member.key,
                                   suggestion(member.key, {"pip", "apt"})));
    }
    if (member.value.kind == Node::Kind::null) {
      continue;
    }
    BERTH_TRY(std::vector<Sourced<std::string>> lines,
              texts(reading, "packages." + member.key, member.value,
                    member.key == "pip" ? "[transformers==4.41.2]" : "[git]"));
    (member.key == "pip" ? settings.pip_packages : settings.apt_packages) = std::move(lines);
  }
  return {};
}

Result<void> set_mirror_map(Reading& reading, Settings& settings, const Node& node) {
  if (!node.is_map()) {
    return wrong_type(reading, "mirrors", node,
                      "a map such as `{ \"https://download.pytorch.org/whl\": "
                      "https://mirror.example/whl }`");
  }
  for (const Member& member : node.members) {
    if (!member.value.is_scalar()) {
      return wrong_type(reading, "mirrors." + member.key, member.value, "an address");
    }
    if (Result<void> added = add_mirror(settings, member.key, member.value.text); !added) {
      return malformed(origin_at(reading.file, member.line), std::move(added).error());
    }
  }
  return {};
}

Result<void> set_jobs(Reading& reading, Settings& settings, const Node& node);

const std::vector<StructuredKey>& structured_keys() {
  static const std::vector<StructuredKey> kKeys = {
      {"framework", true, true, set_framework},
      {"packages", true, true, set_packages},
      {"mirrors", true, true, set_mirror_map},
      {"run", true, false, set_run},
      {"env", true, true, set_env},
      {"mounts", true, true, set_mounts},
      {"ports", true, true, set_ports},
      {"devices", true, true, set_devices},
      {"jobs", false, false, set_jobs},
  };
  return kKeys;
}

bool allowed(const StructuredKey& key, SpecPlace place) {
  return place == SpecPlace::project || (place == SpecPlace::job ? key.in_job : key.in_user);
}

std::string_view described(SpecPlace place) {
  switch (place) {
    case SpecPlace::project:
      return "a spec";
    case SpecPlace::job:
      return "a job";
    case SpecPlace::user:
      return "the user's configuration";
  }
  return "a spec";
}

Result<void> set_key(Reading& reading, Settings& settings, const Member& member, SpecPlace place) {
  const Node& value = member.value;
  for (const StructuredKey& key : structured_keys()) {
    if (key.name == member.key && !allowed(key, place)) {
      return malformed(reading.file, member.line,
                       fmt::format("`{}` has no place in {}", key.name, described(place)));
    }
    if (key.name == member.key) {
      // A key without a value is as good as absent: somebody is still writing.
      return value.kind == Node::Kind::null ? Result<void>() : key.set(reading, settings, value);
    }
  }
  const ScalarKey* scalar = find_scalar_key(member.key);
  if (scalar == nullptr) {
    return malformed(
        reading.file, member.line,
        fmt::format("unknown key `{}`{}", member.key, suggestion(member.key, spec_keys(place))));
  }
  if (value.kind == Node::Kind::null) {
    return {};
  }
  if (!value.is_scalar()) {
    return wrong_type(reading, member.key, value,
                      fmt::format("a text such as `{}`", scalar->example));
  }
  const Origin origin = origin_at(reading.file, value.line);
  return set_scalar(settings, member.key, value.text, origin,
                    fmt::format("{}: `{}`", origin.text, member.key));
}

Result<void> set_keys(Reading& reading, Settings& settings, const Node& map, SpecPlace place) {
  for (const Member& member : map.members) {
    BERTH_CHECK(set_key(reading, settings, member, place));
  }
  return {};
}

Result<void> set_jobs(Reading& reading, Settings&, const Node& node) {
  if (!node.is_map()) {
    return wrong_type(reading, "jobs", node, "a map such as `{ eval: { run: python eval.py } }`");
  }
  for (const Member& member : node.members) {
    if (!member.value.is_map()) {
      return wrong_type(reading, "jobs." + member.key, member.value,
                        "a map such as `{ run: python eval.py, gpus: 1 }`");
    }
    Job job{member.key, member.line, {}};
    BERTH_CHECK(set_keys(reading, job.settings, member.value, SpecPlace::job));
    reading.result.jobs.push_back(std::move(job));
  }
  return {};
}

}  // namespace

Result<SpecFile> read_spec(const SourceFile& file, SpecPlace place,
                           const std::filesystem::path& home) {
  const bool json = file.path.extension() == ".json";
  BERTH_TRY(const Node root, json ? parse_json(file) : parse_yaml(file));
  Reading reading{file, place, home};
  if (root.kind == Node::Kind::null) {
    return std::move(reading.result);
  }
  if (!root.is_map()) {
    return malformed(
        file, root.line,
        fmt::format("the file is {}, expected keys such as `framework: torch`", described(root)));
  }
  Settings settings;
  BERTH_CHECK(set_keys(reading, settings, root, place));
  reading.result.settings = std::move(settings);
  return std::move(reading.result);
}

std::vector<std::string> spec_keys(SpecPlace place) {
  std::vector<std::string> names;
  for (const StructuredKey& key : structured_keys()) {
    if (allowed(key, place)) {
      names.emplace_back(key.name);
    }
  }
  for (const ScalarKey& key : scalar_keys()) {
    if (std::find(names.begin(), names.end(), key.name) == names.end()) {
      names.emplace_back(key.name);
    }
  }
  return names;
}

}  // namespace berth::spec
