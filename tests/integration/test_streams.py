"""Standard streams: nothing added, nothing lost, nothing waited for."""

import contextlib
import hashlib
import json
import os
import pathlib
import random
import subprocess
import threading
import time

from harness import EngineTest

MEGABYTE = 1 << 20
VOLUME = 200  # megabytes: several times what pipes, sockets and the engine hold together


def noise(megabytes, size=MEGABYTE):
    """Bytes that repeat nowhere, in parts of a megabyte."""
    block = os.urandom(size - 8)
    for number in range(megabytes):
        yield number.to_bytes(8, "big") + block


class Source(threading.Thread):
    """Writes parts into a pipe, with a pause after each, and closes it."""

    def __init__(self, pipe, parts, pause=0):
        super().__init__(daemon=True)
        self._pipe, self._parts, self._pause = pipe, parts, pause
        self._sent = hashlib.sha256()
        self.start()

    def run(self):
        with contextlib.suppress(BrokenPipeError):  # the checksums then differ
            for part in self._parts:
                self._sent.update(part)
                self._pipe.write(part)
                time.sleep(self._pause)
            self._pipe.close()

    def digest(self):
        self.join(60)
        return self._sent.hexdigest()


class Sink(threading.Thread):
    """Reads a pipe to its end, with a pause after each megabyte."""

    def __init__(self, pipe, pause=0):
        super().__init__(daemon=True)
        self._pipe, self._pause = pipe, pause
        self._received = hashlib.sha256()
        self.size = 0
        self.end = b""
        self.start()

    def run(self):
        while part := self._pipe.read(MEGABYTE):
            self._received.update(part)
            self.size += len(part)
            self.end = part[-500:]
            time.sleep(self._pause)

    def digest(self):
        self.join(60)
        return self._received.hexdigest()


class Streams(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_stdout_and_stderr_stay_apart_and_the_exit_code_is_the_commands(self):
        result = self.shell("echo out; echo err >&2; exit 7")
        self.assert_ended(result, 7, stdout=b"out\n", stderr=b"err\n")

    def test_a_closed_stdout_ends_the_run_with_141_at_once(self):
        started = time.monotonic()
        process = self.start(*self.run_arguments("sh", "-c", "while :; do echo y; done"))
        self.assertEqual(process.stdout.readline(), b"y\n")
        process.stdout.close()
        self.assertEqual(process.wait(20), 141)
        self.assertLess(time.monotonic() - started, 15)

    def test_head_ends_a_pipeline_without_a_message(self):
        with open(os.devnull, "rb") as null:
            process = self.start(*self.run_arguments("yes"), stdin=null)
            head = subprocess.run(["head", "-1"], stdin=process.stdout, capture_output=True, timeout=30)
        process.stdout.close()
        process.wait(20)
        self.assertEqual(head.stdout, b"y\n")
        self.assertEqual(process.stderr.read(), b"")

    def test_the_end_of_stdin_reaches_the_command_while_its_output_goes_on(self):
        result = self.shell("sort; sleep 1; echo end", input=b"b\nc\na\n")
        self.assert_ended(result, 0, stdout=b"a\nb\nc\nend\n", stderr=b"")

    def test_every_byte_value_passes_both_ways(self):
        data = bytes(range(256)) * 64 + b"\r\n\x00\x03\x04\x1a"
        self.assert_ended(self.run_in("cat", input=data), 0, stdout=data, stderr=b"")

    def test_the_detach_keys_are_data_without_a_terminal(self):
        process = self.start(*self.run_arguments("sh", "-c", "echo ready; cat"), stdin=subprocess.PIPE, bufsize=0)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        for key in (b"\x10", b"\x11", b"."):
            time.sleep(0.2)  # each by a read of its own
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(key)
        process.stdin.close()
        self.assertEqual((process.stdout.read(), process.wait(20)), (b"\x10\x11.", 0))

    def test_output_without_a_final_newline_is_unchanged(self):
        self.assert_ended(self.run_in("printf", "%s", "no newline"), 0, stdout=b"no newline", stderr=b"")

    def test_a_slow_reader_loses_nothing(self):
        process = self.start(*self.run_arguments("sh", "-c", "seq 400000; echo end >&2"))
        received = bytearray(process.stdout.read(1000))
        time.sleep(2)
        while part := process.stdout.read1(65536):
            received += part
            time.sleep(0.002)
        self.assertEqual(process.wait(20), 0)
        self.assertEqual(bytes(received), b"".join(b"%d\n" % n for n in range(1, 400001)))
        self.assertEqual(process.stderr.read(), b"end\n")

    def test_a_large_stderr_is_complete_beside_a_large_stdout(self):
        result = self.shell("seq 300000 & seq 300000 >&2; wait")
        expected = b"".join(b"%d\n" % n for n in range(1, 300001))
        self.assert_ended(result, 0)
        self.assertEqual(result.stdout, expected)
        self.assertEqual(result.stderr, expected)

    def test_the_last_bytes_before_an_exit_are_there(self):
        result = self.shell("head -c 5000000 /dev/zero; printf end; exit 3")
        self.assert_ended(result, 3)
        self.assertEqual(len(result.stdout), 5000003)
        self.assertTrue(result.stdout.endswith(b"\0end"))

    def test_a_command_that_ends_does_not_wait_for_a_silent_stdin(self):
        read_end, write_end = os.pipe()
        try:
            started = time.monotonic()
            self.assert_ended(self.run_in("echo", "done", stdin=read_end), 0, stdout=b"done\n", stderr=b"")
            self.assertLess(time.monotonic() - started, 10)
        finally:
            os.close(read_end)
            os.close(write_end)

    def test_a_closed_stdin_is_an_empty_one(self):
        result = subprocess.run(
            ["sh", "-c", 'exec "$@" <&-', "sh", os.environ["BERTH"], *self.run_arguments("cat")],
            cwd=self.project, env=self.environment, capture_output=True, timeout=60)
        self.assert_ended(result, 0, stdout=b"", stderr=b"")

    def test_no_stdin_leaves_a_loops_input_alone(self):
        script = 'while read -r word; do "$@" -n sh -c \'cat; echo "got $0"\' "$word"; done'
        result = subprocess.run(
            ["sh", "-c", script, "sh", os.environ["BERTH"],
             *self.run_arguments()], input=b"one\ntwo\nthree\n",
            cwd=self.project, env=self.environment, capture_output=True, timeout=60)
        self.assert_ended(result, 0, stdout=b"got one\ngot two\ngot three\n", stderr=b"")

    def test_two_runs_in_a_pipeline_are_a_pipeline(self):
        first = self.start(*self.run_arguments("seq", "1000"))
        second = self.run_in("sh", "-c", "tail -1", stdin=first.stdout)
        first.stdout.close()
        self.assertEqual(first.wait(20), 0)
        self.assert_ended(second, 0, stdout=b"1000\n", stderr=b"")


class Leftovers(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_nothing_that_a_command_left_running_is_there_when_berth_returns(self):
        seconds = str(random.randrange(10**6, 10**7))
        for _ in range(5):
            result = self.shell(f"setsid sleep {seconds} & (sleep {seconds} &) ; echo begun", timeout=30)
            self.assert_ended(result, 0, stdout=b"begun\n")
            running = [words for words in map(self.command_line, pathlib.Path("/proc").glob("[0-9]*"))
                       if words == f"sleep {seconds}"]
            self.assertEqual(running, [])

    @staticmethod
    def command_line(process):
        try:
            return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""


class Volume(EngineTest):
    """What goes in comes out: equal checksums, whatever the bytes, the sizes of the writes and the pace of either side."""

    engines = ("docker-20", "docker-28", "podman-5")

    def assert_same_through(self, command, parts, writer_pause=0, reader_pause=0, unbuffered=False):
        process = self.start(*self.run_arguments(*command), stdin=subprocess.PIPE, bufsize=0 if unbuffered else -1)
        source = Source(process.stdin, parts, writer_pause)
        output, errors = Sink(process.stdout, reader_pause), Sink(process.stderr)
        code = process.wait(240)
        digests = output.digest(), source.digest()
        errors.join(60)
        said = f"exit {code}, {output.size} bytes came back, stderr ends {errors.end!r}"
        self.assertEqual((code, errors.size), (0, 0), said)
        self.assertEqual(*digests, said)

    def test_200_megabytes_come_back_the_same(self):
        self.assert_same_through(["cat"], noise(VOLUME))

    def test_200_megabytes_come_back_the_same_to_a_slow_reader(self):
        self.assert_same_through(["cat"], noise(VOLUME), reader_pause=0.03)

    def test_200_megabytes_come_back_the_same_from_a_slow_writer(self):
        self.assert_same_through(["cat"], noise(VOLUME), writer_pause=0.03)

    def test_lines_of_10_megabytes_come_back_the_same(self):
        line = b"0123456789abcdef" * (10 * MEGABYTE // 16) + b"\n"
        self.assert_same_through(["cat"], [line] * (VOLUME // 10))

    def test_writes_of_one_byte_come_back_the_same(self):
        data = os.urandom(40000)
        parts = (data[n:n + 1] for n in range(len(data)))
        self.assert_same_through(["sh", "-c", "dd bs=1 2>/dev/null"], parts, unbuffered=True)

    def test_700000_nul_bytes_come_back_the_same(self):
        self.assert_same_through(["cat"], [bytes(700000)])

    def test_bytes_that_are_no_utf_8_come_back_the_same(self):
        shuffler = random.Random(3)
        parts = [bytes(shuffler.sample(range(256), 256)) for _ in range(20000)]
        self.assert_same_through(["cat"], parts)

    def test_200_megabytes_reach_the_command(self):
        process = self.start(*self.run_arguments("sha256sum"), stdin=subprocess.PIPE)
        source = Source(process.stdin, noise(VOLUME))
        output = process.stdout.read()
        self.assertEqual(process.wait(240), 0)
        self.assertEqual(output.split()[0].decode(), source.digest())

    def test_200_megabytes_come_from_the_command(self):
        with (self.project / "data").open("wb") as file:
            file.writelines(noise(VOLUME))
        process = self.start(*self.run_arguments("-n", "sh", "-c", "cat data; sha256sum data >&2"))
        output = Sink(process.stdout)
        said = process.stderr.read().split()
        self.assertEqual(process.wait(240), 0)
        self.assertEqual(output.digest(), said[0].decode())

    def test_stdout_and_stderr_come_back_the_same_each(self):
        # Not `tee /dev/stderr`: a caller who is not root may not open it.
        script = "mkfifo /tmp/f; cat /tmp/f >&2 & tee /tmp/f; wait"
        process = self.start(*self.run_arguments("sh", "-c", script), stdin=subprocess.PIPE)
        source = Source(process.stdin, noise(50))
        output, errors = Sink(process.stdout), Sink(process.stderr)
        self.assertEqual(process.wait(240), 0)
        self.assertEqual([output.digest(), errors.digest()], [source.digest()] * 2)


class UnreadInput(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_unread_input_is_no_error(self):
        self.assert_ended(self.shell("head -c 3; exit 4", input=b"x" * 20 * MEGABYTE), 4, stdout=b"xxx", stderr=b"")


class WithoutSupervisor(EngineTest):
    """Where the supervisor cannot be: the run begins again without it, and -v says so."""

    engines = ("docker-20", "docker-28", "podman-5")

    def assert_falls_back(self, *options):
        words = self.run_arguments(*options, "sh", "-c", "cat; echo err >&2; exit 6")
        result = self.berth("-v", *words[1:], input=b"in")
        self.assert_ended(result, 6, stdout=b"in")
        self.assertIn(b"the supervisor cannot work there", result.stderr)
        self.assertTrue(result.stderr.endswith(b"err\n"), result.stderr)

    def test_system_calls_that_are_not_allowed_are_no_obstacle(self):
        cases = [["connect"]]
        if not self.engine.name.startswith("podman"):  # whose own init needs it
            cases.append(["signalfd", "signalfd4"])
        for names in cases:
            profile = self.folder / "seccomp.json"
            profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                {"names": names, "action": "SCMP_ACT_ERRNO"}]}))
            self.assert_falls_back("--security-opt", f"seccomp={profile}")

    def test_a_folder_that_the_engine_does_not_see_is_no_obstacle(self):
        self.prefix = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /mnt && exec "$@"', "--")
        self.environment["TMPDIR"] = "/mnt"
        self.assert_falls_back()

    def test_a_folder_whose_programs_cannot_run_is_no_obstacle(self):
        folder = self.folder / "noexec"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "noexec", "none", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)
        self.environment["TMPDIR"] = str(folder)
        self.assert_falls_back()


class StreamsThroughTheEngine(Streams):
    engines = ("docker-28", "podman-5")
    streams = "engine"


class VolumeThroughTheEngine(Volume):
    engines = ("docker-28", "podman-5")
    streams = "engine"


class UnreadInputThroughTheEngine(UnreadInput):
    engines = ("docker-28",)  # Podman adds a line of its own to the command's standard error then
    streams = "engine"
