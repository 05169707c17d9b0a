// The defaults of a container, one by one, and who wins where the request says otherwise.
#include "berth/runtime/container_spec.hpp"

#include <algorithm>

#include "berth/runtime/device_requests.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;
using namespace berth::runtime;

namespace {

using Strings = std::vector<std::string>;

// Anna's run in her project, on Docker, without GPUs.
struct Case {
  RunRequest request{};
  Decision decision{};
  Host host{};
  Caller caller{};
  std::vector<DeviceRequest> devices{};

  Case() {
    request.command = {"python", "train.py"};
    request.project = "/home/anna/net";
    decision.image = "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime";
    host.engine = EngineFacts{};
    host.engine->runtimes = {"runc"};
    host.memory_bytes = 64ull << 30;
    caller.uid = 1000;
    caller.gid = 1001;
    caller.user = "anna";
    caller.groups = {44, 2000};
    caller.directory = "/home/anna/net";
    caller.caches = {{"pip", "/home/anna/.cache/pip"}, {"torch", "/scratch/torch"}};
  }

  ContainerSpec spec() const {
    Result<ContainerSpec> made = make_container_spec(request, decision, host, caller, devices);
    REQUIRE(made);
    return *made;
  }
};

const Mount* mount_at(const ContainerSpec& spec, const std::string& target) {
  const auto found = std::find_if(spec.mounts.begin(), spec.mounts.end(),
                                  [&target](const Mount& mount) { return mount.target == target; });
  return found == spec.mounts.end() ? nullptr : &*found;
}

bool has_line(const ContainerSpec& spec, const std::string& line) {
  return std::count(spec.environment.begin(), spec.environment.end(), line) == 1;
}

bool has_variable(const ContainerSpec& spec, const std::string& name) {
  return std::any_of(
      spec.environment.begin(), spec.environment.end(),
      [&name](const std::string& line) { return line.substr(0, line.find('=')) == name; });
}

Sourced<Mount> bind_mount(const std::string& source, const std::string& target) {
  Mount mount;
  mount.source = source;
  mount.target = target;
  return {mount, Origin{"-v"}};
}

}  // namespace

TEST_CASE("the project is mounted and is where the command runs") {
  Case run;
  REQUIRE(mount_at(run.spec(), "/workspace") != nullptr);
  CHECK(mount_at(run.spec(), "/workspace")->source == "/home/anna/net");
  CHECK(run.spec().workdir == "/workspace");
  CHECK(run.spec().command == Strings{"python", "train.py"});

  run.caller.directory = "/home/anna/net/experiments/a";
  CHECK(run.spec().workdir == "/workspace/experiments/a");
  run.caller.directory = "/home/anna/network";
  CHECK(run.spec().workdir == "/workspace");
  run.caller.directory = "/home/anna/net/experiments";
  run.request.job = "eval";  // a command of the spec runs at the project's root
  CHECK(run.spec().workdir == "/workspace");

  run.request.workdir = "/data";
  CHECK(run.spec().workdir == "/data");
  run.request.workdir = "sub/";
  CHECK(run.spec().workdir == "/workspace/sub");

  run.request.project.clear();
  CHECK(mount_at(run.spec(), "/workspace") == nullptr);
}

TEST_CASE("the command runs as the caller, with a name, groups, and a home it can write to") {
  Case run;
  const ContainerSpec spec = run.spec();
  CHECK(spec.user == "1000:1001");
  CHECK(spec.group_add == Strings{"44", "2000"});
  CHECK(has_line(spec, "HOME=/home/anna"));
  CHECK(has_line(spec, "USER=anna"));
  CHECK(has_line(spec, "LOGNAME=anna"));
  CHECK(spec.tmpfs == std::map<std::string, std::string>{
                          {"/home/anna", "exec,mode=755,uid=1000,gid=1001"},
                          {"/home/anna/.cache", "exec,mode=755,uid=1000,gid=1001"}});
  REQUIRE(mount_at(spec, "/home/anna/.cache/torch") != nullptr);
  CHECK(mount_at(spec, "/home/anna/.cache/torch")->source == "/scratch/torch");

  run.host.engine->kind = EngineFacts::Kind::podman;
  CHECK(run.spec().tmpfs.at("/home/anna") == "exec,mode=1777");
}

TEST_CASE("a login name that is no path component is made one") {
  Case run;
  run.caller.user = "LAB\\anna:x/..";
  CHECK(has_line(run.spec(), "HOME=/home/LAB_anna_x_.."));
  CHECK(has_line(run.spec(), "USER=LAB\\anna:x/.."));
}

TEST_CASE("root stays root, and so does the caller of a rootless engine, who is root inside") {
  Case run;
  SECTION("root") {
    run.caller.uid = 0;
  }
  SECTION("rootless") {
    run.host.engine->rootless = true;
  }
  const ContainerSpec spec = run.spec();
  CHECK(spec.user == "0:0");
  CHECK(has_line(spec, "HOME=/root"));
  CHECK(has_line(spec, "USER=root"));
  CHECK(spec.tmpfs.empty());
  CHECK(spec.group_add.empty());
  CHECK(mount_at(spec, "/root/.cache/pip") != nullptr);
}

TEST_CASE("a user of the request's") {
  Case run;
  run.request.user = "jovyan";  // the image's: nothing is known of him
  CHECK(run.spec().user == "jovyan");
  CHECK_FALSE(has_variable(run.spec(), "HOME"));
  CHECK(run.spec().tmpfs.empty());
  CHECK(mount_at(run.spec(), "/home/anna/.cache/pip") == nullptr);
  run.request.user = "1234";
  CHECK(run.spec().user == "1234");
  CHECK(has_line(run.spec(), "HOME=/home/user"));
  CHECK(run.spec().tmpfs.at("/home/user") == "exec,mode=1777");
  CHECK(run.spec().group_add.empty());
  run.request.user = "root";
  CHECK(has_line(run.spec(), "HOME=/root"));
}

TEST_CASE("a mount of the request's takes the place of berth's, and what would lie below it") {
  Case run;
  run.request.mounts = {bind_mount("/scratch/ws", "/workspace"), bind_mount("/h", "/home/anna")};
  const ContainerSpec spec = run.spec();
  CHECK(spec.mounts.size() == 2);
  CHECK(mount_at(spec, "/workspace")->source == "/scratch/ws");
  CHECK(spec.tmpfs.empty());

  run.request.mounts = {bind_mount("/d", "/home/annabel")};
  CHECK(run.spec().tmpfs.count("/home/anna") == 1);

  run.request.mounts = {bind_mount("/a", "/data"), bind_mount("/b", "/data")};
  const Result<ContainerSpec> twice =
      make_container_spec(run.request, run.decision, run.host, run.caller, {});
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == Errc::usage);
  CHECK(twice.error().message == "two mounts lie at `/data`");
}

TEST_CASE("shared memory is half of the memory") {
  Case run;
  CHECK(run.spec().shm_bytes == 32ull << 30);
  run.request.memory_bytes = 8ull << 30;
  CHECK(run.spec().shm_bytes == 4ull << 30);
  CHECK(run.spec().memory_bytes == 8ull << 30);
  run.request.shm_bytes = 1u << 30;
  CHECK(run.spec().shm_bytes == 1u << 30);
  run.request.ipc = "host";  // the host's own
  CHECK(run.spec().shm_bytes == 0);
  run = Case();
  run.request.mounts = {bind_mount("/dev/shm", "/dev/shm")};
  CHECK(run.spec().shm_bytes == 0);
  run = Case();
  run.host.engine->memory_bytes = 16ull << 30;  // a virtual machine's: containers have no more
  CHECK(run.spec().shm_bytes == 8ull << 30);
  run = Case();
  run.host.memory_bytes.reset();
  CHECK(run.spec().shm_bytes == 8ull << 30);
}

TEST_CASE("limits are lifted as far as the engine may") {
  Case run;
  const auto limit = [&run](const std::string& name) {
    for (const Ulimit& ulimit : run.spec().ulimits) {
      if (ulimit.name == name) {
        CHECK(ulimit.soft == ulimit.hard);
        return ulimit.hard;
      }
    }
    return std::int64_t{0};
  };
  CHECK(limit("memlock") == -1);
  CHECK(limit("stack") == 64 << 20);
  run.caller.engine_limits = {8 << 20, 16 << 20};
  CHECK(limit("memlock") == 8 << 20);
  CHECK(limit("stack") == 16 << 20);
  run.caller.engine_limits = {std::nullopt, std::int64_t{1} << 40};
  CHECK(limit("stack") == 64 << 20);
}

TEST_CASE("init, no new privileges, removal by the engine") {
  const ContainerSpec spec = Case().spec();
  CHECK(spec.init);
  CHECK(spec.auto_remove);
  CHECK(spec.log_driver == "none");
  CHECK(spec.security_options == Strings{"no-new-privileges"});
}

TEST_CASE("Docker's snap starts no command with no-new-privileges, and is not asked to") {
  Case run;
  run.host.engine->storage_root = "/var/snap/docker/common/var-lib-docker";
  CHECK(run.spec().security_options.empty());
  run.request.security_options = {"no-new-privileges"};  // unless the user does
  CHECK(run.spec().security_options == Strings{"no-new-privileges"});
}

TEST_CASE("the environment: berth's, then the request's, one line per name") {
  Case run;
  CHECK(has_line(run.spec(), "PYTHONUNBUFFERED=1"));
  run.caller.environment = {{"WANDB_API_KEY", "k"}, {"TERM", "xterm-256color"}};
  run.caller.proxies = {{"HTTP_PROXY", "http://p:1"}, {"http_proxy", "http://p:1"}};
  run.request.environment = {{"PYTHONUNBUFFERED", "0", Origin{"-e"}},
                             {"WANDB_API_KEY", std::nullopt, Origin{"-e"}},
                             {"NOT_HERE", std::nullopt, Origin{"-e"}},
                             {"HTTP_PROXY", "", Origin{"-e"}},
                             {"A", "1", Origin{"spec"}},
                             {"A", "2", Origin{"-e"}}};
  const ContainerSpec spec = run.spec();
  CHECK(has_line(spec, "PYTHONUNBUFFERED=0"));
  CHECK(has_line(spec, "WANDB_API_KEY=k"));
  CHECK(has_line(spec, "NOT_HERE"));  // removes the image's
  CHECK(has_line(spec, "HTTP_PROXY="));
  CHECK(has_line(spec, "http_proxy=http://p:1"));
  CHECK(has_line(spec, "A=2"));
  CHECK_FALSE(has_line(spec, "A=1"));
  CHECK_FALSE(has_variable(spec, "TERM"));
}

TEST_CASE("a home of the request's gets none of berth's") {
  Case run;
  run.request.environment = {{"HOME", "/workspace/.home", Origin{"-e"}}};
  CHECK(has_line(run.spec(), "HOME=/workspace/.home"));
  CHECK(run.spec().tmpfs.empty());
  CHECK(mount_at(run.spec(), "/home/anna/.cache/pip") == nullptr);
}

TEST_CASE("a private CA bundle is mounted and named to those who read one") {
  Case run;
  CHECK_FALSE(has_variable(run.spec(), "SSL_CERT_FILE"));
  run.caller.ca_bundle = "/etc/ssl/certs/ca-certificates.crt";
  const ContainerSpec spec = run.spec();
  const Mount* bundle = mount_at(spec, "/run/berth/ca-certificates.crt");
  REQUIRE(bundle != nullptr);
  CHECK(bundle->read_only);
  for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE"}) {
    INFO(name);
    CHECK(has_line(spec, std::string(name) + "=/run/berth/ca-certificates.crt"));
  }
}

TEST_CASE("a CPU run hears of NVIDIA only where the nvidia runtime might attach all GPUs") {
  Case run;
  CHECK_FALSE(has_variable(run.spec(), "NVIDIA_VISIBLE_DEVICES"));
  run.host.engine->runtimes.emplace_back("nvidia");
  CHECK(has_line(run.spec(), "NVIDIA_VISIBLE_DEVICES=void"));
  run.devices.emplace_back();
  CHECK_FALSE(has_variable(run.spec(), "NVIDIA_VISIBLE_DEVICES"));
  CHECK(run.spec().device_requests.size() == 1);
}

TEST_CASE("a terminal is given where both ends are one, or where it is asked for") {
  struct Row {
    TerminalMode mode;
    bool stdin_terminal, stdout_terminal, connect, tty, open;
  };
  for (const Row& row :
       std::vector<Row>{{TerminalMode::automatic, true, true, true, true, true},
                        {TerminalMode::automatic, true, false, true, false, true},
                        {TerminalMode::automatic, false, true, true, false, true},
                        {TerminalMode::automatic, true, true, false, false, false},
                        {TerminalMode::never, true, true, true, false, true},
                        {TerminalMode::always, true, false, true, true, true},
                        {TerminalMode::always, false, false, false, true, false}}) {
    Case run;
    run.request.terminal = row.mode;
    run.request.connect_stdin = row.connect;
    run.caller.stdin_terminal = row.stdin_terminal;
    run.caller.stdout_terminal = row.stdout_terminal;
    run.caller.terminal_size = ContainerSpec::ConsoleSize{24, 80};
    run.caller.environment = {{"TERM", "tmux-256color"}};
    const ContainerSpec spec = run.spec();
    CHECK(spec.tty == row.tty);
    CHECK(spec.open_stdin == row.open);
    CHECK(spec.console_size.has_value() == row.tty);
    CHECK(has_variable(spec, "TERM") == row.tty);
    run.caller.environment = {{"TERM", "xterm-kitty"}};  // unknown to most images
    CHECK_FALSE(has_variable(run.spec(), "TERM"));
  }
  Case piped;
  piped.request.terminal = TerminalMode::always;
  const Result<ContainerSpec> refused =
      make_container_spec(piped.request, piped.decision, piped.host, piped.caller, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::usage);
  CHECK(refused.error().message == "`-t` needs a terminal, and standard input is none");
}

TEST_CASE("labels say who, what, from where") {
  Case run;
  run.caller.berth_version = "0.1.0";
  run.caller.commit = "abc";
  run.caller.dirty = true;
  run.request.job = "eval";
  run.request.labels = {{"team", "vision"}};
  run.decision.frameworks.resize(1);
  run.decision.frameworks[0].name = "torch";
  run.decision.frameworks[0].version = "2.3.1";
  run.decision.frameworks[0].build = "cu121";
  CHECK(run.spec().labels ==
        std::map<std::string, std::string>{
            {"org.berth.version", "0.1.0"},
            {"org.berth.job", "eval"},
            {"org.berth.project", "/home/anna/net"},
            {"org.berth.commit", "abc"},
            {"org.berth.dirty", "true"},
            {"org.berth.owner", "1000"},
            {"org.berth.mode", "attached"},
            {"org.berth.command", "python train.py"},
            {"org.berth.image", "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime"},
            {"org.berth.frameworks", "torch==2.3.1+cu121"},
            {"team", "vision"}});
}

TEST_CASE("a name that no engine takes is refused before anything is pulled") {
  for (const char* name : {"", "a", "-a", ".a", "a b", "a/b", "caf\xc3\xa9"}) {
    INFO(name);
    Case run;
    run.request.name = name;
    CHECK_FALSE(make_container_spec(run.request, run.decision, run.host, run.caller, {}));
  }
  Case run;
  run.request.name = "run_1.a-b";
  CHECK(run.spec().name == "run_1.a-b");
}

TEST_CASE("the banner of NVIDIA's entry point stays out of standard output") {
  ImageFacts image;
  image.entrypoint = {"/opt/nvidia/nvidia_entrypoint.sh"};
  Case run;
  ContainerSpec spec = run.spec();
  quieten_entrypoint(spec, image, run.decision);
  REQUIRE(spec.entrypoint.has_value());
  CHECK(*spec.entrypoint == Strings{""});

  SECTION("unless the request names one") {
    run.request.entrypoint = "/bin/sh";
    spec = run.spec();
    quieten_entrypoint(spec, image, run.decision);
    CHECK(*spec.entrypoint == Strings{"/bin/sh"});
  }
  SECTION("unless forward compatibility needs the script") {
    run.decision.source = ImageSource::ngc;
    run.decision.driver.mode = DriverMode::forward;
    spec = run.spec();
    quieten_entrypoint(spec, image, run.decision);
    CHECK_FALSE(spec.entrypoint.has_value());
  }
  SECTION("and no other entry point is touched") {
    image.entrypoint = {"/usr/bin/tini", "--"};
    spec = run.spec();
    quieten_entrypoint(spec, image, run.decision);
    CHECK_FALSE(spec.entrypoint.has_value());
  }
}

TEST_CASE("before create: caches are made, and a bind source that is missing is named") {
  const berth::test::TemporaryFolder folder;
  Case run;
  run.caller.caches = {{"pip", folder.path() / "cache/pip"}};
  REQUIRE(prepare_bind_sources(run.spec(), run.request, run.caller));
  CHECK(std::filesystem::is_directory(folder.path() / "cache/pip"));

  const std::string missing = (folder.path() / "datasets").string();
  run.request.mounts = {bind_mount(missing, "/data")};
  const Result<void> refused = prepare_bind_sources(run.spec(), run.request, run.caller);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid_input);
  CHECK(refused.error().id == "mount-source-missing");
  CHECK(refused.error().message ==
        "`" + missing + "` is not there, and cannot be mounted at `/data`");
  CHECK_FALSE(std::filesystem::exists(missing));
}

TEST_CASE("a working directory that is named has to be in the project") {
  const berth::test::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "src");
  Case run;
  run.request.project = folder.path();
  run.caller.directory = folder.path();
  run.request.workdir = "src";
  REQUIRE(prepare_bind_sources(run.spec(), run.request, run.caller));
  run.request.workdir = "scr";
  const Result<void> refused = prepare_bind_sources(run.spec(), run.request, run.caller);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().id == "workdir-missing");
  CHECK(refused.error().message == "the working directory `/workspace/scr` is not there");
  run.request.workdir = "/tmp";  // the image's
  REQUIRE(prepare_bind_sources(run.spec(), run.request, run.caller));
}
