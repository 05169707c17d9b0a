// limited_request(): what CUDA_VISIBLE_DEVICES and Slurm leave of a request for GPUs.
#include <string>
#include <vector>

#include "cli/gpu_allocation.hpp"
#include "support/catch.hpp"

using berth::GpuRequest;
using berth::cli::GpuAllocation;
using berth::cli::limited_request;
using berth::runtime::GpuSlot;
using berth::runtime::VisibleGpus;

namespace {

// GPUs 0 to 3; 3 is cut into two instances.
std::vector<GpuSlot> machine() {
  std::vector<GpuSlot> slots;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string uuid = "GPU-" + std::to_string(i) + "000";
    slots.push_back(
        GpuSlot{.place = i, .number = std::to_string(i), .uuid = uuid, .gpu_uuid = uuid});
  }
  for (const char* k : {"0", "1"}) {
    slots.push_back(GpuSlot{.place = 3,
                            .number = std::string("3:") + k,
                            .uuid = std::string("MIG-3") + k,
                            .gpu_uuid = "GPU-3000",
                            .mig = true});
  }
  return slots;
}

VisibleGpus everything() {
  VisibleGpus visible;
  visible.slots.assign(machine().size(), true);
  return visible;
}

VisibleGpus only(const std::vector<std::size_t>& places, bool allocated = false) {
  VisibleGpus visible;
  visible.variable = "CUDA_VISIBLE_DEVICES";
  visible.value = "1,2";
  visible.allocated = allocated;
  visible.slots.assign(machine().size(), false);
  for (const std::size_t place : places) {
    visible.slots[place] = true;
  }
  return visible;
}

GpuAllocation allotted(const std::string& request, const VisibleGpus& visible) {
  INFO(request);
  const berth::Result<GpuRequest> parsed = berth::parse_gpu_request(request);
  REQUIRE(parsed);
  berth::Result<GpuAllocation> allocation = limited_request(*parsed, machine(), visible);
  REQUIRE(allocation);
  return *std::move(allocation);
}

std::string refused(const std::string& request, const VisibleGpus& visible) {
  INFO(request);
  const berth::Result<GpuAllocation> allocation =
      limited_request(*berth::parse_gpu_request(request), machine(), visible);
  REQUIRE_FALSE(allocation);
  REQUIRE_FALSE(allocation.error().hints.empty());
  return allocation.error().id;
}

}  // namespace

TEST_CASE("without a limit a request stays as it is", "[gpu-allocation]") {
  for (const char* text :
       {"auto", "all", "2", "device=0,2", "none", "device=MIG-31", "all,capabilities=video"}) {
    const GpuAllocation allocation = allotted(text, everything());
    REQUIRE(allocation.request.text() == text);
    REQUIRE(allocation.warnings.empty());
  }
}

TEST_CASE("what a request uses is known, instances with their GPU", "[gpu-allocation]") {
  REQUIRE(allotted("all", everything()).slots.size() == 5);
  REQUIRE(allotted("2", everything()).slots.size() == 2);
  REQUIRE(allotted("4", everything()).slots.size() == 5);
  REQUIRE(allotted("none", everything()).slots.empty());
  REQUIRE(allotted("device=nvidia.com/gpu=1", everything()).slots.front().uuid == "GPU-1000");
  REQUIRE(allotted("device=GPU-2", everything()).slots.front().number == "2");
  REQUIRE(allotted("device=3:1", everything()).slots.front().uuid == "MIG-31");
  REQUIRE(allotted("device=9", everything()).slots.empty());  // the engine may know it
}

TEST_CASE("auto, all and a number choose from what the limit leaves", "[gpu-allocation]") {
  REQUIRE(allotted("auto", only({1, 2})).request.text() == "device=1,2");
  REQUIRE(allotted("all,capabilities=video", only({1, 2})).request.text() ==
          "device=1,2,capabilities=video");
  REQUIRE(allotted("1", only({1, 2})).request.text() == "device=1");
  REQUIRE(allotted("all", only({4})).request.text() == "device=3:1");
  REQUIRE(allotted("all", only({1, 2})).warnings.size() == 1);
  REQUIRE(refused("3", only({1, 2})) == "gpu-not-allocated");
}

TEST_CASE("within Slurm's allocation GPUs are named, since the engine sees the others as well",
          "[gpu-allocation]") {
  const GpuAllocation all = allotted("all", only({0, 1, 2, 3, 4}, true));
  REQUIRE(all.request.text() == "device=0,1,2,3:0,3:1");
  REQUIRE(all.warnings.empty());
  REQUIRE(allotted("1", only({0, 1, 2, 3, 4}, true)).request.text() == "device=0");
  REQUIRE(allotted("auto", only({0, 1, 2, 3, 4}, true)).request.text() == "device=0,1,2,3:0,3:1");
}

TEST_CASE("a limit that leaves nothing is a run on the CPU, or an error where a GPU is needed",
          "[gpu-allocation]") {
  REQUIRE(allotted("auto", only({})).request.mode == GpuRequest::Mode::none);
  REQUIRE(refused("all", only({})) == "gpu-not-allocated");
  REQUIRE(refused("1", only({})) == "gpu-not-allocated");
  REQUIRE(allotted("none", only({})).request.mode == GpuRequest::Mode::none);
}

TEST_CASE("a named GPU is taken against the variable, and not against Slurm", "[gpu-allocation]") {
  const GpuAllocation against = allotted("device=0", only({1, 2}));
  REQUIRE(against.request.text() == "device=0");
  REQUIRE(against.warnings.size() == 1);
  REQUIRE(allotted("device=1", only({1, 2})).warnings.empty());
  REQUIRE(refused("device=0", only({1, 2}, true)) == "gpu-not-allocated");
  REQUIRE(refused("device=1,GPU-0", only({1, 2}, true)) == "gpu-not-allocated");
  REQUIRE(allotted("device=1", only({1, 2}, true)).warnings.empty());
}

TEST_CASE("a GPU in MIG mode is not given whole", "[gpu-allocation]") {
  REQUIRE(refused("device=3", everything()) == "gpu-in-mig-mode");
  REQUIRE(refused("device=0,GPU-3000", everything()) == "gpu-in-mig-mode");
  REQUIRE(allotted("device=3:0,MIG-31", everything()).slots.size() == 2);
}
