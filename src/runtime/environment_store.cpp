#include "berth/runtime/environment_store.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <system_error>

#include "berth/base/file.hpp"
#include "berth/base/sha256.hpp"
#include "berth/runtime/run_records.hpp"
#include "runtime/json_fields.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostLooks = 200;
constexpr std::size_t kMostProjects = 20;

void drop_oldest(const fs::path& folder, std::size_t most) {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    files.emplace_back(entry->last_write_time(ignored), entry->path());
  }
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i + most < files.size(); ++i) {
    fs::remove(files[i].second, error);
  }
}

fs::path use_file(const fs::path& folder, const std::string& tag) {
  return folder / (tag + ".use.json");
}

}  // namespace

EnvironmentStore::EnvironmentStore(const EnvironmentLookup& environment)
    : folder_(record_folder(environment).parent_path() / "environments") {}

Result<fs::path> EnvironmentStore::log_file(const std::string& tag) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    return fail(Errc::io, fmt::format("the folder `{}` for logs of builds cannot be made: {}",
                                      folder_.string(), error.message()));
  }
  return folder_ / (tag + ".log");
}

std::optional<std::string> EnvironmentStore::find_look(const std::string& key) const {
  Result<std::string> said = read_file(folder_ / "looks" / sha256_hex(key));
  return said ? std::optional(std::move(*said)) : std::nullopt;
}

void EnvironmentStore::keep_look(const std::string& key, std::string_view said) const {
  const fs::path folder = folder_ / "looks";
  std::error_code error;
  fs::create_directories(folder, error);
  if (write_file_atomically(folder / sha256_hex(key), said)) {
    drop_oldest(folder, kMostLooks);
  }
}

std::optional<EnvironmentStore::Use> EnvironmentStore::use_of(const std::string& tag) const {
  const Result<std::string> text = read_file(use_file(folder_, tag));
  const Result<Use> use =
      text ? decode(*text, Errc::invalid_input, "the uses of an environment",
                    [](const Json& json) {
                      Use read;
                      read.last = Time(std::chrono::seconds(integer_field(json, "last_used")));
                      read.projects = texts_field(json, "projects");
                      return read;
                    })
           : Result<Use>(Failure(text.error()));
  return use ? std::optional(*use) : std::nullopt;
}

void EnvironmentStore::note_use(const std::string& tag, const std::string& project,
                                Time now) const {
  Use use = use_of(tag).value_or(Use{});
  std::erase(use.projects, project);
  if (!project.empty()) {
    use.projects.insert(use.projects.begin(), project);
  }
  use.projects.resize(std::min(use.projects.size(), kMostProjects));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  const nlohmann::ordered_json json{{"last_used", seconds.count()}, {"projects", use.projects}};
  std::error_code error;
  fs::create_directories(folder_, error);
  static_cast<void>(write_file_atomically(
      use_file(folder_, tag),
      json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)));
}

void EnvironmentStore::forget(const std::string& tag) const {
  std::error_code error;
  fs::remove(use_file(folder_, tag), error);
  fs::remove(folder_ / (tag + ".log"), error);
}

}  // namespace berth::runtime
