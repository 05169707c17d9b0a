// What berth and its supervisor say to each other, over a socket of whole messages
// (SOCK_SEQPACKET) in a file that both see. One machine, one build: the structures go as they are.
//
//   supervisor  connects
//   berth       Streams, with descriptors: standard output, standard error and, where `input`,
//               standard input
//   supervisor  Ending, once, when the command has ended or could not be started
//
// The end of the connection without an Ending means that the supervisor was killed. Where it is
// berth that went away, the supervisor ends the command.
#pragma once

#include <cstdint>

namespace berth::supervisor {

inline constexpr const char* kProgramPath = "/run/berth/supervisor";  // in the container
inline constexpr const char* kDoorPath = "/run/berth/door";
// Before the errno's text on the last line of standard error, where the supervisor has no
// connection and cannot start the command: "berth-supervisor: cannot execute x: Permission denied".
inline constexpr const char* kFailurePrefix = "berth-supervisor: cannot execute ";

struct Streams {
  std::uint32_t input = 0;  // whether standard input comes along
};

struct Ending {
  std::int32_t start_error = 0;  // errno of the command's start; 0: it ran
  std::int32_t exit_code = 0;    // as a shell has it: 128 + the signal that killed it
  // By the kernel's count for the container's control group; -1 where it keeps none.
  std::int32_t oom_kills = -1;
  std::int32_t reserved = 0;
  std::uint64_t peak_memory = 0;  // bytes, with the file cache; 0: not known
};

}  // namespace berth::supervisor
