// What a container is called and whom it knows: --hostname, --add-host, --dns; and its platform.
#include <arpa/inet.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/model/container_options.hpp"

namespace berth {

namespace {

Failure malformed(std::string_view text, std::string_view what) {
  return fail(Errc::usage, fmt::format("`{}` {}", printable(text), what));
}

bool consists_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [others](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<void> check_hostname(std::string_view text) {
  constexpr std::size_t kLongest = 64;  // sethostname(2)
  if (!consists_of(text, ".-_") || text.front() == '-' || text.front() == '.' ||
      text.size() > kLongest) {
    return malformed(text,
                     "is no name of a machine, expected at most 64 letters, digits, `-` and `.`");
  }
  return {};
}

Result<void> check_address(std::string_view text) {
  in6_addr address{};
  const std::string terminated(text);  // and nothing hides behind a zero
  const bool plain = text.find('\0') == std::string_view::npos;
  if (!plain || (::inet_pton(AF_INET, terminated.c_str(), &address) != 1 &&
                 ::inet_pton(AF_INET6, terminated.c_str(), &address) != 1)) {
    return malformed(text, "is no IP address");
  }
  return {};
}

Result<std::string> parse_extra_host(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::size_t separator = equals == std::string_view::npos ? text.find(':') : equals;
  const std::string_view name = text.substr(0, separator);
  if (separator == std::string_view::npos || !consists_of(name, ".-_")) {
    return malformed(text, "is no host and address, expected for example `db:10.0.0.5`");
  }
  std::string_view address = text.substr(separator + 1);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  if (address != "host-gateway" && !check_address(address)) {
    return malformed(text, fmt::format("has `{}` where an IP address or `host-gateway` belongs",
                                       printable(address)));
  }
  return fmt::format("{}:{}", name, address);
}

Result<std::string> parse_platform(std::string_view text) {
  const std::vector<std::string> parts = split(text, '/');
  const bool sound = std::all_of(parts.begin(), parts.end(),
                                 [](const std::string& part) { return consists_of(part, "_.-"); });
  if (!sound || parts.size() < 2 || parts.size() > 3) {
    return malformed(text, "is no platform, expected os/architecture, for example `linux/amd64`");
  }
  return lowered(text);
}

std::string architecture_of(std::string_view platform) {
  const std::vector<std::string> parts = split(platform, '/');
  return parts.size() > 1 ? parts[1] : "";
}

}  // namespace berth
