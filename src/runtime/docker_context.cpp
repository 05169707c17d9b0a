// The context store. A context is found by the name in its meta.json, not by the SHA-256 of it that
// names its folder; the files of TLS lie in a folder of the same name.
// Source: docker/cli cli/context/store, cli/context/docker.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "berth/runtime/docker_config.hpp"
#include "runtime/docker_config_json.hpp"
#include "runtime/json_fields.hpp"

namespace berth::runtime {

Result<DockerContext> decode_context(std::string_view meta, const std::string& what) {
  return decode(meta, Errc::invalid_input, what, [](const Json& json) {
    DockerContext context;
    context.name = text_field(json, "Name");
    const Json& endpoints = field(json, "Endpoints");
    if (!endpoints.is_object()) {
      return context;
    }
    if (const Json& docker = field(endpoints, "docker"); docker.is_object()) {
      context.host = text_field(docker, "Host");
      context.skip_tls_verify = bool_field(docker, "SkipTLSVerify");
    }
    return context;
  });
}

namespace {

constexpr std::size_t kLargestMeta = 4u << 20;

Result<DockerContext> read_context(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "meta.json";
  BERTH_TRY(const std::string text, read_file(path, kLargestMeta));
  BERTH_TRY(DockerContext context, decode_context(text, "`" + path.string() + "`"));
  const std::filesystem::path tls =
      folder.parent_path().parent_path() / "tls" / folder.filename() / "docker";
  std::error_code ignored;
  if (std::filesystem::exists(tls, ignored)) {
    context.tls_folder = tls;
  }
  return context;
}

Failure no_such_context(const std::string& name, const std::filesystem::path& store,
                        const std::vector<std::string>& names) {
  Error error{Errc::not_found, fmt::format("docker context `{}` does not exist", excerpt(name))};
  error.note(names.empty() ? fmt::format("there are no contexts in {}", store.string())
                           : fmt::format("there are: {}", join(names, ", ")));
  if (const std::optional<std::string> near = nearest(name, names)) {
    error.hint(fmt::format("`docker context use {}`", shell_quoted(*near)));
  }
  return fail(std::move(error));
}

}  // namespace

Result<DockerContext> find_context(const DockerConfig& config, const std::string& name) {
  const std::filesystem::path store = config.folder / "contexts" / "meta";
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(store, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    Result<DockerContext> context = read_context(entry->path());
    if (!context) {
      continue;  // of no concern unless it is the one, whose name cannot be read then
    }
    if (context->name != name) {
      names.push_back(context->name);
      continue;
    }
    if (context->host.empty()) {
      return fail(Errc::invalid_input,
                  fmt::format("docker context `{}` names no Docker engine", excerpt(name)));
    }
    return context;
  }
  std::sort(names.begin(), names.end());
  return no_such_context(name, store, names);
}

}  // namespace berth::runtime
