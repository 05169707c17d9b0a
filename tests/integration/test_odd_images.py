"""Images that are old, or other than most: what berth installs in them, and what it says where it cannot."""

import subprocess

from harness import BUSYBOX, ENGINES_TOOLS
from test_environment_care import CareTest
from test_environments import PYTHON

MUSL = "berth-test/musl:1"
PYTHON_2 = "berth-test/python:2.7"


class OddImages(CareTest):
    engines = ("docker-28",)

    def image(self, kind):
        subprocess.run([ENGINES_TOOLS / "images", "build", kind, self.engine.name], check=True, timeout=300,
                       stdin=subprocess.DEVNULL, capture_output=True)

    def derived(self, script, on=PYTHON):
        image = f"berth-test/derived:{self.name}"
        self.addCleanup(self.engine.remove_image, image)
        return self.run_and_commit(on, script, image)

    def test_python_2_has_no_pip_in_its_distribution_and_gets_the_last_one_from_the_index(self):
        self.image("python2")
        # From the real index, through the gateway: numpy's last release for it is a wheel, docopt has none.
        job = ["python", "-c", "import docopt, numpy, sys; print(sys.version[:3] + ' ' + numpy.__version__)"]
        result = self.run_in("--network", "host", "--pip", "numpy", "--pip", "docopt", *job, image=PYTHON_2,
                             timeout=400, env={"PIP_INDEX_URL": ""})
        self.addCleanup(lambda: self.env("remove", self.env_json("show")["key"]))
        self.assert_ended(result, 0, stdout=b"2.7 1.16.6\n")

    def test_a_python_that_is_only_where_conda_puts_it_is_found(self):
        # Not conda itself, which no registry here has: a Python of its own in its place, and none on the PATH.
        image = self.derived("apt-get update && apt-get install -y --no-install-recommends python3-venv && "
                             "python3 -m venv --copies /opt/conda && rm /usr/bin/python3*")
        result = self.run_in("--network", "host", "--pip", self.name, "/opt/conda/bin/python", "-c", self.version,
                             image=image, timeout=240)
        self.assert_ended(result, 0, stdout=b"1.0\n")

    def test_lists_of_a_release_that_is_gone_are_looked_for_where_old_ones_are_kept(self):
        image = self.derived("sed -i s/bookworm/stretch/ /etc/apt/sources.list && "
                             "sed -i s/VERSION_CODENAME=.*/VERSION_CODENAME=stretch/ /etc/os-release")
        result = self.run_in("--network", "host", "--apt", "hello", "true", image=image, timeout=240)
        self.assertIn("archive.debian.org", self.gateway.hosts)
        log = max(self.logs(), key=lambda path: path.stat().st_mtime).read_text()
        self.assertIn("http://archive.debian.org/debian stretch", log)
        if result.returncode != 0:  # the archive cannot be reached from everywhere
            self.assert_refused(result, 125, f"the lists of packages of `{image}`'s distribution cannot be read",
                                "archive.debian.org")
        sources = self.run_in("--no-packages", "cat", "/etc/apt/sources.list", image=image)
        self.assertNotIn(b"archive", sources.stdout)

    def test_an_image_on_musl_is_told_what_cannot_be_installed_in_it_and_what_can_be_done(self):
        self.image("musl")
        why = ("the image is built on musl, as Alpine is", "hint: `berth resolve` without `--image`")
        self.assert_refused(self.run_in("--apt", "git", "true", image=MUSL), 125, "has no apt", *why)
        self.assert_refused(self.run_in("--pip", self.name, "true", image=MUSL), 125, "has no Python", *why)
        other = self.run_in("--pip", self.name, "true", image=BUSYBOX)
        self.assertNotIn(b"musl", other.stderr)
