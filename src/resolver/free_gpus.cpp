#include "berth/resolver/free_gpus.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
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

// GPUs that are one to those who ask.
struct Kind {
  const Gpu* example = nullptr;
  std::vector<Gpu> gpus{};
};

std::vector<Kind> kinds_of(const Host& host) {
  std::vector<Kind> kinds;
  for (const Gpu& gpu : host.gpus) {
    const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) {
      return kind.example->name == gpu.name &&
             kind.example->compute_capability == gpu.compute_capability;
    });
    Kind& kind = same == kinds.end() ? kinds.emplace_back(Kind{&gpu}) : *same;
    kind.gpus.push_back(gpu);
  }
  // Where no image runs all kinds, it is one for the newest.
  std::stable_sort(kinds.begin(), kinds.end(), [](const Kind& a, const Kind& b) {
    return a.example->compute_capability > b.example->compute_capability;
  });
  return kinds;
}

bool does_on(const ResolveRequest& request, const Host& host, const std::vector<Gpu>& gpus,
             const Does& does) {
  ResolveRequest asked = request;
  asked.gpus.value.count =
      std::min<unsigned>(asked.gpus.value.count, static_cast<unsigned>(gpus.size()));
  Host offered = host;
  offered.gpus = gpus;
  return does(asked, offered);
}

}  // namespace

FreeChoice choice_of_free(const ResolveRequest& request, const Host& host, const Does& does) {
  FreeChoice choice{host, {}};
  const bool can_choose = request.gpus.value.mode == GpuRequest::Mode::free && host.gpus.size() > 1;
  if (!can_choose || does(request, host)) {
    return choice;
  }
  std::vector<Gpu> taken;
  for (const Kind& kind : kinds_of(host)) {
    std::vector<Gpu> more = taken;
    more.insert(more.end(), kind.gpus.begin(), kind.gpus.end());
    if (does_on(request, host, more, does)) {
      taken = std::move(more);
    }
  }
  if (taken.empty() || taken.size() < request.gpus.value.count) {
    return choice;
  }
  std::vector<std::string> left_out;
  choice.host.gpus.clear();
  for (const Gpu& gpu : host.gpus) {
    const bool stays = std::any_of(taken.begin(), taken.end(),
                                   [&](const Gpu& other) { return other.index == gpu.index; });
    if (stays) {
      choice.host.gpus.push_back(gpu);
    } else {
      left_out.push_back(named(gpu));
    }
  }
  choice.warning = fmt::format("`--gpus {}` takes none of these, which the image does not run: {}",
                               request.gpus.value.text(), join(left_out, ", "));
  return choice;
}

}  // namespace berth
