"""What is done with environments once they are there: shown, built anew, written down, removed."""

import json
import os
import re
import shutil
import subprocess

from harness import ENGINES_TOOLS
from package_index import write_wheel
from test_environments import PYTHON, EnvironmentTest

PIP_LIST = ("import importlib.metadata as m; "
            "print(*sorted({d.metadata['Name'].lower() + '==' + d.version for d in m.distributions()}), sep='\\n')")


class CareTest(EnvironmentTest):
    def env(self, *words, **options):
        return self.berth("env", *words, timeout=options.pop("timeout", 180), **options)

    def env_json(self, *words, code=0, **options):
        result = self.env("--json", *words, **options)
        self.assert_ended(result, code)
        return json.loads(result.stdout)

    def build(self, *lines, version="1.0", **options):
        """The project's environment; the beginning of its key."""
        self.require(*lines)
        self.assert_ended(self.python(self.version, **options), 0, stdout=version.encode() + b"\n")
        return self.env_json("show")["key"][:24]

    def build_by_hand(self, dockerfile, image):
        """What a builder does with the few instructions that are in it."""
        logical = re.sub(r"\\\n", "", dockerfile)
        on = None
        for line in logical.splitlines():
            word, _, rest = line.partition(" ")
            if word == "FROM":
                on = rest
            elif word == "RUN":
                on = self.run_and_commit(on, rest, image)
            else:
                self.assertIn(word, ("#", "USER", ""), line)

    def run_and_commit(self, on, command, image):
        variables = {**self.gateway.variables, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        spec = {"Image": on, "Cmd": ["/bin/sh", "-c", command], "User": "0",
                "Env": [f"{name}={value}" for name, value in variables.items()],
                "Labels": dict([self.label.split("=")]), "HostConfig": {"NetworkMode": "host"}}
        status, body = self.engine.request("POST", "/containers/create", spec)
        self.assertEqual(status, 201, body)
        made = json.loads(body)["Id"]
        self.engine.request("POST", f"/containers/{made}/start")
        self.wait_until(lambda: not self.engine.get(f"/containers/{made}/json")["State"]["Running"], "the step ends", 240)
        state = self.engine.get(f"/containers/{made}/json")["State"]
        _, log = self.engine.request("GET", f"/containers/{made}/logs", stdout="1", stderr="1")
        self.assertEqual(state["ExitCode"], 0, log)
        repository, _, tag = image.partition(":")
        status, body = self.engine.request("POST", "/commit", {}, container=made, repo=repository, tag=tag)
        self.assertEqual(status, 201, body)
        self.engine.request("DELETE", f"/containers/{made}", force="1")
        return image


class EnvironmentCare(CareTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_the_whole_recipe_is_shown(self):
        self.require(f"{self.name}==1.0 --hash=sha256:{self.digest(self.wheel)}")
        self.assert_ended(self.python(self.version), 0, stdout=b"1.0\n")
        shown = self.env_json("show")
        self.assertEqual([stage["stage"] for stage in shown["stages"]], ["python", "packages"])
        self.assertEqual(shown["items"], ["pip", f"{self.name}==1.0"])
        self.assertEqual(shown["stages"][1]["installed"], [f"{self.name}==1.0"])
        self.assertIn(f"{self.name}==1.0", shown["packages"])
        self.assertEqual(shown["projects"], [str(self.project)])
        text = self.env("show", shown["key"][:12]).stdout.decode()
        for part in (f"  packages    {self.name}==1.0\n", "  python      pip\n", shown["base_id"], self.index.url):
            self.assertIn(part, text)

    @staticmethod
    def digest(path):
        return subprocess.run(["sha256sum", path], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0]

    def test_what_is_built_anew_has_the_versions_of_now(self):
        key = self.build(self.name)
        before = self.images()
        write_wheel(self.wheels, self.name, "2.0")
        self.assert_ended(self.python(self.version), 0, stdout=b"1.0\n")  # it is there already
        rebuilt = self.env_json("rebuild")
        self.assertEqual((rebuilt["key"][:24], rebuilt["changes"]),
                         (key, [{"name": self.name, "before": "1.0", "now": "2.0"}]))
        asked = self.connections()
        self.assert_ended(self.python(self.version), 0, stdout=b"2.0\n", stderr=b"")
        self.assertEqual(self.connections(), asked)
        after = self.images()
        self.assertEqual((len(before), len(after)), (1, 1))
        self.assertNotEqual(before[0]["Id"], after[0]["Id"])
        self.assertIn("with the same versions", self.env("rebuild", key).stdout.decode())

    def test_an_environment_that_cannot_be_built_anew_stays(self):
        key = self.build(self.name)
        before = self.images()
        self.wheel.unlink()
        result = self.env("rebuild", key)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn(f"no index has a `{self.name}`", result.stderr.decode())
        self.assertEqual(self.images(), before)
        self.assertEqual(self.build_containers(), [])
        self.assert_ended(self.python(self.version), 0, stdout=b"1.0\n", stderr=b"")

    def test_what_came_from_the_project_is_not_built_anew_without_it(self):
        shutil.move(self.wheel, self.project / self.wheel.name)
        key = self.build(f"./{self.wheel.name}")
        result = self.env("rebuild")
        self.assert_refused(result, 1, "holds what came from files of a project", f"`berth env remove {key}`")
        text = self.env("export", "dockerfile").stdout.decode()
        self.assertIn("# not here, since it came from files of a machine: /run/berth/files/", text)
        self.assertIn(f"# {self.name}==1.0 came from files of a machine", self.env("export", "requirements").stdout.decode())

    def test_a_dockerfile_makes_the_same_without_berth(self):
        key = self.build(f"{self.name}>=1.0")
        freeze = self.python(PIP_LIST).stdout
        write_wheel(self.wheels, self.name, "2.0")  # what is written down is exact
        text = self.env("export", "dockerfile", key).stdout.decode()
        self.assertIn(f"\nFROM {PYTHON}\n", text)
        image = f"berth-test/exported:{self.name}"
        self.addCleanup(self.engine.remove_image, image)
        self.build_image(text, image)
        self.assert_ended(self.python(PIP_LIST, "--no-packages", image=image), 0, stdout=freeze)
        self.assertIn(f"{self.name}==1.0".encode(), freeze)

    def build_image(self, dockerfile, image):
        """By docker's classic builder where it is one, else each RUN in a container of the image before."""
        if not self.engine.name.startswith("docker-20"):
            return self.build_by_hand(dockerfile, image)
        if not shutil.which("docker"):
            self.skipTest("no docker command")
        (self.folder / "context").mkdir()
        (self.folder / "context/Dockerfile").write_text(dockerfile)
        proxies = [word for name, value in self.gateway.variables.items() for word in ("--build-arg", f"{name}={value}")]
        proxies += ["--build-arg", "no_proxy=127.0.0.1", "--build-arg", "NO_PROXY=127.0.0.1"]
        result = subprocess.run(["docker", "build", "--network", "host", *proxies, "-t", image, self.folder / "context"],
                                env={**os.environ, "DOCKER_HOST": self.engine.address, "DOCKER_BUILDKIT": "0",
                                     "DOCKER_CONFIG": str(self.home)}, capture_output=True, text=True, timeout=300)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class Prune(CareTest):
    """On engines of its own: what it removes belongs to nobody else."""

    engines = ("docker-20-prune", "docker-28-prune", "podman-5-prune")

    def setUp(self):
        self.addCleanup(self._take_down)
        super().setUp()
        subprocess.run([ENGINES_TOOLS / "images", "build", "python", self.engine.name], check=True, timeout=300,
                       stdin=subprocess.DEVNULL, capture_output=True)
        self.assert_ended(self.env("prune", "--keep-size", "0"), 0)  # of an earlier berth, whose keys were others

    def _take_down(self):
        self.engine.tool("down")

    def in_cache(self, script):
        result = self.run_in("--no-packages", "-v", "berth-cache:/c", "sh", "-c", script, image=PYTHON)
        self.assert_ended(result, 0)
        return result.stdout.decode().split()

    def fill_cache(self):
        """What is downloaded depends on what is there already; this does not."""
        self.in_cache("mkdir -p /c/pip && head -c 2097152 /dev/zero >/c/pip/download")

    def tags(self, *options):
        return set(self.env("-q", "list", *options).stdout.decode().split())

    def test_what_nobody_uses_goes_with_its_stages_and_the_cache(self):
        write_wheel(self.wheels, self.name, "2.0")
        kept = self.build(f"{self.name}==1.0")
        gone = self.build(f"{self.name}==2.0", version="2.0")
        self.fill_cache()
        self.assertLess({kept, gone}, self.tags("--all"))
        self.assert_ended(self.env("prune"), 0)  # nothing is a month old
        self.assertEqual(self.tags(), {kept, gone})
        self.require(f"{self.name}==1.0")
        run = self.start(*self.run_arguments("python3", "-c", "print('ready', flush=True); import time; time.sleep(600)",
                                             image=PYTHON))
        self.assertEqual(run.stdout.readline(), b"ready\n")

        planned = self.env_json("prune", "--older", "0s", "--dry-run")
        self.assertEqual([item["key"][:24] for item in planned["removed"]], [gone])
        self.assertEqual(self.tags(), {kept, gone})
        self.assert_ended(self.env("-q", "prune", "--older", "0s"), 0, stdout=gone.encode() + b"\n")
        self.assertEqual(self.tags(), {kept})
        busy = self.env("prune", "--keep-size", "0")
        self.assert_ended(busy, 0)
        self.assertIn(b"0 removed", busy.stdout)
        name = self.engine.containers(self.label)[0]["Names"][0].lstrip("/")
        self.assert_refused(self.env("remove", kept), 1, f"run `{name}` uses environment `{kept}`", f"`berth rm -f {name}`")

        run.kill()
        self.wait_until(lambda: not self.engine.containers(self.label), "its container is gone", 30)
        pruned = self.env_json("prune", "--keep-size", "0", "--cache")
        self.assertEqual([item["stage"] for item in pruned["removed"]], ["packages", "python"])
        self.assertGreater(pruned["removed"][1]["freed_bytes"], 1 << 20)  # pip
        self.assertTrue(pruned["cache_removed"])
        self.assertGreater(pruned["cache_bytes"], 1 << 20)
        self.assertEqual(self.tags("--all"), set())
        self.assertNotIn("berth-cache", self.engine.volumes())
        self.assertEqual(self.build(f"{self.name}==1.0"), kept)

    def test_the_cache_stays_below_its_bound(self):
        self.fill_cache()
        self.build(f"{self.name}==1.0")
        self.assertIn("/c/pip/download", self.in_cache("find /c -type f"))
        self.build(f"{self.name}>=1.0", env={"BERTH_CACHE_SIZE": "1k"})
        self.assertEqual(self.in_cache("find /c -type f -size +0"), [])
        self.require(self.name)
        self.assert_refused(self.python(self.version, env={"BERTH_CACHE_SIZE": "much"}), 125, "BERTH_CACHE_SIZE")
