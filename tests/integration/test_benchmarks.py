"""That the suite of benchmarks runs, and believes no client that delivers something else. Its figures are nobody's promise."""

import json
import os
import subprocess

from harness import BERTH, REPO, EngineTest

SUITE = REPO / "tests" / "bench" / "suite.py"


class Benchmarks(EngineTest):
    engines = ("docker-28",)

    def suite(self, *scenes, berth=BERTH):
        self.report = self.folder / "report.json"
        words = [word for scene in scenes for word in ("--only", scene)]
        return subprocess.run(
            ["python3", "-B", SUITE, "--quick", "--engine", self.engine.name, "--json", self.report, *words],
            env={**os.environ, "BERTH": str(berth)}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def test_the_quick_suite_gives_figures_of_each_contender(self):
        result = self.suite("help", "first-byte")
        self.assertEqual(result.returncode, 0, result.stderr)
        scenes = json.loads(self.report.read_text())["scenes"]
        self.assertEqual(set(scenes), {"help", "first-byte"})
        contenders = scenes["first-byte"]["contenders"]
        self.assertEqual(set(contenders), {"berth", "docker", "floor"})
        for name, figures in contenders.items():
            self.assertEqual(figures["wall"]["count"], 2, name)
            self.assertGreater(figures["wall"]["least"], 0, name)
            self.assertIn(name, "berth" + result.stdout)
        # A process that runs at all takes a page or two; an interpreter's 10 MB are not counted as a client's.
        smallest = scenes["help"]["contenders"]["`true`, no container"]["peak_kib"]
        self.assertTrue(100 < smallest[0] < 5000, smallest)

    def test_a_client_that_loses_a_byte_has_no_figures(self):
        loser = self.folder / "loser"
        loser.write_text(f"#!/bin/sh\n'{BERTH}' \"$@\" | sed 's/ready/read/'\n")
        loser.chmod(0o755)
        result = self.suite("first-byte", berth=loser)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("first-byte: error: ", result.stderr)
        self.assertIn(r"printed b'read\n'", result.stderr)
        self.assertNotIn("first-byte", json.loads(self.report.read_text())["scenes"])
