// Plan: all that will be done, decided and explained. The resolver fills in the Decision, the
// runtime makes the ContainerSpec from it, `--dry-run` prints both, the engine carries them out.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "berth/model/container_options.hpp"
#include "berth/model/host.hpp"
#include "berth/model/image_facts.hpp"
#include "berth/model/mount.hpp"
#include "berth/model/request.hpp"

namespace berth {

// A framework release and the build of it that was chosen.
struct FrameworkChoice {
  std::string name{};         // "torch"
  std::string requirement{};  // "==2.3.1"; empty where any release will do
  std::string version{};      // "2.3.1"
  std::string build{};        // "cu121", "cpu"; tensorflow's are named alike: "cu90"
  std::string index_url{};    // where pip finds that build; empty: PyPI
  std::string origin{};       // "requirements.txt:3"
  bool in_image = true;       // false: it must be installed on top (source cuda-base)

  // "torch==2.3.1+cu121", for labels and records.
  std::string text() const {
    return name + "==" + version + (build.empty() ? std::string() : "+" + build);
  }
};

// A library that is compiled against one of the frameworks, and the release that goes with it.
struct LibraryChoice {
  std::string name{};         // "xformers"
  std::string version{};      // "0.0.30"; "2.*" where any release of a series will do
  std::string requirement{};  // "" where any release will do
  std::string origin{};
  bool in_image = false;  // its framework depends on it, and is in the image
};

enum class DriverMode {
  native,   // the driver's own CUDA is at least the build's
  minor,    // minor-version compatibility
  forward,  // cuda-compat on a data-centre GPU
  none,     // a CPU run
  unknown,  // of the driver, or of the image's CUDA, too little is known to say
};
// "unknown" for unknown; documents write null.
std::string_view name_of(DriverMode mode);

struct DriverVerdict {
  std::optional<DriverVersion> found{};
  std::optional<DriverVersion> required{};
  DriverMode mode = DriverMode::none;
};

struct GpuVerdict {
  std::string name{};
  std::optional<ComputeCapability> compute_capability{};
  std::string covered_by{};  // "sm_86", "compute_90" (PTX), "" where the build's list is unknown
};

// One step of the explanation: the rule, what it said here, and where the fact is from.
struct Reason {
  std::string rule{};  // stable: "driver-native", "gpu-cubin", "default-build", …
  std::string text{};
  std::string source{};  // of the catalogue's row
};

// An image that was considered.
struct Candidate {
  std::string image{};
  ImageSource source = ImageSource::official;
  std::vector<FrameworkChoice> frameworks{};
  std::string cuda{};
  std::string python{};
  std::vector<Reason> rejected{};  // empty: it satisfies the request
};

// An image that the engine has already and that would do as well, if it is only slightly older than
// the chosen one.
struct LocalSubstitute {
  std::string image{};
  std::uint64_t bytes = 0;                 // unpacked; 0: not known
  std::vector<std::string> differences{};  // "torch 2.3.0 instead of 2.3.1"
};

struct Decision {
  std::string image{};
  ImageSource source = ImageSource::official;
  std::string base_image{};  // the CUDA base image that matches; empty where no live one is known
  std::vector<FrameworkChoice> frameworks{};
  std::vector<LibraryChoice> libraries{};  // to be installed beside the frameworks
  std::string cuda{};                      // "12.1"; empty for a CPU image
  std::string cudnn{};                     // "8"
  std::string python{};                    // "3.10"; empty where it is not known
  DriverVerdict driver{};
  std::vector<GpuVerdict> gpus{};
  std::vector<Reason> reasons{};
  std::vector<std::string> warnings{};
  // The one of them that only supposes what the image demands of the driver: whoever has asked the
  // image knows better. Empty: there is none.
  std::string supposed_requirement{};
  std::optional<ImageFacts> image_facts{};      // absent: nobody has asked the image itself
  std::optional<LocalSubstitute> substitute{};  // what `--prefer local` would take
  std::vector<Candidate> alternatives{};        // satisfying, best first, without the chosen one
  std::vector<Candidate> rejected{};            // for --explain
};

// What the engine is asked to attach as GPUs.
struct DeviceRequest {
  enum class Driver { nvidia, cdi };
  Driver driver = Driver::nvidia;
  int count = 0;  // -1: all; nvidia only
  std::vector<std::string>
      device_ids{};  // indices or UUIDs; with cdi qualified names: nvidia.com/gpu=0
  std::vector<std::string>
      capabilities{};  // one AND list; "gpu" is always in it with driver nvidia
};

// The container to create: docker's vocabulary, ready for the request body, with nothing left to
// decide.
struct ContainerSpec {
  std::string image{};
  std::string platform{};  // "linux/amd64"; empty: the engine's
  std::string name{};
  std::vector<std::string> command{};
  std::optional<std::vector<std::string>> entrypoint{};
  std::vector<std::string> environment{};  // NAME=value, or NAME alone to remove the image's
  std::string workdir{};
  std::string user{};
  std::vector<Mount> mounts{};
  // HostConfig.Tmpfs: target -> mount options ("exec,mode=1777"). A Mount of type tmpfs cannot say
  // `exec` before Docker 27, and a home folder without it cannot load what pip or torch.compile put
  // there.
  std::map<std::string, std::string> tmpfs{};
  std::vector<DeviceRequest> device_requests{};
  std::map<std::string, std::string> labels{};
  std::string network{};
  std::string ipc{};
  std::uint64_t shm_bytes = 0;  // 0: the engine's default
  std::uint64_t memory_bytes = 0;
  std::vector<Ulimit> ulimits{};
  std::vector<std::string> security_options{};
  std::vector<std::string> group_add{};
  bool init = true;
  bool tty = false;
  bool open_stdin = false;
  // false: -d. Then none of the streams is attached, and standard input stays open for later ones.
  bool attached = true;
  bool attach_stdout = true;
  bool attach_stderr = true;
  bool auto_remove = true;
  std::string stop_signal{};                           // "SIGINT"; empty: the image's, else SIGTERM
  std::optional<std::chrono::seconds> stop_timeout{};  // negative: the engine waits for ever
  std::string log_driver{};                            // empty: the engine's default
  std::map<std::string, std::string> log_options{};
  ContainerOptions options{};
  struct ConsoleSize {
    unsigned rows;
    unsigned columns;
  };
  std::optional<ConsoleSize> console_size{};
};

struct Plan {
  Decision decision{};
  ContainerSpec container{};
  PullPolicy pull = PullPolicy::missing;
  std::optional<std::chrono::seconds> timeout{};
  std::vector<std::string> warnings{};
};

}  // namespace berth
