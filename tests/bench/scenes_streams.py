"""How fast bytes go through a run. Text is read from a file of the machine's memory by `cat` in the container, and arrives
in another; both are compared when the clock has stopped. Times are of whole processes, start and end of the run included.
"""

import subprocess
import time

from floor import HEADER, FloorOfInput, FloorOfOutput, Run
import pairs
from scene import scene
from scenes_start import bodies
from stage import BLOCK, same_as

FIGURES = ("rate", "cpu", "peak")
NO_LOG = ("--log-driver", "none")


def text_size(quick):
    return 2_000_000 if quick else 200_000_000


def binary_size(quick):
    return 16 * BLOCK if quick else 1024 * BLOCK


def logged_binary_size(quick):
    return 2 * BLOCK if quick else 32 * BLOCK


def output_of(stage, path, drivers):
    """`cat` of a file: berth as it is, docker with each of these logging drivers, and the floor without a log."""
    mount, inside = ("-v", f"{path.parent}:/data:ro"), f"/data/{path.name}"
    check = same_as(path)
    contenders = {"berth": stage.client(stage.berth_run(*mount, "cat", inside), check=check)}
    for name, options in drivers.items():
        contenders[name] = stage.client(stage.docker_run("cat", inside, options=[*mount, *options]), check=check)
    body = bodies(stage, mount, (*mount, *NO_LOG), command=("cat", inside))[1]
    contenders["floor"] = FloorOfOutput(stage, body, path.stat().st_size, check)
    return contenders


@scene("stdout-text", "stdout, log text", FIGURES, pairs=5, volume=text_size)
def stdout_text(stage):
    path = stage.lines(text_size(stage.quick))
    with stage.without(path):
        yield output_of(stage, path, {"docker": (), "docker, log local": ("--log-driver", "local"),
                                      "docker, no log": NO_LOG})


@scene("stdout-line", "stdout, text without a line end", FIGURES, pairs=5, volume=text_size)
def stdout_line(stage):
    path = stage.one_line(text_size(stage.quick))
    with stage.without(path):
        yield output_of(stage, path, {"docker, no log": NO_LOG})


@scene("stdout-binary", "stdout, binary", FIGURES, volume=binary_size)
def stdout_binary(stage):
    path = stage.noise(binary_size(stage.quick))
    with stage.without(path):
        yield output_of(stage, path, {"docker, no log": NO_LOG})


@scene("stdout-binary-logged", "stdout, a little binary", ("rate",), pairs=3, volume=logged_binary_size)
def stdout_binary_logged(stage):
    """Docker's default logging is too slow for more."""
    path = stage.noise(logged_binary_size(stage.quick))
    with stage.without(path):
        yield output_of(stage, path, {"docker": (), "docker, log local": ("--log-driver", "local")})


@scene("stdin-binary", "stdin, binary", FIGURES, volume=binary_size)
def stdin_binary(stage):
    path, arrived = stage.noise(binary_size(stage.quick)), stage.folder / "inbox" / "arrived"
    arrived.parent.mkdir(exist_ok=True)
    mount, into = ("-v", f"{arrived.parent}:/inbox"), ("sh", "-c", "cat >/inbox/arrived")
    compare = same_as(path)

    def check(_=None):
        compare(arrived)
        arrived.unlink()

    with stage.without(path):
        yield {
            "berth": stage.client(stage.berth_run(*mount, *into), stdin=path, check=check),
            "docker": stage.client(stage.docker_run(*into, options=["-i", *mount]), stdin=path, check=check),
            "floor": FloorOfInput(stage, bodies(stage, mount, (*mount, *NO_LOG), command=into)[1], path, check),
        }


class RoundTrips:
    """The time of one line into `cat` and out again, through pipes; the run's start and end are not timed."""

    def __init__(self, stage, command, trips):
        self.stage, self.command, self.trips = stage, command, trips

    def __call__(self):
        with subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                              cwd=self.stage.project, env=self.stage.environment) as process:
            wall = timed_trips(self.trips, process.stdin.write, process.stdout.read)
            process.stdin.close()
            pairs.reap(process)
        self.stage.settle()
        return pairs.Sample(wall)


class FloorOfRoundTrips:
    def __init__(self, stage, body, trips):
        self.stage, self.body, self.trips = stage, body, trips

    def __call__(self):
        with Run(self.stage.engine.socket, self.body, "next-exit") as run:
            wall = timed_trips(self.trips, run.stream.sendall, lambda size: run.stream.recv(HEADER + size)[HEADER:])
            run.stream.shutdown(1)
            run.check_exit()
        self.stage.settle()
        return pairs.Sample(wall)


def timed_trips(trips, send, receive):
    for number in range(-1, trips):
        if number == 0:  # the one before waited for the run's start
            start = time.monotonic()
        line = b"%08d\n" % abs(number)
        send(line)
        if (came := receive(len(line))) != line:
            raise pairs.Failed(f"{came!r} came back in place of {line!r}")
    return (time.monotonic() - start) / trips


@scene("round-trip", "a line through `cat` and back")
def round_trip(stage):
    trips = 100 if stage.quick else 1000
    yield {
        "berth": RoundTrips(stage, stage.berth_run("cat"), trips),
        "docker": RoundTrips(stage, stage.docker_run("cat", options=["-i"]), trips),
        "docker, no log": RoundTrips(stage, stage.docker_run("cat", options=["-i", *NO_LOG]), trips),
        "floor": FloorOfRoundTrips(stage, bodies(stage, (), NO_LOG, command=("cat",))[1], trips),
    }
