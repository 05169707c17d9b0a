// Catalog: what is known about frameworks, CUDA, drivers, GPUs and images. Facts are data
// (data/*.json, described in docs/catalog.md); each row names its source. Unknown is not
// incompatible: an absent value means that nobody has told us, and the resolver says so instead of
// refusing.
//
// The catalogue is plain data in the order of its files. Lookups are linear or by sorted search; it
// is read once.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
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
  CudaVersion cuda;   // "12.1.1"
  std::string label;  // as NVIDIA names it: "12.1 Update 1"; empty where that is the number
  std::optional<DriverVersion> min_driver;      // "615" where only the branch is documented
  std::optional<DriverVersion> bundled_driver;  // the one in its installer
  Fact fact;
};

// From CUDA 11 on, a driver at or above the floor runs programs of every minor of the major
// (without PTX of a newer toolkit, without new features).
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

// cuda-compat-12-9 on a driver of branch 535: compatible, not needed, or refused. Data-centre GPUs
// only.
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
  // Docker's name of the only processor that it comes with: GH200 and GB10 are arm64. Empty: any.
  std::string processor;
  // A GPU inside a Jetson's processor: images and wheels for servers of arm64 are not for it.
  bool jetson = false;
  Fact fact;
};

// What code a CUDA minor can be compiled for.
struct CudaCoverage {
  CudaVersion cuda;  // "12.1"
  ComputeCapability min;
  ComputeCapability max;
  Fact fact;
};

// NVIDIA_REQUIRE_CUDA as NVIDIA's recipe sets it in the nvidia/cuda images of that CUDA.
struct CudaRequirement {
  CudaVersion cuda;   // "12.4.1"
  std::string value;  // "cuda>=12.4", or the whole of it
  // Every brand on every driver branch is an alternative of its own, two thousand characters of
  // them: text() writes them out.
  std::vector<std::string> brands;
  std::vector<unsigned> branches;
  Fact fact;

  std::string text() const;
};

// The processors that wheels are published for.
struct Processors {
  std::vector<std::string> names{};  // Docker's: "amd64", "arm64"; empty: not known
  std::string source{};
};

// A framework release compiled for one CUDA.
struct FrameworkBuild {
  std::string name;  // "cu121"; "cpu"
  std::optional<CudaVersion> cuda;
  std::string cudnn;  // "8.9.2", "8"; empty where not known
  // Where pip finds it. Empty: PyPI. A URL that ends in .html is a page of links (pip's
  // --find-links), any other an index (--index-url).
  std::string index_url;
  // What an install gets that names no CUDA: `pip install torch`, `pip install "jax[cuda]"`. At
  // most one per release.
  bool is_default = false;
  // "sm_86", "compute_90". Empty: not known; then the CUDA's own coverage is all that can be said.
  std::vector<std::string> architectures;
  std::optional<DriverVersion> min_driver;          // where the project states one of its own
  std::optional<ComputeCapability> min_capability;  // likewise
  // It loads libraries of just this CUDA minor by their names (libcusolver.so.10), although the
  // minors of its major are compatible: the image must have this one.
  bool exact_cuda = false;
  Processors processors;
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
  // Its wheels bring no CUDA and use what is there: it can be installed into another framework's
  // image of the same CUDA and cuDNN major (onnxruntime-gpu beside torch).
  bool beside = false;
  // Its wheels bring cuDNN, or demand one that pip brings (torch, jax). Others find that of the
  // image.
  bool brings_cudnn = false;
  std::vector<FrameworkRelease> releases;  // newest first
};

// A release of a library that is compiled against one framework.
struct LibraryRelease {
  pep440::Version version;
  std::string version_text;
  bool whole_series = false;  // the row stands for all patches: "2.15" for 2.15.0, 2.15.1
  // It works with other frameworks too: keras 3, not keras 2.
  bool optional = false;
  pep440::SpecifierSet framework{};  // the releases of the framework that it goes with
  std::optional<CudaVersion> cuda;   // that its wheel on PyPI is built for: the major must agree
  std::optional<CudaVersion> min_cuda{};  // of those that it can be compiled with
  bool compiled = false;                  // while it is installed, for want of a wheel
  std::optional<PythonVersion> python_min;
  std::optional<PythonVersion> python_max;
  std::optional<ComputeCapability> min_capability;
  Processors processors;
  Fact fact;
};

// xformers and vllm need a release of torch each, keras one of tensorflow. Other than a companion,
// which has one release per release of its framework, a library has its own.
struct Library {
  std::string name;
  std::vector<std::string> packages;
  std::string framework;  // "torch"
  // The framework depends on it, so that an image with the framework has one: keras.
  bool bundled = false;
  // The catalogue has some of its releases only: where none fits and no line pins one that is
  // known, another may.
  bool sparse = false;
  std::vector<LibraryRelease> releases;  // newest first
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
  // {"torch", "2.3.1"}; empty for nvidia/cuda. An empty version: not known.
  std::map<std::string, std::string> frameworks;
  std::map<std::string, pep440::Version> versions;  // of them, where they are known
  bool is_cpu = false;                              // holds no CUDA
  std::optional<CudaVersion> cuda;  // absent: a CPU image or, where is_cpu is false, not known
  std::string cudnn;  // as the tag says it, "8"; or in full, "9.1.0"; empty: none or not known
  std::string cudnn_version;                   // in full, where a recipe says it: "8.9.0.131"
  std::string python;                          // the series, "3.10"; empty: none or not known
  std::optional<PythonVersion> python_series;  // the same of "3.11.0rc1": 3.11
  std::string os;                              // "ubuntu22.04"
  std::vector<std::string> architectures;      // "amd64", "arm64"; empty: not known, amd64 for sure
  std::optional<DriverVersion> min_driver;     // NGC states one per release
  std::optional<ComputeCapability> min_capability;
  Evidence evidence = Evidence::listed;
  // Of an inferred tag: another one of the same build was seen, a devel image beside a runtime one.
  bool sibling_seen = false;
  Fact fact;

  std::string reference() const { return repository + ":" + tag; }
};

// The images of a catalogue, most of it by far: read when somebody looks at them. A run whose image
// is given looks only where the catalogue has the image's repository. Copies share what is read;
// several threads may be the first to look.
class ImageTags {
 public:
  using Rows = std::vector<ImageTag>;

  ImageTags() = default;
  // `read` gives the rows, which are of these repositories.
  ImageTags(std::vector<std::string> repositories, std::function<Rows()> read);

  auto begin() const { return rows().begin(); }
  auto end() const { return rows().end(); }
  std::size_t size() const { return rows().size(); }
  const ImageTag& back() const { return rows().back(); }

  const Rows& rows() const;
  // To be changed; by this copy alone.
  Rows& edit();

  // Each once, in the order of the rows.
  std::vector<std::string> repositories() const;
  bool has_repository(std::string_view name) const;

 private:
  struct Deferred {
    std::vector<std::string> repositories;
    std::function<Rows()> read;
    std::once_flag once{};
    Rows rows{};
  };

  std::shared_ptr<Deferred> deferred_{};  // absent: the rows are here
  Rows rows_{};
};

// A system of CUDA base images, and the Pythons that its own packages bring.
struct BaseSystem {
  std::string os;                      // "ubuntu22.04"
  std::vector<PythonVersion> pythons;  // ascending
  Fact fact;
};

// A file that the catalogue was read from.
struct CatalogFile {
  std::string name;      // "torch.json"
  std::string kind;      // "framework"
  std::string updated;   // "2026-11-23"
  std::size_t rows = 0;  // as written; a row may stand for several tags
};

struct Catalog {
  std::string version;  // of the data: the newest date among the files
  std::vector<CatalogFile> files;
  std::vector<Toolkit> toolkits;
  std::vector<MinorVersionFloor> minor_floors;
  std::vector<DriverBranch> driver_branches;
  std::vector<ForwardCompatibility> forward_compatibility;
  std::vector<Capability> capabilities;
  std::vector<GpuModel> gpus;
  std::vector<CudaCoverage> coverage;
  std::vector<CudaRequirement> requirements;
  std::vector<Framework> frameworks;
  std::vector<Library> libraries;
  ImageTags images;
  std::vector<BaseSystem> base_systems;
  // The series that a release or an image names, ascending; load_catalog() collects them.
  std::vector<PythonVersion> pythons;

  // By catalogue name or package name ("tensorflow-gpu"), normalised as PEP 503 does.
  const Framework* find_framework(std::string_view name) const;
  std::vector<std::string> framework_names() const;
  const Library* find_library(std::string_view name) const;  // likewise
  // By marketing name as people and nvidia-smi write it: case, blanks, "NVIDIA", "GeForce",
  // "Quadro" and "Tesla" do not matter. A name of the catalogue that is equal wins, then the
  // longest that begins the given one ("A100-SXM4-80GB"), then those that the given one begins, if
  // they are all of one capability ("RTX PRO 6000").
  const GpuModel* find_gpu(std::string_view name) const;
  const Capability* find_capability(ComputeCapability value) const;
  // The branch of a driver; where it is not listed (555 between 550 and 560), the nearest listed
  // one below.
  const DriverBranch* find_branch(const DriverVersion& driver) const;
  // The highest CUDA that the driver runs natively; nullopt below the oldest branch known.
  std::optional<CudaVersion> native_cuda(const DriverVersion& driver) const;
  // The lowest driver that a toolkit of this CUDA minor was released for.
  std::optional<DriverVersion> toolkit_driver(const CudaVersion& cuda) const;
  // The lowest driver that runs this CUDA natively, and the one that does by minor-version
  // compatibility.
  std::optional<DriverVersion> native_driver(const CudaVersion& cuda) const;
  std::optional<DriverVersion> minor_driver(const CudaVersion& cuda) const;
  // The Pythons that the packages of that system bring; empty where nothing is known of it.
  const std::vector<PythonVersion>& pythons_of_system(std::string_view os) const;
  // That of this CUDA, else of the highest patch of the same minor; null where none is known.
  const CudaRequirement* find_requirement(const CudaVersion& cuda) const;
};

// Parses catalogue files (name and content). Errc::invalid_input names file, row and what was
// expected; nothing is skipped silently. Unknown keys are errors: a typing mistake must not lose a
// fact.
Result<Catalog> load_catalog(const std::vector<EmbeddedFile>& files);

}  // namespace berth
