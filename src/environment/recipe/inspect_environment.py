"""What is installed beside this Python. Runs in the containers of builds, with any Python from 2.7 on.

    check NAME==VERSION...  imports each framework and compares; with @cuda=X.Y behind it, its CUDA, too
    list                    `@berth package NAME==VERSION` for each distribution, and `@berth origin NAME ADDRESS`
                            for those that came from an address or a file
    clean                   takes credentials out of the addresses that packages were installed from
"""
from __future__ import print_function

import importlib
import io
import json
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
    for entry, path in direct_urls():
        address = address_in(path)
        if address:
            print("@berth origin %s %s" % (normalised(name_and_version(entry)[0]), address))


def direct_urls():
    """(dist-info folder's name, path) of what pip and uv note of packages that no index gave them (PEP 610)."""
    for folder in sys.path:
        for entry in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, entry, "direct_url.json")
            if name_and_version(entry)[0] and os.path.isfile(path):
                yield entry, path


def address_in(path):
    """As PEP 508 writes it; None where the note makes no sense."""
    with io.open(path, encoding="utf-8") as file:
        said = without_credentials(file.read())
    try:
        note = json.loads(said)
        vcs = note.get("vcs_info")
        address = "%s+%s@%s" % (vcs["vcs"], note["url"], vcs["commit_id"]) if vcs else note["url"]
        folder = note.get("subdirectory")
        return address + ("#subdirectory=" + folder if folder else "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def without_credentials(text):
    return re.sub(r"://(?!git@)[^/@\s\"]*@", "://", text)


def clean():
    for _, path in direct_urls():
        with io.open(path, encoding="utf-8") as file:
            said = file.read()
        without = without_credentials(said)
        if without != said:
            with io.open(path, "w", encoding="utf-8") as file:
                file.write(without)


if __name__ == "__main__":
    if sys.argv[1] == "clean":
        clean()
        sys.exit()
    if sys.argv[1] == "check":
        sys.exit(check(sys.argv[2:]))
    else:
        list_packages()
