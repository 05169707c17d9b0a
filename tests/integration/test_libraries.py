"""What berth loads: little for what it does each day, and libcurl only where it is needed."""

import subprocess

from harness import BERTH, BerthTest, EngineTest


class Linking(BerthTest):
    def test_what_is_loaded_is_the_c_library_alone(self):
        if "libasan" in (loaded := subprocess.run(["ldd", BERTH], capture_output=True, text=True, check=True).stdout):
            self.skipTest("a sanitizer brings libraries of its own")
        names = {line.split()[0].split("/")[-1].split(".so")[0] for line in loaded.splitlines()}
        self.assertLessEqual({"libc"}, names)
        self.assertLessEqual(names, {"libc", "libm", "linux-vdso", "ld-linux-x86-64", "ld-linux-aarch64"})


class NoLibcurl(BerthTest):
    """A machine without libcurl: a file of its name that is no library."""

    def setUp(self):
        super().setUp()
        (self.folder / "libcurl.so.4").write_bytes(b"")
        self.environment["LD_LIBRARY_PATH"] = str(self.folder)

    def test_an_engine_behind_tcp_says_what_is_missing(self):
        self.assert_refused(self.berth("--engine", "tcp://127.0.0.1:1", "ps"), 1, "tcp://127.0.0.1:1 needs libcurl",
                            "libcurl.so.4", "sudo apt install libcurl4")

    def test_a_download_says_what_is_missing(self):
        self.assert_refused(self.berth("catalog", "update", "--from", "https://127.0.0.1:1/catalog.tar"), 1,
                            "https://127.0.0.1:1/catalog.tar", "libcurl")


class NoLibcurlOnAnEngine(EngineTest):
    engines = ("docker-28", "podman-5")

    def test_a_run_needs_no_libcurl(self):
        (self.folder / "libcurl.so.4").write_bytes(b"")
        self.environment["LD_LIBRARY_PATH"] = str(self.folder)
        self.assert_ended(self.run_in("sh", "-c", "cat; exit 7", input=b"in"), 7, stdout=b"in", stderr=b"")
