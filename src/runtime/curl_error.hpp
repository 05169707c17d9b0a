// Why libcurl could not carry out a request to an engine, in words and with what to do.
#pragma once

#include <curl/curl.h>

#include <string>

#include "berth/base/error.hpp"
#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

// A transfer that libcurl gave up.
struct CurlFailure {
  CURL* easy;
  CURLcode code;
  std::string detail;  // of CURLOPT_ERRORBUFFER; may be empty
};

// `operation` is "GET /info", for what went wrong in the middle.
Error curl_error(const CurlFailure& failure, const Endpoint& endpoint,
                 const std::string& operation);

}  // namespace berth::runtime
