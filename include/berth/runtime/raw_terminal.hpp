// RawTerminal: a terminal without line editing, echo and keyboard signals while a command in a
// container owns it.
#pragma once

#include <termios.h>

#include <optional>

#include "berth/base/result.hpp"
#include "berth/model/plan.hpp"

namespace berth::runtime {

class RawTerminal {
 public:
  // Errc::io where `fd` is no terminal or refuses.
  static Result<RawTerminal> enter(int fd);
  RawTerminal(RawTerminal&& other) noexcept;
  RawTerminal& operator=(RawTerminal&&) = delete;
  ~RawTerminal() { restore(); }

  // Once; later calls do nothing.
  void restore();

 private:
  RawTerminal(int fd, const termios& before) : fd_(fd), before_(before) {}
  int fd_;
  std::optional<termios> before_;
};

// Absent where `fd` is no terminal or its size is unknown (zero).
std::optional<ContainerSpec::ConsoleSize> terminal_size(int fd);

}  // namespace berth::runtime
