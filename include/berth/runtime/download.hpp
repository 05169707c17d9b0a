// One file from a URL, whole or not at all.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>

#include "berth/base/result.hpp"

namespace berth::runtime {

// A server that sends nothing for so long has gone.
constexpr std::chrono::seconds kLongestSilence{30};

struct DownloadLimits {
  std::size_t bytes = 0;
  std::chrono::steady_clock::time_point deadline{};  // may be one of several files together
  std::stop_token stop{};
};

// Takes http, https and file; follows redirections, never from https to http. The proxies are those
// of the environment. Errors:
//   Errc::usage          another kind of URL
//   Errc::not_found      404, or no such file
//   Errc::invalid_input  longer than the limit
//   Errc::io             "server-unreachable" (also: too slow), "server-certificate", "server-cut":
//                        as runtime/web_client.hpp; another status; a file that cannot be read
//   Errc::interrupted    a stop was asked for
Result<std::string> download(const std::string& url, const DownloadLimits& limits);

}  // namespace berth::runtime
