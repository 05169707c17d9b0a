// The nvidia/cuda image that matches a decision.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "berth/resolver/catalog.hpp"

namespace berth::resolver {

struct BaseWish {
  CudaVersion cuda;   // of the build; with a patch where one is known
  std::string cudnn;  // "8" or "8.9.2": the major counts; empty: any
  Flavor flavor = Flavor::runtime;
  std::string os;            // of the image that it goes with; empty: not known
  std::string architecture;  // "amd64"
  // What is installed brings its own cuDNN: the CUDA minor comes before it.
  bool brings_cudnn = false;
};

struct BaseChoice {
  const ImageTag* image = nullptr;  // none where nothing is left that would do
  std::string warning;              // where it is not exactly what was wished
};

// Tags that can be pulled, by CUDA. The catalogue must outlive it.
class BaseImages {
 public:
  explicit BaseImages(const Catalog& catalog);

  // cuDNN's major first, because a program finds no other (unless it brings its own); then the
  // nearest CUDA minor of the same major (none but the same before CUDA 11, where minors are not
  // compatible); then the patch wished, else the highest; then the Ubuntu wished, else the newest.
  BaseChoice nearest(const BaseWish& wish) const;

  // For builds without CUDA, of which an Ubuntu is all that is needed: the smallest flavour, of a
  // system that has one of the Pythons; the newest.
  BaseChoice for_cpu(bool devel, const std::string& architecture,
                     const std::vector<PythonVersion>& pythons) const;

 private:
  struct Tag {
    const ImageTag* image;
    unsigned minor;
    unsigned patch;
    unsigned cudnn;   // major; 0: none
    unsigned ubuntu;  // 2204
  };
  const Catalog& catalog_;
  std::map<unsigned, std::vector<Tag>> by_major_;
  std::vector<unsigned> majors_with_minor_compatibility_;
};

// 8 of "8" and "8.9.2"; 0 for an empty text.
unsigned cudnn_major(const std::string& cudnn);
// 2204 of "ubuntu22.04"; 0 for any other system.
unsigned ubuntu_number(const std::string& os);
// "amd64" where the tag says nothing: nearly all are, and no other is certain.
bool has_architecture(const ImageTag& image, const std::string& architecture);

}  // namespace berth::resolver
