"""What is to stay flat: many runs at once, many runs listed, a long log read back, an image of many layers."""

import contextlib
import hashlib
import io
import json
import os
import subprocess
import tarfile
import time

from floor import FloorOfAnswer, frames
from harness import ENGINES_DIR
import pairs
from scene import scene
from stage import digest_of, holds, same_as, says

AT_ONCE = 32
LAYERS = 100


class AtOnce:
    """All commands started together: the time until the last has ended, the CPU of all."""

    def __init__(self, stage, command_of):
        self.stage, self.commands = stage, [command_of(number) for number in range(AT_ONCE)]

    def __call__(self):
        start = time.monotonic()
        processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=self.stage.project,
                                      env=self.stage.environment) for command in self.commands]
        cpu = sum(pairs.cpu_of(pairs.reap(process)) for process in processes)
        wall = time.monotonic() - start
        for number, process in enumerate(processes):
            with process.stdout:
                if (said := process.stdout.read()) != b"%d\n" % number:
                    raise pairs.Failed(f"run {number} of {AT_ONCE} printed {said!r}")
        self.stage.settle()
        return pairs.Sample(wall, cpu)


@scene("at-once", f"{AT_ONCE} runs at once", ("wall", "cpu"), pairs=5)
def at_once(stage):
    yield {
        "berth": AtOnce(stage, lambda number: stage.berth_run("echo", str(number))),
        "docker": AtOnce(stage, lambda number: stage.docker_run("echo", str(number))),
    }


def log_size(quick):
    return 5_000_000 if quick else 1_000_000_000


@scene("logs", "`logs` of one long run, logging driver local", ("rate", "cpu", "peak"), pairs=3, volume=log_size)
def logs(stage):
    path = stage.lines(log_size(stage.quick))
    words = ("-v", f"{path.parent}:/data:ro", "cat", f"/data/{path.name}")
    with stage.without(path):
        run = stage.started(*words)
        try:
            stage.wait(run)
            check = same_as(path)
            yield {
                "berth": stage.client(stage.berth("logs", run), check=check),
                "docker": stage.client(stage.docker("logs", run), check=check),
                "floor": FloorOfAnswer(stage, f"/containers/{run}/logs?stdout=1&stderr=1", frames_of(path)),
            }
        finally:
            stage.remove(run)


def frames_of(path):
    """A check of an answer in memory."""
    expected = digest_of(path)

    def check(body):
        digest = hashlib.sha256()
        for frame in frames(memoryview(body)):
            digest.update(frame)
        if digest.hexdigest() != expected:
            raise pairs.Failed(f"the floor's {len(body)} bytes of log are not what was written")

    return check


@contextlib.contextmanager
def created(stage, count):
    """So many containers, created and not started, with the labels of one of berth's runs."""
    made = [stage.started("true")]
    try:
        labels = stage.engine.get(f"/containers/{made[0]}/json")["Config"]["Labels"]
        body = {"Image": stage.image, "Cmd": ["true"], "Labels": labels}
        for _ in range(count - 1):
            status, said = stage.engine.request("POST", "/containers/create", body)
            if status != 201:
                raise pairs.Failed(f"create: {status} {said!r}")
            made.append(json.loads(said)["Id"])
        yield
    finally:
        for container in made:
            stage.remove(container)


@scene("ps", "`ps` of 1,000 runs", ("wall", "cpu", "peak"))
def ps(stage):
    count = 50 if stage.quick else 1000

    def check(body):
        if len(json.loads(body)) != count:
            raise pairs.Failed(f"the floor's list is not of {count} containers")

    with created(stage, count):
        yield {
            "berth": stage.client(stage.berth("ps", "--all"), check=holds(lines=count + 1)),
            "docker": stage.client(stage.docker("ps", "--all"), check=holds(lines=count + 1)),
            "floor": FloorOfAnswer(stage, "/containers/json?all=1", check),
        }


class Pull:
    """A run of an image that the engine has to pull."""

    def __init__(self, stage, image, command):
        self.stage, self.image = stage, image
        self.client = stage.client(command, check=says(f"{LAYERS}\n"))

    def __call__(self):
        self.stage.engine.remove_image(self.image)
        return self.client()

    def peak(self):
        self.stage.engine.remove_image(self.image)
        return self.client.peak()


@scene("pull", f"a run whose image of {LAYERS} layers is pulled", ("wall", "cpu", "peak"), pairs=5)
def pull(stage):
    image = push_layers(stage)
    count = ("sh", "-c", "ls /layers | wc -l")
    try:
        yield {
            "berth": Pull(stage, image, stage.berth_run("--offline", *count, image=image)),
            "docker": Pull(stage, image, stage.docker_run(*count, image=image)),
        }
    finally:
        stage.engine.remove_image(image)


def push_layers(stage):
    """An image of busybox and one small file a layer, in the engine's registry and not with the engine."""
    name = "127.0.0.1:5000/berth-bench/layers"
    archive = archive_of_layers(stage, f"{name}:1")
    stage.output_of(stage.docker("load", "--quiet", "--input", archive))
    archive.unlink()
    stage.output_of(stage.docker("push", "--quiet", f"{name}:1"))
    return f"{name}:1"


def archive_of_layers(stage, reference):
    """The archive of `docker load`, made by hand: no build is as quick."""
    files = {"0.tar": (ENGINES_DIR / "images" / "busybox.tar").read_bytes()}
    for number in range(1, LAYERS + 1):
        files[f"{number}.tar"] = tar_of({f"layers/{number}": os.urandom(20_000)})
    layers = list(files)
    config = {"architecture": "amd64", "os": "linux",
              "config": {"Cmd": ["sh"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(files[layer]).hexdigest() for layer in layers]}}
    files["config.json"] = json.dumps(config).encode()
    files["manifest.json"] = json.dumps([{"Config": "config.json", "RepoTags": [reference], "Layers": layers}]).encode()
    path = stage.folder / "layers.tar"
    path.write_bytes(tar_of(files))
    return path


def tar_of(files):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()
