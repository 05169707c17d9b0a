#!/usr/bin/env python3
"""What an environment costs, against `docker build` and `docker run` with the usual Dockerfile, on one engine.

    BERTH=build/ci/berth tests/bench/bench_environments.py [--engine docker-28-envbench] [--rounds 3] [--json FILE]

Three scenes: nothing is there yet; nothing has changed; one line of requirements.txt is new. Each is measured from the
command to the end of a job that imports what was installed. Packages come from an index on loopback, so that no network
is measured; their wheels are fetched once (pip download) into the folder of the test engines. The base has pip, as images
of Python do. The engine is one of the bench's own: its environments and their cache are removed. Writes a Markdown table.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

from gateway import Gateway  # noqa: E402
from harness import COMMON_ENGINES, ENGINES_DIR, ENGINES_TOOLS, Engine  # noqa: E402
from package_index import PackageIndex  # noqa: E402
import pairs  # noqa: E402

BASE = "berth-bench/python:3.11"
BASE_DOCKERFILE = """FROM berth-test/python:3.11
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip && rm -rf /var/lib/apt/lists/*
"""
REQUIREMENTS = ["numpy", "pandas", "scikit-learn", "matplotlib", "tqdm", "pyyaml", "requests", "einops", "networkx"]
ONE_MORE = "rich"
JOB = ["python3", "-c", "import numpy, pandas, sklearn, matplotlib, networkx"]
DOCKERFILE = f"""FROM {BASE}
ARG PIP_INDEX_URL
WORKDIR /workspace
COPY requirements.txt .
RUN pip install --no-cache-dir --break-system-packages -r requirements.txt
COPY . .
"""


def wheels():
    folder = ENGINES_DIR / "bench-wheels"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=ENGINES_DIR) as fresh:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--python-version", "3.11",
                            "--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64",
                            "-d", fresh, *REQUIREMENTS, ONE_MORE], check=True)
            shutil.copytree(fresh, folder)
    return folder


class Bench:
    def __init__(self, engine, folder):
        self.engine = Engine(engine)
        self.engine.up()
        subprocess.run([ENGINES_TOOLS / "images", "build", "python", engine], check=True, stdin=subprocess.DEVNULL,
                       capture_output=True)
        self.index = PackageIndex(engine, wheels())
        self.folder = pathlib.Path(folder)
        self.berth = os.environ.get("BERTH", str(HERE.parents[1] / "build/ci/berth"))
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "DOCKER_HOST": self.engine.address,
                            "PIP_INDEX_URL": self.index.url, "DOCKER_BUILDKIT": "0"}
        self.make_base()
        (self.folder / "Dockerfile").write_text(DOCKERFILE)
        (self.folder / ".dockerignore").write_text(".local\n.cache\n.config\n")
        self.changes = 0

    def make_base(self):
        (self.folder / "Dockerfile").write_text(BASE_DOCKERFILE)
        proxies = [word for name, value in Gateway(self.engine.name).variables.items()
                   for word in ("--build-arg", f"{name}={value}")]
        self.step("docker", "build", "--quiet", "--network", "host", *proxies, "-t", BASE, ".")

    def write(self, requirements):
        (self.folder / "requirements.txt").write_text("\n".join(requirements) + "\n")

    def step(self, *command):
        return pairs.measure(list(map(str, command)), cwd=self.folder, env=self.environment)

    @staticmethod
    def settle():
        """What the one before has written is not for the next one to wait for: engines flush the disk."""
        os.sync()

    def by_berth(self):
        self.settle()
        return self.step(self.berth, "run", "--image", BASE, "--network", "host", "--gpus", "none", *JOB)

    def by_docker(self, *options):
        self.settle()
        build = ["docker", "build", "--quiet", "--network", "host", "--build-arg", f"PIP_INDEX_URL={self.index.url}"]
        return pairs.in_sequence(self.step(*build, *options, "-t", "berth-bench", "."),
                                 self.step("docker", "run", "--rm", "--network", "host", "berth-bench", *JOB))

    def forget(self):
        filters = json.dumps({"label": ["org.berth.env"]})
        images = sorted(self.engine.get("/images/json", filters=filters), key=lambda image: -image["Created"])
        for image in images:
            for tag in image["RepoTags"] or []:
                self.engine.remove_image(tag)
        self.engine.request("DELETE", "/volumes/berth-cache", force="1")

    def first(self, rounds):
        def berth():
            self.forget()
            return self.by_berth()

        self.write(REQUIREMENTS)
        return pairs.interleaved(rounds, {"berth": berth, "docker": lambda: self.by_docker("--no-cache")})

    def unchanged(self, rounds):
        self.write(REQUIREMENTS)
        self.by_berth()
        self.by_docker()
        return pairs.interleaved(rounds, {"berth": self.by_berth, "docker": self.by_docker})

    def one_line(self, rounds):
        """A line that neither has seen; what it asks for is the same, so that only its being new counts."""
        def change():
            self.changes += 1
            self.write([*REQUIREMENTS, f"{ONE_MORE}!=0.{self.changes}"])

        def berth():
            change()
            return self.by_berth()

        def docker():
            change()
            return self.by_docker()

        return pairs.interleaved(rounds, {"berth": berth, "docker": docker})


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--engine", default="docker-28-envbench")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", type=pathlib.Path)
    chosen = arguments.parse_args()
    if chosen.engine in COMMON_ENGINES:
        arguments.error(f"{chosen.engine} belongs to all tests: name one of the bench's own, {chosen.engine}-envbench")
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(chosen.engine, folder)
        print("| scene | berth, s | docker build + run, s | ratio |\n|---|---|---|---|")
        for scene, run, rounds in [("first build", bench.first, chosen.rounds),
                                   ("nothing changed", bench.unchanged, chosen.rounds * 5),
                                   ("one line changed", bench.one_line, chosen.rounds)]:
            samples = run(rounds)
            ours, theirs = (pairs.summary(samples[name]) for name in ("berth", "docker"))
            results[scene] = {"berth": ours, "docker": theirs, "ratio": pairs.ratio(samples["berth"], samples["docker"])}
            print(f"| {scene} | {ours['median']:.2f} ({ours['least']:.2f} to {ours['most']:.2f}) "
                  f"| {theirs['median']:.2f} ({theirs['least']:.2f} to {theirs['most']:.2f}) "
                  f"| {results[scene]['ratio']:.2f}x |", flush=True)
        bench.forget()
        bench.engine.remove_image("berth-bench")
    if chosen.json:
        chosen.json.write_text(json.dumps({"engine": chosen.engine, "scenes": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
