// What keeps a thing that is to be moved where it is.
#include <algorithm>

#include "berth/resolver/lock.hpp"
#include "berth/resolver/resolve.hpp"

namespace berth {

namespace {

std::string version_of(const std::string& name, const Decision& decision) {
  for (const FrameworkChoice& framework : decision.frameworks) {
    if (framework.name == name) {
      return framework.version;
    }
  }
  for (const LibraryChoice& library : decision.libraries) {
    if (library.name == name) {
      return library.version;
    }
  }
  return {};
}

}  // namespace

std::vector<HeldBack> held_back(const std::vector<std::string>& moving, const Lock& before,
                                const Decision& decision, const ResolveRequest& request,
                                const Host& host, const Catalog& catalog) {
  std::vector<std::string> locked;
  for (const LockedFramework& framework : before.frameworks) {
    locked.push_back(framework.name);
  }
  for (const LockedLibrary& library : before.libraries) {
    locked.push_back(library.name);
  }
  std::erase_if(locked, [&](const std::string& name) {
    return std::find(moving.begin(), moving.end(), name) != moving.end();
  });
  std::vector<HeldBack> held;
  for (const std::string& name : moving) {
    const std::string version = version_of(name, decision);
    for (const std::string& other : locked) {
      std::vector<std::string> both = moving;
      both.push_back(other);
      const Result<Decision> with = resolve(pinned_request(request, before, both), host, catalog);
      if (with && !version.empty() && version_of(name, *with) != version) {
        held.push_back({name, version, other, version_of(name, *with)});
        break;
      }
    }
  }
  return held;
}

}  // namespace berth
