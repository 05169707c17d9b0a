#include "berth/runtime/download.hpp"

#include <spdlog/fmt/fmt.h>

#include <memory>
#include <utility>

#include "berth/base/file.hpp"
#include "berth/base/printable.hpp"
#include "runtime/web_client.hpp"

namespace berth::runtime {

namespace {

constexpr long kHttpOk = 200;
constexpr long kHttpNotFound = 404;

struct CurlTextDeleter {
  void operator()(char* text) const { curl().free(text); }
};
struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl().url_cleanup(url); }
};

// A part of the URL, with its %-escapes undone; empty where it is none of a kind that we know.
std::string part_of(const std::string& url, CURLUPart part) {
  const std::unique_ptr<CURLU, CurlUrlDeleter> parsed(curl().url());
  char* found = nullptr;
  if (curl().url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl().url_get(parsed.get(), part, &found, CURLU_URLDECODE) != CURLUE_OK) {
    return {};
  }
  return std::unique_ptr<char, CurlTextDeleter>(found).get();
}

Error nothing_there(const std::string& url) {
  return Error{Errc::not_found, fmt::format("nothing is at `{}`", printable(url))};
}

Result<std::string> copy(const std::string& url, std::size_t limit) {
  Result<std::string> content = read_file(part_of(url, CURLUPART_PATH), limit);
  if (!content && content.error().code == Errc::not_found) {
    return fail(nothing_there(url));
  }
  return content;
}

WebClient make_client(const std::string& scheme, const DownloadLimits& limits) {
  WebOptions options;
  options.peer = "server";
  options.deadline = limits.deadline;
  options.longest_silence = kLongestSilence;
  options.plain_http = scheme == "http";
  options.stop = limits.stop;
  return WebClient(std::move(options));
}

}  // namespace

Result<std::string> download(const std::string& url, const DownloadLimits& limits) {
  BERTH_CHECK(load_curl(fmt::format("a download of `{}`", printable(url))));
  const std::string scheme = part_of(url, CURLUPART_SCHEME);
  if (scheme == "file") {
    return copy(url, limits.bytes);
  }
  if (scheme != "https" && scheme != "http") {
    return fail(
        Error{Errc::usage, fmt::format("`{}` is no http, https or file URL", printable(url))});
  }
  WebClient client = make_client(scheme, limits);
  Result<WebAnswer> answer = client.perform({.url = url, .limit = limits.bytes});
  if (!answer) {
    Error error = std::move(answer.error());
    if (error.code == Errc::io) {
      error.message.insert(0, "cannot fetch ");
    } else if (error.code == Errc::engine_failed) {
      error.code = Errc::invalid_input;  // longer than the limit
    }
    return fail(std::move(error));
  }
  if (answer->status == kHttpNotFound) {
    return fail(nothing_there(url));
  }
  if (answer->status != kHttpOk) {
    return fail(Errc::io, fmt::format("cannot fetch `{}`: the server answers with {}",
                                      printable(url), answer->status));
  }
  return std::move(answer->body);
}

}  // namespace berth::runtime
