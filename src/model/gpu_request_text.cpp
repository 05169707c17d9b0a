// A GpuRequest in its own grammar again, and what its sizes mean.
#include <spdlog/fmt/fmt.h>

#include "berth/base/text.hpp"
#include "berth/model/gpu_request.hpp"

namespace berth {

namespace {

// As short as it can be read back: "20g", "1536m".
std::string size_text(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "gmk";
  for (unsigned i = 0; i < kUnits.size(); ++i) {
    const std::uint64_t unit = std::uint64_t{1} << (30 - 10 * i);
    if (bytes % unit == 0) {
      return fmt::format("{}{}", bytes / unit, kUnits[i]);
    }
  }
  return std::to_string(bytes);
}

}  // namespace

std::string GpuRequest::text() const {
  const auto base = [this]() -> std::string {
    switch (mode) {
      case Mode::automatic:
        return "auto";
      case Mode::none:
        return "none";
      case Mode::all:
        return "all";
      case Mode::count:
        return std::to_string(count);
      case Mode::free:
        return fmt::format("free:{}{}", count,
                           memory_bytes ? ",memory>=" + size_text(*memory_bytes) : std::string());
      case Mode::devices:
        return "device=" + join(devices, ",");
    }
    return "auto";
  };
  return capabilities.empty() ? base() : base() + ",capabilities=" + join(capabilities, ",");
}

bool is_sold_with(std::uint64_t bytes, std::uint64_t wished) {
  constexpr double kSoldAs = 0.92;
  return static_cast<double>(bytes) >= kSoldAs * static_cast<double>(wished);
}

}  // namespace berth
