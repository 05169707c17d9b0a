// Request: what the user wants, gathered from flags, environment, spec, project files and
// configuration, each value with its origin. The spec layer makes it, the resolver and the run read
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/dotted_version.hpp"
#include "berth/base/pep440.hpp"
#include "berth/base/pep508.hpp"
#include "berth/model/container_options.hpp"
#include "berth/model/gpu_request.hpp"
#include "berth/model/mount.hpp"
#include "berth/model/origin.hpp"
#include "berth/model/packages.hpp"

namespace berth {

// Where an image comes from.
enum class ImageSource {
  official,   // the framework's own: pytorch/pytorch, tensorflow/tensorflow
  ngc,        // NVIDIA's monthly containers: nvcr.io/nvidia/…
  cuda_base,  // nvidia/cuda, the framework installed from its wheels
  given,      // --image
};
// "official", "ngc", "cuda-base", "given".
std::string_view name_of(ImageSource source);

// What goes first of the images that would all do.
enum class Preference {
  newest,  // the newest release, the highest CUDA and so on; what is here only among equals
  local,   // what the engine has already
};
// "newest", "local".
std::string_view name_of(Preference preference);

using RequirementLine = Sourced<pep508::Requirement>;

// What decides the image.
struct ResolveRequest {
  // All Python requirements found, frameworks among them, in the order found; the resolver picks
  // out what the catalogue knows. Several lines for one name must all hold.
  std::vector<RequirementLine> requirements{};
  // Frameworks asked for with -f or `framework:`. They replace lines of `requirements` with the
  // same name.
  std::vector<RequirementLine> frameworks{};
  // requires-python, --python, .python-version: all must hold. `==3.10` and `3.10` mean the series.
  std::vector<Sourced<pep440::SpecifierSet>> python{};
  std::optional<Sourced<CudaVersion>> cuda{};
  std::optional<Sourced<std::string>> image{};  // skips the choice, keeps the checks
  std::optional<Sourced<ImageSource>> source{};
  bool devel = false;  // an image with compilers
  Sourced<Preference> prefer{Preference::newest, Origin{"default"}};
  Sourced<GpuRequest> gpus{GpuRequest{}, Origin{"default"}};
  bool offline = false;  // no registry is asked: what the catalogue and the engine know decides
};

// A variable for the container; without a value the caller's is taken, and where the caller has
// none the image's is removed (docker's `-e NAME`).
struct EnvironmentVariable {
  std::string name;
  std::optional<std::string> value;
  Origin origin;
};

enum class PullPolicy { missing, always, never };
enum class TerminalMode { automatic, always, never };

// --attach: the streams that are connected, in place of all of them.
struct AttachedStreams {
  bool standard_input = false;
  bool standard_output = false;
  bool standard_error = false;
};

// What is run and how.
struct RunRequest {
  std::vector<std::string> command{};  // argv; a spec's `run:` string is {"sh", "-c", text}
  std::string job{};                   // of the spec; empty for none
  std::filesystem::path project{};     // mounted at /workspace; empty: nothing is
  std::vector<EnvironmentVariable> environment{};
  std::vector<Sourced<Mount>> mounts{};
  std::optional<std::string> workdir{};
  std::optional<std::string> user{};  // "uid[:gid]" or a name; absent: the caller's ids
  std::optional<std::string> name{};
  std::optional<std::string> entrypoint{};  // "" resets the image's
  std::optional<std::string> network{};
  std::optional<std::string> ipc{};
  std::optional<std::uint64_t> shm_bytes{};
  std::optional<std::uint64_t> memory_bytes{};
  std::optional<std::chrono::seconds> timeout{};
  std::optional<std::chrono::seconds> gpu_wait{};  // for GPUs that are free; 0: without limit
  PackageRequest packages{};
  std::map<std::string, std::string> labels{};
  PullPolicy pull = PullPolicy::missing;
  TerminalMode terminal = TerminalMode::automatic;
  bool connect_stdin = true;  // -n leaves it alone; of a detached run only with -i

  // How long the container stays, and who looks after it.
  bool detach = false;           // -d: nobody is attached, the id is printed
  bool keep = false;             // an attached run that outlives its client
  std::optional<bool> remove{};  // --rm; absent: by the kind of run
  std::optional<AttachedStreams> attach{};
  std::optional<std::string> detach_keys{};
  bool proxy_signals = true;
  bool streams_through_engine = false;       // always; otherwise past it where that can be
  std::optional<std::string> stop_signal{};  // "SIGTERM"
  std::optional<std::chrono::seconds> stop_timeout{};  // negative: the engine waits for ever

  // Absolute paths on the caller's machine.
  std::optional<std::filesystem::path> cid_file{};
  std::optional<std::filesystem::path> result_file{};

  std::string platform{};                      // "linux/amd64"; empty: the engine's
  std::map<std::string, std::string> tmpfs{};  // target -> options, as docker's --tmpfs has them
  std::vector<Ulimit> ulimits{};               // one of berth's defaults gives way by name
  std::vector<std::string> security_options{};
  std::vector<std::string> group_add{};
  std::optional<bool> init{};
  std::optional<std::string> log_driver{};
  std::map<std::string, std::string> log_options{};
  ContainerOptions options{};
};

struct Request {
  ResolveRequest resolve{};
  RunRequest run{};
  std::vector<std::string> warnings{};  // of reading the sources: a key that has no effect, …
  std::vector<std::string> files{};     // what was read, for --explain and the run's labels
};

}  // namespace berth
