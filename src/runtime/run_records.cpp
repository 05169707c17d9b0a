#include "berth/runtime/run_records.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "berth/base/file.hpp"
#include "runtime/json_fields.hpp"

namespace berth::runtime {

namespace {

constexpr std::string_view kSchema = "berth/run/1";
constexpr std::size_t kMostRecords = 1000;
constexpr std::size_t kLargestRecord = 1u << 20;

using OrderedJson = nlohmann::ordered_json;

OrderedJson text_or_null(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson number_or_null(const std::optional<std::uint64_t>& number) {
  return number.has_value() ? OrderedJson(*number) : OrderedJson(nullptr);
}

OrderedJson ending_json(const std::optional<Ending>& ending) {
  OrderedJson json = OrderedJson::object();
  json["origin"] = ending ? OrderedJson(name_of(ending->origin)) : OrderedJson(nullptr);
  json["exit_code"] = ending ? OrderedJson(ending->exit_code) : OrderedJson(nullptr);
  json["signal"] = ending ? text_or_null(ending->signal) : OrderedJson(nullptr);
  json["cause"] = ending ? text_or_null(ending->cause) : OrderedJson(nullptr);
  json["message"] = ending ? text_or_null(ending->message) : OrderedJson(nullptr);
  json["hint"] = ending ? text_or_null(ending->hint) : OrderedJson(nullptr);
  return json;
}

OrderedJson gpus_json(const std::vector<RunRecord::UsedGpu>& gpus) {
  OrderedJson list = OrderedJson::array();
  for (const RunRecord::UsedGpu& gpu : gpus) {
    list.push_back({{"uuid", gpu.uuid}, {"name", text_or_null(gpu.name)}});
  }
  return list;
}

Ending::Origin origin_named(const std::string& name) {
  for (const Ending::Origin origin :
       {Ending::Origin::command, Ending::Origin::engine, Ending::Origin::berth}) {
    if (name == name_of(origin)) {
      return origin;
    }
  }
  throw UnexpectedJson("`origin` is `" + excerpt(name) + "`, expected command, engine or berth");
}

std::optional<Ending> read_ending(const Json& json) {
  const std::string origin = text_field(json, "origin");
  if (origin.empty()) {
    return std::nullopt;
  }
  return Ending{origin_named(origin),
                static_cast<int>(integer_field(json, "exit_code")),
                text_field(json, "signal"),
                text_field(json, "cause"),
                text_field(json, "message"),
                text_field(json, "hint"),
                false};
}

std::optional<std::uint64_t> optional_bytes(const Json& json, const char* key) {
  if (field(json, key).is_null()) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_field(json, key)));
}

double seconds_field(const Json& json) {
  const Json& value = field(json, "seconds");
  return value.is_number() ? value.get<double>() : 0;
}

RunRecord record_of(const Json& json) {
  if (text_field(json, "schema") != kSchema) {
    throw UnexpectedJson(fmt::format("expected `schema` to be {}", kSchema));
  }
  RunRecord record;
  record.ending = read_ending(json);
  record.container_id = text_field(json, "id");
  record.run_id = text_field(json, "run");
  record.name = text_field(json, "name");
  record.mode = text_field(json, "mode");
  record.job = text_field(json, "job");
  record.command = texts_field(json, "command");
  const Json& image = field(json, "image");
  record.image = text_field(image, "reference");
  record.image_id = text_field(image, "id");
  record.image_digest = text_field(image, "digest");
  if (const Json& environment = field(json, "environment"); !environment.is_null()) {
    record.environment = text_field(environment, "image");
    record.environment_key = text_field(environment, "key");
  }
  record.frameworks = texts_field(json, "frameworks");
  for (const Json& gpu : field(json, "gpus")) {
    record.gpus.push_back({text_field(gpu, "uuid"), text_field(gpu, "name")});
  }
  const Json& engine = field(json, "engine");
  record.engine = text_field(engine, "version");
  record.engine_address = text_field(engine, "address");
  record.started = text_field(json, "started");
  record.ended = text_field(json, "ended");
  record.seconds = seconds_field(json);
  const Json& memory = field(json, "memory");
  record.peak_memory_bytes = optional_bytes(memory, "peak_bytes");
  record.memory_limit_bytes = optional_bytes(memory, "limit_bytes");
  record.project = text_field(json, "project");
  record.sources = texts_field(json, "sources");
  const Json& git = field(json, "git");
  record.commit = text_field(git, "commit");
  record.dirty = bool_field(git, "dirty");
  record.berth_version = text_field(json, "berth");
  return record;
}

Result<RunRecord> record_in(const std::filesystem::path& path) {
  BERTH_TRY(const std::string text, read_file(path, kLargestRecord));
  return read_record(text);
}

// Newest first.
std::vector<std::filesystem::path> record_files(const std::filesystem::path& folder) {
  struct File {
    std::filesystem::path path;
    std::filesystem::file_time_type time;
  };
  std::vector<File> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().extension() == ".json") {
      files.push_back({entry->path(), std::filesystem::last_write_time(entry->path(), ignored)});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.time > b.time; });
  std::vector<std::filesystem::path> paths;
  for (File& file : files) {
    paths.push_back(std::move(file.path));
  }
  return paths;
}

// The oldest are found by a look at each, which takes longer than all else about a record: one run
// in sixteen does it. An engine's ids are random.
bool drops_oldest(const RunRecord& record) {
  return record.container_id.ends_with('0');
}

}  // namespace

std::string record_document(const RunRecord& record) {
  OrderedJson json = {{"schema", kSchema}};
  json.update(ending_json(record.ending));
  json["id"] = text_or_null(record.container_id);
  json["run"] = record.run_id;
  json["name"] = text_or_null(record.name);
  json["mode"] = record.mode;
  json["job"] = text_or_null(record.job);
  json["command"] = record.command;
  json["image"] = {{"reference", text_or_null(record.image)},
                   {"id", text_or_null(record.image_id)},
                   {"digest", text_or_null(record.image_digest)}};
  json["environment"] = record.environment.empty()
                            ? OrderedJson(nullptr)
                            : OrderedJson{{"image", record.environment},
                                          {"key", text_or_null(record.environment_key)}};
  json["frameworks"] = record.frameworks;
  json["gpus"] = gpus_json(record.gpus);
  json["engine"] = {{"version", text_or_null(record.engine)},
                    {"address", text_or_null(record.engine_address)}};
  json["started"] = text_or_null(record.started);
  json["ended"] = text_or_null(record.ended);
  json["seconds"] = record.seconds;
  json["memory"] = {{"peak_bytes", number_or_null(record.peak_memory_bytes)},
                    {"limit_bytes", number_or_null(record.memory_limit_bytes)}};
  json["project"] = text_or_null(record.project);
  json["sources"] = record.sources;
  json["git"] = {{"commit", text_or_null(record.commit)}, {"dirty", record.dirty}};
  json["berth"] = record.berth_version;
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Result<RunRecord> read_record(std::string_view document) {
  return decode(document, Errc::invalid_input, "the record of a run", record_of);
}

std::filesystem::path record_folder(const EnvironmentLookup& environment) {
  const std::optional<std::string> state = environment("XDG_STATE_HOME");
  if (state && state->starts_with('/')) {
    return std::filesystem::path(*state) / "berth" / "runs";
  }
  const std::optional<std::string> home = environment("HOME");
  return home && !home->empty() ? std::filesystem::path(*home) / ".local/state/berth/runs"
                                : std::filesystem::path();
}

Result<void> RecordStore::save(const RunRecord& record) const {
  if (folder_.empty() || record.container_id.empty()) {
    return {};
  }
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    return fail(Errc::io, fmt::format("cannot make `{}`: {}", folder_.string(), error.message()));
  }
  BERTH_CHECK(
      write_file_atomically(folder_ / (record.container_id + ".json"), record_document(record)));
  if (drops_oldest(record)) {
    const std::vector<std::filesystem::path> files = record_files(folder_);
    for (std::size_t i = kMostRecords; i < files.size(); ++i) {
      std::filesystem::remove(files[i], error);
    }
  }
  return {};
}

std::vector<RunRecord> RecordStore::find(const std::string& id_or_name) const {
  const std::vector<std::filesystem::path> files = record_files(folder_);
  std::vector<RunRecord> by_id;
  for (const std::filesystem::path& path : files) {  // which are named after the ids
    if (path.stem().string().starts_with(id_or_name)) {
      if (Result<RunRecord> record = record_in(path)) {
        by_id.push_back(std::move(*record));
      }
    }
  }
  if (!by_id.empty()) {
    return by_id;
  }
  for (const std::filesystem::path& path : files) {
    if (Result<RunRecord> record = record_in(path); record && record->name == id_or_name) {
      return {std::move(*record)};
    }
  }
  return {};
}

void RecordStore::note_stop(const std::string& container_id, const std::string& by) const {
  if (!folder_.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(folder_, ignored);
    static_cast<void>(write_file_atomically(folder_ / (container_id + ".stopped"), by));
  }
}

std::string RecordStore::take_stop_note(const std::string& container_id) const {
  const std::filesystem::path path = folder_ / (container_id + ".stopped");
  const std::string by = read_file(path, kLargestRecord).value_or(std::string());
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return by;
}

void set_ending(RunRecord& record, EndingEvidence evidence) {
  evidence.memory_limit = record.memory_limit_bytes;
  record.ending = explain_ending(evidence);
  if (record.ending->cause == "out-of-memory" && record.memory_limit_bytes) {
    record.peak_memory_bytes =
        std::max(record.peak_memory_bytes.value_or(0), *record.memory_limit_bytes);
  }
}

void complete_record(RunRecord& record, const ContainerState& state,
                     const std::string& stopped_by) {
  if (record.ending.has_value() || state.running || state.finished_at.empty()) {
    return;
  }
  record.started = state.started_at;
  record.ended = state.finished_at;
  EndingEvidence evidence;
  evidence.outcome.exit_code = state.exit_code;
  evidence.outcome.oom_killed = state.oom_killed;
  evidence.stopped_by = stopped_by;
  set_ending(record, std::move(evidence));
}

}  // namespace berth::runtime
