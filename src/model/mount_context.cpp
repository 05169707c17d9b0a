// Sources and targets of mounts.
#include "model/mount_context.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "berth/base/printable.hpp"

namespace berth {

namespace {

constexpr std::size_t kMaxText = 16384;
constexpr std::array<std::string_view, 6> kPropagations = {"rprivate", "private", "rshared",
                                                           "shared",   "rslave",  "slave"};

// [a-zA-Z0-9][a-zA-Z0-9_.-]+, as the engine checks it.
bool is_volume_name(std::string_view name) {
  const auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return name.size() >= 2 && alphanumeric(name[0]) &&
         std::all_of(name.begin(), name.end(), [&alphanumeric](char c) {
           return alphanumeric(c) || c == '_' || c == '.' || c == '-';
         });
}

// Without `.`, `..`, doubled and trailing slashes. Links are not followed: the path need not exist
// here.
std::string normalised(const std::filesystem::path& path) {
  std::string text = path.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) {
    text.pop_back();
  }
  return text;
}

}  // namespace

bool is_propagation(std::string_view word) {
  return std::find(kPropagations.begin(), kPropagations.end(), word) != kPropagations.end();
}

Error MountContext::malformed(std::string_view what) const {
  return Error{Errc::usage, fmt::format("mount `{}` {}", printable(text_), what)};
}

Result<void> MountContext::check_text() const {
  if (text_.empty()) {
    return fail(Error{Errc::usage, "mount is empty"}.hint("`-v ./data:/data:ro`"));
  }
  if (text_.size() > kMaxText) {
    return fail(malformed(fmt::format("is longer than {} bytes", kMaxText)));
  }
  const bool control = std::any_of(text_.begin(), text_.end(),
                                   [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
  return control ? Result<void>(fail(malformed("contains a control character"))) : Result<void>();
}

Result<std::string> MountContext::host_path(std::string_view source) const {
  if (!source.starts_with('~')) {
    return normalised(base_ / source);
  }
  if (source != "~" && !source.starts_with("~/")) {
    return fail(malformed(fmt::format("has the source `{}`: only `~` and `~/…` are expanded",
                                      printable(source)))
                    .hint("give the folder of another user as an absolute path"));
  }
  if (home_.empty()) {
    return fail(malformed("uses `~`, and the home folder is not known")
                    .hint("set HOME, or give an absolute path"));
  }
  // Joined as text: `home_ / "/x"`, from ~//x, would be /x.
  return normalised(home_.string() + "/" + std::string(source.substr(1)));
}

Result<std::string> MountContext::volume_name(std::string_view source) const {
  if (is_volume_name(source)) {
    return std::string(source);
  }
  const bool path = source.starts_with('.') || source.starts_with('/') || source.starts_with('~');
  return fail(
      malformed(fmt::format("has the source `{}`, which is no volume's name", printable(source)))
          .note("a volume's name has two or more of a-z, A-Z, 0-9, _, ., - and begins with "
                "a letter or digit")
          .hint(path ? "a folder of this machine is `type=bind`"
                     : fmt::format("a folder of this machine is `./{}`", printable(source))));
}

Result<std::string> MountContext::target(std::string_view target) const {
  if (!target.starts_with('/')) {
    return fail(malformed(fmt::format("has the target `{}`, which is not an absolute path",
                                      printable(target)))
                    .hint(fmt::format("did you mean `/{}`?", printable(target))));
  }
  std::string path = normalised(target);
  if (path == "/") {
    return fail(malformed("has the target `/`, which is the container itself")
                    .hint("mount on a folder in it, as `/data`"));
  }
  return path;
}

}  // namespace berth
