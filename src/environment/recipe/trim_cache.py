"""Keeps the cache of downloads below a size: what was not used for longest goes first.

    trim_cache.py FOLDER BYTES

Called while nobody else uses the cache. A download is a file of its own but for uv's, which unpacks wheels into folders
and knows them from elsewhere in its cache: of those, only all together can go. Any Python from 2.7 on.
"""
from __future__ import print_function

import os
import shutil
import sys


def files_below(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            try:
                yield path, os.lstat(path)
            except OSError:  # gone meanwhile
                pass


def used(facts):
    """When it was last read, as far as the file system says, or written."""
    return max(facts.st_atime, facts.st_mtime)


def bytes_of(facts):
    return getattr(facts, "st_blocks", 0) * 512  # on the disk


def entries(cache):
    """[(last use, bytes, path)]"""
    found = []
    for part in os.listdir(cache):
        folder = os.path.join(cache, part)
        if part in ("uv", "tools"):
            facts = [each for _, each in files_below(folder)]
            if facts:
                found.append((max(used(each) for each in facts), sum(bytes_of(each) for each in facts), folder))
        elif os.path.isdir(folder):
            found.extend((used(facts), bytes_of(facts), path) for path, facts in files_below(folder))
    return found


def main(cache, limit):
    found = sorted(entries(cache))
    total = sum(size for _, size, _ in found)
    for _, size, path in found:
        if total <= limit:
            break
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.remove(path)
        total -= size


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
