"""An engine whose disk fills up while an environment is built: what is said, and what is left."""

import subprocess
import zipfile

from harness import ENGINES_TOOLS
from package_index import write_wheel
from test_environments import EnvironmentTest


class FullDisk(EnvironmentTest):
    """On engines whose disk is small, each test on an empty one."""

    engines = ("docker-20-small", "docker-28-small", "podman-5-small")

    def setUp(self):
        self.addCleanup(lambda: self.engine.tool("down"))
        super().setUp()
        subprocess.run([ENGINES_TOOLS / "images", "build", "python", self.engine.name], check=True, timeout=300,
                       stdin=subprocess.DEVNULL, capture_output=True)
        self.assert_ended(self.python(self.version, "--pip", self.name), 0, stdout=b"1.0\n")

    def free(self):
        """Bytes of the engine's disk."""
        result = self.run_in("--no-packages", "df", "-Pk", "/")
        self.assert_ended(result, 0)
        return 1024 * int(result.stdout.split()[-3])

    def publish_large(self, size):
        """A wheel of zeros, which is small on the way and large where it is installed."""
        path = write_wheel(self.wheels, self.name, "2.0", files={f"{self.name}/__init__.py": "VERSION = '2.0'\n"})
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as wheel, \
                wheel.open(f"{self.name}/zeros.bin", "w") as zeros:
            for _ in range(size >> 20):
                zeros.write(bytes(1 << 20))

    def assert_disk_is_full_and_nothing_is_left(self, *words):
        before, free = self.images(), self.free()
        result = self.python(self.version, "--pip", f"{self.name}==2.0", timeout=400)
        self.assert_refused(result, 125, "disk is full", "o space left on device", "`berth env prune --older 7d",
                            "`docker system prune`", *words)
        self.assertEqual((self.images(), self.build_containers()), (before, []))
        self.assertLess(free - self.free(), 20 << 20)
        self.assert_ended(self.python(self.version, "--pip", self.name), 0, stdout=b"1.0\n")
        return result.stderr.decode()

    def test_what_does_not_fit_is_told_with_what_is_free_and_where(self):
        self.publish_large(self.free() + (50 << 20))
        root = self.engine.get("/info")["DockerRootDir"]
        said = self.assert_disk_is_full_and_nothing_is_left(" are free of 700.0 MiB, at " + root)
        self.assertTrue(any(str(log) in said for log in self.logs()), said)

    def test_an_image_that_does_not_fit_beside_its_container_leaves_nothing(self):
        self.publish_large(self.free() * 2 // 3)
        self.assert_disk_is_full_and_nothing_is_left("an image cannot be made of the container")
