// The build of one stage of an environment through the engine's API alone: a container of the
// image before it, whose standard input is an archive of programs and inputs, unpacked into memory
// at /run/berth; then an image of what it left.
//
// Nothing is left of it but the image: the container is removed on every path. It carries
// org.berth.build=<run>, so that the guard of the run (run_guard.hpp) removes it if berth dies.
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

inline constexpr const char* kBuildLabel = "org.berth.build";
// The volume with what was downloaded: it belongs to all projects on the engine.
inline constexpr const char* kCacheVolume = "berth-cache";

struct StageBuild {
  std::string image{};       // of what the stage is made on: id or name
  const ImageFacts& base;    // whose entry point, command and user the new image gets
  std::string repository{};  // "berth/env"; empty: no image is made, only the output counts
  std::string tag{};         // the container's name is made of both, too
  std::string run_id{};
  std::string stage{};    // what build.sh is told
  std::string archive{};  // tar
  // Whether the archive has files/, or files/workspace/: what the caller's machine has to install
  // from. Gigabytes of wheels do not belong into memory, so files/ and /workspace are volumes of
  // the container's own, which go with it; a volume is no part of an image.
  bool local_files = false;
  bool workspace = false;
  std::string network{};
  std::vector<std::string> extra_hosts{};
  std::vector<std::string> dns{};
  std::string comment{};
  // Asked for when the container has ended well: what it has said may be part of them.
  std::function<std::map<std::string, std::string>()> labels{};
  std::function<void(std::string_view bytes)> on_output{};
  std::stop_token stop{};
};

struct StageOutcome {
  int exit_code = 0;       // of build.sh; an image was made where it is 0
  std::string image_id{};  // of that
};

// Errc::engine_failed `name-in-use` where the same stage is being built at this moment; otherwise
// the errors of the engine's calls, and Errc::interrupted.
Result<StageOutcome> build_stage(Engine& engine, const StageBuild& build);

// Waits for the build of the same stage that somebody else has begun, until its container is gone.
// One that has ended and is still there is removed: its berth is dead, and with it the guard.
// Errc::interrupted.
Result<void> await_other_build(Engine& engine, const std::string& repository,
                               const std::string& tag, const std::stop_token& stop);

}  // namespace berth::runtime
