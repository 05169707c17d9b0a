// Which GPUs a run asks for: docker's --gpus grammar without its double quoting, and `none` and
// `auto`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"

namespace berth {

struct GpuRequest {
  enum class Mode {
    automatic,  // all that the machine has; none where it has none
    none,
    all,
    count,    // the first `count`
    devices,  // indices, UUIDs (GPU-…, MIG-…), MIG index pairs (0:1) or CDI names
              // (nvidia.com/gpu=0)
  };
  Mode mode = Mode::automatic;
  unsigned count = 0;
  std::vector<std::string> devices{};
  // Docker's `capabilities=`: compute, utility, graphics, video, … Empty: the image decides.
  std::vector<std::string> capabilities{};

  // Whether the run must not start without a GPU.
  bool required() const {
    return mode == Mode::all || mode == Mode::count || mode == Mode::devices;
  }
  // In the grammar below.
  std::string text() const;
};

// `all`, `-1`, `none`, `auto`, `2`, `0` (none), `device=0,1`, `"device=0,1"`, `device=GPU-…`,
// `count=2,capabilities=compute,utility` is docker's CSV and accepted as such: keys driver, count,
// device, capabilities. Errc::usage otherwise, with the nearest valid form as a hint.
Result<GpuRequest> parse_gpu_request(std::string_view text);

}  // namespace berth
