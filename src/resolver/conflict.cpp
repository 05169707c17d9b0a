// Writes the error of a request without a solution.
#include "resolver/conflict.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "berth/base/text.hpp"
#include "resolver/remedies.hpp"
#include "resolver/smallest_conflict.hpp"

namespace berth::resolver {

namespace {

constexpr std::size_t kMostReasons = 8;
constexpr std::size_t kMostOfARule =
    3;  // what speaks against one release does against its neighbours

// A row may name many sources; the first is enough here, `berth catalog` has them all.
std::string with_source(const std::string& text, const std::string& source) {
  std::string_view first = std::string_view(source).substr(0, source.find("; "));
  if (first.find('(') != std::string_view::npos && first.find(')') == std::string_view::npos) {
    first = trimmed(first.substr(0, first.find('(')));  // cut within the brackets
  }
  return first.empty() ? text : fmt::format("{} [{}]", text, first);
}

bool is_about_gpus(const Reason& reason) {
  return reason.rule.starts_with("gpu-");
}
bool is_about_driver(const Reason& reason) {
  return reason.rule.starts_with("driver-");
}
bool is_about_python(const Reason& reason) {
  return reason.rule.starts_with("python-") || reason.rule == "marker";
}

using Question = bool (*)(const Reason&);
using Options = std::vector<const Option*>;

bool has(const Option* option, Question question) {
  return std::any_of(option->rejected.begin(), option->rejected.end(), question);
}

bool each_has(const Options& options, Question question) {
  return !options.empty() && std::all_of(options.begin(), options.end(), [&](const Option* option) {
    return has(option, question);
  });
}

bool any_has(const Options& options, Question question) {
  return std::any_of(options.begin(), options.end(),
                     [&](const Option* option) { return has(option, question); });
}

// All that is asked for, without its origins: "`torch==2.6` and `tensorflow`".
std::string asked_text(const std::vector<World>& worlds) {
  std::vector<std::string> names;
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      const std::string name = fmt::format("`{}{}`", wanted.framework->name, wanted.specifiers());
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  return join(names, " and ");
}

void note_requests(Error& error, const std::vector<World>& worlds, const ResolveRequest& request) {
  std::set<std::string> seen;
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      if (seen.insert(wanted.text()).second) {
        error.note("asked for: " + wanted.text());
      }
    }
  }
  for (const Sourced<pep440::SpecifierSet>& set : request.python) {
    error.note(fmt::format("asked for: Python `{}` ({})", set.value.text(), set.origin.text));
  }
  if (request.cuda) {
    error.note(fmt::format("asked for: CUDA {} ({})", request.cuda->value.text(),
                           request.cuda->origin.text));
  }
}

void note_machine(Error& error, const Options& options, const Machine& machine) {
  if (machine.driver && any_has(options, is_about_driver)) {
    error.note(with_source(
        machine.native_cuda
            ? fmt::format("driver {} ({}) runs CUDA up to {} natively", machine.driver->text(),
                          machine.origin, machine.native_cuda->text())
            : fmt::format("driver {} ({})", machine.driver->text(), machine.origin),
        machine.driver_source == machine.origin ? std::string() : machine.driver_source));
  }
  for (const MachineGpu& gpu : machine.gpus) {
    if (gpu.capability && any_has(options, is_about_gpus)) {
      error.note(fmt::format("{} ({})", describe(gpu), gpu.source));
    }
  }
}

// The options that came nearest speak first; what many of them have in common is said once.
void note_reasons(Error& error, Options options) {
  std::stable_sort(options.begin(), options.end(), [](const Option* a, const Option* b) {
    return a->rejected.size() < b->rejected.size();
  });
  std::set<std::string> seen;
  std::map<std::string, std::size_t> of_rule;
  std::size_t said = 0;
  for (const Option* option : options) {
    for (const Reason& reason : option->rejected) {
      std::string text = with_source(reason.text, reason.source);
      if (!seen.insert(text).second) {
        continue;
      }
      if (said < kMostReasons && of_rule[reason.rule]++ < kMostOfARule) {
        error.note(std::move(text));
        ++said;
      }
    }
  }
  if (seen.size() > said) {
    error.note(fmt::format("and {} more reasons of this kind", seen.size() - said));
  }
}

void note_known_releases(Error& error, const Wanted& wanted, const Catalog& catalog) {
  const std::vector<FrameworkRelease>& releases = wanted.framework->releases;
  if (releases.empty()) {
    return;
  }
  error.note(with_source(
      fmt::format("the catalogue of {} knows {} {} to {}", catalog.version, wanted.framework->name,
                  releases.back().version_text, releases.front().version_text),
      releases.front().fact.source));
}

// What each framework could live with, where no image or CUDA serves all.
void note_frameworks(Error& error, const Search& search, const World& world) {
  for (const Wanted& wanted : world.frameworks) {
    std::set<std::string> cudas;
    std::set<std::string> cudnns;
    std::set<std::string> pythons;
    for (const Variant& variant : search.variants()) {
      if (variant.wanted == &wanted && variant.rejected.empty() && variant.build->cuda &&
          variant.release != nullptr) {
        cudas.insert("CUDA " + variant.build->cuda->major_minor());
        if (const unsigned cudnn = cudnn_major(variant.build->cudnn); cudnn != 0) {
          cudnns.insert(fmt::format("cuDNN {}", cudnn));
        }
        const std::string low =
            variant.release->python_min ? variant.release->python_min->text() : "?";
        const std::string high =
            variant.release->python_max ? variant.release->python_max->text() : "?";
        pythons.insert(fmt::format("{} to {}", low, high));
      }
    }
    if (!cudas.empty()) {
      error.note(fmt::format("{}{} has builds for {}{}{}, Python {}", wanted.framework->name,
                             wanted.specifiers(), fmt::join(cudas, ", "),
                             cudnns.empty() ? "" : ", ", fmt::join(cudnns, " or "),
                             fmt::join(pythons, ", ")));
    }
  }
}

// Builds that are in no image and on no CUDA base: their own reasons. Those for the CPU say nothing
// about a run with GPUs, unless there is no other.
std::vector<Option> options_of_variants(const Search& search) {
  const auto is_telling = [](const Variant& variant) {
    return !variant.rejected.empty() && !is_cpu_build(*variant.build);
  };
  const bool any_telling =
      std::any_of(search.variants().begin(), search.variants().end(), is_telling);
  std::vector<Option> options;
  for (const Variant& variant : search.variants()) {
    if (any_telling ? is_telling(variant) : !variant.rejected.empty()) {
      Option option;
      option.variants = {&variant};
      option.rejected = variant.rejected;
      options.push_back(std::move(option));
    }
  }
  return options;
}

// A CPU image says nothing about a run with GPUs, nor does a base image that is gone, unless there
// is no other.
Options telling_options(const std::vector<Option>& options) {
  const auto is_idle = [](const Reason& reason) {
    return reason.rule == "cpu-build" || reason.rule == "base-image";
  };
  Options all;
  Options telling;
  for (const Option& option : options) {
    all.push_back(&option);
    if (!has(&option, is_idle)) {
      telling.push_back(&option);
    }
  }
  return telling.empty() ? all : telling;
}

Error headline(const Options& options, const std::vector<World>& worlds,
               const ResolveRequest& request, const Machine& machine) {
  const std::string asked =
      worlds.empty() && request.cuda ? "CUDA " + request.cuda->value.text() : asked_text(worlds);
  if (each_has(options, is_about_gpus)) {
    std::vector<std::string> gpus;
    for (const MachineGpu& gpu : machine.gpus) {
      gpus.push_back(describe(gpu));
    }
    return Error{Errc::no_solution,
                 fmt::format("{} has no build that runs on {}", asked, join(gpus, ", "))}
        .named("gpu-not-supported");
  }
  if (each_has(options, is_about_driver)) {
    return Error{Errc::no_solution,
                 fmt::format("{} has no build that driver {} runs", asked, machine.driver->text())}
        .named("driver-too-old");
  }
  if (each_has(options, is_about_python)) {
    return Error{Errc::no_solution,
                 fmt::format("{} has no image with the Python that is asked for", asked)}
        .named("python-not-available");
  }
  return Error{Errc::no_solution, fmt::format("no image satisfies {} on {}", asked, machine.place)};
}

void add_hints(Error& error, std::vector<std::string> hints) {
  for (std::string& hint : hints) {
    error.hint(std::move(hint));
  }
}

// What the search found out about a question that nothing serves.
Error explained(const Search& search, const std::vector<World>& worlds,
                const ResolveRequest& request, const Machine& machine, const Catalog& catalog) {
  const bool combined = search.rejected().empty();
  const std::vector<Option> builds = combined ? options_of_variants(search) : std::vector<Option>();
  const Options options = telling_options(combined ? builds : search.rejected());
  Error error = headline(combined && !search.variants().empty() ? Options() : options, worlds,
                         request, machine);
  note_requests(error, worlds, request);
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      const bool known =
          std::any_of(search.variants().begin(), search.variants().end(),
                      [&](const Variant& variant) { return variant.wanted == &wanted; });
      if (!known) {
        error.message =
            fmt::format("no release of {} satisfies {}", wanted.framework->name, wanted.text());
        error.id = "release-unknown";
        note_known_releases(error, wanted, catalog);
      }
    }
  }
  note_machine(error, options, machine);
  if (!worlds.empty() && worlds.front().frameworks.size() > 1) {
    note_frameworks(error, search, worlds.front());
  }
  note_reasons(error, options);
  if (error.notes.size() < 2) {
    error.note(fmt::format("the catalogue of {} has {} images and {} frameworks; none is left",
                           catalog.version, catalog.images.size(), catalog.frameworks.size()));
  }
  return error;
}

// The same, of the facts that `shown` has alone; nullopt where that says nothing of its own.
std::optional<Error> explained_alone(FactSet shown, const Facts& facts, const Catalog& catalog) {
  const ResolveRequest request = facts.request_of(shown);
  const Result<Machine> machine = machine_for(request, facts.host_of(shown), catalog);
  if (!machine) {
    return std::nullopt;
  }
  const Result<std::vector<World>> worlds = worlds_of(request, catalog, machine->architecture);
  if (!worlds || worlds->empty()) {
    return std::nullopt;
  }
  Search search(request, *machine, catalog);
  search.run(*worlds);
  if (!search.satisfying().empty()) {
    return std::nullopt;
  }
  return explained(search, *worlds, request, *machine, catalog);
}

// What excludes what: said after what was found out about it.
void note_conflict(Error& error, FactSet conflict, FactSet shown, const Facts& facts) {
  const std::vector<std::string> together = facts.texts_of(conflict);
  if (together.size() > 1) {
    error.note("these exclude each other: " + join(together, "; "));
  }
  for (const std::string& text : facts.texts_of(shown & ~conflict)) {
    error.note(fmt::format("without {} it would be the same", text));
  }
}

}  // namespace

Error conflict(const Search& search, const std::vector<World>& worlds,
               const ResolveRequest& request, const Host& host, const Machine& machine,
               const Catalog& catalog) {
  const auto unexplained = [&] {
    Error error = explained(search, worlds, request, machine, catalog);
    add_hints(error, remedies(request, host, catalog));
    return error;
  };
  const Facts facts(request, host, machine, worlds);
  if (worlds.empty() || facts.too_many()) {
    return unexplained();
  }
  const Exclusions exclusions(request, machine, catalog, worlds, facts);
  if (exclusions.solvable(facts.all())) {
    return unexplained();
  }
  const FactSet together = smallest_conflict(facts, exclusions);
  const FactSet shown = facts.with_demands(together);  // on the releases that were asked for
  std::optional<Error> error = shown == facts.all() && facts.tells_gpus_apart()
                                   ? explained(search, worlds, request, machine, catalog)
                                   : explained_alone(shown, facts, catalog);
  if (error) {
    note_conflict(*error, together, shown, facts);
  }
  // One that is given up is what most hints try.
  const FactSet change = smallest_change(facts, exclusions);
  const std::vector<std::string> given_up = facts.texts_of(change);
  if (error && given_up.size() == 2) {
    error->note(fmt::format("without both of these there is an answer: {}", join(given_up, "; ")));
  }
  if (!error) {
    error = explained(search, worlds, request, machine, catalog);
  }
  const KnownConflict known{search, machine, facts, exclusions, change};
  add_hints(*error, remedies(request, host, catalog, &known));
  return std::move(*error);
}

Error image_conflict(const Option& option, const ResolveRequest& request, const Host& host,
                     const Machine& machine, const Catalog& catalog) {
  Error error{Errc::no_solution,
              fmt::format("{} does not fit {}", option.image->reference(), machine.place)};
  error.note(fmt::format("`--image {}` is asked for by {}", request.image->value,
                         request.image->origin.text));
  note_machine(error, {&option}, machine);
  note_reasons(error, {&option});
  add_hints(error, remedies(request, host, catalog));
  return std::move(error).named("image-does-not-fit");
}

Error no_framework(const ResolveRequest& request, const Catalog& catalog) {
  const std::vector<std::string> names = catalog.framework_names();
  Error error{Errc::not_found, "no framework found: nothing says which image to take"};
  if (request.requirements.empty()) {
    error.note("no requirements were found");
  } else {
    const RequirementLine& first = request.requirements.front();
    const std::string shown = fmt::format("`{}` ({})", first.value.text(), first.origin.text);
    error.note(request.requirements.size() == 1
                   ? fmt::format("{} is no framework, or does not apply", shown)
                   : fmt::format("none of the {} requirements found is a framework that applies; "
                                 "the first is {}",
                                 request.requirements.size(), shown));
  }
  error.note(fmt::format("known frameworks: {}", join(names, ", ")));
  for (const RequirementLine& line : request.requirements) {
    if (const std::optional<std::string> meant = nearest(line.value.name, names)) {
      error.hint(fmt::format("`berth resolve {}`, if that is what `{}` means",
                             shell_quoted(*meant + line.value.specifiers.text()),
                             line.value.written_name));
      break;
    }
  }
  if (!names.empty()) {
    error.hint(fmt::format("`berth resolve {}` names one; `-f {}` does in `berth run`",
                           names.front(), names.front()));
  }
  error.hint("`berth run --image NAME …` needs no framework");
  return std::move(error).named("no-framework");
}

}  // namespace berth::resolver
