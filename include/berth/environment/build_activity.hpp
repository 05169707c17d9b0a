// What a package manager is at, read from the lines that pip, uv and apt print for people. A line
// that nobody knows changes nothing, so that a new release of one of them costs a word on the
// screen and no more.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace berth::environment {

class BuildActivity {
 public:
  // What was known belongs to the step before.
  void begin_step();
  void take(std::string_view line);
  // Counters of one download, as BuildLog tells them.
  void count(std::uint64_t done, std::uint64_t total);

  const std::string& text() const { return text_; }  // "downloading numpy 2.0.2"; empty: not known
  std::uint64_t done() const { return done_; }
  std::uint64_t total() const { return total_; }  // 0: not known

 private:
  bool take_pip(std::string_view line);
  bool take_uv(std::string_view line);
  bool take_apt(std::string_view line);
  void now(std::string text, std::uint64_t total = 0);
  void show_downloads();

  std::string text_{};
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> downloads_{};  // of uv, which has many at once
  std::uint64_t downloaded_ = 0;  // bytes of those that it has finished
  std::uint64_t fetched_ = 0;     // by apt: what it asked for before the latest
  std::uint64_t fetching_ = 0;
  std::uint64_t needed_ = 0;  // apt: "Need to get 12.3 MB of archives."
};

}  // namespace berth::environment
