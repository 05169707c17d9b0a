#include "cli/environment_list.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <iterator>
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

// Sizes of images by name and by id.
class Sizes {
 public:
  Sizes(runtime::Engine& engine, const std::vector<ImageSummary>& images) : engine_(engine) {
    for (const ImageSummary& image : images) {
      sizes_[image.id] = image.bytes;
      for (const std::string& name : image.names) {
        sizes_[short_name(name)] = image.bytes;
      }
    }
  }

  // A base whose name went to another image is not listed, and there all the same.
  std::optional<std::uint64_t> of_base(const KnownEnvironment& known) {
    const std::string id = known.recipe ? known.recipe->base_id : std::string();
    const std::string key = id.empty() ? short_name(known.base) : id;
    if (!sizes_.contains(key) && !id.empty()) {
      const Result<std::optional<ImageFacts>> facts = engine_.inspect_image(id);
      sizes_[key] = facts && *facts ? (*facts)->unpacked_bytes : std::nullopt;
    }
    return of(key);
  }

  std::optional<std::uint64_t> of(const std::string& image) const {
    const auto found = sizes_.find(image);
    return found == sizes_.end() ? std::nullopt : found->second;
  }

 private:
  runtime::Engine& engine_;
  std::map<std::string, std::optional<std::uint64_t>> sizes_{};
};

// Names of an environment, and what its labels say; nullopt for any other image.
std::optional<KnownEnvironment> environment_in(const ImageSummary& image) {
  KnownEnvironment known{.key = label(image, "org.berth.env")};
  if (known.key.size() != kKeyDigits || !is_key(known.key)) {
    return std::nullopt;
  }
  std::copy_if(image.names.begin(), image.names.end(), std::back_inserter(known.names),
               [&known](const std::string& name) {
                 return short_name(name) == environment::image_of(known.key);
               });
  if (known.names.empty()) {
    return std::nullopt;
  }
  known.tag = environment::tag_of(known.key);
  known.image_id = image.id;
  known.stage = label(image, "org.berth.env.stage");
  known.base = label(image, "org.berth.env.base");
  known.packages = lines_in(label(image, "org.berth.env.packages"));
  known.items = lines_in(label(image, "org.berth.env.items"));
  if (Result<environment::RecordedRecipe> recipe = environment::recipe_in(image.labels)) {
    known.recipe = std::move(*recipe);
    known.items.clear();
    for (const environment::RecordedStage& stage : known.recipe->stages) {
      known.items.insert(known.items.end(), stage.items.begin(), stage.items.end());
    }
  }
  known.created = image.created;
  known.bytes = image.bytes;
  return known;
}

}  // namespace

std::string KnownEnvironment::parent() const {
  const std::size_t stages = recipe ? recipe->stages.size() : 0;
  return stages > 1 ? recipe->stages[stages - 2].key : std::string();
}

std::int64_t KnownEnvironment::last_use() const {
  using Seconds = std::chrono::seconds;
  return use ? std::chrono::duration_cast<Seconds>(use->last.time_since_epoch()).count() : 0;
}

Result<std::vector<KnownEnvironment>> list_environments(runtime::Engine& engine,
                                                        const runtime::EnvironmentStore& store) {
  BERTH_TRY(const std::vector<ImageSummary> images, engine.list_images({}));
  Sizes sizes(engine, images);
  std::vector<KnownEnvironment> environments;
  for (const ImageSummary& image : images) {
    std::optional<KnownEnvironment> known = environment_in(image);
    if (!known) {
      continue;
    }
    const auto beyond = [&known](std::optional<std::uint64_t> before) {
      return before && *before <= known->bytes ? std::optional(known->bytes - *before)
                                               : std::nullopt;
    };
    known->own_bytes = beyond(sizes.of_base(*known));
    const std::string parent = known->parent();
    const auto before = parent.empty() ? std::nullopt : sizes.of(environment::image_of(parent));
    known->stage_bytes = (before ? beyond(before) : known->own_bytes).value_or(known->bytes);
    known->use = store.use_of(known->tag);
    environments.push_back(std::move(*known));
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

Result<KnownEnvironment> environment_of_project(const std::vector<KnownEnvironment>& environments,
                                                const std::filesystem::path& folder) {
  for (std::filesystem::path at = folder;; at = at.parent_path()) {
    const KnownEnvironment* latest = nullptr;
    for (const KnownEnvironment& known : environments) {
      const bool used =
          known.use && std::find(known.use->projects.begin(), known.use->projects.end(),
                                 at.string()) != known.use->projects.end();
      if (used && (latest == nullptr || known.last_use() > latest->last_use())) {
        latest = &known;
      }
    }
    if (latest != nullptr) {
      return *latest;
    }
    if (!at.has_relative_path()) {
      return fail(Error{
          Errc::not_found,
          fmt::format("the project in `{}` has used no environment that is there", folder.string())}
                      .hint("`berth env list` shows the keys of others"));
    }
  }
}

}  // namespace berth::cli
