// Exit codes, as docs/cli.md lists them.
#pragma once

#include "berth/base/error.hpp"

namespace berth::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNoSolution = 3;
inline constexpr int kEngineUnreachable = 4;
inline constexpr int kInternal = 70;    // sysexits' EX_SOFTWARE: a bug in berth
inline constexpr int kRunFailed = 125;  // berth or the engine failed before the command started
inline constexpr int kCannotInvoke = 126;
inline constexpr int kCommandNotFound = 127;
inline constexpr int kSignalBase = 128;

// `for_run`: the verb `run`, where every code below 125 belongs to the command.
int exit_code_of(const Error& error, bool for_run);

}  // namespace berth::cli
