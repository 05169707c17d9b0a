#include "berth/runtime/build_surroundings.hpp"

#include <array>
#include <set>

#include "berth/base/credentials.hpp"
#include "berth/base/file.hpp"
#include "berth/base/pip_variables.hpp"
#include "berth/base/text.hpp"
#include "berth/runtime/pip_configuration.hpp"
#include "runtime/netrc.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCaBundle = "/run/berth/ca.crt";
constexpr const char* kNetrc = "/run/berth/netrc";

// In lower case, as all programs know them. curl and apt do not know HTTP_PROXY.
constexpr std::array<std::string_view, 4> kProxyVariables = {"http_proxy", "https_proxy",
                                                             "no_proxy", "all_proxy"};

// Those that would change the programs of the build rather than a line of a file.
bool is_of_a_machine(const std::string& name) {
  return name == "PATH" || name == "HOME" || name == "SHELL" || name == "IFS" || name == "ENV" ||
         name.starts_with("LD_") || name.starts_with("PYTHON") || name.starts_with("PIP_") ||
         name.starts_with("UV_");
}

class Surroundings {
 public:
  explicit Surroundings(const Caller& caller) : caller_(caller) {}

  void add_proxies() {
    // Docker's own configuration for containers stands above the caller's variables.
    const auto& source = caller_.proxies.empty() ? caller_.environment : caller_.proxies;
    for (const std::string_view name : kProxyVariables) {
      const auto lower = source.find(std::string(name));
      const auto found = lower != source.end() ? lower : source.find(raised(name));
      if (found != source.end() && !found->second.empty()) {
        set(name, found->second);
        set(raised(name), found->second);
      }
    }
  }

  Result<void> add_pip() {
    BERTH_TRY(PipConfiguration pip, pip_configuration(caller_.environment));
    for (const auto& [name, value] : pip.variables) {
      set(name, value);
      note_hosts(value);
    }
    made_.indexes = std::move(pip.indexes);
    made_.warnings = std::move(pip.warnings);
    return {};
  }

  Result<void> add_certificates() {
    if (!caller_.ca_bundle) {
      return {};
    }
    BERTH_TRY(made_.files["ca.crt"], read_file(*caller_.ca_bundle));
    for (const char* name :
         {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO"}) {
      set(name, kCaBundle);
    }
    return {};
  }

  void add_line(const std::string& line) {
    note_secrets(line);
    note_hosts(line);
    for (const std::string& name : pip_variables_in(line)) {
      const auto found = caller_.environment.find(name);
      if (found != caller_.environment.end() && !is_of_a_machine(name)) {
        set(name, found->second);
        note_hosts("://" + found->second);  // of "https://${INDEX_HOST}/simple"
        hide(found->second);
      }
    }
  }

  // Comes last: it is for the hosts that have been named until then.
  Result<void> add_netrc() {
    const Result<std::string> netrc = read_file(netrc_file());
    if (!netrc) {
      return netrc.error().code == Errc::not_found ? Result<void>()
                                                   : Result<void>(fail(netrc.error()));
    }
    NetrcExcerpt excerpt = netrc_for(*netrc, hosts_);
    if (excerpt.text.empty()) {
      return {};
    }
    made_.files["netrc"] = std::move(excerpt.text);
    set("NETRC", kNetrc);
    for (const std::string& password : excerpt.passwords) {
      hide(password);
    }
    return {};
  }

  BuildSurroundings take() {
    made_.files["surroundings"] = std::move(script_);
    return std::move(made_);
  }

 private:
  void set(std::string_view name, std::string_view value) {
    script_ += std::string("export ") + std::string(name) + "=" + shell_quoted(value) + "\n";
    note_secrets(value);
  }

  void hide(const std::string& secret) {
    constexpr std::size_t kShort = 4;  // part of many a word
    if (secret.size() >= kShort) {
      made_.secrets.push_back(secret);
    }
  }

  void note_secrets(std::string_view text) {
    for (std::string& secret : credentials_in(text)) {
      made_.secrets.push_back(std::move(secret));
    }
  }

  void note_hosts(std::string_view text) {
    for (std::string& host : hosts_in(text)) {
      hosts_.insert(std::move(host));
    }
  }

  fs::path netrc_file() const {
    const auto value = [this](const char* name) {
      const auto found = caller_.environment.find(name);
      return found == caller_.environment.end() ? std::string() : found->second;
    };
    return value("NETRC").empty() ? fs::path(value("HOME")) / ".netrc" : fs::path(value("NETRC"));
  }

  const Caller& caller_;
  std::set<std::string> hosts_{};
  std::string script_{};
  BuildSurroundings made_{};
};

}  // namespace

Result<BuildSurroundings> build_surroundings(const Caller& caller,
                                             const std::vector<std::string>& lines) {
  Surroundings surroundings(caller);
  surroundings.add_proxies();
  BERTH_CHECK(surroundings.add_pip());
  BERTH_CHECK(surroundings.add_certificates());
  for (const std::string& line : lines) {
    surroundings.add_line(line);
  }
  BERTH_CHECK(surroundings.add_netrc());
  return surroundings.take();
}

}  // namespace berth::runtime
