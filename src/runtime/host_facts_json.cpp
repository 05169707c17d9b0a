// Host facts to JSON and back. The reader takes nothing on trust: people edit these files to ask
// about machines that they do not have.
#include "berth/runtime/host_facts_json.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSchema = "berth/host/1";

// One JSON object being read: looks up values by key, and says where a wrong one stands.
class ObjectReader {
 public:
  ObjectReader(const Json& value, std::string origin, std::string path)
      : value_(value), origin_(std::move(origin)), path_(std::move(path)) {}

  Result<void> expect_keys(std::initializer_list<std::string_view> keys) const {
    if (!value_.is_object()) {
      return fail(Errc::invalid_input,
                  fmt::format("{}: {} is not an object", origin_,
                              path_.empty() ? "the document" : "`" + path_ + "`"));
    }
    for (const auto& [key, ignored] : value_.items()) {
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
        continue;
      }
      Error error{Errc::invalid_input, fmt::format("{}: unknown key `{}`", origin_, place(key))};
      const std::vector<std::string> known(keys.begin(), keys.end());
      if (const std::optional<std::string> meant = nearest(key, known)) {
        error.hint(fmt::format("did you mean `{}`?", *meant));
      }
      return fail(std::move(error));
    }
    return {};
  }

  Result<std::optional<std::string>> text(const std::string& key) const {
    const Json* found = find(key);
    if (found == nullptr) {
      return std::nullopt;
    }
    if (!found->is_string()) {
      return wrong(key, "a text");
    }
    return std::optional<std::string>(found->get<std::string>());
  }

  Result<std::optional<std::uint64_t>> number(const std::string& key) const {
    const Json* found = find(key);
    if (found == nullptr) {
      return std::nullopt;
    }
    if (!found->is_number_unsigned()) {
      return wrong(key, "a whole number, not negative");
    }
    return std::optional<std::uint64_t>(found->get<std::uint64_t>());
  }

  Result<bool> flag(const std::string& key) const {
    const Json* found = find(key);
    if (found != nullptr && !found->is_boolean()) {
      return wrong(key, "true or false");
    }
    return found != nullptr && found->get<bool>();
  }

  Result<std::vector<std::string>> texts(const std::string& key) const {
    std::vector<std::string> result;
    const Json* found = find(key);
    if (found == nullptr) {
      return result;
    }
    if (!found->is_array()) {
      return wrong(key, "a list of texts");
    }
    for (const Json& item : *found) {
      if (!item.is_string()) {
        return wrong(key, "a list of texts");
      }
      result.push_back(item.get<std::string>());
    }
    return result;
  }

  // A version or a compute capability: any type with parse().
  template <class Value>
  Result<std::optional<Value>> parsed(const std::string& key, std::string_view like) const {
    BERTH_TRY(const std::optional<std::string> written, text(key));
    if (!written) {
      return std::nullopt;
    }
    std::optional<Value> value = Value::parse(*written);
    if (!value) {
      return fail(Errc::invalid_input, fmt::format("{}: `{}` is `{}`, expected something like `{}`",
                                                   origin_, place(key), printable(*written), like));
    }
    return value;
  }

  const Json* find(const std::string& key) const {
    const auto found = value_.find(key);
    return found == value_.end() ? nullptr : &*found;
  }

  tl::unexpected<Error> wrong(const std::string& key, std::string_view expected) const {
    return fail(Errc::invalid_input,
                fmt::format("{}: `{}` must be {}", origin_, place(key), expected));
  }

  const std::string& origin() const { return origin_; }

 private:
  std::string place(const std::string& key) const {
    return path_.empty() ? printable(key) : path_ + "." + printable(key);
  }

  const Json& value_;
  std::string origin_;
  std::string path_;
};

Result<Gpu> read_gpu(const Json& value, const std::string& origin, unsigned position) {
  const std::string path = fmt::format("gpus[{}]", position);
  const ObjectReader reader(value, origin, path);
  BERTH_CHECK(reader.expect_keys({"index", "name", "uuid", "compute_capability", "memory_bytes"}));
  Gpu gpu;
  BERTH_TRY(const std::optional<std::uint64_t> index, reader.number("index"));
  constexpr std::uint64_t kLargestIndex = 65535;
  if (index.value_or(0) > kLargestIndex) {
    return reader.wrong("index", "at most 65535");
  }
  gpu.index = static_cast<unsigned>(index.value_or(position));
  BERTH_TRY(const std::optional<std::string> name, reader.text("name"));
  gpu.name = name.value_or("");
  BERTH_TRY(const std::optional<std::string> uuid, reader.text("uuid"));
  gpu.uuid = uuid.value_or("");
  BERTH_TRY(gpu.compute_capability, reader.parsed<ComputeCapability>("compute_capability", "8.6"));
  BERTH_TRY(gpu.memory_bytes, reader.number("memory_bytes"));
  // Of a lost GPU no more is known than that it is there: it is written with an empty name.
  if (!name && !gpu.compute_capability) {
    return fail(Errc::invalid_input,
                fmt::format("{}: `{}` has neither a name nor a compute capability", origin, path));
  }
  return gpu;
}

Result<std::vector<Gpu>> read_gpus(const ObjectReader& document) {
  std::vector<Gpu> gpus;
  const Json* list = document.find("gpus");
  if (list == nullptr) {
    return gpus;
  }
  if (!list->is_array()) {
    return document.wrong("gpus", "a list");
  }
  for (const Json& item : *list) {
    BERTH_TRY(Gpu gpu, read_gpu(item, document.origin(), static_cast<unsigned>(gpus.size())));
    const auto same_index = [&gpu](const Gpu& other) { return other.index == gpu.index; };
    if (std::any_of(gpus.begin(), gpus.end(), same_index)) {
      return fail(Errc::invalid_input,
                  fmt::format("{}: `gpus` has two GPUs of index {}", document.origin(), gpu.index));
    }
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

Result<std::optional<EngineFacts>> read_engine(const ObjectReader& document) {
  const Json* value = document.find("engine");
  if (value == nullptr) {
    return std::nullopt;
  }
  const ObjectReader reader(*value, document.origin(), "engine");
  BERTH_CHECK(reader.expect_keys({"kind", "address", "version", "api_version", "architecture",
                                  "storage_root", "memory_bytes", "runtimes", "cdi_devices",
                                  "cdi_spec_dirs", "rootless", "live_restore", "nvidia_hook"}));
  EngineFacts engine;
  BERTH_TRY(const std::optional<std::string> kind, reader.text("kind"));
  if (kind && *kind != "docker" && *kind != "podman") {
    return reader.wrong("kind", "`docker` or `podman`");
  }
  engine.kind = kind == "podman" ? EngineFacts::Kind::podman : EngineFacts::Kind::docker;
  struct Field {
    const char* key;
    std::string& target;
  };
  for (const Field& field :
       {Field{"address", engine.address}, Field{"version", engine.version},
        Field{"api_version", engine.api_version}, Field{"architecture", engine.architecture},
        Field{"storage_root", engine.storage_root}}) {
    BERTH_TRY(const std::optional<std::string> text, reader.text(field.key));
    field.target = text.value_or("");
  }
  BERTH_TRY(engine.memory_bytes, reader.number("memory_bytes"));
  BERTH_TRY(engine.runtimes, reader.texts("runtimes"));
  BERTH_TRY(engine.cdi_devices, reader.texts("cdi_devices"));
  BERTH_TRY(engine.cdi_spec_dirs, reader.flag("cdi_spec_dirs"));
  BERTH_TRY(engine.rootless, reader.flag("rootless"));
  BERTH_TRY(engine.live_restore, reader.flag("live_restore"));
  BERTH_TRY(engine.nvidia_hook, reader.flag("nvidia_hook"));
  return std::optional<EngineFacts>(std::move(engine));
}

Result<std::vector<LocalImage>> read_images(const ObjectReader& document) {
  std::vector<LocalImage> images;
  const Json* list = document.find("images");
  if (list == nullptr) {
    return images;
  }
  if (!list->is_array()) {
    return document.wrong("images", "a list");
  }
  for (const Json& item : *list) {
    const std::string path = fmt::format("images[{}]", images.size());
    const ObjectReader reader(item, document.origin(), path);
    BERTH_CHECK(reader.expect_keys({"reference", "bytes"}));
    BERTH_TRY(const std::optional<std::string> reference, reader.text("reference"));
    if (!reference) {
      return reader.wrong("reference", "a text");
    }
    BERTH_TRY(const std::optional<std::uint64_t> bytes, reader.number("bytes"));
    images.push_back({*reference, bytes.value_or(0)});
  }
  return images;
}

// "3:14" of a byte in the text.
std::string line_and_column(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
  const std::size_t line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t last_break = before.rfind('\n');
  const std::size_t column =
      last_break == std::string_view::npos ? before.size() : before.size() - last_break - 1;
  return fmt::format("{}:{}", line + 1, column + 1);
}

Result<Json> parse_json(std::string_view document, std::string_view origin) {
  try {
    return Json::parse(document);
  } catch (const Json::parse_error& error) {
    return fail(Errc::invalid_input, fmt::format("{}:{}: not valid JSON", origin,
                                                 line_and_column(document, error.byte)));
  } catch (const Json::exception&) {
    // A number that fits no type: 1e999.
    return fail(Errc::invalid_input, fmt::format("{}: a number is out of range", origin));
  }
}

Json engine_json(const EngineFacts& engine) {
  Json object = {{"kind", engine.kind == EngineFacts::Kind::podman ? "podman" : "docker"},
                 {"address", engine.address},
                 {"version", engine.version},
                 {"api_version", engine.api_version},
                 {"architecture", engine.architecture},
                 {"storage_root", engine.storage_root},
                 {"runtimes", engine.runtimes},
                 {"cdi_devices", engine.cdi_devices},
                 {"cdi_spec_dirs", engine.cdi_spec_dirs},
                 {"rootless", engine.rootless},
                 {"live_restore", engine.live_restore},
                 {"nvidia_hook", engine.nvidia_hook}};
  if (engine.memory_bytes) {
    object["memory_bytes"] = *engine.memory_bytes;
  }
  return object;
}

Json images_json(const std::vector<LocalImage>& images) {
  Json list = Json::array();
  for (const LocalImage& image : images) {
    list.push_back({{"reference", image.reference}});
    if (image.bytes > 0) {
      list.back()["bytes"] = image.bytes;
    }
  }
  return list;
}

Json gpu_json(const Gpu& gpu) {
  Json object = {{"index", gpu.index}, {"name", gpu.name}};
  if (!gpu.uuid.empty()) {
    object["uuid"] = gpu.uuid;
  }
  if (gpu.compute_capability) {
    object["compute_capability"] = gpu.compute_capability->text();
  }
  if (gpu.memory_bytes) {
    object["memory_bytes"] = *gpu.memory_bytes;
  }
  return object;
}

}  // namespace

std::string host_facts_document(const Host& host) {
  Json document = {{"schema", kSchema}, {"architecture", host.architecture}};
  if (host.driver) {
    document["driver"] = host.driver->text();
  }
  if (host.driver_cuda) {
    document["driver_cuda"] = host.driver_cuda->text();
  }
  if (host.gpus_known) {
    document["gpus"] = Json::array();
  }
  for (const Gpu& gpu : host.gpus) {
    document["gpus"].push_back(gpu_json(gpu));
  }
  if (host.memory_bytes) {
    document["memory_bytes"] = *host.memory_bytes;
  }
  if (host.free_disk_bytes) {
    document["free_disk_bytes"] = *host.free_disk_bytes;
  }
  if (host.engine) {
    document["engine"] = engine_json(*host.engine);
  }
  if (!host.images.empty()) {
    document["images"] = images_json(host.images);
  }
  document["remarks"] = host.remarks;
  // A name that is not UTF-8 must not cost the whole document.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Host> read_host_facts(std::string_view document, std::string_view origin) {
  BERTH_TRY(const Json json, parse_json(document, origin));
  const ObjectReader reader(json, std::string(origin), "");
  BERTH_CHECK(
      reader.expect_keys({"schema", "architecture", "driver", "driver_cuda", "gpus", "memory_bytes",
                          "free_disk_bytes", "engine", "images", "remarks"}));
  BERTH_TRY(const std::optional<std::string> schema, reader.text("schema"));
  if (schema != kSchema) {
    return fail(Error{Errc::invalid_input,
                      fmt::format("{}: `schema` is {}, expected `{}`", origin,
                                  schema ? "`" + printable(*schema) + "`" : "absent", kSchema)}
                    .hint("berth doctor --facts > host.json"));
  }
  Host host;
  host.origin = Origin{std::string(origin)};
  BERTH_TRY(const std::optional<std::string> architecture, reader.text("architecture"));
  host.architecture = architecture.value_or(host.architecture);
  BERTH_TRY(host.driver, reader.parsed<DriverVersion>("driver", "535.104.05"));
  BERTH_TRY(host.driver_cuda, reader.parsed<CudaVersion>("driver_cuda", "12.2"));
  host.gpus_known = reader.find("gpus") != nullptr;
  BERTH_TRY(host.gpus, read_gpus(reader));
  BERTH_TRY(host.memory_bytes, reader.number("memory_bytes"));
  BERTH_TRY(host.free_disk_bytes, reader.number("free_disk_bytes"));
  BERTH_TRY(host.engine, read_engine(reader));
  BERTH_TRY(host.images, read_images(reader));
  BERTH_TRY(host.remarks, reader.texts("remarks"));
  return host;
}

}  // namespace berth::runtime
