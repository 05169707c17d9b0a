// Prints errors, warnings, notes and hints.
#include "cli/messages.hpp"

#include "berth/base/printable.hpp"
#include "cli/error_json.hpp"

namespace berth::cli {

nlohmann::ordered_json error_json(const Error& error) {
  return {{"code", error.id.empty() ? std::string(name_of(error.code)) : error.id},
          {"message", error.message},
          {"notes", error.notes},
          {"hints", error.hints}};
}

std::string error_document(const Error& error) {
  const nlohmann::ordered_json document = {{"schema", "berth/error/1"},
                                           {"error", error_json(error)}};
  // Engines and file systems are free to use bytes that are no UTF-8; JSON is not.
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace {

// What images, registries, engines and files say may hold escape sequences; a terminal would obey
// them. Lines and tabs stay.
std::string harmless(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\n\t");
    shown += printable(text.substr(0, end), std::string::npos);
    if (end == std::string_view::npos) {
      break;
    }
    shown += text[end];
    text.remove_prefix(end + 1);
  }
  return shown;
}

}  // namespace

void Messages::line(Style style, std::string_view label, std::string_view text) {
  stream_ << terminal_.styled(style, label) << ' ' << harmless(text) << '\n';
  stream_.flush();
}

void Messages::error(const Error& error) {
  line(Style::error, "error:", error.message);
  for (const std::string& note : error.notes) {
    line(Style::note, "note:", note);
  }
  for (const std::string& hint : error.hints) {
    line(Style::hint, "hint:", hint);
  }
}

void Messages::warning(std::string_view text) {
  if (!quiet_) {
    line(Style::warning, "warning:", text);
  }
}

void Messages::note(std::string_view text) {
  if (!quiet_) {
    line(Style::note, "note:", text);
  }
}

void Messages::hint(std::string_view text) {
  if (!quiet_) {
    line(Style::hint, "hint:", text);
  }
}

}  // namespace berth::cli
