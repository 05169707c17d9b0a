#include "berth/environment/local_sources.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <system_error>

#include "berth/base/credentials.hpp"
#include "berth/base/file.hpp"
#include "berth/base/pip_variables.hpp"
#include "berth/base/sha256.hpp"
#include "berth/base/text.hpp"
#include "environment/source_folder.hpp"

namespace berth::environment {

namespace {

namespace fs = std::filesystem;
using Variables = std::map<std::string, std::string>;

constexpr std::string_view kFileScheme = "file://";
constexpr std::size_t kDigestInName = 16;

// A line taken apart around its path.
struct PathLine {
  std::string before;  // "mypkg @ "
  fs::path path;
  std::string after;  // "[dev]", " ; python_version < '3.11'"
};

// Empty path: the line names nothing on this machine.
PathLine taken_apart(const PipLine& line, const Variables& variables) {
  std::string text = line.text;
  PathLine apart;
  const std::size_t scheme = text.find(kFileScheme);
  if (line.kind != PipLine::Kind::path && scheme == std::string::npos) {
    return apart;
  }
  if (scheme != std::string::npos) {
    apart.before = text.substr(0, scheme);
    text.erase(0, scheme + kFileScheme.size());
  }
  std::size_t end = text.size();
  for (const char* behind : {" ;", "; ", " --", "#"}) {
    end = std::min(end, text.find(behind));
  }
  std::string path(trimmed(std::string_view(text).substr(0, end)));
  apart.after = text.substr(std::min(end, text.size()));
  if (const std::size_t extras = path.rfind('[');
      extras != std::string::npos && path.ends_with(']')) {
    apart.after.insert(0, path.substr(extras));
    path.erase(extras);
  }
  apart.path = fs::path(with_pip_variables(path, variables)).lexically_normal();
  if (!apart.path.has_filename()) {
    apart.path = apart.path.parent_path();
  }
  return apart;
}

Failure refused(const PipLine& line, const std::string& what, std::string_view hint = {}) {
  Error error = Error{Errc::invalid_input, fmt::format("{}: {}", line.origin.text, what)}.named(
      "local-source");
  if (!hint.empty()) {
    error.hint(std::string(hint));
  }
  return fail(std::move(error));
}

bool is_package(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "pyproject.toml", error) || fs::exists(folder / "setup.py", error);
}

Result<SourceFolder> package_folder(const PipLine& line, const fs::path& folder) {
  if (!is_package(folder)) {
    return refused(line,
                   fmt::format("`{}` is no package: it has neither pyproject.toml nor setup.py",
                               folder.string()));
  }
  BERTH_TRY(SourceFolder content, source_folder(folder));
  if (content.bytes > LocalSources::kMostBytes || content.files.size() > LocalSources::kMostFiles) {
    return refused(
        line,
        fmt::format("`{}` is too large for a package: more than {} MiB or {} files",
                    folder.string(), LocalSources::kMostBytes >> 20, LocalSources::kMostFiles),
        "data belongs outside of it: `--mount` brings it into the container");
  }
  return content;
}

// Where the folder is below /workspace; "." for the project itself.
Result<std::string> place_in_project(const PipLine& line, const fs::path& folder,
                                     const fs::path& project) {
  const std::string inside = project.empty() ? ".." : folder.lexically_relative(project).string();
  if (inside.empty() || inside == ".." || inside.starts_with("../")) {
    return refused(
        line,
        fmt::format("`{}` cannot be editable: it is outside of the project, which is all "
                    "that a container has of this machine",
                    folder.string()),
        fmt::format("`{}` without `-e` installs it", folder.string()));
  }
  return inside;
}

}  // namespace

Result<LocalSources> LocalSources::find(const PackageRequest& packages, const fs::path& project,
                                        const Variables& variables) {
  LocalSources found;
  for (const auto* lines : {&packages.lines, &packages.constraints}) {
    for (const PipLine& line : *lines) {
      BERTH_CHECK(found.add(line, project, variables));
    }
  }
  return found;
}

Result<void> LocalSources::add(const PipLine& line, const fs::path& project,
                               const Variables& variables) {
  const PathLine apart = taken_apart(line, variables);
  if (apart.path.empty() || line.kind == PipLine::Kind::option) {
    return {};
  }
  const fs::path& path = apart.path;
  if (apart.before.ends_with("git+")) {
    return refused(
        line,
        fmt::format("`git+file://{}` is a repository of this machine, which a build in a "
                    "container cannot reach",
                    path.string()),
        fmt::format("`{}` alone installs the folder as it is; a commit needs an address "
                    "that the container reaches (git+https, git+ssh)",
                    path.string()));
  }
  LocalSource source{.before = apart.before, .after = apart.after};
  std::error_code error;
  if (fs::is_directory(path, error)) {
    BERTH_TRY(const SourceFolder content, package_folder(line, path));
    for (const std::string& name : content.large) {
      notes_.push_back(
          fmt::format("`{}` is too large for a package, and left out", (path / name).string()));
    }
    if (line.editable) {
      BERTH_TRY(source.name, place_in_project(line, path, project));
      BERTH_TRY(source.digest, editable_digest_of(path, content));
      source.in_project = true;
    } else {
      BERTH_TRY(source.digest, digest_of(path, content));
    }
  } else if (fs::is_regular_file(path, error)) {
    BERTH_TRY(const std::string bytes, read_file(path, kLargestArchive));
    source.digest = sha256_hex(bytes);
    source.is_file = true;
  } else {
    return refused(line, fmt::format("`{}` is not there", path.string()));
  }
  if (!source.in_project) {
    source.name = source.digest.substr(0, kDigestInName) + "/" + path.filename().string();
  }
  sources_[line.text] = std::move(source);
  places_[line.text] = path;
  return {};
}

bool LocalSources::has_editable() const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const auto& source) { return source.second.in_project; });
}

Result<void> LocalSources::pack(TarWriter& archive) const {
  for (const auto& [text, path] : places_) {
    const LocalSource& source = sources_.at(text);
    const fs::path name = (fs::path(source.in_project ? "files/workspace" : "files") / source.name)
                              .lexically_normal();
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      BERTH_TRY(const std::string bytes, read_file(path, kLargestArchive));
      archive.add_file(name.string(), bytes);
      continue;
    }
    BERTH_TRY(const SourceFolder content, source_folder(path));
    for (const SourceFolder::File& file : content.files) {
      BERTH_TRY(const std::string bytes, read_file(path / file.name, kLargeFile));
      archive.add_file((name / file.name).string(), bytes, file.executable ? 0755 : 0644);
    }
  }
  return {};
}

}  // namespace berth::environment
