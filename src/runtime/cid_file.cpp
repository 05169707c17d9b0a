#include "berth/runtime/cid_file.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "berth/base/file.hpp"

namespace berth::runtime {

namespace {

std::string reason(int code) {
  return std::generic_category().message(code);
}

}  // namespace

Result<CidFile> CidFile::claim(std::filesystem::path path) {
  constexpr mode_t kReadableByAll = 0644;
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kReadableByAll));
  if (!file && errno == EEXIST) {
    return fail(Error{Errc::invalid_input, fmt::format("`{}` is there already", path.string())}
                    .named("cid-file-exists")
                    .note("--cidfile names a new file, so that no run takes another one's id"));
  }
  if (!file) {
    const int code = errno;
    return fail(Errc::io, fmt::format("`{}` cannot be made: {}", path.string(), reason(code)));
  }
  return CidFile(std::move(path));
}

CidFile::CidFile(CidFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), written_(other.written_) {}

CidFile& CidFile::operator=(CidFile&& other) noexcept {
  if (this != &other) {
    discard();
    path_ = std::exchange(other.path_, {});
    written_ = other.written_;
  }
  return *this;
}

CidFile::~CidFile() {
  discard();
}

void CidFile::discard() noexcept {
  if (!path_.empty() && !written_) {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
}

Result<void> CidFile::write(std::string_view id) {
  // In one piece: a script may be waiting for it.
  BERTH_CHECK(write_file_atomically(path_, id));
  written_ = true;
  return {};
}

}  // namespace berth::runtime
