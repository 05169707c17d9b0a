#include "berth/resolver/free_gpus.hpp"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <utility>
#include <vector>

#include "berth/base/text.hpp"

namespace berth {

namespace {

using Does = std::function<bool(const ResolveRequest&, const Host&)>;

std::string named(const Gpu& gpu) {
  return gpu.name.empty() ? fmt::format("GPU {}", gpu.index)
                          : fmt::format("GPU {} ({})", gpu.index, gpu.name);
}

bool does_alone(const ResolveRequest& request, const Host& host, const Gpu& gpu, const Does& does) {
  ResolveRequest one = request;
  one.gpus.value.count = 1;
  Host alone = host;
  alone.gpus = {gpu};
  return does(one, alone);
}

}  // namespace

FreeChoice choice_of_free(const ResolveRequest& request, const Host& host, const Does& does) {
  FreeChoice choice{host, {}};
  const bool can_choose = request.gpus.value.mode == GpuRequest::Mode::free && host.gpus.size() > 1;
  if (!can_choose || does(request, host)) {
    return choice;
  }
  std::map<std::pair<std::string, std::optional<ComputeCapability>>, bool> kinds;
  std::vector<std::string> left_out;
  choice.host.gpus.clear();
  for (const Gpu& gpu : host.gpus) {
    const auto [kind, is_new] = kinds.try_emplace({gpu.name, gpu.compute_capability}, false);
    if (is_new) {
      kind->second = does_alone(request, host, gpu, does);
    }
    if (kind->second) {
      choice.host.gpus.push_back(gpu);
    } else {
      left_out.push_back(named(gpu));
    }
  }
  if (choice.host.gpus.size() < request.gpus.value.count || !does(request, choice.host)) {
    return {host, {}};
  }
  choice.warning = fmt::format("`--gpus {}` takes none of these, which could not run it: {}",
                               request.gpus.value.text(), join(left_out, ", "));
  return choice;
}

}  // namespace berth
