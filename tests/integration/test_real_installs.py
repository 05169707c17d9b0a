"""Real packages from the real index, through a proxy: installed by name, imported, and used."""

from gateway import Gateway
from harness import EngineTest

PYTHON = "berth-test/python:3.11"

PACKAGES = """
numpy pandas scikit-learn scipy matplotlib pillow tqdm pyyaml requests transformers datasets tokenizers safetensors
huggingface-hub einops h5py networkx sentencepiece opencv-python-headless tensorboard jax jaxlib
""".split()

JOB = """
import cv2, datasets, einops, h5py, huggingface_hub, jax, matplotlib, networkx, numpy as np, pandas as pd, PIL.Image
import requests, safetensors.numpy, scipy.stats, sentencepiece, tensorboard, tokenizers, tqdm, transformers, yaml
from sklearn.linear_model import LinearRegression

table = pd.DataFrame({'x': np.arange(10.0)}).assign(y=lambda t: 3 * t.x + 1)
print('slope', round(LinearRegression().fit(table[['x']], table.y).coef_[0], 6))

tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({'a': 0, 'ship': 1, '?': 2}, unk_token='?'))
tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
print('tokens', transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer)('a ship sails')['input_ids'])

print('gradient', jax.grad(lambda x: x ** 3)(2.0))
print('rows', datasets.Dataset.from_pandas(table).num_rows)
"""

EXTENSION = {
    "setup.py": "from setuptools import Extension, setup\n"
                "setup(name='berthext', version='1.0', ext_modules=[Extension('berthext', ['berthext.c'])])\n",
    "berthext.c": """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "berthext", 0, -1, methods};
PyMODINIT_FUNC PyInit_berthext(void) { return PyModule_Create(&module); }
""",
}


class RealInstalls(EngineTest):
    engines = ("docker-28",)
    whole_engine = True  # environments are the engine's

    def setUp(self):
        super().setUp()
        gateway = Gateway(self.engine.name)
        self.addCleanup(gateway.close)
        self.environment.update(gateway.variables)
        before = self.environment_images()
        self.addCleanup(lambda: self.remove(self.environment_images() - before))

    def environment_images(self):
        images = self.engine.get("/images/json", filters='{"label": ["org.berth.env.stage=packages"]}')
        return {tag for image in images for tag in image["RepoTags"] or []}

    def remove(self, images):
        for name in images:
            try:
                self.engine.remove_image(name)
            except TimeoutError:  # it is large: the engine goes on with it
                self.wait_until(lambda: name not in self.environment_images(), f"{name} is removed", 120)

    def test_twenty_packages_of_the_field_are_installed_by_name_and_work(self):
        (self.project / "requirements.txt").write_text("\n".join(PACKAGES))
        (self.project / "job.py").write_text(JOB)
        result = self.run_in("--network", "host", "python3", "job.py", image=PYTHON, timeout=600)
        self.assert_ended(result, 0)
        self.assertEqual(result.stdout.decode().splitlines(),
                         ["slope 3.0", "tokens [0, 1, 2]", "gradient 12.0", "rows 10"])

    def test_an_extension_is_compiled_with_the_compiler_that_apt_brings(self):
        source = self.project / "berthext"
        source.mkdir()
        for name, text in EXTENSION.items():
            (source / name).write_text(text)
        job = ["python3", "-c", "import berthext; print(berthext.answer())"]
        where = ["--network", "host", "--pip", "./berthext"]
        self.assert_refused(self.run_in(*where, *job, image=PYTHON, timeout=180), 125,
                            "`berthext` has to be compiled, and the image lacks a compiler", "--apt build-essential")
        result = self.run_in(*where, "--apt", "gcc", "--apt", "libc6-dev", "--apt", "python3-dev", *job, image=PYTHON,
                             timeout=300)
        self.assert_ended(result, 0, stdout=b"42\n")
