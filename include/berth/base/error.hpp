// Error: what every operation that can fail returns, and the only thing the command line prints on
// failure.
//
// Form of the texts (docs/errors.md): `message` names the object first, lower case, no final
// period, literals in backticks; a note is a fact with its origin; a hint is a command that works
// as printed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth {

// What went wrong, as coarse as a caller needs to decide what to do next. The exit code follows
// from it (cli/exit_code.hpp).
enum class Errc {
  usage,               // the command line cannot be understood
  invalid_input,       // a file or a value is malformed
  not_found,           // a file, image, container or catalogue entry is absent
  no_solution,         // the resolver proved that nothing satisfies the request
  engine_unreachable,  // no engine answers at the address
  engine_failed,       // the engine answered with an error, or with what is not its protocol
  command_not_found,   // the container's command does not exist (127)
  cannot_invoke,       // the container's command exists and cannot be executed (126)
  interrupted,         // a signal ended berth before the command started; `signal` says which
  io,                  // the operating system refused
  internal,            // a bug in berth
};

// The stable name used in JSON: "usage", "no-solution", ...
std::string_view name_of(Errc code);

struct Error {
  Errc code = Errc::internal;
  std::string message;
  std::vector<std::string> notes{};
  std::vector<std::string> hints{};
  // Finer than `code`, stable, for scripts: "gpu-not-supported". Empty: name_of(code) stands in.
  std::string id{};
  // With Errc::interrupted, the signal's number.
  int signal = 0;

  Error& note(std::string text) & {
    notes.push_back(std::move(text));
    return *this;
  }
  Error&& note(std::string text) && {
    notes.push_back(std::move(text));
    return std::move(*this);
  }
  Error& hint(std::string text) & {
    hints.push_back(std::move(text));
    return *this;
  }
  Error&& hint(std::string text) && {
    hints.push_back(std::move(text));
    return std::move(*this);
  }
  // Names the error for scripts.
  Error&& named(std::string stable_id) && {
    id = std::move(stable_id);
    return std::move(*this);
  }
  // Says during what it happened: "reading requirements.txt: …".
  Error&& context(std::string_view during) && {
    message = std::string(during) + ": " + message;
    return std::move(*this);
  }
};

}  // namespace berth
