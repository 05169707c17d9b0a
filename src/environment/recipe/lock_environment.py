"""What an environment has installed, to the file, for berth.lock. Runs where inspect_environment.py does.

    pins                 writes frameworks.pins and packages.pins: what is there and not in before.txt, by the stage that
                         has installed it (between.txt is what was there after the frameworks)
    files STAGE FOLDER   the hashes of the downloaded files of these pins

Both say `@berth locked STAGE NAME==VERSION FROM [HASH...]` for each package whose answer they know.
"""
from __future__ import print_function

import hashlib
import io
import json
import os
import re
import sys

from inspect_environment import distributions, name_and_version, normalised

try:
    from urllib.parse import unquote
except ImportError:  # Python 2
    from urllib import unquote

ARCHIVE = re.compile(r"\.(tar\.gz|tar\.bz2|tar\.xz|tgz|zip|tar)$")


def say(stage, pin, source, hashes=()):
    print("@berth locked %s %s %s" % (stage, pin, " ".join([source or "-"] + sorted(hashes))))


def lines_of(path):
    with io.open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def versions_in(path):
    return dict(line.split("==", 1) for line in lines_of(path) if "==" in line)


def direct_addresses():
    """{name: what PEP 610 says of where it is from}"""
    found = {}
    for folder in sys.path:
        for entry in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, entry, "direct_url.json")
            if entry.endswith(".dist-info") and os.path.isfile(path):
                with io.open(path, encoding="utf-8") as file:
                    found.setdefault(normalised(name_and_version(entry)[0] or entry), json.load(file))
    return found


def recorded_hash(source):
    """Of the file that was installed: its address may need a password, which is not recorded."""
    info = source.get("archive_info") or {}
    digest = (info.get("hashes") or {}).get("sha256") or (info.get("hash") or "").partition("sha256=")[2]
    return "sha256:" + digest if re.match("[0-9a-f]{64}$", digest) else None


def pins():
    before, between, direct = versions_in("before.txt"), versions_in("between.txt"), direct_addresses()
    lines = {"frameworks": [], "packages": []}
    for name, version in sorted(distributions().items()):
        if before.get(name) == version:
            continue
        stage = "frameworks" if between.get(name) == version else "packages"
        pin = "%s==%s" % (name, version)
        source = direct.get(name)
        if source is None:
            lines[stage].append(pin)
        elif "vcs_info" in source:
            say(stage, pin, "%s+%s@%s" % (source["vcs_info"]["vcs"], source["url"], source["vcs_info"]["commit_id"]))
        elif source["url"].startswith("file:"):
            say(stage, pin, source["url"])
        elif recorded_hash(source):
            say(stage, pin, source["url"], [recorded_hash(source)])
        else:
            lines[stage].append("%s @ %s" % (name, source["url"]))
    for stage in lines:
        with open(stage + ".pins", "w") as file:
            file.write("".join(line + "\n" for line in lines[stage]))


def name_of_file(entry):
    if entry.endswith(".whl"):
        return normalised(entry.split("-")[0])
    return normalised(ARCHIVE.sub("", entry).rsplit("-", 1)[0])


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return "sha256:" + digest.hexdigest()


def addresses_by_file():
    """Where pip's log has seen the files."""
    found = {}
    for line in lines_of("pip.log") if os.path.isfile("pip.log") else ():
        match = re.search(r"Found link (\S+?)(#\S*)? \(from ", line)
        if match:
            found.setdefault(unquote(match.group(1).rsplit("/", 1)[-1]), match.group(1))
    return found


def files(stage, folder):
    versions, addresses = distributions(), addresses_by_file()
    by_name = {}
    for entry in os.listdir(folder) if os.path.isdir(folder) else ():
        by_name[name_of_file(entry)] = entry
    for line in lines_of(stage + ".pins"):
        name = re.split(r"==| @ ", line)[0]
        pin, entry = "%s==%s" % (name, versions[name]), by_name.get(name)
        if entry is None:  # no index has it: a line of its own has brought it
            say(stage, pin, None)
            continue
        source = line.split(" @ ", 1)[1] if " @ " in line else addresses.get(entry, "index")
        say(stage, pin, source, [sha256_of(os.path.join(folder, entry))])


if __name__ == "__main__":
    {"pins": pins, "files": files}[sys.argv[1]](*sys.argv[2:])
