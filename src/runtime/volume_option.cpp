#include "runtime/volume_option.hpp"

#include <vector>

#include "berth/base/text.hpp"

namespace berth::runtime {

bool needs_volume_option(const Mount& mount) {
  const bool plain = mount.subpath.empty() && mount.volume_labels.empty() &&
                     mount.volume_driver.empty() && mount.volume_options.empty();
  return !mount.selinux.empty() || (mount.no_copy && plain && !mount.source.empty());
}

std::string volume_option(const Mount& mount) {
  std::vector<std::string> options;
  if (mount.read_only) {
    options.emplace_back("ro");
  }
  if (mount.no_copy) {
    options.emplace_back("nocopy");
  }
  for (const std::string& option : {mount.propagation, mount.selinux}) {
    if (!option.empty()) {
      options.push_back(option);
    }
  }
  const std::string place = mount.source + ":" + mount.target;
  return options.empty() ? place : place + ":" + join(options, ",");
}

}  // namespace berth::runtime
