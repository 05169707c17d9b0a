#include "berth/environment/image_packages.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "berth/base/credentials.hpp"
#include "berth/base/dotted_version.hpp"

namespace berth::environment {

namespace {

// Without pip's options behind the requirement: `--hash=…`.
std::optional<pep508::Requirement> requirement_of(const PipLine& line) {
  if (line.kind != PipLine::Kind::requirement) {
    return std::nullopt;
  }
  const std::size_t options = line.text.find(" --");
  Result<pep508::Requirement> parsed = pep508::Requirement::parse(line.text.substr(0, options));
  return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

bool accepts(const pep508::Requirement& requirement, const std::string& installed) {
  const std::optional<pep440::Version> version = pep440::Version::parse(installed);
  // What is installed was wanted, pre-release or not. A distribution or NVIDIA builds from a state
  // before the release and calls it 2.4.0a0+07cecf4: for a user that is 2.4.0.
  return version.has_value() && (requirement.specifiers.contains(*version, true) ||
                                 (!version->local().empty() && version->is_prerelease() &&
                                  requirement.specifiers.contains(version->base_version(), true)));
}

bool is_held(const std::string& name) {
  constexpr std::array<std::string_view, 16> kNames = {
      "torch",          "torchvision",  "torchaudio",       "torchtext",
      "torchdata",      "triton",       "tensorflow",       "tensorflow-cpu",
      "tensorflow-gpu", "jax",          "jaxlib",           "torch-tensorrt",
      "mxnet",          "paddlepaddle", "paddlepaddle-gpu", "onnxruntime-gpu"};
  constexpr std::array<std::string_view, 4> kFamilies = {"nvidia-", "pytorch-triton", "jax-cuda",
                                                         "tf-nightly"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         std::any_of(kFamilies.begin(), kFamilies.end(),
                     [&name](std::string_view family) { return name.starts_with(family); });
}

}  // namespace

pep508::Environment ImagePackages::markers() const {
  pep508::Environment environment;
  environment.python_full_version = python;
  if (const std::optional<PythonVersion> version = PythonVersion::parse(python)) {
    environment.python_version = version->major_minor();
  }
  environment.platform_machine = machine;
  return environment;
}

std::map<std::string, std::string> versions_in(const std::vector<std::string>& lines) {
  std::map<std::string, std::string> versions;
  for (const std::string& line : lines) {
    const std::size_t end = std::min(line.find("=="), line.size());
    versions[line.substr(0, end)] = end < line.size() ? line.substr(end + 2) : std::string();
  }
  return versions;
}

ImagePackages image_packages(const BuildLog& said) {
  ImagePackages image;
  const auto fact = [&said](const char* name) {
    const auto found = said.facts().find(name);
    return found == said.facts().end() ? std::string() : found->second;
  };
  image.python = fact("python");
  image.machine = fact("machine");
  image.uv = !fact("uv").empty();
  image.git = !fact("git").empty();
  image.packages = versions_in(said.packages());
  image.system.insert(said.system().begin(), said.system().end());
  return image;
}

bool satisfied(const PipLine& line, const ImagePackages& image) {
  const std::optional<pep508::Requirement> requirement = requirement_of(line);
  if (!requirement || image.python.empty()) {
    return false;
  }
  if (!requirement->applies(image.markers())) {
    return true;
  }
  const auto installed = image.packages.find(requirement->name);
  return installed != image.packages.end() && requirement->extras.empty() &&
         requirement->url.empty() && accepts(*requirement, installed->second);
}

const PipLine* unmet_line(const PackageRequest& packages, const LockedPackages& locked,
                          ImagePackages image, const std::set<std::string>& besides) {
  for (const LockedPackage& package : locked.packages) {
    image.packages[package.name] = package.version;
  }
  const auto found =
      std::find_if(packages.lines.begin(), packages.lines.end(), [&](const PipLine& line) {
        const std::optional<pep508::Requirement> requirement = requirement_of(line);
        if (!requirement || besides.contains(line.name) || !requirement->applies(image.markers())) {
          return false;
        }
        const auto there = image.packages.find(requirement->name);
        return there == image.packages.end() || !accepts(*requirement, there->second);
      });
  return found == packages.lines.end() ? nullptr : &*found;
}

const PipLine* line_for_git(const PackageRequest& packages, const ImagePackages& image) {
  const auto found =
      std::find_if(packages.lines.begin(), packages.lines.end(),
                   [](const PipLine& line) { return line.text.find("git+") != std::string::npos; });
  return image.git || found == packages.lines.end() ? nullptr : &*found;
}

std::vector<std::string> held_packages(const std::map<std::string, std::string>& packages) {
  std::vector<std::string> lines;
  for (const auto& [name, version] : packages) {
    if (is_held(name)) {
      lines.push_back(name + "==" + version);
    }
  }
  return lines;
}

Result<void> check_held(const PackageRequest& packages, const ImagePackages& image,
                        const std::string& image_name) {
  for (const PipLine& line : packages.lines) {
    const std::optional<pep508::Requirement> requirement = requirement_of(line);
    if (!requirement || !is_held(requirement->name) || !requirement->applies(image.markers())) {
      continue;
    }
    const auto installed = image.packages.find(requirement->name);
    if (installed == image.packages.end() || accepts(*requirement, installed->second)) {
      continue;
    }
    return fail(Error{Errc::no_solution, fmt::format("`{}` contradicts the image: it has {} {}",
                                                     without_credentials(requirement->text()),
                                                     requirement->name, installed->second)}
                    .named("framework-conflict")
                    .note(fmt::format("`{}` is asked for by {}",
                                      without_credentials(requirement->text()), line.origin.text))
                    .note(fmt::format("`{}` is made for that {}, and berth does not exchange it",
                                      image_name, requirement->name))
                    .hint(fmt::format("`berth resolve '{}'` finds an image that has it",
                                      without_credentials(requirement->text())))
                    .hint("`berth run --no-packages …` runs the image as it is"));
  }
  return {};
}

}  // namespace berth::environment
