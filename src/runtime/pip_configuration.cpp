#include "berth/runtime/pip_configuration.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "berth/base/credentials.hpp"
#include "berth/base/file.hpp"
#include "berth/base/ini.hpp"
#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;
using Variables = std::map<std::string, std::string>;

struct Option {
  std::string_view name;      // in pip.conf
  std::string_view variable;  // pip's
  std::string_view uv;        // uv's; empty: it has none
  bool address = false;       // one or several, which have to be reached from a container
  bool decides = false;       // on what is found
};

constexpr std::array<Option, 9> kOptions = {{
    {"index-url", "PIP_INDEX_URL", "UV_INDEX_URL", true, true},
    {"extra-index-url", "PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", true, true},
    {"find-links", "PIP_FIND_LINKS", "UV_FIND_LINKS", true, true},
    {"no-index", "PIP_NO_INDEX", "UV_NO_INDEX", false, true},
    {"trusted-host", "PIP_TRUSTED_HOST", "UV_INSECURE_HOST", false, false},
    {"proxy", "PIP_PROXY", "", false, false},
    {"timeout", "PIP_TIMEOUT", "UV_HTTP_TIMEOUT", false, false},
    {"default-timeout", "PIP_DEFAULT_TIMEOUT", "UV_HTTP_TIMEOUT", false, false},
    {"retries", "PIP_RETRIES", "", false, false},
}};

// uv's own names for its indexes. Whoever sets one of them means uv, and not what pip has.
constexpr std::array<std::string_view, 4> kUvIndexes = {"UV_INDEX", "UV_DEFAULT_INDEX",
                                                        "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"};

// An empty variable counts as not set, as it does for pip.
std::string value_of(const Variables& environment, std::string_view name) {
  const auto found = environment.find(std::string(name));
  return found == environment.end() ? std::string() : std::string(trimmed(found->second));
}

std::vector<fs::path> files_of(const Variables& environment, const fs::path& root) {
  const std::string named = value_of(environment, "PIP_CONFIG_FILE");
  if (named == "/dev/null") {
    return {};
  }
  std::vector<fs::path> files = {root / "etc/xdg/pip/pip.conf", root / "etc/pip.conf"};
  const std::string home = value_of(environment, "HOME");
  const std::string configuration = value_of(environment, "XDG_CONFIG_HOME");
  if (!home.empty()) {
    files.push_back(fs::path(home) / ".pip/pip.conf");
  }
  if (!configuration.empty() || !home.empty()) {
    files.push_back((configuration.empty() ? fs::path(home) / ".config" : fs::path(configuration)) /
                    "pip/pip.conf");
  }
  if (const std::string venv = value_of(environment, "VIRTUAL_ENV"); !venv.empty()) {
    files.push_back(fs::path(venv) / "pip.conf");
  }
  if (!named.empty()) {
    files.emplace_back(named);
  }
  return files;
}

struct Value {
  std::string text;
  std::string place;  // "/etc/pip.conf"
};

class Reader {
 public:
  explicit Reader(const Variables& environment) : environment_(environment) {}

  Result<void> file(const fs::path& path) {
    const Result<std::string> content = read_file(path);
    if (!content) {
      return content.error().code == Errc::not_found ? Result<void>()
                                                     : Result<void>(fail(content.error()));
    }
    BERTH_TRY(const std::vector<IniEntry> entries, parse_ini(*content, path.string()));
    for (const IniEntry& entry : entries) {
      if (entry.section == "global" || entry.section == "install") {
        std::string key = entry.key;
        std::replace(key.begin(), key.end(), '_', '-');
        std::vector<std::string> lines;
        for (const IniLine& line : entry.value) {
          lines.push_back(line.text);
        }
        (entry.section == "global" ? global_ : install_)[key] = {join(lines, " "), path.string()};
      }
    }
    return {};
  }

  PipConfiguration take() {
    for (const Option& option : kOptions) {
      take(option, effective(option));
    }
    if (means_uv()) {
      for (const std::string_view name : kUvIndexes) {
        if (const std::string value = value_of(environment_, name); !value.empty()) {
          made_.variables[std::string(name)] = value;
          note(name, value);
        }
      }
    }
    if (const std::string value = value_of(environment_, "UV_INSECURE_HOST"); !value.empty()) {
      made_.variables["UV_INSECURE_HOST"] = value;
    }
    return std::move(made_);
  }

 private:
  bool means_uv() const {
    return std::any_of(kUvIndexes.begin(), kUvIndexes.end(), [this](std::string_view name) {
      return !value_of(environment_, name).empty();
    });
  }

  Value effective(const Option& option) const {
    if (std::string own = value_of(environment_, option.variable); !own.empty()) {
      return {std::move(own), std::string(option.variable)};
    }
    const std::string name(option.name);
    for (const auto* section : {&install_, &global_}) {
      if (const auto found = section->find(name);
          found != section->end() && !found->second.text.empty()) {
        return found->second;
      }
    }
    return {};
  }

  void take(const Option& option, const Value& value) {
    const std::string text = option.address ? reachable(option, value) : value.text;
    if (text.empty()) {
      return;
    }
    made_.variables[std::string(option.variable)] = text;
    const bool index =
        std::find(kUvIndexes.begin(), kUvIndexes.end(), option.uv) != kUvIndexes.end();
    if (!option.uv.empty() && !(index && means_uv())) {
      std::string own = text;
      if (option.uv == "UV_FIND_LINKS") {
        std::replace(own.begin(), own.end(), ' ', ',');
      }
      made_.variables[std::string(option.uv)] = std::move(own);
    }
    if (option.decides) {
      note(option.name, text);
    }
  }

  void note(std::string_view name, const std::string& value) {
    made_.indexes.push_back(fmt::format("{} {}", name, without_credentials(value)));
  }

  // Without those that lead to a file of this machine.
  std::string reachable(const Option& option, const Value& value) {
    std::vector<std::string> kept;
    for (const std::string& address : split(value.text, ' ')) {
      if (address.starts_with("http://") || address.starts_with("https://")) {
        kept.push_back(address);
      } else if (!address.empty()) {
        made_.warnings.push_back(fmt::format(
            "`{}` of {} is not passed on: `{}` is no address that a container can reach",
            option.name, value.place, without_credentials(address)));
      }
    }
    return join(kept, " ");
  }

  const Variables& environment_;
  std::map<std::string, Value> global_{};
  std::map<std::string, Value> install_{};
  PipConfiguration made_{};
};

}  // namespace

Result<PipConfiguration> pip_configuration(const Variables& environment, const fs::path& root) {
  Reader reader(environment);
  for (const fs::path& file : files_of(environment, root)) {
    BERTH_CHECK(reader.file(file));
  }
  return reader.take();
}

}  // namespace berth::runtime
