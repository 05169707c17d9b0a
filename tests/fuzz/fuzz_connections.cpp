// Addresses of engines, docker's files and the variable of headers from any bytes: a value or the
// error of its kind. What is understood means the same when it is read again, and no header brings
// a line of its own.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "berth/runtime/endpoint.hpp"
#include "require.hpp"
#include "runtime/docker_config_json.hpp"
#include "runtime/engine_headers.hpp"

using berth::Errc;
using berth::Result;
using berth::fuzz::require;
using berth::runtime::DockerConfig;
using berth::runtime::Endpoint;

namespace {

void check_address(const std::string& text, bool tls) {
  const Result<Endpoint> endpoint = berth::runtime::parse_endpoint(text, "test", tls);
  if (!endpoint) {
    require(endpoint.error().code == Errc::usage && !endpoint.error().message.empty());
    return;
  }
  // The address that is shown leads to the same place.
  const Result<Endpoint> again =
      berth::runtime::parse_endpoint(endpoint->address, "test", endpoint->tls.has_value());
  require(again && again->base_url == endpoint->base_url &&
          again->socket_path == endpoint->socket_path && again->ssh.host == endpoint->ssh.host &&
          again->ssh.user == endpoint->ssh.user && again->ssh.port == endpoint->ssh.port &&
          again->ssh.socket == endpoint->ssh.socket);
  if (endpoint->through == Endpoint::Through::ssh) {
    require(!endpoint->ssh.host.starts_with('-') && !endpoint->ssh.user.starts_with('-'));
  }
}

void check_headers(const Result<std::vector<std::string>>& headers) {
  if (!headers) {
    require(headers.error().code == Errc::invalid_input);
    return;
  }
  for (const std::string& header : *headers) {
    require(header.find_first_of("\r\n") == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_address(text, false);
  check_address(text, true);
  check_address("ssh://" + text, false);
  check_address("tcp://" + text, false);

  const auto context = berth::runtime::decode_context(text, "meta.json");
  require(context || context.error().code == Errc::invalid_input);
  Result<DockerConfig> config = berth::runtime::decode_docker_config(text, "/folder");
  require(config || config.error().code == Errc::invalid_input);
  if (config) {
    check_headers(berth::runtime::engine_headers(*config, std::nullopt));
  }
  DockerConfig none;
  check_headers(berth::runtime::engine_headers(none, text));
  return 0;
}
