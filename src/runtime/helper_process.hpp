// Runs a credential helper: a program that reads one line and writes a little JSON.
#pragma once

#include <chrono>
#include <string>

#include "berth/base/result.hpp"

namespace berth::runtime {

struct HelperOutput {
  int exit_code = 0;  // 128 + signal where a signal ended it
  std::string output{};
};

// `program` is looked for on PATH, gets `input` on its standard input and no arguments but
// `argument`; its standard error is ours. Errc::not_found where there is no such program, Errc::io
// where it takes longer than `timeout` (it is killed), writes more than a megabyte, or cannot be
// started.
Result<HelperOutput> run_helper(const std::string& program, const std::string& argument,
                                const std::string& input, std::chrono::milliseconds timeout);

}  // namespace berth::runtime
