// Catalog: what is known about frameworks, CUDA, drivers, GPUs and images. Facts are data (data/*.json, described in
// docs/catalog.md); each row names its source. Unknown is not incompatible: an absent value means that nobody has
// told us, and the resolver says so instead of refusing.
//
// The catalogue is plain data in the order of its files. Lookups are linear or by sorted search; it is read once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/dotted_version.hpp"
#include "berth/base/embedded.hpp"
#include "berth/base/pep440.hpp"
#include "berth/base/result.hpp"
#include "berth/model/request.hpp"

namespace berth {

// Every row carries where it is from, and whether its source itself was in doubt.
struct Fact {
  std::string source{};
  bool uncertain = false;
  std::string note{};
};

// A CUDA toolkit release and the driver it was released with.
struct Toolkit {
  CudaVersion cuda;  // "12.1.1"
  std::optional<DriverVersion> min_driver;
  Fact fact;
};

// From CUDA 11 on, a driver at or above the floor runs programs of every minor of the major (without PTX of a newer
// toolkit, without new features).
struct MinorVersionFloor {
  unsigned cuda_major = 0;
  DriverVersion min_driver;
  Fact fact;
};

struct DriverBranch {
  unsigned branch = 0;    // 535
  CudaVersion max_cuda;   // what it runs natively
  std::string lifecycle;  // "Long Term Support", "Production", "New Feature"; empty where not known
  std::string end_of_life;  // "2026-06"; empty where not known
  Fact fact;
};

// cuda-compat-12-9 on a driver of branch 535: compatible, not needed, or refused. Data-centre GPUs only.
struct ForwardCompatibility {
  enum class Verdict { compatible, not_needed, not_compatible };
  CudaVersion cuda;  // of the package
  unsigned driver_branch = 0;
  Verdict verdict = Verdict::compatible;
  Fact fact;
};

struct Capability {
  ComputeCapability value;
  std::string architecture;  // "Ampere"
  std::optional<CudaVersion> first_cuda;
  std::optional<CudaVersion> last_cuda;        // absent: still supported
  std::optional<unsigned> last_driver_branch;  // absent: still supported
  Fact fact;
};

struct GpuModel {
  std::string name;  // "GeForce RTX 3090", without "NVIDIA"
  ComputeCapability capability;
  bool data_center = false;  // forward compatibility is for these
  Fact fact;
};

// What code a CUDA minor can be compiled for.
struct CudaCoverage {
  CudaVersion cuda;  // "12.1"
  ComputeCapability min;
  ComputeCapability max;
  Fact fact;
};

// A framework release compiled for one CUDA.
struct FrameworkBuild {
  std::string name;  // "cu121"; "cpu"
  std::optional<CudaVersion> cuda;
  std::string cudnn;      // "8.9.2", "8"; empty where not known
  std::string index_url;  // empty: PyPI
  bool is_default = false;  // what a plain `pip install` gets
  // "sm_86", "compute_90". Empty: not known; then the CUDA's own coverage is all that can be said.
  std::vector<std::string> architectures;
  std::optional<DriverVersion> min_driver;  // where the project states one of its own
  Fact fact;
};

struct FrameworkRelease {
  pep440::Version version;
  std::string version_text;  // as the project writes it: "1.12.0"
  std::optional<PythonVersion> python_min;
  std::optional<PythonVersion> python_max;  // series: 3.12 includes 3.12.7
  std::vector<FrameworkBuild> builds;
  // Releases of libraries that go with this one: {"torchvision", "0.18.1"}, {"jaxlib", "0.4.30"}.
  std::map<std::string, std::string> companions;
  std::string released;  // "2024-06-05"; empty where not known
  Fact fact;
};

struct Framework {
  std::string name;                   // "torch": the catalogue's and the import's name
  std::vector<std::string> packages;  // PyPI names that mean it: tensorflow, tensorflow-gpu
  std::vector<FrameworkRelease> releases;  // newest first
};

// How sure we are that a tag can be pulled today.
enum class Evidence {
  live,       // a registry listing showed it
  listed,     // the publisher documents it, or public files use it
  inferred,   // follows from the publisher's naming rule, and nobody was seen using it
  withdrawn,  // known to be gone
};
std::string_view name_of(Evidence evidence);

enum class Flavor { base, runtime, devel };  // devel has compilers and headers
std::string_view name_of(Flavor flavor);

struct ImageTag {
  std::string repository;  // "nvidia/cuda", "pytorch/pytorch", "nvcr.io/nvidia/pytorch"
  std::string tag;
  ImageSource source = ImageSource::official;
  Flavor flavor = Flavor::runtime;
  std::map<std::string, std::string> frameworks;  // {"torch", "2.3.1"}; empty for nvidia/cuda
  std::optional<CudaVersion> cuda;                // absent: a CPU image
  std::string cudnn;                              // "8"; "9.1.0"; empty: none or not known
  std::string python;                             // "3.10"; empty: none or not known
  std::string os;                                 // "ubuntu22.04"
  std::vector<std::string> architectures;         // "amd64", "arm64"; empty: not known, amd64 for sure
  std::optional<DriverVersion> min_driver;        // NGC states one per release
  std::optional<ComputeCapability> min_capability;
  Evidence evidence = Evidence::listed;
  Fact fact;

  std::string reference() const { return repository + ":" + tag; }
};

struct Catalog {
  std::string version;  // of the data: a date
  std::vector<Toolkit> toolkits;
  std::vector<MinorVersionFloor> minor_floors;
  std::vector<DriverBranch> driver_branches;
  std::vector<ForwardCompatibility> forward_compatibility;
  std::vector<Capability> capabilities;
  std::vector<GpuModel> gpus;
  std::vector<CudaCoverage> coverage;
  std::vector<Framework> frameworks;
  std::vector<ImageTag> images;

  // By catalogue name or package name ("tensorflow-gpu"), normalised as PEP 503 does.
  const Framework* find_framework(std::string_view name) const;
  std::vector<std::string> framework_names() const;
  // By marketing name as people type it: case, "NVIDIA", "GeForce" and "Tesla" do not matter ("rtx 3090", "A100").
  const GpuModel* find_gpu(std::string_view name) const;
  const Capability* find_capability(ComputeCapability value) const;
  // The branch of a driver; where it is not listed (555 between 550 and 560), the nearest listed one below.
  const DriverBranch* find_branch(const DriverVersion& driver) const;
  // The highest CUDA that the driver runs natively; nullopt below the oldest branch known.
  std::optional<CudaVersion> native_cuda(const DriverVersion& driver) const;
  // The lowest driver that runs this CUDA natively, and the one that does by minor-version compatibility.
  std::optional<DriverVersion> native_driver(const CudaVersion& cuda) const;
  std::optional<DriverVersion> minor_driver(const CudaVersion& cuda) const;
};

// Parses catalogue files (name and content). Errc::invalid_input names file, row and what was expected; nothing is
// skipped silently. Unknown keys are errors: a typing mistake must not lose a fact.
Result<Catalog> load_catalog(const std::vector<EmbeddedFile>& files);

}  // namespace berth
