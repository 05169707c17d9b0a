// RAII over libcurl: connections to one endpoint, and a pool of them. For those who have called
// load_curl().
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/runtime/endpoint.hpp"
#include "runtime/curl_library.hpp"

namespace berth::runtime {

struct CurlEasyDeleter {
  void operator()(CURL* handle) const { curl().easy_cleanup(handle); }
};
struct CurlMultiDeleter {
  void operator()(CURLM* handle) const { curl().multi_cleanup(handle); }
};
struct CurlListDeleter {
  void operator()(curl_slist* list) const { curl().slist_free_all(list); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyDeleter>;
using CurlMulti = std::unique_ptr<CURLM, CurlMultiDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

CurlList make_curl_list(const std::vector<std::string>& lines);

// One request at a time. The multi handle keeps the connection open between requests, and can be
// woken from another thread, which is what ends a request at once when a stop is asked for.
struct CurlConnection {
  CurlMulti multi;
  CurlEasy easy;
};

// Carries out the request that is set on the easy handle. nullopt: it was stopped.
std::optional<CURLcode> transfer(const CurlConnection& connection, const std::stop_token& stop);

// Without any option set but those that hold for every connection of ours.
CurlConnection make_bare_connection();
// Back to that state, after a request; what is connected stays so.
void reset_bare_connection(const CurlConnection& connection);

// An easy handle that goes to the endpoint, with no request set.
CurlEasy make_curl_handle(const Endpoint& endpoint, std::chrono::milliseconds connect_timeout);
// Back to that state, after a request.
void prepare_curl_handle(CURL* easy, const Endpoint& endpoint,
                         std::chrono::milliseconds connect_timeout);

// Idle connections, for reuse. Thread-safe.
class CurlPool {
 public:
  CurlPool(Endpoint endpoint, std::chrono::milliseconds connect_timeout);

  const Endpoint& endpoint() const { return endpoint_; }
  std::chrono::milliseconds connect_timeout() const { return connect_timeout_; }

  // An idle connection, or a new one.
  CurlConnection take();
  // Keeps the connection for the next request; more than a few are closed instead.
  void give_back(CurlConnection connection);

 private:
  const Endpoint endpoint_;
  const std::chrono::milliseconds connect_timeout_;
  std::mutex mutex_;
  std::vector<CurlConnection> idle_;
};

}  // namespace berth::runtime
