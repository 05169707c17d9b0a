// The difference of two locks, for people who review one.
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/text.hpp"
#include "berth/resolver/lock.hpp"

namespace berth {

namespace {

// Facts by what they are called, in the order in which they are told.
using Facts = std::vector<std::pair<std::string, std::string>>;

template <class Version>
std::string text_of(const std::optional<Version>& version) {
  return version ? version->text() : std::string();
}

Facts facts_of(const Lock& lock) {
  Facts facts = {{"image", lock.image}, {"digest", lock.digest}};
  for (const LockedFramework& framework : lock.frameworks) {
    facts.emplace_back(framework.name, fmt::format("{} ({})", framework.version, framework.build));
    facts.emplace_back(framework.name + " index",
                       framework.index_url.empty() ? "PyPI" : framework.index_url);
    facts.emplace_back(framework.name + " runs on", join(framework.capabilities, " "));
  }
  for (const LockedLibrary& library : lock.libraries) {
    facts.emplace_back(library.name, library.version);
  }
  facts.insert(facts.end(), {{"CUDA", text_of(lock.cuda)},
                             {"cuDNN", lock.cudnn},
                             {"Python", lock.python},
                             {"base image", lock.base_image},
                             {"lowest driver", text_of(lock.min_driver)},
                             {"architecture", lock.architecture},
                             {"source", std::string(name_of(lock.source))},
                             {"catalogue", lock.catalog}});
  for (const LockInput& input : lock.inputs) {
    facts.emplace_back("input " + input.name, input.text);
  }
  if (!lock.environment) {
    return facts;
  }
  for (const LockedPackage& package : lock.environment->packages) {
    facts.emplace_back("package " + package.name, package.version);
    facts.emplace_back("package " + package.name + " from", package.from);
    facts.emplace_back("package " + package.name + " hash",
                       package.hashes.empty() ? "none" : join(package.hashes, " "));
  }
  for (const LockInput& input : lock.environment->inputs) {
    facts.emplace_back("input " + input.name, input.text);
  }
  return facts;
}

std::string shown(const std::string& value) {
  return value.empty() ? "not known" : value;
}

// All values of a name: inputs may have several.
std::string values_of(const Facts& facts, const std::string& name) {
  std::vector<std::string> values;
  for (const auto& [other, value] : facts) {
    if (other == name) {
      values.push_back(value);
    }
  }
  return join(values, " and ");
}

bool has(const Facts& facts, const std::string& name) {
  return std::any_of(facts.begin(), facts.end(),
                     [&name](const auto& fact) { return fact.first == name; });
}

}  // namespace

std::vector<std::string> lock_changes(const Lock& before, const Lock& after) {
  const Facts old_facts = facts_of(before);
  const Facts new_facts = facts_of(after);
  std::vector<std::string> lines;
  const auto tell = [&lines](std::string line) {
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) {
      lines.push_back(std::move(line));
    }
  };
  // Of a package that comes or goes, the version says enough.
  const auto tell_whole = [&tell](const std::string& name, std::string line) {
    const bool detail = name.starts_with("package ") && name.find(' ', 8) != std::string::npos;
    if (!detail) {
      tell(std::move(line));
    }
  };
  for (const auto& [name, ignored] : new_facts) {
    const std::string now = values_of(new_facts, name);
    if (!has(old_facts, name)) {
      tell_whole(name, fmt::format("{}: {} (new)", name, shown(now)));
    } else if (const std::string was = values_of(old_facts, name); was != now) {
      tell(fmt::format("{}: {} -> {}", name, shown(was), shown(now)));
    }
  }
  for (const auto& [name, value] : old_facts) {
    if (!has(new_facts, name)) {
      tell_whole(name, fmt::format("{}: {} (gone)", name, shown(value)));
    }
  }
  return lines;
}

}  // namespace berth
