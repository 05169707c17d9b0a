// Docker's options as the request has them, and what is refused before any engine is asked.
#include <string>
#include <vector>

#include "berth/spec/gather.hpp"
#include "scratch_folder.hpp"
#include "support/catch.hpp"

namespace berth::spec {

namespace {

using testing::ScratchFolder;
using Strings = std::vector<std::string>;

Flags command() {
  Flags flags;
  flags.command = {"true"};
  return flags;
}

RunRequest run(const ScratchFolder& folder, const Flags& flags) {
  const Result<Request> request = gather_run(flags, folder.surroundings());
  INFO((request ? std::string() : request.error().message));
  REQUIRE(request.has_value());
  return request->run;
}

Error refusal(const ScratchFolder& folder, const Flags& flags) {
  const Result<Request> request = gather_run(flags, folder.surroundings());
  REQUIRE_FALSE(request.has_value());
  return request.error();
}

}  // namespace

TEST_CASE("resources, network and privileges of the command line") {
  const ScratchFolder folder;
  Flags flags = command();
  flags.ports = {"8080:80", "8081:80"};
  flags.devices = {"/dev/fuse", "vendor.com/class=name"};
  flags.ulimits = {"nofile=1", "nofile=2:3"};
  flags.cpus = "1.5";
  flags.cpuset_cpus = "0-1";
  flags.cpuset_mems = "0";
  flags.memory = "1g";
  flags.memory_swap = "2g";
  flags.memory_swappiness = "0";
  flags.hostname = "node";
  flags.extra_hosts = {"db=10.0.0.5"};
  flags.dns = {"10.0.0.1"};
  flags.cap_add = {"sys_ptrace", "SYS_PTRACE"};
  flags.cap_drop = {"all", "sys_ptrace"};
  flags.privileged = "true";
  flags.read_only = "true";
  flags.runtime = "runc";
  flags.pid = "host";
  flags.userns = "host";
  flags.tmpfs = {"/scratch/:size=1g", "/plain"};
  const RunRequest request = run(folder, flags);
  const ContainerOptions& options = request.options;
  CHECK(options.ports.size() == 2);  // both of one port, as in docker
  CHECK(options.devices.at(0).host == "/dev/fuse");
  CHECK(options.cdi_devices == Strings{"vendor.com/class=name"});
  REQUIRE(request.ulimits.size() == 1);
  CHECK(request.ulimits[0].hard == 3);
  CHECK(options.nano_cpus == 1'500'000'000u);
  CHECK(options.cpuset_cpus == "0-1");
  CHECK(options.cpuset_mems == "0");
  CHECK(options.memory_swap == std::int64_t{2} << 30);
  CHECK(options.memory_swappiness == 0u);
  CHECK(options.hostname == "node");
  CHECK(options.extra_hosts == Strings{"db:10.0.0.5"});
  CHECK(options.dns == Strings{"10.0.0.1"});
  CHECK(options.cap_add == Strings{"CAP_SYS_PTRACE"});
  CHECK(options.cap_drop == Strings{"ALL"});
  CHECK(options.privileged);
  CHECK(options.read_only);
  CHECK(options.runtime == "runc");
  CHECK(options.pid == "host");
  CHECK(options.userns == "host");
  CHECK(request.tmpfs ==
        std::map<std::string, std::string>{{"/scratch", "size=1g"}, {"/plain", ""}});
}

TEST_CASE("how long a container stays") {
  const ScratchFolder folder;
  Flags flags = command();
  RunRequest request = run(folder, flags);
  CHECK_FALSE(request.detach);
  CHECK_FALSE(request.remove.has_value());
  CHECK(request.proxy_signals);

  flags.keep = "true";
  flags.remove = "false";
  flags.sig_proxy = "0";
  flags.restart = "no";
  flags.detach_keys = "ctrl-a";
  flags.stop_signal = "int";
  flags.stop_timeout = "30";
  flags.cid_file = "run.cid";
  flags.result_file = "/results/run.json";
  flags.init = "false";
  flags.log_driver = "json-file";
  flags.log_options = {"max-size=1m"};
  request = run(folder, flags);
  CHECK(request.keep);
  CHECK(request.remove == false);
  CHECK_FALSE(request.proxy_signals);
  CHECK(request.detach_keys == "ctrl-a");
  CHECK(request.stop_signal == "SIGINT");
  CHECK(request.stop_timeout == std::chrono::seconds(30));
  CHECK(request.cid_file == folder.project() / "run.cid");
  CHECK(request.result_file == "/results/run.json");
  CHECK(request.init == false);
  CHECK(request.log_driver == "json-file");
  CHECK(request.log_options == std::map<std::string, std::string>{{"max-size", "1m"}});
  flags.stop_timeout = "-1";
  CHECK(run(folder, flags).stop_timeout == std::chrono::seconds(-1));
}

TEST_CASE("a detached run has nobody at its input, unless -i keeps it open") {
  const ScratchFolder folder;
  Flags flags = command();
  flags.detach = "true";
  CHECK_FALSE(run(folder, flags).connect_stdin);
  flags.interactive = true;
  CHECK(run(folder, flags).connect_stdin);
  flags.detach.reset();
  flags.attach = {"STDOUT"};
  const RunRequest request = run(folder, flags);
  CHECK_FALSE(request.connect_stdin);
  CHECK(request.attach->standard_output);
  CHECK_FALSE(request.attach->standard_error);
  flags.attach = {"stdin", "stderr"};
  CHECK(run(folder, flags).connect_stdin);
}

TEST_CASE("what excludes each other is refused with a way out") {
  const ScratchFolder folder;
  Flags flags = command();
  flags.detach = "true";
  flags.timeout = "1h";
  Error error = refusal(folder, flags);
  CHECK(error.code == Errc::usage);
  CHECK(error.notes == Strings{"the limit of 3600 s comes from --timeout"});
  CHECK(error.hints.size() == 2);
  flags.timeout = "0";
  CHECK(run(folder, flags).detach);
  flags.attach = {"stdout"};
  CHECK(refusal(folder, flags).message == "`-d` attaches nothing, and `-a` names what to attach");
  flags.attach.clear();
  flags.result_file = "x";
  CHECK(refusal(folder, flags).message ==
        "`--result` is written at the end, which `-d` does not wait for");
  flags = command();
  flags.restart = "always";
  CHECK(refusal(folder, flags).message == "`--restart` has no place here: a run is one execution");
  flags = command();
  flags.memory_swap = "1g";
  CHECK(refusal(folder, flags).hints == Strings{"`berth run --memory 64g --memory-swap 96g …`"});
  flags.memory = "2g";
  CHECK(refusal(folder, flags).message.starts_with("`--memory-swap`: `1g` is less"));
  flags = command();
  flags.log_driver = "none";
  flags.log_options = {"a=b"};
  CHECK(refusal(folder, flags).code == Errc::usage);
  flags = command();
  flags.volumes = {"/a:/x", "/b:/x"};
  CHECK(run(folder, flags).mounts.size() == 2);  // make_container_spec() refuses them, by name
}

TEST_CASE("bad and empty values name their flag") {
  const ScratchFolder folder;
  const auto refused = [&](const auto& change) {
    Flags flags = command();
    change(flags);
    const Error error = refusal(folder, flags);
    CHECK(error.code == Errc::usage);
    return error.message;
  };
  using F = Flags;
  const std::vector<std::pair<std::string, std::optional<std::string> F::*>> singles = {
      {"cpus", &F::cpus},
      {"cpuset-cpus", &F::cpuset_cpus},
      {"cpuset-mems", &F::cpuset_mems},
      {"memory", &F::memory},
      {"memory-swap", &F::memory_swap},
      {"memory-swappiness", &F::memory_swappiness},
      {"hostname", &F::hostname},
      {"platform", &F::platform},
      {"stop-signal", &F::stop_signal},
      {"stop-timeout", &F::stop_timeout},
      {"detach-keys", &F::detach_keys},
      {"runtime", &F::runtime},
      {"pid", &F::pid},
      {"userns", &F::userns},
      {"log-driver", &F::log_driver},
      {"rm", &F::remove},
      {"init", &F::init},
      {"sig-proxy", &F::sig_proxy},
      {"privileged", &F::privileged}};
  for (const auto& [name, member] : singles) {
    for (const char* value : {"", "no such\nvalue"}) {
      INFO(name);
      CHECK(refused([&, m = member](Flags& flags) {
              flags.*m = value;
            }).starts_with("`--" + name + "`"));
    }
  }
  const std::vector<std::pair<std::string, std::vector<std::string> F::*>> lists = {
      {"`-p`", &F::ports},
      {"`--device`", &F::devices},
      {"`--ulimit`", &F::ulimits},
      {"`--add-host`", &F::extra_hosts},
      {"`--dns`", &F::dns},
      {"`--cap-add`", &F::cap_add},
      {"`--cap-drop`", &F::cap_drop},
      {"`--security-opt`", &F::security_options},
      {"`-a`", &F::attach},
      {"`--log-opt`", &F::log_options},
      {"`--tmpfs`", &F::tmpfs},
      {"`--group-add`", &F::group_add}};
  for (const auto& [name, member] : lists) {
    for (const char* value : {"", "no such\nvalue"}) {
      INFO(name);
      CHECK(refused([&, m = member](Flags& flags) { flags.*m = {value}; }).starts_with(name));
    }
  }
  CHECK(refused([](Flags& flags) { flags.memory = "5m"; }) ==
        "`--memory`: `5m` is too little memory for a container, the least is 6m");
  CHECK(refused([](Flags& flags) { flags.cid_file = ""; }) ==
        "`--cidfile` is empty, and needs a value");
}

TEST_CASE("the platform: the flag, else DOCKER_DEFAULT_PLATFORM") {
  ScratchFolder folder;
  CHECK(run(folder, command()).platform.empty());
  folder.set("DOCKER_DEFAULT_PLATFORM", "linux/arm64");
  CHECK(run(folder, command()).platform == "linux/arm64");
  Flags flags = command();
  flags.platform = "linux/amd64";
  CHECK(run(folder, flags).platform == "linux/amd64");
  folder.set("DOCKER_DEFAULT_PLATFORM", "arm");
  CHECK(refusal(folder, command()).message.starts_with("`DOCKER_DEFAULT_PLATFORM`: `arm`"));
}

TEST_CASE("security options: a profile is read, system paths are a setting") {
  const ScratchFolder folder;
  folder.write("profile.json", "{ \"defaultAction\": \"SCMP_ACT_ALLOW\" }\n");
  Flags flags = command();
  flags.security_options = {"no-new-privileges=false", "seccomp=profile.json", "label:disable",
                            "systempaths=unconfined"};
  const RunRequest request = run(folder, flags);
  CHECK(request.security_options == Strings{"no-new-privileges=false", "label:disable"});
  CHECK(request.options.unconfined_system_paths);
  REQUIRE(request.options.seccomp.has_value());
  CHECK(request.options.seccomp->json == R"({"defaultAction":"SCMP_ACT_ALLOW"})");
  CHECK(request.options.seccomp->path == (folder.project() / "profile.json").string());
  flags.security_options = {"seccomp=unconfined"};
  CHECK(run(folder, flags).security_options == Strings{"seccomp=unconfined"});
  folder.write("profile.json", "[1]\n");
  flags.security_options = {"seccomp=profile.json"};
  CHECK(refusal(folder, flags).message ==
        "`--security-opt`: `profile.json` is no seccomp profile, expected a JSON object");
  flags.security_options = {"seccomp=absent.json"};
  CHECK(refusal(folder, flags).code == Errc::not_found);
}

TEST_CASE("label files come before labels") {
  const ScratchFolder folder;
  folder.write("labels", "# of the lab\nteam=vision\nproject='a b'\nbare\n");
  Flags flags = command();
  flags.label_files = {"labels"};
  flags.labels = {"team=speech"};
  CHECK(run(folder, flags).labels ==
        std::map<std::string, std::string>{{"team", "speech"}, {"project", "a b"}, {"bare", ""}});
  folder.write("labels", "=x\n");
  CHECK(refusal(folder, flags).message.starts_with("labels:1: "));
  flags.label_files = {"absent"};
  CHECK(refusal(folder, flags).code == Errc::not_found);
}

TEST_CASE("cpus, ports and devices of a spec; the command line adds to lists") {
  const ScratchFolder folder;
  folder.write("berth.yaml",
               "run: x\ncpus: 4\nports: [8888:8888, 6006]\ndevices: [/dev/infiniband]\n");
  Flags flags;
  flags.ports = {"9999:8888"};
  const RunRequest request = run(folder, flags);
  CHECK(request.options.nano_cpus == 4'000'000'000u);
  REQUIRE(request.options.ports.size() == 2);
  CHECK(request.options.ports[0].container_port == 6006);
  CHECK(request.options.ports[1].host_port == "9999");
  CHECK(request.options.devices.at(0).container == "/dev/infiniband");
  flags.cpus = "0";
  CHECK(run(folder, flags).options.nano_cpus == 0u);
  folder.write("berth.yaml", "run: x\nports: [80:x]\n");
  CHECK(refusal(folder, Flags{}).message.starts_with("berth.yaml:2: "));
  folder.write("berth.yaml", "run: x\ndevices:\n  - fuse\n");
  CHECK(refusal(folder, Flags{}).message.starts_with("berth.yaml:3: "));
}

}  // namespace berth::spec
