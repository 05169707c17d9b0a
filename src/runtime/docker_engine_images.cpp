// What is done with images: looking, pulling, making, removing.
#include <algorithm>

#include "berth/model/image_reference.hpp"
#include "runtime/container_calls_json.hpp"
#include "runtime/docker_engine_class.hpp"
#include "runtime/engine_error.hpp"
#include "runtime/engine_json.hpp"
#include "runtime/image_pull.hpp"

namespace berth::runtime {

namespace {

// Of "name@sha256:…". An image that was pulled under another name is the same image.
std::string digest_of(const std::string& name, const std::vector<std::string>& digests) {
  const auto own = std::find_if(digests.begin(), digests.end(), [&name](const std::string& digest) {
    return digest.starts_with(name + "@");
  });
  if (digests.empty()) {
    return {};
  }
  const std::string& chosen = own == digests.end() ? digests.front() : *own;
  return chosen.substr(chosen.find('@') + 1);
}

}  // namespace

Result<std::optional<ImageFacts>> DockerEngine::inspect_image(const std::string& reference) {
  BERTH_TRY(const ImageReference parsed, parse_image_reference(reference));
  BERTH_TRY(const HttpResponse response,
            call("GET", fmt::format("/images/{}/json", url_escaped(reference)),
                 options_.timeouts.query, {}, options_.stop));
  if (response.status == 404) {
    return std::nullopt;
  }
  if (!response.ok()) {
    return fail(engine_error(response, fmt::format("image `{}` cannot be looked up", reference)));
  }
  BERTH_TRY(ImageFacts facts, decode_image(response.body));
  facts.reference = reference;
  facts.digest = digest_of(parsed.name, facts.digests);
  return facts;
}

Result<void> DockerEngine::pull(const std::string& reference, const std::string& platform,
                                const PullObserver& observer, std::stop_token stop) {
  BERTH_TRY(const std::string prefix, versioned(""));
  return pull_image(client_, prefix, reference, platform, load_docker_config(options_.environment),
                    observer, std::move(stop));
}

Result<std::string> DockerEngine::import_image(const std::string& archive) {
  BERTH_TRY(std::string target, versioned("/images/create?fromSrc=-"));
  BERTH_TRY(const HttpResponse response, client_.perform({.method = "POST",
                                                          .target = std::move(target),
                                                          .body = archive,
                                                          .content_type = "application/x-tar",
                                                          .timeout = options_.timeouts.action}));
  if (!response.ok()) {
    return fail(engine_error(response, "an image cannot be made"));
  }
  return decode_imported(response.body);
}

Result<void> DockerEngine::remove_image(const std::string& id) {
  BERTH_TRY(const HttpResponse response,
            call("DELETE", "/images/" + url_escaped(id), options_.timeouts.action));
  if (!response.ok() && response.status != 404) {
    return fail(engine_error(response, fmt::format("image `{}` cannot be removed", id)));
  }
  return {};
}

Result<std::string> DockerEngine::commit(const std::string& container, const CommitSpec& spec) {
  BERTH_TRY(std::string body, commit_body(spec));
  const std::string target = fmt::format(
      "/commit?container={}&repo={}&tag={}&comment={}&pause=false", url_escaped(container),
      url_escaped(spec.repository), url_escaped(spec.tag), url_escaped(spec.comment));
  // Ten gigabytes are written and hashed within it.
  constexpr std::chrono::minutes kLimit{30};
  BERTH_TRY(const HttpResponse response, call("POST", target, kLimit, std::move(body)));
  if (!response.ok()) {
    return fail(engine_error(response, "an image cannot be made of the container"));
  }
  return decode_committed(response.body);
}

Result<std::vector<ImageSummary>> DockerEngine::list_images(
    const std::vector<std::string>& labels) {
  const std::string filter =
      labels.empty() ? std::string() : "?filters=" + url_escaped(label_filter(labels));
  BERTH_TRY(const HttpResponse response,
            call("GET", "/images/json" + filter, options_.timeouts.query, {}, options_.stop));
  if (!response.ok()) {
    return fail(engine_error(response, "the engine does not list its images"));
  }
  return decode_images(response.body);
}

}  // namespace berth::runtime
