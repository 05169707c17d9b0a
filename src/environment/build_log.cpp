#include "berth/environment/build_log.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "berth/base/text.hpp"

namespace berth::environment {

namespace {

constexpr std::string_view kMark = "@berth ";
constexpr std::size_t kLongestLine = 65536;  // a progress bar without an end of line
constexpr std::size_t kTail = 400;

void put(std::map<std::string, std::string>& values, const std::string& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  values[text.substr(0, end)] = end < text.size() ? text.substr(end + 1) : std::string();
}

}  // namespace

void BuildLog::hide(std::vector<std::string> secrets) {
  secrets_ = std::move(secrets);
  std::erase(secrets_, "");
  // A longer one may begin with a shorter one.
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& left, const auto& right) { return left.size() > right.size(); });
}

void BuildLog::feed(std::string_view bytes) {
  for (const char byte : bytes) {
    if (byte != '\n' && open_.size() < kLongestLine) {
      open_ += byte;
      continue;
    }
    take(std::exchange(open_, byte == '\n' ? std::string() : std::string(1, byte)));
  }
}

void BuildLog::finish() {
  if (!open_.empty()) {
    take(std::exchange(open_, {}));
  }
  observer_ = {};
}

// "Progress 262144 of 12356904", of which pip prints four a second where it is asked for `raw`.
bool BuildLog::take_count(std::string_view line) {
  constexpr std::string_view kStart = "Progress ";
  constexpr std::string_view kBetween = " of ";
  const std::size_t between = line.find(kBetween);
  if (!line.starts_with(kStart) || between == std::string_view::npos) {
    return false;
  }
  const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() ? std::optional(value)
                                                                        : std::nullopt;
  };
  const auto done = number(line.substr(kStart.size(), between - kStart.size()));
  const auto total = number(line.substr(between + kBetween.size()));
  if (done && total && observer_.on_count) {
    observer_.on_count(*done, *total);
  }
  return done && total;
}

void BuildLog::take(std::string line) {
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  for (const std::string& secret : secrets_) {
    for (std::size_t at = line.find(secret); at != std::string::npos;
         at = line.find(secret, at + 4)) {
      line.replace(at, secret.size(), "****");
    }
  }
  if (line.starts_with(kMark)) {
    const std::string rest = line.substr(kMark.size());
    const std::size_t blank = std::min(rest.find(' '), rest.size());
    take_word(std::string_view(rest).substr(0, blank),
              blank < rest.size() ? rest.substr(blank + 1) : std::string());
    return;
  }
  if (take_count(line)) {
    return;
  }
  if (observer_.on_line) {
    observer_.on_line(line);
  }
  if (tail_.size() == kTail) {
    tail_.erase(tail_.begin());
  }
  tail_.push_back(std::move(line));
}

void BuildLog::take_word(std::string_view word, std::string rest) {
  if (word == "step") {
    step_ = std::move(rest);
    if (observer_.on_step) {
      observer_.on_step(step_);
    }
  } else if (word == "failed") {
    failure_ = std::move(rest);
  } else if (word == "wrong") {
    wrong_.push_back(std::move(rest));
  } else if (word == "package") {
    packages_.push_back(std::move(rest));
  } else if (word == "locked") {
    locked_.push_back(std::move(rest));
  } else if (word == "system") {
    system_.push_back(std::move(rest));
  } else if (word == "origin") {
    put(origins_, rest, ' ');
  } else if (word == "fact") {
    put(facts_, rest, '=');
  }
}

}  // namespace berth::environment
