// Reads only what berth uses; unknown keys are of no concern, wrong types are errors.
#include "runtime/engine_json.hpp"

#include <algorithm>
#include <cstdlib>

#include "runtime/json_fields.hpp"
#include "runtime/json_stream.hpp"

namespace berth::runtime {

namespace {

std::string answer_to(const char* request) {
  return std::string("the engine's answer to `") + request + "`";
}

// `uname -m` as docker names processors.
std::string docker_architecture(const std::string& machine) {
  if (machine == "x86_64") {
    return "amd64";
  }
  return machine == "aarch64" ? "arm64" : machine;
}

bool is_podman(const Json& version) {
  const Json& components = field(version, "Components");
  return components.is_array() &&
         std::any_of(components.begin(), components.end(), [](const Json& component) {
           return component.is_object() && text_field(component, "Name") == "Podman Engine";
         });
}

void read_version(const Json& version, EngineFacts& facts) {
  facts.kind = is_podman(version) ? EngineFacts::Kind::podman : EngineFacts::Kind::docker;
  facts.version = text_field(version, "Version");
  facts.architecture = docker_architecture(text_field(version, "Arch"));
}

// Podman takes CDI names through Docker's API from 5.4 on, and says so nowhere. Source:
// Podman 5.4.0 release notes.
bool podman_takes_cdi(const std::string& version) {
  const std::size_t dot = version.find('.');
  if (dot == std::string::npos) {
    return false;
  }
  const long major = std::strtol(version.c_str(), nullptr, 10);
  const long minor = std::strtol(version.c_str() + dot + 1, nullptr, 10);
  return major > 5 || (major == 5 && minor >= 4);
}

void read_cdi(const Json& info, EngineFacts& facts) {
  if (const Json& devices = field(info, "DiscoveredDevices"); devices.is_array()) {
    for (const Json& device : devices) {
      if (text_field(device, "Source") == "cdi") {
        facts.cdi_devices.push_back(text_field(device, "ID"));
      }
    }
  }
  facts.cdi_spec_dirs =
      !texts_field(info, "CDISpecDirs").empty() || !facts.cdi_devices.empty() ||
      (facts.kind == EngineFacts::Kind::podman && podman_takes_cdi(facts.version));
}

// Docker lists those that its configuration names; Podman has no such object.
void read_registries(const Json& info, EngineFacts& facts) {
  const Json& config = field(info, "RegistryConfig");
  const Json& indexes = config.is_object() ? field(config, "IndexConfigs") : config;
  if (!indexes.is_object()) {
    return;
  }
  for (const auto& index : indexes.items()) {
    const Json& settings = index.value();
    if (settings.is_object() && !field(settings, "Secure").is_null() &&
        !bool_field(settings, "Secure")) {
      facts.insecure_registries.push_back(index.key());
    }
  }
}

void read_info(const Json& info, EngineFacts& facts) {
  if (facts.version.empty()) {
    facts.version = text_field(info, "ServerVersion");
  }
  if (facts.architecture.empty()) {
    facts.architecture = docker_architecture(text_field(info, "Architecture"));
  }
  facts.storage_root = text_field(info, "DockerRootDir");
  if (const Json& runtimes = field(info, "Runtimes"); runtimes.is_object()) {
    for (const auto& runtime : runtimes.items()) {
      facts.runtimes.push_back(runtime.key());
    }
  }
  const std::vector<std::string> options = texts_field(info, "SecurityOptions");
  facts.rootless = std::any_of(options.begin(), options.end(), [](const std::string& option) {
    return option == "rootless" || option.starts_with("name=rootless");
  });
  facts.live_restore = bool_field(info, "LiveRestoreEnabled");
  if (const std::uint64_t memory = count_field(info, "MemTotal"); memory > 0) {
    facts.memory_bytes = memory;
  }
  read_registries(info, facts);
  read_cdi(info, facts);
}

}  // namespace

Result<EngineFacts> decode_engine_facts(std::optional<EngineFacts::Kind> kind,
                                        std::string_view version, std::string_view info) {
  EngineFacts facts;
  if (kind) {
    facts.kind = *kind;
  } else {
    BERTH_TRY(facts,
              decode(version, Errc::engine_failed, answer_to("GET /version"), [](const Json& json) {
                EngineFacts read;
                read_version(json, read);
                return read;
              }));
  }
  return decode(info, Errc::engine_failed, answer_to("GET /info"), [&facts](const Json& json) {
    read_info(json, facts);
    return facts;
  });
}

Result<EngineDetails> decode_engine_details(std::string_view version, std::string_view info) {
  BERTH_TRY(const std::string newest,
            decode(version, Errc::engine_failed, answer_to("GET /version"),
                   [](const Json& json) { return text_field(json, "ApiVersion"); }));
  return decode(info, Errc::engine_failed, answer_to("GET /info"), [&newest](const Json& json) {
    EngineDetails details{.newest_api = newest};
    details.operating_system = text_field(json, "OperatingSystem");
    details.cgroup_driver = text_field(json, "CgroupDriver");
    details.system_time = text_field(json, "SystemTime");
    details.http_proxy = text_field(json, "HttpProxy");
    details.https_proxy = text_field(json, "HttpsProxy");
    const std::vector<std::string> options = texts_field(json, "SecurityOptions");
    const auto has_option = [&options](const char* name) {
      return std::find(options.begin(), options.end(), name) != options.end();
    };
    details.selinux = has_option("name=selinux");
    details.apparmor = has_option("name=apparmor");
    details.default_runtime = text_field(json, "DefaultRuntime");
    if (const Json& runtimes = field(json, "Runtimes"); runtimes.is_object()) {
      const Json& nvidia = field(runtimes, "nvidia");
      details.nvidia_runtime = nvidia.is_object() ? text_field(nvidia, "path") : std::string();
    }
    return details;
  });
}

Result<ImageFacts> decode_image(std::string_view body) {
  return decode(body, Errc::engine_failed, answer_to("GET /images/…/json"), [](const Json& json) {
    ImageFacts facts;
    facts.id = text_field(json, "Id");
    if (facts.id.empty()) {
      throw UnexpectedJson("expected the image's `Id`");
    }
    facts.digests = texts_field(json, "RepoDigests");
    facts.architecture = text_field(json, "Architecture");
    if (const Json& root = field(json, "RootFS"); !root.is_null()) {
      facts.layers = texts_field(root, "Layers");
    }
    facts.unpacked_bytes = count_field(json, "Size");
    if (const Json& config = field(json, "Config"); !config.is_null()) {
      facts.environment = texts_field(config, "Env");
      facts.entrypoint = texts_field(config, "Entrypoint");
      facts.command = texts_field(config, "Cmd");
      facts.user = text_field(config, "User");
      facts.labels = text_map_field(config, "Labels");
    }
    return facts;
  });
}

Result<CreatedContainer> decode_created(std::string_view body) {
  return decode(
      body, Errc::engine_failed, answer_to("POST /containers/create"), [](const Json& json) {
        CreatedContainer created{text_field(json, "Id"), texts_field(json, "Warnings")};
        const bool plain = created.id.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (created.id.empty() || !plain) {
          throw UnexpectedJson("expected the container's `Id` in hexadecimal digits");
        }
        return created;
      });
}

Result<ExitStatus> decode_exit(std::string_view body) {
  return decode(body, Errc::engine_failed, answer_to("POST /containers/…/wait"),
                [](const Json& json) {
                  if (field(json, "StatusCode").is_null()) {
                    throw UnexpectedJson("expected `StatusCode`");
                  }
                  ExitStatus status{static_cast<int>(integer_field(json, "StatusCode")), {}};
                  if (const Json& error = field(json, "Error"); !error.is_null()) {
                    status.error = text_field(error, "Message");
                  }
                  return status;
                });
}

Result<PullLine> decode_pull_line(std::string_view object) {
  return decode(object, Errc::engine_failed, "a line of the pull's progress", [](const Json& json) {
    PullLine line;
    line.event.layer = text_field(json, "id");
    line.event.status = text_field(json, "status");
    if (const Json& detail = field(json, "progressDetail"); !detail.is_null()) {
      line.event.current = count_field(detail, "current");
      line.event.total = count_field(detail, "total");
    }
    line.error = text_field(json, "error");
    if (const Json& detail = field(json, "errorDetail"); line.error.empty() && !detail.is_null()) {
      line.error = text_field(detail, "message");
    }
    return line;
  });
}

Result<std::string> decode_committed(std::string_view body) {
  return decode(body, Errc::engine_failed, answer_to("POST /commit"), [](const Json& json) {
    const std::string id = text_field(json, "Id");
    if (id.empty()) {
      throw UnexpectedJson("expected the `Id` of the new image");
    }
    return id.starts_with("sha256:") ? id : "sha256:" + id;
  });
}

Result<std::optional<std::uint64_t>> decode_volume_bytes(std::string_view body,
                                                         const std::string& name) {
  return decode(body, Errc::engine_failed, answer_to("GET /system/df"), [&name](const Json& json) {
    std::optional<std::uint64_t> bytes;
    for (const Json& volume : field(json, "Volumes")) {
      const Json& usage = field(volume, "UsageData");
      if (text_field(volume, "Name") == name && !usage.is_null() &&
          integer_field(usage, "Size") >= 0) {
        bytes = count_field(usage, "Size");
      }
    }
    return bytes;
  });
}

Result<std::vector<ImageSummary>> decode_images(std::string_view body) {
  return decode_list(body, Errc::engine_failed, answer_to("GET /images/json"), [](const Json& row) {
    return ImageSummary{.id = text_field(row, "Id"),
                        .names = texts_field(row, "RepoTags"),
                        .labels = text_map_field(row, "Labels"),
                        .created = integer_field(row, "Created"),
                        .bytes = count_field(row, "Size")};
  });
}

Result<std::string> decode_imported(std::string_view stream) {
  JsonStreamSplitter splitter;
  std::string id;
  BERTH_CHECK(splitter.feed(stream, [&id](std::string_view object) -> Result<void> {
    BERTH_TRY(const PullLine line, decode_pull_line(object));
    if (!line.error.empty()) {
      return fail(Error{Errc::engine_failed, "an image cannot be made"}.note("the engine says: " +
                                                                             excerpt(line.error)));
    }
    id = line.event.status;
    return {};
  }));
  if (!id.starts_with("sha256:")) {
    return fail(Error{Errc::engine_failed, "the engine does not say which image it has made"}.note(
        "expected `sha256:…`, got `" + excerpt(stream, 120) + "`"));
  }
  return id;
}

std::string decode_error_message(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  if (json.is_object()) {
    for (const char* key : {"message", "cause"}) {
      if (const auto found = json.find(key); found != json.end() && found->is_string()) {
        return excerpt(found->get<std::string>(), 2000);
      }
    }
  }
  return excerpt(body);
}

}  // namespace berth::runtime
