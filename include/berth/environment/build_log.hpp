// What a build's container says: the lines for berth (src/environment/recipe/build.sh) and the log
// for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::environment {

class BuildLog {
 public:
  struct Observer {
    std::function<void(std::string_view step)> on_step{};
    std::function<void(std::string_view line)> on_line{};  // of the log, without its end
    // Counters of pip's download; no line of the log, of which they would be most.
    std::function<void(std::uint64_t done, std::uint64_t total)> on_count{};
  };

  explicit BuildLog(Observer observer) : observer_(std::move(observer)) {}

  // Texts that are replaced wherever they stand from now on, before anybody sees them.
  void hide(std::vector<std::string> secrets);

  // Bytes of standard output and standard error alike. Lines may come in pieces.
  void feed(std::string_view bytes);
  // The last line, where it has no end. The observer hears nothing any more.
  void finish();

  const std::string& step() const { return step_; }        // the latest
  const std::string& failure() const { return failure_; }  // "python-package"; empty: none was said
  const std::vector<std::string>& wrong() const { return wrong_; }  // what the last check found
  const std::map<std::string, std::string>& facts() const { return facts_; }
  const std::vector<std::string>& packages() const { return packages_; }  // "numpy==1.26.4"
  // "packages numpy==1.26.4 https://… sha256:…": of build.sh lock.
  const std::vector<std::string>& locked() const { return locked_; }
  const std::vector<std::string>& system() const { return system_; }  // "libc6"
  // Of packages that came from an address: "mine" -> "git+https://host/mine.git@<commit>".
  const std::map<std::string, std::string>& origins() const { return origins_; }
  // The last lines of the log, oldest first: what a diagnosis reads.
  const std::vector<std::string>& tail() const { return tail_; }

 private:
  void take(std::string line);
  bool take_count(std::string_view line);
  void take_word(std::string_view word, std::string rest);

  Observer observer_;
  std::vector<std::string> secrets_{};
  std::string open_{};  // a line without its end
  std::string step_{};
  std::string failure_{};
  std::vector<std::string> wrong_{};
  std::map<std::string, std::string> facts_{};
  std::vector<std::string> packages_{};
  std::vector<std::string> locked_{};
  std::vector<std::string> system_{};
  std::map<std::string, std::string> origins_{};
  std::vector<std::string> tail_{};
};

}  // namespace berth::environment
