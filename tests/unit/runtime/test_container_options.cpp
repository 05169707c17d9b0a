// What docker's options change of a container: who gives way to whom, how long it stays, where its
// log goes, and what no engine may silently ignore.
#include <algorithm>

#include "berth/runtime/container_spec.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;
using namespace berth::runtime;

namespace {

using Strings = std::vector<std::string>;

struct Case {
  RunRequest request{};
  Decision decision{};
  Host host{};
  Caller caller{};

  Case() {
    request.command = {"python", "train.py"};
    decision.image = "busybox:1";
    host.engine = EngineFacts{};
    host.engine->version = "28.5.2";
    host.engine->api_version = "1.51";
    caller.uid = 1000;
    caller.gid = 1001;
    caller.user = "anna";
    caller.groups = {44};
  }

  Result<ContainerSpec> make() const {
    return make_container_spec(request, decision, host, caller, {});
  }
  ContainerSpec spec() const {
    Result<ContainerSpec> made = make();
    REQUIRE(made);
    return *made;
  }
  std::string refusal() const {
    const Result<ContainerSpec> made = make();
    REQUIRE_FALSE(made);
    return made.error().message;
  }
};

Sourced<Mount> mount(Mount value) {
  return {std::move(value), Origin{"--mount"}};
}

}  // namespace

TEST_CASE("defaults of berth give way to the request, by name") {
  Case run;
  run.request.ulimits = {{"memlock", 1, 2}, {"nofile", 3, 4}};
  run.request.group_add = {"44", "video"};
  run.request.init = false;
  const ContainerSpec spec = run.spec();
  REQUIRE(spec.ulimits.size() == 3);
  CHECK(spec.ulimits[0].name == "stack");
  CHECK(spec.ulimits[1].hard == 2);
  CHECK(spec.group_add == Strings{"44", "video"});
  CHECK_FALSE(spec.init);
  run.request.init.reset();
  CHECK(run.spec().init);
  run.request.options.pid = "host";
  CHECK_FALSE(run.spec().init);
}

TEST_CASE("no-new-privileges stays unless it is taken back") {
  Case run;
  run.request.security_options = {"label=disable", "no-new-privileges:true"};
  CHECK(run.spec().security_options == Strings{"no-new-privileges", "label=disable"});
  run.request.security_options = {"no-new-privileges=false"};
  CHECK(run.spec().security_options.empty());
}

TEST_CASE("a seccomp profile goes by its content, and to Podman by its path") {
  Case run;
  run.request.options.seccomp = SeccompProfile{"/profile.json", "{}"};
  CHECK(run.spec().options.seccomp.has_value());
  run.host.engine->kind = EngineFacts::Kind::podman;
  CHECK_FALSE(run.spec().options.seccomp.has_value());
  CHECK(run.spec().security_options == Strings{"no-new-privileges", "seccomp=/profile.json"});
}

TEST_CASE("a tmpfs of the request's takes the place of berth's") {
  Case run;
  run.request.tmpfs = {{"/home/anna", "size=1m"}};
  CHECK(run.spec().tmpfs == std::map<std::string, std::string>{{"/home/anna", "size=1m"}});
  run.request.tmpfs = {{"/dev/shm", ""}};
  CHECK(run.spec().shm_bytes == 0);
  run.request.tmpfs = {{"/data", ""}};
  run.request.mounts = {mount({.source = "/a", .target = "/data"})};
  CHECK(run.refusal() == "two mounts lie at `/data`");
}

TEST_CASE("a CDI device is a request of its own") {
  Case run;
  run.request.options.cdi_devices = {"vendor.com/class=name"};
  const ContainerSpec spec = run.spec();
  REQUIRE(spec.device_requests.size() == 1);
  CHECK(spec.device_requests[0].driver == DeviceRequest::Driver::cdi);
  CHECK(spec.device_requests[0].device_ids == Strings{"vendor.com/class=name"});
}

TEST_CASE("an attached run is removed, one that others may look for is not") {
  Case run;
  CHECK(run.spec().auto_remove);
  CHECK(run.spec().labels.at("org.berth.mode") == "attached");
  run.request.keep = true;
  CHECK_FALSE(run.spec().auto_remove);
  CHECK(run.spec().labels.at("org.berth.mode") == "kept");
  run.request.detach = true;
  CHECK_FALSE(run.spec().auto_remove);
  CHECK_FALSE(run.spec().attached);
  CHECK(run.spec().labels.at("org.berth.mode") == "detached");
  run.request.remove = true;
  CHECK(run.spec().auto_remove);
  run.request = Case().request;
  run.request.remove = false;
  CHECK_FALSE(run.spec().auto_remove);
}

TEST_CASE("a detached run has a terminal only where it is asked for, also without one here") {
  Case run;
  run.request.detach = true;
  run.request.connect_stdin = true;  // -i
  run.caller.stdin_terminal = true;
  run.caller.stdout_terminal = true;
  CHECK_FALSE(run.spec().tty);
  run.request.terminal = TerminalMode::always;
  run.caller.stdin_terminal = false;
  CHECK(run.spec().tty);
  CHECK(run.spec().open_stdin);
}

TEST_CASE("streams that are not attached") {
  Case run;
  run.request.attach = AttachedStreams{false, false, true};
  run.request.connect_stdin = false;
  const ContainerSpec spec = run.spec();
  CHECK_FALSE(spec.attach_stdout);
  CHECK(spec.attach_stderr);
  CHECK_FALSE(spec.open_stdin);
}

TEST_CASE("a log is kept for those who may come later") {
  Case run;
  CHECK(run.spec().log_driver == "none");
  const auto is_local = [&run] {
    const ContainerSpec spec = run.spec();
    return spec.log_driver == "local" &&
           spec.log_options ==
               std::map<std::string, std::string>{{"max-size", "1g"}, {"max-file", "5"}};
  };
  SECTION("kept") {
    run.request.keep = true;
    CHECK(is_local());
    run.request.remove = true;
    CHECK(is_local());
  }
  SECTION("detached") {
    run.request.detach = true;
    CHECK(is_local());
  }
  SECTION("not removed") {
    run.request.remove = false;
    CHECK(is_local());
  }
  SECTION("a terminal, which can be detached from") {
    run.request.terminal = TerminalMode::always;
    run.caller.stdin_terminal = true;
    CHECK(is_local());
  }
  SECTION("an engine that can be restarted under a run") {
    run.host.engine->live_restore = true;
    CHECK(is_local());
  }
  SECTION("Podman has a default of its own") {
    run.host.engine->kind = EngineFacts::Kind::podman;
    CHECK(run.spec().log_driver == "none");
    run.request.keep = true;
    CHECK(run.spec().log_driver.empty());
    CHECK(run.spec().log_options.empty());
  }
  SECTION("the request's wins") {
    run.request.log_options = {{"max-size", "1m"}};
    CHECK(run.spec().log_driver.empty());
    run.request.log_driver = "journald";
    CHECK(run.spec().log_driver == "journald");
    CHECK(run.spec().log_options == run.request.log_options);
  }
}

TEST_CASE("the command as a label: quoted, and not endless") {
  Case run;
  run.request.command = {"sh", "-c", "echo a b"};
  CHECK(run.spec().labels.at("org.berth.command") == "sh -c 'echo a b'");
  run.request.command = {std::string(196, 'x') + "\xc3\xa4\xc3\xa4\xc3\xa4"};
  const std::string label = run.spec().labels.at("org.berth.command");
  CHECK(label.size() <= 200);
  CHECK(label.ends_with("x\xe2\x80\xa6"));
}

TEST_CASE("what an engine would silently leave out is refused") {
  struct Row {
    const char* option;
    void (*use)(RunRequest&);
    const char* api_before;  // of Docker, the last without it; "": all have it
  };
  const std::vector<Row> rows = {
      {"--mount …,volume-subpath=…",
       [](RunRequest& request) {
         request.mounts = {
             mount({.type = Mount::Type::volume, .source = "vol", .target = "/v", .subpath = "x"})};
       },
       "1.44"},
      {"--mount …,image-subpath=…",
       [](RunRequest& request) {
         request.mounts = {
             mount({.type = Mount::Type::image, .source = "i", .target = "/v", .subpath = "x"})};
       },
       "1.47"},
      {"--mount …,bind-recursive=readonly",
       [](RunRequest& request) {
         request.mounts = {mount({.source = "/a",
                                  .target = "/v",
                                  .read_only = true,
                                  .recursion = Mount::Recursion::readonly})};
       },
       "1.43"},
      {"--mount …,volume-nocopy",
       [](RunRequest& request) {
         request.mounts = {mount({.type = Mount::Type::volume, .target = "/v", .no_copy = true})};
       },
       ""},
      {"--mount …,volume-opt=…",
       [](RunRequest& request) {
         request.mounts = {mount(
             {.type = Mount::Type::volume, .target = "/v", .volume_options = {{"type", "nfs"}}})};
       },
       ""},
      {"--runtime", [](RunRequest& request) { request.options.runtime = "x"; }, ""},
      {"--security-opt systempaths=unconfined",
       [](RunRequest& request) { request.options.unconfined_system_paths = true; }, ""},
      {"--memory-swap -1", [](RunRequest& request) { request.options.memory_swap = -1; }, ""}};
  for (const Row& row : rows) {
    INFO(row.option);
    Case run;
    row.use(run.request);
    CHECK(run.make());
    if (std::string_view(row.api_before).empty()) {
      run.host.engine->api_version = "1.41";
      CHECK(run.make());
    } else {
      run.host.engine->api_version = row.api_before;
      CHECK(run.refusal() == "`" + std::string(row.option) + "` has no effect on Docker 28.5.2");
    }
    run.host.engine->kind = EngineFacts::Kind::podman;
    CHECK(run.refusal() == "`" + std::string(row.option) + "` has no effect on Podman 28.5.2");
  }
}

TEST_CASE("bind-create-src makes the folder, as the caller's") {
  const berth::test::TemporaryFolder folder;
  Case run;
  const std::filesystem::path source = folder.path() / "out" / "run1";
  run.request.mounts = {
      mount({.source = source.string(), .target = "/out", .create_source = true})};
  REQUIRE(prepare_bind_sources(run.spec(), run.request, run.caller));
  CHECK(std::filesystem::is_directory(source));
}
