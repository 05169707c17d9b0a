// EnvironmentStore: what berth keeps about environments on the caller's machine, below
// $XDG_STATE_HOME/berth/environments, else ~/.local/state: the logs of builds, what was seen in
// images, and when an environment was used by which project. The environments themselves are the
// engine's.
//
// Best effort but for logs: what is lost is looked at again, or not shown.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

class EnvironmentStore {
 public:
  using Time = std::chrono::system_clock::time_point;

  struct Use {
    Time last{};
    std::vector<std::string> projects{};  // their folders, the latest first
  };

  explicit EnvironmentStore(const EnvironmentLookup& environment);

  // Where the log of that environment's build goes; its folder is there afterwards. Errc::io.
  Result<std::filesystem::path> log_file(const std::string& tag) const;

  // What a look into an image said. `key` stands for the image and for what looked.
  std::optional<std::string> find_look(const std::string& key) const;
  void keep_look(const std::string& key, std::string_view said) const;

  std::optional<Use> use_of(const std::string& tag) const;
  void note_use(const std::string& tag, const std::string& project, Time now) const;
  // Log and uses of an environment that is gone.
  void forget(const std::string& tag) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace berth::runtime
