#include "resolver/library_rules.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "resolver/install_rules.hpp"

namespace berth::resolver {

namespace {

std::string needs_text(const LibraryRelease& release, const Library& library) {
  std::string text = fmt::format("{} {} needs {}{}", library.name, release.version_text,
                                 library.framework, release.framework.text());
  if (release.cuda) {
    text += fmt::format(", CUDA {}", release.cuda->major_minor());
  }
  if (release.min_cuda) {
    text += fmt::format(", CUDA {} or newer", release.min_cuda->major_minor());
  }
  if (release.python_min || release.python_max) {
    text +=
        fmt::format(", Python {} to {}", release.python_min ? release.python_min->text() : "any",
                    release.python_max ? release.python_max->text() : "any");
  }
  if (release.min_capability) {
    text += fmt::format(", compute capability {} or newer", release.min_capability->text());
  }
  if (!release.processors.names.empty()) {
    text += fmt::format(", a machine of {}", fmt::join(release.processors.names, " or "));
  }
  return text;
}

// The release that comes nearest: the newest that the lines accept.
Reason why_none(const WantedLibrary& wanted, const std::string& framework_name) {
  const Library& library = *wanted.library;
  if (wanted.accepted.empty()) {
    return {
        "library", fmt::format("no release of {} satisfies {}", library.name, wanted.text()), {}};
  }
  const LibraryRelease& nearest = *wanted.accepted.front().release;
  return {"library",
          fmt::format("{}: no release of {} that {} accepts goes with it; {}", framework_name,
                      library.name, wanted.text(), needs_text(nearest, library)),
          nearest.fact.source};
}

bool needs_newer_gpu(const LibraryRelease& release, const Machine& machine) {
  return release.min_capability &&
         std::any_of(machine.gpus.begin(), machine.gpus.end(), [&](const MachineGpu& gpu) {
           return gpu.capability && *gpu.capability < *release.min_capability;
         });
}

}  // namespace

bool goes_with(const LibraryRelease& release, const pep440::Version* framework,
               const std::optional<CudaVersion>& cuda) {
  const bool other_cuda = cuda && ((release.cuda && cuda->major() != release.cuda->major()) ||
                                   (release.min_cuda && *cuda < *release.min_cuda));
  return !other_cuda && (framework == nullptr || release.framework.contains(*framework, true));
}

bool runs_on(const LibraryRelease& release, const std::optional<PythonVersion>& python) {
  return !python || !((release.python_min && *python < *release.python_min) ||
                      (release.python_max && *python > *release.python_max));
}

std::vector<const WantedLibrary::Accepted*> releases_beside(const WantedLibrary& wanted,
                                                            const pep440::Version* framework,
                                                            const std::optional<CudaVersion>& cuda,
                                                            const Machine& machine) {
  const std::optional<pep440::Version> version =
      framework != nullptr ? std::optional(framework->public_version()) : std::nullopt;
  std::vector<const WantedLibrary::Accepted*> beside;
  for (const WantedLibrary::Accepted& one : wanted.accepted) {
    if (goes_with(*one.release, version ? &*version : nullptr, cuda) &&
        !needs_newer_gpu(*one.release, machine) &&
        are_for(one.release->processors, machine.architecture)) {
      beside.push_back(&one);
    }
  }
  return beside;
}

LibraryFit library_fit(const WantedLibrary& wanted,
                       const std::vector<const WantedLibrary::Accepted*>& beside,
                       const std::optional<PythonVersion>& python,
                       const std::string& framework_name) {
  LibraryFit fit;
  const auto found = std::find_if(
      beside.begin(), beside.end(),
      [&](const WantedLibrary::Accepted* one) { return runs_on(*one->release, python); });
  if (found == beside.end()) {
    fit.newer = wanted.library->releases.size();
    fit.reason = why_none(wanted, framework_name);
    return fit;
  }
  const LibraryRelease& release = *(*found)->release;
  fit.release = &release;
  fit.version_text = (*found)->version != release.version ? (*found)->version.text()
                     : release.whole_series               ? release.version_text + ".*"
                                                          : release.version_text;
  fit.newer = static_cast<std::size_t>(&release - wanted.library->releases.data());
  return fit;
}

bool library_decides(const WantedLibrary& wanted) {
  if (wanted.accepted.empty()) {
    // Lines each of which some release satisfies, and none all of them, contradict each other.
    return wanted.lines.size() > 1 &&
           std::all_of(wanted.lines.begin(), wanted.lines.end(), [&](const WantedLine& line) {
             return std::any_of(wanted.library->releases.begin(), wanted.library->releases.end(),
                                [&](const LibraryRelease& release) {
                                  return version_in_row(release, {&line, 1}).has_value();
                                });
           });
  }
  const bool pinned =
      std::any_of(wanted.lines.begin(), wanted.lines.end(),
                  [](const WantedLine& line) { return line.specifiers.pinned().has_value(); });
  return pinned || !wanted.library->sparse;
}

}  // namespace berth::resolver
