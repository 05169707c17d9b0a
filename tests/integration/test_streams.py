"""Standard streams: nothing added, nothing lost, nothing waited for."""

import hashlib
import os
import subprocess
import time

from harness import EngineTest

MEGABYTE = 1 << 20


class Streams(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_stdout_and_stderr_stay_apart_and_the_exit_code_is_the_commands(self):
        result = self.shell("echo out; echo err >&2; exit 7")
        self.assert_ended(result, 7, stdout=b"out\n", stderr=b"err\n")

    def test_100_megabytes_through_cat_come_back_the_same(self):
        block = os.urandom(MEGABYTE)
        sent = hashlib.sha256()
        source = self.folder / "source"
        with source.open("wb") as file:
            for number in range(100):
                part = number.to_bytes(4, "big") + block
                sent.update(part)
                file.write(part)
        target = self.folder / "target"
        with source.open("rb") as stdin, target.open("wb") as stdout:
            result = self.run_in("cat", stdin=stdin, stdout=stdout, timeout=200)
        self.assertEqual(result.returncode, 0, result.stderr)
        received = hashlib.sha256()
        with target.open("rb") as file:
            while part := file.read(MEGABYTE):
                received.update(part)
        self.assertEqual(received.hexdigest(), sent.hexdigest())

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


class UnreadInput(EngineTest):
    # Not on Podman, which adds a line of its own to the command's standard error then.
    def test_unread_input_is_no_error(self):
        self.assert_ended(self.shell("head -c 3; exit 4", input=b"x" * 20 * MEGABYTE), 4, stdout=b"xxx", stderr=b"")
