// A connection that has left HTTP behind: the two-way stream of attach and exec, and the log's,
// which only reads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "runtime/http_transport.hpp"

namespace berth::runtime {

struct StreamRequest {
  enum class Kind {
    upgrade,   // POST with `Upgrade: tcp`: both directions, behind a status of 101
    download,  // GET in HTTP/1.0: an answer of 200 in one piece, ended by the end of the connection
  };
  Kind kind = Kind::upgrade;
  std::string target{};
  std::string body{};  // JSON; of an upgrade

  const char* method() const { return kind == Kind::upgrade ? "POST" : "GET"; }
};

// What the engine answered to it.
struct UpgradeAnswer {
  long status = 0;
  std::string body{};                        // where there is no stream
  std::unique_ptr<AttachedStream> stream{};  // with 101; 200 for a download
};

// Sends it on a connection of its own, within `timeout`. The stream is for one thread at a time;
// bytes that came right behind the header are its first.
Result<UpgradeAnswer> open_stream(HttpTransport& transport, const StreamRequest& request,
                                  std::chrono::milliseconds timeout);

}  // namespace berth::runtime
