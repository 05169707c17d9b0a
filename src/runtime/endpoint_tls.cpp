// As docker's client has it, but that an authority is not asked for where nothing is verified.
// Source: docker/cli cli/flags/options.go, cli/context/docker/load.go.
#include "runtime/endpoint_tls.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

// Empty: there is no such file.
Result<std::filesystem::path> pem_file(const std::filesystem::path& file, const char* what,
                                       const std::string& address) {
  if (::access(file.c_str(), R_OK) == 0) {
    return file;
  }
  const int error_number = errno;
  if (error_number == ENOENT || error_number == ENOTDIR) {
    return std::filesystem::path();
  }
  return fail(
      Error{Errc::io,
            fmt::format("{} for {} cannot be read: {}", what, address,
                        lowered(std::error_code(error_number, std::generic_category()).message()))}
          .note("it is " + file.string())
          .hint(fmt::format("`sudo chown $USER {}`, if it is yours", shell_quoted(file.string())))
          .named("tls-file"));
}

Failure missing(const char* what, const std::filesystem::path& file, const std::string& address) {
  return fail(
      Error{Errc::not_found, fmt::format("{} for {} is missing", what, address)}
          .note(fmt::format("looked for {}", file.string()))
          .note("DOCKER_CERT_PATH names the folder of ca.pem, cert.pem and key.pem; whoever "
                "runs the engine has them")
          .named("tls-file"));
}

}  // namespace

bool asks_for_tls(const EnvironmentLookup& environment) {
  return !environment("DOCKER_TLS").value_or("").empty() ||
         !environment("DOCKER_TLS_VERIFY").value_or("").empty();
}

std::filesystem::path certificate_folder(const EnvironmentLookup& environment,
                                         const DockerConfig& config) {
  const std::string named = environment("DOCKER_CERT_PATH").value_or("");
  return named.empty() ? config.folder : std::filesystem::path(named);
}

Result<TlsSettings> tls_settings(const std::filesystem::path& folder, bool verify,
                                 bool needs_authority, const std::string& address) {
  TlsSettings settings;
  settings.verify = verify;
  settings.folder = folder;
  if (verify) {
    BERTH_TRY(settings.authority, pem_file(folder / "ca.pem", "the CA certificate", address));
    if (settings.authority.empty() && needs_authority) {
      return missing("the CA certificate", folder / "ca.pem", address);
    }
  }
  BERTH_TRY(settings.certificate, pem_file(folder / "cert.pem", "the client certificate", address));
  BERTH_TRY(settings.key, pem_file(folder / "key.pem", "the client key", address));
  if (settings.certificate.empty() && !settings.key.empty()) {
    return missing("the client certificate", folder / "cert.pem", address);
  }
  if (settings.key.empty() && !settings.certificate.empty()) {
    return missing("the client key", folder / "key.pem", address);
  }
  return settings;
}

}  // namespace berth::runtime
