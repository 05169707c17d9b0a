// Versions and specifier sets from any bytes; those that are read must print as what means the
// same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "berth/base/pep440.hpp"
#include "require.hpp"

using berth::fuzz::require;
using berth::pep440::SpecifierSet;
using berth::pep440::Version;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first line is a specifier set, the second a version.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view second = line == std::string_view::npos ? text : text.substr(line + 1);
  const std::optional<Version> version = Version::parse(second);
  if (version) {
    const std::optional<Version> again = Version::parse(version->text());
    require(again && *again == *version && again->text() == version->text());
    require(version->public_version() <= *version);
  }
  const berth::Result<SpecifierSet> set = SpecifierSet::parse(text.substr(0, line));
  if (!set) {
    require(!set.error().message.empty());
    return 0;
  }
  const berth::Result<SpecifierSet> again = SpecifierSet::parse(set->text());
  require(again && again->text() == set->text());
  if (version) {
    require(again->contains(*version) == set->contains(*version));
    require(!set->contains(*version, false) || set->contains(*version, true));
  }
  return 0;
}
