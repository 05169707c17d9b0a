"""Signals to berth are signals to the command."""

import signal
import subprocess
import time

from harness import EngineTest


class Signals(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def signalled(self, script, number):
        process = self.start_shell(script)
        return self.send(process, number)

    def test_a_trapped_interrupt_ends_with_the_traps_exit_code(self):
        self.assertEqual(self.signalled("trap 'exit 33' INT; echo ready; while :; do sleep 0.1; done", signal.SIGINT), 33)

    def test_a_trapped_termination_ends_with_the_traps_exit_code(self):
        self.assertEqual(self.signalled("trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done", signal.SIGTERM), 0)

    def test_an_untrapped_termination_ends_with_143(self):
        self.assertEqual(self.signalled("echo ready; exec sleep 100", signal.SIGTERM), 143)

    def test_an_untrapped_interrupt_ends_with_130(self):
        self.assertEqual(self.signalled("echo ready; exec sleep 100", signal.SIGINT), 130)

    def test_a_hangup_reaches_the_command(self):
        self.assertEqual(self.signalled("trap 'exit 44' HUP; echo ready; while :; do sleep 0.1; done", signal.SIGHUP), 44)

    def test_a_user_signal_reaches_the_command(self):
        script = "trap 'echo got it; exit 0' USR1; echo ready; while :; do sleep 0.1; done"
        process = self.start_shell(script)
        self.assertEqual(self.send(process, signal.SIGUSR1), 0)
        self.assertEqual(process.stdout.read(), b"got it\n")

    def test_the_output_of_a_trap_is_not_lost(self):
        process = self.start_shell("trap 'seq 20000; exit 9' TERM; echo ready; while :; do sleep 0.1; done")
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 9, stderr)
        self.assertEqual(stdout.split()[-1], b"20000")

    def test_an_interrupt_at_any_moment_leaves_no_container(self):
        for delay in (0.02, 0.06, 0.12, 0.2, 0.3, 0.45):
            with self.subTest(delay=delay):
                process = self.start(*self.run_arguments("sleep", "100"))
                time.sleep(delay)
                self.assertIn(self.send(process, signal.SIGINT), (130, -signal.SIGINT))
                self.wait_until(lambda: not self.engine.containers(self.label), "the container is gone")

    def test_a_third_interrupt_ends_a_command_that_ignores_them(self):
        process = self.start_shell("trap '' INT TERM; echo ready; while :; do sleep 0.1; done")
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        try:
            self.assertNotEqual(process.wait(25), 0)
        except subprocess.TimeoutExpired:
            self.fail("still running after three interrupts")


class SignalsThroughTheEngine(Signals):
    engines = ("docker-28", "podman-5")
    streams = "engine"
