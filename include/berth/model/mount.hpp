// Mounts, in docker's two grammars.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth {

struct Mount {
  enum class Type { bind, volume, tmpfs };
  Type type = Type::bind;
  std::string source{};  // absolute path, volume name, or empty (tmpfs, anonymous volume)
  std::string target{};  // absolute, in the container
  bool read_only = false;
  std::string propagation{};  // bind: rprivate, rslave, …; empty: the engine's default
  std::optional<std::uint64_t> tmpfs_bytes{};
};

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
