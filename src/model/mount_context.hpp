// What the grammars of -v and --mount have in common: the text for messages, and the checks of
// sources and targets.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth {

// rprivate, private, rshared, shared, rslave, slave.
bool is_propagation(std::string_view word);

class MountContext {
 public:
  // `text` is the whole value and must outlive the context; relative sources lead to `base`, `~` to
  // `home`.
  MountContext(std::string_view text, std::filesystem::path base, std::filesystem::path home)
      : text_(text), base_(std::move(base)), home_(std::move(home)) {}

  std::string_view text() const { return text_; }
  // "mount `…` what", Errc::usage.
  Error malformed(std::string_view what) const;

  // Empty, endless or with control characters: no mount at all.
  Result<void> check_text() const;
  // An absolute, normalised path on this machine. Nothing is looked up.
  Result<std::string> host_path(std::string_view source) const;
  Result<std::string> volume_name(std::string_view source) const;
  // An absolute, normalised path in the container, not `/`.
  Result<std::string> target(std::string_view target) const;

 private:
  std::string_view text_;
  std::filesystem::path base_;
  std::filesystem::path home_;
};

}  // namespace berth
