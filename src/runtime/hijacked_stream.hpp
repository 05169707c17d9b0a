// A connection that has left HTTP behind: attach's two-way stream.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "runtime/http_client.hpp"

namespace berth::runtime {

// What the engine answered to a request to upgrade.
struct UpgradeAnswer {
  long status = 0;
  std::string body{};                        // with any status but 101
  std::unique_ptr<AttachedStream> stream{};  // with 101
};

// Sends `POST target` with `Upgrade: tcp` on a connection of its own, within `timeout`. The stream
// is for one thread at a time; bytes that came right behind the header are its first.
Result<UpgradeAnswer> upgrade(CurlPool& pool, const std::string& target,
                              std::chrono::milliseconds timeout);

}  // namespace berth::runtime
