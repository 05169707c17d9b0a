"""Whole processes side by side: time and CPU of each, interleaved, so that what else a machine does meets all of them
alike. Only ratios are worth anything on a shared machine."""

import dataclasses
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

GNU_TIME = "/usr/bin/time"


@dataclasses.dataclass
class Sample:
    wall: float  # seconds; start to exit, unless the scene says otherwise
    cpu: float | None = None  # seconds of the process and of its children that it waited for


class Failed(Exception):
    """A command that was to be measured did not do its work."""


def measure(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options):
    with tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=errors, **options)
        usage = reap(process, errors)
        wall = time.monotonic() - start
    return Sample(wall, cpu_of(usage))


def reap(process, errors=None):
    """Waits for the process to end well. Returns what it used."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        said = ""
        if errors is not None:
            errors.seek(0)
            said = errors.read().decode(errors="replace")[-2000:]
        raise Failed(f"{process.args} ended with {process.returncode}: {said}")
    return usage


def cpu_of(usage):
    return usage.ru_utime + usage.ru_stime


def peak_of(command, **options):
    """KiB of the largest process. By GNU time, since the kernel counts the memory of the process that forked, too, and an
    interpreter is larger than what is measured here."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "peak"
        measure([GNU_TIME, "--format", "%M", "--output", str(report), *command], **options)
        return int(report.read_text())


def in_sequence(*samples):
    return Sample(sum(s.wall for s in samples), sum(s.cpu for s in samples))


def interleaved(rounds, contenders):
    """{name: [Sample]} of {name: function that does the work once and returns its Sample}."""
    samples = {name: [] for name in contenders}
    for number in range(rounds):
        names = list(contenders)
        for name in names[number % len(names):] + names[:number % len(names)]:
            samples[name].append(contenders[name]())
    return samples


def summary(samples, of="wall"):
    values = sorted(getattr(sample, of) for sample in samples)
    return {"median": statistics.median(values), "least": values[0], "most": values[-1], "rounds": len(values)}


def ratio(ours, theirs, of="wall"):
    """The median of the ratios of each round."""
    return statistics.median(getattr(a, of) / getattr(b, of) for a, b in zip(ours, theirs))
