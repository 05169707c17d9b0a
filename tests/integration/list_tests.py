"""Prints one line per test and engine for CMake: id, engine (`-`: none), label, lock (`-`: none), name."""

import importlib
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))


def tests_of(suite):
    for entry in suite:
        if isinstance(entry, unittest.TestSuite):
            yield from tests_of(entry)
        else:
            yield entry


def main():
    for path in sorted(pathlib.Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for test in tests_of(unittest.defaultTestLoader.loadTestsFromModule(module)):
            promise = test._testMethodName.removeprefix("test_").replace("_", " ")
            promise += " through the engine" if test.streams == "engine" else ""
            for engine in test.engines or ("-",):
                label = "cli" if engine == "-" else "engine"
                suffix = "" if engine == "-" else f" [{engine}]"
                lock = engine if test.whole_engine else "-"
                print(f"{test.id()}|{engine}|{label}|{lock}|{label}: {promise}{suffix}")


main()
