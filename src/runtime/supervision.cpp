#include "berth/runtime/supervision.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "berth/runtime/run_labels.hpp"
#include "runtime/private_folder.hpp"
#include "supervisor/protocol.hpp"

// Of src/supervisor/CMakeLists.txt.
extern "C" const char berth_supervisor_program[];
extern "C" const char berth_supervisor_program_end[];

namespace berth::runtime {

namespace {

constexpr const char* kProgram = "/supervisor";
constexpr const char* kDoor = "/door";
constexpr std::string_view kMountFolder = "/run/berth/";

Failure cannot(const std::string& what) {
  return fail(Errc::io, fmt::format("{}: {}", what,
                                    std::error_code(errno, std::generic_category()).message()));
}

// A limit of file sizes (`ulimit -f`) shall be an error of write(2), and not our end.
class NoSignalForLargeFiles {
 public:
  NoSignalForLargeFiles() : before_(std::signal(SIGXFSZ, SIG_IGN)) {}
  NoSignalForLargeFiles(const NoSignalForLargeFiles&) = delete;
  NoSignalForLargeFiles& operator=(const NoSignalForLargeFiles&) = delete;
  ~NoSignalForLargeFiles() { std::signal(SIGXFSZ, before_); }

 private:
  void (*before_)(int);
};

Result<void> write_program(const std::string& path) {
  const NoSignalForLargeFiles ignored;
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755));
  const char* at = berth_supervisor_program;
  while (file && at < berth_supervisor_program_end) {
    const ssize_t count =
        ::write(file.get(), at, static_cast<std::size_t>(berth_supervisor_program_end - at));
    if (count <= 0) {
      break;
    }
    at += count;
  }
  // Whatever the umask says: users of the container are others than ours.
  if (!file || at < berth_supervisor_program_end || ::fchmod(file.get(), 0755) != 0) {
    return cannot(fmt::format("`{}` cannot be written", path));
  }
  return {};
}

Result<UniqueFd> listen_at(const std::string& path) {
  UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  // The folder keeps all others of this machine away; the user of the container may be anybody.
  if (!listener ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::chmod(path.c_str(), 0666) != 0 || ::listen(listener.get(), 1) != 0) {
    return cannot(fmt::format("no socket can be made at `{}`", path));
  }
  return listener;
}

Mount bind_of(const std::string& source, const char* target) {
  Mount mount;
  mount.source = source;
  mount.target = target;
  mount.read_only = true;
  return mount;
}

// Whether something of the request's lies where our mounts would, or where the kernel's figures
// are.
bool is_in_the_way(std::string_view target) {
  return target.starts_with("/sys") || kMountFolder.starts_with(target) ||
         target == supervisor::kProgramPath || target == supervisor::kDoorPath;
}

bool is_plain_runtime(const std::string& runtime) {
  return runtime.empty() || runtime == "runc" || runtime == "crun" || runtime == "nvidia";
}

}  // namespace

std::vector<std::string> whole_command(const ContainerSpec& spec, const ImageFacts& image) {
  std::vector<std::string> words = spec.entrypoint.value_or(image.entrypoint);
  if (words == std::vector<std::string>{""}) {  // the image's is reset
    words.clear();
  }
  const bool images = spec.command.empty() && !spec.entrypoint.has_value();
  const std::vector<std::string>& arguments = images ? image.command : spec.command;
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

std::string why_through_engine(const ContainerSpec& spec, const EngineFacts& engine) {
  const auto hides = [](const auto& mounts, auto target_of) {
    return std::any_of(mounts.begin(), mounts.end(),
                       [&](const auto& mount) { return is_in_the_way(target_of(mount)); });
  };
  if (!engine.address.starts_with("unix:")) {
    return "the engine is on another machine";
  }
  if (engine.rootless || engine.is_snap() || !spec.options.userns.empty()) {
    return "the engine sees other files than berth, or other users";
  }
  if (!is_plain_runtime(spec.options.runtime)) {
    return fmt::format("the runtime `{}` may be a machine of its own", spec.options.runtime);
  }
  if (spec.tty) {
    return "the run has a terminal";
  }
  if (!spec.attached || !spec.attach_stdout || !spec.attach_stderr) {
    return "not all of its output is attached";
  }
  if (spec.log_driver != "none") {
    return "the engine keeps a log of it";
  }
  if (!spec.init || !spec.options.pid.empty()) {
    return "the command is to be process 1, or one among others";
  }
  if (hides(spec.mounts, [](const Mount& mount) { return mount.target; }) ||
      hides(spec.tmpfs, [](const auto& tmpfs) { return tmpfs.first; })) {
    return "something else is mounted at /run/berth or /sys";
  }
  return {};
}

Supervision::Supervision(std::vector<std::string> command, std::string folder)
    : command_(std::move(command)), folder_(std::move(folder)) {}

Supervision::Supervision(Supervision&& other) noexcept
    : command_(std::move(other.command_)),
      folder_(std::exchange(other.folder_, {})),
      listener_(std::move(other.listener_)) {}

Supervision::~Supervision() {
  close();
}

Result<Supervision> Supervision::prepare(std::vector<std::string> command,
                                         const std::string& run_id) {
  BERTH_TRY(std::string folder, make_run_folder(run_id, kProgram));
  Supervision supervision(std::move(command), std::move(folder));
  BERTH_CHECK(supervision.fill_folder());
  return supervision;
}

void Supervision::clear_up(const std::string& run_id) {
  remove_run_folder(run_id, {kProgram, kDoor});
}

Result<void> Supervision::fill_folder() {
  BERTH_CHECK(write_program(folder_ + kProgram));
  BERTH_TRY(listener_, listen_at(folder_ + kDoor));
  return {};
}

ContainerSpec Supervision::container_of(ContainerSpec spec) const {
  spec.mounts.push_back(bind_of(folder_ + kProgram, supervisor::kProgramPath));
  spec.mounts.push_back(bind_of(folder_ + kDoor, supervisor::kDoorPath));
  spec.entrypoint = std::vector<std::string>{supervisor::kProgramPath};
  spec.command = command_;
  spec.init = false;
  spec.labels[kStreamsLabel] = "client";
  return spec;
}

bool Supervision::is_blamed_in(const Error& error) const {
  return std::any_of(error.notes.begin(), error.notes.end(), [this](const std::string& note) {
    return note.find(kMountFolder) != std::string::npos ||
           (!folder_.empty() && note.find(folder_) != std::string::npos);
  });
}

UniqueFd Supervision::take_connection() {
  UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  close();
  return connection;
}

void Supervision::close() {
  listener_.reset();
  if (!folder_.empty()) {
    ::unlink((folder_ + kProgram).c_str());
    ::unlink((folder_ + kDoor).c_str());
    ::rmdir(folder_.c_str());
    folder_.clear();
  }
}

}  // namespace berth::runtime
