#include "cli/environment_list.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

#include "berth/base/text.hpp"
#include "berth/environment/recipe.hpp"

namespace berth::cli {

namespace {

using runtime::ImageSummary;

constexpr std::size_t kKeyDigits = 64;

std::string label(const ImageSummary& image, const std::string& name) {
  const auto found = image.labels.find(name);
  return found == image.labels.end() ? std::string() : found->second;
}

std::vector<std::string> lines_in(const std::string& text) {
  return text.empty() ? std::vector<std::string>() : split(text, '\n');
}

// Podman writes the registry out, Docker leaves it away.
std::string short_name(std::string name) {
  for (const std::string prefix : {"docker.io/", "library/", "localhost/"}) {
    if (name.starts_with(prefix)) {
      name.erase(0, prefix.size());
    }
  }
  return name;
}

bool is_key(const std::string& text) {
  return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<std::uint64_t> beyond(const std::map<std::string, std::uint64_t>& sizes,
                                    const std::string& base, std::uint64_t bytes) {
  const auto found = sizes.find(short_name(base));
  return found != sizes.end() && found->second <= bytes ? std::optional(bytes - found->second)
                                                        : std::nullopt;
}

}  // namespace

Result<std::vector<KnownEnvironment>> list_environments(runtime::Engine& engine,
                                                        const runtime::EnvironmentStore& store) {
  BERTH_TRY(const std::vector<ImageSummary> images, engine.list_images({}));
  std::map<std::string, std::uint64_t> sizes;
  for (const ImageSummary& image : images) {
    for (const std::string& name : image.names) {
      sizes[short_name(name)] = image.bytes;
    }
  }
  std::vector<KnownEnvironment> environments;
  for (const ImageSummary& image : images) {
    KnownEnvironment known{.key = label(image, "org.berth.env")};
    if (known.key.size() != kKeyDigits || !is_key(known.key)) {
      continue;
    }
    for (const std::string& name : image.names) {
      if (short_name(name) == environment::image_of(known.key)) {
        known.names.push_back(name);
      }
    }
    if (known.names.empty()) {
      continue;
    }
    known.tag = environment::tag_of(known.key);
    known.stage = label(image, "org.berth.env.stage");
    known.base = label(image, "org.berth.env.base");
    known.items = lines_in(label(image, "org.berth.env.items"));
    known.packages = lines_in(label(image, "org.berth.env.packages"));
    known.created = image.created;
    known.bytes = image.bytes;
    known.own_bytes = beyond(sizes, known.base, known.bytes);
    known.use = store.use_of(known.tag);
    environments.push_back(std::move(known));
  }
  std::stable_sort(
      environments.begin(), environments.end(),
      [](const auto& left, const auto& right) { return left.created > right.created; });
  return environments;
}

Result<KnownEnvironment> choose_environment(const std::vector<KnownEnvironment>& environments,
                                            const std::string& word) {
  const std::string repository = std::string(environment::kRepository) + ":";
  const std::string key = word.starts_with(repository) ? word.substr(repository.size()) : word;
  const std::string hint = "`berth env list --all` shows what there is";
  if (key.empty() || !is_key(key)) {
    return fail(
        Error{Errc::usage, fmt::format("`{}` is no key of an environment", word)}.hint(hint));
  }
  const KnownEnvironment* chosen = nullptr;
  for (const KnownEnvironment& known : environments) {
    if (!known.key.starts_with(key)) {
      continue;
    }
    if (chosen != nullptr) {
      return fail(
          Error{Errc::usage, fmt::format("`{}` begins the keys of several environments", word)}
              .note(fmt::format("among them {} and {}", chosen->tag, known.tag))
              .hint(hint));
    }
    chosen = &known;
  }
  if (chosen == nullptr) {
    return fail(
        Error{Errc::not_found, fmt::format("no environment has a key that begins with `{}`", word)}
            .hint(hint));
  }
  return *chosen;
}

}  // namespace berth::cli
