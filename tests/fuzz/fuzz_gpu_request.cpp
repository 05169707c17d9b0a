// GPU requests from any bytes; those that are read must print as what means the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "berth/model/gpu_request.hpp"
#include "require.hpp"

using berth::GpuRequest;
using berth::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const berth::Result<GpuRequest> request = berth::parse_gpu_request(text);
  if (!request) {
    require(request.error().code == berth::Errc::usage);
    return 0;
  }
  const berth::Result<GpuRequest> again = berth::parse_gpu_request(request->text());
  require(again.has_value());
  require(again->mode == request->mode && again->count == request->count);
  require(again->memory_bytes == request->memory_bytes);
  require(!request->memory_bytes || request->mode == GpuRequest::Mode::free);
  require(again->devices == request->devices && again->capabilities == request->capabilities);
  require(request->devices.empty() == (request->mode != GpuRequest::Mode::devices));
  return 0;
}
