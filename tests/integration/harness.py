"""What the integration tests stand on: the real berth, run as its users run it, against the real engines.

A test class names its engines; each of its tests is run once per engine, as a CTest test of its own (list_tests.py,
run_test.py). BERTH is the path of the binary, BERTH_TEST_ENGINE the engine's name.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import uuid

BERTH = os.environ.get("BERTH", "build/release/berth")
ENGINES_DIR = pathlib.Path(os.environ.get("BERTH_ENGINES_DIR", "/var/cache/berth-engines"))
REPO = pathlib.Path(__file__).resolve().parents[2]
ENGINES_TOOLS = REPO / "tests" / "engines"
COMMON_ENGINES = ("docker-20", "docker-20-no-gpu", "docker-28", "podman-5")  # nobody may disturb them
BUSYBOX = "berth-test/busybox:1"
TORCH = "berth-test/torch:1.13"
REGISTRY_BUSYBOX = "127.0.0.1:5000/berth-test/busybox:1"
# A caller who is not root, whom no passwd file knows. Used where the tests themselves run as root.
STRANGER = 12345


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=30)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """The engine's own view of what berth did."""

    def __init__(self, name):
        self.name = name
        self.socket = str(ENGINES_DIR / name / "docker.sock")
        self.address = "unix://" + self.socket

    def tool(self, command, *arguments):
        subprocess.run([ENGINES_TOOLS / "engine", command, self.name, *arguments], check=True, timeout=120,
                       stdin=subprocess.DEVNULL, capture_output=True)

    def up(self):
        self.tool("up")
        subprocess.run([ENGINES_TOOLS / "images", "build", "busybox", self.name], check=True, timeout=120,
                       stdin=subprocess.DEVNULL, capture_output=True)

    def request(self, method, path, body=None, **query):
        connection = UnixConnection(self.socket)
        headers = {"Content-Type": "application/json", "X-Registry-Auth": "e30="}
        try:
            connection.request(method, path + "?" + urllib.parse.urlencode(query), body and json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def get(self, path, **query):
        status, body = self.request("GET", path, **query)
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {body!r}")
        return json.loads(body)

    def containers(self, label):
        return self.get("/containers/json", all="1", filters=json.dumps({"label": [label]}))

    def volumes(self):
        return {volume["Name"] for volume in self.get("/volumes")["Volumes"] or []}

    def has_image(self, reference):
        return self.request("GET", f"/images/{reference}/json")[0] == 200

    def remove_image(self, reference):
        self.request("DELETE", f"/images/{reference}", force="1")


class BerthTest(unittest.TestCase):
    """A project folder, a home and an environment of the test's own. `engines` empty: no engine is needed."""

    engines = ()
    # Words before berth's own: how it is started elsewhere, `nsenter …`.
    prefix = ()
    # "engine": its runs' streams go through the engine, though they could go past it.
    streams = None
    # Whether its tests look at, or change, what the engine holds as a whole: they do not run beside each other.
    whole_engine = False
    maxDiff = 2000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        self.home = self.folder / "home"
        self.project = self.folder / "project"
        self.home.mkdir()
        self.project.mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "USER": "researcher",
            "LC_ALL": "C.UTF-8",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        }
        if self.streams:
            self.environment["BERTH_STREAMS"] = self.streams
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def start(self, *arguments, **options):
        """Starts berth in the project folder; options as Popen's. `stranger=True`: as a caller who is not root."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("cwd", self.project)
        options["env"] = {**self.environment, **options.pop("env", {})}
        if options.pop("stranger", False) and os.geteuid() == 0:
            for folder in (self.folder, self.home, self.project):
                os.chown(folder, STRANGER, STRANGER)
            options.update(user=STRANGER, group=STRANGER, extra_groups=[0])
        process = subprocess.Popen([*self.prefix, BERTH, *map(str, arguments)], **options)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def berth(self, *arguments, input=None, timeout=60, **options):
        """Runs berth to its end: a CompletedProcess with bytes in it."""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*arguments, **options)
        try:
            stdout, stderr = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            self.fail(f"berth {arguments} did not end in {timeout} s; stdout {stdout[-500:]!r} stderr {stderr[-500:]!r}")
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def assert_ended(self, result, code, stdout=None, stderr=None):
        """With the exit code, and where given with exactly this output."""
        said = f"exit {result.returncode}, stdout {result.stdout[-500:]!r}, stderr {result.stderr[-1500:]!r}"
        self.assertEqual(result.returncode, code, said)
        if stdout is not None:
            self.assertEqual(result.stdout, stdout, said)
        if stderr is not None:
            self.assertEqual(result.stderr, stderr, said)

    def assert_refused(self, result, code, *words):
        """One clear error with all of these words in it, and nothing on stdout."""
        self.assert_ended(result, code, stdout=b"")
        text = result.stderr.decode()
        self.assertEqual(sum(line.startswith("error: ") for line in text.splitlines()), 1, text)
        for word in words:
            self.assertIn(word, text)


class EngineTest(BerthTest):
    """On a real engine. That nothing stays behind is checked after each test."""

    engines = ("docker-20", "docker-28")
    patience = 10  # seconds until nothing is left: what is promised of a berth that is killed

    def setUp(self):
        super().setUp()
        self.engine = Engine(os.environ["BERTH_TEST_ENGINE"])
        if self.engine.name not in COMMON_ENGINES:
            self.engine.up()
        try:
            self.engine.get("/version")
        except OSError as error:
            self.fail(f"{self.engine.name} does not answer ({error}): tests/engines/engine up {self.engine.name}")
        self.environment["DOCKER_HOST"] = self.engine.address
        self.label = f"berth-test={uuid.uuid4().hex}"
        self.addCleanup(self._check_nothing_left)

    def _check_nothing_left(self):
        end = time.monotonic() + self.patience
        while (left := self.engine.containers(self.label)) and time.monotonic() < end:
            time.sleep(0.1)
        for container in left:
            self.engine.request("DELETE", f"/containers/{container['Id']}", force="1", v="1")
        self.assertEqual([c["State"] for c in left], [], "containers left behind")

    def run_arguments(self, *words, image=BUSYBOX):
        """`run` with the test's image and label, on the CPU; words: more options, then the command.

        Quiet, since otherwise berth warns that the catalogue does not know the test's image.
        """
        return ["-q", "run", "--image", image, "--gpus", "none", "--label", self.label, *words]

    def run_in(self, *words, image=BUSYBOX, **options):
        return self.berth(*self.run_arguments(*words, image=image), **options)

    def shell(self, script, **options):
        return self.run_in("sh", "-c", script, **options)

    def start_shell(self, script, **options):
        """Starts berth and returns when the script has printed `ready`."""
        process = self.start(*self.run_arguments("sh", "-c", script), **options)
        line = process.stdout.readline()
        if line.strip() != b"ready":
            process.kill()
            self.fail(f"instead of `ready`: {line!r}, {process.stderr.read()!r}")
        return process

    def wait_until(self, condition, what, seconds=15):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.fail(f"not in {seconds} s: {what}")
            time.sleep(0.05)

    def send(self, process, signal_number):
        process.send_signal(signal_number)
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            self.fail(f"berth did not end after {signal.Signals(signal_number).name}")
