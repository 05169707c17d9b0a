// The create body, compared as text: its order is part of what --dry-run promises.
#include "berth/runtime/container_json.hpp"
#include "support/catch.hpp"

using berth::ContainerSpec;
using berth::DeviceRequest;
using berth::Errc;
using berth::Mount;
using berth::runtime::check_encodable;
using berth::runtime::create_body;
using berth::runtime::create_path;

namespace {

ContainerSpec everything() {
  ContainerSpec spec;
  spec.image = "pytorch/pytorch:2.3.1";
  spec.name = "is-in-the-query";
  spec.command = {"python", "train.py"};
  spec.entrypoint = std::vector<std::string>{"/entry", "--"};
  spec.environment = {"A=b", "REMOVED"};
  spec.workdir = "/workspace";
  spec.user = "1000:1000";
  spec.mounts = {
      Mount{.type = Mount::Type::bind,
            .source = "/home/me",
            .target = "/workspace",
            .propagation = "rslave"},
      Mount{.type = Mount::Type::volume, .source = "data", .target = "/data", .read_only = true},
      Mount{.type = Mount::Type::tmpfs, .target = "/scratch", .tmpfs_bytes = 1024}};
  spec.tmpfs = {{"/home/berth", "exec,mode=1777"}};
  spec.device_requests = {DeviceRequest{.driver = DeviceRequest::Driver::nvidia,
                                        .device_ids = {"0", "1"},
                                        .capabilities = {"gpu", "compute"}}};
  spec.labels = {{"berth.run", "1"}, {"a", "b"}};
  spec.network = "host";
  spec.ipc = "private";
  spec.shm_bytes = 1 << 30;
  spec.memory_bytes = 1 << 20;
  spec.ulimits = {{"memlock", -1, -1}};
  spec.security_options = {"no-new-privileges"};
  spec.group_add = {"44"};
  spec.log_driver = "none";
  spec.tty = true;
  spec.open_stdin = true;
  spec.console_size = ContainerSpec::ConsoleSize{24, 80};
  return spec;
}

}  // namespace

TEST_CASE("the create body has all of the spec, in a fixed order") {
  REQUIRE(
      create_body(everything()) ==
      R"({"Image":"pytorch/pytorch:2.3.1","Cmd":["python","train.py"],"Entrypoint":["/entry","--"],)"
      R"("Env":["A=b","REMOVED"],"WorkingDir":"/workspace","User":"1000:1000","Tty":true,"OpenStdin":true,)"
      R"("StdinOnce":true,"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,)"
      R"("Labels":{"a":"b","berth.run":"1"},"HostConfig":{"Mounts":[)"
      R"({"Type":"bind","Source":"/home/me","Target":"/workspace","ReadOnly":false,"BindOptions":{"Propagation":"rslave"}},)"
      R"({"Type":"volume","Source":"data","Target":"/data","ReadOnly":true},)"
      R"({"Type":"tmpfs","Target":"/scratch","ReadOnly":false,"TmpfsOptions":{"SizeBytes":1024}}],)"
      R"("Tmpfs":{"/home/berth":"exec,mode=1777"},"NetworkMode":"host","IpcMode":"private","ShmSize":1073741824,)"
      R"("Memory":1048576,"Ulimits":[{"Name":"memlock","Soft":-1,"Hard":-1}],"SecurityOpt":["no-new-privileges"],)"
      R"("GroupAdd":["44"],"Init":true,"AutoRemove":true,"LogConfig":{"Type":"none"},"DeviceRequests":[)"
      R"({"Driver":"nvidia","DeviceIDs":["0","1"],"Capabilities":[["gpu","compute"]]}],"ConsoleSize":[24,80]}})");
}

TEST_CASE("what the spec leaves open is left to the engine") {
  ContainerSpec spec;
  spec.image = "busybox";
  REQUIRE(
      create_body(spec) ==
      R"({"Image":"busybox","Tty":false,"OpenStdin":false,"StdinOnce":false,"AttachStdin":false,)"
      R"("AttachStdout":true,"AttachStderr":true,"HostConfig":{"Init":true,"AutoRemove":true}})");
}

TEST_CASE("device requests follow the rules of their drivers") {
  ContainerSpec spec;
  spec.device_requests = {
      DeviceRequest{.driver = DeviceRequest::Driver::nvidia, .count = -1},
      DeviceRequest{.driver = DeviceRequest::Driver::cdi, .device_ids = {"nvidia.com/gpu=0"}}};
  REQUIRE(create_body(spec).find(
              R"("DeviceRequests":[{"Driver":"nvidia","Count":-1,"Capabilities":[["gpu"]]},)"
              R"({"Driver":"cdi","DeviceIDs":["nvidia.com/gpu=0"]}])") != std::string::npos);
}

TEST_CASE("an empty entrypoint resets the image's") {
  ContainerSpec spec;
  spec.entrypoint = std::vector<std::string>{};
  REQUIRE(create_body(spec).find(R"("Entrypoint":[""])") != std::string::npos);
}

TEST_CASE("text that JSON cannot carry is refused by name, and shown all the same") {
  ContainerSpec spec = everything();
  REQUIRE(check_encodable(spec));
  spec.environment.emplace_back("PATH_OF=/data/\xff\xfe");
  const berth::Error error = check_encodable(spec).error();
  REQUIRE(error.code == Errc::invalid_input);
  REQUIRE(error.message == "`PATH_OF=/data/\\xff\\xfe` is not UTF-8");
  REQUIRE(create_body(spec).find("PATH_OF=/data/\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("docker's other options, each at its place") {
  ContainerSpec spec;
  spec.image = "busybox";
  spec.stop_signal = "SIGINT";
  spec.stop_timeout = std::chrono::seconds(-1);
  spec.log_driver = "local";
  spec.log_options = {{"max-size", "1g"}};
  spec.security_options = {"label=disable"};
  spec.init = false;
  berth::ContainerOptions& options = spec.options;
  options.ports = {{80, "tcp", "127.0.0.1", "8080"}, {80, "tcp", "", "8081"}, {53, "udp", "", ""}};
  options.devices = {{"/dev/a", "/dev/b", "r"}};
  options.nano_cpus = 500'000'000;
  options.cpuset_cpus = "0-1";
  options.cpuset_mems = "0";
  options.memory_swap = -1;
  options.memory_swappiness = 0;
  options.hostname = "node";
  options.extra_hosts = {"db:10.0.0.5"};
  options.dns = {"10.0.0.1"};
  options.cap_add = {"CAP_SYS_PTRACE"};
  options.cap_drop = {"ALL"};
  options.seccomp = berth::SeccompProfile{"/profile.json", R"({"a":1})"};
  options.unconfined_system_paths = true;
  options.privileged = true;
  options.read_only = true;
  options.runtime = "runc";
  options.pid = "host";
  options.userns = "host";
  REQUIRE(
      create_body(spec) ==
      R"({"Image":"busybox","Tty":false,"OpenStdin":false,"StdinOnce":false,"AttachStdin":false,)"
      R"("AttachStdout":true,"AttachStderr":true,"Hostname":"node","ExposedPorts":{"80/tcp":{},"53/udp":{}},)"
      R"("StopSignal":"SIGINT","StopTimeout":-1,"HostConfig":{)"
      R"("PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"},{"HostIp":"","HostPort":"8081"}],)"
      R"("53/udp":[{"HostIp":"","HostPort":""}]},"ExtraHosts":["db:10.0.0.5"],"Dns":["10.0.0.1"],)"
      R"("PidMode":"host","UsernsMode":"host","MemorySwap":-1,"MemorySwappiness":0,"NanoCpus":500000000,)"
      R"("CpusetCpus":"0-1","CpusetMems":"0","SecurityOpt":["label=disable","seccomp={\"a\":1}"],)"
      R"("MaskedPaths":[],"ReadonlyPaths":[],"CapAdd":["CAP_SYS_PTRACE"],"CapDrop":["ALL"],)"
      R"("Privileged":true,"ReadonlyRootfs":true,"Runtime":"runc","Init":false,"AutoRemove":true,)"
      R"("LogConfig":{"Type":"local","Config":{"max-size":"1g"}},)"
      R"("Devices":[{"PathOnHost":"/dev/a","PathInContainer":"/dev/b","CgroupPermissions":"r"}]}})");
}

TEST_CASE("all that a mount can say; what only -v can goes as a bind") {
  ContainerSpec spec;
  spec.mounts = {
      Mount{.source = "/a",
            .target = "/b",
            .read_only = true,
            .recursion = Mount::Recursion::readonly,
            .create_source = true},
      Mount{.source = "/a", .target = "/c", .recursion = Mount::Recursion::disabled},
      Mount{.source = "/a", .target = "/d", .recursion = Mount::Recursion::writable},
      Mount{.source = "/a",
            .target = "/e",
            .read_only = true,
            .propagation = "rslave",
            .selinux = "Z"},
      Mount{.type = Mount::Type::volume,
            .source = "vol",
            .target = "/v",
            .no_copy = true,
            .subpath = "x",
            .volume_labels = {{"a", "b"}},
            .volume_driver = "local",
            .volume_options = {{"type", "nfs"}}},
      Mount{.type = Mount::Type::volume, .source = "vol", .target = "/w", .no_copy = true},
      Mount{.type = Mount::Type::image, .source = "busybox:1", .target = "/i", .subpath = "bin"},
      Mount{.type = Mount::Type::tmpfs, .target = "/t", .tmpfs_mode = 0700}};
  REQUIRE(
      create_body(spec).find(
          R"("Binds":["/a:/e:ro,rslave,Z","vol:/w:nocopy"],"Mounts":[)"
          R"({"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,)"
          R"("BindOptions":{"ReadOnlyForceRecursive":true,"CreateMountpoint":true}},)"
          R"({"Type":"bind","Source":"/a","Target":"/c","ReadOnly":false,"BindOptions":{"NonRecursive":true}},)"
          R"({"Type":"bind","Source":"/a","Target":"/d","ReadOnly":false,"BindOptions":{"ReadOnlyNonRecursive":true}},)"
          R"({"Type":"volume","Source":"vol","Target":"/v","ReadOnly":false,"VolumeOptions":{"NoCopy":true,)"
          R"("Subpath":"x","Labels":{"a":"b"},"DriverConfig":{"Name":"local","Options":{"type":"nfs"}}}},)"
          R"({"Type":"image","Source":"busybox:1","Target":"/i","ReadOnly":false,"ImageOptions":{"Subpath":"bin"}},)"
          R"({"Type":"tmpfs","Target":"/t","ReadOnly":false,"TmpfsOptions":{"Mode":448}}])") !=
      std::string::npos);
}

TEST_CASE("of a detached container nothing is attached, and its input stays open") {
  ContainerSpec spec;
  spec.attached = false;
  spec.open_stdin = true;
  REQUIRE(create_body(spec).find(
              R"("OpenStdin":true,"StdinOnce":false,"AttachStdin":false,"AttachStdout":false,)"
              R"("AttachStderr":false)") != std::string::npos);
}

TEST_CASE("name and platform are in the query") {
  ContainerSpec spec;
  REQUIRE(create_path(spec) == "/containers/create");
  spec.platform = "linux/arm64";
  REQUIRE(create_path(spec) == "/containers/create?platform=linux/arm64");
  spec.name = "a b";
  REQUIRE(create_path(spec) == "/containers/create?name=a%20b&platform=linux/arm64");
}
