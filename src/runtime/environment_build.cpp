#include "berth/runtime/environment_build.hpp"

#include <spdlog/fmt/fmt.h>

#include <chrono>

#include "berth/base/pause.hpp"
#include "runtime/container_job.hpp"

namespace berth::runtime {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kFolder = "/run/berth";

std::string container_name(const std::string& repository, const std::string& tag) {
  std::string name = repository + "-" + tag;
  for (char& letter : name) {
    letter = letter == '/' ? '-' : letter;
  }
  return name;
}

Mount own_volume(const std::string& target) {
  Mount mount;
  mount.type = Mount::Type::volume;
  mount.target = target;
  mount.no_copy = true;  // what an image has at /workspace is of no use here
  return mount;
}

ContainerSpec container_of(const StageBuild& build) {
  ContainerSpec spec;
  spec.image = build.image;
  if (!build.repository.empty()) {
    spec.name = container_name(build.repository, build.tag);
  }
  spec.entrypoint = {
      "/bin/sh", "-c",
      fmt::format("cd {0} && tar -xf - && exec /bin/sh {0}/build.sh {1}", kFolder, build.stage)};
  spec.command = build.base.command;  // an image has no other way to keep its own
  spec.user = "0";
  spec.workdir = "";
  // What is secret, or only of this build, is never part of an image. 0700: the rest of the machine
  // has no business there.
  spec.tmpfs[kFolder] = "mode=0700";
  Mount cache;
  cache.type = Mount::Type::volume;
  cache.source = kCacheVolume;
  cache.target = "/var/cache/berth";
  spec.mounts.push_back(cache);
  if (build.local_files) {
    spec.mounts.push_back(own_volume(std::string(kFolder) + "/files"));
  }
  if (build.workspace) {
    spec.mounts.push_back(own_volume("/workspace"));
  }
  spec.labels[kBuildLabel] = build.run_id;
  spec.network = build.network;
  spec.options.extra_hosts = build.extra_hosts;
  spec.options.dns = build.dns;
  spec.init = false;
  spec.open_stdin = true;
  spec.auto_remove = false;
  spec.log_driver = "none";  // we read all of it
  return spec;
}

class Removal {
 public:
  Removal(Engine& engine, std::string container)
      : engine_(engine), container_(std::move(container)) {}
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;
  ~Removal() { static_cast<void>(engine_.remove(container_, true)); }

 private:
  Engine& engine_;
  std::string container_;
};

Result<std::string> commit(Engine& engine, const StageBuild& build, const std::string& container) {
  CommitSpec spec;
  spec.repository = build.repository;
  spec.tag = build.tag;
  spec.comment = build.comment;
  spec.entrypoint = build.base.entrypoint;
  spec.command = build.base.command;
  // An empty one would become the build's own, which is root.
  spec.user = build.base.user.empty() ? "0" : build.base.user;
  spec.labels = build.labels ? build.labels() : std::map<std::string, std::string>{};
  // Containers of the image inherit its labels, and no guard must take them for a build.
  spec.labels[kBuildLabel] = build.tag;
  return engine.commit(container, spec);
}

}  // namespace

Result<StageOutcome> build_stage(Engine& engine, const StageBuild& build) {
  BERTH_TRY(const CreatedContainer created, engine.create(container_of(build)));
  const Removal removal(engine, created.id);
  const auto pass_on = [&build](OutputStream, std::string_view bytes) { build.on_output(bytes); };
  BERTH_TRY(const int exit_code, run_container_job(engine, {.id = created.id,
                                                            .input = build.archive,
                                                            .on_output = pass_on,
                                                            .stop = build.stop}));
  StageOutcome outcome{exit_code, {}};
  if (exit_code == 0 && !build.repository.empty()) {
    BERTH_TRY(outcome.image_id, commit(engine, build, created.id));
  }
  return outcome;
}

Result<void> await_other_build(Engine& engine, const std::string& repository,
                               const std::string& tag, const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kPause{250};
  constexpr std::chrono::minutes kCommitLimit{30};  // an image is being made of it meanwhile
  const std::string name = container_name(repository, tag);
  std::optional<Clock::time_point> ended;
  while (true) {
    BERTH_TRY(const std::optional<ContainerState> state, engine.inspect_container(name));
    if (!state) {
      return {};
    }
    if (!state->running && state->status != "created") {
      ended = ended.value_or(Clock::now());
      if (Clock::now() - *ended > kCommitLimit) {
        return engine.remove(name, true);
      }
    }
    if (!pause_for(kPause, stop)) {
      return fail(Errc::interrupted, "the wait for another build was interrupted");
    }
  }
}

}  // namespace berth::runtime
