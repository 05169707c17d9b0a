#include "environment/locked_lines.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "berth/base/credentials.hpp"

namespace berth::environment {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWorkspace = "/workspace";
constexpr std::string_view kGit = "git+";

std::string with_hashes(std::string line, const std::vector<std::string>& hashes) {
  for (const std::string& hash : hashes) {
    line += " --hash=" + hash;
  }
  return line;
}

// The line at the commit that is locked for its address, in place of a branch or a tag.
std::string at_commit(const std::string& text, const LockedPackages& locked) {
  for (const LockedPackage& package : locked.packages) {
    const std::size_t at = package.from.rfind('@');
    if (!package.from.starts_with(kGit) || at == std::string::npos) {
      continue;
    }
    // Behind the scheme, before which a user name may stand that the lock does not have.
    const std::string whole = package.from.substr(0, at);
    const std::size_t scheme = whole.find("://");
    const std::string place = scheme == std::string::npos ? whole : whole.substr(scheme + 3);
    const std::size_t found = text.find(place);
    if (place.empty() || found == std::string::npos || text.find(kGit) == std::string::npos) {
      continue;
    }
    const std::size_t behind = found + place.size();
    const std::size_t end = std::min(text.find_first_of("# ;", behind), text.size());
    if (behind == end || text[behind] == '@') {
      return text.substr(0, behind) + package.from.substr(at) + text.substr(end);
    }
  }
  return text;
}

// The package of a file that the line names by its address.
const LockedPackage* locked_file(const std::string& text, const LockedPackages& locked) {
  const std::string shown = without_credentials(text);
  const auto found = std::find_if(
      locked.packages.begin(), locked.packages.end(), [&shown](const LockedPackage& package) {
        return package.from.find("://") != std::string::npos && !package.hashes.empty() &&
               shown.find(package.from) != std::string::npos;
      });
  return found == locked.packages.end() ? nullptr : &*found;
}

}  // namespace

bool is_from_machine(std::string_view line) {
  return line.find(std::string(kLocalFiles) + "/") != std::string_view::npos ||
         line.starts_with("-e " + std::string(kWorkspace));
}

std::string place_in_build(const LocalSource& source) {
  const fs::path folder = source.in_project ? kWorkspace : kLocalFiles;
  return (folder / source.name).lexically_normal().string();
}

std::string line_text(const PipLine& line, const LocalByLine& local) {
  const std::string flag = line.editable ? "-e " : "";
  if (const auto found = local.find(line.text); found != local.end()) {
    const LocalSource& source = found->second;
    const std::string scheme = source.before.empty() ? "" : "file://";
    return flag + source.before + scheme + place_in_build(source) + source.after;
  }
  return flag + line.text;
}

bool is_direct(const PipLine& line) {
  return line.kind == PipLine::Kind::path || line.kind == PipLine::Kind::address ||
         (line.kind == PipLine::Kind::requirement && line.text.find('@') != std::string::npos);
}

LockedLines locked_lines(const LockedPackages& locked, const std::vector<PipLine>& asked,
                         const LocalByLine& local) {
  LockedLines lines;
  std::set<const LockedPackage*> by_line;
  for (const PipLine& line : asked) {
    if (!is_direct(line)) {
      continue;
    }
    const std::string text = line_text(line, local);
    const auto source = local.find(line.text);
    const bool has_hash = text.find("--hash") != std::string::npos;
    if (source != local.end() && source->second.is_file) {
      lines.packages.push_back(has_hash ? text
                                        : with_hashes(text, {"sha256:" + source->second.digest}));
    } else if (const LockedPackage* file = locked_file(line.text, locked); file != nullptr) {
      by_line.insert(file);
      lines.packages.push_back(has_hash ? text : with_hashes(text, file->hashes));
    } else {
      lines.direct.push_back(at_commit(text, locked));
    }
  }
  for (const LockedPackage& package : locked.packages) {
    // What has no hash, or lies on the caller's machine, is what a line has asked for.
    const bool from_index =
        !package.hashes.empty() && !package.from.starts_with('.') && !by_line.contains(&package);
    if (from_index) {
      (package.stage == "frameworks" ? lines.frameworks : lines.packages)
          .push_back(with_hashes(package.text(), package.hashes));
    }
  }
  for (auto* each : {&lines.frameworks, &lines.packages, &lines.direct}) {
    std::sort(each->begin(), each->end());
  }
  return lines;
}

}  // namespace berth::environment
