// Finding and reading the spec and the user's configuration.
#include "spec/sources.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "spec/find_spec.hpp"

namespace berth::spec {

namespace {

namespace fs = std::filesystem;

// Reads a file of the project. A pipe in its place would wait for ever.
Result<SourceFile> read_regular(const fs::path& path, const Surroundings& surroundings,
                                std::vector<std::string>& files) {
  std::string name = shown(path, surroundings);
  std::error_code ignored;
  if (fs::exists(path, ignored) && !is_file(path)) {
    return fail(Errc::io, fmt::format("`{}` is no regular file", name));
  }
  Result<std::string> bytes = read_file(path);
  if (!bytes) {
    return fail(std::move(bytes).error());
  }
  if (std::find(files.begin(), files.end(), name) == files.end()) {
    files.push_back(name);
  }
  return decode(path, std::move(name), std::move(*bytes));
}

// Without `..` and without a slash at the end, so that folders can be compared.
fs::path tidy(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

}  // namespace

fs::path project_folder(const Surroundings& surroundings) {
  const fs::path directory = tidy(surroundings.directory);
  const Result<FoundSpec> found = find_spec(directory, tidy(surroundings.home));
  return found && found->path ? found->path->parent_path() : directory;
}

Sources::Sources(const Surroundings& surroundings)
    : surroundings_{tidy(surroundings.directory), tidy(surroundings.home),
                    surroundings.environment},
      folder_(surroundings_.directory),
      files_(std::make_shared<std::vector<std::string>>()) {
  reader_ = [surroundings = surroundings_, files = files_](const fs::path& path) {
    return read_regular(path, surroundings, *files);
  };
}

Result<Sources> Sources::find(const Flags& flags, const Surroundings& surroundings) {
  Sources sources(surroundings);
  if (flags.requirements.empty() || flags.spec_file) {
    BERTH_CHECK(sources.read_spec_file(flags));
  }
  if (const std::optional<fs::path> path = find_user_configuration(sources.surroundings_)) {
    BERTH_TRY(const SourceFile file, sources.reader_(*path));
    BERTH_TRY(sources.user_, read_spec(file, SpecPlace::user, sources.surroundings_.home));
  }
  return sources;
}

Result<void> Sources::read_spec_file(const Flags& flags) {
  SourceFile file;
  if (flags.spec_file) {
    // A name that the user typed may be a pipe: `--spec <(generate)`.
    const bool standard_input = *flags.spec_file == "-";
    const fs::path path = standard_input
                              ? fs::path("/dev/stdin")
                              : (surroundings_.directory / *flags.spec_file).lexically_normal();
    BERTH_TRY(std::string bytes, read_file(path));
    BERTH_TRY(file, decode(standard_input ? surroundings_.directory / "stdin" : path,
                           standard_input ? "standard input" : shown(path, surroundings_),
                           std::move(bytes)));
    files_->push_back(file.name);
  } else {
    BERTH_TRY(FoundSpec found, find_spec(surroundings_.directory, surroundings_.home));
    warnings_ = std::move(found.warnings);
    if (!found.path) {
      return {};
    }
    BERTH_TRY(file, reader_(*found.path));
  }
  folder_ = file.path.parent_path();
  spec_name_ = file.name;
  BERTH_TRY(spec_, read_spec(file, SpecPlace::project, surroundings_.home));
  return {};
}

Result<Settings> Sources::spec(const std::optional<std::string>& job) const {
  Settings settings = spec_.settings;
  if (!job) {
    return settings;
  }
  std::vector<std::string> known;
  for (const Job& candidate : spec_.jobs) {
    if (candidate.name == *job) {
      overlay(settings, candidate.settings);
      return settings;
    }
    known.push_back(candidate.name);
  }
  if (spec_name_.empty()) {
    return fail(Errc::usage,
                fmt::format("`--job {}` needs a berth.yaml, and there is none here", *job));
  }
  const std::optional<std::string> near = nearest(*job, known);
  Error error{Errc::usage, fmt::format("{} has no job `{}`{}", spec_name_, *job,
                                       near ? fmt::format(", did you mean `{}`?", *near) : "")};
  error.note(known.empty() ? "it has no jobs" : "its jobs are " + join(known, ", "));
  return fail(std::move(error));
}

}  // namespace berth::spec
