// Mounts, in docker's two grammars.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth {

struct Mount {
  enum class Type { bind, volume, tmpfs, image };
  Type type = Type::bind;
  // An absolute path, a volume's name, an image, or empty (tmpfs, anonymous volume).
  std::string source{};
  std::string target{};  // absolute, in the container
  bool read_only = false;

  // bind
  std::string propagation{};  // rprivate, rslave, …; empty: the engine's default
  enum class Recursion {
    enabled,   // mounts below the source come along, read-only as it is where the kernel can
    disabled,  // they do not
    writable,  // they stay writable below a read-only source
    readonly,  // they must be read-only
  };
  Recursion recursion = Recursion::enabled;
  bool create_source = false;
  std::string
      selinux{};  // "z", "Z": the source's label is changed for all containers, for this one

  // volume
  bool no_copy = false;   // what the image has at the target is not copied into it
  std::string subpath{};  // of a volume or an image
  std::map<std::string, std::string> volume_labels{};
  std::string volume_driver{};
  std::map<std::string, std::string> volume_options{};

  // tmpfs
  std::optional<std::uint64_t> tmpfs_bytes{};
  std::optional<std::uint32_t> tmpfs_mode{};
};
// "bind", "volume", "tmpfs", "image".
std::string_view name_of(Mount::Type type);
// "enabled", "disabled", "writable", "readonly": docker's words for bind-recursive.
std::string_view name_of(Mount::Recursion recursion);

// `-v`: source:target[:options] or an anonymous volume. A source that starts with `.`, `/` or `~`
// is a path: relative to `base`, `~` to `home` (docker leaves `~` to the shell); `..` is resolved
// by name, links are not followed. Errc::usage for a malformed value. That a path exists is checked
// before the run, not here.
Result<Mount> parse_volume(std::string_view text, const std::filesystem::path& base,
                           const std::filesystem::path& home);

// `--mount`: one CSV record, type=bind,source=…,target=…,readonly. The type is volume where none is
// given; a bind's relative source leads to `base`, with or without a leading dot.
Result<Mount> parse_mount(std::string_view text, const std::filesystem::path& base,
                          const std::filesystem::path& home);

}  // namespace berth
