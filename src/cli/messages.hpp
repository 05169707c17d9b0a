// Messages: what berth says to people about its work, on standard error; and errors for scripts, as
// JSON on standard output. The form is that of docs/errors.md: error, notes, hints.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "berth/base/error.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

// An error as one JSON document, schema berth/error/1.
std::string error_document(const Error& error);

class Messages {
 public:
  Messages(std::ostream& stream, const Terminal& terminal) : stream_(stream), terminal_(terminal) {}

  void error(const Error& error);
  void warning(std::string_view text);
  void note(std::string_view text);
  void hint(std::string_view text);
  // With -q warnings and notes are not shown; errors and their hints always are.
  void set_quiet(bool quiet) { quiet_ = quiet; }
  bool quiet() const { return quiet_; }
  std::ostream& stream() { return stream_; }
  const Terminal& terminal() const { return terminal_; }

 private:
  void line(Style style, std::string_view label, std::string_view text);

  std::ostream& stream_;
  const Terminal& terminal_;
  bool quiet_ = false;
};

}  // namespace berth::cli
