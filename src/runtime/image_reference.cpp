// The engine judges references itself; what is checked here is what would change the meaning of a
// request.
#include "runtime/image_reference.hpp"

#include <algorithm>
#include <string_view>

#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

// The first component is a registry where it cannot be a Docker Hub user: it has a dot or a port,
// or is localhost.
std::string registry_of(const std::string& name) {
  const std::size_t slash = name.find('/');
  const std::string first = name.substr(0, slash);
  const bool host = slash != std::string::npos &&
                    (first.find_first_of(".:") != std::string::npos || first == "localhost");
  if (!host || first == "index.docker.io" || first == "registry-1.docker.io") {
    return "docker.io";
  }
  return first;
}

bool is_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:[]";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string_view::npos &&
         name.find("..") == std::string_view::npos && name.find("//") == std::string_view::npos &&
         name.front() != '/' && name.back() != '/' && name.front() != '-';
}

bool is_tag(std::string_view tag) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  constexpr std::size_t kLongest = 128;
  return !tag.empty() && tag.size() <= kLongest &&
         tag.find_first_not_of(kAllowed) == std::string_view::npos && tag.front() != '.' &&
         tag.front() != '-';
}

bool is_digest(std::string_view digest) {
  const std::size_t colon = digest.find(':');
  constexpr std::size_t kShortest = 32;
  return colon != std::string_view::npos && colon > 0 && digest.size() - colon > kShortest &&
         digest.substr(colon + 1).find_first_not_of("0123456789abcdefABCDEF") ==
             std::string_view::npos &&
         is_tag(digest.substr(0, colon));
}

}  // namespace

Result<ImageReference> parse_image_reference(const std::string& text) {
  ImageReference reference;
  std::string rest = text;
  bool valid = true;
  if (const std::size_t at = rest.find('@'); at != std::string::npos) {
    reference.digest = rest.substr(at + 1);
    rest.resize(at);
    valid = is_digest(reference.digest);
  }
  const std::size_t colon = rest.rfind(':');
  const std::size_t slash = rest.rfind('/');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
    reference.tag = rest.substr(colon + 1);
    rest.resize(colon);
    valid = valid && is_tag(reference.tag);
  } else if (reference.digest.empty()) {
    reference.tag = "latest";
  }
  if (!valid || !is_name(rest)) {
    return fail(
        Error{Errc::invalid_input, "`" + excerpt(text) + "` is not an image reference"}.note(
            "expected [REGISTRY/]NAME[:TAG][@DIGEST]"));
  }
  reference.name = std::move(rest);
  reference.registry = registry_of(reference.name);
  return reference;
}

}  // namespace berth::runtime
