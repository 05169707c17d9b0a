// Records of runs, which anybody may have edited: never a crash, an error that says what is wrong,
// and what was read is written as it was read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "berth/runtime/run_records.hpp"
#include "require.hpp"

using berth::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const berth::Result<berth::RunRecord> record = berth::runtime::read_record(text);
  if (!record) {
    require(record.error().code == berth::Errc::invalid_input && !record.error().notes.empty());
    return 0;
  }
  const std::string document = berth::runtime::record_document(*record);
  const berth::Result<berth::RunRecord> again = berth::runtime::read_record(document);
  require(again && berth::runtime::record_document(*again) == document);
  return 0;
}
