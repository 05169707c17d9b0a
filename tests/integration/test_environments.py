"""Environments on real engines: what a run installs, once, and what is left when it cannot.

The packages come from an index of the test's own, so that each connection is counted. Only pip, which the image lacks,
comes from Debian's mirror; its stage belongs to all tests and stays.
"""

import json
import signal
import uuid

from gateway import Gateway, listen_within
from harness import TORCH, EngineTest
from package_index import PackageIndex, write_wheel

PYTHON = "berth-test/python:3.11"


class EnvironmentTest(EngineTest):
    whole_engine = True  # environments are the engine's

    def setUp(self):
        super().setUp()
        self.name = "probe" + uuid.uuid4().hex[:12]  # of this test's package, and so of its images
        self.addCleanup(self._remove_images)
        self.gateway = Gateway(self.engine.name)
        self.addCleanup(self.gateway.close)
        wheels = self.folder / "wheels"
        wheels.mkdir()
        self.wheels = wheels
        self.index = PackageIndex(self.engine.name, wheels)
        self.addCleanup(self.index.close)
        self.wheel = write_wheel(wheels, self.name, "1.0")
        self.environment.update(self.gateway.variables, no_proxy="127.0.0.1", NO_PROXY="127.0.0.1",
                                PIP_INDEX_URL=self.index.url, PIP_RETRIES="0")

    def images(self):
        """Those of environments with this test's package, the latest first."""
        made = self.engine.get("/images/json", filters=json.dumps({"label": ["org.berth.env"]}))
        mine = [image for image in made if self.name in (image["Labels"] or {}).get("org.berth.env.items", "")]
        for image in mine:
            image.pop("Containers", None)  # a run that has ended may still be taken down
        return sorted(mine, key=lambda image: -image["Created"])

    def _remove_images(self):
        for image in self.images():
            self.engine.remove_image(image["Id"])

    def python(self, code, *options, image=PYTHON, **more):
        more.setdefault("timeout", 180)
        return self.run_in("--network", "host", *options, "python3", "-c", code, image=image, **more)

    def start_python(self, code, *options, **more):
        words = ["--network", "host", *options, "python3", "-c", code]
        return self.start(*self.run_arguments(*words, image=PYTHON), **more)

    @property
    def version(self):
        return f"import {self.name} as probe; print(probe.VERSION)"

    def require(self, *lines):
        (self.project / "requirements.txt").write_text("".join(line + "\n" for line in lines))

    def logs(self):
        return list((self.home / ".local/state/berth/environments").glob("*.log"))

    def build_containers(self):
        """Those of this test's builds, by the names that the logs give them away."""
        names = {f"/berth-env-{log.stem}" for log in self.logs()}
        listed = self.engine.get("/containers/json", all="1", filters=json.dumps({"label": ["org.berth.build"]}))
        return [container for container in listed if names & set(container["Names"])]

    def connections(self):
        return len(self.index.requests) + len(self.gateway.hosts)


class Environments(EnvironmentTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_the_second_run_installs_nothing_and_asks_nobody(self):
        self.require(self.name)
        self.assert_ended(self.python(self.version), 0, stdout=b"1.0\n")
        self.assertTrue(any(path.endswith(f"/{self.wheel.name}") for path in self.index.requests), self.index.requests)
        before = self.connections()
        self.assert_ended(self.python(self.version), 0, stdout=b"1.0\n", stderr=b"")
        self.assertEqual(self.connections(), before)
        self.assertEqual(len(self.images()), 1)

    def test_a_changed_line_builds_the_last_stage_alone(self):
        write_wheel(self.wheels, self.name, "2.0")
        self.require(f"{self.name}==1.0")
        self.assert_ended(self.python(self.version), 0, stdout=b"1.0\n")
        hosts = len(self.gateway.hosts)
        self.require(f"{self.name}==2.0")
        self.assert_ended(self.python(self.version), 0, stdout=b"2.0\n")
        self.assertEqual(len(self.gateway.hosts), hosts, "pip was installed once more")
        layers = [self.engine.get(f"/images/{image['Id']}/json")["RootFS"]["Layers"] for image in self.images()]
        self.assertEqual(len(layers), 2)
        self.assertEqual(layers[0][:-1], layers[1][:-1])

    def test_two_runs_at_once_build_one_environment(self):
        runs = [self.start_python(self.version, "--pip", self.name) for _ in range(2)]
        for run in runs:
            stdout, stderr = run.communicate(timeout=180)
            self.assertEqual((run.returncode, stdout), (0, b"1.0\n"), stderr)
        self.assertEqual(self.index.requests.count(f"/simple/{self.name}/"), 1)
        self.assertEqual(len(self.images()), 1)

    def build_that_hangs(self):
        """A run whose build waits for an index that never answers; returns when it asks."""
        listener = listen_within(self.engine.name)
        self.addCleanup(listener.close)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/simple/"
        run = self.start_python(self.version, "--pip", self.name, env={"PIP_INDEX_URL": address})
        listener.settimeout(120)
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        self.assertEqual(len(self.build_containers()), 1)
        return run

    def assert_nothing_is_left_and_the_next_run_works(self):
        self.wait_until(lambda: not self.build_containers(), "the container of the build is gone", self.patience)
        self.assertEqual(self.images(), [])
        self.assert_ended(self.python(self.version, "--pip", self.name), 0, stdout=b"1.0\n")

    def test_an_interrupted_build_leaves_nothing(self):
        self.assertEqual(self.send(self.build_that_hangs(), signal.SIGINT), 128 + signal.SIGINT)
        self.assert_nothing_is_left_and_the_next_run_works()

    def test_a_build_whose_berth_was_killed_leaves_nothing(self):
        self.send(self.build_that_hangs(), signal.SIGKILL)
        self.assert_nothing_is_left_and_the_next_run_works()

    def test_an_unreachable_index_is_named_and_the_log_is_kept(self):
        result = self.python(self.version, "--pip", self.name, env={"PIP_INDEX_URL": "http://127.0.0.1:9/simple/"})
        self.assert_refused(result, 125, "the index at `127.0.0.1:9` cannot be reached", "Connection refused",
                            "hint: `berth doctor --deep`")
        named = [log for log in self.logs() if str(log) in result.stderr.decode()]
        self.assertEqual(len(named), 1)
        self.assertIn("Connection refused", named[0].read_text())
        self.assertEqual((self.images(), self.build_containers()), ([], []))

    def test_an_index_that_wants_a_password_is_said_to_refuse(self):
        index = PackageIndex(self.engine.name, self.wheels, "me", "secret")
        self.addCleanup(index.close)
        result = self.python(self.version, "--pip", self.name, env={"PIP_INDEX_URL": index.url})
        self.assert_refused(result, 125, "the index refuses the access", "401", "~/.netrc")

    def test_a_file_that_is_not_what_its_hash_says_is_not_installed(self):
        self.require(f"{self.name}==1.0 --hash=sha256:{'0' * 64}")
        result = self.python(self.version)
        self.assert_refused(result, 125, f"`{self.name}==1.0` is not what its hash says", "requirements.txt:1",
                            f"wants sha256:{'0' * 64}")
        self.assertEqual(self.images(), [])

    def test_a_package_that_no_index_has_is_named_with_the_line_that_asks(self):
        self.require("# nothing", self.name, "nosuch-" + self.name)
        result = self.python(self.version)
        self.assert_refused(result, 125, f"no index has a `nosuch-{self.name}`", "requirements.txt:3")
        self.assertEqual(self.images(), [])

    def test_an_image_without_python_is_left_alone_until_somebody_asks(self):
        self.require(self.name)
        result = self.berth("run", *self.run_arguments("echo", "ran")[2:])
        self.assert_ended(result, 0, stdout=b"ran\n")
        self.assertIn(b"has no Python: what the project's files ask for is not installed", result.stderr)
        self.assert_refused(self.run_in("--pip", self.name, "true"), 125, "has no Python to install packages for",
                            "--no-packages")
        self.assertEqual(self.images(), [])

    def test_without_packages_the_image_runs_as_it_is(self):
        self.require(self.name)
        before = self.connections()
        result = self.python(f"import importlib.util as u; print(u.find_spec('{self.name}'))", "--no-packages")
        self.assert_ended(result, 0, stdout=b"None\n", stderr=b"")
        self.assertEqual((self.connections(), self.images()), (before, []))


class FrameworkStays(EnvironmentTest):
    engines = ("docker-20",)  # where the image with torch is

    def test_another_release_of_the_framework_is_refused_before_anything_is_built(self):
        before = self.connections()
        result = self.python("pass", "--pip", self.name, "--pip", "torch==2.1.0", image=TORCH)
        self.assertEqual(result.returncode, 125, result.stderr)
        self.assertIn(b"torch==2.1.0", result.stderr)
        self.assertEqual((self.connections(), self.images()), (before, []))

    def test_a_package_that_would_replace_the_framework_is_not_installed(self):
        write_wheel(self.wheels, "torch", "2.1.0")
        write_wheel(self.wheels, self.name, "2.0", requires=["torch>=2.0"])
        result = self.python("pass", "--pip", f"{self.name}==2.0", image=TORCH)
        self.assert_refused(result, 125, "a package wants another `torch` than the one that is there, 1.13",
                            "2.0 depends on torch>=2.0")
        self.assertEqual(self.images(), [])
        self.assert_ended(self.python(f"import torch, {self.name}; print(torch.__version__[:4])", "--pip",
                                      f"{self.name}==1.0", image=TORCH), 0, stdout=b"1.13\n")

