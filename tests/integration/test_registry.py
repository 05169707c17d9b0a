"""The image itself is asked: registries that answer, want proof, have other platforms, are slow, cut or lying."""

import base64
import hashlib
import json
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

from fake_registry import FakeRegistry, Image, digest_of, index_of
from harness import ENGINES_DIR, BerthTest, EngineTest

REQUIRE = "NVIDIA_REQUIRE_CUDA=cuda>=12.8 brand=tesla,driver>=535,driver<536 brand=nvidia,driver>=535,driver<536"


class RegistryTest(BerthTest):
    def setUp(self):
        super().setUp()
        self.registry = self.new_registry()
        self.image = f"{self.registry.host}/lab/image:1"
        self.manifest_path = "/v2/lab/image/manifests/1"

    def new_registry(self):
        registry = FakeRegistry()
        self.addCleanup(registry.close)
        return registry

    def check(self, *options, image=None, **more):
        return self.berth("resolve", "--check", "--image", image or self.image, *options, **more)

    def facts(self, *options, **more):
        result = self.check("--json", *options, **more)
        self.assert_ended(result, 0)
        document = json.loads(result.stdout)
        return document["image_facts"], document

    def assert_not_asked(self, *words, seconds=20, **more):
        """The catalogue alone decides, soon; the exit code is that of any decision."""
        began = time.monotonic()
        facts, document = self.facts(**more)
        self.assertLess(time.monotonic() - began, seconds)
        self.assertIsNone(facts)
        warning = [text for text in document["warnings"] if "the catalogue alone decided" in text]
        self.assertEqual(len(warning), 1, document["warnings"])
        for word in words:
            self.assertIn(word, warning[0])


class Answers(RegistryTest):
    def test_the_image_is_known_before_the_pull(self):
        image = Image(["CUDA_VERSION=12.8.1", "PATH=/bin"], layers=(3 << 20, 1 << 20))
        self.registry.add(image, tag="1")
        facts, document = self.facts()
        self.assertEqual(facts["digest"], image.digest)
        self.assertEqual(facts["platform_digest"], image.digest)
        self.assertEqual(facts["id"], digest_of(image.config))
        self.assertEqual(facts["download_bytes"], 4 << 20)
        self.assertEqual(facts["architectures"], ["amd64"])
        self.assertEqual(facts["from"], "registry")
        self.assertEqual(document["cuda"], "12.8")
        self.assertIn("4.0 MiB", self.check("--explain").stdout.decode())

    def test_of_several_platforms_that_of_the_machine_is_taken(self):
        amd, arm = Image(architecture="amd64"), Image(architecture="arm64", layers=(7,))
        index = index_of(arm, amd)
        for image in (amd, arm):
            self.registry.add(image)
        self.registry.answers[self.manifest_path] = index
        facts, _ = self.facts()
        self.assertEqual(facts["digest"], digest_of(index))
        self.assertEqual(facts["platform_digest"], amd.digest)
        self.assertEqual(facts["architectures"], ["amd64", "arm64"])

    def test_an_image_for_other_processors_alone_is_refused_with_those(self):
        arm = Image(architecture="arm64")
        self.registry.add(arm)
        self.registry.answers[self.manifest_path] = index_of(arm)
        self.assert_refused(self.check(), 1, "not there for linux/amd64", "linux/arm64")
        self.registry.add(arm, tag="2")  # without an index
        self.assert_refused(self.check(image=self.image[:-1] + "2"), 1, "not there for linux/amd64")

    def test_a_tag_that_is_not_there_is_refused(self):
        result = self.check()
        self.assert_refused(result, 1, "the registry has no image", self.image)
        self.assertIn("berth catalog images", result.stderr.decode())

    def test_the_old_form_of_manifests_is_refused_with_a_sentence(self):
        self.registry.answers[self.manifest_path] = b'{"schemaVersion": 1, "name": "lab/image", "fsLayers": []}'
        self.assert_refused(self.check(), 1, "schema 1")

    def test_an_image_of_windows_is_refused_with_its_platform(self):
        self.registry.add(Image(system="windows"), tag="1")
        self.assert_refused(self.check(), 1, "is not there for linux/amd64", "windows/amd64")

    def test_what_an_image_says_reaches_no_terminal_raw(self):
        escapes = "\x1b[2J\x1b]0;x\x07"
        self.registry.add(Image([f"NVIDIA_REQUIRE_CUDA=cuda>=99{escapes}", f"NVIDIA_REQUIRE_{escapes}=driver>=999",
                                 f"CUDA_VERSION=12.4{escapes}", f"NV_CUDA_LIB_VERSION={escapes}"],
                                labels={escapes: escapes}), tag="1")
        for option in ((), ("--explain",), ("--json",)):
            result = self.check(*option, "--driver", "535.104.05", "--gpu", "RTX 3090")
            self.assertNotIn(b"\x1b", result.stdout + result.stderr)
            self.assertNotIn(b"\x07", result.stdout + result.stderr)

    def test_what_the_image_demands_of_the_driver_is_told(self):
        self.registry.add(Image([REQUIRE, "CUDA_VERSION=12.8.1"]), tag="1")
        _, document = self.facts("--driver", "551.78", "--gpu", "RTX 4090")
        told = " ".join(document["warnings"])
        self.assertIn("`cuda>=12.8`", told)
        self.assertIn("-e NVIDIA_DISABLE_REQUIRE=1", told)
        for driver, gpu in (("570.86", "RTX 4090"), ("535.104.05", "Tesla T4")):
            _, document = self.facts("--driver", driver, "--gpu", gpu)
            self.assertNotIn("NVIDIA_DISABLE_REQUIRE", " ".join(document["warnings"]))

    def test_without_check_no_registry_is_asked(self):
        self.assert_ended(self.berth("resolve", "--image", self.image, "-q"), 0)
        self.assertEqual(self.registry.requests, [])


class Cache(RegistryTest):
    def setUp(self):
        super().setUp()
        self.environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        self.cache = self.folder / "cache" / "berth" / "images"
        self.registry.add(Image(["A=1"]), tag="1")

    def test_what_has_a_digest_is_asked_for_once(self):
        first, _ = self.facts()
        asked = len(self.registry.requests)
        second, _ = self.facts()
        self.assertEqual({**second, "from": "registry"}, first)
        self.assertEqual([one[0] for one in self.registry.requests[asked:]], ["HEAD"])
        by_digest, _ = self.facts(image=f"{self.registry.host}/lab/image@{first['digest']}")
        self.assertEqual(by_digest["from"], "cache")

    def test_a_tag_that_was_moved_is_seen(self):
        self.facts()
        moved = Image(["A=2"])
        self.registry.add(moved, tag="1")
        self.assertEqual(self.facts()[0]["digest"], moved.digest)

    def test_damaged_files_are_replaced(self):
        first, _ = self.facts()
        for file in self.cache.iterdir():
            file.write_bytes(b"\xff" * 100)
        self.assertEqual(self.facts()[0], first)
        names = {file.name for file in self.cache.glob("sha256-*")}
        self.assertEqual(names, {"sha256-" + hashlib.sha256(file.read_bytes()).hexdigest()
                                 for file in self.cache.glob("sha256-*")})

    def test_a_cache_that_cannot_be_written_costs_nothing(self):
        self.environment["XDG_CACHE_HOME"] = "/proc/nothing"
        self.assertEqual(self.facts()[0]["from"], "registry")


class Credentials(RegistryTest):
    def setUp(self):
        super().setUp()
        self.image_documents = Image()
        self.registry.add(self.image_documents, tag="1")
        self.documents = dict(self.registry.answers)

    def log_in(self, host, **entry):
        folder = self.home / ".docker"
        folder.mkdir(exist_ok=True)
        auth = base64.b64encode(b"me:secret").decode()
        (folder / "config.json").write_text(json.dumps({"auths": {host: entry or {"auth": auth}}}))

    def guard(self, expected, challenge):
        """Every document needs this Authorization."""
        for path, body in self.documents.items():
            def answer(handler, body=body):
                if handler.headers.get("Authorization") == expected:
                    handler.reply(200, body)
                else:
                    handler.reply_error(401, "UNAUTHORIZED", WWW_Authenticate=challenge)
            self.registry.answers[path] = answer

    def test_a_token_is_fetched_without_credentials_where_none_are_configured(self):
        self.guard("Bearer abc", f'Bearer realm="http://{self.registry.host}/token",service="lab",scope="x"')
        self.registry.answers["/token"] = b'{"token": "abc"}'
        self.assertEqual(self.facts()[0]["digest"], self.image_documents.digest)
        self.assertEqual(self.registry.asked("GET", "/token?service=lab&scope=repository%3Alab%2Fimage%3Apull"), 1)
        self.assertNotIn("Authorization", [h for m, p, h in self.registry.requests if p.startswith("/token")][0])

    def test_dockers_credentials_buy_the_token(self):
        self.log_in(self.registry.host)
        self.guard("Bearer abc", f'Bearer realm="http://{self.registry.host}/token",service="lab"')
        expected = "Basic " + base64.b64encode(b"me:secret").decode()

        def token(handler):
            if handler.headers.get("Authorization") == expected:
                handler.reply(200, b'{"access_token": "abc"}')
            else:
                handler.reply_error(401, "UNAUTHORIZED")
        self.registry.answers["/token"] = token
        self.assertEqual(self.facts()[0]["digest"], self.image_documents.digest)

    def test_an_identity_token_is_exchanged(self):
        self.log_in(self.registry.host, identitytoken="id/en+tity", auth=base64.b64encode(b"<token>:").decode())
        self.guard("Bearer abc", f'Bearer realm="http://{self.registry.host}/token",service="lab"')
        bodies = []

        def token(handler):
            bodies.append(handler.rfile.read(int(handler.headers["Content-Length"])).decode())
            handler.reply(200, b'{"access_token": "abc"}')
        self.registry.answers["/token"] = token
        self.assertEqual(self.facts()[0]["digest"], self.image_documents.digest)
        self.assertIn("refresh_token=id%2Fen%2Btity", bodies[0])

    def test_a_name_and_a_password_are_enough_where_the_registry_says_so(self):
        self.log_in(self.registry.host)
        self.guard("Basic " + base64.b64encode(b"me:secret").decode(), 'Basic realm="lab"')
        self.assertEqual(self.facts()[0]["digest"], self.image_documents.digest)

    def test_who_has_no_access_is_told_that_nobody_was_asked(self):
        self.guard("Basic nobody", 'Basic realm="lab"')
        self.assert_not_asked("refuses access")

    def test_a_redirect_to_another_host_does_not_get_the_credentials(self):
        self.log_in(self.registry.host)
        basic = "Basic " + base64.b64encode(b"me:secret").decode()
        self.guard(basic, 'Basic realm="lab"')
        other = self.new_registry()
        config = f"/v2/lab/image/blobs/{digest_of(self.image_documents.config)}"
        self.registry.answers[config] = lambda handler: handler.reply(
            307, b"", Location=f"http://{other.host}/stored?signature=1")
        other.answers["/stored"] = self.image_documents.config
        self.assertEqual(self.facts()[0]["digest"], self.image_documents.digest)
        self.assertEqual(len(other.requests), 1)
        self.assertNotIn("Authorization", other.requests[0][2])

    def test_redirects_without_end_are_left(self):
        self.registry.answers[self.manifest_path] = lambda handler: handler.reply(
            307, b"", Location=self.manifest_path)
        self.assert_not_asked("not to be used")
        self.assertLess(len(self.registry.requests), 10)

    def test_a_token_server_of_another_kind_is_not_asked(self):
        for realm in ("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x"):
            self.guard("Bearer abc", f'Bearer realm="{realm}"')
            self.assert_not_asked("no safe address")


class Faults(RegistryTest):
    """Lying, cut and slow. No run waits for longer than ten seconds, and nothing wrong is believed."""

    def setUp(self):
        super().setUp()
        self.image_documents = Image(["A=1"])
        self.registry.add(self.image_documents, tag="1")
        self.config_path = f"/v2/lab/image/blobs/{digest_of(self.image_documents.config)}"

    def answer_raw(self, path, *pieces, pause=0.0):
        def answer(handler):
            handler.close_connection = True
            try:
                for piece in pieces:
                    handler.wfile.write(piece)
                    handler.wfile.flush()
                    time.sleep(pause)
            except OSError:
                pass
        self.registry.answers[path] = answer

    def test_a_registry_that_is_not_there(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        self.assert_not_asked(f"127.0.0.1:{port}", image=f"127.0.0.1:{port}/lab/image:1", seconds=8)

    def test_a_wrong_digest_is_not_believed(self):
        self.registry.answers[self.config_path] = Image(["EVIL=1"]).config
        self.assert_not_asked("not to be used")
        self.assertEqual(list(self.home.glob(f".cache/**/sha256-{digest_of(Image(['EVIL=1']).config)[7:]}")), [])

    def test_a_tag_with_a_wrong_digest_in_its_header(self):
        body = self.image_documents.manifest
        self.registry.answers[self.manifest_path] = lambda handler: handler.reply(
            200, body, Docker_Content_Digest="sha256:" + "0" * 64)
        self.assert_not_asked("not to be used")

    def test_a_page_of_html_with_status_200(self):
        self.registry.answers[self.manifest_path] = b"<html><body>Please log in to the guest network</body></html>"
        self.assert_not_asked("is not JSON")

    def test_a_page_of_html_with_status_404_is_no_verdict(self):
        self.registry.answers[self.manifest_path] = lambda handler: handler.reply(404, b"<html>nothing</html>")
        self.assert_not_asked("not to be used")

    def test_an_answer_without_end(self):
        piece = b" " * (1 << 20)
        self.answer_raw(self.manifest_path, b"HTTP/1.1 200 OK\r\n\r\n", *[piece] * 12)
        self.assert_not_asked("longer than 4.0 MiB")

    def test_a_length_that_is_not_kept(self):
        body = self.image_documents.manifest
        self.answer_raw(self.manifest_path, b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + body)
        self.assert_not_asked("the connection broke")

    def test_an_answer_that_is_no_http(self):
        self.answer_raw(self.manifest_path, b"SSH-2.0-OpenSSH_9.2\r\n")
        self.assert_not_asked("not to be used")

    def test_a_status_that_says_nothing(self):
        for status, word in ((500, "status 500"), (429, "rate limit"), (403, "refuses access")):
            self.registry.answers[self.manifest_path] = lambda handler, status=status: handler.reply_error(status, "X")
            result = self.check("--json")
            self.assertIn("the catalogue alone decided", result.stdout.decode())
            if status != 500:
                self.assertIn(word, result.stdout.decode())

    def test_a_registry_that_drips(self):
        self.answer_raw(self.manifest_path, b"HTTP/1.1 200 OK\r\n", *[b"X-A: 1\r\n"] * 200, pause=0.2)
        self.assert_not_asked("too long to answer", seconds=16)

    def test_an_index_of_indexes_and_other_strange_documents(self):
        inner = index_of(self.image_documents)
        self.registry.answers[f"/v2/lab/image/manifests/{digest_of(inner)}"] = inner
        outer = json.loads(inner)
        outer["manifests"][0]["digest"] = digest_of(inner)
        self.registry.answers[self.manifest_path] = json.dumps(outer).encode()
        self.assert_not_asked("not to be used")
        both = {**json.loads(self.image_documents.manifest), "manifests": []}
        self.registry.answers[self.manifest_path] = json.dumps(both).encode()
        self.assert_not_asked("not what was expected")


class Withdrawn(RegistryTest):
    """A tag of the catalogue that its registry no longer has: the next one is taken, aloud."""

    def setUp(self):
        super().setUp()
        catalog = self.folder / "catalog"
        catalog.mkdir()
        rows = [{"tag": tag, "frameworks": {"torch": "2.3.1"}, "cuda": "12.1", "cudnn": "8", "python": "3.10",
                 "flavor": "runtime", "evidence": "listed", "source": "lab"} for tag in ("2.3.1-new", "2.3.1-newer")]
        (catalog / "images-pytorch.json").write_text(json.dumps({
            "kind": "images", "updated": "2026-11-25", "sources": {"lab": "our own"}, "publisher": "official",
            "repository": f"{self.registry.host}/lab/torch", "architectures": ["amd64"], "images": rows}))
        self.words = ["resolve", "torch==2.3.1", "--driver", "535.104.05", "--gpu", "RTX 3090", "--catalog", catalog]

    def test_the_next_image_is_taken_and_the_run_is_told(self):
        first = self.berth(*self.words, "-q").stdout.decode().strip()
        tags = {f"{self.registry.host}/lab/torch:{tag}" for tag in ("2.3.1-new", "2.3.1-newer")}
        self.assertIn(first, tags)
        (second,) = tags - {first}
        self.registry.add(Image(), name="lab/torch", tag=second.rpartition(":")[2])
        result = self.berth(*self.words, "--check", "--json")
        self.assert_ended(result, 0)
        document = json.loads(result.stdout)
        self.assertEqual(document["image"], second)
        self.assertIn(first, " ".join(document["warnings"]))

    def test_it_ends_where_every_tag_is_gone(self):
        result = self.berth(*self.words, "--check")
        self.assertIn(result.returncode, (0, 1, 3))
        self.assertLessEqual(len(self.registry.requests), 8)


class RealRegistry(RegistryTest):
    """Distribution's own registry, with a password, and an image of two platforms pushed to it."""

    engines = ("docker-28",)  # it is among the engines' tools; no engine is used

    def setUp(self):
        super().setUp()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.host = f"127.0.0.1:{free.getsockname()[1]}"
        # me:secret; the registry knows bcrypt alone
        (self.folder / "users").write_text("me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n")
        (self.folder / "registry.yml").write_text(json.dumps({
            "version": 0.1, "log": {"level": "error"}, "http": {"addr": self.host},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}},
            "auth": {"htpasswd": {"realm": "lab", "path": str(self.folder / "users")}}}))
        program = pathlib.Path(ENGINES_DIR) / "tools/usr/bin/docker-registry"
        server = subprocess.Popen([program, "serve", self.folder / "registry.yml"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait, 20)
        self.addCleanup(server.terminate)
        self.wait_for_registry()

    def call(self, method, path, body=None, media_type="application/octet-stream"):
        address = path if path.startswith("http") else f"http://{self.host}{path}"
        request = urllib.request.Request(address, data=body, method=method, headers={"Content-Type": media_type})
        request.add_header("Authorization", "Basic " + base64.b64encode(b"me:secret").decode())
        return urllib.request.urlopen(request, timeout=20)

    def wait_for_registry(self):
        for _ in range(200):
            try:
                return self.call("GET", "/v2/").close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        self.fail("the registry did not start")

    def push(self, *images):
        for image in images:
            blobs = [image.config] + [b"layer %d" % i for i in range(2)]
            for blob in blobs:
                with self.call("POST", "/v2/lab/image/blobs/uploads/", b"") as upload:
                    place = upload.headers["Location"]
                separator = "&" if "?" in place else "?"
                self.call("PUT", f"{place}{separator}digest={digest_of(blob)}", blob).close()
            self.call("PUT", f"/v2/lab/image/manifests/{image.digest}", image.manifest,
                      "application/vnd.oci.image.manifest.v1+json").close()
        index = json.loads(index_of(*images))
        index["manifests"].pop()  # the registry checks that all of them are there
        body = json.dumps(index).encode()
        self.call("PUT", "/v2/lab/image/manifests/1", body, "application/vnd.oci.image.index.v1+json").close()
        return body

    def test_it_is_asked_with_dockers_credentials(self):
        layers = tuple(len(b"layer %d" % i) for i in range(2))
        amd, arm = Image(layers=layers), Image(architecture="arm64", layers=layers)
        index = self.push(amd, arm)
        image = f"{self.host}/lab/image:1"
        self.assert_not_asked("refuses access", image=image)
        folder = self.home / ".docker"
        folder.mkdir()
        auth = base64.b64encode(b"me:secret").decode()
        (folder / "config.json").write_text(json.dumps({"auths": {self.host: {"auth": auth}}}))
        facts, _ = self.facts(image=image)
        self.assertEqual(facts["digest"], digest_of(index))
        self.assertEqual(facts["platform_digest"], amd.digest)
        self.assertEqual(facts["architectures"], ["amd64", "arm64"])
        self.assertEqual(facts["download_bytes"], sum(layers))
        self.assert_refused(self.check(image=image[:-1] + "2"), 1, "the registry has no image")


class Locks(RegistryTest):
    """`berth lock` where no engine has the image."""

    def lock(self, *options, image=None):
        result = self.berth("lock", "--gpus", "none", "--image", image or self.image, *options)
        self.assert_ended(result, 0)
        return json.loads((self.project / "berth.lock").read_text())["digest"], result.stderr.decode()

    def test_the_digest_is_that_of_the_index_which_an_engine_pulls_by(self):
        amd, arm = Image(architecture="amd64"), Image(architecture="arm64", layers=(7,))
        index = index_of(arm, amd)
        for image in (amd, arm):
            self.registry.add(image)
        self.registry.answers[self.manifest_path] = index
        digest, said = self.lock()
        self.assertEqual(digest, digest_of(index))
        self.assertNotIn("digest", said)

    def test_a_lock_without_a_digest_gets_it_later(self):
        self.registry.add(Image(), tag="1")
        digest, said = self.lock("--offline")
        self.assertIsNone(digest)
        self.assertIn("no registry is asked", said)
        self.assertEqual(self.registry.requests, [])
        digest, _ = self.lock()
        self.assertEqual(digest, Image().digest)

    def test_a_tag_that_the_registry_does_not_have_is_locked_alone_and_said(self):
        digest, said = self.lock()
        self.assertIsNone(digest)
        self.assertIn("the registry has no image", said)


class Runs(EngineTest):
    """`run` asks before the pull, and only then. The registry is on this machine's loopback, not on the engine's."""

    def setUp(self):
        super().setUp()
        self.registry = FakeRegistry()
        self.addCleanup(self.registry.close)
        self.image = f"{self.registry.host}/lab/image:1"

    def run_image(self, *options):
        return self.berth("run", "-l", self.label, "--image", self.image, *options, "true")

    def test_what_the_registry_does_not_have_is_not_pulled(self):
        self.assert_refused(self.run_image(), 125, "the registry has no image", self.image)

    def test_offline_asks_nobody(self):
        self.assert_ended(self.run_image("--offline"), 125)
        self.assertEqual(self.registry.requests, [])

    def test_a_dry_run_and_a_run_that_must_not_pull_ask_nobody(self):
        self.assert_ended(self.run_image("--dry-run"), 0)
        self.assert_refused(self.run_image("--pull", "never"), 125, "--pull never")
        self.assertEqual(self.registry.requests, [])

    def test_an_image_that_is_too_large_for_the_disk_is_not_pulled(self):
        self.registry.add(Image(layers=(1 << 49,)), tag="1")
        self.assert_refused(self.run_image(), 125, "no room", "512.0 TiB")
