// docker's -p, in both of its forms. Source: docker/go-connections nat/nat.go (ParsePortSpec),
// docker/cli opts/port.go (the long form).
#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <optional>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/model/container_options.hpp"

namespace berth {

namespace {

constexpr unsigned kLastPort = 65535;

struct PortRange {
  unsigned first;
  unsigned last;

  unsigned size() const { return last - first + 1; }
};

// The parts of -p, as written.
struct Written {
  std::string host_ip{};
  std::string host_ports{};
  std::string container_ports{};
  std::string protocol = "tcp";
};

Error malformed(std::string_view text, std::string_view what) {
  return Error{Errc::usage, fmt::format("`{}` {}", printable(text), what)}.hint(
      "`-p 8888:8888`, `-p 127.0.0.1:6006:6006`, `-p 8000-8010:8000-8010/udp`");
}

std::optional<unsigned> port_number(std::string_view text) {
  unsigned number = 0;
  const std::from_chars_result read =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole && number <= kLastPort ? std::optional<unsigned>(number) : std::nullopt;
}

std::optional<PortRange> port_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::optional<unsigned> first = port_number(text.substr(0, dash));
  const std::optional<unsigned> last =
      dash == std::string_view::npos ? first : port_number(text.substr(dash + 1));
  return first && last && *first <= *last ? std::optional<PortRange>({*first, *last})
                                          : std::nullopt;
}

// [[ip:]host:]container; an IPv6 address is in brackets, or is all that stands before the last two
// colons.
Written split_short(std::string_view text) {
  Written written;
  if (const std::size_t slash = text.rfind('/'); slash != std::string_view::npos) {
    written.protocol = lowered(text.substr(slash + 1));
    text = text.substr(0, slash);
  }
  const std::size_t last = text.rfind(':');
  written.container_ports = text.substr(last == std::string_view::npos ? 0 : last + 1);
  if (last == std::string_view::npos) {
    return written;
  }
  text = text.substr(0, last);
  const std::size_t before = text.rfind(':');
  written.host_ports = text.substr(before == std::string_view::npos ? 0 : before + 1);
  if (before != std::string_view::npos) {
    std::string_view address = text.substr(0, before);
    if (address.starts_with('[') && address.ends_with(']')) {
      address = address.substr(1, address.size() - 2);
    }
    written.host_ip = address;
  }
  return written;
}

Result<Written> split_long(std::string_view text) {
  Written written;
  for (const std::string& field : split(text, ',')) {
    const std::size_t equals = field.find('=');
    const std::string key = lowered(field.substr(0, equals));
    const std::string value = equals == std::string::npos ? "" : field.substr(equals + 1);
    if (key == "target") {
      written.container_ports = value;
    } else if (key == "published") {
      written.host_ports = value;
    } else if (key == "protocol") {
      written.protocol = lowered(value);
    } else if (key != "mode") {  // of swarm's services
      return fail(malformed(text, fmt::format("has an unknown key `{}`", printable(key)))
                      .note("the keys are target, published and protocol"));
    }
  }
  return written;
}

Result<void> check(std::string_view text, const Written& written) {
  if (written.protocol != "tcp" && written.protocol != "udp" && written.protocol != "sctp") {
    return fail(malformed(text, fmt::format("has the protocol `{}`, expected tcp, udp or sctp",
                                            printable(written.protocol))));
  }
  if (!written.host_ip.empty() && !check_address(written.host_ip)) {
    return fail(malformed(
        text, fmt::format("has `{}` where an IP address belongs", printable(written.host_ip))));
  }
  return {};
}

}  // namespace

Result<std::vector<PortMapping>> parse_ports(std::string_view text) {
  Written written = split_short(text);
  if (text.find('=') != std::string_view::npos) {
    BERTH_TRY(written, split_long(text));
  }
  BERTH_CHECK(check(text, written));
  const std::optional<PortRange> inside = port_range(written.container_ports);
  if (!inside || inside->first == 0) {
    return fail(malformed(text, fmt::format("has no port of the container, but `{}`",
                                            printable(written.container_ports))));
  }
  const std::optional<PortRange> outside = port_range(written.host_ports);
  if (!written.host_ports.empty() && !outside) {
    return fail(malformed(
        text, fmt::format("has no port of the host, but `{}`", printable(written.host_ports))));
  }
  const bool side_by_side = outside && outside->size() == inside->size();
  if (outside && !side_by_side && inside->size() > 1) {
    return fail(malformed(text, "has two ranges of different lengths"));
  }
  std::vector<PortMapping> ports;
  for (unsigned i = 0; i < inside->size(); ++i) {
    PortMapping port{inside->first + i, written.protocol, written.host_ip, {}};
    port.host_port = side_by_side ? std::to_string(outside->first + i) : written.host_ports;
    ports.push_back(std::move(port));
  }
  return ports;
}

}  // namespace berth
