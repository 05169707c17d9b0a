// -v and --mount from any bytes: what is read has an absolute target and no way out of it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "berth/model/mount.hpp"
#include "require.hpp"

using berth::Mount;
using berth::fuzz::require;

namespace {

bool is_clean(const std::string& path) {
  return path.starts_with('/') && path.find("/../") == std::string::npos &&
         !path.ends_with("/..") && path.find("//") == std::string::npos &&
         path.find('\0') == std::string::npos;
}

void check(const berth::Result<Mount>& mount) {
  if (!mount) {
    require(mount.error().code == berth::Errc::usage);
    return;
  }
  require(is_clean(mount->target) && mount->target != "/");
  require(mount->type != Mount::Type::bind || is_clean(mount->source));
  require(mount->type != Mount::Type::tmpfs || mount->source.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(berth::parse_volume(text, "/srv/project", "/home/ada"));
  check(berth::parse_mount(text, "/srv/project", "/home/ada"));
  return 0;
}
