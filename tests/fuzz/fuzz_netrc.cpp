// netrc: what is passed on is a netrc for the wanted hosts alone, and is read as it was written.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "require.hpp"
#include "runtime/netrc.hpp"

using berth::fuzz::require;
using namespace berth::runtime;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::set<std::string> hosts = {"a", "b.example"};
  const NetrcExcerpt excerpt = netrc_for(text, hosts);
  const NetrcExcerpt again = netrc_for(excerpt.text, hosts);
  require(again.text == excerpt.text && again.passwords == excerpt.passwords);
  require(netrc_for(excerpt.text, {"c"}).text.empty());
  return 0;
}
