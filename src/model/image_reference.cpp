#include "berth/model/image_reference.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth {

namespace {

constexpr std::size_t kLongestShown = 300;

// The first component is a registry where it cannot be a Docker Hub user: it has a dot or a port,
// or is localhost.
bool has_registry(const std::string& name) {
  const std::size_t slash = name.find('/');
  const std::string first = name.substr(0, slash);
  return slash != std::string::npos &&
         (first.find_first_of(".:") != std::string::npos || first == "localhost");
}

std::string registry_of(const std::string& name) {
  const std::string first = name.substr(0, name.find('/'));
  return !has_registry(name) || first == "index.docker.io" || first == "registry-1.docker.io"
             ? "docker.io"
             : first;
}

bool is_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:[]";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string_view::npos &&
         name.find("..") == std::string_view::npos && name.find("//") == std::string_view::npos &&
         name.front() != '/' && name.back() != '/' && name.front() != '-';
}

// A registry's name may have capitals, what is behind it may not.
bool has_capitals(const std::string& name) {
  const std::size_t begin = has_registry(name) ? name.find('/') : 0;
  return std::any_of(name.begin() + static_cast<std::ptrdiff_t>(begin), name.end(),
                     [](char c) { return c >= 'A' && c <= 'Z'; });
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
  constexpr std::size_t kShortest = 32;
  constexpr std::size_t kSha256 = 64;
  const std::size_t colon = digest.find(':');
  if (colon == std::string_view::npos || !is_tag(digest.substr(0, colon))) {
    return false;
  }
  const std::string_view hex = digest.substr(colon + 1);
  const bool long_enough =
      digest.starts_with("sha256:") ? hex.size() == kSha256 : hex.size() >= kShortest;
  return long_enough && hex.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Failure no_reference(const std::string& text, std::string what) {
  return fail(Error{Errc::invalid_input,
                    fmt::format("`{}` is no image reference", printable(text, kLongestShown))}
                  .note(std::move(what))
                  .note("expected [REGISTRY/]NAME[:TAG][@DIGEST]")
                  .hint("`berth catalog images` lists images that are known"));
}

}  // namespace

Result<ImageReference> parse_image_reference(const std::string& text) {
  ImageReference reference;
  std::string rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string::npos) {
    reference.digest = rest.substr(at + 1);
    rest.resize(at);
    if (!is_digest(reference.digest)) {
      return no_reference(text, fmt::format("the digest is `{}`, and should be `sha256:` with 64 "
                                            "digits of 0-9a-f",
                                            printable(reference.digest)));
    }
  }
  const std::size_t colon = rest.rfind(':');
  const std::size_t slash = rest.rfind('/');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
    reference.tag = rest.substr(colon + 1);
    rest.resize(colon);
    if (!is_tag(reference.tag)) {
      return no_reference(
          text, fmt::format("the tag is `{}`, and should be up to 128 letters, digits and `._-`",
                            printable(reference.tag)));
    }
  } else if (reference.digest.empty()) {
    reference.tag = "latest";
  }
  if (!is_name(rest)) {
    return no_reference(text, fmt::format("the name is `{}`, and should be small letters, digits "
                                          "and `._-/`",
                                          printable(rest)));
  }
  if (has_capitals(rest)) {
    return no_reference(text, fmt::format("names have no capitals: `{}`", lowered(rest)));
  }
  reference.name = std::move(rest);
  reference.registry = registry_of(reference.name);
  return reference;
}

}  // namespace berth
