#include "resolver/library_rules.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace berth::resolver {

namespace {

std::string needs_text(const LibraryRelease& release, const Library& library) {
  std::string text = fmt::format("{} {} needs {}{}", library.name, release.version_text,
                                 library.framework, release.framework.text());
  if (release.cuda) {
    text += fmt::format(", CUDA {}", release.cuda->major_minor());
  }
  if (release.python_min || release.python_max) {
    text +=
        fmt::format(", Python {} to {}", release.python_min ? release.python_min->text() : "any",
                    release.python_max ? release.python_max->text() : "any");
  }
  if (release.min_capability) {
    text += fmt::format(", compute capability {} or newer", release.min_capability->text());
  }
  return text;
}

// The release that comes nearest: the newest that the lines accept.
Reason why_none(const WantedLibrary& wanted, const std::string& framework_name) {
  const Library& library = *wanted.library;
  for (const LibraryRelease& release : library.releases) {
    if (version_in_row(release.version, release.whole_series, wanted.lines, "", false)) {
      return {"library",
              fmt::format("{}: no release of {} that {} accepts goes with it; {}", framework_name,
                          library.name, wanted.text(), needs_text(release, library)),
              release.fact.source};
    }
  }
  return {"library", fmt::format("{}: no release of {}", framework_name, library.name), {}};
}

}  // namespace

LibraryObstacle library_obstacle(const LibraryRelease& release, const LibraryGround& ground) {
  if (!release.framework.contains(ground.framework.public_version(), true)) {
    return LibraryObstacle::framework;
  }
  if (release.cuda && ground.cuda && ground.cuda->major() != release.cuda->major()) {
    return LibraryObstacle::cuda;
  }
  if (ground.python && ((release.python_min && *ground.python < *release.python_min) ||
                        (release.python_max && *ground.python > *release.python_max))) {
    return LibraryObstacle::python;
  }
  return LibraryObstacle::none;
}

LibraryObstacle library_obstacle(const LibraryRelease& release, const WantedLibrary& wanted,
                                 const LibraryGround& ground, const Machine& machine) {
  if (!version_in_row(release.version, release.whole_series, wanted.lines, "", false)) {
    return LibraryObstacle::lines;
  }
  if (const LibraryObstacle own = library_obstacle(release, ground); own != LibraryObstacle::none) {
    return own;
  }
  const bool too_old =
      release.min_capability &&
      std::any_of(machine.gpus.begin(), machine.gpus.end(), [&](const MachineGpu& gpu) {
        return gpu.capability && *gpu.capability < *release.min_capability;
      });
  return too_old ? LibraryObstacle::gpu : LibraryObstacle::none;
}

LibraryFit library_fit(const WantedLibrary& wanted, const LibraryGround& ground,
                       const std::string& framework_name, const Machine& machine) {
  LibraryFit fit;
  for (const LibraryRelease& release : wanted.library->releases) {
    if (library_obstacle(release, wanted, ground, machine) == LibraryObstacle::none) {
      const std::optional<pep440::Version> version =
          version_in_row(release.version, release.whole_series, wanted.lines, "", false);
      fit.release = &release;
      fit.version_text = *version == release.version ? release.version_text : version->text();
      return fit;
    }
    ++fit.newer;
  }
  fit.reason = why_none(wanted, framework_name);
  return fit;
}

bool library_decides(const WantedLibrary& wanted) {
  const bool pinned =
      std::any_of(wanted.lines.begin(), wanted.lines.end(),
                  [](const WantedLine& line) { return line.specifiers.pinned().has_value(); });
  const bool all_known = pinned || !wanted.library->sparse;
  return all_known && std::any_of(wanted.library->releases.begin(), wanted.library->releases.end(),
                                  [&](const LibraryRelease& release) {
                                    return version_in_row(release.version, release.whole_series,
                                                          wanted.lines, "", false)
                                        .has_value();
                                  });
}

}  // namespace berth::resolver
