// Findings about AppArmor: whether Docker can load the profile without which it starts no container
// where the kernel has AppArmor. Sources: moby daemon/apparmor_default.go; moby#44900 and #44970
// (versions that do not look for the parser); the manuals of Proxmox VE (pct) and LXD.
#include <spdlog/fmt/fmt.h>

#include "cli/doctor_checks.hpp"
#include "cli/doctor_remedies.hpp"

namespace berth::cli {

namespace {

using Status = Finding::Status;
using runtime::AppArmor;

constexpr const char* kWithout =
    "`berth run --security-opt apparmor=unconfined …` starts a container without it";

// An LXC container's own profile, which allows none to be loaded below it. One that may nest is
// `unconfined` in a namespace of its own.
bool is_confined_by_lxc(const AppArmor& app_armor) {
  const std::string& profile = app_armor.own_profile;
  return profile.starts_with("lxc-") || profile.starts_with("lxd-") ||
         profile.starts_with("incus-");
}

Finding confined_by_lxc(const AppArmor& app_armor) {
  return Finding{
      .code = "apparmor-profile",
      .status = Status::problem,
      .message = fmt::format(
          "Docker cannot load its AppArmor profile in this LXC container (`{}` confines it)",
          app_armor.own_profile),
      .cause =
          "without nesting an LXC container loads no profiles: `attempted to load a profile while "
          "confined`, and no container of Docker's starts",
      .remedy = {"on its host, `pct set … --features nesting=1,keyctl=1` (Proxmox) or `lxc config "
                 "set … security.nesting=true` (LXD), then start it anew",
                 kWithout}};
}

Finding without_parser(const Observations& seen, bool loaded) {
  Finding finding{.code = "apparmor-profile",
                  .status = loaded ? Status::note : Status::problem,
                  .message =
                      "the kernel has AppArmor, and `apparmor_parser`, which loads profiles, is "
                      "not installed",
                  .remedy = {install_app_armor(seen.probe)}};
  if (loaded) {
    finding.cause =
        "Docker's profile `docker-default` is still loaded: after the next restart it will not be, "
        "and no container starts";
  } else {
    finding.cause =
        "Docker confines containers by a profile that it cannot load, and starts none: `AppArmor "
        "enabled on system but the docker-default profile could not be loaded`";
    finding.remedy.push_back(restart_docker(seen));
    finding.remedy.emplace_back(kWithout);
  }
  return finding;
}

}  // namespace

// An engine that lists AppArmor on a machine whose kernel has none is in a virtual machine, of
// which nothing can be said from here.
std::vector<Finding> examine_app_armor(const Observations& seen) {
  const AppArmor& app_armor = seen.site.app_armor;
  const bool engine_uses_it = seen.details && seen.details->apparmor && is_docker(seen);
  if (!engine_uses_it || !engine_is_here(seen) || seen.probe.in_container || !app_armor.enabled) {
    return {};
  }
  if (is_confined_by_lxc(app_armor)) {
    return {confined_by_lxc(app_armor)};
  }
  if (!app_armor.parser && !seen.engine->is_snap()) {  // the snap brings its own
    return {without_parser(seen, app_armor.dockers_profile == true)};
  }
  return {};
}

}  // namespace berth::cli
