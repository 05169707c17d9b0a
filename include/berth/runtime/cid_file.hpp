// --cidfile: a file of the user's with the container's id in it, without a newline, as docker
// writes it. It is claimed before the engine is asked for anything, so that two runs cannot share
// one, and it vanishes with a run that got no container.
#pragma once

#include <filesystem>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth::runtime {

class CidFile {
 public:
  // Makes the file, empty. Errc::invalid_input, `cid-file-exists`, where something is there
  // already; Errc::io where it cannot be made.
  static Result<CidFile> claim(std::filesystem::path path);

  CidFile(CidFile&& other) noexcept;
  CidFile& operator=(CidFile&& other) noexcept;
  CidFile(const CidFile&) = delete;
  CidFile& operator=(const CidFile&) = delete;
  // Removes the file unless an id was written to it.
  ~CidFile();

  // The container is there: from now on the file stays. Again, where a run has to begin anew with
  // another one. Errc::io where the id cannot be written.
  Result<void> write(std::string_view id);

 private:
  explicit CidFile(std::filesystem::path path) : path_(std::move(path)) {}
  void discard() noexcept;

  std::filesystem::path path_;  // empty: moved away
  bool written_ = false;
};

}  // namespace berth::runtime
