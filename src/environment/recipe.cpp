#include "berth/environment/recipe.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "berth/base/credentials.hpp"
#include "berth/base/embedded.hpp"
#include "berth/base/sha256.hpp"
#include "berth/base/text.hpp"
#include "environment/framework_install.hpp"

namespace berth::environment {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTagDigits = 24;

// Compiled against torch, and offered by its index for the same builds.
constexpr std::array<std::string_view, 3> kTorchFamily = {"torchaudio", "torchtext", "torchvision"};

bool is_torch_family(const std::string& name) {
  return std::find(kTorchFamily.begin(), kTorchFamily.end(), name) != kTorchFamily.end();
}

std::string lines_text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + '\n';
  }
  return text;
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

  // Lines for pip, without what the image has.
  std::vector<std::string> requirements() const {
    std::set<std::string> lines;
    for (const PipLine& line : inputs_.packages.lines) {
      if (line.kind != PipLine::Kind::option && !is_settled(line)) {
        lines.insert(text_of(line));
      }
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
      lines.insert(text_of(line));
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

  std::string text_of(const PipLine& line) const {
    const std::string flag = line.editable ? "-e " : "";
    if (const auto local = inputs_.local.find(line.text); local != inputs_.local.end()) {
      const LocalSource& source = local->second;
      const std::string place =
          (fs::path(source.in_project ? "/workspace" : "/run/berth/files") / source.name)
              .lexically_normal()
              .string();
      const std::string scheme = source.before.empty() ? "" : "file://";
      return flag + source.before + scheme + place + source.after;
    }
    return flag + line.text;
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
  explicit Recipe(const RecipeInputs& inputs) : inputs_(inputs), before_(base_of(inputs)) {}

  void add(Stage::Kind kind, std::map<std::string, std::string> files,
           std::vector<std::string> items) {
    if (items.empty()) {
      return;
    }
    for (std::string& item : items) {
      item = without_credentials(item);
    }
    Stage stage{kind, {}, std::move(files), std::move(items)};
    std::string known = before_ + '\n' + std::string(name_of(kind)) + '\n';
    for (const auto& [name, content] : stage.files) {
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

  const RecipeInputs& inputs_;
  std::string before_;
  std::vector<Stage> stages_{};
};

}  // namespace

std::string_view name_of(Stage::Kind kind) {
  switch (kind) {
    case Stage::Kind::system:
      return "system";
    case Stage::Kind::python:
      return "python";
    case Stage::Kind::frameworks:
      return "frameworks";
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
                                       [](const auto& line) { return line.starts_with("- "); });
  recipe.add(Stage::Kind::frameworks,
             {{"frameworks.txt", lines_text(frameworks)},
              {"indexes.txt", usual_index ? lines_text(inputs.indexes) : ""}},
             frameworks);
  std::set<std::string> digests;
  for (const auto& [path, source] : inputs.local) {
    digests.insert(source.name + ' ' + source.digest);
  }
  recipe.add(Stage::Kind::packages,
             {{"requirements.txt", lines_text(sorted.options()) + lines_text(requirements)},
              {"constraints.txt", lines_text(sorted.constraints())},
              {"indexes.txt", lines_text(inputs.indexes)},
              {"digests.txt", lines_text({digests.begin(), digests.end()})}},
             requirements);
  return recipe.take();
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
