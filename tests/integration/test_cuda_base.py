"""`--source cuda-base`: a framework from its own index, on an image that has none.

The base is a stand-in, under the name that the resolver chooses: Debian with Python, and with compilers where the flavour
`devel` is chosen. So is the framework: a wheel that knows its version and its CUDA.
"""

import json

from package_index import write_wheel
from test_environment_care import CareTest
from test_environments import PYTHON
from test_locked_environments import LockedEnvironmentTest, sha256

WHAT = ["--source", "cuda-base", "-f", "torch==2.3.1", "--python", "3.11", "--gpus", "none"]

EXTENSION = {
    "setup.py": """
import os
from setuptools import Extension, setup

targets = os.environ.get("TORCH_CUDA_ARCH_LIST", "none")
setup(name="berthext", version="1.0", ext_modules=[
    Extension("berthext", ["berthext.c"], define_macros=[("TARGETS", '"%s"' % targets)])])
""",
    "berthext.c": """
#include <Python.h>
static PyObject *targets(PyObject *self, PyObject *args) { return PyUnicode_FromString(TARGETS); }
static PyMethodDef methods[] = {{"targets", targets, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "berthext", 0, -1, methods};
PyMODINIT_FUNC PyInit_berthext(void) { return PyModule_Create(&module); }
""",
}


class CudaBase(LockedEnvironmentTest, CareTest):
    engines = ("docker-28",)

    def stand_in(self, *options, on=PYTHON):
        """Makes the base and the framework be there; what the resolver says of the framework."""
        result = self.berth("--json", "resolve", *WHAT, *options)
        self.assert_ended(result, 0)
        chosen = json.loads(result.stdout)
        framework = chosen["frameworks"][0]
        self.assertFalse(framework["in_image"])
        repository, _, tag = chosen["image"].partition(":")
        self.assertEqual(self.engine.request("POST", f"/images/{on}/tag", repo=repository, tag=tag)[0], 201)
        self.addCleanup(self.engine.remove_image, chosen["image"])
        build = framework["build"]
        self.torch = write_wheel(self.wheels, "torch", f"2.3.1+{build}", files={
            "torch/__init__.py": f"from torch import version\n__version__ = '2.3.1+{build}'\n",
            "torch/version.py": "cuda = None\n"})
        self.environment["BERTH_MIRRORS"] = f"{framework['index_url']}={self.index.url.rstrip('/')}"
        self.addCleanup(self.remove_frameworks)
        return chosen

    def remove_frameworks(self):
        made = self.engine.get("/images/json", filters=json.dumps({"label": ["org.berth.env.stage"]}))
        for image in sorted(made, key=lambda image: -image["Created"]):
            if any(name in (image["Labels"] or {}).get("org.berth.env.items", "") for name in ("torch==2.3.1", "berthext")):
                self.engine.remove_image(image["Id"])

    def run_there(self, code, *options, **more):
        words = ["-q", "run", *WHAT, "--label", self.label, "--network", "host", *options, "python3", "-c", code]
        return self.berth(*words, timeout=400, **more)

    def test_a_framework_is_locked_to_the_file(self):
        build = self.stand_in()["frameworks"][0]["build"]
        self.require(self.name)
        self.assert_ended(self.berth("lock", *WHAT, timeout=180), 0)
        packages = {package["name"]: package for package in self.locked()["packages"]}
        self.assertEqual((packages["torch"]["stage"], packages["torch"]["hashes"]), ("frameworks", [sha256(self.torch)]))
        self.assertEqual(packages[self.name]["stage"], "packages")
        self.publish_newer()
        code = f"import torch, {self.name} as a; print(torch.__version__, a.VERSION)"
        self.assert_ended(self.run_there(code, "--locked"), 0, stdout=f"2.3.1+{build} 1.0\n".encode())

    def test_with_devel_an_extension_is_compiled_for_what_is_said(self):
        image = f"berth-test/with-compiler:{self.name}"
        self.addCleanup(self.engine.remove_image, image)
        self.run_and_commit(PYTHON, "apt-get -q update && "
                            "apt-get -q install -y --no-install-recommends gcc libc6-dev python3-dev", image)
        self.assertIn("-devel-", self.stand_in("--devel", on=image)["image"])
        source = self.project / "berthext"
        source.mkdir()
        for name, text in EXTENSION.items():
            (source / name).write_text(text)
        options = ["--devel", "--pip", "./berthext"]
        real = {"PIP_INDEX_URL": ""}  # that of setuptools
        code = "import berthext; print(berthext.targets())"
        self.assert_ended(self.run_there(code, *options, "-e", "TORCH_CUDA_ARCH_LIST=8.6;9.0+PTX", env=real), 0,
                          stdout=b"8.6;9.0+PTX\n")
        # Another target is another environment, and none but the machine's says one.
        self.assert_ended(self.run_there(code, *options, "-e", "TORCH_CUDA_ARCH_LIST=7.0", env=real), 0, stdout=b"7.0\n")
        self.assert_ended(self.run_there(code, *options, env=real), 0, stdout=b"none\n")
