// Lock: a decision that was written down (berth.lock), with all that is needed to use it without
// searching again: what it was decided from, and what it demands of a machine. docs/lock.md.
//
// Pure, as all of the resolver: files are read and written by the callers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/model/locked_packages.hpp"
#include "berth/model/plan.hpp"
#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth {

struct LockedFramework {
  std::string name{};
  std::string version{};
  std::string build{};
  std::string index_url{};  // empty: PyPI
  bool in_image = true;
  std::optional<CudaVersion> cuda{};
  std::vector<std::string> capabilities{};    // "sm_86", "compute_90"; empty: not known
  std::optional<DriverVersion> min_driver{};  // where the project states one of its own
};

struct LockedLibrary {  // compiled against one of the frameworks, installed beside it
  std::string name{};
  std::string version{};
};

struct Lock {
  std::string image{};   // "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime"
  std::string digest{};  // "sha256:…"; empty where nobody knew it
  std::string base_image{};
  ImageSource source = ImageSource::official;
  std::vector<LockedFramework> frameworks{};  // by name
  std::vector<LockedLibrary> libraries{};     // by name
  std::optional<CudaVersion> cuda{};          // absent: a CPU image, or not known
  bool cuda_compat = false;                   // the image has cuda-compat: forward compatibility
  std::string cudnn{};
  std::string python{};
  std::optional<DriverVersion> min_driver{};  // the lowest that runs it on some GPU
  std::string architecture{};                 // "amd64"
  std::string catalog{};                      // version of the catalogue that decided
  std::vector<LockInput> inputs{};            // sorted by name and text
  // What is installed on the image; absent: that is decided at each build.
  std::optional<LockedPackages> environment{};

  // The image as the engine is asked for it: by digest where one is known.
  std::string reference() const { return digest.empty() ? image : image + "@" + digest; }
};

// What of a request decides the image: other requirements may change without touching the lock.
// Sorted, each once.
std::vector<LockInput> lock_inputs(const ResolveRequest& request, const Catalog& catalog);

// SHA-256 of names and texts, in hexadecimal; where a line stands does not count.
std::string inputs_hash(const std::vector<LockInput>& inputs);

// Each input that is not what it was when the lock was made, as a sentence. Inputs that `berth
// lock` was given on its command line still stand where the request has none of its own there.
std::vector<std::string> changed_inputs(const std::vector<LockInput>& then,
                                        const std::vector<LockInput>& now);

// The lock of a decision for that machine; with a digest only where the image was given with one.
Lock make_lock(const Decision& decision, const std::vector<LockInput>& inputs, const Host& host,
               const Catalog& catalog);

// What is different, a line for each fact: "torch: 2.3.1 (cu121) -> 2.4.0 (cu124)".
std::vector<std::string> lock_changes(const Lock& before, const Lock& after);

// What `berth lock --update NAME…` may choose anew, by the catalogue's names: frameworks and
// libraries that the lock or the request has. Errc::usage for any other, with what there is; a
// companion (torchvision) moves with its framework.
Result<std::vector<std::string>> names_to_move(const std::vector<std::string>& names,
                                               const std::optional<Lock>& lock,
                                               const ResolveRequest& request,
                                               const Catalog& catalog);

// The request with the lock's frameworks and libraries pinned, except those that are named; for all
// of them to stay as they are.
ResolveRequest pinned_request(ResolveRequest request, const Lock& lock,
                              const std::vector<std::string>& except);

// Something that is to be moved, and what else would have to move with it.
struct HeldBack {
  std::string name{};        // "torch"
  std::string version{};     // that it has, and would keep
  std::string by{};          // "xformers", which is locked
  std::string would_have{};  // the version of `name` if both moved
};
// Of the things that move, those that would be another version if one more did.
std::vector<HeldBack> held_back(const std::vector<std::string>& moving, const Lock& before,
                                const Decision& decision, const ResolveRequest& request,
                                const Host& host, const Catalog& catalog);

// What cannot be true at once, or is not what the catalogue knows, as sentences: a bad merge.
std::vector<std::string> lock_contradictions(const Lock& lock, const Catalog& catalog);

// The locked decision for a machine: nothing is chosen, all that can be checked is: architecture,
// driver, GPUs. Errc::no_solution where the machine does not fit; the id is "lock-machine".
Result<Decision> locked_decision(const Lock& lock, const ResolveRequest& request, const Host& host,
                                 const Catalog& catalog);

// Schema berth/lock/1: sorted keys, a fact per line, a final newline.
std::string write_lock(const Lock& lock);

// Strict: a lock is read from foreign hands. Errc::invalid_input naming the file, the place and
// what was expected: another schema, an unknown or missing key, a wrong type, inputs that do not
// have the hash that stands beside them (a bad merge).
Result<Lock> read_lock(std::string_view content, std::string_view name);

}  // namespace berth
