#include "runtime/shared_lock.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace berth::runtime {

namespace {

constexpr mode_t kForAll = 0666;
// O_NONBLOCK: a pipe of that name must not hold us up.
constexpr int kCarefully = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

Failure unusable(const std::filesystem::path& path, const std::string& why) {
  return fail(Errc::io, fmt::format("lock file `{}` cannot be used: {}", path.string(), why));
}

// Where somebody else creates it first, theirs is opened. O_CREAT alone is refused for files of
// others in sticky folders (fs.protected_regular).
UniqueFd open_or_create(const std::filesystem::path& path) {
  constexpr int kAttempts = 10;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    UniqueFd there(::open(path.c_str(), O_RDWR | kCarefully));
    if (there || errno != ENOENT) {
      return there;
    }
    UniqueFd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | kCarefully, kForAll));
    if (made) {
      static_cast<void>(::fchmod(made.get(), kForAll));  // whatever the umask
      return made;
    }
    if (errno != EEXIST) {
      return made;
    }
  }
  return UniqueFd();
}

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

bool is_still_named(const UniqueFd& file, const std::filesystem::path& path) {
  struct stat open_one {};
  struct stat named {};
  return ::fstat(file.get(), &open_one) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

}  // namespace

Result<UniqueFd> open_shared(const std::filesystem::path& path) {
  UniqueFd file = open_or_create(path);
  if (!file) {
    return unusable(path, std::generic_category().message(errno));
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_nlink != 1) {
    return unusable(path, "it is no plain file with one name");
  }
  return file;
}

UniqueFd open_to_look(const std::filesystem::path& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | kCarefully));
}

bool try_lock(const UniqueFd& file, LockKind kind, const std::filesystem::path& path) {
  struct flock lock = whole_file(kind == LockKind::alone ? F_WRLCK : F_RDLCK);
  return ::fcntl(file.get(), F_OFD_SETLK, &lock) == 0 && is_still_named(file, path);
}

LockKind lock_on(const UniqueFd& file) {
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) {
    return LockKind::none;
  }
  return lock.l_type == F_WRLCK ? LockKind::alone : LockKind::common;
}

void write_whole(const UniqueFd& file, std::string_view text) {
  // Only for messages: a full disk is no reason to fail.
  static_cast<void>(!::ftruncate(file.get(), 0));
  static_cast<void>(!::pwrite(file.get(), text.data(), text.size(), 0));
}

std::string read_whole(const UniqueFd& file) {
  constexpr std::size_t kMost = 64 * 1024;
  std::string text(kMost, '\0');
  const ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

}  // namespace berth::runtime
