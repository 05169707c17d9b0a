// Sources: the spec and the user's configuration of one invocation, found and read, and a reader
// that remembers which files it has read.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "berth/spec/gather.hpp"
#include "spec/spec_file.hpp"

namespace berth::spec {

class Sources {
 public:
  // Reads the spec (--spec, else the nearest one) and the user's configuration. With requirements
  // on the command line no spec is looked for: they stand alone.
  static Result<Sources> find(const Flags& flags, const Surroundings& surroundings);

  // The spec's folder; without one the working directory. This is the project.
  const std::filesystem::path& folder() const { return folder_; }
  // As messages call it; empty where there is none.
  const std::string& spec_name() const { return spec_name_; }
  const std::vector<Job>& jobs() const { return spec_.jobs; }
  // The spec's values, with those of the job on top. Errc::usage for a job that it does not have.
  Result<Settings> spec(const std::optional<std::string>& job) const;
  const Settings& user() const { return user_.settings; }

  const ReadFile& reader() const { return reader_; }
  const Surroundings& surroundings() const { return surroundings_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Names of all files read so far.
  const std::vector<std::string>& files() const { return *files_; }

 private:
  explicit Sources(const Surroundings& surroundings);
  Result<void> read_spec_file(const Flags& flags);

  Surroundings surroundings_;
  std::filesystem::path folder_;
  std::string spec_name_;
  SpecFile spec_;
  SpecFile user_;
  std::vector<std::string> warnings_;
  std::shared_ptr<std::vector<std::string>> files_;  // shared with reader_
  ReadFile reader_;
};

}  // namespace berth::spec
