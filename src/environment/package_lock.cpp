#include "berth/environment/package_lock.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>

#include "berth/base/credentials.hpp"
#include "berth/base/text.hpp"
#include "environment/locked_lines.hpp"

namespace berth::environment {

namespace {

namespace fs = std::filesystem;

std::string place_of(const LocalSource& source) {
  const fs::path path = source.name;
  return source.in_project ? path.lexically_normal().string() : path.filename().string();
}

LockInput input_of(const PipLine& line, const std::map<std::string, LocalSource>& local) {
  const std::string flag = line.editable ? "-e " : "";
  if (const auto found = local.find(line.text); found != local.end()) {
    const LocalSource& source = found->second;
    return {place_of(source),
            fmt::format("{}{}{}{} sha256:{}", flag, source.before, place_of(source), source.after,
                        source.digest),
            line.origin.text};
  }
  const std::string text = without_credentials(flag + line.text);
  const bool option = line.kind == PipLine::Kind::option;
  return {option ? "option" : line.name.empty() ? text : line.name, text, line.origin.text};
}

// What pip calls the file or folder in the build -> what the caller does.
std::string local_place(std::string_view from, const LocalSource& source) {
  const std::string address = "file://" + place_in_build(source);
  const bool same = from == address || from == address + "/";
  return !same ? std::string() : source.name == "." ? "." : "./" + place_of(source);
}

}  // namespace

std::vector<LockInput> package_inputs(const PackageRequest& packages,
                                      const std::map<std::string, LocalSource>& local,
                                      const std::vector<LockInput>& of_image) {
  std::vector<LockInput> inputs;
  for (const PipLine& line : packages.lines) {
    const bool decided = line.kind == PipLine::Kind::requirement &&
                         std::any_of(of_image.begin(), of_image.end(), [&](const LockInput& other) {
                           return other.name == line.name;
                         });
    if (!decided) {
      inputs.push_back(input_of(line, local));
    }
  }
  for (const PipLine& line : packages.constraints) {
    LockInput input = input_of(line, local);
    inputs.push_back({"-c " + input.name, std::move(input.text), std::move(input.origin)});
  }
  for (const Sourced<std::string>& package : packages.apt) {
    inputs.push_back({"--apt", package.value, package.origin.text});
  }
  return sorted_inputs(std::move(inputs));
}

std::vector<LockedPackage> locked_packages(const BuildLog& said,
                                           const std::map<std::string, LocalSource>& local) {
  std::vector<LockedPackage> packages;
  for (const std::string& line : said.locked()) {
    const std::vector<std::string> words = split(line, ' ');
    const std::size_t equals = words.size() > 1 ? words[1].find("==") : std::string::npos;
    if (words.size() < 3 || equals == std::string::npos) {
      continue;
    }
    LockedPackage package{words[1].substr(0, equals),
                          words[1].substr(equals + 2),
                          words[0],
                          without_credentials(words[2]),
                          {words.begin() + 3, words.end()}};
    for (const auto& [text, source] : local) {
      if (const std::string place = local_place(words[2], source); !place.empty()) {
        package.from = place;
        package.hashes.clear();
        if (source.is_file) {
          package.hashes.push_back("sha256:" + source.digest);
        }
      }
    }
    std::sort(package.hashes.begin(), package.hashes.end());
    packages.push_back(std::move(package));
  }
  std::sort(packages.begin(), packages.end(),
            [](const LockedPackage& a, const LockedPackage& b) { return a.name < b.name; });
  return packages;
}

std::vector<std::string> without_hash(const std::vector<LockedPackage>& packages) {
  std::vector<std::string> texts;
  for (const LockedPackage& package : packages) {
    if (package.hashes.empty()) {
      texts.push_back(fmt::format("{} {} ({})", package.name, package.version, package.from));
    }
  }
  return texts;
}

}  // namespace berth::environment
