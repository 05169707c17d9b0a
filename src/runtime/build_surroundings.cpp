#include "berth/runtime/build_surroundings.hpp"

#include <algorithm>
#include <array>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

constexpr const char* kCaBundle = "/run/berth/ca.crt";

// pip's and uv's variables that say where packages are and how they are reached. Not those that
// name folders of the caller's machine.
constexpr std::array<std::string_view, 11> kIndexVariables = {"PIP_INDEX_URL",
                                                              "PIP_EXTRA_INDEX_URL",
                                                              "PIP_TRUSTED_HOST",
                                                              "PIP_DEFAULT_TIMEOUT",
                                                              "PIP_RETRIES",
                                                              "UV_INDEX",
                                                              "UV_DEFAULT_INDEX",
                                                              "UV_INDEX_URL",
                                                              "UV_EXTRA_INDEX_URL",
                                                              "UV_INSECURE_HOST",
                                                              "UV_PYTHON_INSTALL_MIRROR"};

constexpr std::array<std::string_view, 8> kProxyVariables = {
    "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
    "NO_PROXY",   "no_proxy",   "ALL_PROXY",   "all_proxy"};

class Surroundings {
 public:
  void set(std::string_view name, std::string_view value) {
    script_ += std::string("export ") + std::string(name) + "=" + shell_quoted(value) + "\n";
    note_password(value);
  }

  BuildSurroundings take() {
    made_.files["surroundings"] = std::move(script_);
    return std::move(made_);
  }

  BuildSurroundings& made() { return made_; }

 private:
  // Of "https://user:password@host/": both the password and the pair.
  void note_password(std::string_view value) {
    for (std::size_t scheme = value.find("://"); scheme != std::string_view::npos;
         scheme = value.find("://", scheme + 3)) {
      const std::string_view rest = value.substr(scheme + 3);
      const std::string_view authority = rest.substr(0, rest.find_first_of("/ "));
      const std::size_t at = authority.rfind('@');
      const std::size_t colon = authority.find(':');
      if (at != std::string_view::npos && colon < at) {
        made_.secrets.emplace_back(authority.substr(colon + 1, at - colon - 1));
      }
    }
  }

  std::string script_{};
  BuildSurroundings made_{};
};

}  // namespace

Result<BuildSurroundings> build_surroundings(const Caller& caller) {
  Surroundings surroundings;
  // Docker's own configuration for containers stands above the caller's variables.
  for (const std::string_view name : kProxyVariables) {
    const auto own = caller.environment.find(std::string(name));
    if (caller.proxies.empty() && own != caller.environment.end()) {
      surroundings.set(name, own->second);
    }
  }
  for (const auto& [name, value] : caller.proxies) {
    surroundings.set(name, value);
  }
  for (const std::string_view name : kIndexVariables) {
    if (const auto own = caller.environment.find(std::string(name));
        own != caller.environment.end()) {
      surroundings.set(name, own->second);
    }
  }
  if (caller.ca_bundle) {
    BERTH_TRY(surroundings.made().files["ca.crt"], read_file(*caller.ca_bundle));
    for (const char* name :
         {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO"}) {
      surroundings.set(name, kCaBundle);
    }
  }
  return surroundings.take();
}

}  // namespace berth::runtime
