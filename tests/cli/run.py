#!/usr/bin/env python3
"""Golden tests of the command line: what berth says, as data (*.test). No engine is needed.

    run.py --berth PATH FILE[:CASE]…     run the cases, or the one of that number
    run.py --berth PATH --update FILE…   write what berth says now into the files; look at the difference
    run.py --list FILE…                  what CMake registers

A case begins with `## its promise`. Its lines, in order:

    << NAME          a file in the working folder, of the `| ` lines that follow
    | text
    $ command        a shell command; its output is what is tested
    ? 2              the exit code, if not 0
    > text           standard output, line by line
    ! text           standard error, line by line
    >~ regex         a line of standard output matches (no other line of it is looked at then)
    !~ regex         the same for standard error
    >= .key value    standard output is JSON, and there it says this (value as JSON)
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


class Case:
    def __init__(self, promise, line):
        self.promise = promise
        self.line = line  # of the heading, from 0
        self.files = {}
        self.command = None
        self.code = 0
        self.exact = {">": [], "!": []}
        self.patterns = {">": [], "!": []}
        self.values = []


def read_cases(path):
    """The cases of a file; SystemExit naming the line that is none of the above."""
    cases, file = [], None
    for number, line in enumerate(path.read_text().splitlines()):
        mark, _, rest = line.partition(" ")
        if mark == "##":
            cases.append(Case(rest, number))
        elif not line or mark == "#":
            continue
        elif mark == "<<":
            file = cases[-1].files.setdefault(rest, [])
        elif mark == "|":
            file.append(rest)
        elif mark == "$":
            cases[-1].command = rest
        elif mark == "?":
            cases[-1].code = int(rest)
        elif mark in (">", "!"):
            cases[-1].exact[mark].append(rest)
        elif mark in (">~", "!~"):
            cases[-1].patterns[mark[0]].append(rest)
        elif mark == ">=":
            key, _, value = rest.partition(" ")
            cases[-1].values.append((key, json.loads(value)))
        else:
            sys.exit(f"{path}:{number + 1}: not a line of a test: {line}")
    return cases


def execute(case, berth):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-cli-"))
    try:
        for name, lines in case.files.items():
            target = folder / "project" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("".join(line + "\n" for line in lines))
        (folder / "project").mkdir(exist_ok=True)
        environment = {
            "PATH": f"{berth.parent}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "BERTH_OFFLINE": "true",
            "BERTH_CATALOG_MAX_AGE": "0",  # what berth says must not depend on the day
            "FAKE_NVML": str(berth.parent / "tests/fake_nvml/libnvidia-ml.so.1"),
            "BERTH_LEASES": str(folder),
            **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")},
        }
        result = subprocess.run(["bash", "-c", case.command], cwd=folder / "project", env=environment,
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        hide = lambda data: data.decode(errors="replace").replace(str(folder), "$FOLDER")
        return result.returncode, hide(result.stdout), hide(result.stderr)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def value_at(document, path):
    """.a.b[0] in a JSON document; None where it is not there."""
    for key, index in re.findall(r"\.([A-Za-z_]+)|\[(\d+)\]", path):
        try:
            document = document[key] if key else document[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def differences(case, code, stdout, stderr):
    if code != case.code:
        yield f"exit code {code}, not {case.code}"
    for mark, output in ((">", stdout), ("!", stderr)):
        name = "stdout" if mark == ">" else "stderr"
        lines = output.splitlines()
        for pattern in case.patterns[mark]:
            if not any(re.search(pattern, line) for line in lines):
                yield f"no line of {name} matches {pattern}"
        judged_otherwise = case.patterns[mark] or (mark == ">" and case.values)
        if not judged_otherwise and lines != case.exact[mark]:
            yield f"{name} is not as expected:\n" + "\n".join(f"  {mark} {line}" for line in case.exact[mark])
    if case.values:
        try:
            document = json.loads(stdout)
        except ValueError as error:
            yield f"stdout is not JSON: {error}"
            return
        for path, expected in case.values:
            if value_at(document, path) != expected:
                yield f"{path} is {json.dumps(value_at(document, path))}, not {json.dumps(expected)}"


def check(path, case, berth):
    code, stdout, stderr = execute(case, berth)
    found = list(differences(case, code, stdout, stderr))
    if found:
        print(f"{path}:{case.line + 1}: {case.promise}\n$ {case.command}")
        print("\n".join(found))
        print(f"--- exit code {code}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    return not found


def update(path, cases, berth):
    """Rewrites the exact lines and the exit code of each case; patterns and values stay."""
    lines = path.read_text().splitlines()
    ends = [case.line for case in cases[1:]] + [len(lines)]
    result = lines[: cases[0].line] if cases else lines
    for case, end in zip(cases, ends):
        code, stdout, stderr = execute(case, berth)
        kept = [line for line in lines[case.line : end] if line[:2] not in ("> ", "! ", "? ") and line not in (">", "!", "")]
        at = next(number for number, line in enumerate(kept) if line.startswith("$ ")) + 1
        said = [f"? {code}"] if code else []
        for mark, output in ((">", stdout), ("!", stderr)):
            if not case.patterns[mark] and not (mark == ">" and case.values):
                said += [f"{mark} {line}".rstrip() for line in output.splitlines()]
        result += kept[:at] + said + kept[at:] + [""]
    path.write_text("\n".join(result).rstrip("\n") + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--berth", type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()

    good = True
    for name in args.files:
        file, _, number = name.partition(":")
        path = pathlib.Path(file)
        cases = read_cases(path)
        if args.list:
            for index, case in enumerate(cases):
                print(f"{path}:{index}|cli: {case.promise}")
        elif args.update:
            update(path, cases, args.berth.resolve())
        else:
            chosen = [cases[int(number)]] if number else cases
            good = all([check(path, case, args.berth.resolve()) for case in chosen]) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
