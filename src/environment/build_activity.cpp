#include "berth/environment/build_activity.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "berth/base/text.hpp"

namespace berth::environment {

namespace {

// "12.4 MB" of pip, "33.7MiB" of uv, "7,256 kB" of apt: with an i powers of 1024, else of 1000. 0
// for all else.
std::uint64_t size_in(std::string_view text) {
  constexpr std::size_t kLongest = 12;
  constexpr std::string_view kPrefixes = "kMGT";
  std::string number;
  while (!text.empty() && number.size() < kLongest &&
         (text[0] == '.' || text[0] == ',' || (text[0] >= '0' && text[0] <= '9'))) {
    number += text[0] == ',' ? std::string() : std::string(1, text[0]);
    text.remove_prefix(1);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value,
                                            std::chars_format::fixed);
  text = trimmed(text);
  if (error != std::errc() || end != number.data() + number.size() || text.empty()) {
    return 0;
  }
  const char letter = text[0] == 'K' ? 'k' : text[0];
  const std::size_t power = letter == 'B' ? 0 : kPrefixes.find(letter) + 1;
  if (letter != 'B' && kPrefixes.find(letter) == std::string_view::npos) {
    return 0;
  }
  const double step = text.substr(1).starts_with('i') ? 1024 : 1000;
  for (std::size_t i = 0; i < power; ++i) {
    value *= step;
  }
  constexpr double kMost = 1e15;  // nobody offers a petabyte
  return value < kMost ? static_cast<std::uint64_t>(value) : 0;
}

// Of "FILE (12.4 MB)" and "numpy (16.1MiB)".
std::uint64_t size_in_parentheses(std::string_view text) {
  const std::size_t at = text.rfind(" (");
  return at == std::string_view::npos ? 0 : size_in(text.substr(at + 2));
}

std::string_view first_word(std::string_view text) {
  return text.substr(0, text.find(' '));
}

// "numpy 2.4.6" of "https://host/numpy-2.4.6-cp311-….whl" or "numpy-2.4.6.tar.gz"; else the name of
// the file.
std::string package_of(std::string_view file) {
  file = file.substr(0, file.find_first_of("#?"));
  file.remove_prefix(std::min(file.rfind('/') + 1, file.size()));  // npos + 1 is 0
  std::string_view stem = file;
  if (stem.ends_with(".whl")) {
    const std::vector<std::string> parts = split(stem, '-');
    return parts.size() < 3 ? std::string(file) : parts[0] + ' ' + parts[1];
  }
  for (const std::string_view ending : {".tar.gz", ".zip", ".tar.bz2"}) {
    stem = stem.ends_with(ending) ? stem.substr(0, stem.size() - ending.size()) : stem;
  }
  const std::size_t dash = stem.rfind('-');
  if (stem.size() == file.size() || dash == std::string_view::npos) {
    return std::string(file);
  }
  return fmt::format("{} {}", stem.substr(0, dash), stem.substr(dash + 1));
}

// The text behind `start`, where the line begins with it.
std::optional<std::string_view> behind(std::string_view line, std::string_view start) {
  return line.starts_with(start) ? std::optional(line.substr(start.size())) : std::nullopt;
}

}  // namespace

void BuildActivity::begin_step() {
  *this = {};
}

void BuildActivity::now(std::string text, std::uint64_t total) {
  text_ = std::move(text);
  done_ = 0;
  total_ = total;
}

void BuildActivity::count(std::uint64_t done, std::uint64_t total) {
  done_ = total == 0 ? done : std::min(done, total);
  total_ = total;
}

void BuildActivity::take(std::string_view line) {
  constexpr std::size_t kLongest = 1000;  // nothing that is looked for is longer
  line = trimmed(line.substr(0, kLongest));
  static_cast<void>(take_uv(line) || take_pip(line) || take_apt(line));
}

bool BuildActivity::take_pip(std::string_view line) {
  if (const auto rest = behind(line, "Collecting ")) {
    now(fmt::format("looking for {}", first_word(*rest)));
  } else if (const auto file = behind(line, "Downloading ")) {
    now("downloading " + package_of(first_word(*file)), size_in_parentheses(*file));
  } else if (const auto cached = behind(line, "Using cached ")) {
    now(fmt::format("taking {} from the cache", package_of(first_word(*cached))));
  } else if (const auto built = behind(line, "Building wheel for ")) {
    const bool begins = !line.ends_with("finished with status 'done'");
    now(begins ? fmt::format("building {}", first_word(*built)) : std::string());
  } else if (line.starts_with("Installing build dependencies: started")) {
    now("installing what it is built with");
  } else if (const auto packages = behind(line, "Installing collected packages: ")) {
    const auto count = 1 + std::count(packages->begin(), packages->end(), ',');
    now(count == 1 ? fmt::format("installing {}", *packages)
                   : fmt::format("installing {} packages", count));
  } else if (const auto repository = behind(line, "Cloning ")) {
    now(fmt::format("cloning {}", first_word(*repository)));
  } else {
    return false;
  }
  return true;
}

// uv downloads many at once, says each when it begins and when it is there, and counts no bytes
// between.
bool BuildActivity::take_uv(std::string_view line) {
  if (const auto rest = behind(line, "Downloading "); rest && line.ends_with("iB)")) {
    downloads_.insert_or_assign(std::string(first_word(*rest)), size_in_parentheses(*rest));
    show_downloads();
  } else if (const auto there = behind(line, "Downloaded ")) {
    if (const auto found = downloads_.find(first_word(*there)); found != downloads_.end()) {
      downloaded_ += found->second;
      downloads_.erase(found);
    }
    show_downloads();
  } else if (const auto built = behind(line, "Building ");
             built && built->find("==") != std::string_view::npos) {
    now(fmt::format("building {}", first_word(*built)));
  } else if (const auto prepared = behind(line, "Prepared ")) {
    now(fmt::format("installing {} packages", first_word(*prepared)));
  } else {
    return false;
  }
  return true;
}

void BuildActivity::show_downloads() {
  constexpr std::size_t kNamed = 3;
  std::vector<std::string> names;
  std::uint64_t total = downloaded_;
  for (const auto& [name, size] : downloads_) {
    total += size;
    if (names.size() < kNamed) {
      names.push_back(name);
    }
  }
  const std::size_t more = downloads_.size() - names.size();
  now(names.empty() ? std::string()
                    : fmt::format("downloading {}{}", join(names, ", "),
                                  more == 0 ? std::string() : fmt::format(" and {} more", more)),
      names.empty() ? 0 : total);
  done_ = names.empty() ? 0 : downloaded_;
}

// "Get:3 http://host/debian bookworm/main amd64 git amd64 1:2.39.5 [7256 kB]", and of lists
// "Get:1 http://host/debian bookworm InRelease [151 kB]": told when it begins.
bool BuildActivity::take_apt(std::string_view line) {
  if (const auto rest = behind(line, "Need to get ")) {
    needed_ = size_in(*rest);
    fetched_ = fetching_ = 0;
  } else if (line.starts_with("Get:")) {
    constexpr std::size_t kNameOfPackage = 4;
    const std::vector<std::string> words = split(line, ' ');
    const std::size_t bracket = line.rfind('[');
    fetched_ += fetching_;
    fetching_ = bracket == std::string_view::npos ? 0 : size_in(line.substr(bracket + 1));
    const bool package = words.size() > kNameOfPackage + 3;
    now("fetching " + (package            ? words[kNameOfPackage]
                       : words.size() > 2 ? words[2]
                                          : std::string("lists")),
        needed_);
    done_ = needed_ == 0 ? fetched_ : std::min(fetched_, needed_);
  } else if (const auto unpacked = behind(line, "Unpacking ")) {
    now(fmt::format("unpacking {}", unpacked->substr(0, unpacked->find_first_of(": "))));
  } else if (const auto set_up = behind(line, "Setting up ")) {
    now(fmt::format("setting up {}", set_up->substr(0, set_up->find_first_of(": "))));
  } else {
    return false;
  }
  return true;
}

}  // namespace berth::environment
