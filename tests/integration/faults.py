"""What the tests of bad days share: nothing may be left behind, and ways to fail on demand."""

import concurrent.futures
import os
import pathlib
import re
import subprocess

from engine_proxy import EngineProxy
from harness import BERTH, EngineTest

ALL = ("docker-20", "docker-28", "podman-5")
COUNT = "echo ready; i=0; while [ $i -lt {0} ]; do echo $i; i=$((i+1)); sleep 0.05; done; exit 7"
SLEEP = "echo ready; exec sleep 100"
STUBBORN = "trap '' HUP INT TERM; echo ready; while :; do sleep 0.1; done"


class FaultTest(EngineTest):
    """Afterwards there is also no process of berth's, and no file in the project or in TMPDIR."""

    engines = ALL
    patience = 15  # the promise is 10 seconds

    def setUp(self):
        super().setUp()
        self.scratch = self.folder / "tmp"
        self.scratch.mkdir()
        self.environment["TMPDIR"] = str(self.scratch)
        self.addCleanup(self._check_no_process_and_no_file)

    def _check_no_process_and_no_file(self):
        # The guard of a run waits up to a minute for an engine that does not answer.
        self.wait_until(lambda: not self.processes(), "no process of berth's is left", 75)
        self.assertEqual(list(self.scratch.iterdir()) + list(self.project.iterdir()), [])

    def processes(self):
        """Berth's, of this test: its label is on their command line."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if self.label.encode() in words and os.path.basename(words[0]) == os.path.basename(BERTH).encode():
                found.append(path.parent.name)
        return found

    def running(self):
        return [c for c in self.engine.containers(self.label) if c["State"] == "running"]

    def assert_gone(self, seconds=10):
        self.wait_until(lambda: not self.engine.containers(self.label), "the container is gone", seconds)

    def finish(self, process, timeout=60):
        """Its end, and what it wrote since. Not communicate(), which passes over what readline() has taken already."""
        with concurrent.futures.ThreadPoolExecutor() as readers:
            outputs = [readers.submit(stream.read) for stream in (process.stdout, process.stderr)]
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                self.fail(f"berth did not end in {timeout} s; {[output.result() for output in outputs]}")
            stdout, stderr = [output.result() for output in outputs]
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def assert_lost(self, result):
        self.assertEqual(result.returncode, 125, result)
        self.assertRegex(result.stderr.decode(), re.compile("^error: .*connection", re.MULTILINE))


class ProxyTest(FaultTest):
    """What happens to the connections of an engine, the streams among them."""

    streams = "engine"

    def setUp(self):
        super().setUp()
        self.proxy = EngineProxy(self.engine.socket, self.folder / "proxy.sock")
        self.addCleanup(self.proxy.close)
        self.environment["DOCKER_HOST"] = self.proxy.address
