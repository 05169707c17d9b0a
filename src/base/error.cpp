#include "berth/base/error.hpp"

namespace berth {

std::string_view name_of(Errc code) {
  switch (code) {
    case Errc::usage:
      return "usage";
    case Errc::invalid_input:
      return "invalid-input";
    case Errc::not_found:
      return "not-found";
    case Errc::no_solution:
      return "no-solution";
    case Errc::engine_unreachable:
      return "engine-unreachable";
    case Errc::engine_failed:
      return "engine-failed";
    case Errc::command_not_found:
      return "command-not-found";
    case Errc::cannot_invoke:
      return "cannot-invoke";
    case Errc::interrupted:
      return "interrupted";
    case Errc::io:
      return "io";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace berth
