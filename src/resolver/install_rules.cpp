#include "resolver/install_rules.hpp"

#include <algorithm>

#include "resolver/cuda_minor.hpp"
#include "resolver/variants.hpp"

namespace berth::resolver {

bool CudaGroup::holds(const FrameworkBuild& build) const {
  if (!build.cuda) {
    return major == 0 && is_cpu_build(build);
  }
  if (build.cuda->major() != major) {
    return false;
  }
  return minor ? build.cuda->minor() == *minor : !build.exact_cuda;
}

CudaGroup group_of(const CudaVersion& cuda, const Catalog& catalog) {
  const bool minors_compatible = catalog.minor_driver(cuda).has_value();
  return {cuda.major(), minors_compatible ? std::nullopt : std::optional(cuda.minor())};
}

CudaGroup group_of(const FrameworkBuild& build, const Catalog& catalog) {
  return build.exact_cuda ? CudaGroup{build.cuda->major(), build.cuda->minor()}
                          : group_of(*build.cuda, catalog);
}

bool names_a_major(const FrameworkBuild& build) {
  const std::size_t digits = build.name.find_first_of("0123456789");
  return build.cuda && digits != std::string::npos &&
         build.name.substr(digits) == std::to_string(build.cuda->major());
}

bool is_of_cuda(const FrameworkBuild& build, const CudaVersion& asked) {
  return build.cuda && (agrees(asked, *build.cuda) ||
                        (names_a_major(build) && asked.major() == build.cuda->major()));
}

bool finds_its_libraries(const FrameworkBuild& build, const ImageTag& base) {
  return !build.exact_cuda || (base.cuda && same_minor(*base.cuda, *build.cuda));
}

bool are_for(const Processors& processors, const std::string& architecture) {
  const std::vector<std::string>& names = processors.names;
  return names.empty() || std::find(names.begin(), names.end(), architecture) != names.end();
}

}  // namespace berth::resolver
