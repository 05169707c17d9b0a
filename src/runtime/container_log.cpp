#include "runtime/container_log.hpp"

namespace berth::runtime {

void choose_log(ContainerSpec& spec, const RunRequest& request, const EngineFacts& engine) {
  if (request.log_driver || !request.log_options.empty()) {
    spec.log_driver = request.log_driver.value_or("");
    spec.log_options = request.log_options;
    return;
  }
  // The log of a container that is removed with its exit serves nobody, and Docker writes it before
  // it passes output on: it costs most of the time, and holds up the end of a run whose output is
  // closed. A log is kept for whoever may come later: `berth attach` and `berth logs`, a terminal
  // that was detached from, a client that reconnects after the daemon's restart.
  const bool reconnects = engine.kind == EngineFacts::Kind::docker && engine.live_restore;
  if (spec.attached && spec.auto_remove && !request.keep && !spec.tty && !reconnects) {
    spec.log_driver = "none";
    return;
  }
  if (engine.kind == EngineFacts::Kind::podman) {
    return;  // has no `local`; its own default keeps every byte
  }
  // `local` is quick and keeps every byte, where json-file, the default, replaces what is not
  // UTF-8. Five files of a gigabyte: more than anybody reads, and no full disk.
  spec.log_driver = "local";
  spec.log_options = {{"max-size", "1g"}, {"max-file", "5"}};
}

}  // namespace berth::runtime
