// A program that makes a Unix socket for us, for as long as an object lives: ssh forwards the
// socket of another machine, podman serves one.
//
// Nothing of it outlasts berth. The program ends with the object, and by PR_SET_PDEATHSIG with the
// thread that started it, also when that is killed. The socket's name is gone as soon as the socket
// is there: it is reached through a descriptor of ours, /proc/PID/fd/N.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/base/result.hpp"

namespace berth::runtime {

struct SocketProgramOptions {
  // The program's words, for the path that the socket is to have.
  std::function<std::vector<std::string>(const std::string& socket)> command{};
  // Stays in the caller's session, to ask for a password there; what the terminal and `timeout`
  // send to the whole process group is for berth, and is ignored. Otherwise the program gets a
  // session of its own, and is asked to end before it is made to.
  bool on_our_terminal = false;
};

class SocketProgram {
 public:
  // Errc::not_found where there is no such program, Errc::io where it cannot be started.
  static Result<std::shared_ptr<SocketProgram>> start(const SocketProgramOptions& options);
  SocketProgram(const SocketProgram&) = delete;
  SocketProgram& operator=(const SocketProgram&) = delete;
  ~SocketProgram();

  // Until the socket takes connections. False: the program has ended before; said() is why.
  // Errc::interrupted where `stop` comes first. There is no time limit: somebody may be typing a
  // password.
  Result<bool> wait_until_ready(const std::stop_token& stop);

  // Takes connections once it is ready.
  std::string socket_path() const;
  // What the program has written to its standard streams so far; the last part of much.
  std::string said() const;
  // For people: "ssh -N -L … host".
  const std::string& command_line() const { return command_line_; }

 private:
  SocketProgram(SocketProgramOptions options, std::string folder, UniqueFd output);
  Result<void> spawn();
  bool has_ended();
  bool ends_within(std::chrono::seconds patience);
  void remember_terminal();
  void restore_terminal() const;
  void remove_folder();

  const SocketProgramOptions options_;
  std::string folder_;  // empty once it is removed
  const std::string path_;
  const std::vector<std::string> argv_;
  const std::string command_line_;
  const UniqueFd output_;  // a file in memory: never full, never read by somebody else
  UniqueFd socket_{};      // O_PATH
  pid_t pid_ = -1;         // -1: not running
  std::optional<termios> terminal_{};
};

}  // namespace berth::runtime
