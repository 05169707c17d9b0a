// What a package manager is told to get a certain build of a framework.
// Source: the projects' own installation notes: pytorch.org/get-started/previous-versions,
// docs.jax.dev/en/latest/installation.html and its history, tensorflow.org/install/pip,
// onnxruntime.ai/docs/install.
#pragma once

#include <string>

#include "berth/model/plan.hpp"

namespace berth::environment {

struct FrameworkInstall {
  enum class Place {
    usual,  // where pip looks anyway
    index,  // a package index for this build alone: nothing else is asked
    links,  // a page of wheels, beside the usual index
  };
  std::string requirement{};  // "torch==2.3.1+cu121", "jax[cuda12]==0.4.30"
  Place place = Place::usual;
  std::string url{};
};

FrameworkInstall install_of(const FrameworkChoice& framework);

}  // namespace berth::environment
