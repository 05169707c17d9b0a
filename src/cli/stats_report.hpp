// What runs use, from two looks at each: a table, or JSON.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "berth/runtime/engine.hpp"
#include "cli/columns.hpp"

namespace berth::cli {

struct StatsLook {
  std::chrono::steady_clock::time_point at{};
  runtime::ContainerStats stats{};
};

// 100 is one processor fully used; absent where the looks do not tell. By the clock, since what
// engines call the system's processor time is not the same in Docker and Podman.
std::optional<double> cpu_percent(const StatsLook& before, const StatsLook& after);

// NAME, CPU, MEMORY, PEAK, PIDS, NETWORK, DISK.
Cells stats_heading();
// `cpu` as cpu_percent() has it.
Cells stats_row(const std::string& title, std::optional<double> cpu,
                const runtime::ContainerStats& stats);

nlohmann::ordered_json stats_json(std::optional<double> cpu, const runtime::ContainerStats& stats);

}  // namespace berth::cli
