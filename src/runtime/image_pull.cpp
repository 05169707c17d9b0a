// The engine answers 200 as soon as it has begun; whether the pull succeeded is told by its
// stream's last words.
#include "runtime/image_pull.hpp"

#include <spdlog/fmt/fmt.h>

#include <optional>
#include <utility>

#include "berth/model/image_reference.hpp"
#include "runtime/engine_error.hpp"
#include "runtime/engine_json.hpp"
#include "runtime/json_stream.hpp"

namespace berth::runtime {

namespace {

HttpRequest pull_request(const std::string& prefix, const ImageReference& image,
                         const std::string& platform,
                         const std::optional<RegistryCredentials>& credentials) {
  HttpRequest request;
  request.method = "POST";
  request.target =
      fmt::format("{}/images/create?fromImage={}&tag={}", prefix, url_escaped(image.name),
                  url_escaped(image.digest.empty() ? image.tag : image.digest));
  if (!platform.empty()) {
    request.target += "&platform=" + url_escaped(platform);
  }
  if (credentials.has_value() && !credentials->anonymous()) {
    request.headers.push_back("X-Registry-Auth: " + registry_auth_header(*credentials));
  }
  return request;
}

}  // namespace

Result<void> pull_image(const HttpClient& client, const std::string& prefix,
                        const std::string& reference, const std::string& platform,
                        const DockerConfig& config, const PullObserver& observer,
                        std::stop_token stop) {
  BERTH_TRY(const ImageReference image, parse_image_reference(reference));
  BERTH_TRY(const std::optional<RegistryCredentials> credentials,
            find_credentials(config, image.registry));
  HttpRequest request = pull_request(prefix, image, platform, credentials);
  request.stop = std::move(stop);

  JsonStreamSplitter splitter;
  std::string error;
  request.on_body = [&](std::string_view bytes) -> Result<void> {
    return splitter.feed(bytes, [&](std::string_view object) -> Result<void> {
      BERTH_TRY(PullLine line, decode_pull_line(object));
      if (!line.error.empty()) {
        error = std::move(line.error);
      } else if (observer) {
        observer(line.event);
      }
      return {};
    });
  };
  Result<HttpResponse> answer = client.perform(request);
  if (!answer && answer.error().code != Errc::interrupted) {
    // An engine that broke off has told nothing; what it has of the layers, it keeps.
    return fail(std::move(answer)
                    .error()
                    .context(fmt::format("the pull of `{}` broke off", reference))
                    .named("pull-cut"));
  }
  if (!answer) {
    return fail(std::move(answer).error());
  }
  const HttpResponse& response = *answer;
  if (!response.ok()) {
    error = decode_error_message(response.body);
  }
  if (!response.ok() || !error.empty()) {
    Error failed = pull_error(error, reference, image.registry);
    // A configuration that could not be read may be why there were no credentials.
    failed.notes.insert(failed.notes.end(), config.remarks.begin(), config.remarks.end());
    return fail(std::move(failed));
  }
  if (splitter.in_object()) {
    return fail(
        Error{Errc::engine_failed, fmt::format("the engine broke off the pull of `{}`", reference)}
            .named("pull-cut"));
  }
  return {};
}

}  // namespace berth::runtime
