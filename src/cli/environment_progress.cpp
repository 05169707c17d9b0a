#include "cli/environment_progress.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"

namespace berth::cli {

namespace {

using std::chrono::seconds;

constexpr std::chrono::milliseconds kRedrawInterval{100};

// "0:07", "1:02:03".
std::string clock_text(EnvironmentProgress::Clock::duration elapsed) {
  const auto all = std::chrono::duration_cast<seconds>(elapsed).count();
  const auto minutes = all / 60 % 60;
  return all < 3600 ? fmt::format("{}:{:02}", minutes, all % 60)
                    : fmt::format("{}:{:02}:{:02}", all / 3600, minutes, all % 60);
}

std::string bytes_text(const environment::BuildActivity& activity) {
  if (activity.total() == 0) {
    return activity.done() == 0 ? std::string() : ", " + format_bytes(activity.done());
  }
  return activity.done() == 0 ? ", " + format_bytes(activity.total())
                              : fmt::format(", {} of {}", format_bytes(activity.done()),
                                            format_bytes(activity.total()));
}

// A step may name a hundred packages; the half of the line is for what happens to them.
std::string shortened(const std::string& step, unsigned width) {
  constexpr unsigned kLeast = 20;
  const unsigned most = std::max(width / 2, kLeast);
  const std::string cut = cut_to_columns(step, most);
  return cut.size() == step.size() ? step : cut + "…";
}

}  // namespace

void EnvironmentProgress::step(std::string_view text, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (!live_) {
    messages_.note(text);
    return;
  }
  end_step(now);
  step_ = printable(text, std::string::npos);
  began_ = now;
  draw(now);
}

void EnvironmentProgress::line(std::string_view text, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  activity_.take(text);
  draw_if_due(now);
}

void EnvironmentProgress::count(std::uint64_t done, std::uint64_t total, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  activity_.count(done, total);
  draw_if_due(now);
}

void EnvironmentProgress::commit(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  committing_ = true;
  draw_if_due(now);
}

void EnvironmentProgress::beat(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  draw_if_due(now);
}

void EnvironmentProgress::end(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  end_step(now);
}

void EnvironmentProgress::end_step(Clock::time_point now) {
  activity_.begin_step();
  committing_ = false;
  if (live_ && !step_.empty()) {
    drawn_.clear();
    messages_.note(fmt::format("{} ({})", step_, clock_text(now - began_)));
  }
  step_.clear();
}

void EnvironmentProgress::draw_if_due(Clock::time_point now) {
  if (live_ && !step_.empty() && now >= next_draw_) {
    draw(now);
  }
}

void EnvironmentProgress::draw(Clock::time_point now) {
  next_draw_ = now + kRedrawInterval;
  std::string line = fmt::format("{:>5}  {}", clock_text(now - began_),
                                 shortened(step_, messages_.terminal().width()));
  if (committing_) {
    line += ": keeping it as an image";
  } else if (!activity_.text().empty()) {
    line += ": " + printable(activity_.text()) + bytes_text(activity_);
  } else {
    line += bytes_text(activity_);
  }
  drawn_.draw({line});
}

}  // namespace berth::cli
