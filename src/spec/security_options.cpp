// Source: docker/cli cli/command/container/opts.go (parseSecurityOpts, parseSystemPaths).
#include "spec/security_options.hpp"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "berth/base/file.hpp"
#include "berth/base/printable.hpp"

namespace berth::spec {

namespace {

Result<SeccompProfile> read_profile(const std::string& name, const Surroundings& surroundings) {
  const std::filesystem::path path = (surroundings.directory / name).lexically_normal();
  Result<std::string> bytes = read_file(path);
  if (!bytes) {
    return fail(std::move(bytes).error().context("`--security-opt`"));
  }
  const auto profile = nlohmann::ordered_json::parse(*bytes, nullptr, false);
  if (!profile.is_object()) {
    return fail(Errc::invalid_input,
                fmt::format("`--security-opt`: `{}` is no seccomp profile, expected a JSON object",
                            printable(name)));
  }
  return SeccompProfile{path.string(), profile.dump()};
}

}  // namespace

Result<void> add_security_options(RunRequest& run, const std::vector<std::string>& texts,
                                  const Surroundings& surroundings) {
  for (const std::string& text : texts) {
    const std::size_t separator = std::min(text.find('='), text.find(':'));
    const std::string key = text.substr(0, separator);
    const std::string value = separator == std::string::npos ? "" : text.substr(separator + 1);
    if (key.empty() || (value.empty() && text != "no-new-privileges")) {
      return fail(Error{Errc::usage, fmt::format("`--security-opt`: `{}` is no option, expected "
                                                 "name=value or no-new-privileges",
                                                 printable(text))});
    }
    if (key == "seccomp" && value != "unconfined" && value != "builtin") {
      BERTH_TRY(run.options.seccomp, read_profile(value, surroundings));
    } else if (key == "systempaths" && value == "unconfined") {
      run.options.unconfined_system_paths = true;
    } else {
      run.security_options.push_back(text);
    }
  }
  return {};
}

}  // namespace berth::spec
