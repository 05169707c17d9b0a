// The banner of NVIDIA's images.
#include <filesystem>

#include "berth/runtime/container_spec.hpp"

namespace berth::runtime {

void quieten_entrypoint(ContainerSpec& spec, const ImageFacts& image, const Decision& decision) {
  const bool banner =
      image.entrypoint.size() == 1 &&
      std::filesystem::path(image.entrypoint.front()).filename() == "nvidia_entrypoint.sh";
  // In an NGC image the same script links the forward-compatibility libraries.
  const bool needed =
      decision.source == ImageSource::ngc && decision.driver.mode == DriverMode::forward;
  if (banner && !needed && !spec.entrypoint.has_value() && !spec.command.empty()) {
    spec.entrypoint = std::vector<std::string>{""};
  }
}

}  // namespace berth::runtime
