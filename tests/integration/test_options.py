"""Docker's options: the container really has what was asked for, or nothing is started and one error says why."""

import json
import os
import subprocess
import threading

from harness import BUSYBOX, EngineTest

MEGABYTE = 1 << 20


class OptionsTest(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")

    @property
    def podman(self):
        return self.engine.name.startswith("podman")

    def output(self, script, *options, **how):
        result = self.run_in(*options, "sh", "-c", script, **how)
        self.assert_ended(result, 0)
        return result.stdout.decode().strip()

    def inspected(self, *options, script="echo ready; exec sleep 100", **how):
        """The engine's view of a container that runs with the options."""
        process = self.start(*self.run_arguments(*options, "sh", "-c", script), **how)
        line = process.stdout.readline()
        if line.strip() != b"ready":
            process.kill()
            self.fail(f"instead of `ready`: {line!r}, {process.stderr.read()!r}")
        container = self.engine.containers(self.label)[0]
        found = self.engine.get(f"/containers/{container['Id']}/json")
        self.engine.request("DELETE", f"/containers/{container['Id']}", force="1", v="1")
        process.wait(20)
        return found

    def refused(self, *options, words=(), code=125, **how):
        before = self.ids()
        result = self.run_in(*options, "true", **how)
        self.assert_refused(result, code, *words)
        self.assertLessEqual(self.ids(), before)  # one that has ended may still be taken down

    def ids(self):
        return {container["Id"] for container in self.engine.containers(self.label)}


class Resources(OptionsTest):
    def test_the_memory_limit_is_the_cgroups(self):
        script = ("cat /sys/fs/cgroup/memory.max 2>/dev/null || "
                  "cat /sys/fs/cgroup/memory/memory.limit_in_bytes")
        self.assertEqual(self.output(script, "-m", "64m"), str(64 * MEGABYTE))

    def test_swap_is_limited_with_memory(self):
        host = self.inspected("-m", "64m", "--memory-swap", "128m", "--memory-swappiness", "10")["HostConfig"]
        self.assertEqual((host["Memory"], host["MemorySwap"], host["MemorySwappiness"]),
                         (64 * MEGABYTE, 128 * MEGABYTE, 10))

    def test_a_share_of_the_processors_is_given(self):
        self.assertEqual(self.inspected("--cpus", "0.5")["HostConfig"]["NanoCpus"], 500_000_000)

    def test_processors_and_memory_nodes_are_chosen(self):
        script = "grep -E '^(Cpus|Mems)_allowed_list' /proc/self/status | cut -f2"
        self.assertEqual(self.output(script, "--cpuset-cpus", "0", "--cpuset-mems", "0").split(), ["0", "0"])

    def test_limits_of_processes_replace_berths(self):
        script = "grep -E 'open files|locked' /proc/self/limits"
        lines = self.output(script, "--ulimit", "nofile=100:200", "--ulimit", "memlock=65536").splitlines()
        values = {line[:26].strip(): line[26:].split()[:2] for line in lines}
        self.assertEqual(values, {"Max open files": ["100", "200"], "Max locked memory": ["65536", "65536"]})

    def test_a_device_is_there_under_its_new_name(self):
        self.assertEqual(self.output("test -c /dev/xnull && echo device", "--device", "/dev/null:/dev/xnull:rw"),
                         "device")

    def test_a_cdi_device_is_attached(self):
        options = ("--device", "nvidia.com/gpu=0")
        if self.engine.name == "docker-20":
            self.refused(*options, words=['could not select device driver'])
        else:
            self.assertEqual(self.output("echo $FAKE_GPU_0", *options), "yes")

    def test_memory_is_mounted_as_a_folder(self):
        line = self.output("grep ' /scratch ' /proc/mounts", "--tmpfs", "/scratch:size=1m,mode=1777")
        self.assertTrue(line.startswith("tmpfs"), line)
        self.assertIn("size=1024k", line)


class Names(OptionsTest):
    def test_the_hostname_is_the_containers(self):
        self.assertEqual(self.output("hostname", "--hostname", "node-1"), "node-1")

    def test_hosts_are_added(self):
        hosts = self.output("cat /etc/hosts", "--add-host", "db:10.0.0.5", "--add-host", "v6=[fd00::1]")
        self.assertRegex(hosts, r"(?m)^10\.0\.0\.5\s+db$")
        self.assertRegex(hosts, r"(?m)^fd00::1\s+v6$")

    def test_a_name_server_is_set(self):
        self.assertRegex(self.output("cat /etc/resolv.conf", "--dns", "10.0.0.53"), r"(?m)^nameserver 10\.0\.0\.53")

    def test_ports_are_published(self):
        found = self.inspected("-p", "127.0.0.1:18080-18081:80-81", "-p", "[::1]:19090:90/udp",
                               *(() if self.podman else ("-p", "17000-17005:70")))
        ports = found["HostConfig"]["PortBindings"]
        self.assertEqual(ports["80/tcp"], [{"HostIp": "127.0.0.1", "HostPort": "18080"}])
        self.assertEqual(ports["81/tcp"], [{"HostIp": "127.0.0.1", "HostPort": "18081"}])
        self.assertEqual(ports["90/udp"], [{"HostIp": "::1", "HostPort": "19090"}])
        if not self.podman:
            self.assertEqual(ports["70/tcp"], [{"HostIp": "", "HostPort": "17000-17005"}])
        self.assertLessEqual({"80/tcp", "81/tcp", "90/udp"}, set(found["Config"]["ExposedPorts"]))

    def test_labels_are_read_from_a_file(self):
        (self.project / "labels").write_text("team=vision\nnote='two words'\n")
        labels = self.inspected("--label-file", "labels", "-l", "team=speech")["Config"]["Labels"]
        self.assertEqual((labels["team"], labels["note"]), ("speech", "two words"))
        self.assertEqual(labels["org.berth.mode"], "attached")
        self.assertEqual(labels["org.berth.command"], "sh -c 'echo ready; exec sleep 100'")


class Privileges(OptionsTest):
    def capabilities(self, *options):
        return int(self.output("grep CapBnd /proc/self/status | cut -f2", *options), 16)

    def test_capabilities_are_added_and_dropped(self):
        ptrace, chown = 1 << 19, 1 << 0
        self.assertEqual(self.capabilities() & (ptrace | chown), chown)
        self.assertEqual(self.capabilities("--cap-add", "sys_ptrace", "--cap-drop", "CHOWN") & (ptrace | chown), ptrace)
        self.assertEqual(self.capabilities("--cap-drop", "all"), 0)

    def test_privileged_gives_all_capabilities(self):
        docker = subprocess.run(["docker", "run", "--rm", "--privileged", BUSYBOX, "true"], env=self.environment,
                                capture_output=True, timeout=60)
        if docker.returncode == 0:
            self.assertGreater(bin(self.capabilities("--privileged")).count("1"), 30)
        else:  # an engine that lacks them itself cannot give them
            self.refused("--privileged", words=["apply caps"])

    def test_new_privileges_can_be_allowed_again(self):
        script = "grep NoNewPrivs /proc/self/status | cut -f2"
        self.assertEqual(self.output(script), "1")
        self.assertEqual(self.output(script, "--security-opt", "no-new-privileges=false"), "0")

    def test_a_seccomp_profile_holds(self):
        profile = {"defaultAction": "SCMP_ACT_ALLOW",
                   "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
        (self.project / "profile.json").write_text(json.dumps(profile))
        script = "mkdir /tmp/x 2>/dev/null && echo made || echo refused"
        self.assertEqual(self.output(script), "made")
        self.assertEqual(self.output(script, "--security-opt", "seccomp=profile.json"), "refused")

    def test_system_paths_can_be_unmasked(self):
        options = ("--security-opt", "systempaths=unconfined")
        if self.podman:
            self.refused(*options, words=["`--security-opt systempaths=unconfined` has no effect on Podman"])
        else:
            self.assertEqual(self.output("grep -c ' /proc/' /proc/mounts || true", *options), "0")

    def test_the_root_file_system_can_be_read_only(self):
        self.assertEqual(self.output("touch /x 2>/dev/null || echo refused", "--read-only"), "refused")

    def test_groups_are_added_to_the_callers(self):
        self.assertIn("4242", self.output("id -G", "--group-add", "4242").split())

    def test_the_process_namespace_can_be_the_engines(self):
        self.assertNotRegex(self.output("cat /proc/1/comm", "--pid", "host"), "init|tini|catatonit")

    def test_init_can_be_left_out(self):
        self.assertEqual(self.output("cat /proc/1/comm; true", "--init=false"), "sh")

    def test_a_runtime_is_chosen_where_the_engine_takes_one(self):
        if self.podman:
            self.refused("--runtime", "runc", words=["`--runtime` has no effect on Podman"])
        else:
            self.assertEqual(self.output("echo ran", "--runtime", "runc"), "ran")
            self.refused("--runtime", "absent", words=["absent"])


class Mounts(OptionsTest):
    def test_options_of_v_are_the_mounts(self):
        data = self.folder / "data"
        data.mkdir()
        line = self.output("grep ' /data ' /proc/mounts", "-v", f"{data}:/data:ro,z")
        self.assertIn(" ro,", line)

    def test_a_volume_is_made_as_it_is_said(self):
        name = "berth-test-" + os.urandom(6).hex()
        self.addCleanup(self.engine.request, "DELETE", f"/volumes/{name}", force="1")
        record = (f"type=volume,src={name},dst=/etc,volume-nocopy,volume-label=team=vision,"
                  "volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs")
        if self.podman:
            self.refused("--mount", record, words=["has no effect on Podman"])
            return
        line = self.output("grep ' /etc ' /proc/mounts; ls /etc/passwd 2>/dev/null || true", "--mount", record)
        self.assertRegex(line, r"^tmpfs /etc tmpfs [^\n]*$")
        volume = self.engine.get(f"/volumes/{name}")
        self.assertEqual((volume["Labels"]["team"], volume["Options"]["type"]), ("vision", "tmpfs"))

    def test_what_the_image_has_is_not_copied_into_a_volume_with_nocopy(self):
        name = "berth-test-" + os.urandom(6).hex()
        self.addCleanup(self.engine.request, "DELETE", f"/volumes/{name}", force="1")
        self.assertEqual(self.output("ls /etc/passwd 2>/dev/null || true", "-v", f"{name}:/etc:nocopy"), "")

    def test_a_tmpfs_has_its_mode(self):
        self.assertEqual(self.output("stat -c %a /t", "--mount", "type=tmpfs,dst=/t,tmpfs-mode=1700,tmpfs-size=1m"),
                         "1700")

    def test_an_image_is_mounted_where_the_engine_can(self):
        record = f"type=image,src={BUSYBOX},dst=/image"
        if self.engine.name == "docker-20":
            self.refused("--mount", record, words=["mount type unknown"])
        else:
            self.assertEqual(self.output("test -x /image/bin/sh && echo there", "--mount", record), "there")

    def test_a_subpath_is_mounted_or_refused(self):
        record = f"type=image,src={BUSYBOX},dst=/image,image-subpath=bin"
        if self.engine.name == "docker-28":
            self.assertEqual(self.output("test -x /image/sh && echo there", "--mount", record), "there")
        elif self.podman:
            self.refused("--mount", record, words=["`--mount …,image-subpath=…` has no effect on Podman"])
        if self.engine.name != "docker-28":
            self.refused("--mount", "src=data,dst=/v,volume-subpath=x", words=["volume-subpath", "has no effect on"])

    def test_mounts_below_a_source_come_along_unless_told_otherwise(self):
        count = "grep -c ' /bound' /proc/mounts"
        self.assertGreater(int(self.output(count, "--mount", "type=bind,src=/sys,dst=/bound")), 1)
        self.assertEqual(self.output(count, "--mount", "type=bind,src=/sys,dst=/bound,bind-recursive=disabled"), "1")

    def test_a_source_is_made_where_that_is_asked_for(self):
        source = self.folder / "made" / "here"
        self.output("touch /out/x", "--mount", f"type=bind,src={source},dst=/out,bind-create-src", stranger=True)
        self.assertTrue((source / "x").exists())
        self.assertEqual(source.stat().st_uid, self.project.stat().st_uid)


class Lifetime(OptionsTest):
    def test_stop_signal_and_timeout_are_the_containers(self):
        config = self.inspected("--stop-signal", "int", "--stop-timeout", "3")["Config"]
        self.assertIn(config["StopSignal"], ("SIGINT", "2"))  # Podman shows numbers
        self.assertEqual(config["StopTimeout"], 3)

    def test_a_container_can_be_left_behind_with_its_log(self):
        self.assert_ended(self.run_in("--rm=false", "sh", "-c", "echo kept; exit 3"), 3, stdout=b"kept\n")
        left = self.engine.containers(self.label)
        self.assertEqual([container["State"] for container in left], ["exited"])
        status, log = self.engine.request("GET", f"/containers/{left[0]['Id']}/logs", stdout="1")
        self.engine.request("DELETE", f"/containers/{left[0]['Id']}", force="1")
        self.assertEqual((status, log), (200, b"\x01\0\0\0\0\0\0\x05kept\n"))

    def test_a_log_driver_is_the_requests(self):
        host = self.inspected("--log-driver", "json-file", "--log-opt", "max-size=1m")["HostConfig"]
        self.assertEqual(host["LogConfig"]["Type"], "json-file")
        if not self.podman:  # does not show it
            self.assertEqual(host["LogConfig"]["Config"], {"max-size": "1m"})

    def test_an_image_for_another_platform_is_asked_for_and_not_run(self):
        self.assertEqual(self.output("echo ran", "--platform", "linux/amd64"), "ran")
        self.refused("--pull", "never", "--platform", "linux/arm64", words=["does not have", "for linux/arm64"])
        self.refused("--pull", "never", words=["for linux/arm64"], env={"DOCKER_DEFAULT_PLATFORM": "linux/arm64"})


class Refusals(OptionsTest):
    def test_bad_values_are_one_error_and_no_container(self):
        cases = [
            (("-m", "5m"), "the least is 6m"),
            (("-m", ""), "is empty"),
            (("--cpus", "two"), "`--cpus`"),
            (("--cpuset-cpus", "0-"), "`--cpuset-cpus`"),
            (("--cpuset-mems", "x"), "`--cpuset-mems`"),
            (("--memory-swappiness", "101"), "0 to 100"),
            (("--memory-swap", "1g"), "`--memory` is not given"),
            (("--ulimit", "nofiles=1"), "did you mean `nofile`?"),
            (("-p", "80:x"), "no port of the container"),
            (("--device", "fuse"), "`--device`"),
            (("--hostname", "a b"), "`--hostname`"),
            (("--add-host", "db:ten"), "an IP address"),
            (("--platform", "arm"), "linux/amd64"),
            (("--stop-signal", "NOPE"), "is no signal"),
            (("--detach-keys", "ctrl-1"), "`--detach-keys`"),
            (("--init=maybe",), "neither true nor false"),
            (("--restart", "always"), "a run is one execution"),
            (("-d", "-a", "stdout"), "`-d` attaches nothing"),
            (("-d", "--timeout", "1h"), "nobody is left to end it"),
            (("--pull", ""), "missing, always or never"),
            (("--tmpfs", "scratch"), "no path in the container"),
            (("--security-opt", "seccomp=absent.json"), "absent.json"),
            (("--env-file", "absent.env"), "absent.env"),
            (("-e", "=V"), "names no variable"),
            (("-v", "/a:/x", "-v", "/b:/x"), "two mounts lie at `/x`"),
            (("--mount", "type=bind,src=/a,dst=/b,bind-nonrecursive"), "bind-recursive=disabled"),
        ]
        failures = []

        def check(options, word):
            result = self.run_in(*options, "true")
            text = result.stderr.decode()
            if result.returncode != 125 or word not in text or text.count("error: ") != 1 or result.stdout:
                failures.append((options, result.returncode, text))

        threads = [threading.Thread(target=check, args=case) for case in cases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.engine.containers(self.label), [])

    def test_what_the_engine_refuses_is_one_error_and_no_container(self):
        self.refused("--cap-add", "NOPE", words=["unknown capability"])
        self.refused("--log-driver", "nope", words=["log"])
        if not self.podman:
            self.refused("--cpus", "1000", words=["CPUs"])
        if self.podman:
            self.refused("-m", "64m", "--memory-swap", "-1", words=["has no effect on Podman"])
            self.refused("-p", "17000-17005:70", words=["17000-17005"])
