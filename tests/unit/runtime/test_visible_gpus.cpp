// visible_gpus(): CUDA_VISIBLE_DEVICES and Slurm's variables.
#include <map>
#include <string>
#include <vector>

#include "berth/runtime/visible_gpus.hpp"
#include "support/catch.hpp"

using berth::runtime::GpuSlot;
using berth::runtime::visible_gpus;
using berth::runtime::VisibleGpus;

namespace {

using Variables = std::map<std::string, std::string>;

// GPUs 0, 1 and 2, the last cut into two instances.
std::vector<GpuSlot> machine() {
  std::vector<GpuSlot> slots;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string uuid = "GPU-" + std::string(4, static_cast<char>('a' + i));
    slots.push_back(GpuSlot{
        .place = i, .number = std::to_string(i), .uuid = uuid, .gpu_uuid = uuid, .name = "A100"});
  }
  for (const char* k : {"0", "1"}) {
    slots.push_back(GpuSlot{.place = 2,
                            .number = std::string("2:") + k,
                            .uuid = std::string("MIG-") + k,
                            .gpu_uuid = "GPU-cccc",
                            .name = "A100 MIG",
                            .mig = true});
  }
  return slots;
}

VisibleGpus seen(const Variables& variables, const std::vector<GpuSlot>& slots = machine()) {
  return visible_gpus(slots, [&variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

// The numbers of those that are left, with blanks between.
std::string left(const Variables& variables) {
  const std::vector<GpuSlot> slots = machine();
  const VisibleGpus visible = seen(variables);
  std::string numbers;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    numbers += visible.slots[i] ? slots[i].number + " " : "";
  }
  return numbers;
}

}  // namespace

TEST_CASE("without a variable nothing is limited", "[visible-gpus]") {
  REQUIRE_FALSE(seen({}).limited());
  REQUIRE(left({}) == "0 1 2:0 2:1 ");
}

TEST_CASE("CUDA_VISIBLE_DEVICES lists numbers and UUIDs, whole or shortened", "[visible-gpus]") {
  REQUIRE(left({{"CUDA_VISIBLE_DEVICES", "1"}}) == "1 ");
  REQUIRE(left({{"CUDA_VISIBLE_DEVICES", "1, 00"}}) == "0 1 ");
  REQUIRE(left({{"CUDA_VISIBLE_DEVICES", "GPU-b"}}) == "1 ");
  REQUIRE(left({{"CUDA_VISIBLE_DEVICES", "MIG-1"}}) == "2:1 ");
  REQUIRE(left({{"CUDA_VISIBLE_DEVICES", "GPU-cccc"}}) == "2:0 2:1 ");
  REQUIRE(left({{"CUDA_VISIBLE_DEVICES", "2"}}) == "2:0 2:1 ");
}

TEST_CASE("as in CUDA an entry that names no GPU ends the list", "[visible-gpus]") {
  for (const char* none : {"", "-1", "NoDevFiles", "-1,0", "7", "x"}) {
    INFO(none);
    REQUIRE(left({{"CUDA_VISIBLE_DEVICES", none}}).empty());
    REQUIRE(seen({{"CUDA_VISIBLE_DEVICES", none}}).limited());
  }
  REQUIRE(left({{"CUDA_VISIBLE_DEVICES", "0,9,1"}}) == "0 ");
  REQUIRE(seen({{"CUDA_VISIBLE_DEVICES", "0,9,1"}}).warnings.size() == 1);
  REQUIRE(seen({{"CUDA_VISIBLE_DEVICES", "0,-1"}}).warnings.empty());
}

TEST_CASE("the first variable that is set decides", "[visible-gpus]") {
  const Variables all = {{"CUDA_VISIBLE_DEVICES", "0"},
                         {"SLURM_STEP_GPUS", "1"},
                         {"SLURM_JOB_GPUS", "0,1"},
                         {"GPU_DEVICE_ORDINAL", "2"}};
  REQUIRE(seen(all).variable == "CUDA_VISIBLE_DEVICES");
  REQUIRE(left({{"SLURM_STEP_GPUS", "1"}, {"SLURM_JOB_GPUS", "0,1"}}) == "1 ");
  REQUIRE(left({{"SLURM_JOB_GPUS", "0,1"}, {"GPU_DEVICE_ORDINAL", "2"}}) == "0 1 ");
  REQUIRE(left({{"GPU_DEVICE_ORDINAL", "1"}}) == "1 ");
}

TEST_CASE("what Slurm allocates is told from what a person has set", "[visible-gpus]") {
  REQUIRE_FALSE(seen({{"CUDA_VISIBLE_DEVICES", "0"}}).allocated);
  REQUIRE(seen({{"CUDA_VISIBLE_DEVICES", "0"}, {"SLURM_JOB_ID", "17"}}).allocated);
  REQUIRE(seen({{"SLURM_JOB_GPUS", "0"}}).allocated);
}

TEST_CASE("where Slurm hides the others, its numbers of the node are not ours", "[visible-gpus]") {
  REQUIRE(left({{"SLURM_JOB_GPUS", "5,6,7"}}) == "0 1 2:0 2:1 ");
  REQUIRE(left({{"SLURM_JOB_GPUS", "1,0"}}) == "0 1 ");
}

TEST_CASE("numbers are doubted where CUDA may count otherwise", "[visible-gpus]") {
  std::vector<GpuSlot> mixed = machine();
  REQUIRE(seen({{"CUDA_VISIBLE_DEVICES", "0"}}, mixed).warnings.empty());
  mixed[1].name = "T4";
  REQUIRE(seen({{"CUDA_VISIBLE_DEVICES", "0"}}, mixed).warnings.size() == 1);
  REQUIRE(seen({{"CUDA_VISIBLE_DEVICES", "GPU-aaaa"}}, mixed).warnings.empty());
  REQUIRE(seen({{"CUDA_VISIBLE_DEVICES", "0"}, {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}}, mixed)
              .warnings.empty());
}
