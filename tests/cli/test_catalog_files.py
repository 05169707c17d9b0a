#!/usr/bin/env python3
"""`berth catalog update` and `diff`, with the repository's own files as the catalogue that is offered.

BERTH names the binary. The server is one on loopback that can be made to lie.
"""

import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
BERTH = pathlib.Path(os.environ["BERTH"]).resolve()


def checksums(folder):
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(folder.glob("*.json"))]
    (folder / "catalog.sha256").write_text("".join(lines))


class Server:
    """Serves a folder; `answers` replaces the answer for a name by (status, body, promised length[, location])."""

    def __init__(self, folder):
        self.answers = {}
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=str(folder))

            def do_GET(self):
                answer = outer.answers.get(self.path.rsplit("/", 1)[-1])
                if answer is None:
                    return super().do_GET()
                status, body, length, *location = answer
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                for url in location:
                    self.send_header("Location", url)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class CatalogueTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-catalogue-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.offered = self.folder / "offered"
        shutil.copytree(DATA, self.offered)
        self.set_date("torch.json", "2031-01-02")
        checksums(self.offered)
        self.installed = self.folder / "data/berth/catalog"

    def set_date(self, name, date):
        file = self.offered / name
        file.write_text(re.sub(r'"updated": "[^"]*"', f'"updated": "{date}"', file.read_text(), count=1))

    def start(self, *words):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder / "data"),
                       "DOCKER_HOST": "unix:///nonexistent/docker.sock", "BERTH_CATALOG_MAX_AGE": "0",
                       **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
        return subprocess.Popen([BERTH, *words], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def berth(self, *words):
        process = self.start(*words)
        output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def version(self):
        return json.loads(self.berth("version", "--json").stdout)["catalog"]

    def serve(self):
        server = Server(self.offered)
        self.addCleanup(server.close)
        return server

    def assert_refused(self, source, pattern):
        before = self.version()
        result = self.berth("catalog", "update", "--from", source)
        self.assertEqual(result.returncode, 1, result)
        self.assertRegex(result.stderr, pattern)
        self.assertEqual(self.version(), before)


class Update(CatalogueTest):
    def test_the_catalogue_of_a_folder_is_used_from_then_on_and_reset_takes_it_back(self):
        embedded = self.version()
        result = self.berth("catalog", "update", "--from", str(self.offered))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.version(), "2031-01-02")
        self.assertIn(str(self.installed), self.berth("version").stdout)
        self.assertEqual(self.berth("catalog", "update", "--reset").returncode, 0)
        self.assertEqual(self.version(), embedded)

    def test_the_catalogue_of_a_server_is_used_from_then_on(self):
        result = self.berth("catalog", "update", "--from", self.serve().url)
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(self.version(), "2031-01-02")

    def test_a_second_update_replaces_the_first_and_leaves_nothing_of_it(self):
        self.berth("catalog", "update", "--from", str(self.offered))
        self.set_date("torch.json", "2032-03-04")
        checksums(self.offered)
        self.berth("catalog", "update", "--from", f"file://{self.offered}")
        self.assertEqual(self.version(), "2032-03-04")
        self.assertEqual(len(list((self.folder / "data/berth/catalogs").iterdir())), 1)

    def test_a_catalogue_that_is_not_newer_is_left_where_it_is(self):
        self.set_date("torch.json", "2020-01-02")
        checksums(self.offered)
        result = self.berth("catalog", "update", "--from", str(self.offered))
        self.assertEqual(result.returncode, 0)
        self.assertIn("nothing is installed", result.stdout)
        self.assertFalse(self.installed.exists())

    def test_an_installed_catalogue_that_broke_is_told_and_the_embedded_one_is_used(self):
        embedded = self.version()
        self.berth("catalog", "update", "--from", str(self.offered))
        (self.installed / "torch.json").write_text("{")
        result = self.berth("version", "--json")
        self.assertEqual(json.loads(result.stdout)["catalog"], embedded)
        self.assertIn("is broken, so berth's own is used", result.stderr)

    def test_a_file_that_is_not_what_the_index_says_is_refused(self):
        server = self.serve()
        body = (self.offered / "torch.json").read_bytes().replace(b"cu121", b"cu999")
        server.answers["torch.json"] = (200, body, len(body))
        self.assert_refused(server.url, r"`torch\.json` is not the file that `catalog\.sha256` names")

    def test_a_transfer_that_breaks_off_is_refused(self):
        server = self.serve()
        body = (self.offered / "torch.json").read_bytes()
        server.answers["torch.json"] = (200, body[:1000], len(body))
        self.assert_refused(server.url, r"cannot fetch `http://127\.0\.0\.1:\d+/torch\.json`")

    def test_a_page_instead_of_an_index_is_refused(self):
        server = self.serve()
        body = b"<!doctype html>\n<title>Sign in</title>\n"
        server.answers["catalog.sha256"] = (200, body, len(body))
        self.assert_refused(server.url, r"`catalog\.sha256` is no list of checksums")

    def test_a_server_that_has_no_index_or_fails_is_refused(self):
        server = self.serve()
        server.answers["catalog.sha256"] = (404, b"", 0)
        self.assert_refused(server.url, r"nothing is at `http://")
        server.answers["catalog.sha256"] = (503, b"", 0)
        self.assert_refused(server.url, r"the server answers with 503")
        self.assert_refused("http://127.0.0.1:1/", r"cannot fetch")

    def test_a_file_beyond_all_measure_is_refused(self):
        server = self.serve()
        body = b"0" * (65 << 10)
        server.answers["catalog.sha256"] = (200, body, len(body))
        self.assert_refused(server.url, r"catalog\.sha256`: the answer is longer than 64\.0 KiB")

    def test_an_interrupt_ends_the_wait_for_a_server_that_is_silent(self):
        before = self.version()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            process = self.start("catalog", "update", "--from", url)
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                process.send_signal(signal.SIGINT)
                _, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("nothing is installed", errors)
        self.assertEqual(self.version(), before)

    def test_a_redirection_is_followed_and_one_to_another_protocol_is_not(self):
        server = self.serve()
        index = (self.offered / "catalog.sha256").read_bytes()
        (self.offered / "moved").write_bytes(index)
        server.answers["catalog.sha256"] = (302, b"", 0, f"{server.url}moved")
        self.assertEqual(self.berth("catalog", "update", "--from", server.url).returncode, 0)
        self.assertEqual(self.version(), "2031-01-02")
        server.answers["catalog.sha256"] = (302, b"", 0, f"file://{self.offered}/catalog.sha256")
        self.assert_refused(server.url, r"its answer is not to be used")

    def test_an_index_cannot_lead_out_of_its_folder(self):
        (self.offered / "catalog.sha256").write_text("0" * 64 + "  ../secret.json\n")
        self.assert_refused(str(self.offered), r"is no list of checksums")

    def test_a_catalogue_with_mistakes_is_refused(self):
        file = self.offered / "torch.json"
        file.write_text(file.read_text().replace('"cudnn"', '"cudn"', 1))
        checksums(self.offered)
        self.assert_refused(str(self.offered), r"unknown key `cudn`")

    def test_a_catalogue_that_lacks_a_kind_of_facts_is_refused(self):
        (self.offered / "gpus.json").unlink()
        checksums(self.offered)
        self.assert_refused(str(self.offered), r"has no file of the kind `gpus`")


class Diff(CatalogueTest):
    def test_rows_that_came_went_and_changed_are_told_by_name(self):
        file = self.offered / "gpus.json"
        document = json.loads(file.read_text())
        gone = document["models"].pop(0)["name"]
        document["models"][0]["capability"] = "9.9"
        changed = document["models"][0]["name"]
        document["models"].append({"name": "GeForce RTX 9990", "capability": "12.0", "source": "cuda-gpus"})
        file.write_text(json.dumps(document))
        lines = self.berth("catalog", "diff", str(self.offered)).stdout.splitlines()
        self.assertEqual(lines[0], f"- gpus.json: models {gone}")
        self.assertRegex(lines[1], rf"^~ gpus\.json: models {re.escape(changed)}  capability: \S+ -> 9\.9$")
        self.assertEqual(lines[2:], ["+ gpus.json: models GeForce RTX 9990"])

    def test_rows_in_another_order_are_no_difference(self):
        file = self.offered / "gpus.json"
        document = json.loads(file.read_text())
        document["models"].reverse()
        file.write_text(json.dumps(document))
        result = self.berth("catalog", "diff", str(self.offered))
        self.assertEqual((result.returncode, result.stdout), (0, ""))


class NewRelease(CatalogueTest):
    """The recipe of docs/catalog.md, done in a copy."""

    def test_the_check_names_what_a_new_release_still_lacks_and_it_resolves_when_it_is_complete(self):
        torch = self.offered / "torch.json"
        document = json.loads(torch.read_text())
        source = document["releases"][0]["source"]
        document["releases"].insert(0, {"version": "99.1.0", "python_min": "3.10", "source": source})
        torch.write_text(json.dumps(document))
        findings = self.berth("catalog", "check", str(self.offered)).stdout
        self.assertIn("torch 99.1.0 has no build for a CUDA [release-without-build]", findings)
        self.assertIn("torch 99.1.0 has no official image [release-without-image]", findings)

        document["builds"].insert(0, {"release": "99.1.0", "name": "cu126", "cuda": "12.6", "sm": "80 86 90",
                                      "default": True, "source": source})
        torch.write_text(json.dumps(document))
        images = self.offered / "images-pytorch.json"
        document = json.loads(images.read_text())
        document["images"].insert(0, {
            "tag": "99.1.0-cuda12.6-cudnn9-runtime", "frameworks": {"torch": "99.1.0"}, "flavor": "runtime",
            "cuda": "12.6", "cudnn": "9", "evidence": "listed", "source": document["images"][0]["source"]})
        images.write_text(json.dumps(document))
        result = self.berth("catalog", "check", str(self.offered))
        self.assertEqual(result.returncode, 0)
        self.assertNotIn("99.1.0", result.stdout)
        result = self.berth("--catalog", str(self.offered), "resolve", "torch==99.1.0", "--driver", "580", "--gpu",
                            "A100", "-q")
        self.assertEqual(result.stdout, "pytorch/pytorch:99.1.0-cuda12.6-cudnn9-runtime\n")


if __name__ == "__main__":
    unittest.main()
