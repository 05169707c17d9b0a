"""The examples, as their README says to run them, on PyTorch from the distribution's packages."""

import json
import os
import py_compile
import re
import shutil
import subprocess

from harness import BERTH, REPO, TORCH, BerthTest, EngineTest

EXAMPLES = REPO / "examples"


class OnTorch(EngineTest):
    engines = ("docker-20",)

    def setUp(self):
        super().setUp()
        if not self.engine.has_image(TORCH):
            self.fail(f"{TORCH} is missing: tests/engines/images build torch {self.engine.name}")
        # As a user would put it who has an image of his own.
        self.environment.update(BERTH_IMAGE=TORCH, BERTH_GPUS="none")
        self.environment["PATH"] = os.path.dirname(os.path.abspath(BERTH)) + ":" + self.environment["PATH"]

    def use(self, example):
        self.project = self.folder / example
        shutil.copytree(EXAMPLES / example, self.project, ignore=shutil.ignore_patterns("model.*"))

    def command(self, *words, **options):
        return subprocess.run(words, cwd=self.project, env=self.environment, capture_output=True, timeout=200, **options)

    def test_pytorch_learns_and_leaves_its_model_to_the_caller(self):
        self.use("pytorch")
        result = self.berth("run", timeout=200, stranger=True)
        self.assert_ended(result, 0)
        losses = [float(loss) for loss in re.findall(r"loss ([0-9.]+)", result.stdout.decode())]
        self.assertEqual(len(losses), 8)
        self.assertLess(losses[-1], losses[0] / 2)
        model = self.project / "model.pt"
        self.assertGreater(model.stat().st_size, 1000)
        self.assertEqual(model.stat().st_uid, self.project.parent.stat().st_uid)

    def test_a_python_file_as_the_first_word_is_run_with_python(self):
        self.use("pytorch")
        result = self.berth("run", "train.py", "--epochs", "1", "--output", "other.pt", timeout=200)
        self.assert_ended(result, 0)
        self.assertIn(b"epoch 1/1", result.stdout)
        self.assertTrue((self.project / "other.pt").exists())

    def test_the_pipeline_fits_its_line(self):
        self.use("pipeline")
        lines = "".join(f"{x} {3 * x + 7}\n" for x in range(1, 200)) + "not a number\n"
        result = self.command("./pipeline", input=lines.encode())
        self.assert_ended(result, 0)
        self.assertEqual(json.loads(result.stdout), {"slope": 3.0, "intercept": 7.0, "points": 199})
        self.assertIn(b"dropped 1 line", result.stderr)

    def test_the_smoke_test_passes(self):
        self.use("ci-smoke-test")
        result = self.command("./smoke-test")
        self.assert_ended(result, 0)
        self.assertIn(b"smoke test passed on cpu", result.stdout)

    def test_workers_of_a_data_loader_have_enough_shared_memory(self):
        (self.project / "load.py").write_text(
            "import torch\n"
            "from torch.utils.data import DataLoader, TensorDataset\n"
            "data = TensorDataset(torch.ones(64, 1 << 20))\n"
            "total = sum(batch.sum().item() for (batch,) in DataLoader(data, batch_size=32, num_workers=2))\n"
            "print(int(total))\n")
        result = self.berth("run", "load.py", timeout=200)
        self.assert_ended(result, 0, stdout=b"%d\n" % (64 << 20))

    def test_an_exception_in_python_is_exit_code_1_with_its_traceback(self):
        result = self.berth("run", "python", "-c", "raise ValueError('no such optimizer')", timeout=100)
        self.assert_ended(result, 1, stdout=b"")
        self.assertIn(b"ValueError: no such optimizer", result.stderr)


class WithoutEngine(BerthTest):
    def test_every_example_is_python_that_compiles(self):
        files = sorted(EXAMPLES.glob("*/*.py"))
        self.assertGreaterEqual(len(files), 6)
        for file in files:
            with self.subTest(file=file):
                py_compile.compile(str(file), cfile=str(self.folder / "out.pyc"), doraise=True)

    def test_every_example_resolves_for_a_machine_with_a_gpu(self):
        for example, image in (("pytorch", "pytorch/pytorch:"), ("ci-smoke-test", "pytorch/pytorch:"),
                               ("pipeline", "pytorch/pytorch:"), ("tensorflow", "tensorflow/tensorflow:"), ("jax", "")):
            with self.subTest(example=example):
                result = self.berth("resolve", "-q", "--driver", "550.54.15", "--gpu", "RTX 3090",
                                    cwd=EXAMPLES / example)
                self.assert_ended(result, 0)
                self.assertTrue(result.stdout.decode().startswith(image), result.stdout)

    def test_every_example_has_a_plan(self):
        for example in ("pytorch", "tensorflow", "ci-smoke-test", "pipeline"):
            with self.subTest(example=example):
                result = self.berth("run", "--dry-run", "--driver", "550.54.15", "--gpu", "RTX 3090", "python", "x.py",
                                    cwd=EXAMPLES / example)
                self.assert_ended(result, 0)
                self.assertIn(b"/workspace", result.stdout)
