// The create body, compared as text: its order is part of what --dry-run promises.
#include "berth/runtime/container_json.hpp"
#include "support/catch.hpp"

using berth::ContainerSpec;
using berth::DeviceRequest;
using berth::Errc;
using berth::Mount;
using berth::runtime::check_encodable;
using berth::runtime::create_body;

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
