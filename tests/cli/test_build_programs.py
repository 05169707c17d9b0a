"""The programs that the containers of builds run, as far as no container is needed."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAMS = pathlib.Path(__file__).resolve().parents[2] / "src/environment/recipe"
MIB = 1 << 20


class TrimCache(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = pathlib.Path(folder.name)

    def write(self, name, age, size=MIB):
        path = self.cache / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
        return path

    def trim(self, limit):
        subprocess.run([sys.executable, PROGRAMS / "trim_cache.py", self.cache, str(limit)], check=True)
        return {str(path.relative_to(self.cache)) for path in self.cache.rglob("*") if path.is_file()}

    def test_what_was_not_used_for_longest_goes_first(self):
        self.write("pip/http-v2/a", age=3)
        self.write("pip/http-v2/b", age=1)
        self.write("apt/c.deb", age=2)
        self.assertEqual(self.trim(3 * MIB), {"pip/http-v2/a", "pip/http-v2/b", "apt/c.deb"})
        self.assertEqual(self.trim(2 * MIB), {"pip/http-v2/b", "apt/c.deb"})
        self.assertEqual(self.trim(0), set())

    def test_what_was_read_lately_is_used(self):
        path = self.write("pip/http-v2/old", age=9)
        self.write("pip/http-v2/new", age=1)
        os.utime(path, (1_700_000_000, 1_600_000_000))
        self.assertEqual(self.trim(MIB), {"pip/http-v2/old"})

    def test_what_uv_has_unpacked_goes_together(self):
        self.write("uv/archive-v0/x/a.py", age=9)
        self.write("uv/archive-v0/y/b.py", age=2)
        self.write("pip/http-v2/a", age=3)
        self.assertEqual(self.trim(2 * MIB), {"uv/archive-v0/x/a.py", "uv/archive-v0/y/b.py"})
        self.assertEqual(self.trim(MIB), set())

    def test_the_lock_stays(self):
        self.write("lock-of-berth", age=9, size=0)
        self.write("pip/a", age=1)
        self.assertEqual(self.trim(0), {"lock-of-berth"})


class InspectEnvironment(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.site = pathlib.Path(folder.name)

    def install(self, name, version, note=None):
        info = self.site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        if note:
            (info / "direct_url.json").write_text(note)
        return info

    def program(self, word):
        result = subprocess.run([sys.executable, PROGRAMS / "inspect_environment.py", word], capture_output=True, text=True,
                                env={"PYTHONPATH": str(self.site)}, check=True)
        return result.stdout.splitlines()

    def test_where_a_package_came_from_is_said_without_credentials(self):
        self.install("Of_Git", "1.0", '{"url": "https://me:s3cret@host/a.git", "subdirectory": "lib",'
                                      ' "vcs_info": {"vcs": "git", "commit_id": "0123", "requested_revision": "main"}}')
        self.install("of_wheel", "2.0", '{"url": "https://host/w.whl", "archive_info": {}}')
        self.install("of_folder", "3.0", '{"url": "file:///workspace", "dir_info": {"editable": true}}')
        self.install("broken", "4.0", "[7]")
        self.install("of_index", "5.0")
        said = self.program("list")
        self.assertIn("@berth package of-git==1.0", said)
        self.assertEqual({line for line in said if line.startswith("@berth origin")}, {
            "@berth origin of-git git+https://host/a.git@0123#subdirectory=lib",
            "@berth origin of-wheel https://host/w.whl",
            "@berth origin of-folder file:///workspace",
        })

    def test_credentials_are_taken_out(self):
        info = self.install("a", "1.0", '{"url": "https://me:s3cret@host/a.git", "vcs_info": {}}')
        self.program("clean")
        self.assertEqual((info / "direct_url.json").read_text(), '{"url": "https://host/a.git", "vcs_info": {}}')


class LockEnvironment(unittest.TestCase):
    def test_the_hash_of_a_file_from_an_address_is_the_one_that_was_recorded(self):
        digest = "0123456789abcdef" * 4
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            (here / "before.txt").write_text("")
            (here / "between.txt").write_text("")
            for name, info in (("mine", '{"hashes": {"sha256": "%s"}}' % digest), ("old", '{"hash": "sha256=%s"}' % digest),
                               ("bare", "{}"), ("odd", '{"hash": "sha256=%s"}' % "../etc")):
                package = here / f"{name}-1.0.dist-info"
                package.mkdir()
                (package / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
                (package / "direct_url.json").write_text('{"url": "http://host/%s.whl", "archive_info": %s}' % (name, info))
            said = subprocess.run([sys.executable, PROGRAMS / "lock_environment.py", "pins"], capture_output=True, text=True,
                                  cwd=here, env={"PYTHONPATH": folder}, check=True).stdout.splitlines()
            said = [line for line in said if line.split()[3].partition("==")[0] in ("mine", "old", "bare", "odd")]
            self.assertEqual(sorted(said), [
                f"@berth locked packages mine==1.0 http://host/mine.whl sha256:{digest}",
                f"@berth locked packages old==1.0 http://host/old.whl sha256:{digest}",
            ])
            # Without one the file is fetched once more.
            pins = (here / "packages.pins").read_text().splitlines()
            self.assertEqual({pin for pin in pins if "@" in pin}, {"bare @ http://host/bare.whl", "odd @ http://host/odd.whl"})


if __name__ == "__main__":
    unittest.main()
