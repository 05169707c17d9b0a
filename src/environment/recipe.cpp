#include "berth/environment/recipe.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "berth/base/credentials.hpp"
#include "berth/base/embedded.hpp"
#include "berth/base/sha256.hpp"
#include "berth/base/text.hpp"
#include "environment/framework_install.hpp"
#include "environment/locked_lines.hpp"

namespace berth::environment {

namespace {

constexpr std::size_t kTagDigits = 24;

// Compiled against torch, and offered by its index for the same builds.
constexpr std::array<std::string_view, 3> kTorchFamily = {"torchaudio", "torchtext", "torchvision"};

bool is_torch_family(const std::string& name) {
  return std::find(kTorchFamily.begin(), kTorchFamily.end(), name) != kTorchFamily.end();
}

// Of lines of frameworks.txt: what is installed, without where it comes from.
std::vector<std::string> requirements_in(const std::vector<std::string>& lines) {
  std::vector<std::string> requirements;
  for (const std::string& line : lines) {
    const std::vector<std::string> words = split(line, ' ');
    requirements.insert(requirements.end(), words.begin() + 2, words.end());
  }
  return requirements;
}

// What each stage installs, taken apart by who decides on it.
class Sorting {
 public:
  explicit Sorting(const RecipeInputs& inputs) : inputs_(inputs) {
    for (const FrameworkChoice& framework : inputs.decision.frameworks) {
      (framework.in_image ? held_ : missing_).insert(framework.name);
    }
  }

  std::vector<std::string> system() const {
    std::set<std::string> names;
    for (const Sourced<std::string>& package : inputs_.packages.apt) {
      if (!inputs_.installed.system.contains(package.value)) {
        names.insert(package.value);
      }
    }
    if (line_for_git(inputs_.packages, inputs_.installed)) {
      names.insert({"ca-certificates", "git"});
    }
    return {names.begin(), names.end()};
  }

  // One line per call of the installer: `usual -`, `index URL` or `links URL`, then requirements.
  std::vector<std::string> frameworks() const {
    std::vector<std::string> lines;
    for (const FrameworkChoice& framework : inputs_.decision.frameworks) {
      if (!framework.in_image) {
        FrameworkInstall install = install_of(framework);
        install.url = install.url.empty() ? install.url : mirrored(install.url);
        std::string line = place_text(install) + ' ' + install.requirement;
        for (const std::string& companion : companions_of(framework)) {
          line += ' ' + companion;
        }
        lines.push_back(std::move(line));
      }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  std::vector<PipLine> open_lines() const {
    std::vector<PipLine> lines;
    std::copy_if(inputs_.packages.lines.begin(), inputs_.packages.lines.end(),
                 std::back_inserter(lines), [this](const PipLine& line) {
                   return line.kind != PipLine::Kind::option && !is_settled(line);
                 });
    return lines;
  }

  // Lines for pip, without what the image has.
  std::vector<std::string> requirements() const {
    std::set<std::string> lines;
    for (const PipLine& line : open_lines()) {
      lines.insert(line_text(line, inputs_.local));
    }
    for (const LibraryChoice& library : inputs_.decision.libraries) {
      const PipLine line{.text = fmt::format("{}=={}", library.name, library.version)};
      if (!satisfied(line, inputs_.installed)) {
        lines.insert(line.text);
      }
    }
    return {lines.begin(), lines.end()};
  }

  // In their order: a later index replaces an earlier one.
  std::vector<std::string> options() const {
    std::vector<std::string> lines;
    for (const PipLine& line : inputs_.packages.lines) {
      const std::string text = mirrored(line.text);
      if (line.kind == PipLine::Kind::option &&
          std::find(lines.begin(), lines.end(), text) == lines.end()) {
        lines.push_back(text);
      }
    }
    return lines;
  }

  std::vector<std::string> constraints() const {
    std::set<std::string> lines;
    for (const PipLine& line : inputs_.packages.constraints) {
      lines.insert(line_text(line, inputs_.local));
    }
    return {lines.begin(), lines.end()};
  }

 private:
  static std::string place_text(const FrameworkInstall& install) {
    switch (install.place) {
      case FrameworkInstall::Place::index:
        return "index " + install.url;
      case FrameworkInstall::Place::links:
        return "links " + install.url;
      case FrameworkInstall::Place::usual:
        break;
    }
    return "usual -";
  }

  std::vector<std::string> companions_of(const FrameworkChoice& framework) const {
    std::set<std::string> lines;
    for (const PipLine& line : inputs_.packages.lines) {
      if (framework.name == "torch" && line.kind == PipLine::Kind::requirement &&
          is_torch_family(line.name)) {
        lines.insert(without_blanks(line.text));
      }
    }
    return {lines.begin(), lines.end()};
  }

  // A line of frameworks.txt is split at blanks. A marker is left to pip in the last stage.
  static std::string without_blanks(const std::string& text) {
    std::string joined = text.substr(0, text.find(';'));
    std::erase(joined, ' ');
    return joined;
  }

  // Whether an earlier stage, or the image, answers the line. The resolver has checked the
  // frameworks that the image is known to hold, whatever the metadata in it say.
  bool is_settled(const PipLine& line) const {
    return line.kind == PipLine::Kind::requirement &&
           (held_.contains(line.name) || missing_.contains(line.name) ||
            satisfied(line, inputs_.installed));
  }

  // With the address of the longest mirror that fits in each address.
  std::string mirrored(std::string text) const {
    const auto& mirrors = inputs_.packages.mirrors;
    for (auto mirror = mirrors.rbegin(); mirror != mirrors.rend(); ++mirror) {
      const std::size_t at = text.find(mirror->first);
      const std::size_t end = at + mirror->first.size();
      if (at != std::string::npos && (end == text.size() || text[end] == '/' || text[end] == ' ')) {
        return text.replace(at, mirror->first.size(), mirror->second);
      }
    }
    return text;
  }

  const RecipeInputs& inputs_;
  std::set<std::string> held_{};     // frameworks in the image
  std::set<std::string> missing_{};  // frameworks of the second stage
};

class Recipe {
 public:
  explicit Recipe(const RecipeInputs& inputs) : before_(base_of(inputs)) {}

  void add(Stage::Kind kind, std::map<std::string, std::string> files,
           std::vector<std::string> items) {
    if (items.empty()) {
      return;
    }
    for (std::string& item : items) {
      item = without_credentials(item.substr(0, item.find(" --hash")));
    }
    Stage stage{kind, {}, std::move(files), std::move(items)};
    std::string known = before_ + '\n' + std::string(name_of(kind)) + '\n';
    for (const auto& [name, content] : stage.files) {
      // Where a file comes from does not matter where its hash is known. It is recorded all the
      // same, for a Dockerfile.
      if (name == "indexes.txt" && stage.files.contains("locked.txt")) {
        continue;
      }
      const std::string shown = without_credentials(content);
      known += fmt::format("{} {}\n{}", name, shown.size(), shown);
    }
    before_ = stage.key = sha256_hex(known);
    stages_.push_back(std::move(stage));
  }

  std::vector<Stage> take() { return std::move(stages_); }

 private:
  static std::string base_of(const RecipeInputs& inputs) {
    std::string known = inputs.base.id + '\n' + inputs.decision.python + '\n';
    for (const auto& [name, content] : programs()) {
      known += fmt::format("{} {}\n", name, sha256_hex(content));
    }
    return known;
  }

  std::string before_;
  std::vector<Stage> stages_{};
};

}  // namespace

std::string lines_text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + '\n';
  }
  return text;
}

std::string_view name_of(Stage::Kind kind) {
  switch (kind) {
    case Stage::Kind::system:
      return "system";
    case Stage::Kind::python:
      return "python";
    case Stage::Kind::frameworks:
      return "frameworks";
    case Stage::Kind::lock:
      return "lock";
    case Stage::Kind::packages:
      break;
  }
  return "packages";
}

std::vector<Stage> make_recipe(const RecipeInputs& inputs) {
  const Sorting sorted(inputs);
  Recipe recipe(inputs);
  const std::vector<std::string> system = sorted.system();
  const std::vector<std::string> frameworks = sorted.frameworks();
  const std::vector<std::string> requirements = sorted.requirements();
  recipe.add(Stage::Kind::system, {{"system.txt", lines_text(system)}}, system);
  if (!inputs.installed.has_installer() && !(frameworks.empty() && requirements.empty())) {
    const bool python = !inputs.installed.python.empty();
    recipe.add(Stage::Kind::python, {},
               python ? std::vector<std::string>{"pip"}
                      : std::vector<std::string>{"python" + inputs.decision.python, "pip"});
  }
  const bool usual_index = std::any_of(frameworks.begin(), frameworks.end(),
                                       [](const auto& line) { return line.starts_with("usual "); });
  std::map<std::string, std::string> framework_files = {
      {"frameworks.txt", lines_text(frameworks)},
      {"indexes.txt", usual_index ? lines_text(inputs.indexes) : ""}};
  std::set<std::string> digests;
  for (const auto& [path, source] : inputs.local) {
    digests.insert(source.name + ' ' + source.digest);
  }
  std::map<std::string, std::string> package_files = {
      {"requirements.txt", lines_text(sorted.options()) + lines_text(requirements)},
      {"constraints.txt", lines_text(sorted.constraints())},
      {"indexes.txt", lines_text(inputs.indexes)},
      {"digests.txt", lines_text({digests.begin(), digests.end()})}};
  if (inputs.locked != nullptr) {
    const LockedLines lines = locked_lines(*inputs.locked, sorted.open_lines(), inputs.local);
    framework_files["locked.txt"] = lines_text(lines.frameworks);
    package_files = {{"requirements.txt", lines_text(sorted.options())},
                     {"locked.txt", lines_text(lines.packages)},
                     {"direct.txt", lines_text(lines.direct)},
                     {"indexes.txt", package_files["indexes.txt"]},
                     {"digests.txt", package_files["digests.txt"]}};
  }
  if (!inputs.cuda_architectures.empty()) {
    package_files["variables"] =
        fmt::format("export TORCH_CUDA_ARCH_LIST={}\n", shell_quoted(inputs.cuda_architectures));
  }
  recipe.add(Stage::Kind::frameworks, std::move(framework_files), requirements_in(frameworks));
  recipe.add(Stage::Kind::packages, std::move(package_files), requirements);
  return recipe.take();
}

Stage lock_stage(const std::vector<Stage>& stages, const LockBasis& basis) {
  const auto versions_text = [](const std::map<std::string, std::string>& packages) {
    std::string text;
    for (const auto& [name, version] : packages) {
      text += fmt::format("{}=={}\n", name, version);
    }
    return text;
  };
  Stage lock{.kind = Stage::Kind::lock,
             .files = {{"frameworks.txt", ""},
                       {"requirements.txt", ""},
                       {"constraints.txt", ""},
                       {"before.txt", versions_text(basis.before)},
                       {"kept.txt", lines_text(basis.kept)}}};
  for (const Stage& stage : stages) {
    if (stage.kind == Stage::Kind::frameworks || stage.kind == Stage::Kind::packages) {
      lock.key = stage.key;
      lock.items.insert(lock.items.end(), stage.items.begin(), stage.items.end());
      for (const auto& [name, content] : stage.files) {
        lock.files[name] = content;
      }
    }
  }
  if (basis.frameworks_there) {
    lock.files["between.txt"] = versions_text(*basis.frameworks_there);
  }
  return lock;
}

std::string cuda_architectures(const Decision& decision) {
  const bool has_torch =
      std::any_of(decision.frameworks.begin(), decision.frameworks.end(),
                  [](const FrameworkChoice& framework) { return framework.name == "torch"; });
  std::set<std::string> targets;
  for (const GpuVerdict& gpu : decision.gpus) {
    const std::size_t at = gpu.covered_by.find('_');
    const std::size_t end = gpu.covered_by.find_last_of("0123456789");
    if (at != std::string::npos && end != std::string::npos && end > at + 1) {
      std::string target = gpu.covered_by.substr(at + 1);  // "86", "100", "90a"
      target.insert(end - at - 1, 1, '.');
      targets.insert(target + (gpu.covered_by.starts_with("compute_") ? "+PTX" : ""));
    } else if (gpu.compute_capability) {
      targets.insert(gpu.compute_capability->text());
    }
  }
  return has_torch ? join(std::vector<std::string>(targets.begin(), targets.end()), ";")
                   : std::string();
}

std::string tag_of(const std::string& key) {
  return key.substr(0, kTagDigits);
}

std::string image_of(const std::string& key) {
  return fmt::format("{}:{}", kRepository, tag_of(key));
}

std::map<std::string, std::string> labels_of(const Stage& stage, const BuildLog& said,
                                             const std::string& base) {
  return {{"org.berth.env", stage.key},
          {"org.berth.env.stage", std::string(name_of(stage.kind))},
          {"org.berth.env.base", base},
          {"org.berth.env.items", join(stage.items, "\n")},
          {"org.berth.env.packages", join(said.packages(), "\n")}};
}

std::map<std::string, std::string> packages_in(const std::map<std::string, std::string>& labels,
                                               std::map<std::string, std::string> otherwise) {
  const auto listed = labels.find("org.berth.env.packages");
  if (listed == labels.end() || listed->second.empty()) {
    return otherwise;
  }
  return versions_in(split(listed->second, '\n'));
}

std::map<std::string, std::string> programs() {
  std::map<std::string, std::string> files;
  for (const EmbeddedFile& file : embedded_programs()) {
    files.emplace(file.name, file.content);
  }
  return files;
}

}  // namespace berth::environment
