"""The results of the suite as a table and as JSON."""

import dataclasses
import os
import platform
import statistics
import subprocess

from targets import TARGETS

OURS = "berth"


@dataclasses.dataclass
class Result:
    scene: object
    samples: dict  # of each contender, in the order of the rounds
    peaks: dict  # KiB
    volume: int | None  # bytes
    load: float  # of the machine, when the scene began
    quick: bool

    def others(self):
        return [name for name in self.samples if name != OURS]

    def values(self, contender, figure):
        """In the figure's unit, one for each time; empty where the contender has no such figure."""
        samples = self.samples[contender]
        if figure == "peak":
            return [peak / 1024 for peak in self.peaks[contender]]
        if figure == "rate":
            return [self.volume / sample.wall / 1e6 for sample in samples]
        values = [getattr(sample, figure) for sample in samples]
        return [] if None in values else [value * 1e3 for value in values]

    def ratio(self, figure, other):
        """The median of the ratios of each pair, ours by theirs."""
        ours, theirs = self.values(OURS, figure), self.values(other, figure)
        if not ours or not theirs:
            return None
        return statistics.median(a / b for a, b in zip(ours, theirs))


UNITS = {"wall": ("time", "ms"), "cpu": ("CPU", "ms"), "peak": ("peak memory", "MiB"), "rate": ("throughput", "MB/s")}


def surroundings(stage):
    """What was measured on what."""
    version = stage.engine.get("/version")
    client = subprocess.run(["docker", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    berth = subprocess.run([stage.berth_path, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return {"engine": f"{stage.engine.name}, {version['Version']}", "docker": client, "berth": berth,
            "kernel": platform.release().split("-")[0], "architecture": platform.machine(), "processors": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)}


def markdown(results, around):
    lines = [f"{around['berth']}; {around['docker']}; engine {around['engine']}; {around['architecture']}, "
             f"{around['processors']} processors, {around['memory_gib']} GiB, Linux {around['kernel']}.", "",
             "| scene | figure | berth | against | theirs | ratio | pairs | load |", "|---|---|---|---|---|---|---|---|"]
    for result in results:
        lines += rows(result)
    return "\n".join(lines + target_lines(results)) + "\n"


def rows(result):
    lines = []
    for figure in result.scene.figures:
        name, unit = UNITS[figure]
        for other in result.others():
            ratio = result.ratio(figure, other)
            if ratio is not None:
                lines.append([name, shown(result.values(OURS, figure), unit), other,
                              shown(result.values(other, figure), unit), f"{ratio:.2f}x",
                              str(len(result.values(other, figure)))])
    title = result.scene.title + (f", {result.volume / 1e6:.0f} MB" if result.volume else "")
    return [f"| {title if first else ''} | {' | '.join(line)} | {f'{result.load:.1f}' if first else ''} |"
            for first, line in zip([True] + [False] * len(lines), lines)]


def shown(values, unit):
    """The median, and the spread."""
    digits = 0 if statistics.median(values) >= 100 else 1 if statistics.median(values) >= 1 else 3
    return f"{statistics.median(values):.{digits}f} {unit} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def target_lines(results):
    played = {result.scene.name: result for result in results}
    lines = []
    for target in TARGETS:
        if target.scene in played and (found := target.found(played[target.scene])) is not None:
            verdict = "reached" if target.holds(found) else "not reached"
            lines.append(f"| {target.text} | {target.shown(target.limit)} | {target.shown(found)} | {verdict} |")
    return ["", "| target | at least | found | |", "|---|---|---|---|", *lines] if lines else []


def document(results, around):
    return {"surroundings": around, "scenes": {result.scene.name: scene_document(result) for result in results}}


def scene_document(result):
    return {"title": result.scene.title, "volume": result.volume, "load": result.load, "quick": result.quick,
            "contenders": {name: {"samples": [dataclasses.asdict(sample) for sample in samples],
                                  "peak_kib": result.peaks[name],
                                  **{figure: {**summary(result.values(name, figure)), "ratio": result.ratio(figure, name)}
                                     for figure in result.scene.figures if result.values(name, figure)}}
                           for name, samples in result.samples.items()}}


def summary(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "count": len(values)}
