"""What a person at a terminal sees of an environment's build, and what is left on the screen when it ends."""

import re
import signal

from harness import BERTH
from package_index import write_wheel
from test_environments import PYTHON, EnvironmentTest
from test_terminal import Person

OVER = b"\x1b[1A\r\x1b[J"


class EnvironmentProgress(EnvironmentTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def setUp(self):
        super().setUp()
        self.require(self.name)
        # What is shown of pip itself, which the image lacks, depends on what other tests have left.
        self.assert_ended(self.python("pass", "--pip", self.name), 0)
        self._remove_images()

    def person(self, *options):
        words = ["--network", "host", *options, "python3", "-c", self.version]
        return Person(self, [BERTH, *self.run_arguments(*words, image=PYTHON)[1:]])  # without its -q

    def hold_the_download(self):
        # From the cache pip would take it without a word to the index.
        write_wheel(self.wheels, self.name, "2.0")
        self.require(f"{self.name}==2.0")
        self.index.gate.clear()
        self.addCleanup(self.index.gate.set)

    @staticmethod
    def screen(seen):
        """The lines that are left, of bytes that draw over the line before."""
        lines = []
        for piece in re.split(rb"(\x1b\[1A\r\x1b\[J|\r?\n)", seen):
            if piece == OVER:
                lines = lines[:-2]
            elif piece not in (b"\n", b"\r\n"):
                lines = lines[:-1] + [(lines[-1] if lines else "") + piece.decode()]
            if piece in (b"\n", b"\r\n", OVER):
                lines.append("")
        return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines if line]

    def test_a_step_is_one_line_with_package_bytes_and_time_and_stays_when_it_ends(self):
        self.hold_the_download()
        person = self.person()
        seen = bytearray()
        person.expect(b"  installing 1 requirement: downloading " + self.name.encode() + b" 2.0, ", 60, seen)
        person.expect(b" 0:09  installing 1 requirement: downloading", 20)  # nothing is said, and time passes
        person.expect(OVER)
        self.index.gate.set()
        self.assertEqual(person.wait(60), 0)
        self.assertIn(b": keeping it as an image", person.seen)
        lines = self.screen(person.seen)
        self.assertRegex(lines[-2], r"^note: installing 1 requirement \(0:\d\d\)$")
        self.assertEqual(lines[-1], "2.0")

    def test_after_a_failure_and_an_interrupt_the_screen_is_whole(self):
        self.hold_the_download()
        person = self.person()
        person.expect(b"downloading", 60)
        person.process.send_signal(signal.SIGINT)
        self.assertEqual(person.wait(), 128 + signal.SIGINT)
        lines = self.screen(person.seen)
        self.assertRegex(lines[-2] + lines[-1], r"note: installing 1 requirement \(0:\d\d\)")
        self.index.gate.set()
        self.require(f"{self.name}==9.0")
        failed = self.person()
        self.assertEqual(failed.wait(60), 125)
        lines = self.screen(failed.seen)
        at = next(number for number, line in enumerate(lines) if line.startswith("error: "))
        self.assertRegex(lines[at - 1], r"^note: installing 1 requirement \(0:\d\d\)$")
        self.assertTrue(any(str(log) in line for line in lines for log in self.logs()), lines)

    def test_with_q_nothing_is_drawn_and_without_a_terminal_a_step_is_a_line(self):
        self.require(f"{self.name}==1.0")
        quiet = self.person("-q")
        self.assertEqual((quiet.wait(60), quiet.seen), (0, b"1.0\r\n"))
        self._remove_images()
        words = ["--network", "host", "python3", "-c", self.version]
        result = self.berth(*self.run_arguments(*words, image=PYTHON)[1:])
        self.assert_ended(result, 0, stdout=b"1.0\n")
        self.assertEqual([line for line in result.stderr.splitlines() if line.startswith(b"note: inst")],
                         [b"note: installing 1 requirement"])
