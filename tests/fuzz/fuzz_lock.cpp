// Lock files, which come with somebody else's project: never a crash, an error that says what is
// wrong, and what was read is written as it was read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "berth/resolver/lock.hpp"
#include "require.hpp"

using berth::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const berth::Result<berth::Lock> lock = berth::read_lock(text, "berth.lock");
  if (!lock) {
    require(lock.error().code == berth::Errc::invalid_input && !lock.error().message.empty());
    return 0;
  }
  const std::string document = berth::write_lock(*lock);
  const berth::Result<berth::Lock> again = berth::read_lock(document, "berth.lock");
  require(again && berth::write_lock(*again) == document);
  return 0;
}
