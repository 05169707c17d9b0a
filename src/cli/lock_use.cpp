#include "cli/lock_use.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "berth/resolver/resolve.hpp"

namespace berth::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kProjectLock = "berth.lock";
constexpr std::size_t kLargestLock = 1u << 20;

fs::path lock_folder(const spec::Flags& flags, const spec::Surroundings& surroundings) {
  if (flags.spec_file && *flags.spec_file != "-") {
    return (surroundings.directory / *flags.spec_file).parent_path();
  }
  return spec::project_folder(surroundings);
}

}  // namespace

fs::path lock_path(const spec::Flags& flags, const spec::Surroundings& surroundings) {
  const fs::path folder = lock_folder(flags, surroundings);
  if (!flags.job) {
    return folder / kProjectLock;
  }
  std::string job = *flags.job;
  std::replace(job.begin(), job.end(), '/', '-');
  return folder / fmt::format("berth.{}.lock", job);
}

Result<std::optional<Lock>> load_lock(const fs::path& path) {
  const Result<std::string> content = read_regular_file(path, kLargestLock);
  if (!content && content.error().code == Errc::not_found) {
    return std::nullopt;
  }
  if (!content) {
    return fail(content.error());
  }
  Result<Lock> lock = read_lock(*content, path.filename().string());
  if (!lock) {
    Error error = std::move(lock).error();
    if (content->find("<<<<<<< ") != std::string::npos) {
      error.note("it has the marks of a merge that is not finished");
    }
    if (error.hints.empty()) {
      error.hint("`berth lock --update` writes it anew");
    }
    error.hint("`berth resolve --no-lock` decides without it");
    return fail(std::move(error));
  }
  return std::move(*lock);
}

Result<std::optional<Lock>> find_lock(const spec::Flags& flags,
                                      const spec::Surroundings& surroundings) {
  BERTH_TRY(std::optional<Lock> lock, load_lock(lock_path(flags, surroundings)));
  if (lock || !flags.job) {
    return lock;
  }
  return load_lock(lock_folder(flags, surroundings) / kProjectLock);
}

Error lock_outdated(const std::vector<std::string>& changes) {
  Error error{Errc::no_solution, "berth.lock was made for other inputs"};
  for (const std::string& change : changes) {
    error.note(change);
  }
  return std::move(error).named("lock-changed").hint("`berth lock` updates it");
}

bool lock_stands(const ResolveRequest& request, const Catalog& catalog,
                 const std::optional<Lock>& lock, const LockOptions& options) {
  return lock && !options.no_lock &&
         changed_inputs(lock->inputs, lock_inputs(request, catalog)).empty();
}

Result<Decision> decide(const ResolveRequest& request, const Host& host, const Catalog& catalog,
                        const std::optional<Lock>& lock, const LockOptions& options) {
  if (options.locked && options.no_lock) {
    return fail(Error{Errc::usage, "`--locked` and `--no-lock` exclude each other"}.hint(
        "give one of them"));
  }
  if (options.locked && !lock) {
    return fail(Error{Errc::no_solution, "no berth.lock is here to keep to"}
                    .named("lock-absent")
                    .hint("`berth lock` writes it"));
  }
  if (options.no_lock || !lock) {
    return resolve(request, host, catalog);
  }
  const std::vector<std::string> changes =
      changed_inputs(lock->inputs, lock_inputs(request, catalog));
  if (changes.empty()) {
    return locked_decision(*lock, request, host, catalog);
  }
  if (options.locked) {
    return fail(lock_outdated(changes));
  }
  BERTH_TRY(Decision decision, resolve(request, host, catalog));
  decision.warnings.insert(
      decision.warnings.begin(),
      fmt::format("berth.lock is not used, its inputs changed: {}; `berth lock` updates it",
                  join(changes, "; ")));
  return decision;
}

}  // namespace berth::cli
