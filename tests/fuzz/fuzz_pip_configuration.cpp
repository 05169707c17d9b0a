// pip.conf, and INI files at large: what a container gets of it, without credentials in what is
// shown.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "berth/base/credentials.hpp"
#include "berth/base/ini.hpp"
#include "berth/runtime/pip_configuration.hpp"
#include "require.hpp"

using berth::Errc;
using berth::Result;
using berth::fuzz::require;

namespace {

void check_ini(std::string_view text) {
  const Result<std::vector<berth::IniEntry>> entries = berth::parse_ini(text, "pip.conf");
  require(entries || (entries.error().code == Errc::invalid_input &&
                      entries.error().message.starts_with("pip.conf:")));
  unsigned before = 0;
  for (const berth::IniEntry& entry : entries.value_or(std::vector<berth::IniEntry>{})) {
    for (const berth::IniLine& line : entry.value) {
      require(line.number >= before && !line.text.empty());
      before = line.number;
    }
  }
}

void check_configuration(std::string_view text) {
  const int file = ::memfd_create("pip.conf", 0);
  require(file >= 0 &&
          ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  const auto configuration = berth::runtime::pip_configuration(
      {{"PIP_CONFIG_FILE", "/proc/self/fd/" + std::to_string(file)}}, "/nonexistent");
  ::close(file);
  require(configuration || !configuration.error().message.empty());
  if (!configuration) {
    return;
  }
  for (const auto* shown : {&configuration->indexes, &configuration->warnings}) {
    for (const std::string& line : *shown) {
      require(berth::credentials_in(line).empty());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_ini(text);
  check_configuration(text);
  check_configuration("[global]\n" + std::string(text));
  require(berth::credentials_in(berth::without_credentials(text)).empty());
  return 0;
}
