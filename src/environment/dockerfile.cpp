// A recorded recipe as a Dockerfile, and as a requirements.txt.
//
// Source of the grammar: https://docs.docker.com/reference/dockerfile. Only what the classic
// builder knows: no here-documents, no mounts. Lists are written by printf, one item a line, since
// a requirement file says what options cannot: indexes, hashes.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>

#include "berth/base/text.hpp"
#include "berth/environment/recorded_recipe.hpp"
#include "environment/locked_lines.hpp"
#include "failure_reading.hpp"

namespace berth::environment {

namespace {

using Texts = std::vector<std::string>;

constexpr std::string_view kListFile = "/tmp/berth-requirements.txt";
constexpr std::string_view kDropLists = "rm -rf /var/lib/apt/lists/*";

Texts lines_of(const RecordedStage& stage, const std::string& name) {
  const auto file = stage.files.find(name);
  Texts lines = file == stage.files.end() ? Texts() : split(file->second, '\n');
  std::erase(lines, "");
  return lines;
}

bool is_address(std::string_view text) {
  return text.find("://") != std::string_view::npos;
}

// What pip has of an address, "name @ address"; empty where an index gave it.
std::string address_of(const std::string& installed) {
  const std::size_t mark = installed.find(" @ ");
  return mark == std::string::npos ? std::string() : installed.substr(mark + 3);
}

bool is_file(const std::string& installed) {
  return address_of(installed).starts_with("file:");
}

// Where pip and uv look when no line says it, as lines of a requirement file: of "index-url
// https://a", "extra-index-url https://a https://b", "UV_INDEX_URL https://a".
Texts index_options(const RecordedStage& stage) {
  static const std::map<std::string, std::string, std::less<>> kOptions = {
      {"index-url", "--index-url"},        {"extra-index-url", "--extra-index-url"},
      {"find-links", "--find-links"},      {"no-index", "--no-index"},
      {"UV_INDEX_URL", "--index-url"},     {"UV_EXTRA_INDEX_URL", "--extra-index-url"},
      {"UV_DEFAULT_INDEX", "--index-url"}, {"UV_INDEX", "--extra-index-url"}};
  Texts options;
  for (const std::string& line : lines_of(stage, "indexes.txt")) {
    const Texts words = split(line, ' ');
    const auto option = kOptions.find(words.front());
    if (option != kOptions.end() && option->second == "--no-index") {
      options.push_back(option->second);
    }
    for (std::size_t i = 1; option != kOptions.end() && i < words.size(); ++i) {
      if (is_address(words[i])) {
        options.push_back(option->second + ' ' + words[i]);
      }
    }
  }
  return options;
}

class Dockerfile {
 public:
  Dockerfile(const RecordedRecipe& recipe, const std::string& image) : recipe_(recipe) {
    text_ = fmt::format(
        "# The environment {} without berth: the same versions, from where they came.\n"
        "# Its base was {}.\n"
        "FROM {}\n",
        image, recipe.base_id, recipe.base);
    if (has_other_user()) {
      text_ += "USER root\n";
    }
  }

  void add(const RecordedStage& stage) {
    switch (stage.kind) {
      case Stage::Kind::system:
        run(apt_install(lines_of(stage, "system.txt")));
        break;
      case Stage::Kind::python:
        add_python(stage);
        break;
      case Stage::Kind::frameworks:
        add_frameworks(stage);
        break;
      case Stage::Kind::packages:
        add_packages(stage);
        break;
      case Stage::Kind::lock:  // makes no image
        break;
    }
  }

  std::string take() {
    if (has_other_user()) {
      text_ += fmt::format("USER {}\n", recipe_.base_user);
    }
    return std::move(text_);
  }

 private:
  bool has_other_user() const {
    return !recipe_.base_user.empty() && recipe_.base_user != "root" && recipe_.base_user != "0";
  }

  void comment(const std::string& text) { text_ += "# " + text + '\n'; }
  void run(const Texts& commands) { text_ += "RUN " + join(commands, " \\\n && ") + '\n'; }

  static Texts apt_install(const Texts& packages) {
    return {"apt-get update",
            "DEBIAN_FRONTEND=noninteractive apt-get install -y "
            "--no-install-recommends " +
                join(packages, " "),
            std::string(kDropLists)};
  }

  static std::string printed(const Texts& lines) {
    std::string text = "printf '%s\\n'";
    for (const std::string& line : lines) {
      text += " \\\n      " + shell_quoted(line);
    }
    return text + fmt::format(" \\\n      > {}", kListFile);
  }

  static std::string installer(const RecordedStage& stage) {
    const std::string python = stage.interpreter.empty() ? "python3" : stage.interpreter;
    return stage.installer.starts_with("uv")
               ? fmt::format(
                     "uv pip install --python {} --break-system-packages --no-cache "
                     "--index-strategy unsafe-best-match",
                     python)
               : fmt::format("PIP_BREAK_SYSTEM_PACKAGES=1 {} -m pip install --no-cache-dir",
                             python);
  }

  // As build.sh does it: the distribution's, if it has the series, else a relocatable one.
  void add_python(const RecordedStage& stage) {
    const std::string& series = recipe_.decision.python;
    if (stage.items.front() != "pip") {
      const std::string name = "python" + (series.empty() ? std::string("3") : series);
      run({"apt-get update",
           fmt::format(
               "if apt-cache show {0} >/dev/null 2>&1; then \\\n"
               "      extras=$(apt-cache --names-only search '^{0}-(venv|distutils)$' | cut -d ' ' "
               "-f 1); \\\n"
               "      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
               "{0} $extras; \\\n"
               "    else \\\n"
               "      apt-get install -y --no-install-recommends python3 python3-pip && \\\n"
               "      PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --target /opt/uv uv && "
               "\\\n"
               "      UV_PYTHON_INSTALL_DIR=/opt/python /opt/uv/bin/uv python install {1} && \\\n"
               "      ln -sf /opt/python/*/bin/{0} /usr/local/bin/{0} && \\\n"
               "      find /opt/python -name EXTERNALLY-MANAGED -delete; \\\n"
               "    fi",
               name, series),
           fmt::format("{{ command -v python >/dev/null || ln -s \"$(command -v {})\" "
                       "/usr/local/bin/python; }}",
                       name),
           std::string(kDropLists)});
    }
    const std::string python = stage.interpreter.empty() ? "python3" : stage.interpreter;
    run(
        {fmt::format("{{ {0} -m pip --version || {0} -m ensurepip || \\\n"
                     "      {{ apt-get update && apt-get install -y --no-install-recommends "
                     "python3-pip && {1}; }} || \\\n"
                     "      apk add --no-cache py3-pip; }}",
                     python, kDropLists)});
  }

  // Each line has an index of its own, so the versions of what they bring are constraints.
  void add_frameworks(const RecordedStage& stage) {
    Texts commands = {printed(stage.installed)};
    for (const std::string& line : lines_of(stage, "frameworks.txt")) {
      const Texts words = split(line, ' ');
      if (words.size() < 3) {
        continue;
      }
      std::string command = installer(stage) + fmt::format(" -c {}", kListFile);
      if (words[0] == "index" || words[0] == "links") {
        command += fmt::format(" --{} {}", words[0] == "index" ? "index-url" : "find-links",
                               shell_quoted(words[1]));
      } else {
        command += options_text(index_options(stage));
      }
      for (std::size_t i = 2; i < words.size(); ++i) {
        command += ' ' + shell_quoted(words[i]);
      }
      commands.push_back(std::move(command));
    }
    commands.push_back(fmt::format("rm {}", kListFile));
    run(commands);
  }

  static std::string options_text(const Texts& options) {
    std::string text;
    for (const std::string& option : options) {
      const std::size_t blank = option.find(' ');
      text += ' ' + option.substr(0, blank);
      text += blank == std::string::npos ? "" : ' ' + shell_quoted(option.substr(blank + 1));
    }
    return text;
  }

  void add_packages(const RecordedStage& stage) {
    for (const std::string& local : stage.local_items()) {
      comment("not here, since it came from files of a machine: " + local);
    }
    Texts list = index_options(stage);
    for (const std::string& line : lines_of(stage, "requirements.txt")) {
      if (line.starts_with("-") && !line.starts_with("-e") && line != "--require-hashes") {
        list.push_back(line);
      }
    }
    for (const std::string& option : list) {
      if (option.find("${") != std::string::npos) {
        comment("the build needs the variables of: " + option);
      }
    }
    const Texts pins = pinned(stage);
    if (pins.empty()) {
      return;
    }
    list.insert(list.end(), pins.begin(), pins.end());
    Texts commands = lines_of(stage, "variables");  // "export NAME=VALUE", for what is compiled
    commands.insert(commands.end(),
                    {printed(list), fmt::format("{} -r {}", installer(stage), kListFile),
                     fmt::format("rm {}", kListFile)});
    run(commands);
  }

  // All that the stage brought: exact versions, with their hashes where there are some of each;
  // addresses with the commit that was fetched.
  static Texts pinned(const RecordedStage& stage) {
    std::map<std::string, std::string> hashed;
    std::map<std::string, std::string> addressed;  // pip before 20.1 does not note where from
    Texts lines = lines_of(stage, "requirements.txt");
    for (const char* more : {"locked.txt", "direct.txt"}) {
      const Texts locked = lines_of(stage, more);
      lines.insert(lines.end(), locked.begin(), locked.end());
    }
    for (const std::string& line : lines) {
      if (line.starts_with("-")) {
        continue;
      }
      if (const std::size_t hash = line.find(" --hash="); hash != std::string::npos) {
        hashed[package_name(line)] = line.substr(hash);
      }
      if (!address_of(line).empty() && !is_from_machine(line)) {
        addressed[package_name(line)] = line;
      }
    }
    const bool all_hashed =
        std::all_of(stage.installed.begin(), stage.installed.end(),
                    [&](const auto& each) { return hashed.contains(package_name(each)); });
    Texts pins;
    for (const std::string& each : stage.installed) {
      const std::string name = package_name(each);
      if (is_file(each)) {
        continue;
      }
      const auto address = addressed.find(name);
      const bool unknown = address_of(each).empty() && address != addressed.end();
      pins.push_back((unknown ? address->second : each) + (all_hashed ? hashed[name] : ""));
    }
    return pins;
  }

  const RecordedRecipe& recipe_;
  std::string text_{};
};

}  // namespace

std::string dockerfile_of(const RecordedRecipe& recipe, const std::string& image) {
  Dockerfile file(recipe, image);
  for (const RecordedStage& stage : recipe.stages) {
    file.add(stage);
  }
  return file.take();
}

std::vector<std::string> requirements_of(const RecordedRecipe& recipe,
                                         const std::vector<std::string>& packages) {
  std::map<std::string, std::string> addresses;
  for (const RecordedStage& stage : recipe.stages) {
    for (const std::string& each : stage.installed) {
      if (address_of(each).empty()) {
        addresses.erase(package_name(each));
      } else {
        addresses[package_name(each)] = each;
      }
    }
  }
  Texts lines;
  for (const std::string& package : packages) {
    const auto known = addresses.find(package_name(package));
    if (known == addresses.end()) {
      lines.push_back(package);
    } else {
      lines.push_back(is_file(known->second)
                          ? fmt::format("# {} came from files of a machine", package)
                          : known->second);
    }
  }
  return lines;
}

}  // namespace berth::environment
