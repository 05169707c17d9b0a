"""Terminals: berth inside a pseudo-terminal, as a person has it."""

import fcntl
import json
import os
import pty
import select
import shlex
import signal
import struct
import subprocess
import termios
import time

from engine_proxy import EngineProxy
from harness import BERTH, EngineTest

STUBBORN = "trap '' INT TERM; echo ready; while :; do sleep 0.1; done"


class Person:
    """The outer side of a terminal in which berth runs, or a shell."""

    def __init__(self, test, command, rows=37, columns=101, **environment):
        self._test = test
        self.outer, self.inner = pty.openpty()
        self.resize(rows, columns)
        self.settings = termios.tcgetattr(self.inner)
        self.seen = b""

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command, stdin=self.inner, stdout=self.inner, stderr=self.inner, cwd=test.project,
            env={**test.environment, "TERM": "xterm", **environment}, preexec_fn=own_terminal)
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

    def press(self, *keys):
        """Each by itself, as from a keyboard."""
        for key in keys:
            self.type(key)
            time.sleep(0.2)

    def _read(self, seconds):
        if select.select([self.outer], [], [], seconds)[0]:
            self.seen += os.read(self.outer, 65536)
            return True
        return False

    def expect(self, text, seconds=20, before=None):
        """Waits for the text; what came before it goes to `before`."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            if time.monotonic() > end:
                self._test.fail(f"{text!r} did not appear; seen: {self.seen[-1000:]!r}")
            self._read(0.1)
        seen, self.seen = self.seen.split(text, 1)
        if before is not None:
            before += seen

    def wait(self, seconds=20):
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > end:
                self._test.fail(f"berth did not end; seen: {self.seen[-1000:]!r}")
            self._read(0.1)
        while self._read(0.1):
            pass
        return self.process.returncode


class TerminalTest(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def person(self, *words, **options):
        return Person(self, [BERTH, *self.run_arguments(*words)], **options)

    def is_restored(self, person):
        return termios.tcgetattr(person.inner) == person.settings

    def assert_restored(self, person):
        self.assertEqual(termios.tcgetattr(person.inner), person.settings)


class Terminal(TerminalTest):

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

    def test_the_settings_inside_are_those_outside(self):
        person = self.person("sh", "-c", "sleep 0.5; stty -g; stty size; echo end")
        person.expect(b"\r\n", before=(inside := bytearray()))
        person.expect(b"37 101\r\nend")
        self.assertEqual(person.wait(), 0)
        outside = subprocess.run(["stty", "-g"], stdin=person.inner, capture_output=True, check=True)
        self.assertEqual(inside.decode(), outside.stdout.decode().strip())

    def test_256_colours_arrive_as_they_are(self):
        colours = "".join(f"\x1b[38;5;{n}m{n}\x1b[48;5;{n}m\x1b[0m" for n in range(256)).encode()
        (self.project / "colours").write_bytes(colours)
        person = self.person("sh", "-c", 'echo "<$TERM>"; cat colours; echo end', TERM="xterm-256color")
        person.expect(b"<xterm-256color>\r\n")
        person.expect(b"end", before=(seen := bytearray()))
        self.assertEqual(bytes(seen), colours)
        self.assertEqual(person.wait(), 0)

    def test_the_terminal_of_the_user_is_raw_while_the_command_has_one(self):
        person = self.person("sh", "-c", "echo ready; exec sleep 100")
        person.expect(b"ready")
        self.assertFalse(termios.tcgetattr(person.inner)[3] & (termios.ICANON | termios.ECHO | termios.ISIG))
        person.process.terminate()
        person.wait()

    def test_with_NORAW_the_terminal_is_left_as_it_is(self):
        person = self.person("sh", "-c", "echo ready; exec sleep 100", NORAW="1")
        person.expect(b"ready")
        self.assert_restored(person)
        person.process.terminate()
        person.wait()

    def test_no_tty_gives_the_command_none(self):
        person = self.person("--no-tty", "sh", "-c", "test -t 1 || echo no terminal")
        person.expect(b"no terminal")
        self.assertEqual(person.wait(), 0)

    def test_with_stdout_in_a_pipe_the_command_has_no_terminal(self):
        result = self.run_in("sh", "-c", "test -t 1 || echo no terminal")
        self.assert_ended(result, 0, stdout=b"no terminal\n")


class Restored(TerminalTest):
    """The terminal is as it was, however the run ends. After a SIGKILL nobody is there to do it."""

    def end_with(self, script, code, *signals, options=()):
        person = self.person(*options, "sh", "-c", script)
        person.expect(b"ready")
        for number in signals:
            person.process.send_signal(number)
            time.sleep(0.3)
        self.assertEqual(person.wait(), code)
        self.assert_restored(person)

    def test_the_terminal_is_restored_afterwards(self):
        self.end_with("echo ready; exit 3", 3)

    def test_the_terminal_is_restored_after_a_termination(self):
        self.end_with("echo ready; exec sleep 100", 143, signal.SIGTERM)

    def test_the_terminal_is_restored_after_a_hangup(self):
        self.end_with("echo ready; exec sleep 100", 129, signal.SIGHUP)

    def test_the_terminal_is_restored_after_three_interrupts(self):
        self.end_with(STUBBORN, 130, signal.SIGINT, signal.SIGINT, signal.SIGINT)

    def test_the_terminal_is_restored_after_a_time_limit(self):
        self.end_with("echo ready; exec sleep 100", 124, options=["--timeout", "2s"])

    def test_the_terminal_is_restored_when_the_container_cannot_start(self):
        person = self.person("-w", "/etc/passwd/none", "true")
        self.assertEqual(person.wait(), 125)
        self.assert_restored(person)

    def test_the_terminal_is_restored_when_the_engine_is_lost(self):
        proxy = EngineProxy(self.engine.socket, self.folder / "proxy.sock")
        self.addCleanup(proxy.close)
        person = self.person("sh", "-c", "echo ready; exec sleep 5", DOCKER_HOST=proxy.address)
        person.expect(b"ready")
        proxy.cut_all(refuse=True)
        self.addCleanup(proxy.accept_again)
        time.sleep(1)
        proxy.accept_again()
        person.wait(90)
        self.assert_restored(person)


class NotFound(TerminalTest):
    engines = ("docker-20", "docker-28")  # Podman's init says it in its own way, with 1

    def test_the_terminal_is_restored_when_the_command_is_not_found(self):
        person = self.person("no-such-command")
        self.assertEqual(person.wait(), 127)
        self.assert_restored(person)


class DetachKeys(TerminalTest):
    def detach(self, keys, *options):
        person = self.person(*options, "sh", "-c", "echo ready; exec sleep 100")
        person.expect(b"ready")
        person.press(*keys)
        self.assertEqual(person.wait(), 0)
        self.assert_restored(person)
        left = self.engine.containers(self.label)
        self.assertEqual([container["State"] for container in left], ["running"])
        self.engine.request("DELETE", f"/containers/{left[0]['Id']}", force="1")

    def test_ctrl_p_ctrl_q_leaves_the_command_running(self):
        self.detach([b"\x10", b"\x11"])

    def test_detach_keys_can_be_given(self):
        self.detach([b"\x18", b"x"], "--detach-keys", "ctrl-x,x")

    def test_detach_keys_can_stand_in_dockers_configuration(self):
        (self.home / ".docker").mkdir()
        (self.home / ".docker" / "config.json").write_text(json.dumps({"detachKeys": "ctrl-@,DEL"}))
        self.detach([b"\x00", b"\x7f"])

    def test_a_part_of_the_detach_keys_is_delivered(self):
        person = self.person("sh", "-c", 'stty -echo; echo ready; read -r line; printf %s "$line" | od -An -tx1')
        person.expect(b"ready")
        person.press(b"\x10", b"a", b"\x10", b"\x10", b"b", b"\r")
        person.expect(b"10 61 10 10 62")
        self.assertEqual(person.wait(), 0)

    def test_detach_keys_that_are_none_are_refused(self):
        self.assert_refused(self.run_in("--detach-keys", "ctrl-", "true"), 125, "ctrl-")


class JobControl(TerminalTest):
    """In an interactive shell, as a job of it."""

    def shell_with(self, *words):
        person = Person(self, ["bash", "--norc", "--noprofile", "-i"], PS1="ask> ", HISTFILE="", RUN=" ".join(
            map(shlex.quote, [BERTH, *self.run_arguments(*words)])))
        person.expect(b"ask> ")
        return person

    def test_ctrl_z_stops_berth_and_fg_continues_it(self):
        person = self.shell_with("--no-tty", "sh", "-c", "echo ready; read -r line; echo got $line; exit 7")
        person.type(b'eval "$RUN"\r')
        person.expect(b"ready")
        person.type(b"\x1a")
        person.expect(b"Stopped")
        person.expect(b"ask> ")
        person.type(b"echo in the $((1+1))nd shell\r")
        person.expect(b"in the 2nd shell")
        person.type(b"fg\r")
        time.sleep(0.5)
        person.type(b"it\r")
        person.expect(b"got it")
        person.expect(b"ask> ")
        person.type(b"echo code $?.\r")
        person.expect(b"code 7.")
        person.type(b"exit\r")
        person.wait()

    def test_a_stopped_run_with_a_terminal_goes_on_in_raw_mode(self):
        person = self.shell_with("sh", "-c", "echo ready; read -r line; echo got $line")
        person.type(b'eval "$RUN"\r')
        person.expect(b"ready")
        self.wait_until(lambda: self.is_raw(person), "raw")
        for process in self.berths():
            os.kill(process, signal.SIGTSTP)
        person.expect(b"ask> ")
        person.type(b"fg\r")
        self.wait_until(lambda: self.is_raw(person), "raw again")
        person.type(b"it\r")
        person.expect(b"got it")
        person.expect(b"ask> ")
        person.type(b"exit\r")
        person.wait()

    @staticmethod
    def is_raw(person):
        return not termios.tcgetattr(person.inner)[3] & (termios.ICANON | termios.ISIG)

    def berths(self):
        found = subprocess.run(["pgrep", "-f", "--", self.label], capture_output=True, check=True).stdout.split()
        return [int(process) for process in found if os.readlink(f"/proc/{int(process)}/exe") == os.path.realpath(BERTH)]

    def test_a_run_in_the_background_leaves_the_keys_to_the_shell(self):
        person = self.shell_with("--no-tty", "sh", "-c", "echo ready; cat")
        person.type(b'eval "$RUN" &\r')
        person.expect(b"ready")
        for number in range(5):
            person.type(b"echo line $((%d+1)).\r" % number)
            person.expect(b"line %d." % (number + 1))
        person.type(b"kill %1; wait; echo waited.\r")
        person.expect(b"waited.\r\n")
        person.type(b"exit\r")
        person.wait()

    def test_a_run_in_the_background_with_a_terminal_leaves_it_as_it_is(self):
        person = self.shell_with("sh", "-c", "echo ready; sleep 3; echo end")
        person.type(b'eval "$RUN" & sleep 1; echo slept.\r')
        person.expect(b"slept.\r\n")
        person.type(b"echo line $((1+1)).\r")
        person.expect(b"line 2.")
        person.type(b"kill %1; wait; exit\r")
        person.wait()
