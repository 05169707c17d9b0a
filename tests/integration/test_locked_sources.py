"""Locked environments whose packages come from git or are installed by uv; and what is done with a locked environment
once it is there."""

import functools
import http.server
import subprocess
import threading

from gateway import listen_within
from package_index import write_wheel
from test_environment_care import PIP_LIST, CareTest
from test_environments import PYTHON
from test_locked_environments import TREE, LockedEnvironmentTest, sha256
from test_package_sources import BACKEND, PYPROJECT


class Repository:
    """A git repository of one package, `own_probe`, in a test engine's network, as any web server offers one."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    def __init__(self, engine, folder):
        self._work, self._bare = folder / "work", folder / "served" / "own.git"
        self._bare.mkdir(parents=True)
        self._git("init", "-q", "--bare", "-b", "main", self._bare)
        self._git("init", "-q", "-b", "main", self._work)
        listener = listen_within(engine)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/own.git"
        handler = functools.partial(self.Handler, directory=str(self._bare.parent))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    @staticmethod
    def _git(*words, **options):
        return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, text=True,
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **options).stdout.strip()

    def commit(self, word):
        """The commit's name."""
        for name, content in (("pyproject.toml", PYPROJECT), ("own_backend.py", BACKEND),
                              ("own_probe.py", f"WORD = '{word}'\n")):
            (self._work / name).write_text(content)
        self._git("add", ".", cwd=self._work)
        self._git("commit", "-q", "-m", word, cwd=self._work)
        self._git("push", "-q", self._bare, "main", cwd=self._work)
        self._git("update-server-info", cwd=self._bare)
        return self._git("rev-parse", "HEAD", cwd=self._work)


class LockedSources(LockedEnvironmentTest, CareTest):
    engines = ("docker-28",)

    def test_a_branch_is_locked_to_its_commit(self):
        repository = Repository(self.engine.name, self.folder)
        self.addCleanup(repository.close)
        first = repository.commit("first")
        self.require(self.name, f"own_probe @ git+{repository.url}@main")
        self.assert_locks()
        packages = {package["name"]: package for package in self.locked()["packages"]}
        self.assertEqual(packages["own-probe"]["from"], f"git+{repository.url}@{first}")
        repository.commit("second")
        code = f"import own_probe, {self.name} as a; print(own_probe.WORD, a.VERSION)"
        self.assert_ended(self.python(code, "--locked", timeout=300), 0, stdout=b"first 1.0\n")
        self.assert_locks("--update")
        self.assert_ended(self.python(code, "--locked", timeout=300), 0, stdout=b"second 1.0\n")

    def test_a_branch_that_has_moved_is_told_by_its_commits(self):
        repository = Repository(self.engine.name, self.folder)
        self.addCleanup(repository.close)
        first = repository.commit("first")
        self.require(f"own_probe @ git+{repository.url}@main")
        self.assert_ended(self.python("import own_probe", timeout=300), 0)
        self.assertIn("with the same versions", self.env("rebuild").stdout.decode())
        second = repository.commit("second")
        told = self.env("rebuild").stdout.decode()
        self.assertIn(first[:12], told)
        self.assertIn(second[:12], told)

    def test_uv_installs_what_is_locked_and_nothing_else(self):
        image = f"berth-test/with-uv:{self.name}"
        self.addCleanup(self.engine.remove_image, image)
        # From the real index; then without pip, which would be preferred for a lock.
        self.assert_ended(self.python("pass", "--pip", "uv", env={"PIP_INDEX_URL": ""}), 0)
        self.run_and_commit(self.env_json("show")["image"], "apt-get -q purge -y python3-pip && uv --version", image)
        self.require(self.name)
        result = self.berth("lock", "--image", image, "--gpus", "none", timeout=180)
        self.assert_ended(result, 0)
        hashes = {package["name"]: package["hashes"] for package in self.locked()["packages"]}
        self.assertEqual(hashes, {self.name: [sha256(self.wheel)], self.needed: [sha256(self.needed_wheel)]})
        self.publish_newer()
        self.assert_ended(self.python(self.version, "--locked", image=image), 0, stdout=b"1.0 1.0\n")
        self.assertTrue(self.env_json("show")["stages"][-1]["installer"].startswith("uv "))
        path = self.project / "berth.lock"
        path.write_text(path.read_text().replace(sha256(self.needed_wheel), "sha256:" + "0" * 64))
        self.assert_refused(self.python("pass", "--locked", image=image), 125, f"`{self.needed}==1.0` is not what its hash")

    def test_a_locked_environment_is_built_anew_and_written_down_as_it_is(self):
        self.require(self.name)
        self.assert_locks()
        first = self.python(TREE, "--locked")
        self.assert_ended(first, 0)
        key = self.env_json("show")["key"][:24]
        self.publish_newer()
        self.assertIn("with the same versions", self.env("rebuild").stdout.decode())
        again = self.python(TREE, "--locked")
        self.assert_ended(again, 0, stdout=first.stdout)
        text = self.env("export", "dockerfile", key).stdout.decode()
        for wheel in (self.wheel, self.needed_wheel):
            self.assertIn(f"--hash={sha256(wheel)}", text)
        freeze = self.python(PIP_LIST, "--locked")
        image = f"berth-test/exported:{self.name}"
        self.addCleanup(self.engine.remove_image, image)
        self.build_by_hand(text, image)
        self.assert_ended(self.python(PIP_LIST, "--no-packages", image=image), 0, stdout=freeze.stdout)
        self.needed_wheel.write_bytes(self.wheel.read_bytes())  # the index offers another file under its name
        result = self.env("rebuild", key)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn(f"`{self.needed}==1.0` is not what its hash says", result.stderr.decode())
