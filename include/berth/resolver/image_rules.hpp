// Rules about an image that was asked itself: what it says against what the catalogue said and
// what the machine is. Pure; who asks it is the command line's affair.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/model/image_facts.hpp"
#include "berth/model/plan.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth {

// Whether NVIDIA_REQUIRE_* is compared with the driver when a container starts: NVIDIA's runtime
// hook does, CDI does not.
enum class RequireCheck { made, possible, none };

struct ImageUse {
  bool to_be_pulled = false;  // then what cannot work is an error, and not a warning
  RequireCheck require_check = RequireCheck::possible;
  std::vector<std::string> environment{};  // of the run, on top of the image's
};

// Keeps the facts in the decision, replaces what the catalogue supposed, and adds warnings and
// reasons. Errors, only where the image is to be pulled:
//   Errc::no_solution    "image-requirement": the hook refuses it, and its code would not run
//                        "image-cuda": the catalogue does not know the image, and the driver does
//                        not run the CUDA that it says it has
//   Errc::engine_failed  "disk-full": the engine's disk has no room for it
Result<void> apply_image_facts(Decision& decision, ImageFacts facts, const ImageUse& use,
                               const Host& host, const Catalog& catalog);

// What a pull takes on the engine's disk: the compressed layers, and twice as much for the
// unpacked ones, which is what images with CUDA libraries come to.
std::uint64_t pull_space(std::uint64_t download_bytes);

// The catalogue without a tag, for a decision after its registry said that it is not there.
Catalog without_image(Catalog catalog, const std::string& reference);

// The reference in the catalogue that is most like one that is not there, of the same repository.
// Empty: none is.
std::string nearest_image(const Catalog& catalog, const std::string& reference);

}  // namespace berth
