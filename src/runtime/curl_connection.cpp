// The only place that sets up what every connection of libcurl's has in common.
//
// A request is driven through the multi interface, because curl().multi_wakeup() can end its
// waiting from another thread at once, where the progress callback of the easy interface is asked
// only once a second.
#include "runtime/curl_connection.hpp"

#include <new>
#include <utility>

namespace berth::runtime {

namespace {

// Signals are the session's affair. libcurl writes with MSG_NOSIGNAL, also below OpenSSL
// since 7.88.
void set_common(CURL* easy) {
  curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
}

CurlMulti make_multi() {
  CurlMulti multi(curl().multi_init());
  if (multi == nullptr) {
    throw std::bad_alloc();
  }
  return multi;
}

CurlEasy make_curl_handle() {
  CurlEasy easy(curl().easy_init());
  if (easy == nullptr) {
    throw std::bad_alloc();
  }
  return easy;
}

std::optional<CURLcode> drive(const CurlConnection& connection, const std::stop_token& stop) {
  constexpr int kLongestPollMilliseconds = 60'000;  // libcurl's own timers shorten it
  CURLM* multi = connection.multi.get();
  const std::stop_callback wake(stop, [multi] { curl().multi_wakeup(multi); });
  int running = 1;
  while (!stop.stop_requested()) {
    if (curl().multi_perform(multi, &running) != CURLM_OK) {
      return CURLE_FAILED_INIT;
    }
    if (running == 0) {
      int left = 0;
      const CURLMsg* message = curl().multi_info_read(multi, &left);
      return message == nullptr ? CURLE_FAILED_INIT : message->data.result;
    }
    curl().multi_poll(multi, nullptr, 0, kLongestPollMilliseconds, nullptr);
  }
  return std::nullopt;
}

}  // namespace

std::optional<CURLcode> transfer(const CurlConnection& connection, const std::stop_token& stop) {
  curl().multi_add_handle(connection.multi.get(), connection.easy.get());
  const std::optional<CURLcode> code = drive(connection, stop);
  curl().multi_remove_handle(connection.multi.get(), connection.easy.get());
  return code;
}

CurlConnection make_bare_connection() {
  CurlConnection connection{make_multi(), make_curl_handle()};
  set_common(connection.easy.get());
  return connection;
}

void reset_bare_connection(const CurlConnection& connection) {
  curl().easy_reset(connection.easy.get());
  set_common(connection.easy.get());
}

CurlList make_curl_list(const std::vector<std::string>& lines) {
  CurlList list;
  for (const std::string& line : lines) {
    curl_slist* longer = curl().slist_append(list.get(), line.c_str());
    if (longer == nullptr) {
      throw std::bad_alloc();
    }
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

namespace {

void set_tls(CURL* easy, const TlsSettings& tls) {
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  if (!tls.authority.empty()) {
    curl().easy_setopt(easy, CURLOPT_CAINFO, tls.authority.c_str());
    curl().easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // this authority and no other
  }
  if (!tls.certificate.empty()) {
    curl().easy_setopt(easy, CURLOPT_SSLCERT, tls.certificate.c_str());
    curl().easy_setopt(easy, CURLOPT_SSLKEY, tls.key.c_str());
    // A key with a passphrase is an error: OpenSSL would ask for it on the command's terminal.
    curl().easy_setopt(easy, CURLOPT_KEYPASSWD, "");
  }
}

// Through the proxy goes a tunnel (CONNECT) for every request, since the stream of a run needs one
// and nothing should work before it that the run then does not. An empty proxy is none: libcurl has
// variables of its own.
void set_proxy(CURL* easy, const std::optional<ProxySettings>& proxy) {
  curl().easy_setopt(easy, CURLOPT_PROXY, proxy ? proxy->url.c_str() : "");
  curl().easy_setopt(easy, CURLOPT_NOPROXY, proxy ? proxy->exceptions.c_str() : "");
  if (proxy) {
    curl().easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl().easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  }
}

}  // namespace

void prepare_curl_handle(CURL* easy, const Endpoint& endpoint,
                         std::chrono::milliseconds connect_timeout) {
  curl().easy_reset(easy);  // keeps connections
  if (endpoint.tls) {
    set_tls(easy, *endpoint.tls);
  }
  set_proxy(easy, endpoint.proxy);
  set_common(easy);
  curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl().easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl().easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
  curl().easy_setopt(easy, CURLOPT_USERAGENT, endpoint.user_agent.c_str());
  curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
}

CurlEasy make_curl_handle(const Endpoint& endpoint, std::chrono::milliseconds connect_timeout) {
  CurlEasy easy = make_curl_handle();
  prepare_curl_handle(easy.get(), endpoint, connect_timeout);
  return easy;
}

CurlPool::CurlPool(Endpoint endpoint, std::chrono::milliseconds connect_timeout)
    : endpoint_(std::move(endpoint)), connect_timeout_(connect_timeout) {}

CurlConnection CurlPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      CurlConnection connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return {make_multi(), make_curl_handle(endpoint_, connect_timeout_)};
}

void CurlPool::give_back(CurlConnection connection) {
  constexpr std::size_t kMostIdle = 4;
  prepare_curl_handle(connection.easy.get(), endpoint_, connect_timeout_);
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMostIdle) {
    idle_.push_back(std::move(connection));
  }
}

}  // namespace berth::runtime
