// berth.yaml and berth.json, and the user's configuration, which has the same keys without `run`
// and `jobs`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/document.hpp"
#include "spec/settings.hpp"

namespace berth::spec {

// Where a set of keys stands; some keys are only allowed in some places.
enum class SpecPlace { project, job, user };

struct Job {
  std::string name;
  unsigned line = 1;
  Settings settings;
};

struct SpecFile {
  Settings settings{};
  std::vector<Job> jobs{};
};

// Relative paths of `mounts` are relative to the folder of the file. A name that ends in .json is
// read as JSON, anything else as YAML. Errc::invalid_input with file and line: an unknown key (with
// the nearest known one), a value of another type than expected, a value that means nothing.
Result<SpecFile> read_spec(const SourceFile& file, SpecPlace place,
                           const std::filesystem::path& home);

// The keys that read_spec() accepts there; docs/berth.schema.json must name the same.
std::vector<std::string> spec_keys(SpecPlace place);

}  // namespace berth::spec
