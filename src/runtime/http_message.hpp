// A request and an answer of HTTP, as the calls of an engine see them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"

namespace berth::runtime {

struct HttpRequest {
  std::string method = "GET";
  std::string target{};  // "/v1.41/info?x=y", escaped
  std::string body{};    // of a POST
  std::string content_type = "application/json";
  std::vector<std::string> headers{};
  std::chrono::milliseconds timeout{0};  // for the whole exchange; 0: none
  std::size_t response_limit = 32u << 20;
  std::stop_token stop{};
  // Called once, when the answer's headers are complete.
  std::function<void(long status)> on_status{};
  // With a status of 2xx the body goes here piece by piece, and HttpResponse::body stays empty. An
  // error ends the request and becomes its result.
  std::function<Result<void>(std::string_view)> on_body{};

  std::string operation() const { return method + " " + target; }  // for messages
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};

  bool ok() const { return status >= 200 && status < 300; }
};

}  // namespace berth::runtime
