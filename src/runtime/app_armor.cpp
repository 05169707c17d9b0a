// Sources: moby daemon/apparmor_default.go and profiles/apparmor; the kernel's
// security/apparmor/apparmorfs.c.
#include "runtime/app_armor.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "berth/base/text.hpp"
#include "runtime/system_files.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDockersProfile = "docker-default";

// "docker-default (enforce)": the name of a profile, without its mode.
std::string_view profile_name(std::string_view text) {
  return trimmed(text.substr(0, text.find(" (")));
}

// The list is root's alone, the folders of the profiles ("docker-default.7") are not everywhere.
std::optional<bool> dockers_profile_is_loaded(const fs::path& root) {
  const fs::path folder = root / "sys/kernel/security/apparmor";
  const std::vector<std::string> lines = split(content_of(folder / "profiles"), '\n');
  const auto is_dockers = [](const std::string& line) {
    return profile_name(line) == kDockersProfile;
  };
  if (std::any_of(lines.begin(), lines.end(), is_dockers)) {
    return true;
  }
  const std::vector<fs::path> profiles = entries_of(folder / "policy/profiles");
  const auto is_dockers_folder = [](const fs::path& path) {
    return path.stem() == kDockersProfile;
  };
  if (std::any_of(profiles.begin(), profiles.end(), is_dockers_folder)) {
    return true;
  }
  const bool seen_others = !trimmed(lines.front()).empty() || !profiles.empty();
  return seen_others ? std::optional(false) : std::nullopt;
}

// Where several security modules share /proc/…/attr, the file of the name alone is not AppArmor's.
std::string own_profile(const fs::path& root) {
  const fs::path attributes = root / "proc/self/attr";
  std::string text = content_of(attributes / "apparmor/current");
  if (text.empty()) {
    text = content_of(attributes / "current");
  }
  const std::string_view name = profile_name(text);
  return name == "unconfined" ? std::string() : std::string(name);
}

}  // namespace

AppArmor probe_app_armor(const fs::path& root) {
  AppArmor found;
  found.enabled = content_of(root / "sys/module/apparmor/parameters/enabled").starts_with("Y");
  if (found.enabled) {
    found.parser = installed_program(root, "apparmor_parser").has_value();
    found.dockers_profile = dockers_profile_is_loaded(root);
    found.own_profile = own_profile(root);
  }
  return found;
}

}  // namespace berth::runtime
