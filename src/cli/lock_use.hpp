// How `run` and `resolve` use a lock: where it lies, whether it still stands, and what to say where
// it does not.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"
#include "berth/resolver/lock.hpp"
#include "berth/spec/gather.hpp"
#include "cli/request_options.hpp"

namespace berth::cli {

// Beside the spec, else in the project's folder: berth.lock, or berth.JOB.lock of a job.
std::filesystem::path lock_path(const spec::Flags& flags, const spec::Surroundings& surroundings);

// nullopt where there is none. Errc::invalid_input for what is no lock.
Result<std::optional<Lock>> load_lock(const std::filesystem::path& path);

// The lock that this command would use: that of its job, else that of the project.
Result<std::optional<Lock>> find_lock(const spec::Flags& flags,
                                      const spec::Surroundings& surroundings);

// Errc::no_solution, id "lock-changed": each input that is not what it was.
Error lock_outdated(const std::vector<std::string>& changes);

// Whether decide() below takes the lock's decision.
bool lock_stands(const ResolveRequest& request, const Catalog& catalog,
                 const std::optional<Lock>& lock, const LockOptions& options);

// The locked decision where a lock is there and its inputs are those of the request; else a new
// one, with a warning that says what has changed. Errors, besides those of both:
//   Errc::no_solution  --locked, and no lock is there ("lock-absent") or its inputs changed
//                      ("lock-changed")
//   Errc::usage        --locked and --no-lock
Result<Decision> decide(const ResolveRequest& request, const Host& host, const Catalog& catalog,
                        const std::optional<Lock>& lock, const LockOptions& options);

}  // namespace berth::cli
