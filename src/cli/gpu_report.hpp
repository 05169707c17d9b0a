// The machine's GPUs as a table and as JSON (schema berth/gpus/1).
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "berth/runtime/host_probe.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

struct GpuUser {
  runtime::GpuProcess process{};
  runtime::ProcessFacts facts{};
  std::string user{};  // login name, else the uid; empty where it is not known
};

// A GPU and who uses it. Without NVML only index, name and UUID are known.
struct GpuRow {
  runtime::GpuReading gpu{};
  std::vector<GpuUser> users{};
};

struct GpuReport {
  std::string driver{};  // "535.104.05"; empty: none
  std::string cuda{};    // the highest that the driver runs
  std::vector<GpuRow> rows{};
  std::vector<std::string> remarks{};
};

void print_gpus(std::ostream& out, const Terminal& terminal, const GpuReport& report);
std::string gpus_document(const GpuReport& report);

}  // namespace berth::cli
