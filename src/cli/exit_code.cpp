#include "cli/exit_code.hpp"

namespace berth::cli {

int exit_code_of(const Error& error, bool for_run) {
  switch (error.code) {
    case Errc::command_not_found:
      return kCommandNotFound;
    case Errc::cannot_invoke:
      return kCannotInvoke;
    case Errc::interrupted:
      return kSignalBase + error.signal;
    case Errc::usage:
      return for_run ? kRunFailed : kUsage;
    case Errc::no_solution:
      return for_run ? kRunFailed : kNoSolution;
    case Errc::engine_unreachable:
      return for_run ? kRunFailed : kEngineUnreachable;
    case Errc::internal:
      return for_run ? kRunFailed : kInternal;
    case Errc::invalid_input:
    case Errc::not_found:
    case Errc::engine_failed:
    case Errc::io:
      return for_run ? kRunFailed : kFailed;
  }
  return kInternal;
}

}  // namespace berth::cli
