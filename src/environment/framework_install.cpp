#include "environment/framework_install.hpp"

#include <spdlog/fmt/fmt.h>

#include "berth/base/pep440.hpp"

namespace berth::environment {

namespace {

bool is_before(const std::string& version, std::string_view limit) {
  const std::optional<pep440::Version> own = pep440::Version::parse(version);
  return own.has_value() && *own < *pep440::Version::parse(limit);
}

// The wheels of a build say it in their version, but for those of old pages that have one build
// alone (whl/cu90/torch_stable.html).
std::string torch_requirement(const FrameworkChoice& torch) {
  const bool own_page = torch.index_url.ends_with("/" + torch.build + "/torch_stable.html");
  const bool says_build = !torch.index_url.empty() && !torch.build.empty() && !own_page;
  return fmt::format("torch=={}{}", torch.version, says_build ? "+" + torch.build : "");
}

// One package for both since 1.15, but for 2.0.
std::string tensorflow_requirement(const FrameworkChoice& tensorflow) {
  const bool two_packages =
      is_before(tensorflow.version, "1.15") ||
      (!is_before(tensorflow.version, "2.0") && is_before(tensorflow.version, "2.1"));
  const bool gpu = tensorflow.build != "cpu" && two_packages;
  return fmt::format("tensorflow{}=={}", gpu ? "-gpu" : "", tensorflow.version);
}

// The extras bring the build. Until 0.4.0 there was one, from then on one for each CUDA major,
// whose name lost its `_pip` in 0.4.26.
std::string jax_requirement(const FrameworkChoice& jax) {
  if (jax.build == "cpu" || jax.build.empty()) {
    return "jax==" + jax.version;
  }
  const std::string extra = is_before(jax.version, "0.4.1")    ? "cuda"
                            : is_before(jax.version, "0.4.26") ? jax.build + "_pip"
                                                               : jax.build;
  return fmt::format("jax[{}]=={}", extra, jax.version);
}

std::string requirement_of(const FrameworkChoice& framework) {
  if (framework.name == "torch") {
    return torch_requirement(framework);
  }
  if (framework.name == "tensorflow") {
    return tensorflow_requirement(framework);
  }
  if (framework.name == "jax") {
    return jax_requirement(framework);
  }
  return framework.name + "==" + framework.version;
}

}  // namespace

FrameworkInstall install_of(const FrameworkChoice& framework) {
  FrameworkInstall install{.requirement = requirement_of(framework), .url = framework.index_url};
  if (!install.url.empty()) {
    install.place = install.url.ends_with(".html") ? FrameworkInstall::Place::links
                                                   : FrameworkInstall::Place::index;
  }
  return install;
}

}  // namespace berth::environment
