// choose_gpus(): which free GPUs a run gets, on many layouts.
#include <string>
#include <vector>

#include "berth/runtime/gpu_choice.hpp"
#include "support/catch.hpp"

using berth::runtime::choose_gpus;
using berth::runtime::gpu_slots;
using berth::runtime::GpuDistance;
using berth::runtime::GpuReading;
using berth::runtime::GpuSlot;
using berth::runtime::GpuWish;
using berth::runtime::MigInstance;
using berth::runtime::NvmlReading;

namespace {

constexpr std::uint64_t kGibibyte = 1ULL << 30;
using Numbers = std::vector<std::string>;

// A machine to be changed by a test: GPUs of 24 GiB, all far from each other.
class Machine {
 public:
  explicit Machine(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      nvml_.gpus.push_back(GpuReading{.index = i,
                                      .name = "NVIDIA GeForce RTX 3090",
                                      .uuid = "GPU-" + std::to_string(i),
                                      .memory_bytes = 24 * kGibibyte,
                                      .memory_used_bytes = 0});
    }
    nvml_.distances.assign(count, std::vector<GpuDistance>(count, GpuDistance::machine));
  }

  GpuReading& gpu(std::size_t i) { return nvml_.gpus[i]; }
  Machine& near(std::vector<std::size_t> group, GpuDistance distance) {
    for (const std::size_t a : group) {
      for (const std::size_t b : group) {
        nvml_.distances[a][b] = a == b ? GpuDistance::itself : distance;
      }
    }
    return *this;
  }
  Machine& busy(std::size_t i) {
    gpu(i).processes = {{.pid = 4242, .memory_bytes = std::nullopt, .computes = true}};
    return *this;
  }
  Machine& divide(std::size_t i, unsigned instances) {
    gpu(i).mig = true;
    for (unsigned k = 0; k < instances; ++k) {
      gpu(i).mig_instances.push_back(
          MigInstance{.index = k,
                      .name = "1g.5gb",
                      .uuid = "MIG-" + std::to_string(i) + "-" + std::to_string(k),
                      .memory_bytes = 5 * kGibibyte});
    }
    return *this;
  }

  std::vector<GpuSlot> slots() const { return gpu_slots(nvml_); }
  // The numbers chosen; {"none"} where there are too few.
  Numbers choice(unsigned count, std::optional<std::uint64_t> memory = std::nullopt) const {
    const std::vector<GpuSlot> slots = gpu_slots(nvml_);
    const auto places = choose_gpus(slots, nvml_.distances, GpuWish{count, memory});
    if (!places) {
      return {"none"};
    }
    Numbers numbers;
    for (const std::size_t place : *places) {
      numbers.push_back(slots[place].number);
    }
    return numbers;
  }

 private:
  NvmlReading nvml_{};
};

}  // namespace

TEST_CASE("of equals the lowest numbers are taken", "[gpu-choice]") {
  REQUIRE(Machine(8).choice(1) == Numbers{"0"});
  REQUIRE(Machine(8).choice(3) == Numbers{"0", "1", "2"});
  REQUIRE(Machine(8).choice(8).size() == 8);
  REQUIRE(Machine(8).choice(9) == Numbers{"none"});
  REQUIRE(Machine(0).choice(1) == Numbers{"none"});
}

TEST_CASE("a GPU that somebody computes on is not free, one that draws is", "[gpu-choice]") {
  Machine machine(3);
  machine.busy(0);
  machine.gpu(1).processes = {{.pid = 999, .memory_bytes = std::nullopt, .computes = false}};
  REQUIRE(machine.choice(1) == Numbers{"1"});
  REQUIRE(machine.choice(2) == Numbers{"1", "2"});
  REQUIRE(machine.choice(3) == Numbers{"none"});
}

TEST_CASE("memory in use counts where the process is not to be seen", "[gpu-choice]") {
  Machine machine(2);
  machine.gpu(0).memory_used_bytes = kGibibyte;  // the driver's own share
  REQUIRE(machine.choice(1) == Numbers{"0"});
  machine.gpu(0).memory_used_bytes = kGibibyte + 1;
  REQUIRE(machine.choice(1) == Numbers{"1"});
}

TEST_CASE("a GPU that is lost, unreadable or has memory errors is given to nobody",
          "[gpu-choice]") {
  Machine machine(4);
  machine.gpu(0).problem = "GPU is lost";
  machine.gpu(1).uncorrected_ecc_errors = 2;
  machine.gpu(2).uuid.clear();
  machine.gpu(3).uncorrected_ecc_errors = 0;
  REQUIRE(machine.choice(1) == Numbers{"3"});
  REQUIRE(machine.slots()[1].trouble == "it has 2 uncorrected memory errors");
}

TEST_CASE("neighbours come first, the nearest kind before the lowest numbers", "[gpu-choice]") {
  Machine machine(8);
  machine.near({0, 1, 2, 3}, GpuDistance::numa_node).near({4, 5, 6, 7}, GpuDistance::numa_node);
  machine.near({2, 3}, GpuDistance::pci_switch).near({6, 7}, GpuDistance::nvlink);
  REQUIRE(machine.choice(2) == Numbers{"6", "7"});
  REQUIRE(machine.busy(7).choice(2) == Numbers{"2", "3"});
  REQUIRE(machine.busy(3).choice(2) == Numbers{"0", "1"});
  REQUIRE(machine.choice(3) == Numbers{"0", "1", "2"});
  REQUIRE(machine.busy(1).choice(3) == Numbers{"4", "5", "6"});
  REQUIRE(machine.choice(5) == Numbers{"0", "2", "4", "5", "6"});
}

TEST_CASE("the farthest pair decides, not the mean", "[gpu-choice]") {
  Machine machine(6);
  machine.near({0, 1}, GpuDistance::nvlink).near({1, 2}, GpuDistance::nvlink);
  machine.near({3, 4, 5}, GpuDistance::pci_switches);
  REQUIRE(machine.choice(3) == Numbers{"3", "4", "5"});
}

TEST_CASE("the ring of a DGX-1 gives the four that are all linked", "[gpu-choice]") {
  Machine machine(8);
  machine.near({0, 1, 2, 3, 4, 5, 6, 7}, GpuDistance::numa_node);
  machine.near({1, 2}, GpuDistance::nvlink).near({3, 5, 6, 7}, GpuDistance::nvlink);
  REQUIRE(machine.choice(4) == Numbers{"3", "5", "6", "7"});
}

TEST_CASE("the smallest that satisfies the wish is taken", "[gpu-choice]") {
  Machine machine(4);
  machine.gpu(0).memory_bytes = 80 * kGibibyte;
  machine.gpu(1).memory_bytes = 40 * kGibibyte;
  REQUIRE(machine.choice(1) == Numbers{"2"});
  REQUIRE(machine.choice(1, 30 * kGibibyte) == Numbers{"1"});
  REQUIRE(machine.choice(1, 41 * kGibibyte) == Numbers{"1"});  // within what "40 GB" may report
  REQUIRE(machine.choice(1, 50 * kGibibyte) == Numbers{"0"});
  REQUIRE(machine.choice(2, 30 * kGibibyte) == Numbers{"0", "1"});
  REQUIRE(machine.choice(3, 30 * kGibibyte) == Numbers{"none"});
}

TEST_CASE("near and large beats far and just large enough", "[gpu-choice]") {
  Machine machine(4);
  machine.gpu(2).memory_bytes = machine.gpu(3).memory_bytes = 80 * kGibibyte;
  machine.near({2, 3}, GpuDistance::nvlink);
  REQUIRE(machine.choice(2) == Numbers{"2", "3"});
}

TEST_CASE("a size is the one that the card is sold by", "[gpu-choice]") {
  struct Row {
    std::uint64_t reported_mib;
    std::uint64_t sold_gib;
  };
  // What nvidia-smi shows of a T4, an A10G, an L40S, an A100 and an H100.
  for (const Row row :
       {Row{15109, 16}, Row{23028, 24}, Row{46068, 48}, Row{40960, 40}, Row{81559, 80}}) {
    Machine machine(1);
    machine.gpu(0).memory_bytes = row.reported_mib << 20;
    INFO(row.sold_gib);
    REQUIRE(machine.choice(1, row.sold_gib * kGibibyte) == Numbers{"0"});
    REQUIRE(machine.choice(1, (row.sold_gib + row.sold_gib / 4) * kGibibyte) == Numbers{"none"});
  }
}

TEST_CASE("a MIG instance counts as one, its GPU is never given whole", "[gpu-choice]") {
  Machine machine(2);
  machine.divide(0, 3);
  REQUIRE(machine.choice(1) == Numbers{"0:0"});
  REQUIRE(machine.choice(1, 20 * kGibibyte) == Numbers{"1"});
  REQUIRE(machine.choice(4) == Numbers{"0:0", "0:1", "0:2", "1"});
  machine.gpu(0).mig_instances[0].processes = {
      {.pid = 1, .memory_bytes = std::nullopt, .computes = true}};
  REQUIRE(machine.choice(1) == Numbers{"0:1"});

  Machine empty(1);
  empty.gpu(0).mig = true;
  REQUIRE(empty.choice(1) == Numbers{"none"});
}

TEST_CASE("two whole GPUs are preferred to instances, of which a process uses one",
          "[gpu-choice]") {
  Machine machine(3);
  machine.divide(0, 7);
  REQUIRE(machine.choice(2) == Numbers{"1", "2"});
}

TEST_CASE("a machine cut into many instances is chosen from all the same", "[gpu-choice]") {
  Machine machine(16);
  for (std::size_t i = 0; i < 16; ++i) {
    machine.divide(i, 7);
  }
  REQUIRE(machine.choice(20).size() == 20);
  REQUIRE(machine.choice(20) == machine.choice(20));
}
