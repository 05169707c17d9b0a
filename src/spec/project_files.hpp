// The files of a project that say what it needs, and what they say together. docs/spec.md has the
// rules for readers.
#pragma once

#include <filesystem>

#include "spec/project_facts.hpp"

namespace berth::spec {

// Reads those of the known files that the folder has. All lines of all files hold, with two
// exceptions: the versions of a lock file (uv.lock, else poetry.lock) replace ranges of
// pyproject.toml that allow them, and constraints count for required names only. Lines that
// contradict each other are all kept: the resolver reports them with their origins where they
// matter. Errc::invalid_input for a malformed file.
Result<ProjectFacts> read_project_files(const std::filesystem::path& folder, const ReadFile& read);

}  // namespace berth::spec
