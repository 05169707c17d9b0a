// gather(): reads every source, puts them on top of each other in the order of precedence, and
// fills the Request.
#include "berth/spec/gather.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "spec/flag_settings.hpp"
#include "spec/project_files.hpp"
#include "spec/requirements_txt.hpp"
#include "spec/run_flags.hpp"
#include "spec/sources.hpp"

namespace berth::spec {

namespace {

namespace fs = std::filesystem;

// Whether a requirement of the same name is among the lines.
bool names(const std::vector<RequirementLine>& lines, const std::string& name) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const RequirementLine& line) { return line.value.name == name; });
}

// What is asked for by name stands above the project's files: a name that it requires is its alone.
void put_above(ProjectFacts& facts, ProjectFacts packages) {
  std::erase_if(facts.requirements, [&](const RequirementLine& line) {
    return names(packages.requirements, line.value.name);
  });
  std::erase_if(facts.pip_lines, [&](const PipLine& line) {
    return !line.name.empty() && names(packages.requirements, line.name);
  });
  append(facts, std::move(packages));
}

// The spec's `packages.pip` above the project's files, `--pip` above both. Whoever names a file
// with `-r` means that one, and not those that the project has. Returns the requirements that were
// named themselves, and not in a file.
Result<std::vector<RequirementLine>> add_pip_packages(ProjectFacts& facts, const Settings& settings,
                                                      const Flags& flags, const Sources& sources) {
  const fs::path& here = sources.surroundings().directory;
  ProjectFacts packages;
  const auto add = [&](const std::string& line, const Origin& origin,
                       const fs::path& folder) -> Result<void> {
    BERTH_TRY(ProjectFacts more, read_requirements_line(line, origin, folder, sources.reader()));
    append(packages, std::move(more));
    return {};
  };
  for (const Sourced<std::string>& line : settings.pip_packages) {
    BERTH_CHECK(add(line.value, line.origin, sources.folder()));
  }
  std::vector<RequirementLine> named;
  const auto keep_named = [&](const Origin& origin) {  // those of a file have the file's
    std::copy_if(packages.requirements.begin(), packages.requirements.end(),
                 std::back_inserter(named),
                 [&](const RequirementLine& line) { return line.origin.text == origin.text; });
  };
  for (const Sourced<std::string>& line : settings.pip_packages) {
    keep_named(line.origin);
  }
  put_above(facts, std::exchange(packages, {}));
  if (!flags.requirement_files.empty()) {
    facts.requirements.clear();
    facts.pip_lines.clear();
    facts.pip_constraints.clear();
  }
  for (const std::string& file : flags.requirement_files) {
    BERTH_CHECK(add("-r " + file, Origin{"-r"}, here));
  }
  for (const std::string& line : flags.pip) {
    BERTH_CHECK(add(line, Origin{"--pip"}, here));
  }
  // `--pip` takes the place of the spec's line of the same name.
  std::erase_if(named, [&](const RequirementLine& line) {
    return names(packages.requirements, line.value.name);
  });
  keep_named(Origin{"--pip"});
  put_above(facts, std::move(packages));
  return named;
}

// NAME, NAME=VERSION, NAME/RELEASE or NAME:ARCHITECTURE, as apt-get takes them; and no option of
// its own. Source: deb-control(5), apt-get(8).
bool is_apt_item(std::string_view text) {
  constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
  constexpr std::string_view kRest =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.:~=/*";
  const std::size_t end = std::min(text.find_first_of("=/:"), text.size());
  const std::string_view name = text.substr(0, end);
  return name.size() > 1 && name.find_first_not_of(kName) == std::string_view::npos &&
         name.front() != '-' && name.front() != '.' && name.front() != '+' &&
         name.back() != '-' &&  // which takes it away
         text.substr(end).find_first_not_of(kRest) == std::string_view::npos;
}

Result<void> check_apt(const std::vector<Sourced<std::string>>& items) {
  for (const Sourced<std::string>& item : items) {
    if (!is_apt_item(item.value)) {
      return fail(Error{Errc::invalid_input,
                        fmt::format("`{}` is no package of a distribution", printable(item.value))}
                      .note(fmt::format("it is asked for by {}", item.origin.text))
                      .note("expected one name, or NAME=VERSION, as `apt-get install` takes them")
                      .hint("`--apt git --apt ffmpeg` asks for two"));
    }
  }
  return {};
}

PackageRequest package_request(ProjectFacts& facts, Settings& settings, const Settings& user,
                               const Flags& flags) {
  PackageRequest packages;
  packages.mirrors = user.mirrors;
  for (const auto& [from, to] : settings.mirrors) {
    packages.mirrors[from] = to;
  }
  packages.enabled = !flags.no_packages;
  packages.asked_for = !settings.pip_packages.empty() || !settings.apt_packages.empty() ||
                       !flags.requirement_files.empty() || !flags.pip.empty() || !flags.apt.empty();
  packages.lines = std::move(facts.pip_lines);
  packages.constraints = std::move(facts.pip_constraints);
  packages.apt = std::move(settings.apt_packages);
  for (const std::string& name : flags.apt) {
    packages.apt.push_back({name, Origin{"--apt"}});
  }
  return packages;
}

// What decides the image, of the merged settings and the project. `named`: packages that were asked
// for by name. A framework that is asked for otherwise, too, must be both.
Result<ResolveRequest> resolve_request(Settings& settings, ProjectFacts& facts, Settings& user,
                                       const std::vector<RequirementLine>& named = {}) {
  ResolveRequest request;
  request.requirements = std::move(facts.requirements);
  if (settings.frameworks) {
    request.frameworks = std::move(*settings.frameworks);
    const std::vector<RequirementLine> frameworks = request.frameworks;
    std::copy_if(named.begin(), named.end(), std::back_inserter(request.frameworks),
                 [&](const RequirementLine& line) { return names(frameworks, line.value.name); });
  } else if (user.frameworks && request.requirements.empty()) {
    // A user's usual framework is for folders that say nothing: it must not add torch to a JAX
    // project.
    request.frameworks = std::move(*user.frameworks);
  }
  request.python = std::move(facts.python_claims);
  if (settings.python) {
    request.python.push_back(std::move(*settings.python));
  } else if (!facts.python_choices.empty()) {
    std::move(facts.python_choices.begin(), facts.python_choices.end(),
              std::back_inserter(request.python));
  } else if (user.python && request.python.empty()) {
    request.python.push_back(std::move(*user.python));
  }
  request.cuda = std::move(settings.cuda);
  if (!request.cuda) {
    BERTH_TRY(request.cuda, agreed_cuda(facts));
  }
  if (!request.cuda) {
    request.cuda = std::move(user.cuda);
  }
  request.image = settings.image ? std::move(settings.image) : std::move(user.image);
  request.source = settings.source ? settings.source : user.source;
  request.devel = settings.devel ? settings.devel->value : user.devel && user.devel->value;
  request.offline =
      settings.offline ? settings.offline->value : user.offline && user.offline->value;
  if (settings.prefer || user.prefer) {
    request.prefer = settings.prefer ? std::move(*settings.prefer) : std::move(*user.prefer);
  }
  if (settings.gpus || user.gpus) {
    request.gpus = settings.gpus ? std::move(*settings.gpus) : std::move(*user.gpus);
  }
  return request;
}

// A script stands for its interpreter: `berth run train.py`.
std::vector<std::string> with_interpreter(std::vector<std::string> command,
                                          const fs::path& directory) {
  const fs::path first = command.empty() ? fs::path() : fs::path(command[0]);
  std::error_code ignored;
  if (first.extension() == ".py" && first.is_relative() &&
      fs::is_regular_file(directory / first, ignored)) {
    command.insert(command.begin(), "python");
  }
  return command;
}

Failure no_command(const Sources& sources) {
  Error error{Errc::usage, "no command is given"};
  if (sources.spec_name().empty()) {
    error.hint("berth run python train.py");
    return fail(std::move(error).note("no berth.yaml is here that could name one with `run:`"));
  }
  error.note(fmt::format("{} has no `run:`", sources.spec_name()));
  for (const Job& job : sources.jobs()) {
    if (job.settings.command) {
      error.hint(fmt::format("berth run --job {}", shell_quoted(job.name)));
    }
  }
  return fail(std::move(error));
}

// In the container the project is at /workspace; a run that is started in one of its sub-folders
// begins there.
std::optional<std::string> working_directory(const Settings& settings, const fs::path& project,
                                             const fs::path& directory) {
  const fs::path workspace = "/workspace";
  if (settings.workdir) {
    return (workspace / settings.workdir->value).lexically_normal().string();
  }
  const fs::path below = directory.lexically_relative(project);
  if (below.empty() || below == "." || *below.begin() == "..") {
    return std::nullopt;
  }
  return (workspace / below).string();
}

std::optional<std::string> text_of(std::optional<Sourced<std::string>>& value) {
  return value ? std::optional<std::string>(std::move(value->value)) : std::nullopt;
}

template <class T>
std::optional<T> value_of(const std::optional<Sourced<T>>& sourced) {
  return sourced ? std::optional<T>(sourced->value) : std::nullopt;
}

// Nobody is left to end a detached run: a limit that nobody keeps would be worse than none.
Result<void> check_time_limit(const RunRequest& run, const Settings& settings) {
  if (!run.detach || !run.timeout) {
    return {};
  }
  return fail(
      Error{Errc::usage, "a detached run cannot have a time limit: nobody is left to end it"}
          .note(fmt::format("the limit of {} s comes from {}", run.timeout->count(),
                            settings.timeout->origin.text))
          .hint(fmt::format("`berth run -d --timeout 0 … timeout {} COMMAND …` lets the "
                            "command end itself",
                            run.timeout->count()))
          .hint("`berth stop` ends it by hand"));
}

// Whoever names GPUs gets those, used or not; there is nothing to wait for.
Result<void> check_wait(const Request& request) {
  const Sourced<GpuRequest>& gpus = request.resolve.gpus;
  if (!request.run.gpu_wait || gpus.value.mode == GpuRequest::Mode::free) {
    return {};
  }
  return fail(
      Error{Errc::usage, "`--wait` waits for GPUs that are free, and none are asked for"}
          .note(fmt::format("`--gpus {}` is asked for by {}", gpus.value.text(), gpus.origin.text))
          .hint("`berth run --gpus free:1 --wait 2h …`"));
}

Result<RunRequest> run_request(const Flags& flags, Settings settings, const Sources& sources) {
  RunRequest run;
  run.command = flags.command.empty() && settings.command ? settings.command->value : flags.command;
  run.command = with_interpreter(std::move(run.command), sources.surroundings().directory);
  if (run.command.empty() && !flags.entrypoint) {
    return no_command(sources);
  }
  run.job = flags.job.value_or("");
  run.project = sources.folder();
  run.environment = std::move(settings.environment);
  run.mounts = std::move(settings.mounts);
  run.workdir = working_directory(settings, run.project, sources.surroundings().directory);
  run.user = text_of(settings.user);
  run.network = text_of(settings.network);
  run.ipc = text_of(settings.ipc);
  run.shm_bytes = value_of(settings.shm);
  run.memory_bytes = value_of(settings.memory);
  run.options.nano_cpus = value_of(settings.nano_cpus).value_or(0);
  run.options.ports = std::move(settings.ports);
  run.options.devices = std::move(settings.devices);
  run.options.cdi_devices = std::move(settings.cdi_devices);
  if (settings.timeout && settings.timeout->value.count() > 0) {
    run.timeout = settings.timeout->value;
  }
  BERTH_CHECK(add_run_flags(run, flags, sources.surroundings()));
  BERTH_CHECK(check_time_limit(run, settings));
  return run;
}

// Everything but the command. The user's configuration stays apart for what decides the image,
// because the project's files stand between it and the spec.
struct Gathered {
  Settings settings;
  Settings user;
  ProjectFacts facts;
  std::vector<RequirementLine> named;  // packages that were asked for by name, in no file
};

Result<Gathered> gather_settings(const Flags& flags, const Sources& sources, bool with_project) {
  Gathered all;
  all.user = sources.user();
  if (with_project) {
    BERTH_TRY(all.settings, sources.spec(flags.job));
  }
  BERTH_TRY(Settings variables, settings_of_variables(sources.surroundings()));
  BERTH_TRY(Settings typed, settings_of_flags(flags, sources.surroundings()));
  overlay(all.settings, std::move(variables));
  overlay(all.settings, std::move(typed));
  if (with_project) {
    BERTH_TRY(all.facts, read_project_files(sources.folder(), sources.reader()));
    BERTH_TRY(all.named, add_pip_packages(all.facts, all.settings, flags, sources));
  }
  return all;
}

void add_warnings(std::vector<std::string>& warnings, const Sources& sources,
                  const ProjectFacts& facts) {
  warnings.insert(warnings.end(), sources.warnings().begin(), sources.warnings().end());
  warnings.insert(warnings.end(), facts.warnings.begin(), facts.warnings.end());
}

}  // namespace

Result<Request> gather_run(const Flags& flags, const Surroundings& surroundings) {
  BERTH_TRY(Sources sources, Sources::find(flags, surroundings));
  BERTH_TRY(Gathered all, gather_settings(flags, sources, true));
  Request request;
  add_warnings(request.warnings, sources, all.facts);
  request.files = sources.files();
  BERTH_TRY(request.resolve, resolve_request(all.settings, all.facts, all.user, all.named));
  PackageRequest packages = package_request(all.facts, all.settings, all.user, flags);
  BERTH_CHECK(check_apt(packages.apt));
  overlay(all.user, std::move(all.settings));
  BERTH_TRY(request.run, run_request(flags, std::move(all.user), sources));
  request.run.packages = std::move(packages);
  BERTH_CHECK(check_wait(request));
  if (!sources.spec_name().empty()) {
    request.run.labels.try_emplace("org.berth.spec", sources.spec_name());
  }
  return request;
}

Result<ResolveRequest> gather_resolve(const Flags& flags, const Surroundings& surroundings,
                                      std::vector<std::string>* warnings) {
  const bool with_project = flags.requirements.empty();
  BERTH_TRY(Sources sources, Sources::find(flags, surroundings));
  BERTH_TRY(Gathered all, gather_settings(flags, sources, with_project));
  if (!with_project) {
    BERTH_TRY(all.facts.requirements, requirements_of_flags(flags));
  }
  if (warnings != nullptr) {
    add_warnings(*warnings, sources, all.facts);
  }
  return resolve_request(all.settings, all.facts, all.user, all.named);
}

}  // namespace berth::spec
