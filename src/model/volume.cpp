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

// The options of one -v; one that contradicts an earlier one is refused.
class OptionReader {
 public:
  OptionReader(const MountContext& context, Mount& mount) : context_(context), mount_(mount) {}

  Result<void> apply(const std::string& option);

 private:
  Result<void> set(std::string& place, const std::string& option);
  Result<void> needs(Mount::Type type, const std::string& option) const;
  Error unknown(const std::string& option) const;

  const MountContext& context_;
  Mount& mount_;
  std::string access_;  // "ro", "rw"
};

Result<void> OptionReader::set(std::string& place, const std::string& option) {
  if (!place.empty() && place != option) {
    return fail(context_.malformed(fmt::format("says both `{}` and `{}`", place, option)));
  }
  place = option;
  return {};
}

Result<void> OptionReader::needs(Mount::Type type, const std::string& option) const {
  if (mount_.type == type) {
    return {};
  }
  return fail(
      context_.malformed(fmt::format("has the option `{}`, which only a {} takes", option,
                                     type == Mount::Type::bind ? "folder of the host" : "volume")));
}

Result<void> OptionReader::apply(const std::string& option) {
  if (option == "ro" || option == "rw") {
    BERTH_CHECK(set(access_, option));
    mount_.read_only = option == "ro";
    return {};
  }
  if (is_propagation(option)) {
    BERTH_CHECK(needs(Mount::Type::bind, option));
    return set(mount_.propagation, option);
  }
  if (option == "z" || option == "Z") {
    return set(mount_.selinux, option);
  }
  if (option == "nocopy" || option == "volume-nocopy") {
    BERTH_CHECK(needs(Mount::Type::volume, option));
    mount_.no_copy = true;
    return {};
  }
  if (option == "cached" || option == "delegated" || option == "consistent") {
    return {};  // of Docker Desktop on macOS; without effect on Linux
  }
  return fail(unknown(option));
}

Error OptionReader::unknown(const std::string& option) const {
  static const std::vector<std::string> known = {"ro",     "rw",    "rprivate", "private",
                                                 "rslave", "slave", "rshared",  "shared",
                                                 "nocopy", "z",     "Z"};
  Error error =
      option.empty()
          ? context_.malformed("has an empty option")
          : context_.malformed(fmt::format("has an unknown option `{}`", printable(option)));
  error.note("the options are " + join(known, ", "));
  if (const std::optional<std::string> meant = nearest(option, known)) {
    error.hint(fmt::format("did you mean `{}`?", *meant));
  }
  return error;
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
    OptionReader reader(context, mount);
    for (const std::string& option : split(parts[2], ',')) {
      BERTH_CHECK(reader.apply(option));
    }
  }
  return mount;
}

}  // namespace berth
