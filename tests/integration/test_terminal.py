"""Terminals: berth inside a pseudo-terminal, as a person has it."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from harness import BERTH, EngineTest


class Person:
    """The outer side of a terminal in which berth runs."""

    def __init__(self, test, arguments, rows=37, columns=101):
        self._test = test
        self.outer, self.inner = pty.openpty()
        self.resize(rows, columns)
        self.settings = termios.tcgetattr(self.inner)
        self.seen = b""

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [BERTH, *arguments], stdin=self.inner, stdout=self.inner, stderr=self.inner, cwd=test.project,
            env={**test.environment, "TERM": "xterm"}, preexec_fn=own_terminal)
        test.addCleanup(self.leave)

    def leave(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.outer)
        os.close(self.inner)

    def resize(self, rows, columns):
        fcntl.ioctl(self.inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.outer, keys)

    def _read(self, seconds):
        if select.select([self.outer], [], [], seconds)[0]:
            self.seen += os.read(self.outer, 65536)
            return True
        return False

    def expect(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.seen:
            if time.monotonic() > end:
                self._test.fail(f"{text!r} did not appear; seen: {self.seen[-1000:]!r}")
            self._read(0.1)
        self.seen = self.seen.split(text, 1)[1]

    def wait(self, seconds=20):
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > end:
                self._test.fail(f"berth did not end; seen: {self.seen[-1000:]!r}")
            self._read(0.1)
        while self._read(0.1):
            pass
        return self.process.returncode


class Terminal(EngineTest):
    def person(self, *words, **size):
        return Person(self, [*self.run_arguments(*words)], **size)

    def test_the_command_has_a_terminal_of_the_same_size(self):
        person = self.person("sh", "-c", "test -t 0 && test -t 1 && sleep 0.5 && stty size")
        person.expect(b"37 101")
        self.assertEqual(person.wait(), 0)

    def test_a_change_of_size_arrives(self):
        person = self.person("sh", "-c", "sleep 0.5; trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.1; done")
        person.expect(b"ready")
        person.resize(20, 66)
        person.process.send_signal(signal.SIGWINCH)
        person.expect(b"20 66")
        self.assertEqual(person.wait(), 0)

    def test_ctrl_c_is_a_key_of_the_commands_terminal(self):
        person = self.person("sh", "-c", "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.1; done")
        person.expect(b"ready")
        person.type(b"\x03")
        person.expect(b"caught")
        self.assertEqual(person.wait(), 5)

    def test_what_is_typed_reaches_the_command_and_is_echoed_once(self):
        person = self.person("sh", "-c", 'echo ready; read -r line; echo "<$line>"')
        person.expect(b"ready")
        person.type(b"hello\r")
        person.expect(b"<hello>")
        self.assertEqual(person.wait(), 0)

    def test_ctrl_d_is_the_end_of_input(self):
        person = self.person("sh", "-c", "echo ready; cat; echo end")
        person.expect(b"ready")
        person.type(b"\x04")
        person.expect(b"end")
        self.assertEqual(person.wait(), 0)

    def test_the_terminal_is_restored_afterwards(self):
        person = self.person("sh", "-c", "echo ready; exit 3")
        self.assertEqual(person.wait(), 3)
        self.assertEqual(termios.tcgetattr(person.inner), person.settings)

    def test_the_terminal_is_restored_after_a_signal(self):
        person = self.person("sh", "-c", "echo ready; exec sleep 100")
        person.expect(b"ready")
        person.process.send_signal(signal.SIGTERM)
        self.assertEqual(person.wait(), 143)
        self.assertEqual(termios.tcgetattr(person.inner), person.settings)

    def test_the_terminal_is_restored_when_the_command_is_not_found(self):
        person = self.person("no-such-command")
        self.assertEqual(person.wait(), 127)
        self.assertEqual(termios.tcgetattr(person.inner), person.settings)

    def test_no_tty_gives_the_command_none(self):
        person = self.person("--no-tty", "sh", "-c", "test -t 1 || echo no terminal")
        person.expect(b"no terminal")
        self.assertEqual(person.wait(), 0)

    def test_with_stdout_in_a_pipe_the_command_has_no_terminal(self):
        result = self.run_in("sh", "-c", "test -t 1 || echo no terminal")
        self.assert_ended(result, 0, stdout=b"no terminal\n")
