// Which GPUs a run asks for: docker's --gpus grammar without its double quoting, and `none`, `auto`
// and `free`.
#pragma once

#include <cstdint>
#include <optional>
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
    free,     // `count` that nobody uses, held for the run
    devices,  // indices, UUIDs (GPU-…, MIG-…), MIG index pairs (0:1) or CDI names
              // (nvidia.com/gpu=0)
  };
  Mode mode = Mode::automatic;
  unsigned count = 0;
  std::vector<std::string> devices{};
  // Of Mode::free: what each of them has at least, by the size that it is sold with.
  std::optional<std::uint64_t> memory_bytes{};
  // Docker's `capabilities=`: compute, utility, graphics, video, … Empty: the image decides.
  std::vector<std::string> capabilities{};

  // Whether the run must not start without a GPU.
  bool required() const { return mode != Mode::automatic && mode != Mode::none; }
  // In the grammar below.
  std::string text() const;
};

// Whether a GPU that reports `bytes` is sold as one of `wished`. Cards report less than the round
// number that they are sold by, up to a twelfth with ECC and the driver's own share (a T4 of
// "16 GB" has 14.8 GiB): 92 % will do.
bool is_sold_with(std::uint64_t bytes, std::uint64_t wished);

// `all`, `-1`, `none`, `auto`, `2`, `0` (none), `device=0,1`, `"device=0,1"`, `device=GPU-…`,
// `free:2`, `free` (one), `free:2,memory>=20g`. `count=2,capabilities=compute,utility` is docker's
// CSV and accepted as such: keys driver, count, device, capabilities. Errc::usage otherwise, with
// the nearest valid form as a hint.
Result<GpuRequest> parse_gpu_request(std::string_view text);

}  // namespace berth
