"""Where scenes are played: an engine of the suite's own, folders in memory, and clients that are started alike."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from harness import BUSYBOX, ENGINES_DIR, Engine  # noqa: E402
import pairs  # noqa: E402

BLOCK = 1 << 20


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Client:
    """A command that is started from the project folder, writes to a file in memory, and is judged by that file."""

    def __init__(self, stage, command, check=None, stdin=None, last=True):
        self.stage, self.command, self.check, self.stdin = stage, list(map(str, command)), check, stdin
        self.last = last  # no: its container is for the next one

    def __call__(self):
        return self._measured(pairs.measure)

    def peak(self):
        return self._measured(pairs.peak_of)

    def _measured(self, how):
        output = self.stage.folder / "output"
        with open(self.stdin or os.devnull, "rb") as stdin, open(output, "wb") as stdout:
            figure = how(self.command, stdin=stdin, stdout=stdout, cwd=self.stage.project,
                         env=self.stage.environment)
        if self.check:
            self.check(output)
        output.unlink()
        if self.last:
            self.stage.settle()
        return figure


class Sequence:
    """Clients one after the other, as one contender."""

    def __init__(self, stage, *clients):
        self.stage, self.clients = stage, clients

    def __call__(self):
        sample = pairs.in_sequence(*[client() for client in self.clients])
        self.stage.settle()
        return sample


class Stage:
    image = BUSYBOX

    def __init__(self, engine, quick, berth):
        self.engine, self.quick, self.berth_path = Engine(engine), quick, str(berth)
        self.prefix = []  # words before each command
        self.label = f"berth-bench={uuid.uuid4().hex}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-bench-", dir="/dev/shm"))
        self.folder.chmod(0o755)
        self.project = self.folder / "project"
        self.project.mkdir()
        (self.folder / "home").mkdir()
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "LC_ALL": "C.UTF-8",
                            "DOCKER_HOST": self.engine.address}

    @classmethod
    def over_tls(cls, local):
        """The same against an engine of another machine: one that listens with TLS in a network of its own."""
        engine = Engine(local.engine.name.removesuffix("-tls") + "-tls")
        engine.up()
        stage = cls(engine.name, local.quick, local.berth_path)
        state = ENGINES_DIR / engine.name
        outer = (state / "pid").read_text().strip()
        inner = subprocess.run(["pgrep", "-P", outer], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0]
        stage.prefix = ["nsenter", f"--net=/proc/{inner}/ns/net"]
        stage.environment.update(DOCKER_HOST="tcp://127.0.0.1:2376", DOCKER_TLS_VERIFY="1",
                                 DOCKER_CERT_PATH=str(state / "tls" / "client"))
        return stage

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    # Commands

    def berth(self, *words):
        return [*self.prefix, self.berth_path, *words]

    def berth_run(self, *words, image=BUSYBOX, gpus="none"):
        # Quiet: the catalogue does not know the image, which berth would say.
        return self.berth("-q", "run", "--image", image, "--gpus", gpus, "--label", self.label, *words)

    def docker(self, *words):
        return [*self.prefix, "docker", *words]

    def docker_run(self, *words, image=BUSYBOX, options=()):
        return self.docker("run", "--rm", "--label", self.label, *options, image, *words)

    def output_of(self, command):
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True,
                              cwd=self.project, env=self.environment).stdout.strip()

    def client(self, command, **options):
        return Client(self, command, **options)

    # What the engine has

    def settle(self, patience=60):
        """The engine removes a container after its client has ended: that is not to meet the next one."""
        end = time.monotonic() + patience
        while self.engine.containers(self.label):
            if time.monotonic() > end:
                raise pairs.Failed(f"containers of the last run are still there after {patience} s")
            time.sleep(0.02)

    def container_of(self, command, **options):
        """What a client asks the engine to create, as the body of POST /containers/create. The command has to read its
        standard input to the end, and not to end before."""
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=self.project,
                                   env=self.environment, **options)
        try:
            facts = self._running(process)
        finally:
            process.stdin.close()
            process.wait(60)
        self.settle()
        return {**facts["Config"], "Hostname": "", "HostConfig": facts["HostConfig"]}

    def _running(self, process):
        while process.poll() is None:
            running = [found for found in self.engine.containers(self.label) if found["State"] == "running"]
            if running:
                return self.engine.get(f"/containers/{running[0]['Id']}/json")
            time.sleep(0.05)
        raise pairs.Failed(f"{process.args} ended with {process.returncode} before its container ran")

    def started(self, *words):
        """The id of a run in the background."""
        return self.output_of(self.berth("-q", "run", "-d", "--image", BUSYBOX, "--gpus", "none", *words))

    def wait(self, container, patience=600):
        end = time.monotonic() + patience
        while self.engine.get(f"/containers/{container}/json")["State"]["Running"]:
            if time.monotonic() > end:
                raise pairs.Failed(f"{container} still runs after {patience} s")
            time.sleep(0.1)

    def remove(self, container):
        self.engine.request("DELETE", f"/containers/{container}", force="1", v="1")

    # What is sent through it

    def noise(self, size):
        """A file of that many bytes that repeat nowhere and compress to nothing."""
        path = self.folder / f"noise-{size}"
        if not path.exists():
            block = os.urandom(BLOCK - 8)
            with open(path, "wb") as file:
                for number in range(size // BLOCK):
                    file.write(number.to_bytes(8, "big") + block)
        return path

    def lines(self, size):
        """A file of that many bytes of log lines, each of 100 and with its number."""
        path = self.folder / f"lines-{size}"
        if not path.exists():
            with open(path, "w", buffering=BLOCK) as file:
                for number in range(size // 100):
                    file.write(f"2026-01-01 00:00:00,000 INFO train.loop step={number:08d} loss=0.{number * 7919 % 10**8:08d} "
                               f"lr=3.0e-04 tokens/s=12345.678\n")
        return path

    def one_line(self, size):
        """A file of that many bytes of text, all of it one line."""
        path, lines = self.folder / f"line-{size}", self.lines(size)
        path.write_bytes(lines.read_bytes().replace(b"\n", b" "))
        lines.unlink()
        return path

    @contextlib.contextmanager
    def without(self, *paths):
        """Memory is given back behind a scene."""
        try:
            yield
        finally:
            for path in paths:
                path.unlink(missing_ok=True)


def same_as(path):
    """A check: the output is the bytes of that file."""
    expected = (path.stat().st_size, digest_of(path))

    def check(output):
        found = (output.stat().st_size, digest_of(output))
        if found != expected:
            raise pairs.Failed(f"{found[0]} bytes came, of sha256 {found[1]}; {expected[0]} were sent, of {expected[1]}")

    return check


def says(text):
    """A check: the output is this text."""

    def check(output):
        found = output.read_text()
        if found != text:
            raise pairs.Failed(f"{found[-500:]!r} came in place of {text!r}")

    return check


def holds(*words, lines=None):
    """A check: the output has these words in it, and where given so many lines."""

    def check(output):
        found = output.read_text()
        missing = [word for word in words if word not in found]
        if missing or lines not in (None, found.count("\n")):
            raise pairs.Failed(f"{missing or lines} is not what came: {found.count(chr(10))} lines, {found[:500]!r}")

    return check
