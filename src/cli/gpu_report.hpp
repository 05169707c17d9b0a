// The machine's GPUs as a table and as JSON (schema berth/gpus/1).
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "berth/runtime/gpu_leases.hpp"
#include "berth/runtime/host_probe.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

struct GpuUser {
  runtime::GpuProcess process{};
  runtime::ProcessFacts facts{};
  std::string user{};  // login name, else the uid; empty where it is not known
};

// A run that holds, or waits for, GPUs (runtime/gpu_leases.hpp).
struct GpuHolder {
  runtime::LeaseHolder lease{};
  std::string user{};  // login name, else the uid; empty where it is not known
};

// A GPU and who uses it. Without NVML only index, name and UUID are known.
struct GpuRow {
  runtime::GpuReading gpu{};
  std::vector<GpuUser> users{};
  std::string trouble{};                       // why nobody is given it; empty: healthy
  std::map<std::string, GpuHolder> holders{};  // by the UUID of the GPU or of its instance
  std::vector<std::string> free{};             // the UUIDs that `--gpus free` could take
};

struct GpuReport {
  std::string driver{};  // "535.104.05"; empty: none
  std::string cuda{};    // the highest that the driver runs
  std::vector<GpuRow> rows{};
  std::vector<GpuHolder> waiting{};  // the first first
  std::vector<std::string> remarks{};
};

void print_gpus(std::ostream& out, const Terminal& terminal, const GpuReport& report);
std::string gpus_document(const GpuReport& report);

}  // namespace berth::cli
