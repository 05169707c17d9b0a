"""What berth.lock says of packages, on real engines: recorded once, and installed as just that from then on."""

import hashlib
import json
import pathlib
import signal

from gateway import Gateway, listen_within
from harness import Engine
from package_index import PackageIndex, write_wheel
from test_environments import PYTHON, EnvironmentTest
from test_package_sources import BACKEND, PYPROJECT

# What is installed, and a digest of every file of it but bytecode.
TREE = """
import hashlib, os, subprocess, sys, sysconfig
print(subprocess.run([sys.executable, "-m", "pip", "freeze"], check=True, stdout=subprocess.PIPE, text=True).stdout)
for folder, folders, files in os.walk(sysconfig.get_paths()["purelib"]):
    folders[:] = sorted(name for name in folders if name != "__pycache__")
    for name in sorted(files):
        path = os.path.join(folder, name)
        print(hashlib.sha256(open(path, "rb").read()).hexdigest(), path)
"""


def sha256(path):
    return "sha256:" + hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class LockedEnvironmentTest(EnvironmentTest):
    def setUp(self):
        super().setUp()
        self.needed = self.name + "needs"
        self.wheel = write_wheel(self.wheels, self.name, "1.0", requires=[self.needed])
        self.needed_wheel = write_wheel(self.wheels, self.needed, "1.0")
        (self.project / "berth.yaml").write_text("network: host\n")

    @property
    def version(self):
        return f"import {self.name} as a, {self.needed} as b; print(a.VERSION, b.VERSION)"

    def lock(self, *options, **more):
        return self.berth("lock", "--image", PYTHON, "--gpus", "none", *options, timeout=180, **more)

    def assert_locks(self, *options, **more):
        result = self.lock(*options, **more)
        self.assert_ended(result, 0)
        return result

    def locked(self):
        return json.loads((self.project / "berth.lock").read_text())["environment"]

    def locked_versions(self):
        return {package["name"]: package["version"] for package in self.locked()["packages"]}

    def publish_newer(self):
        write_wheel(self.wheels, self.name, "2.0", requires=[self.needed])
        write_wheel(self.wheels, self.needed, "2.0")


class LockedEnvironments(LockedEnvironmentTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_a_lock_has_every_package_with_its_hash_and_a_run_installs_just_that(self):
        self.require(self.name)
        said = self.assert_locks()
        self.assertIn(f"{PYTHON} and 2 packages".encode(), said.stdout)
        self.assertEqual(self.images(), [], "of the installation that tells them no image is made")
        environment = self.locked()
        self.assertEqual([entry["text"] for entry in environment["inputs"]], [self.name])
        expected = [(self.name, self.wheel), (self.needed, self.needed_wheel)]
        self.assertEqual(environment["packages"], [
            {"name": name, "version": "1.0", "stage": "packages", "hashes": [sha256(wheel)],
             "from": f"{self.index.url}{name}/{wheel.name}"} for name, wheel in expected])
        self.publish_newer()
        self.assert_ended(self.python(self.version, "--locked"), 0, stdout=b"1.0 1.0\n")
        before = self.connections()
        self.assert_ended(self.python(self.version), 0, stdout=b"1.0 1.0\n", stderr=b"")
        self.assertEqual(self.connections(), before)
        self.assertEqual(len(self.images()), 1)
        again = self.assert_locks()
        self.assertIn(b"berth.lock stands as it is", again.stdout)
        self.assertEqual(self.connections(), before, "nothing has changed, and nobody is asked")

    def test_two_builds_from_one_lock_are_the_same_to_the_file(self):
        self.require(self.name)
        self.assert_locks()
        first = self.python(TREE, "--locked")
        self.assert_ended(first, 0)
        self.assertIn(f"{self.name}==1.0\n".encode(), first.stdout)
        self.assertIn(f"/{self.name}.py".encode(), first.stdout)
        self.publish_newer()
        image = self.images()[0]
        self.assert_ended(self.berth("env", "remove", image["Labels"]["org.berth.env"][:24]), 0)
        self.assertEqual(self.images(), [])
        second = self.python(TREE, "--locked")
        self.assert_ended(second, 0, stdout=first.stdout)
        self.assertEqual(self.images()[0]["Labels"]["org.berth.env"], image["Labels"]["org.berth.env"])

    def test_changed_lines_are_refused_with_locked_and_named_without(self):
        self.require(f"{self.name}==1.0")
        self.assert_locks()
        self.publish_newer()
        self.require(f"{self.name}==2.0")
        change = f"`{self.name}==2.0` (requirements.txt:1) was `{self.name}==1.0` (requirements.txt:1)"
        for result in (self.python(self.version, "--locked"),
                       self.berth("run", "--locked", *self.run_arguments("true", image=PYTHON)[2:])):
            self.assert_refused(result, 125, "berth.lock was made for other inputs", change, "hint: `berth lock`")
        self.assert_refused(self.lock("--check"), 3, change)
        self.assertEqual(self.images(), [])
        words = ["--network", "host", "python3", "-c", self.version]
        result = self.berth(*self.run_arguments(*words, image=PYTHON)[1:], timeout=180)
        self.assert_ended(result, 0, stdout=b"2.0 2.0\n")
        self.assertIn(f"berth.lock's packages are not used, their inputs changed: {change}".encode(), result.stderr)

    def test_what_was_run_is_what_is_locked_and_only_what_changes_is_chosen_anew(self):
        self.require(self.name)
        self.assert_ended(self.python(self.version), 0, stdout=b"1.0 1.0\n")
        self.publish_newer()
        self.assert_locks()
        self.assertEqual(self.locked_versions(), {self.name: "1.0", self.needed: "1.0"})
        other = self.name + "other"
        write_wheel(self.wheels, other, "7.0")
        self.require(self.name, other)
        changed = self.assert_locks()
        self.assertIn(f"  package {other}: 7.0 (new)\n".encode(), changed.stdout)
        self.assertEqual(self.locked_versions(), {self.name: "1.0", self.needed: "1.0", other: "7.0"})
        newer = self.assert_locks("--update")
        self.assertIn(f"  package {self.name}: 1.0 -> 2.0\n".encode(), newer.stdout)
        self.assertEqual(self.locked_versions(), {self.name: "2.0", self.needed: "2.0", other: "7.0"})

    def test_a_file_that_is_not_the_locked_one_is_not_installed(self):
        self.require(self.name)
        self.assert_locks()
        path = self.project / "berth.lock"
        path.write_text(path.read_text().replace(sha256(self.needed_wheel), "sha256:" + "0" * 64))
        result = self.python(self.version, "--locked")
        self.assert_refused(result, 125, f"`{self.needed}==1.0` is not what its hash says",
                            f"berth.lock wants sha256:{'0' * 64}", f"the index sent {sha256(self.needed_wheel)}",
                            "hint: `berth lock --update`")
        self.assertEqual((self.images(), self.build_containers()), ([], []))

    def test_without_packages_in_the_lock_locked_refuses_to_install_any(self):
        self.require(self.name)
        self.assert_locks("--no-packages")
        self.assertIsNone(self.locked())
        self.assert_refused(self.python("pass", "--locked"), 125, "berth.lock has no packages", "hint: `berth lock`")
        self.assert_ended(self.python("print(1)", "--locked", "--no-packages"), 0, stdout=b"1\n")
        self.assert_ended(self.python(self.version), 0, stdout=b"1.0 1.0\n")

    def test_the_plan_the_record_and_the_container_tell_of_the_environment(self):
        self.require(self.name)
        self.assert_locks()
        plan = self.plan()
        environment = plan["environment"]
        base = environment["base"]  # podman has a digest of what never was in a registry, and that is locked
        self.assertEqual(base.split("@")[0], PYTHON)
        self.assertEqual((environment["locked"], environment["exists"]), (True, False))
        self.assertEqual(environment["pip"], [f"{self.name}==1.0", f"{self.needed}==1.0"])
        self.assertEqual(plan["requests"][0]["body"]["Image"], base)
        self.assertEqual(self.images(), [])
        record = self.folder / "record.json"
        self.assert_ended(self.python("pass", "--result", record, "--name", self.name, "--rm=false"), 0)
        key = self.images()[0]["Labels"]["org.berth.env"]
        self.assertEqual(environment["key"], key)
        after = self.plan()
        self.assertTrue(after["environment"]["exists"])
        self.assertEqual(after["requests"][0]["body"]["Image"], environment["image"])
        recorded = json.loads(record.read_text())
        self.assertEqual(recorded["image"]["reference"], base)
        self.assertEqual(recorded["environment"], {"image": environment["image"], "key": key})
        inspected = self.berth("inspect", self.name)
        self.engine.request("DELETE", f"/containers/{self.name}", force="1")
        self.assert_ended(inspected, 0)
        item = json.loads(inspected.stdout)["items"][0]
        self.assertEqual(item["environment"], environment["image"])
        self.assertEqual(item["labels"]["org.berth.env"], key)
        self.assertEqual(item["record"]["environment"]["key"], key)

    def plan(self):
        words = ["--image", PYTHON, "--gpus", "none", "--network", "host", "--dry-run", "true"]
        result = self.berth("--json", "run", *words)
        self.assert_ended(result, 0)
        return json.loads(result.stdout)

    def write_own_package(self, folder):
        (self.project / folder).mkdir(exist_ok=True)
        for name, content in (("pyproject.toml", PYPROJECT), ("own_backend.py", BACKEND),
                              ("own_probe.py", "WORD = 'first'\n")):
            (self.project / folder / name).write_text(content)

    def test_what_lies_here_is_locked_by_its_content(self):
        self.write_own_package("lib")
        local = write_wheel(self.project, self.name + "local", "3.0", requires=[self.needed])
        self.require(f"./{local.name}", "./lib")
        said = self.assert_locks()
        self.assertIn(b"note: no hash stands for own-probe 1.0 (./lib)", said.stderr)
        packages = {package["name"]: package for package in self.locked()["packages"]}
        self.assertEqual(packages[self.name + "local"]["hashes"], [sha256(local)])
        self.assertEqual(packages[self.name + "local"]["from"], "./" + local.name)
        self.assertEqual((packages["own-probe"]["hashes"], packages["own-probe"]["from"]), ([], "./lib"))
        self.assertEqual(packages[self.needed]["hashes"], [sha256(self.needed_wheel)])
        code = f"import own_probe, {self.name}local as a; print(own_probe.WORD, a.VERSION)"
        self.assert_ended(self.python(code, "--locked"), 0, stdout=b"first 3.0\n")
        (self.project / "lib/own_probe.py").write_text("WORD = 'second'\n")
        self.assert_refused(self.python(code, "--locked"), 125, "berth.lock was made for other inputs", "lib sha256:")
        self.assert_locks()
        self.assert_ended(self.python(code, "--locked"), 0, stdout=b"second 3.0\n")

    def test_two_locked_runs_at_once_build_one_environment(self):
        self.require(self.name)
        self.assert_locks()
        asked = self.index.requests.count(f"/simple/{self.name}/")
        runs = [self.start_python(self.version, "--locked") for _ in range(2)]
        for run in runs:
            stdout, stderr = run.communicate(timeout=180)
            self.assertEqual((run.returncode, stdout), (0, b"1.0 1.0\n"), stderr)
        self.assertEqual(self.index.requests.count(f"/simple/{self.name}/"), asked + 1)
        self.assertEqual(len(self.images()), 1)

    def start_hanging(self, *words):
        """Something that installs from an index that never answers; returns when it asks."""
        listener = listen_within(self.engine.name)
        self.addCleanup(listener.close)
        self.others = set(self.all_builds())
        process = self.start(*words, env={"PIP_INDEX_URL": f"http://127.0.0.1:{listener.getsockname()[1]}/simple/"})
        listener.settimeout(120)
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        return process

    def all_builds(self):
        listed = self.engine.get("/containers/json", all="1", filters=json.dumps({"label": ["org.berth.build"]}))
        return [container["Id"] for container in listed]

    def installing(self):
        """The containers of builds that have begun since start_hanging()."""
        return [identity for identity in self.all_builds() if identity not in self.others]

    def test_an_interrupted_locked_build_leaves_nothing(self):
        self.require(self.name)
        self.assert_locks()
        words = self.run_arguments("--network", "host", "--locked", "python3", "-c", self.version, image=PYTHON)
        self.assertEqual(self.send(self.start_hanging(*words), signal.SIGINT), 128 + signal.SIGINT)
        self.wait_until(lambda: not self.installing(), "the container of the build is gone", self.patience)
        self.assertEqual(self.images(), [])
        self.assert_ended(self.python(self.version, "--locked"), 0, stdout=b"1.0 1.0\n")

    def test_an_interrupted_or_killed_lock_writes_and_leaves_nothing(self):
        self.require(self.name)
        for number in (signal.SIGINT, signal.SIGKILL):
            process = self.start_hanging("lock", "--image", PYTHON, "--gpus", "none")
            self.assertEqual(len(self.installing()), 1)
            code = self.send(process, number)
            self.assertEqual(code, 128 + number if number == signal.SIGINT else -number)
            self.wait_until(lambda: not self.installing(), "the container of the lock is gone", self.patience)
        self.assertFalse((self.project / "berth.lock").exists())
        self.assertEqual(self.images(), [])


class OneLockTwoEngines(LockedEnvironmentTest):
    engines = ("docker-28",)

    def test_another_engine_installs_the_same_to_the_file(self):
        self.require(self.name)
        self.assert_locks()
        first = self.python(TREE, "--locked")
        self.assert_ended(first, 0)
        self.addCleanup(setattr, self, "engine", self.engine)
        self.engine = Engine("podman-5")
        self.addCleanup(self._remove_images)
        index, gateway = PackageIndex(self.engine.name, self.wheels), Gateway(self.engine.name)
        self.addCleanup(index.close)
        self.addCleanup(gateway.close)
        there = {"DOCKER_HOST": self.engine.address, "PIP_INDEX_URL": index.url, **gateway.variables}
        self.publish_newer()
        second = self.python(TREE, "--locked", env=there)
        self.assert_ended(second, 0, stdout=first.stdout)
