// --device: a path of the host, or the name of a CDI device. Source: docker/cli
// cli/command/container/opts.go (parseDevice), the CDI specification (names).
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/model/container_options.hpp"

namespace berth {

namespace {

bool consists_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [others](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

bool are_permissions(std::string_view text) {
  return !text.empty() && text.size() <= 3 &&
         text.find_first_not_of("rwm") == std::string_view::npos;
}

Error malformed(std::string_view text, std::string_view what) {
  return Error{Errc::usage, fmt::format("`{}` {}", printable(text), what)}.hint(
      "`--device /dev/fuse`, `--device /dev/sda:/dev/xvda:r`");
}

}  // namespace

bool is_cdi_device(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::size_t equals = text.find('=');
  return slash != std::string_view::npos && equals != std::string_view::npos && slash < equals &&
         consists_of(text.substr(0, slash), "_.-") &&
         consists_of(text.substr(slash + 1, equals - slash - 1), "_.-") &&
         consists_of(text.substr(equals + 1), "_.:-");
}

Result<DeviceMapping> parse_device(std::string_view text) {
  std::vector<std::string> parts = split(text, ':');
  DeviceMapping device;
  if (parts.size() > 1 && are_permissions(parts.back())) {
    device.permissions = parts.back();
    parts.pop_back();
  }
  if (parts.size() > 2) {
    return fail(malformed(text, "is no device, expected path[:path][:rwm]"));
  }
  for (const std::string& path : parts) {
    if (!path.starts_with('/')) {
      return fail(malformed(
          text,
          path.empty()
              ? "has an empty path"
              : fmt::format("names no device: `{}` is neither an absolute path nor a CDI name",
                            printable(path))));
    }
  }
  device.host = parts.front();
  device.container = parts.back();
  return device;
}

}  // namespace berth
