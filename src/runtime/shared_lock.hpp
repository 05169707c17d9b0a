// Files in a folder that all users share, used for their locks. Locks are those of the open file
// description (F_OFD_SETLK): they end when its last descriptor is closed, by whichever process.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "berth/base/file.hpp"
#include "berth/base/result.hpp"

namespace berth::runtime {

enum class LockKind { none, common, alone };

// Opened for reading and writing, made for all where it is not there. Follows no link, and takes
// nothing but a plain file with one name: somebody else may have put there what leads elsewhere.
// Errors: Errc::io.
Result<UniqueFd> open_shared(const std::filesystem::path& path);
// For looking only; -1 where it is not there or cannot be read.
UniqueFd open_to_look(const std::filesystem::path& path);

// false where another's lock excludes it, or where the file has meanwhile lost its name.
bool try_lock(const UniqueFd& file, LockKind kind, const std::filesystem::path& path);
// The strongest lock of others, found without taking any.
LockKind lock_on(const UniqueFd& file);

void write_whole(const UniqueFd& file, std::string_view text);
// The first 64 KiB.
std::string read_whole(const UniqueFd& file);

}  // namespace berth::runtime
