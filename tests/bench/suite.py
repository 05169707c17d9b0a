#!/usr/bin/env python3
"""What berth costs, against docker on the same engine and against the engine's own time. docs/performance.md tells more.

    scripts/bench [--quick] [--only NAME]… [--engine docker-28-bench] [--json FILE] [--markdown FILE]

Contenders take turns, as whole processes. What they delivered is checked each time; lost bytes are no result. The engine
is one of tests/engines; it is started where need be, and stays up. BERTH names another binary than build/ci/berth.
"""

import argparse
import json
import os
import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import pairs  # noqa: E402
import report  # noqa: E402
from scene import SCENES  # noqa: E402
import scenes_start  # noqa: E402,F401,I001  in this order they are played
import scenes_streams  # noqa: E402,F401
import scenes_many  # noqa: E402,F401
import scenes_remote  # noqa: E402,F401
import scenes_verbs  # noqa: E402,F401
from stage import Stage  # noqa: E402


PEAKS = 3


def played(scene, stage):
    """What a scene gave: for each contender its figures."""
    load = os.getloadavg()[0]
    with scene.play(stage) as contenders:
        if not scene.volume:
            for contender in contenders.values():
                contender()  # not counted: what is read for the first time is warm from now on
        samples = pairs.interleaved(scene.rounds(stage.quick), contenders)
        peaks = {name: peaks_of(contender, scene, stage) for name, contender in contenders.items()}
    volume = scene.volume and scene.volume(stage.quick)
    return report.Result(scene, samples, peaks, volume, load, stage.quick)


def peaks_of(contender, scene, stage):
    if "peak" not in scene.figures or not hasattr(contender, "peak"):
        return []
    return [contender.peak() for _ in range(1 if scene.volume or stage.quick else PEAKS)]


def parse():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="two pairs, and little data: whether the suite works, no figures")
    arguments.add_argument("--only", action="append", choices=sorted(SCENES), metavar="NAME", help=", ".join(SCENES))
    arguments.add_argument("--engine", default="docker-28-bench", help="of tests/engines")
    arguments.add_argument("--json", type=pathlib.Path, help="write the figures, each sample included")
    arguments.add_argument("--markdown", type=pathlib.Path, help="write the table; otherwise to standard output")
    return arguments.parse_args()


def main():
    chosen = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what a scene made is taken away then, too
    berth = os.environ.get("BERTH", str(HERE.parents[1] / "build/ci/berth"))
    stage = Stage(chosen.engine, chosen.quick, berth)
    results, failed = [], False
    try:
        stage.engine.up()
        surroundings = report.surroundings(stage)
        for name in chosen.only or SCENES:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                results.append(played(SCENES[name], stage))
            except pairs.Failed as failure:  # the others may be well, and took their time
                print(f"{name}: error: {failure}", file=sys.stderr, flush=True)
                failed = True
            write(chosen, results, surroundings)  # each time: what is cut short keeps what it has
    finally:
        stage.close()
    if not chosen.markdown:
        print(report.markdown(results, surroundings), end="")
    return 1 if failed else 0


def write(chosen, results, surroundings):
    if chosen.markdown:
        chosen.markdown.write_text(report.markdown(results, surroundings))
    if chosen.json:
        chosen.json.write_text(json.dumps(report.document(results, surroundings), indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
