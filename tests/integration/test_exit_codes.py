"""Exit codes: the command's own, and 124 to 127 as users of docker and timeout know them."""

import time

from harness import EngineTest


class ExitCodes(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_exit_codes_are_passed_on(self):
        for code in (0, 1, 2, 124, 200, 255):
            with self.subTest(code=code):
                self.assert_ended(self.shell(f"exit {code}"), code, stdout=b"", stderr=b"")

    def assert_not_run(self, command, code):
        """The engine, or the init in the container, says so and names the command."""
        result = self.run_in(command)
        self.assert_ended(result, code, stdout=b"")
        self.assertIn(command.encode(), result.stderr)

    def test_a_command_that_is_not_there_is_127(self):
        self.assert_not_run("no-such-command", 127)

    def test_a_command_that_cannot_be_executed_is_126(self):
        self.assert_not_run("/etc/passwd", 126)

    def test_a_folder_as_a_command_is_126(self):
        self.assert_not_run("/etc", 126)

    def test_a_command_killed_by_a_signal_is_128_and_its_number(self):
        self.assert_ended(self.shell("kill -KILL $$"), 137)
        self.assert_ended(self.shell("kill -SEGV $$"), 139)

    def test_a_run_past_its_timeout_is_124(self):
        started = time.monotonic()
        arguments = self.run_arguments("--timeout", "2s", "sh", "-c", "echo begun; sleep 100")
        result = self.berth(*arguments[1:])  # not quiet
        self.assert_ended(result, 124, stdout=b"begun\n")
        self.assertRegex(result.stderr, rb"time")
        self.assertLess(time.monotonic() - started, 20)

    def test_a_timeout_ends_a_command_that_ignores_signals(self):
        started = time.monotonic()
        result = self.run_in("--timeout", "1s", "sh", "-c", "trap '' TERM INT; while :; do sleep 1; done")
        self.assert_ended(result, 124)
        self.assertLess(time.monotonic() - started, 30)

    def test_a_run_within_its_timeout_is_unaffected(self):
        self.assert_ended(self.run_in("--timeout", "1m", "sh", "-c", "exit 5"), 5, stdout=b"", stderr=b"")


class ExitCodesThroughTheEngine(ExitCodes):
    engines = ("docker-20", "docker-28")  # Podman's init ends with 1 where the command is not there
    streams = "engine"
