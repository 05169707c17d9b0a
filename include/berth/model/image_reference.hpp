// Image references: "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime", as users write them and as
// engines and registries want them cut. Source: distribution/reference (grammar, normalisation).
#pragma once

#include <string>

#include "berth/base/result.hpp"

namespace berth {

struct ImageReference {
  std::string name{};  // "pytorch/pytorch", "127.0.0.1:5000/test/busybox", as written
  std::string
      tag{};  // "2.3.1-cuda12.1-cudnn8-runtime"; "latest" where neither tag nor digest is given
  std::string digest{};    // "sha256:…"; wins over the tag
  std::string registry{};  // "docker.io", "nvcr.io", "127.0.0.1:5000"
};

// Errc::invalid_input for what is no reference, with the part that is wrong and what it should be.
Result<ImageReference> parse_image_reference(const std::string& text);

}  // namespace berth
