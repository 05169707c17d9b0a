// A program that makes a socket for us: when it is ready, what it says, how it ends.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/connection_error.hpp"
#include "runtime/socket_program.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using berth::Errc;
using berth::Result;
using berth::runtime::probe_unix_socket;
using berth::runtime::SocketProgram;
using berth::test::TemporaryFolder;

namespace {

using Program = std::shared_ptr<SocketProgram>;

// $1 is the socket. python3 is there wherever the tests are.
constexpr const char* kServe =
    "exec python3 -c 'import socket, sys, time; s = socket.socket(socket.AF_UNIX); "
    "s.bind(sys.argv[1]);"
    " s.listen(); time.sleep(1000)' \"$1\"";

// The folders of sockets are made in one of the test's own.
class Place {
 public:
  Place() {
    ::unsetenv("XDG_RUNTIME_DIR");
    ::setenv("TMPDIR", folder_.path().c_str(), 1);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { ::unsetenv("TMPDIR"); }
  bool empty() const { return std::filesystem::is_empty(folder_.path()); }

 private:
  TemporaryFolder folder_{};
};

Result<Program> start(const std::string& script, bool on_our_terminal = false) {
  return SocketProgram::start(
      {.command =
           [script](const std::string& socket) {
             return std::vector<std::string>{"sh", "-c", script, "sh", socket};
           },
       .on_our_terminal = on_our_terminal});
}

}  // namespace

TEST_CASE("a socket program is reached without a name, and nothing of it stays") {
  for (const bool on_our_terminal : {false, true}) {
    const Place place;
    Program program = start(kServe, on_our_terminal).value();
    REQUIRE(program->wait_until_ready({}).value());
    REQUIRE(place.empty());
    const std::string path = program->socket_path();
    REQUIRE(probe_unix_socket(path) == 0);
    program.reset();
    REQUIRE(probe_unix_socket(path) != 0);
  }
}

TEST_CASE("a socket program that ends before it serves is known by its words") {
  const Place place;
  const Program program = start("echo to stdout; echo why >&2; exit 3").value();
  REQUIRE_FALSE(program->wait_until_ready({}).value());
  REQUIRE(program->said() == "to stdout\nwhy\n");
}

TEST_CASE("of a socket program that says much, the end is kept") {
  const Place place;
  const Program program = start("seq 100000; echo last >&2; exit 3").value();
  REQUIRE_FALSE(program->wait_until_ready({}).value());
  REQUIRE(program->said().size() == 8192);
  REQUIRE(program->said().ends_with("100000\nlast\n"));
}

TEST_CASE("a socket program that is not there is not found") {
  const Place place;
  const Result<Program> program = SocketProgram::start({.command = [](const std::string&) {
    return std::vector<std::string>{"no-such-program-of-berth"};
  }});
  REQUIRE(program.error().code == Errc::not_found);
  REQUIRE(place.empty());
}

TEST_CASE("a socket program that does not get ready is given up on a stop") {
  const Place place;
  {
    const Program program = start("trap '' TERM; exec sleep 1000", true).value();
    std::stop_source source;
    const std::jthread stopper([&source] { source.request_stop(); });
    REQUIRE(program->wait_until_ready(source.get_token()).error().code == Errc::interrupted);
  }
  REQUIRE(place.empty());
}

TEST_CASE("signals for the process group do not reach a program on our terminal") {
  const Place place;
  for (const int number : {SIGINT, SIGQUIT, SIGHUP, SIGTERM}) {
    // The test's own group must not be hit: a child makes one, and starts the program in it.
    const pid_t child = ::fork();
    if (child == 0) {
      ::setpgid(0, 0);
      Program program = std::move(start(kServe, true)).value();
      ::signal(number, SIG_IGN);
      const bool ready = program->wait_until_ready({}).value();
      ::kill(0, number);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const bool serves = probe_unix_socket(program->socket_path()) == 0;
      program.reset();
      ::_exit(ready && serves ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
  }
}
