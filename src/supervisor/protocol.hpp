// What berth and its supervisor say to each other, over a socket of whole messages
// (SOCK_SEQPACKET) in a file that both see. One machine, one build: the structures go as they are.
//
// The supervisor connects, and berth sends Streams, with descriptors: standard output, standard
// error and, where `input`, standard input. From then on berth may send a Signal, any number of
// times, for the command, whether or not an engine answers. The supervisor sends an Ending, once,
// when the command has ended; that one could not be executed it tells on its standard error.
//
// The end of the connection without an Ending means that the supervisor was killed. Where it is
// berth that went away, the supervisor ends the command.
//
// A supervisor that cannot connect, or cannot do its work, ends with kCannotSupervise and has not
// started anything: berth is gone, or the container is not let do what is needed.
#pragma once

#include <cstdint>

namespace berth::supervisor {

inline constexpr const char* kProgramPath = "/run/berth/supervisor";  // in the container
inline constexpr const char* kDoorPath = "/run/berth/door";
// How the line begins by which it tells that: "berth: cannot execute x: Permission denied".
inline constexpr const char* kFailurePrefix = "berth: cannot execute ";

inline constexpr int kCannotSupervise = 121;

struct Streams {
  std::uint32_t input = 0;  // whether standard input comes along
};

struct Signal {
  std::int32_t number = 0;
};

struct Ending {
  std::int32_t exit_code = 0;  // as a shell has it: 128 + the signal that killed it, 126, 127
  // By the kernel's count for the container's control group; -1 where it keeps none.
  std::int32_t oom_kills = -1;
  // Bytes, with the file cache; where the kernel keeps no peak (control groups of version 2 before
  // Linux 5.19), that of the largest process.
  std::uint64_t peak_memory = 0;
};

}  // namespace berth::supervisor
