// requirements.txt: lines are joined and comments taken off first, as pip does; then each is an
// option, an address or a PEP 508 requirement.
#include "spec/requirements_txt.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "berth/base/text.hpp"

namespace berth::spec {

namespace {

struct Line {
  std::string text;
  unsigned number = 0;  // of the first of the lines that were joined
};

bool is_comment(std::string_view line) {
  return trimmed(line).starts_with('#');
}

// A `#` begins a comment at the start of a line or behind a blank; in `…#egg=name` it does not.
std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

// A backslash at the end joins the next line; a comment line ends the joining, as in pip.
std::vector<Line> joined_lines(std::string_view content) {
  std::vector<Line> lines;
  bool open = false;
  unsigned number = 0;
  for (const std::string_view physical : lines_of(content)) {
    ++number;
    const bool continued = physical.ends_with('\\') && !is_comment(physical);
    const std::string_view text = continued ? physical.substr(0, physical.size() - 1) : physical;
    if (!open) {
      lines.push_back(Line{std::string(), number});
    }
    lines.back().text += is_comment(text) ? std::string_view() : text;
    open = continued;
  }
  return lines;
}

// Options that have a line of their own. What they say does not change which packages are required,
// but it changes where pip finds them.
constexpr std::array<std::string_view, 15> kOptions = {"-i",
                                                       "--index-url",
                                                       "--pypi-url",
                                                       "--extra-index-url",
                                                       "--no-index",
                                                       "-f",
                                                       "--find-links",
                                                       "--no-binary",
                                                       "--only-binary",
                                                       "--prefer-binary",
                                                       "--require-hashes",
                                                       "--pre",
                                                       "--trusted-host",
                                                       "--use-feature",
                                                       "--no-deps"};

struct Option {
  std::string name;
  std::string value;
};

// `-r x`, `-rx`, `--requirement x`, `--requirement=x`.
Option option_of(std::string_view text) {
  if (!text.starts_with("--")) {
    return {std::string(text.substr(0, 2)),
            text.size() > 2 ? std::string(trimmed(text.substr(2))) : std::string()};
  }
  const std::size_t end = text.find_first_of(" \t=");
  if (end == std::string_view::npos) {
    return {std::string(text), {}};
  }
  return {std::string(text.substr(0, end)), std::string(trimmed(text.substr(end + 1)))};
}

std::string unquoted(std::string_view text) {
  if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0]) {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

// `torch==2.3.1 --hash=sha256:…` and `torch==1.9.0+cu111 -f https://…` without the options behind
// the requirement.
std::string_view without_options(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '-' && (text[i - 1] == ' ' || text[i - 1] == '\t')) {
      return trimmed(text.substr(0, i));
    }
  }
  return text;
}

// An address or a path, as opposed to a name with specifiers. `name @ address` is a requirement.
bool is_address(std::string_view text) {
  const std::string_view head = text.substr(0, text.find_first_of(" \t;@[<>=!~("));
  const bool path = head.starts_with('.') || text.starts_with('/') || text.starts_with('~') ||
                    head.find('/') != std::string_view::npos;
  constexpr std::array<std::string_view, 6> kArchives = {".whl", ".zip",     ".tar.gz",
                                                         ".tgz", ".tar.bz2", ".tar.xz"};
  const std::string_view first = text.substr(0, text.find_first_of(" \t;"));
  return path || std::any_of(kArchives.begin(), kArchives.end(),
                             [&](std::string_view end) { return first.ends_with(end); });
}

// What an address requires: the wheel it names, or the name behind `#egg=`. Empty where it says
// neither.
std::string requirement_of_address(std::string_view address) {
  address = address.substr(0, address.find_first_of(" \t;"));
  if (std::string wheel = requirement_of_wheel(address); !wheel.empty()) {
    return wheel;
  }
  constexpr std::string_view kEgg = "#egg=";
  const std::size_t egg = address.find(kEgg);
  if (egg == std::string_view::npos) {
    return {};
  }
  const std::string_view name = address.substr(egg + kEgg.size());
  return std::string(name.substr(0, name.find('&')));
}

// "torch" of "torch==2.0.1+cu118".
std::string_view name_in(std::string_view requirement) {
  return requirement.substr(0, requirement.find_first_of("=<>!~[ ;@"));
}

class Reader {
 public:
  explicit Reader(const ReadFile& read_more) : read_more_(read_more) {}

  Result<void> file(const SourceFile& file, bool constraints) {
    open_.push_back(file.path);
    done_.emplace_back(file.path, constraints);
    for (const Line& line : joined_lines(file.content)) {
      BERTH_CHECK(this->line(line.text, origin_at(file, line.number), file.path.parent_path(),
                             constraints));
    }
    open_.pop_back();
    return {};
  }

  Result<void> line(std::string_view raw, const Origin& origin,
                    const std::filesystem::path& directory, bool constraints) {
    const std::string_view text = trimmed(without_comment(raw));
    if (text.empty()) {
      return {};
    }
    if (text.starts_with('-')) {
      return option(option_of(text), origin, directory, constraints);
    }
    if (is_address(text)) {
      keep_address(text, origin, directory, false, constraints);
      return address(text, origin, constraints);
    }
    BERTH_CHECK(requirement(without_options(text), origin, constraints));
    keep({.text = std::string(text), .name = required(constraints).back().value.name}, origin,
         constraints);
    return {};
  }

  ProjectFacts take() { return std::move(facts_); }

 private:
  std::vector<RequirementLine>& required(bool constraints) {
    return constraints ? facts_.constraints : facts_.requirements;
  }

  void keep(PipLine line, const Origin& origin, bool constraints) {
    line.origin = origin;
    (constraints ? facts_.pip_constraints : facts_.pip_lines).push_back(std::move(line));
  }

  // A path counts from the folder of its file.
  void keep_address(std::string_view text, const Origin& origin,
                    const std::filesystem::path& directory, bool editable, bool constraints) {
    PipLine line{.kind = PipLine::Kind::address, .text = std::string(text), .editable = editable};
    if (text.find("://") == std::string_view::npos) {
      line.kind = PipLine::Kind::path;
      line.text = (directory / std::string(text)).lexically_normal().string();
    }
    line.name = pep508::normalised_name(name_in(requirement_of_address(text)));
    keep(std::move(line), origin, constraints);
  }

  Result<void> requirement(std::string_view text, const Origin& origin, bool constraints) {
    BERTH_TRY(RequirementLine line, requirement_at(origin, text));
    // `torch @ https://…/torch-2.0.1+cu118-….whl` says a version as well.
    if (const std::string wheel = requirement_of_wheel(line.value.url); !wheel.empty()) {
      const std::string marker = line.value.marker ? " ; " + line.value.marker->text() : "";
      BERTH_TRY(line, requirement_at(origin, wheel + marker));
    }
    required(constraints).push_back(std::move(line));
    return {};
  }

  Result<void> address(std::string_view text, const Origin& origin, bool constraints) {
    const std::string required = requirement_of_address(text);
    if (required.empty()) {
      return {};
    }
    const std::size_t marker = text.find(';');
    const std::string condition = marker == std::string_view::npos
                                      ? ""
                                      : " " + std::string(without_options(text.substr(marker)));
    return requirement(required + condition, origin, constraints);
  }

  Result<void> option(const Option& option, const Origin& origin,
                      const std::filesystem::path& directory, bool constraints) {
    if (option.name == "-r" || option.name == "--requirement") {
      return include(option, origin, directory, constraints);
    }
    if (option.name == "-c" || option.name == "--constraint") {
      return include(option, origin, directory, true);
    }
    if (option.name == "-e" || option.name == "--editable") {
      keep_address(option.value, origin, directory, true, constraints);
      return address(option.value, origin, constraints);
    }
    if (std::find(kOptions.begin(), kOptions.end(), option.name) == kOptions.end()) {
      return malformed(
          origin, fmt::format("unknown option `{}`, expected a requirement or an option of pip",
                              option.name));
    }
    keep({.kind = PipLine::Kind::option,
          .text = option.value.empty() ? option.name : option.name + " " + option.value},
         origin, false);
    return {};
  }

  Result<void> include(const Option& option, const Origin& origin,
                       const std::filesystem::path& directory, bool constraints) {
    const std::string name = unquoted(option.value);
    if (name.empty()) {
      return malformed(origin, fmt::format("`{}` names no file", option.name));
    }
    if (name.find("://") != std::string::npos) {
      facts_.warnings.push_back(
          fmt::format("{}: `{} {}` is not read, because berth fetches nothing here", origin.text,
                      option.name, name));
      return {};
    }
    const std::filesystem::path path = (directory / name).lexically_normal();
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) {
      return malformed(
          origin, fmt::format("`{} {}` includes the file that it stands in", option.name, name));
    }
    constexpr std::size_t kDeepest = 32;
    if (open_.size() >= kDeepest) {
      return malformed(origin,
                       fmt::format("files are included more than {} levels deep", kDeepest));
    }
    if (std::find(done_.begin(), done_.end(), std::pair(path, constraints)) != done_.end()) {
      return {};
    }
    Result<SourceFile> more = read_more_(path);
    if (!more) {
      return malformed(origin, std::move(more).error());
    }
    return file(*more, constraints);
  }

  const ReadFile& read_more_;
  ProjectFacts facts_;
  std::vector<std::filesystem::path> open_;  // from the first file to the one being read
  std::vector<std::pair<std::filesystem::path, bool>> done_;  // and whether as constraints
};

}  // namespace

Result<ProjectFacts> read_requirements_txt(const SourceFile& file, const ReadFile& read_more) {
  Reader reader(read_more);
  BERTH_CHECK(reader.file(file, false));
  return reader.take();
}

Result<ProjectFacts> read_requirements_line(std::string_view line, const Origin& origin,
                                            const std::filesystem::path& directory,
                                            const ReadFile& read_more) {
  Reader reader(read_more);
  BERTH_CHECK(reader.line(line, origin, directory, false));
  return reader.take();
}

}  // namespace berth::spec
