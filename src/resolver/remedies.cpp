// Relaxes a request that has no solution, one constraint at a time, and keeps what resolves.
#include "resolver/remedies.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <bit>
#include <set>

#include "berth/base/text.hpp"
#include "resolver/command_text.hpp"
#include "resolver/driver_of_gpu.hpp"
#include "resolver/loosened.hpp"
#include "resolver/machine.hpp"
#include "resolver/outcome.hpp"
#include "resolver/search.hpp"
#include "resolver/wanted.hpp"

namespace berth::resolver {

namespace {

constexpr std::size_t kMostRemedies = 4;

// 2.7 of 2.7.0, as people write it.
std::string short_text(const pep440::Version& version) {
  const std::string text = version.text();
  return text.ends_with(".0") && version.release().size() > 2 ? text.substr(0, text.size() - 2)
                                                              : text;
}

class Relaxation {
 public:
  Relaxation(const ResolveRequest& request, const Host& host, const Catalog& catalog,
             const KnownConflict* known)
      : given_host_(host),
        host_(host),
        catalog_(catalog),
        worlds_(worlds_in(request, host, catalog)),
        request_(standalone(request, worlds_, catalog)),
        known_(known) {}

  std::vector<std::string> found() {
    if (!mend_machine()) {
      relax_builds();
      relax_lines();
      relax_releases();
      relax_flags();
      relax_driver();
      relax_both();
    }
    relax_gpus();
    if (hints_.empty()) {
      relax_libraries();
    }
    if (hints_.empty()) {
      relax_everything();
    }
    if (hints_.empty()) {
      hints_.push_back(
          worlds_.empty() || worlds_.front().frameworks.empty()
              ? "`berth catalog images` lists what is known"
              : fmt::format(
                    "`berth catalog {}` lists the releases, builds and images that are known",
                    worlds_.front().frameworks.front().framework->name));
    }
    return std::move(hints_);
  }

 private:
  static std::vector<World> worlds_in(const ResolveRequest& request, const Host& host,
                                      const Catalog& catalog) {
    Result<std::vector<World>> worlds = worlds_of(request, catalog, host.architecture);
    return worlds ? std::move(*worlds) : std::vector<World>();
  }

  // A driver that does not know its GPU: what follows is tried on the nearest that does. Whether
  // that is all it takes.
  bool mend_machine() {
    const std::optional<DriverVersion> driver = nearest_driver_for(host_, catalog_);
    if (known_ != nullptr || !driver || !is_described(host_)) {
      return false;
    }
    const bool newer = *driver > *host_.driver;
    host_.driver = driver;
    return try_out(request_, host_,
                   newer ? fmt::format("with driver {} or newer: ", driver->text())
                         : fmt::format("with a driver of branch {}: ", driver->text()));
  }

  // A line that gives way to another takes its marker along, which is no fact of its own.
  bool is_marked() const {
    return std::any_of(request_.requirements.begin(), request_.requirements.end(),
                       [](const RequirementLine& line) { return line.value.marker.has_value(); });
  }
  bool is_hopeless_without(Fact::Kind kind) const {
    return known_ != nullptr && known_->is_hopeless_without(kind);
  }
  bool is_hopeless_without_lines(const Framework& framework, const RequirementLine* kept) const {
    return known_ != nullptr && !is_marked() && known_->is_hopeless_without_lines(framework, kept);
  }

  bool is_enough() const { return hints_.size() >= kMostRemedies; }

  bool try_out(const ResolveRequest& request, const Host& host, std::string_view what) {
    if (is_enough()) {
      return false;
    }
    const Outcome outcome = outcome_of(request, host, catalog_);
    if (outcome.image.empty()) {
      return false;
    }
    const std::string command = resolve_command(request, host);
    std::string hint = fmt::format("{}`{}` takes {}", what, command, outcome.image);
    if (!outcome.frameworks.empty()) {
      hint += fmt::format(", {}", join(outcome.frameworks, ", "));
    }
    if (std::find(hints_.begin(), hints_.end(), hint) == hints_.end()) {
      hints_.push_back(std::move(hint));
    }
    return true;
  }

  ResolveRequest with(const Framework& framework, const std::string& text) const {
    return with_line(request_, framework, text, catalog_);
  }

  std::vector<const Framework*> frameworks() const {
    std::vector<const Framework*> all;
    for (const World& world : worlds_) {
      for (const Wanted& wanted : world.frameworks) {
        if (std::find(all.begin(), all.end(), wanted.framework) == all.end()) {
          all.push_back(wanted.framework);
        }
      }
    }
    return all;
  }

  // torch==2.0.1+cu117, jax[cuda13]: the same release, another build.
  void relax_builds() {
    for (const RequirementLine& line : request_.requirements) {
      const std::optional<pep440::Version> pinned = line.value.specifiers.pinned();
      const bool names_build = pinned && !pinned->local().empty();
      const Framework* framework = catalog_.find_framework(line.value.name);
      if (framework == nullptr || (!names_build && line.value.extras.empty()) ||
          is_hopeless_without_lines(*framework, nullptr)) {
        continue;
      }
      const std::string demand =
          names_build ? "==" + pinned->public_version().text() : line.value.specifiers.text();
      try_out(with(*framework, line.value.name + demand), host_, "another build: ");
    }
  }

  // Two lines that exclude each other: each of them alone.
  void relax_lines() {
    if (request_.requirements.size() < 2) {
      return;
    }
    for (const Framework* framework : frameworks()) {
      std::vector<const RequirementLine*> own;
      for (const RequirementLine& line : request_.requirements) {
        if (is_about(line.value.name, *framework, catalog_)) {
          own.push_back(&line);
        }
      }
      for (const RequirementLine* line : own) {
        if (own.size() > 1 && !is_hopeless_without_lines(*framework, line)) {
          try_out(with(*framework, line->value.text()), host_, "");
        }
      }
    }
  }

  // The nearest release that works: newer if there is one, else older.
  void relax_releases() {
    for (const Framework* framework : frameworks()) {
      const std::optional<AskedVersion> asked = asked_version(*framework, worlds_);
      if (asked && !is_enough() && !is_hopeless_without_lines(*framework, nullptr)) {
        relax_release(*framework, *asked);
      }
    }
  }

  void relax_release(const Framework& framework, const AskedVersion& asked) {
    const std::string name = name_with_extras(request_, framework, catalog_);
    std::optional<pep440::Version> newer;
    std::optional<pep440::Version> older;
    std::uint64_t highest_major = 0;
    for (const pep440::Version& version :
         outcome_of(with(framework, name), host_, catalog_, &framework).versions) {
      highest_major = std::max(highest_major, version.release().front());
      const bool may_be_newer = version > asked.version || asked.is_bound;
      if (version >= asked.version && may_be_newer && (!newer || version < *newer)) {
        newer = version;
      }
      if (version < asked.version && (!older || version > *older)) {
        older = version;
      }
    }
    // A patch that there is none of: its neighbour is nearer than the next minor.
    const bool same_minor =
        older && !asked.is_bound && newer && older->release().size() > 1 &&
        asked.version.release().size() > 1 && older->release()[0] == asked.version.release()[0] &&
        older->release()[1] == asked.version.release()[1] &&
        (newer->release()[0] != older->release()[0] || newer->release()[1] != older->release()[1]);
    if (same_minor) {
      try_out(with(framework, fmt::format("{}=={}", name, older->text())), host_, "");
      return;
    }
    if (newer && newer->release().front() < highest_major) {  // code for the next major is another
      try_out(with(framework, fmt::format("{}=={}", name, newer->text())), host_, "");
    } else if (newer) {
      try_out(with(framework, fmt::format("{}>={}", name, short_text(*newer))), host_, "");
    } else if (older) {
      try_out(with(framework, fmt::format("{}=={}", name, older->text())), host_, "");
    }
  }

  void relax_flags() {
    ResolveRequest changed = request_;
    changed.cuda.reset();
    if (request_.cuda && !is_hopeless_without(Fact::Kind::cuda)) {
      try_out(changed, host_, "any CUDA: ");
    }
    changed = request_;
    changed.python.clear();
    if (!request_.python.empty() && !is_hopeless_without(Fact::Kind::python)) {
      try_out(changed, host_, "any Python: ");
    }
    changed = request_;
    changed.source.reset();
    if (request_.source && !is_hopeless_without(Fact::Kind::source)) {
      try_out(changed, host_, "any source: ");
    }
    changed = request_;
    changed.devel = false;
    if (request_.devel && !is_hopeless_without(Fact::Kind::devel)) {
      try_out(changed, host_, "without compilers: ");
    }
    changed = request_;
    changed.image.reset();
    if (request_.image) {
      try_out(changed, host_, "another image: ");
    }
  }

  void relax_driver() {
    if (!host_.driver || is_enough() || is_hopeless_without(Fact::Kind::driver)) {
      return;
    }
    const std::set<DriverVersion> drivers = known_ != nullptr
                                                ? drivers_missed(known_->search)
                                                : outcome_of(request_, host_, catalog_).drivers;
    try_newer_drivers(request_, drivers, "");
  }

  void try_newer_drivers(const ResolveRequest& request, const std::set<DriverVersion>& drivers,
                         std::string_view besides) {
    for (const DriverVersion& driver : drivers) {
      Host updated = host_;
      updated.driver = driver;
      updated.driver_cuda.reset();
      updated.gpus_known = false;
      updated.origin.text = "--driver, --gpu";
      if (driver > *host_.driver &&
          try_out(request, updated,
                  fmt::format("after an update of the driver to {} or newer{}: ", driver.text(),
                              besides))) {
        return;
      }
    }
  }

  // Where giving up one thing is not enough.
  void relax_both() {
    if (known_ == nullptr || std::popcount(known_->change) != 2 || is_marked()) {
      return;
    }
    const Facts& facts = known_->facts;
    ResolveRequest changed = facts.request_of(facts.all() & ~known_->change);
    changed.gpus = request_.gpus;
    const auto gives_up = [&](Fact::Kind kind) {
      return std::any_of(facts.list().begin(), facts.list().end(), [&](const Fact& fact) {
        return fact.kind == kind && (facts.bit(kind, fact.about, fact.index) & known_->change) != 0;
      });
    };
    if (gives_up(Fact::Kind::driver) && host_.driver) {
      try_newer_drivers(changed, outcome_of(changed, host_, catalog_).drivers,
                        ", and without the other constraint");
    } else if (gives_up(Fact::Kind::gpu)) {
      changed.gpus.value.mode = GpuRequest::Mode::none;
      try_out(changed, given_host_, "on the CPU, and without the other constraint: ");
    } else {
      try_out(changed, host_, "without both: ");
    }
  }

  void relax_gpus() {
    const GpuRequest& wanted = request_.gpus.value;
    if (wanted.mode == GpuRequest::Mode::none) {
      return;
    }
    ResolveRequest changed = request_;
    changed.gpus.value = GpuRequest{};
    if (wanted.required() && host_.has_gpu()) {
      try_out(changed, host_, "on the GPUs that are there: ");
    }
    changed.gpus.value.mode = GpuRequest::Mode::devices;
    for (const Gpu& gpu : host_.gpus) {
      changed.gpus.value.devices = {std::to_string(gpu.index)};
      if (host_.gpus.size() > 1 && !(known_ != nullptr && known_->is_hopeless_on(gpu)) &&
          try_out(changed, host_, fmt::format("on {} alone: ", gpu.name))) {
        break;
      }
    }
    if (needs_gpu()) {
      return;
    }
    changed.gpus.value = GpuRequest{};
    changed.gpus.value.mode = GpuRequest::Mode::none;
    try_out(changed, given_host_, "on the CPU: ");  // which asks for no other driver
  }

  // What states which GPUs it runs on has nothing for the CPU: vllm, flash-attn.
  bool needs_gpu() const {
    return std::any_of(request_.requirements.begin(), request_.requirements.end(),
                       [this](const RequirementLine& line) {
                         const Library* library = catalog_.find_library(line.value.name);
                         return library != nullptr && !library->releases.empty() &&
                                library->releases.back().min_capability.has_value();
                       });
  }

  // A library that has nothing for the machine, beside a framework that has.
  void relax_libraries() {
    for (const RequirementLine& line : request_.requirements) {
      const Library* library = catalog_.find_library(line.value.name);
      if (library == nullptr || request_.requirements.size() < 2) {
        continue;
      }
      ResolveRequest changed = request_;
      std::erase_if(changed.requirements, [&](const RequirementLine& other) {
        return catalog_.find_library(other.value.name) == library;
      });
      try_out(changed, host_, fmt::format("without {}: ", library->name));
    }
  }

  void relax_everything() {
    const bool hopeless =
        known_ != nullptr && !is_marked() && known_->is_hopeless_for(frameworks());
    if (request_.requirements.empty() || hopeless) {
      return;
    }
    ResolveRequest changed;
    changed.gpus = request_.gpus;
    changed.requirements = request_.requirements;
    changed = without_demands(std::move(changed));
    if (try_out(changed, host_, "without the other constraints: ")) {
      return;
    }
    changed.requirements.clear();
    for (const Framework* framework : frameworks()) {
      changed = with_line(std::move(changed), *framework, framework->name, catalog_);
    }
    try_out(changed, host_, "the frameworks alone: ");
  }

  const Host& given_host_;
  Host host_;  // given, or mended
  const Catalog& catalog_;
  const std::vector<World> worlds_;
  const ResolveRequest request_;
  const KnownConflict* known_ = nullptr;
  std::vector<std::string> hints_;
};

}  // namespace

std::vector<std::string> remedies(const ResolveRequest& request, const Host& host,
                                  const Catalog& catalog, const KnownConflict* known) {
  return Relaxation(request, host, catalog, known).found();
}

}  // namespace berth::resolver
