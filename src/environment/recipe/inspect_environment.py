"""What is installed beside this Python. Runs in the containers of builds, with any Python from 2.7 on.

    check NAME==VERSION...  imports each framework and compares; with @cuda=X.Y behind it, its CUDA, too
    list                    `@berth package NAME==VERSION` for each distribution
    clean                   takes credentials out of the addresses that packages were installed from
"""
from __future__ import print_function

import importlib
import os
import re
import sys


def name_and_version(entry):
    """Of `six-1.16.0.dist-info`, `torch-1.4.0-py3.6.egg-info`."""
    match = re.match(r"^([^-]+)-([^-]+)(-py[0-9.]+)?\.(dist|egg)-info$", entry)
    return match.group(1, 2) if match else (None, None)


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions():
    """{normalised name: version}"""
    try:
        from importlib.metadata import distributions as installed

        found = [(d.metadata["Name"], d.version) for d in installed()]
    except ImportError:  # before 3.8
        found = [name_and_version(entry) for folder in sys.path if os.path.isdir(folder) for entry in os.listdir(folder)]
    versions = {}
    for name, version in found:
        if name and version:  # a broken one has neither; of two of a name, the first is imported
            versions.setdefault(normalised(name), version)
    return versions


def release(version):
    return version.split("+")[0]


# Packages whose module has another name.
MODULES = {"onnxruntime-gpu": "onnxruntime", "tensorflow-gpu": "tensorflow", "tensorflow-cpu": "tensorflow"}


def cuda_of(name, module):
    if name == "torch":
        return module.version.cuda
    if name == "tensorflow":
        build = getattr(module, "sysconfig", None)
        info = getattr(build, "get_build_info", dict)()
        return info.get("cuda_version")
    return None


def check(wanted):
    good = True
    for text in wanted:
        requirement, _, cuda = text.partition("@cuda=")
        name, _, version = requirement.partition("==")
        try:
            module = importlib.import_module(MODULES.get(name, name.replace("-", "_")))
        except Exception as error:  # whatever a framework does when it is loaded
            print("@berth wrong %s cannot be imported: %s: %s" % (name, type(error).__name__, error))
            good = False
            continue
        found = getattr(module, "__version__", "")
        if version and release(found) != release(version):
            print("@berth wrong %s is %s, and the plan says %s" % (name, found, version))
            good = False
        has = cuda_of(name, module)
        if cuda and has and has.split(".")[:2] != cuda.split(".")[:2]:
            print("@berth wrong %s is built for CUDA %s, and the plan says %s" % (name, has, cuda))
            good = False
        print("@berth fact framework.%s=%s%s" % (name, found, " CUDA " + has if has else ""))
    return 0 if good else 1


def list_packages():
    for name, version in sorted(distributions().items()):
        print("@berth package %s==%s" % (name, version))


def clean():
    for folder in sys.path:
        for entry in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, entry, "direct_url.json")
            if not entry.endswith(".dist-info") or not os.path.isfile(path):
                continue
            with open(path) as file:
                said = file.read()
            without = re.sub(r"://(?!git@)[^/@\s\"]*@", "://", said)
            if without != said:
                with open(path, "w") as file:
                    file.write(without)


if __name__ == "__main__":
    if sys.argv[1] == "clean":
        clean()
        sys.exit()
    if sys.argv[1] == "check":
        sys.exit(check(sys.argv[2:]))
    else:
        list_packages()
