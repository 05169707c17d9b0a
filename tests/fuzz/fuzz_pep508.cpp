// Requirements with their markers from any bytes; those that are read must print as what means the
// same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "berth/base/pep508.hpp"
#include "require.hpp"

using berth::fuzz::require;
using berth::pep508::Requirement;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const berth::Result<Requirement> requirement = Requirement::parse(text);
  if (!requirement) {
    require(!requirement.error().message.empty());
    return 0;
  }
  const berth::Result<Requirement> again = Requirement::parse(requirement->text());
  require(again && again->text() == requirement->text());
  require(again->name == requirement->name && again->extras == requirement->extras);
  require(again->url == requirement->url);
  require(again->applies({}) == requirement->applies({}));
  return 0;
}
