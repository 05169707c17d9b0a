"""Whole processes side by side: time, CPU and peak memory of each, interleaved, so that what else a machine does meets
all of them alike. Only ratios are worth anything on a shared machine."""

import dataclasses
import os
import statistics
import subprocess
import tempfile
import time


@dataclasses.dataclass
class Sample:
    wall: float  # seconds, start to exit
    cpu: float  # seconds of the process and of its children that it waited for
    peak: int  # KiB, the largest of them


class Failed(Exception):
    """A command that was to be measured did not do its work."""


def measure(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options):
    with tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=errors, **options)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise Failed(f"{command} ended with {process.returncode}: {errors.read().decode(errors='replace')[-2000:]}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def in_sequence(*samples):
    return Sample(sum(s.wall for s in samples), sum(s.cpu for s in samples), max(s.peak for s in samples))


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
