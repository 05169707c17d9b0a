"""Pulls on bad days: broken streams, lost connections, a registry that comes back. docs/faults.md has the table."""

import json
import re
import signal
import subprocess
import time

from faults import FaultTest, ProxyTest
from harness import BUSYBOX, ENGINES_TOOLS


class PullStream(ProxyTest):
    """What goes wrong while the image is pulled. The registry is a real one."""

    whole_engine = True
    IMAGE = "127.0.0.1:5000/berth-test/busybox:1"
    PULL = "POST .*/images/create"

    def setUp(self):
        super().setUp()
        self.engine.remove_image(self.IMAGE)
        self.addCleanup(self.engine.remove_image, self.IMAGE)

    def run_image(self, *words):
        return self.run_in(*words, image=self.IMAGE)

    def stream(self, *documents):
        return b"".join(json.dumps(document).encode() + b"\r\n" for document in documents)

    def test_an_error_in_a_pull_that_began_well_is_125(self):
        said = "no space left on device"
        self.proxy.answer(self.PULL, 200, self.stream(
            {"status": "Pulling from berth-test/busybox", "id": "1"},
            {"errorDetail": {"message": said}, "error": said}), times=9)
        self.assert_refused(self.run_image("true"), 125, said)

    def test_a_pull_that_ends_early_is_tried_again(self):
        self.proxy.cut(self.PULL, after=1)
        result = self.berth(*self.run_arguments("echo", "ran", image=self.IMAGE)[1:])  # not quiet
        self.assert_ended(result, 0, stdout=b"ran\n")
        self.assertEqual(self.proxy.called(self.PULL), 2)
        self.assertRegex(result.stderr.decode(), "(?i)again|retry")

    def test_a_pull_that_the_network_cuts_is_tried_again(self):
        said = "unexpected EOF"
        self.proxy.answer(self.PULL, 200, self.stream({"errorDetail": {"message": said}, "error": said}))
        self.assert_ended(self.run_image("echo", "ran"), 0, stdout=b"ran\n")
        self.assertEqual(self.proxy.called(self.PULL), 2)

    def test_a_pull_that_fails_again_and_again_is_given_up(self):
        self.proxy.cut(self.PULL, after=1, times=99)
        self.assert_refused(self.run_image("true"), 125, self.IMAGE)
        self.assertLessEqual(self.proxy.called(self.PULL), 4)

    def test_a_pull_of_what_is_not_there_is_not_tried_again(self):
        image = "127.0.0.1:5000/berth-test/absent:1"
        self.assert_refused(self.run_in("true", image=image), 125, image)
        self.assertEqual(self.proxy.called(self.PULL), 1)

    def test_an_interrupt_ends_a_pull_that_stalls(self):
        self.proxy.stall(self.PULL, after=1)
        process = self.start(*self.run_arguments("true", image=self.IMAGE))
        self.wait_until(lambda: self.proxy.called(self.PULL), "the pull has begun")
        time.sleep(0.3)
        began = time.monotonic()
        self.assertEqual(self.send(process, signal.SIGINT), 130)
        self.assertLess(time.monotonic() - began, 5)


class FlakyRegistry(FaultTest):
    """The registry's connections are cut until the engine gives up; berth goes on with the layers that are there."""

    engines = ("podman-5",)  # gives up after two cuts, in a second; Docker after five, in a minute
    whole_engine = True
    IMAGE = "127.0.0.1:5001/berth-test/layers:1"

    def setUp(self):
        super().setUp()
        self._push_two_layers()
        self.engine.remove_image(self.IMAGE)
        self.addCleanup(self.engine.remove_image, self.IMAGE)

    def _push_two_layers(self):
        name = "127.0.0.1:5000/berth-test/layers"
        fill = {"Image": BUSYBOX, "Cmd": ["sh", "-c", "head -c 8000000 /dev/urandom >/blob"]}
        container = json.loads(self.engine.request("POST", "/containers/create", fill)[1])["Id"]
        try:
            self.engine.request("POST", f"/containers/{container}/start")
            self.engine.request("POST", f"/containers/{container}/wait")
            self.engine.request("POST", "/commit", container=container, repo=name, tag="1")
        finally:
            self.engine.request("DELETE", f"/containers/{container}", force="1")
        said = self.engine.request("POST", f"/images/{name}/push", tag="1")[1]
        self.assertNotIn(b'"error"', said)
        self.engine.remove_image(name + ":1")

    def test_a_pull_goes_on_when_the_registry_is_well_again(self):
        flaky = subprocess.Popen(
            [ENGINES_TOOLS / "engine", "within", self.engine.name, ENGINES_TOOLS / "flaky-registry", "300000"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(flaky.wait, 20)
        self.addCleanup(flaky.stdout.close)
        self.addCleanup(flaky.stdin.close)
        self.assertEqual(flaky.stdout.readline(), b"ready\n")
        process = self.start(*self.run_arguments("sh", "-c", "wc -c </blob", image=self.IMAGE)[1:])  # not quiet
        while (line := process.stderr.readline()) and not re.search(b"(?i)again|retry", line):
            pass
        self.assertTrue(line, "no second attempt was told")
        flaky.stdin.write(b"well again\n")
        flaky.stdin.flush()
        self.assert_ended(self.finish(process, 100), 0, stdout=b"8000000\n")
