// Docker's options from any bytes: each is read or refused as a mistake of the user's, and what is
// read is what an engine can be asked for.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "berth/model/container_options.hpp"
#include "require.hpp"

using namespace berth;
using berth::fuzz::require;

namespace {

// The value of a success; nothing to look at in a failure but its kind.
template <class T, class Check>
void judge(const Result<T>& result, const Check& check) {
  if (result) {
    check(*result);
  } else {
    require(result.error().code == Errc::usage && !result.error().message.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  judge(parse_ports(text), [](const std::vector<PortMapping>& ports) {
    require(!ports.empty());
    for (const PortMapping& port : ports) {
      require(port.container_port > 0 && port.container_port <= 65535);
    }
  });
  judge(parse_device(text), [](const DeviceMapping& device) {
    require(device.host.starts_with('/') && device.container.starts_with('/'));
    require(!device.permissions.empty());
  });
  judge(parse_ulimit(text), [](const Ulimit& limit) {
    require(limit.soft >= -1 && limit.hard >= -1);
    require(limit.hard == -1 || (limit.soft >= 0 && limit.soft <= limit.hard));
  });
  judge(parse_swappiness(text), [](unsigned percent) { require(percent <= 100); });
  judge(parse_memory_swap(text), [](std::int64_t bytes) { require(bytes == -1 || bytes > 0); });
  judge(parse_cpus(text), [](std::uint64_t) {});
  judge(parse_extra_host(text), [](const std::string& host) { require(host.find(':') > 0); });
  judge(parse_capability(text), [](const std::string& name) { require(!name.empty()); });
  judge(parse_signal(text), [](const std::string& name) { require(name.starts_with("SIG")); });
  judge(parse_platform(text),
        [](const std::string& platform) { require(!architecture_of(platform).empty()); });
  for (const Result<void>& checked :
       {check_cpu_set(text), check_hostname(text), check_address(text), check_detach_keys(text)}) {
    require(checked || checked.error().code == Errc::usage);
  }
  return 0;
}
