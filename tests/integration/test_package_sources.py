"""Where packages come from: private indexes, local files, the project itself; and that no password stays behind."""

import textwrap

from gateway import Gateway
from harness import EngineTest
from package_index import PackageIndex, write_wheel

PYTHON = "berth-test/python:3.11"
PASSWORDS = {
    "url": "pw-of-url-51f7", "pip.conf": "pw-of-conf-8a02", "netrc": "pw-of-netrc-3c9e",
    "proxy": "pw-of-proxy-d417", "variable": "pw-of-variable-77b1",
}

# A package whose build needs no index: its backend is its own.
BACKEND = '''
import os, zipfile
INFO = "own_probe-1.0.dist-info"
def wheel(folder, files):
    name = "own_probe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as made:
        for path, content in files.items():
            made.writestr(path, content)
        made.writestr(INFO + "/METADATA", "Metadata-Version: 2.1\\nName: own_probe\\nVersion: 1.0\\n")
        made.writestr(INFO + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        made.writestr(INFO + "/RECORD", "")
    return name
def build_wheel(folder, config_settings=None, metadata_directory=None):
    return wheel(folder, {"own_probe.py": open("own_probe.py").read()})
def build_editable(folder, config_settings=None, metadata_directory=None):
    return wheel(folder, {"own_probe.pth": os.getcwd() + "\\n"})
'''
PYPROJECT = """
[build-system]
requires = []
build-backend = "own_backend"
backend-path = ["."]
[project]
name = "own_probe"
version = "1.0"
"""


class PackageSources(EngineTest):
    engines = ("docker-28", "podman-5")
    whole_engine = True  # environments are the engine's

    def setUp(self):
        super().setUp()
        self.wheels = self.folder / "wheels"
        self.wheels.mkdir()
        gateway = Gateway(self.engine.name)  # for the image's missing pip
        self.addCleanup(gateway.close)
        self.environment.update(gateway.variables, no_proxy="127.0.0.1,localhost", NO_PROXY="127.0.0.1,localhost")
        self.before = self.environments()
        self.addCleanup(lambda: [self.engine.remove_image(name) for name in self.environments() - self.before])

    def environments(self):
        return {name for image in self.engine.get("/images/json") for name in image.get("RepoTags") or []
                if "berth/env:" in name}

    def index(self, **credentials):
        index = PackageIndex(self.engine.name, self.wheels, **credentials)
        self.addCleanup(index.close)
        return index

    def python(self, code, *options, **more):
        return self.run_in("--network", "host", *options, "python3", "-c", code, image=PYTHON, timeout=240, **more)

    def write(self, name, content):
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content))

    def write_own_package(self, folder="."):
        self.write(f"{folder}/pyproject.toml", PYPROJECT)
        self.write(f"{folder}/own_backend.py", BACKEND)
        self.write(f"{folder}/own_probe.py", "WORD = 'first'\n")

    def saved(self, result):
        """Everything that is kept of an environment or shown of its build."""
        names = self.environments() - self.before
        kept = result.stdout + result.stderr
        for name in names:
            for path in (f"/images/{name}/get", f"/images/{name}/json", f"/images/{name}/history"):
                status, body = self.engine.request("GET", path)
                self.assertEqual(status, 200, path)
                kept += body
        for path in (self.home / ".local").rglob("*"):
            kept += path.read_bytes() if path.is_file() else b""
        self.assertTrue(names)
        return kept

    def assert_no_password_in(self, kept):
        for source, password in PASSWORDS.items():
            self.assertNotIn(password.encode(), kept, f"the password of {source}")

    def test_passwords_of_every_source_reach_pip_and_stay_nowhere(self):
        for name in ("berth_probe", "berth_conf", "netrc_probe"):
            write_wheel(self.wheels, name)
        by_url = self.index(user="me", password=PASSWORDS["url"])
        by_conf = self.index(user="me", password=PASSWORDS["pip.conf"])
        by_netrc = self.index(user="me", password=PASSWORDS["netrc"])
        by_variable = self.index(user="me", password=PASSWORDS["variable"])
        (self.home / ".pip").mkdir()
        (self.home / ".pip/pip.conf").write_text(
            f"[global]\nindex-url = {by_conf.url_with('me', PASSWORDS['pip.conf'])}\n")
        (self.home / ".netrc").write_text(f"machine localhost login me password {PASSWORDS['netrc']}\n")
        proxied = self.environment["http_proxy"].replace("://", f"://me:{PASSWORDS['proxy']}@")
        self.environment.update({name: proxied for name in ("http_proxy", "https_proxy")})
        self.environment["INDEX_PASSWORD"] = PASSWORDS["variable"]
        self.write("requirements.txt", f"""\
            --extra-index-url {by_url.url_with("me", PASSWORDS["url"])}
            --extra-index-url {by_variable.url_with("me", "${INDEX_PASSWORD}")}
            berth_probe
            berth_conf
            netrc_probe @ http://localhost:{by_netrc.port}/files/netrc_probe-1.0-py3-none-any.whl
            """)
        result = self.python("import berth_probe, berth_conf, netrc_probe; print('all there')")
        self.assert_ended(result, 0, stdout=b"all there\n")
        for index in (by_url, by_conf, by_netrc, by_variable):
            self.assertTrue(index.requests)
        self.assert_no_password_in(self.saved(result))

    def test_a_password_is_not_shown_when_a_build_fails(self):
        index = self.index(user="me", password="another")
        result = self.python("", "--pip", f"--index-url {index.url_with('me', PASSWORDS['url'])}", "--pip", "nothing")
        self.assertNotEqual(result.returncode, 0)
        kept = result.stdout + result.stderr
        for path in (self.home / ".local").rglob("*"):
            kept += path.read_bytes() if path.is_file() else b""
        self.assert_no_password_in(kept)

    def test_a_local_wheel_and_a_folder_are_installed_and_a_change_of_them_is_seen(self):
        write_wheel(self.project)
        self.write_own_package("lib")
        self.write("requirements.txt", "./berth_probe-1.0-py3-none-any.whl\n./lib\n")
        show = "import berth_probe, own_probe; print(berth_probe.VERSION, own_probe.WORD)"
        self.assert_ended(self.python(show), 0, stdout=b"1.0 first\n")
        self.write("lib/own_probe.py", "WORD = 'second'\n")
        self.assert_ended(self.python(show), 0, stdout=b"1.0 second\n")

    def test_an_editable_project_is_what_it_is_at_the_time_of_the_run(self):
        self.write_own_package()
        self.write("requirements.txt", "-e .\n")
        show = "import os; os.chdir('/'); import own_probe; print(own_probe.WORD, own_probe.__file__)"
        self.assert_ended(self.python(show), 0, stdout=b"first /workspace/own_probe.py\n")
        before = self.environments()
        self.write("own_probe.py", "WORD = 'second'\n")
        self.assert_ended(self.python(show), 0, stdout=b"second /workspace/own_probe.py\n")
        self.assertEqual(self.environments(), before)
        self.assertNotIn(b"WORD = 'first'", self.saved(self.python("")))

    def test_a_local_file_that_is_not_there_is_refused_with_its_line(self):
        self.write("requirements.txt", "# ours\n./no.whl\n")
        self.assert_refused(self.python(""), 125, "requirements.txt:2", "no.whl` is not there")
