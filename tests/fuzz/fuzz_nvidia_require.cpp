// NVIDIA_REQUIRE_* from any bytes, on a machine with two GPUs and on one of which nothing is known:
// a verdict, the same each time, and never "unsatisfied" where nothing is known.
#include <cstddef>
#include <cstdint>
#include <string>

#include "berth/resolver/nvidia_require.hpp"
#include "require.hpp"

using namespace berth;
using berth::fuzz::require;
using Outcome = RequireVerdict::Outcome;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> environment = {"NVIDIA_REQUIRE_CUDA=" + text};
  const RequireFacts machine{DriverVersion::parse("535.104.05"),
                             CudaVersion::parse("12.2"),
                             {{"NVIDIA GeForce RTX 3090", ComputeCapability{8, 6},
                               gpu_brands("NVIDIA GeForce RTX 3090", false)},
                              {text, std::nullopt, gpu_brands(text, false)}}};
  const RequireVerdict verdict = check_nvidia_require(environment, machine);
  require(verdict.outcome == check_nvidia_require(environment, machine).outcome);
  require(verdict.outcome != Outcome::malformed || !verdict.condition.empty());
  const Outcome unknown = check_nvidia_require(environment, {}).outcome;
  require(unknown == Outcome::satisfied || unknown == Outcome::malformed);
  return 0;
}
