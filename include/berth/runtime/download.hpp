// One file from a URL, whole or not at all.
#pragma once

#include <cstddef>
#include <string>

#include "berth/base/result.hpp"

namespace berth::runtime {

// Takes http, https and file; follows redirections, never from https to http. The proxies are those
// of the environment. Errors:
//   Errc::usage          another kind of URL
//   Errc::not_found      404, or no such file
//   Errc::invalid_input  larger than `limit` bytes
//   Errc::io             nobody answers, another status, a transfer that broke off, a certificate
//                        that cannot be trusted
Result<std::string> download(const std::string& url, std::size_t limit);

}  // namespace berth::runtime
