// docker's -v: source, target and options between colons.
#include <spdlog/fmt/fmt.h>

#include <array>
#include <optional>
#include <vector>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/model/mount.hpp"
#include "model/mount_context.hpp"

namespace berth {

namespace {

// One option of -v into the mount; an option may not contradict an earlier one.
Result<void> apply_option(const MountContext& context, const std::string& option,
                          std::optional<bool>& read_only, Mount& mount) {
  if (option == "ro" || option == "rw") {
    if (read_only && *read_only != (option == "ro")) {
      return fail(context.malformed("says both `ro` and `rw`"));
    }
    read_only = option == "ro";
    return {};
  }
  if (is_propagation(option)) {
    if (mount.type != Mount::Type::bind) {
      return fail(context.malformed(
          fmt::format("has the option `{}`, which only a folder of the host takes", option)));
    }
    if (!mount.propagation.empty() && mount.propagation != option) {
      return fail(
          context.malformed(fmt::format("says both `{}` and `{}`", mount.propagation, option)));
    }
    mount.propagation = option;
    return {};
  }
  if (option == "cached" || option == "delegated" || option == "consistent") {
    return {};  // of Docker Desktop on macOS; without effect on Linux
  }
  if (option == "z" || option == "Z" || option == "nocopy") {
    return fail(context.malformed(
        fmt::format("has the option `{}`, which berth does not support", option)));
  }
  static const std::vector<std::string> known = {"ro",     "rw",      "rprivate", "private",
                                                 "rslave", "rshared", "shared",   "slave"};
  Error error =
      option.empty()
          ? context.malformed("has an empty option")
          : context.malformed(fmt::format("has an unknown option `{}`", printable(option)));
  error.note("the options are " + join(known, ", "));
  if (const std::optional<std::string> meant = nearest(option, known)) {
    error.hint(fmt::format("did you mean `{}`?", *meant));
  }
  return fail(std::move(error));
}

}  // namespace

Result<Mount> parse_volume(std::string_view text, const std::filesystem::path& base,
                           const std::filesystem::path& home) {
  const MountContext context(text, base, home);
  BERTH_CHECK(context.check_text());
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() > 3) {
    return fail(context.malformed("has too many colons: source, target and options are three parts")
                    .hint("for a path with a colon: `--mount type=bind,source=…,target=…`"));
  }
  constexpr std::array<std::string_view, 3> kNames = {"source", "target", "list of options"};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) {
      return fail(context.malformed(fmt::format("has an empty {}", kNames.at(i))));
    }
  }
  Mount mount;
  if (parts.size() == 1) {
    mount.type = Mount::Type::volume;
    if (!text.starts_with('/')) {
      return fail(context.malformed("has no target in the container")
                      .hint(fmt::format("`-v ./{}:/data`", printable(text))));
    }
    BERTH_TRY(mount.target, context.target(text));
    return mount;
  }
  const bool path = std::string_view("./~").find(parts[0][0]) != std::string_view::npos;
  mount.type = path ? Mount::Type::bind : Mount::Type::volume;
  BERTH_TRY(mount.source, path ? context.host_path(parts[0]) : context.volume_name(parts[0]));
  BERTH_TRY(mount.target, context.target(parts[1]));
  if (parts.size() == 3) {
    std::optional<bool> read_only;
    for (const std::string& option : split(parts[2], ',')) {
      BERTH_CHECK(apply_option(context, option, read_only, mount));
    }
    mount.read_only = read_only.value_or(false);
  }
  return mount;
}

}  // namespace berth
