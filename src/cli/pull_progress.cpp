#include "cli/pull_progress.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/bytes.hpp"

namespace berth::cli {

namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};
constexpr unsigned kMostLayersShown = 12;  // the rest is in the total
constexpr unsigned kBarWidth = 24;

std::string filled(double share) {
  const unsigned full = static_cast<unsigned>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  return std::string(full, '#') + std::string(kBarWidth - full, '.');
}

bool is_final(const std::string& status) {
  return status == "Pull complete" || status == "Already exists";
}

// Only these carry counters of the network; "Extracting" counts the same bytes again.
bool counts_download(const std::string& status) {
  return status == "Downloading";
}

}  // namespace

PullProgress::Layer& PullProgress::layer(const std::string& id) {
  const auto [position, added] = index_.try_emplace(id, layers_.size());
  if (added) {
    layers_.push_back(Layer{id, "", 0, 0, false});
  }
  return layers_[position->second];
}

void PullProgress::show(const runtime::PullEvent& event, Clock::time_point now) {
  std::string before = headline_;
  if (event.layer.empty()) {
    headline_ = event.status;
  } else {
    Layer& changed = layer(event.layer);
    before = changed.status;
    changed.status = event.status;
    changed.done = is_final(event.status);
    if (event.total > 0) {
      changed.total = event.total;
    }
    if (counts_download(event.status)) {
      changed.current = event.current;
    } else if (event.status == "Download complete" || changed.done) {
      changed.current = changed.total;
    }
  }
  if (!terminal_.is_terminal()) {
    show_line(event, before);
  } else if (now >= next_draw_) {
    draw();
    next_draw_ = now + kRedrawInterval;
  }
}

void PullProgress::show_line(const runtime::PullEvent& event, const std::string& before) {
  if (event.status == before) {
    return;
  }
  stream_ << (event.layer.empty() ? event.status : event.layer + ": " + event.status) << '\n';
  stream_.flush();
}

void PullProgress::finish() {
  if (terminal_.is_terminal() && !layers_.empty()) {
    draw();
  }
}

std::string PullProgress::bar(const Layer& shown) const {
  if (shown.total == 0 || shown.done) {
    return fmt::format("{}  {}", shown.id, shown.status);
  }
  const double share = static_cast<double>(shown.current) / static_cast<double>(shown.total);
  return fmt::format("{}  [{}] {:<18} {} / {}", shown.id, filled(share), shown.status,
                     format_bytes(shown.current), format_bytes(shown.total));
}

std::string PullProgress::total_bar() const {
  std::uint64_t current = 0;
  std::uint64_t total = 0;
  std::size_t done = 0;
  for (const Layer& counted : layers_) {
    current += counted.current;
    total += counted.total;
    done += counted.done ? 1 : 0;
  }
  const double share = total == 0 ? 0 : static_cast<double>(current) / static_cast<double>(total);
  return fmt::format("total         [{}] {} of {} layers, {} / {}", filled(share), done,
                     layers_.size(), format_bytes(current), format_bytes(total));
}

void PullProgress::draw() {
  std::vector<std::string> lines;
  std::size_t hidden = 0;
  for (const Layer& shown : layers_) {
    // Layers under way matter most; finished ones give up their lines when there are many.
    if (layers_.size() > kMostLayersShown && (shown.done || lines.size() >= kMostLayersShown)) {
      ++hidden;
      continue;
    }
    lines.push_back(bar(shown));
  }
  if (hidden > 0) {
    lines.push_back(fmt::format("… and {} layers more", hidden));
  }
  lines.push_back(total_bar());
  drawn_.draw(lines);
}

}  // namespace berth::cli
