#include "cli/signal_option.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <vector>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth::cli {

namespace {

std::vector<std::string> known_signals() {
  std::vector<std::string> names;
  for (int number = 1; number < SIGRTMIN; ++number) {
    if (const char* name = ::sigabbrev_np(number); name != nullptr) {
      names.emplace_back(name);
    }
  }
  for (int number = 0; number <= SIGRTMAX - SIGRTMIN; ++number) {
    names.push_back(number == 0 ? "RTMIN" : fmt::format("RTMIN+{}", number));
  }
  return names;
}

}  // namespace

Result<std::optional<std::string>> parse_signal_option(const std::optional<std::string>& text) {
  if (!text) {
    return std::nullopt;
  }
  std::string word = *text;
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (word.starts_with("SIG")) {
    word.erase(0, 3);
  }
  for (int number = 1; number < SIGRTMIN; ++number) {
    const char* name = ::sigabbrev_np(number);
    if (name != nullptr && *text == std::to_string(number)) {
      return name;
    }
  }
  const std::vector<std::string> known = known_signals();
  if (std::find(known.begin(), known.end(), word) != known.end()) {
    return word;
  }
  Error error{Errc::usage, fmt::format("`{}` is no signal", printable(*text))};
  if (const std::optional<std::string> near = nearest(word, known)) {
    error.note("did you mean `" + *near + "`?");
  }
  return fail(std::move(error).hint("`kill -l` lists them"));
}

}  // namespace berth::cli
