// What berth and its supervisor say to each other, over a socket of whole messages
// (SOCK_SEQPACKET) in a file that both see. One machine, one build: the structures go as they are.
//
//   supervisor  connects
//   berth       Streams, with descriptors: standard output, standard error and, where `input`,
//               standard input
//   berth       Signal, any number of them: for the command, whether or not an engine answers
//   supervisor  Ending, once, when the command has ended or could not be executed, which it then
//   has
//               told on standard error
//
// The end of the connection without an Ending means that the supervisor was killed. Where it is
// berth that went away, the supervisor ends the command.
#pragma once

#include <cstdint>

namespace berth::supervisor {

inline constexpr const char* kProgramPath = "/run/berth/supervisor";  // in the container
inline constexpr const char* kDoorPath = "/run/berth/door";
// How the line begins by which it tells that: "berth: cannot execute x: Permission denied".
inline constexpr const char* kFailurePrefix = "berth: cannot execute ";

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
  std::uint64_t peak_memory = 0;  // bytes, with the file cache; 0: not known
};

}  // namespace berth::supervisor
