// The environment of a container as a list without duplicates: setting a name again replaces it in
// its place.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::runtime {

class EnvironmentList {
 public:
  void set(const std::string& name, const std::string& value) { put(name, name + "=" + value); }
  // Takes the image's value away, too: docker's bare NAME.
  void remove(const std::string& name) { put(name, name); }

  // "NAME=value", or "NAME" alone.
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  void put(const std::string& name, std::string line) {
    const auto same_name = [&name](const std::string& other) {
      return std::string_view(other).substr(0, other.find('=')) == name;
    };
    const auto found = std::find_if(lines_.begin(), lines_.end(), same_name);
    if (found != lines_.end()) {
      *found = std::move(line);
    } else {
      lines_.push_back(std::move(line));
    }
  }

  std::vector<std::string> lines_{};
};

}  // namespace berth::runtime
