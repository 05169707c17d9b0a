// read_nvml() against stand-ins of the library that are really loaded
// (tests/support/fake_nvml.cpp).
#include <cstdlib>
#include <filesystem>
#include <string>

#include "berth/runtime/nvml.hpp"
#include "support/catch.hpp"
#include "support/fake_nvml_settings.hpp"
#include "support/temporary_folder.hpp"

namespace fs = std::filesystem;
using berth::runtime::GpuDistance;
using berth::runtime::GpuReading;
using berth::runtime::NvmlProblem;
using berth::runtime::NvmlReading;
using berth::runtime::read_nvml;
using berth::test::FakeNvml;

namespace {

constexpr std::uint64_t kGibibyte = 1ULL << 30;

}  // namespace

TEST_CASE("NVML's two GPUs are read with all that it says of them", "[nvml]") {
  const NvmlReading reading = read_nvml({BERTH_FAKE_NVML});
  REQUIRE_FALSE(reading.problem);
  REQUIRE(reading.driver->text() == "535.104.05");
  REQUIRE(reading.cuda->text() == "12.2");
  REQUIRE(reading.library == fs::canonical(BERTH_FAKE_NVML));
  REQUIRE(reading.gpus.size() == 2);

  const GpuReading& gpu = reading.gpus[0];
  REQUIRE(gpu.index == 0);
  REQUIRE(gpu.name == "NVIDIA GeForce RTX 3090");
  REQUIRE(gpu.uuid == "GPU-00000000-0000-0000-0000-000000000000");
  REQUIRE(gpu.pci_bus_id == "00000000:01:00.0");
  REQUIRE(gpu.compute_capability == berth::ComputeCapability{8, 6});
  REQUIRE(gpu.memory_bytes == 24 * kGibibyte);
  REQUIRE(gpu.memory_used_bytes == kGibibyte);
  REQUIRE(gpu.utilisation_percent == 87U);
  REQUIRE_FALSE(gpu.mig);
  REQUIRE(gpu.problem.empty());
  REQUIRE(reading.gpus[1].uuid == "GPU-00000000-0000-0000-0000-000000000001");
  REQUIRE(reading.gpus[1].processes.empty());
}

TEST_CASE("processes that compute and draw are listed once, by pid", "[nvml]") {
  const FakeNvml fake{{"FAKE_NVML_PID", "4242"}};
  const NvmlReading reading = read_nvml({BERTH_FAKE_NVML});
  const auto& processes = reading.gpus.at(0).processes;
  REQUIRE(processes.size() == 2);
  REQUIRE(processes[0].pid == 999);
  REQUIRE_FALSE(processes[0].memory_bytes);  // "not available" is not a size
  REQUIRE(processes[1].pid == 4242);
  REQUIRE(processes[1].memory_bytes == 2 * kGibibyte);
}

TEST_CASE("more processes than there was room for are asked for again", "[nvml]") {
  const FakeNvml fake{{"FAKE_NVML_PROCESSES", "200"}, {"FAKE_NVML_PID", "5000"}};
  const NvmlReading reading = read_nvml({BERTH_FAKE_NVML});
  const auto& processes = reading.gpus.at(0).processes;
  REQUIRE(processes.size() == 201);  // and the one that only draws
  REQUIRE(processes.back().pid == 5199);
}

TEST_CASE("a GPU in MIG mode lists its instances", "[nvml]") {
  const FakeNvml fake{{"FAKE_NVML_MIG", "1"}};
  const NvmlReading reading = read_nvml({BERTH_FAKE_NVML});
  REQUIRE_FALSE(reading.gpus.at(0).mig);
  const GpuReading& gpu = reading.gpus.at(1);
  REQUIRE(gpu.mig);
  REQUIRE(gpu.mig_instances.size() == 2);
  REQUIRE(gpu.mig_instances[1].index == 1);
  REQUIRE(gpu.mig_instances[1].name == "NVIDIA A100-SXM4-40GB MIG 1g.5gb");
  REQUIRE(gpu.mig_instances[1].uuid == "MIG-00000000-0000-0000-0001-000000000001");
  REQUIRE(gpu.mig_instances[1].memory_bytes == 5 * kGibibyte);
}

TEST_CASE("health and nearness are read from NVML", "[nvml]") {
  const berth::test::TemporaryFolder folder;
  const fs::path layout = folder.write("layout",
                                       "gpu nvlink=1 switch=1 node=0 ecc=2\n"
                                       "gpu nvlink=1 switch=1 node=0 draws=999 process=4242\n"
                                       "gpu switch=1 node=0 lost\n"
                                       "gpu switch=1 node=0\n"
                                       "gpu switch=2 node=0\n"
                                       "gpu switch=3 node=1 mig=4864:7 mig=9856\n");
  const FakeNvml fake{{"FAKE_NVML_LAYOUT", layout.string()}};
  const NvmlReading reading = read_nvml({BERTH_FAKE_NVML});
  REQUIRE(reading.gpus.size() == 6);
  REQUIRE(reading.gpus[0].uncorrected_ecc_errors == 2U);
  REQUIRE(reading.gpus[1].uncorrected_ecc_errors == 0U);
  REQUIRE_FALSE(reading.gpus[1].processes.at(0).computes);
  REQUIRE(reading.gpus[1].processes.at(1).computes);
  REQUIRE(reading.gpus[2].problem == "GPU is lost");
  REQUIRE(reading.gpus[5].mig_instances.at(0).processes.at(0).pid == 7);
  REQUIRE(reading.gpus[5].mig_instances.at(1).processes.empty());
  REQUIRE(reading.gpus[5].mig_instances.at(1).memory_bytes == 9856ULL << 20);
  REQUIRE(reading.distances[0][0] == GpuDistance::itself);
  REQUIRE(reading.distances[0][1] == GpuDistance::nvlink);
  REQUIRE(reading.distances[1][0] == GpuDistance::nvlink);
  REQUIRE(reading.distances[0][2] == GpuDistance::machine);  // nobody can ask a lost one
  REQUIRE(reading.distances[0][3] == GpuDistance::pci_switch);
  REQUIRE(reading.distances[3][4] == GpuDistance::numa_node);
  REQUIRE(reading.distances[3][5] == GpuDistance::machine);
}

TEST_CASE("each failure of NVML has its kind and keeps NVML's words", "[nvml]") {
  struct Case {
    const char* code;
    NvmlProblem::Kind kind;
    const char* name;
    const char* text;
  };
  const Case cases[] = {
      {"4", NvmlProblem::Kind::no_permission, "no-permission", "Insufficient Permissions"},
      {"9", NvmlProblem::Kind::driver_not_loaded, "driver-not-loaded", "Driver Not Loaded"},
      {"15", NvmlProblem::Kind::gpu_lost, "gpu-lost", "GPU is lost"},
      {"17", NvmlProblem::Kind::blocked, "blocked", "Unknown Error"},
      {"18", NvmlProblem::Kind::version_mismatch, "version-mismatch",
       "Driver/library version mismatch"},
      {"999", NvmlProblem::Kind::other, "other", "Unknown Error"},
  };
  for (const Case& one : cases) {
    INFO("code " << one.code);
    const FakeNvml fake{{"FAKE_NVML_INIT", one.code}};
    const NvmlReading reading = read_nvml({BERTH_FAKE_NVML});
    REQUIRE(reading.problem);
    REQUIRE(reading.problem->kind == one.kind);
    REQUIRE(name_of(reading.problem->kind) == one.name);
    REQUIRE(reading.problem->text == one.text);
    REQUIRE(reading.gpus.empty());
  }
}

TEST_CASE("a GPU that is lost does not hide the others", "[nvml]") {
  const FakeNvml fake{{"FAKE_NVML_LOST", "0"}};
  const NvmlReading reading = read_nvml({BERTH_FAKE_NVML});
  REQUIRE_FALSE(reading.problem);
  REQUIRE(reading.gpus.size() == 2);
  REQUIRE(reading.gpus[0].problem == "GPU is lost");
  REQUIRE(reading.gpus[1].problem.empty());
  REQUIRE(reading.gpus[1].name == "NVIDIA GeForce RTX 3090");
}

TEST_CASE("a driver without GPUs is no problem", "[nvml]") {
  const FakeNvml fake{{"FAKE_NVML_COUNT", "0"}};
  const NvmlReading reading = read_nvml({BERTH_FAKE_NVML});
  REQUIRE_FALSE(reading.problem);
  REQUIRE(reading.gpus.empty());
  REQUIRE(reading.driver);
}

TEST_CASE("an old NVML without newer functions leaves their answers out", "[nvml]") {
  const NvmlReading reading = read_nvml({BERTH_FAKE_NVML_OLD});
  REQUIRE_FALSE(reading.problem);
  REQUIRE(reading.cuda->text() == "12.2");
  REQUIRE(reading.gpus.size() == 2);
  const GpuReading& gpu = reading.gpus[0];
  REQUIRE(gpu.name == "NVIDIA GeForce RTX 3090");
  REQUIRE_FALSE(gpu.compute_capability);
  REQUIRE_FALSE(gpu.utilisation_percent);
  REQUIRE(gpu.pci_bus_id.empty());
  REQUIRE(gpu.processes.size() == 2);  // in the old structure, 16 bytes each
  REQUIRE(gpu.processes[1].pid == 7002);
  REQUIRE(gpu.processes[1].memory_bytes == 2 * kGibibyte);
}

TEST_CASE("no library is told apart from one that cannot be used", "[nvml]") {
  const NvmlReading missing = read_nvml({"libberth-there-is-no-such-thing.so.1"});
  REQUIRE(missing.problem->kind == NvmlProblem::Kind::library_missing);
  REQUIRE(missing.library.empty());

  const NvmlReading empty = read_nvml({BERTH_FAKE_NVML_EMPTY});
  REQUIRE(empty.problem->kind == NvmlProblem::Kind::library_unusable);

  const berth::test::TemporaryFolder folder;
  const fs::path garbage = folder.write("libnvidia-ml.so.1", "this is no library");
  const NvmlReading broken = read_nvml({garbage.string()});
  REQUIRE(broken.problem->kind == NvmlProblem::Kind::library_unusable);
  REQUIRE(broken.problem->text.find("libnvidia-ml.so.1") != std::string::npos);
}

TEST_CASE("the next library is tried where the first is absent", "[nvml]") {
  const NvmlReading reading = read_nvml({"libberth-there-is-no-such-thing.so.1", BERTH_FAKE_NVML});
  REQUIRE_FALSE(reading.problem);
  REQUIRE(reading.gpus.size() == 2);
}

TEST_CASE("the library's own version is read from the file behind the link", "[nvml]") {
  const FakeNvml fake{{"FAKE_NVML_INIT", "18"}};
  const berth::test::TemporaryFolder folder;
  fs::copy_file(BERTH_FAKE_NVML, folder.path() / "libnvidia-ml.so.550.120");
  fs::create_symlink("libnvidia-ml.so.550.120", folder.path() / "libnvidia-ml.so.1");
  const NvmlReading reading = read_nvml({(folder.path() / "libnvidia-ml.so.1").string()});
  REQUIRE(reading.problem->kind == NvmlProblem::Kind::version_mismatch);
  REQUIRE(reading.library_version->text() == "550.120");
}
