#include "berth/runtime/download.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "runtime/curl_connection.hpp"

namespace berth::runtime {

namespace {

constexpr long kConnectSeconds = 15;
constexpr long kSlowestBytesPerSecond = 100;
constexpr long kSlowSeconds = 30;
constexpr long kMostRedirections = 5;
constexpr long kHttpOk = 200;
constexpr long kHttpNotFound = 404;

struct Sink {
  std::string content{};
  std::size_t limit = 0;
  bool too_large = false;
};

std::size_t receive(const char* data, std::size_t size, std::size_t count, void* user) {
  Sink& sink = *static_cast<Sink*>(user);
  if (sink.content.size() + size * count > sink.limit) {
    sink.too_large = true;
    return 0;  // ends the transfer
  }
  sink.content.append(data, size * count);
  return size * count;
}

bool is_allowed(const std::string& url) {
  const std::string scheme = lowered(url.substr(0, url.find(':')));
  return scheme == "https" || scheme == "http" || scheme == "file";
}

struct Transfer {
  CURLcode code = CURLE_OK;
  long status = 0;  // 0 for a file
  std::string problem{};
};

Transfer perform(CURL* easy, const std::string& url, Sink& sink) {
  std::array<char, CURL_ERROR_SIZE> text{};
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,file");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                   lowered(url).starts_with("https") ? "https" : "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kMostRedirections);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, kSlowestBytesPerSecond);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, text.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &receive);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &sink);
  Transfer transfer;
  transfer.code = curl_easy_perform(easy);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &transfer.status);
  transfer.problem = text[0] != '\0' ? text.data() : curl_easy_strerror(transfer.code);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
  return transfer;
}

}  // namespace

Result<std::string> download(const std::string& url, std::size_t limit) {
  if (!is_allowed(url)) {
    return fail(
        Error{Errc::usage, fmt::format("`{}` is no http, https or file URL", printable(url))});
  }
  const CurlEasy easy = make_curl_handle();
  Sink sink{{}, limit, false};
  const Transfer transfer = perform(easy.get(), url, sink);
  if (sink.too_large) {
    return fail(Errc::invalid_input,
                fmt::format("`{}` is larger than {} KiB", printable(url), limit >> 10u));
  }
  if (transfer.code == CURLE_FILE_COULDNT_READ_FILE || transfer.status == kHttpNotFound) {
    return fail(Errc::not_found, fmt::format("nothing is at `{}`", printable(url)));
  }
  if (transfer.code != CURLE_OK) {
    return fail(Error{Errc::io, fmt::format("cannot fetch `{}`", printable(url))}.note(
        printable(transfer.problem)));
  }
  if (transfer.status != 0 && transfer.status != kHttpOk) {
    return fail(Errc::io, fmt::format("cannot fetch `{}`: the server answers with {}",
                                      printable(url), transfer.status));
  }
  return std::move(sink.content);
}

}  // namespace berth::runtime
