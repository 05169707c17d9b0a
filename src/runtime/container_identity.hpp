// Whom the command runs as, and what berth knows of that user's home.
#pragma once

#include <string>

#include "berth/model/host.hpp"
#include "berth/model/request.hpp"
#include "berth/runtime/caller.hpp"

namespace berth::runtime {

struct Identity {
  std::string user{};  // "1000:1000"
  std::string name{};  // for USER and LOGNAME; empty: an image's own user, of whom nothing is known
  std::string home{};
  bool root = false;
  // The two parts of `user`, where both are numbers.
  std::string uid{};
  std::string gid{};
};

// The user of the request; else the caller, or root where that is the caller.
Identity find_identity(const RunRequest& request, const Host& host, const Caller& caller);

}  // namespace berth::runtime
