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
  CHECK(docker_arguments(bare()) == Strings{"docker", "run", "--init=false", "busybox"});
  CHECK(docker_arguments(bare(), "unix:///run/x.sock") ==
        Strings{"docker", "--host", "unix:///run/x.sock", "run", "--init=false", "busybox"});
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
  CHECK(docker_arguments(spec) == Strings{"docker", "run", "--init=false", "--device",
                                          "nvidia.com/gpu=0", "--device", "nvidia.com/gpu=1",
                                          "busybox"});
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
  CHECK(docker_arguments(spec) == Strings{"docker", "run", "--init=false", "--entrypoint",
                                          "/bin/sh", "busybox", "-c", "true"});
}

TEST_CASE("docker's other options, as printed") {
  ContainerSpec spec = bare();
  spec.attached = false;
  spec.init = true;
  spec.platform = "linux/amd64";
  spec.stop_signal = "SIGINT";
  spec.stop_timeout = std::chrono::seconds(3);
  spec.log_driver = "local";
  spec.log_options = {{"max-size", "1g"}};
  ContainerOptions& options = spec.options;
  options.ports = {{80, "tcp", "", ""},
                   {81, "udp", "", "8081"},
                   {82, "tcp", "127.0.0.1", ""},
                   {83, "tcp", "::1", "8083"}};
  options.devices = {{"/dev/a", "/dev/b", "r"}};
  options.nano_cpus = 1'500'000'000;
  options.cpuset_cpus = "0-1";
  options.cpuset_mems = "0";
  options.memory_swap = -1;
  options.memory_swappiness = 0;
  options.hostname = "node";
  options.extra_hosts = {"db:10.0.0.5"};
  options.dns = {"10.0.0.1"};
  options.cap_add = {"CAP_SYS_PTRACE"};
  options.cap_drop = {"ALL"};
  options.seccomp = SeccompProfile{"/profile.json", "{}"};
  options.unconfined_system_paths = true;
  options.privileged = true;
  options.read_only = true;
  options.runtime = "runc";
  options.pid = "host";
  options.userns = "host";
  CHECK(docker_command(spec) == R"(docker run \
  --log-driver local \
  --log-opt max-size=1g \
  --init \
  --stop-signal SIGINT \
  --stop-timeout 3 \
  --runtime runc \
  --platform linux/amd64 \
  --detach \
  --device /dev/a:/dev/b:r \
  --hostname node \
  --publish 80/tcp \
  --publish 8081:81/udp \
  --publish 127.0.0.1::82/tcp \
  --publish '[::1]:8083:83/tcp' \
  --add-host db:10.0.0.5 \
  --dns 10.0.0.1 \
  --pid host \
  --userns host \
  --memory-swap -1 \
  --memory-swappiness 0 \
  --cpus 1.500000000 \
  --cpuset-cpus 0-1 \
  --cpuset-mems 0 \
  --security-opt seccomp=/profile.json \
  --security-opt systempaths=unconfined \
  --cap-add CAP_SYS_PTRACE \
  --cap-drop ALL \
  --privileged \
  --read-only \
  busybox)");
}

TEST_CASE("all that --mount can say, and what only -v can") {
  ContainerSpec spec = bare();
  spec.mounts = {Mount{.source = "/a",
                       .target = "/b",
                       .recursion = Mount::Recursion::writable,
                       .create_source = true}};
  CHECK(value_of(spec, "--mount") ==
        "type=bind,source=/a,target=/b,bind-recursive=writable,bind-create-src");
  spec.mounts = {Mount{.type = Mount::Type::volume,
                       .source = "vol",
                       .target = "/v",
                       .no_copy = true,
                       .subpath = "x",
                       .volume_labels = {{"a", "b,c"}},
                       .volume_driver = "local",
                       .volume_options = {{"type", "nfs"}}}};
  CHECK(value_of(spec, "--mount") ==
        "type=volume,source=vol,target=/v,volume-nocopy,volume-subpath=x,\"volume-label=a=b,c\","
        "volume-driver=local,volume-opt=type=nfs");
  spec.mounts = {
      Mount{.type = Mount::Type::image, .source = "i:1", .target = "/i", .subpath = "bin"}};
  CHECK(value_of(spec, "--mount") == "type=image,source=i:1,target=/i,image-subpath=bin");
  spec.mounts = {Mount{.type = Mount::Type::tmpfs, .target = "/t", .tmpfs_mode = 01770}};
  CHECK(value_of(spec, "--mount") == "type=tmpfs,target=/t,tmpfs-mode=1770");
  spec.mounts = {Mount{.source = "/a", .target = "/b", .read_only = true, .selinux = "z"}};
  CHECK(value_of(spec, "--volume") == "/a:/b:ro,z");
}

TEST_CASE("the option --attach names the streams where not all are attached") {
  ContainerSpec spec = bare();
  spec.attach_stderr = false;
  CHECK(docker_arguments(spec) ==
        Strings{"docker", "run", "--init=false", "--attach", "stdout", "busybox"});
}
