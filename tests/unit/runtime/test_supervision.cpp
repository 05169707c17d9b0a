// Runs whose streams go past the engine: when, by which container, and what a session makes of what
// its supervisor says. The supervisor here is a thread; the real one runs in tests/integration.
#include "berth/runtime/supervision.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <thread>
#include <utility>

#include "berth/runtime/run_labels.hpp"
#include "berth/runtime/session.hpp"
#include "supervisor/protocol.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"
#include "support/session_streams.hpp"

using namespace berth;
using namespace berth::runtime;
using namespace berth::test;

namespace {

using Words = std::vector<std::string>;

ContainerSpec plain_spec() {
  ContainerSpec spec;
  spec.log_driver = "none";
  spec.open_stdin = true;
  return spec;
}

EngineFacts local_docker() {
  EngineFacts engine;
  engine.address = "unix:///var/run/docker.sock";
  return engine;
}

Supervision prepared(Words command = {"train"}) {
  static int number = 0;
  Result<Supervision> supervision = Supervision::prepare(
      std::move(command), "test-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
  REQUIRE(supervision);
  return std::move(*supervision);
}

std::string source_of(const ContainerSpec& spec, const char* target) {
  for (const Mount& mount : spec.mounts) {
    if (mount.target == target) {
      return mount.source;
    }
  }
  return {};
}

// What a supervisor holds once it is connected.
struct Inside {
  UniqueFd door{};
  UniqueFd output{};
  UniqueFd error{};
  UniqueFd input{};

  void say(const UniqueFd& stream, std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::write(stream.get(), text.data(), text.size());
      REQUIRE(count > 0);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  std::string everything() const {
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; (count = ::read(input.get(), buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
  void end(const supervisor::Ending& ending) const {
    ::send(door.get(), &ending, sizeof(ending), MSG_NOSIGNAL);
  }
};

UniqueFd connected_to(const std::string& path) {
  UniqueFd door(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (::connect(door.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    door.reset();
  }
  return door;
}

Inside let_in(const std::string& path) {
  Inside inside{connected_to(path)};
  supervisor::Streams streams;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(3 * sizeof(int))> control{};
  iovec part{&streams, sizeof(streams)};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(inside.door.get(), &message, MSG_CMSG_CLOEXEC) != sizeof(streams)) {
    return inside;
  }
  std::array<int, 3> descriptors{-1, -1, -1};
  const std::size_t count = streams.input != 0 ? 3 : 2;
  std::memcpy(descriptors.data(), CMSG_DATA(CMSG_FIRSTHDR(&message)), count * sizeof(int));
  inside.output.reset(descriptors[0]);
  inside.error.reset(descriptors[1]);
  inside.input.reset(descriptors[2]);
  return inside;
}

// The container as the engine sees it: it ends with its supervisor.
std::function<void(FakeContainer&)> ends_after(std::shared_future<void> supervisor, int code) {
  return [supervisor = std::move(supervisor), code](FakeContainer& container) {
    supervisor.wait();
    container.exit(code);
  };
}

// A session of which the supervisor is `act`, begun when the engine starts the container.
class SupervisedSession {
 public:
  SupervisedSession(FakeEngine& engine, std::function<void(Inside)> act,
                    std::promise<void> over = {})
      : engine_(engine), supervision_(prepared()), over_(std::move(over)) {
    const std::string door = source_of(supervision_.container_of({}), supervisor::kDoorPath);
    engine.before_call = [this, door, act = std::move(act)](const std::string& call) {
      if (call == "start" && !thread_.joinable()) {
        thread_ = std::thread([this, door, act] {
          act(let_in(door));
          over_.set_value();
        });
      }
    };
  }
  ~SupervisedSession() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  Result<SessionOutcome> run(const ContainerSpec& spec = plain_spec()) {
    SessionOptions options = streams.options();
    options.supervision = &supervision_;
    options.waits_for_removal = false;
    return run_attached(engine_, spec, options, signals);
  }

  SessionStreams streams;
  FakeSignals signals;

 private:
  FakeEngine& engine_;
  Supervision supervision_;
  std::promise<void> over_;
  std::thread thread_{};
};

}  // namespace

TEST_CASE("a plain run of a local engine can do without the engine's streams, others say why not") {
  CHECK(why_through_engine(plain_spec(), local_docker()).empty());

  EngineFacts engine = local_docker();
  ContainerSpec spec = plain_spec();
  std::string word;
  SECTION("another machine") {
    engine.address = "tcp://lab:2376";
    word = "another machine";
  }
  SECTION("rootless") {
    engine.rootless = true;
    word = "other files";
  }
  SECTION("other users") {
    spec.options.userns = "keep-id";
    word = "other users";
  }
  SECTION("a virtual machine") {
    spec.options.runtime = "kata";
    word = "`kata`";
  }
  SECTION("a terminal") {
    spec.tty = true;
    word = "terminal";
  }
  SECTION("detached") {
    spec.attached = false;
    word = "attached";
  }
  SECTION("one stream") {
    spec.attach_stderr = false;
    word = "attached";
  }
  SECTION("a log") {
    spec.log_driver = "local";
    word = "log";
  }
  SECTION("process 1") {
    spec.init = false;
    word = "process 1";
  }
  SECTION("the processes of others") {
    spec.options.pid = "host";
    word = "among others";
  }
  SECTION("a mount above ours") {
    Mount mount;
    mount.target = "/run";
    spec.mounts.push_back(mount);
    word = "/run/berth";
  }
  SECTION("control groups of others") {
    Mount mount;
    mount.target = "/sys/fs/cgroup";
    spec.mounts.push_back(mount);
    word = "/sys";
  }
  SECTION("a tmpfs above ours") {
    spec.tmpfs["/run"] = "";
    word = "/run/berth";
  }
  const std::string reason = why_through_engine(spec, engine);
  CHECK(reason.find(word) != std::string::npos);
}

TEST_CASE("certificates beside the supervisor do not hinder it") {
  ContainerSpec spec = plain_spec();
  Mount mount;
  mount.target = "/run/berth/ca-certificates.crt";
  spec.mounts.push_back(mount);
  CHECK(why_through_engine(spec, local_docker()).empty());
}

TEST_CASE("the whole command is what the engine would make of entry point and arguments") {
  ImageFacts image;
  image.entrypoint = {"/entry", "--fast"};
  image.command = {"shell"};
  ContainerSpec spec;
  CHECK(whole_command(spec, image) == Words{"/entry", "--fast", "shell"});
  spec.command = {"train", "-v"};
  CHECK(whole_command(spec, image) == Words{"/entry", "--fast", "train", "-v"});
  spec.entrypoint = Words{"python"};
  CHECK(whole_command(spec, image) == Words{"python", "train", "-v"});
  spec.entrypoint = Words{""};  // reset
  CHECK(whole_command(spec, image) == Words{"train", "-v"});
  spec.entrypoint = Words{"printf", "[%s]", ""};
  CHECK(whole_command(spec, image) == Words{"printf", "[%s]", "", "train", "-v"});
  spec.entrypoint = Words{""};
  spec.command.clear();
  CHECK(whole_command(spec, image).empty());  // docker drops the image's command, too
}

TEST_CASE("the container has the supervisor as process 1, and what it needs is private") {
  const Supervision supervision = prepared({"train", "--epochs", "3"});
  const ContainerSpec spec = supervision.container_of(plain_spec());
  CHECK(spec.entrypoint == Words{supervisor::kProgramPath});
  CHECK(spec.command == Words{"train", "--epochs", "3"});
  CHECK_FALSE(spec.init);
  CHECK(spec.labels.at(kStreamsLabel) == "client");

  const std::filesystem::path program = source_of(spec, supervisor::kProgramPath);
  const std::filesystem::path door = source_of(spec, supervisor::kDoorPath);
  namespace fs = std::filesystem;
  CHECK(fs::status(program.parent_path()).permissions() == fs::perms::owner_all);
  CHECK(fs::status(program).permissions() == static_cast<fs::perms>(0755));
  CHECK(fs::status(door).permissions() == static_cast<fs::perms>(0666));
  CHECK(fs::file_size(program) > 1000);
}

TEST_CASE("nothing stays in the file system, whichever way it ends") {
  std::filesystem::path folder;
  {
    const Supervision supervision = prepared();
    folder = source_of(supervision.container_of({}), supervisor::kDoorPath);
    folder = folder.parent_path();
    CHECK(std::filesystem::exists(folder));
  }
  CHECK_FALSE(std::filesystem::exists(folder));

  const std::string id = "killed-" + std::to_string(::getpid());
  Result<Supervision> killed = Supervision::prepare({"x"}, id);
  REQUIRE(killed);
  folder = source_of(killed->container_of({}), supervisor::kDoorPath);
  Supervision::clear_up(id);
  CHECK_FALSE(std::filesystem::exists(folder.parent_path()));
}

TEST_CASE("streams and exit are the supervisor's, and the engine's exit is not waited for") {
  std::promise<void> over;
  FakeEngine engine(ends_after(over.get_future().share(), 7));
  const auto act = [](Inside inside) {
    const std::string input = inside.everything();
    inside.say(inside.output, "out " + input);
    inside.say(inside.error, "err\n");
    inside.end({.exit_code = 7, .oom_kills = 0, .peak_memory = 4096});
  };
  SupervisedSession session(engine, act, std::move(over));
  session.streams.feed_pipe("hello\n");
  const Result<SessionOutcome> outcome = session.run();
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 7);
  CHECK(outcome->cause == SessionOutcome::Cause::command);
  CHECK(outcome->oom_killed == false);
  CHECK(outcome->peak_memory == 4096);
  CHECK(outcome->output_tails == Words{"err\n", "out hello\n"});
  CHECK(outcome->oom_counted);
  CHECK(engine.count("wait removed") == 0);
  CHECK(session.streams.standard_output() == "out hello\n");
  CHECK(session.streams.standard_error() == "err\n");
}

TEST_CASE("a large output arrives whole, though its reader is slow and the exit is known first") {
  std::string text;
  for (int i = 0; text.size() < (3u << 20); ++i) {
    text += std::to_string(i) + "\n";
  }
  std::promise<void> over;
  FakeEngine engine(ends_after(over.get_future().share(), 0));
  const auto act = [&text](Inside inside) {
    std::thread writer([&] { inside.say(inside.output, text); });
    inside.end({.exit_code = 0});
    writer.join();
  };
  SupervisedSession session(engine, act, std::move(over));
  session.streams.read_slowly();
  REQUIRE(session.run());
  CHECK(session.streams.standard_output() == text);
}

TEST_CASE("a reader who leaves standard output alone does not hold up standard error") {
  std::promise<void> over;
  FakeEngine engine(ends_after(over.get_future().share(), 0));
  const auto act = [](Inside inside) {
    std::thread writer([&] { inside.say(inside.output, std::string(4u << 20, 'x')); });
    inside.say(inside.error, std::string(4u << 20, 'y'));  // would hang here
    inside.error.reset();
    writer.join();
    inside.end({.exit_code = 0});
  };
  SupervisedSession session(engine, act, std::move(over));
  session.streams.read_slowly();
  REQUIRE(session.run());
  CHECK(session.streams.standard_error().size() == 4u << 20);
}

TEST_CASE("signals go to the supervisor, whether or not the engine answers") {
  std::promise<void> over;
  FakeEngine engine(ends_after(over.get_future().share(), 143));
  engine.failures["kill"] = Error{Errc::engine_unreachable, "away"};
  std::promise<void> ready;
  std::future<void> is_ready = ready.get_future();
  int received = 0;
  const auto act = [&ready, &received](Inside inside) {
    ready.set_value();
    supervisor::Signal signal;
    REQUIRE(::recv(inside.door.get(), &signal, sizeof(signal), 0) == sizeof(signal));
    received = signal.number;
    inside.end({.exit_code = 143});
  };
  SupervisedSession session(engine, act, std::move(over));
  std::thread sender([&] {
    is_ready.wait();
    session.signals.send(SIGTERM);
  });
  const Result<SessionOutcome> outcome = session.run();
  sender.join();
  REQUIRE(outcome);
  CHECK(received == SIGTERM);
  CHECK(outcome->exit_code == 143);
  CHECK(outcome->cause == SessionOutcome::Cause::signal);
  CHECK(engine.count("kill TERM") == 0);
}

TEST_CASE("a supervisor that is killed leaves the exit to the engine") {
  std::promise<void> over;
  FakeEngine engine(ends_after(over.get_future().share(), 137));
  SupervisedSession session(
      engine, [](Inside inside) { inside.say(inside.output, "last words\n"); }, std::move(over));
  const Result<SessionOutcome> outcome = session.run();
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 137);
  CHECK(session.streams.standard_output() == "last words\n");
}

TEST_CASE("a supervisor that cannot do its work is left out, and the command runs once") {
  bool first = true;
  FakeEngine engine([&first](FakeContainer& container) {
    if (std::exchange(first, false)) {
      container.exit(supervisor::kCannotSupervise);
      return;
    }
    container.out("by the engine\n");
    container.exit(3);
  });
  SupervisedSession session(engine, [](Inside) {});
  engine.before_call = {};  // nobody comes
  const Result<SessionOutcome> outcome = session.run();
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 3);
  CHECK(session.streams.standard_output() == "by the engine\n");
  REQUIRE(engine.specs().size() == 2);
  CHECK(engine.specs()[1].entrypoint == plain_spec().entrypoint);
}

TEST_CASE("a container that is killed before its command is no reason to begin again") {
  FakeEngine engine([](FakeContainer& container) { container.exit(137); });
  SupervisedSession session(engine, [](Inside) {});
  engine.before_call = {};
  const Result<SessionOutcome> outcome = session.run();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().notes.front().find("137") != std::string::npos);
  CHECK(engine.specs().size() == 1);
}

TEST_CASE("a signal that comes before the command cancels it") {
  FakeEngine engine([](FakeContainer& container) { static_cast<void>(container.next_signal()); });
  SupervisedSession session(engine, [](Inside) {});
  engine.before_call = [&session](const std::string& call) {
    if (call == "start") {
      session.signals.send(SIGINT);
    }
  };
  const Result<SessionOutcome> outcome = session.run();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::interrupted);
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("an engine that cannot mount or start the supervisor runs the command without it") {
  FakeEngine engine([](FakeContainer& container) { container.exit(4); });
  const std::string call = GENERATE("create", "start");
  SupervisedSession session(engine, [](Inside) {});
  engine.before_call = [&engine, call, calls = 0](const std::string& name) mutable {
    if (name != call) {
      return;
    }
    engine.failures.clear();
    if (calls++ == 0) {
      engine.failures[call] = Error{Errc::engine_failed, "refused"}.note(
          "the engine says: exec: \"/run/berth/supervisor\": permission denied");
    }
  };
  const Result<SessionOutcome> outcome = session.run();
  INFO(call << ": " << (outcome ? "" : outcome.error().message));
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 4);
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("a refusal that has other reasons is told as it is") {
  FakeEngine engine;
  engine.failures["create"] = Error{Errc::engine_failed, "no"}.note("the engine says: full");
  SupervisedSession session(engine, [](Inside) {});
  const Result<SessionOutcome> outcome = session.run();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message == "no");
  CHECK(engine.calls() == Words{"create"});
}

TEST_CASE("nobody else can attach to such a run, and is told so") {
  FakeEngine engine;
  ContainerState run;
  run.id = "container-1";
  run.running = true;
  run.labels[kStreamsLabel] = "client";
  SessionStreams streams;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = attach_to_run(engine, run, streams.options(), signals);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().id == "streams-taken");
}
