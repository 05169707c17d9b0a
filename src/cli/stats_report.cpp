#include "cli/stats_report.hpp"

#include <spdlog/fmt/fmt.h>

#include "berth/base/bytes.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;

// Engines write the machine's memory, or the largest number, where there is no limit.
constexpr std::uint64_t kNoLimit = 1ull << 60;

std::string memory_text(const runtime::ContainerStats& stats) {
  if (stats.memory_limit == 0 || stats.memory_limit >= kNoLimit) {
    return format_bytes(stats.memory_bytes);
  }
  const double part =
      100.0 * static_cast<double>(stats.memory_bytes) / static_cast<double>(stats.memory_limit);
  return fmt::format("{} / {} ({:.1f}%)", format_bytes(stats.memory_bytes),
                     format_bytes(stats.memory_limit), part);
}

std::string both(std::uint64_t in, std::uint64_t out) {
  return fmt::format("{} / {}", format_bytes(in), format_bytes(out));
}

}  // namespace

std::optional<double> cpu_percent(const StatsLook& before, const StatsLook& after) {
  const double passed = std::chrono::duration<double, std::nano>(after.at - before.at).count();
  if (passed <= 0 || after.stats.cpu_nanoseconds < before.stats.cpu_nanoseconds) {
    return std::nullopt;
  }
  return 100.0 * static_cast<double>(after.stats.cpu_nanoseconds - before.stats.cpu_nanoseconds) /
         passed;
}

Cells stats_heading() {
  return {"NAME", "CPU", "MEMORY", "PEAK", "PIDS", "NETWORK IN / OUT", "DISK IN / OUT"};
}

Cells stats_row(const std::string& title, std::optional<double> cpu,
                const runtime::ContainerStats& stats) {
  return {title,
          cpu ? fmt::format("{:.1f}%", *cpu) : "?",
          memory_text(stats),
          stats.memory_peak == 0 ? "?" : format_bytes(stats.memory_peak),
          std::to_string(stats.pids),
          both(stats.network_received, stats.network_sent),
          both(stats.block_read, stats.block_written)};
}

Json stats_json(std::optional<double> cpu, const runtime::ContainerStats& stats) {
  const bool limited = stats.memory_limit != 0 && stats.memory_limit < kNoLimit;
  return {{"cpu_percent", cpu ? Json(*cpu) : Json(nullptr)},
          {"cpu_nanoseconds", stats.cpu_nanoseconds},
          {"online_cpus", stats.online_cpus},
          {"memory_bytes", stats.memory_bytes},
          {"memory_limit", limited ? Json(stats.memory_limit) : Json(nullptr)},
          {"memory_peak", stats.memory_peak == 0 ? Json(nullptr) : Json(stats.memory_peak)},
          {"pids", stats.pids},
          {"network_received", stats.network_received},
          {"network_sent", stats.network_sent},
          {"block_read", stats.block_read},
          {"block_written", stats.block_written}};
}

}  // namespace berth::cli
