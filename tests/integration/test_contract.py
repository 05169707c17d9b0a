"""The contract of `docker run` where no other file shows it; docs/docker-differences.md has it as a table, C1 to C80."""

import json
import re
import signal
import time

from engine_proxy import EngineProxy
from harness import BUSYBOX, BerthTest, EngineTest

ALL = ("docker-20", "docker-28", "podman-5")
DOCKER = ("docker-20", "docker-28")
SLEEP = ("sh", "-c", "echo ready; exec sleep 100")


class ContractTest(EngineTest):
    engines = ALL

    def inspected(self, *options, command=SLEEP):
        """What the engine says of a running container with these options."""
        process = self.start(*self.run_arguments(*options, *command))
        line = process.stdout.readline()
        self.assertEqual(line, b"ready\n", process.stderr.read() if not line else line)
        try:
            return self.engine.get(f"/containers/{self.engine.containers(self.label)[0]['Id']}/json")
        finally:
            process.terminate()
            process.wait(20)

    def output(self, *words, **options):
        result = self.run_in(*words, **options)
        self.assert_ended(result, 0)
        return result.stdout.decode()

    def remove(self, container):
        self.engine.request("DELETE", f"/containers/{container}", force="1", v="1")


class Refused(BerthTest):
    """What is refused before any engine is asked: 125, one error, and what would be right."""

    def assert_usage(self, words, *arguments):
        with self.subTest(arguments=arguments):
            self.assert_refused(self.berth("run", "--image", BUSYBOX, "--gpus", "none", *arguments, "true"), 125, *words)

    def test_an_unknown_option_is_refused_with_what_was_meant(self):
        self.assert_usage(["--no-such-option", "--help"], "--no-such-option")
        self.assert_usage(["--shm-size"], "--shm-sise", "1g")

    def test_contradicting_options_are_refused(self):
        self.assert_usage(["--restart"], "--rm", "--restart", "always")
        self.assert_usage(["-d", "-a"], "-d", "-a", "stdout")

    def test_a_word_that_pull_does_not_know_is_refused_with_those_it_knows(self):
        self.assert_usage(["sometimes", "always", "missing", "never"], "--pull", "sometimes")
        self.assert_usage(["--pull"], "--pull", "")

    def test_a_platform_that_is_none_is_refused(self):
        self.assert_usage(["linux/"], "--platform", "linux/")

    def test_a_variable_without_a_name_is_refused(self):
        self.assert_usage(["=value"], "-e", "=value")

    def test_an_env_file_with_a_malformed_line_is_refused_with_its_line(self):
        (self.project / "job.env").write_bytes(b"A=1\n=2\n")
        self.assert_usage(["job.env:2"], "--env-file", "job.env")
        (self.project / "job.env").write_bytes(b"A=1\nB=\xff\n")
        self.assert_usage(["job.env:2", "UTF-8"], "--env-file", "job.env")
        self.assert_usage(["missing.env"], "--env-file", "missing.env")

    def test_a_malformed_volume_is_refused(self):
        self.assert_usage(["a:b:c:d"], "-v", "a:b:c:d")
        self.assert_usage([], "-v", "/a::ro")
        self.assert_usage([], "-v", "")

    def test_a_malformed_mount_is_refused(self):
        for mount in ("type=bind,src=/", "type=nothing,dst=/a", "type=bind,src=/,dst=/a,tmpfs-size=1m",
                      "type=bind,src=/,dst=", "type=bind, src=/,dst=/a", "type=volume,dst=/a,readonly=maybe",
                      "type=tmpfs,dst=/a,tmpfs-mode=9"):
            self.assert_usage([], "--mount", mount)

    def test_stdin_stdout_and_stderr_are_all_that_can_be_attached(self):
        self.assert_usage(["stdlog"], "-a", "stdlog")

    def test_limits_that_are_none_are_refused(self):
        self.assert_usage(["101"], "--memory-swappiness", "101")
        self.assert_usage(["lots"], "--memory", "lots")
        self.assert_usage(["nofile"], "--ulimit", "nofile")
        self.assert_usage(["-1"], "--cpus", "-1")

    def test_a_cidfile_that_exists_is_refused_before_the_engine_is_asked(self):
        (self.project / "id").write_text("kept")
        self.assert_usage(["id"], "--cidfile", "id")
        self.assertEqual((self.project / "id").read_text(), "kept")


class Order(ContractTest):
    """The calls on the normal path, and that nothing is there afterwards."""

    def test_attach_and_wait_come_before_start(self):
        proxy = EngineProxy(self.engine.socket, self.folder / "proxy.sock")
        self.addCleanup(proxy.close)
        self.assert_ended(self.run_in("true", env={"DOCKER_HOST": proxy.address}), 0)
        calls = [call for call in proxy.calls if call.startswith("POST")]
        order = [next(n for n, call in enumerate(calls) if re.search(name, call))
                 for name in ("/containers/create", "/attach", "/wait", "/start")]
        self.assertEqual(order, sorted(order), calls)

    def test_the_first_bytes_are_never_lost(self):
        for _ in range(15):
            self.assert_ended(self.run_in("printf", "x"), 0, stdout=b"x", stderr=b"")

    def test_with_rm_the_container_is_gone_when_berth_returns(self):
        for words in (["--rm"], ["--name", f"gone-{self.label[-8:]}"], ["--streams", "engine"]):
            for _ in range(3):
                self.assert_ended(self.run_in(*words, "true"), 0)
                self.assertEqual(self.engine.containers(self.label), [], words)

    def test_without_it_the_engine_removes_it_and_nobody_waits(self):
        for _ in range(5):
            self.assert_ended(self.run_in("true"), 0)
        self.wait_until(lambda: not self.engine.containers(self.label), "the containers are gone", 5)

    def test_a_start_that_fails_does_not_hang_and_leaves_nothing(self):
        began = time.monotonic()
        for _ in range(3):
            self.assertNotEqual(self.run_in("--rm", "--entrypoint", "/no/such/thing", "x").returncode, 0)
            self.assertEqual(self.engine.containers(self.label), [])
        self.assertLess(time.monotonic() - began, 30)


class Warnings(ContractTest):
    engines = DOCKER  # Podman has none for this

    def test_warnings_of_the_engine_are_told_on_stderr(self):
        result = self.berth(*self.run_arguments("--network", "host", "-p", "18080:80", "echo", "out")[1:])
        self.assert_ended(result, 0, stdout=b"out\n")
        self.assertRegex(result.stderr.decode(), re.compile("^warning: .*[Pp]ort", re.MULTILINE))


class Detached(ContractTest):
    def detach(self, *words):
        result = self.run_in("-d", *words)
        self.assertRegex(result.stdout, rb"\A[0-9a-f]{64}\n\Z", result)
        self.assert_ended(result, 0, stderr=b"")
        container = result.stdout.decode().strip()
        self.addCleanup(self.remove, container)
        return container

    def test_detached_prints_the_id_alone_and_returns(self):
        container = self.detach("sleep", "100")
        self.assertTrue(self.engine.get(f"/containers/{container}/json")["State"]["Running"])

    def test_a_detached_command_has_no_input(self):
        container = self.detach("sh", "-c", "cat; sleep 100")
        self.assertFalse(self.engine.get(f"/containers/{container}/json")["Config"]["AttachStdin"])

    def test_rm_false_keeps_the_container(self):
        self.assert_ended(self.run_in("--rm=false", "sh", "-c", "exit 3"), 3)
        left = self.engine.containers(self.label)
        self.assertEqual([container["State"] for container in left], ["exited"])
        self.remove(left[0]["Id"])


class Attached(ContractTest):
    def test_only_the_streams_that_are_named_are_attached(self):
        script = ("sh", "-c", "echo out; echo err >&2")
        self.assert_ended(self.run_in("-a", "stdout", *script), 0, stdout=b"out\n", stderr=b"")
        self.assert_ended(self.run_in("-a", "STDERR", *script), 0, stdout=b"", stderr=b"err\n")
        self.assert_ended(self.run_in("-a", "Stdout", "-a", "stderr", *script), 0, stdout=b"out\n", stderr=b"err\n")

    def test_with_a_terminal_both_streams_arrive_on_stdout_as_the_terminal_makes_them(self):
        result = self.run_in("-t", "-n", "sh", "-c", "echo out; echo err >&2; exit 3")
        self.assert_ended(result, 3, stdout=b"out\r\nerr\r\n", stderr=b"")

    def test_a_terminal_without_one_on_stdin_is_refused(self):
        self.assert_refused(self.run_in("-t", "true"), 125, "-t", "terminal", "hint: ")

    def test_input_that_is_attached_ends_once(self):
        container = self.inspected(command=("sh", "-c", "echo ready; exec sleep 100"))["Config"]
        self.assertTrue(container["OpenStdin"])
        if self.engine.name != "podman-5":
            self.assertTrue(container["StdinOnce"])


class Signals(ContractTest):
    def test_each_signal_arrives_by_its_name(self):
        for name in ("HUP", "INT", "QUIT", "ALRM", "TERM", "USR1", "USR2"):
            with self.subTest(signal=name):
                process = self.start_shell(f"trap 'echo {name}; exit 9' {name}; echo ready; while :; do sleep 0.1; done")
                process.send_signal(getattr(signal, "SIG" + name))
                self.assertEqual((process.stdout.read(), process.wait(20)), (name.encode() + b"\n", 9))

    def test_without_the_proxy_a_signal_ends_berth_and_not_the_command(self):
        process = self.start(*self.run_arguments("--sig-proxy=false", *SLEEP))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        process.terminate()
        self.assertIn(process.wait(20), (-signal.SIGTERM, 143))
        time.sleep(1)
        left = self.engine.containers(self.label)
        self.assertEqual([container["State"] for container in left], ["running"])
        self.remove(left[0]["Id"])

    def test_a_third_interrupt_leaves_at_once_with_130(self):
        process = self.start_shell("trap '' INT TERM; echo ready; while :; do sleep 0.1; done")
        began = time.monotonic()
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        self.assertEqual(process.wait(10), 130)
        self.assertLess(time.monotonic() - began, 8)


class CidFile(ContractTest):
    def test_a_cidfile_holds_the_id_alone(self):
        self.assert_ended(self.run_in("--cidfile", "id", "sh", "-c", "cat id; test $(wc -c <id) = 64"), 0)
        self.assertRegex((self.project / "id").read_text(), r"\A[0-9a-f]{64}\Z")

    def test_a_cidfile_is_removed_when_there_is_no_container(self):
        # A name that is taken is found out by the engine alone.
        name = self.label.replace("=", "-")
        process = self.start(*self.run_arguments("--name", name, *SLEEP))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.assert_refused(self.run_in("--name", name, "--cidfile", "id", "true"), 125, name)
        self.assertFalse((self.project / "id").exists())
        process.terminate()
        process.wait(20)


class Environment(ContractTest):
    def test_env_files_are_read_as_a_shell_would_and_in_order(self):
        (self.project / "a.env").write_bytes(
            b"\xef\xbb\xbfA=1\n  # comment\n\n  B=two words\nC=\"quoted value\"\nD='single'\nE=$A\n"
            b"FROM_CALLER\nNOT_SET\n")
        (self.project / "b.env").write_text("B=later\n")
        script = 'echo "$A|$B|$C|$D|$E|$FROM_CALLER|${NOT_SET-unset}"'
        options = ["--env-file", "a.env", "--env-file", "b.env", "-e", "D=first", "-e", "D=last"]
        said = self.output(*options, "sh", "-c", script, env={"FROM_CALLER": "caller's"})
        self.assertEqual(said, "1|later|quoted value|last|$A|caller's|unset\n")

    def test_a_name_alone_that_the_caller_has_not_takes_the_value_away(self):
        plan = json.loads(self.berth("--json", *self.run_arguments("--dry-run", "-e", "NOT_SET", "true")).stdout)
        # Podman would give it the value that its own service has.
        self.assertEqual("NOT_SET" in strings_in(plan), self.engine.name != "podman-5")

    def test_proxies_of_dockers_configuration_arrive_in_both_spellings(self):
        (self.home / ".docker").mkdir()
        (self.home / ".docker" / "config.json").write_text(json.dumps(
            {"proxies": {"default": {"httpProxy": "http://proxy:1", "noProxy": "localhost"}}}))
        script = 'echo "$HTTP_PROXY $http_proxy $NO_PROXY $no_proxy"'
        self.assertEqual(self.output("-e", "no_proxy=mine", "sh", "-c", script),
                         "http://proxy:1 http://proxy:1 localhost mine\n")


def strings_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings_in(part)


class Mounts(ContractTest):
    whole_engine = True

    def test_a_relative_source_is_of_the_working_directory(self):
        (self.project / "data").mkdir()
        (self.project / "data" / "x").write_text("x")
        self.assertEqual(self.output("-v", "./data:/data:ro", "cat", "/data/x"), "x")

    def test_a_source_without_a_slash_is_a_volume(self):
        name = self.label.replace("=", "-")
        self.addCleanup(self.engine.request, "DELETE", f"/volumes/{name}")
        self.output("-v", f"{name}:/data", "touch", "/data/kept")
        self.assertEqual(self.output("-v", f"{name}:/data", "ls", "/data"), "kept\n")

    def test_a_missing_bind_source_is_made_where_that_is_asked_for(self):
        wanted = self.project / "made"
        self.output("--mount", f"type=bind,src={wanted},dst=/made,bind-create-src", "ls", "-d", "/made")
        self.assertTrue(wanted.is_dir())

    def test_tmpfs_takes_its_options(self):
        said = self.output("--tmpfs", "/fast:size=1m,mode=1777", "sh", "-c", "df -k /fast | tail -1")
        self.assertEqual(said.split()[:2], ["tmpfs", "1024"])
        said = self.output("--mount", "type=tmpfs,dst=/fast,tmpfs-size=2m", "sh", "-c", "df -k /fast | tail -1")
        self.assertEqual(said.split()[:2], ["tmpfs", "2048"])


class Options(ContractTest):
    """Options that arrive as they are, seen from inside."""

    def test_limits_arrive(self):
        host = self.inspected("--memory", "64m", "--cpus", "0.5", "--cpuset-cpus", "0", "--shm-size", "8m")["HostConfig"]
        cpus = host["NanoCpus"] or host["CpuQuota"] * 10000
        self.assertEqual((host["Memory"], cpus, host["CpusetCpus"], host["ShmSize"]), (64 << 20, 500000000, "0", 8 << 20))
        self.assertEqual(self.output("--ulimit", "nofile=100:200", "sh", "-c", "ulimit -Sn; ulimit -Hn"), "100\n200\n")
        limits = ["--ulimit", "memlock=65536", "--ulimit", "stack=8388608"]
        self.assertEqual(self.output(*limits, "sh", "-c", "ulimit -l; ulimit -s"), "64\n8192\n")

    def test_names_and_addresses_arrive(self):
        said = self.output("--hostname", "bigbox", "--add-host", "store:10.1.2.3", "sh", "-c", "hostname; grep store /etc/hosts")
        self.assertEqual(said.split(), ["bigbox", "10.1.2.3", "store"])

    def test_groups_arrive(self):
        self.assertIn("4321", self.output("--group-add", "4321", "id", "-G").split())

    def test_privileges_can_be_taken_away_and_given(self):
        capabilities = "grep CapBnd /proc/self/status | cut -f2"
        bounds = [int(self.output(*options, "sh", "-c", capabilities), 16)
                  for options in (["--cap-drop", "ALL"], ["--cap-drop", "ALL", "--cap-add", "SYS_PTRACE"])]
        self.assertEqual(bounds, [0, 1 << 19])

    def test_a_read_only_root_cannot_be_written(self):
        result = self.run_in("--read-only", "touch", "/x")
        self.assert_ended(result, 1)
        self.assertIn(b"Read-only", result.stderr)

    def test_a_device_arrives(self):
        self.assertEqual(self.output("--device", "/dev/null:/dev/mine:r", "sh", "-c", "ls /dev/mine"), "/dev/mine\n")

    def test_the_init_can_be_left_out(self):
        self.assertEqual(self.output("--init=false", "sh", "-c", "cat /proc/1/comm; true"), "sh\n")

    def test_stop_signal_and_stop_timeout_arrive(self):
        config = self.inspected("--stop-signal", "INT", "--stop-timeout", "3")["Config"]
        self.assertIn(str(config["StopSignal"]), ("INT", "SIGINT", "2"))
        self.assertEqual(config["StopTimeout"], 3)

    def test_the_log_driver_can_be_chosen(self):
        driver = "json-file"
        self.assertEqual(self.inspected("--log-driver", driver)["HostConfig"]["LogConfig"]["Type"], driver)

    def test_ipc_of_the_host_is_the_hosts(self):
        self.assertEqual(self.inspected("--ipc", "host")["HostConfig"]["IpcMode"], "host")

    def test_labels_arrive(self):
        labels = self.inspected("--label", "a=b=c", "-l", "bare")["Config"]["Labels"]
        self.assertEqual((labels["a"], labels["bare"]), ("b=c", ""))


class DockerOptions(ContractTest):
    engines = DOCKER

    def test_a_port_is_published(self):
        bindings = self.inspected("-p", "127.0.0.1:18234:80")["HostConfig"]["PortBindings"]
        self.assertEqual(bindings, {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18234"}]})

    def test_limits_that_the_engine_refuses_are_125(self):
        self.assert_refused(self.run_in("-m", "1k", "true"), 125, "emory")
        self.assert_refused(self.run_in("--cpuset-cpus", "999", "true"), 125, "999")

    def test_a_runtime_that_the_engine_has_not_is_125(self):
        self.assert_refused(self.run_in("--runtime", "nonesuch", "true"), 125, "nonesuch")


class ResultTest(ContractTest):

    def result_of(self, *words, code, options=()):
        file = self.folder / "result.json"
        run = self.run_in("--result", file, *options, *words)
        self.assertEqual(run.returncode, code, run)
        document = json.loads(file.read_text())
        file.unlink()
        self.assertEqual((document["schema"], document["exit_code"]), ("berth/run/1", code))
        return document


class Result(ResultTest):
    def test_the_result_tells_the_commands_own_end(self):
        document = self.result_of("sh", "-c", "exit 7", code=7)
        self.assertEqual(document["origin"], "command")
        self.assertIsNone(document["signal"])

    def test_the_result_tells_a_signal(self):
        document = self.result_of("sh", "-c", "kill -SEGV $$", code=139)
        self.assertEqual(document["origin"], "command")
        self.assertIn("SEGV", str(document["signal"]))

    def test_the_result_tells_a_time_limit(self):
        document = self.result_of("sleep", "100", code=124, options=["--timeout", "1s"])
        self.assertEqual(document["origin"], "berth")

    def test_the_result_tells_a_failure_before_the_start(self):
        document = self.result_of("true", code=125, options=["--name", "not/a/name"])
        self.assertIn(document["origin"], ("berth", "engine"))


class MemoryLimit(ResultTest):
    def test_the_result_tells_a_memory_limit(self):
        document = self.result_of("sh", "-c", "x=a; while :; do x=$x$x; done", code=137, options=["--memory", "16m"])
        self.assertIn("memory", document["cause"])


class CdiDevice(EngineTest):
    engines = ("docker-28", "podman-5")
    whole_engine = True

    def test_a_cdi_name_can_be_given_as_a_device(self):
        result = self.run_in("--device", "nvidia.com/gpu=1", "sh", "-c", "echo ${FAKE_GPU_1-no}")
        self.assert_ended(result, 0, stdout=b"yes\n")
