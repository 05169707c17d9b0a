"""What a run costs beside its command: `true` from start to exit, and the first byte of output."""

import subprocess
import time

from floor import Floor, FloorOfFirstByte
import pairs
from scene import scene
from stage import says

NOTHING = says("")
FIGURES = ("wall", "cpu", "peak")


def true_in(stage, berth_options, docker_options, gpus="none"):
    ours, theirs = bodies(stage, berth_options, docker_options, gpus)
    return {
        "berth": stage.client(stage.berth_run(*berth_options, "true", gpus=gpus), check=NOTHING),
        "docker": stage.client(stage.docker_run("true", options=docker_options), check=NOTHING),
        "floor": Floor(stage, theirs),
        "floor until removed": Floor(stage, theirs, until="removed"),
        "floor of berth's container": Floor(stage, ours),
    }


def bodies(stage, berth_options=(), docker_options=(), gpus="none", command=("true",)):
    """What berth asks the engine to create, and what docker does, with another command."""
    # Without its supervisor, which only berth itself can serve.
    ours = stage.container_of(stage.berth_run(*berth_options, "--streams", "engine", "cat", gpus=gpus))
    theirs = stage.container_of(stage.docker_run("cat", options=["-i", *docker_options]))
    return {**ours, "Cmd": list(command)}, {**theirs, "Cmd": list(command)}


@scene("start-bridge", "`true`, bridge network", FIGURES)
def start_bridge(stage):
    contenders = true_in(stage, (), ())
    for name, options in (("berth --rm", ("--rm",)), ("berth --streams engine", ("--streams", "engine"))):
        contenders[name] = stage.client(stage.berth_run(*options, "true"), check=NOTHING)
    yield contenders


@scene("start-host", "`true`, host network", FIGURES)
def start_host(stage):
    yield true_in(stage, ("--network", "host"), ("--network", "host"))


@scene("start-none", "`true`, no network", FIGURES)
def start_none(stage):
    yield true_in(stage, ("--network", "none"), ("--network", "none"))


@scene("start-gpus", "`true`, bridge network, all (pretended) GPUs", FIGURES)
def start_gpus(stage):
    yield true_in(stage, (), ("--gpus", "all"), gpus="all")


class FirstByte:
    """From the client's start to the first byte of its output; the rest is not timed."""

    def __init__(self, stage, command):
        self.stage, self.command = stage, command

    def __call__(self):
        start = time.monotonic()
        with subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0,
                              cwd=self.stage.project, env=self.stage.environment) as process:
            first = process.stdout.read(1)
            wall = time.monotonic() - start
            rest = process.stdout.read()
            usage = pairs.reap(process)
        if first + rest != b"ready\n":
            raise pairs.Failed(f"{self.command} printed {first + rest!r}")
        self.stage.settle()
        return pairs.Sample(wall, pairs.cpu_of(usage))


@scene("first-byte", "first byte of output")
def first_byte(stage):
    yield {
        "berth": FirstByte(stage, stage.berth_run("echo", "ready")),
        "docker": FirstByte(stage, stage.docker_run("echo", "ready")),
        "floor": FloorOfFirstByte(stage, bodies(stage, command=("echo", "ready"))[1]),
    }
