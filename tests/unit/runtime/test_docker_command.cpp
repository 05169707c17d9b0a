// The printed docker command: each setting's option, quoted for docker's CSV and for the shell.
#include "berth/runtime/docker_command.hpp"

#include <algorithm>

#include "support/catch.hpp"

using namespace berth;
using namespace berth::runtime;

namespace {

using Strings = std::vector<std::string>;

ContainerSpec bare() {
  ContainerSpec spec;
  spec.image = "busybox";
  spec.init = false;
  spec.auto_remove = false;
  return spec;
}

// The value after `option`, or "(absent)".
std::string value_of(const ContainerSpec& spec, const std::string& option) {
  const Strings arguments = docker_arguments(spec);
  const auto found = std::find(arguments.begin(), arguments.end(), option);
  return found == arguments.end() || found + 1 == arguments.end() ? "(absent)" : *(found + 1);
}

}  // namespace

TEST_CASE("an empty container is docker run and its image") {
  CHECK(docker_arguments(bare()) == Strings{"docker", "run", "busybox"});
  CHECK(docker_arguments(bare(), "unix:///run/x.sock") ==
        Strings{"docker", "--host", "unix:///run/x.sock", "run", "busybox"});
}

TEST_CASE("a whole run, as printed") {
  ContainerSpec spec;
  spec.image = "pytorch/pytorch:2.3.1";
  spec.name = "train";
  spec.command = {"sh", "-c", "echo \"it's\" $HOME"};
  spec.environment = {"A=1 2", "GONE"};
  spec.workdir = "/workspace";
  spec.user = "1000:1000";
  spec.group_add = {"44"};
  Mount project;
  project.source = "/home/anna/my, net";
  project.target = "/workspace";
  project.read_only = true;
  spec.mounts = {project};
  spec.tmpfs = {{"/home/anna", "exec,mode=755"}};
  DeviceRequest gpus;
  gpus.device_ids = {"0", "1"};
  gpus.capabilities = {"gpu", "compute", "utility"};
  spec.device_requests = {gpus};
  spec.labels = {{"org.berth.project", "/home/anna/my, net"}};
  spec.network = "host";
  spec.ipc = "host";
  spec.shm_bytes = 1024;
  spec.memory_bytes = 2048;
  spec.log_driver = "none";
  spec.ulimits = {{"memlock", -1, -1}};
  spec.security_options = {"no-new-privileges"};
  spec.tty = true;
  spec.open_stdin = true;
  spec.entrypoint = Strings{""};
  CHECK(docker_command(spec) == R"(docker run \
  --rm \
  --log-driver none \
  --init \
  --interactive \
  --tty \
  --name train \
  --user 1000:1000 \
  --group-add 44 \
  --workdir /workspace \
  --gpus 'driver=nvidia,"device=0,1","capabilities=compute,utility"' \
  --mount 'type=bind,"source=/home/anna/my, net",target=/workspace,readonly' \
  --tmpfs /home/anna:exec,mode=755 \
  --network host \
  --ipc host \
  --shm-size 1024 \
  --memory 2048 \
  --ulimit memlock=-1:-1 \
  --security-opt no-new-privileges \
  --env 'A=1 2' \
  --env GONE \
  --label 'org.berth.project=/home/anna/my, net' \
  --entrypoint '' \
  pytorch/pytorch:2.3.1 sh -c 'echo "it'\''s" $HOME')");
}

TEST_CASE("GPUs: counts, single devices, CDI names") {
  ContainerSpec spec = bare();
  DeviceRequest request;
  request.count = -1;
  request.capabilities = {"gpu"};
  spec.device_requests = {request};
  CHECK(value_of(spec, "--gpus") == "driver=nvidia,count=all");
  spec.device_requests[0].count = 2;
  CHECK(value_of(spec, "--gpus") == "driver=nvidia,count=2");
  spec.device_requests[0].device_ids = {"GPU-aa"};
  CHECK(value_of(spec, "--gpus") == "driver=nvidia,device=GPU-aa");

  spec.device_requests[0].driver = DeviceRequest::Driver::cdi;
  spec.device_requests[0].device_ids = {"nvidia.com/gpu=0", "nvidia.com/gpu=1"};
  CHECK(docker_arguments(spec) == Strings{"docker", "run", "--device", "nvidia.com/gpu=0",
                                          "--device", "nvidia.com/gpu=1", "busybox"});
}

TEST_CASE("mounts of every type") {
  ContainerSpec spec = bare();
  Mount mount;
  mount.type = Mount::Type::volume;
  mount.source = "data";
  mount.target = "/data";
  spec.mounts = {mount};
  CHECK(value_of(spec, "--mount") == "type=volume,source=data,target=/data");
  spec.mounts[0].source.clear();
  CHECK(value_of(spec, "--mount") == "type=volume,target=/data");
  spec.mounts[0].type = Mount::Type::tmpfs;
  spec.mounts[0].tmpfs_bytes = 4096;
  CHECK(value_of(spec, "--mount") == "type=tmpfs,target=/data,tmpfs-size=4096");
  spec.mounts[0] = Mount{};
  spec.mounts[0].source = "/a\"b";
  spec.mounts[0].target = "/b";
  spec.mounts[0].propagation = "rslave";
  CHECK(value_of(spec, "--mount") ==
        "type=bind,\"source=/a\"\"b\",target=/b,bind-propagation=rslave");
}

TEST_CASE("an entry point of several words") {
  ContainerSpec spec = bare();
  spec.entrypoint = Strings{"/bin/sh", "-c"};
  spec.command = {"true"};
  CHECK(docker_arguments(spec) ==
        Strings{"docker", "run", "--entrypoint", "/bin/sh", "busybox", "-c", "true"});
}
