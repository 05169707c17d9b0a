"""The doctor, on sockets that behave so and on real engines: what it says, its exit code, and that it leaves nothing."""

import http.server
import json
import os
import signal
import socket
import socketserver
import threading
import time
import unittest

from harness import STRANGER, BerthTest, EngineTest


class OldEngine(http.server.BaseHTTPRequestHandler):
    """Answers as an engine of another age would: API, clock and name are the server's."""

    def do_GET(self):
        path = self.path.split("?")[0]
        body = b"OK"
        if path.endswith("/version"):
            body = json.dumps({"Version": "99.1", "ApiVersion": self.server.api, "Arch": "amd64"}).encode()
        elif path.endswith("/info"):
            body = json.dumps({"SystemTime": self.server.clock, "DockerRootDir": "/nowhere", "Runtimes": {"nvidia": {}},
                               "OperatingSystem": self.server.system}).encode()
        self.send_response(200)
        self.send_header("Api-Version", self.server.api)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def address_string(self):
        return "unix"


class OldEngineServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class DoctorTest(BerthTest):
    def findings(self, *arguments, code=None, **options):
        result = self.berth("doctor", "--json", *arguments, **options)
        if code is not None:
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return {finding["code"]: finding for finding in json.loads(result.stdout)["findings"]}

    def assert_problem(self, finding):
        self.assertEqual(finding["status"], "problem", finding)
        self.assertTrue(finding["cause"] and finding["remedy"], finding)


class WithoutEngine(DoctorTest):
    def on_engine(self, api, seconds_ahead=0, system="Linux"):
        path = self.folder / "engine.sock"
        server = OldEngineServer(str(path), OldEngine)
        server.api, server.system = api, system
        server.clock = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds_ahead))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.environment["DOCKER_HOST"] = f"unix://{path}"

    def test_an_address_that_leads_nowhere_is_4_and_all_else_is_examined(self):
        findings = self.findings(code=4)
        self.assert_problem(findings["engine-reachable"])
        self.assertIn("DOCKER_HOST", findings["engine-reachable"]["remedy"][-1])
        self.assertIn("shm-default", findings)

    def test_a_socket_that_nobody_listens_on_is_named(self):
        path = self.folder / "dead.sock"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
        findings = self.findings(code=4, env={"DOCKER_HOST": f"unix://{path}"})
        self.assert_problem(findings["engine-socket-dead"])
        self.assertIn(str(path), findings["engine-socket-dead"]["message"])

    @unittest.skipUnless(os.geteuid() == 0, "only root can become a stranger")
    def test_a_socket_of_a_group_that_one_is_not_in_names_the_group(self):
        path = self.folder / "closed.sock"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen()
            os.chown(path, 0, 4)  # adm, on every distribution
            path.chmod(0o660)
            findings = self.findings(code=4, stranger=True, env={"DOCKER_HOST": f"unix://{path}"})
        self.assert_problem(findings["engine-permission"])
        self.assertIn("group `adm`", findings["engine-permission"]["cause"])
        self.assertIn("usermod -aG adm", findings["engine-permission"]["remedy"][0])

    def test_an_engine_that_is_too_old_is_a_problem(self):
        self.on_engine("1.39")
        self.assert_problem(self.findings(code=1)["engine-version"])

    def test_an_engine_newer_than_the_tested_ones_is_a_note(self):
        self.on_engine("1.99")
        finding = self.findings()["engine-version"]
        self.assertEqual(finding["status"], "note")
        self.assertIn("1.99", finding["message"])

    def test_a_clock_that_is_wrong_by_an_hour_is_a_problem(self):
        self.on_engine("1.51", seconds_ahead=3600)
        self.assert_problem(self.findings(code=1)["clock-skew"])

    def test_docker_desktop_is_recognised(self):
        self.on_engine("1.51", system="Docker Desktop")
        self.assertIn("docker-desktop", self.findings())

    def test_a_proxy_of_the_shell_that_the_engine_lacks_is_noted_without_its_secret(self):
        self.on_engine("1.51")
        result = self.berth("doctor", env={"HTTPS_PROXY": "http://me:secret@proxy:3128"})
        self.assertIn(b"engine-proxy", result.stdout)
        self.assertNotIn(b"secret", result.stdout + result.stderr)

    def test_facts_and_trial_runs_exclude_each_other(self):
        self.assert_refused(self.berth("doctor", "--facts", "--deep"), 2)


class EngineDoctorTest(DoctorTest, EngineTest):
    whole_engine = True

    def images(self):
        return sorted(image["Id"] for image in self.engine.get("/images/json", all="1"))

    def everything(self):
        # Not those of other tests, which run beside this one or are still being taken down.
        containers = sorted(container["Id"] for container in self.engine.get("/containers/json", all="1")
                            if "berth-test" not in container["Labels"])
        return containers, self.images(), sorted(os.listdir(self.project))


class OnAnEngine(EngineDoctorTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_a_trial_run_shows_what_works_and_leaves_nothing(self):
        before = self.everything()
        findings = self.findings("--deep", stranger=True)
        self.assertEqual(findings["deep-run"]["status"], "ok", findings["deep-run"])
        caller = f"{STRANGER}:{STRANGER}" if os.geteuid() == 0 else f"{os.getuid()}:{os.getgid()}"
        self.assertIn(caller, findings["deep-run"]["message"])
        self.assertEqual(findings["deep-mount"]["status"], "ok", findings["deep-mount"])
        self.assertIn("deep-network", findings)
        self.assertEqual(self.everything(), before)


class Facts(EngineDoctorTest):
    engines = ("docker-28",)

    def test_the_facts_of_a_machine_decide_as_the_machine_does(self):
        facts = self.berth("doctor", "--facts")
        self.assert_ended(facts, 0)
        (self.project / "host.json").write_bytes(facts.stdout)
        here = self.berth("resolve", "--json", "torch==2.3.1")
        there = self.berth("resolve", "--json", "--host", "host.json", "torch==2.3.1")
        self.assertEqual((here.returncode, there.returncode), (0, 0), here.stderr + there.stderr)
        self.assertEqual(json.loads(here.stdout)["image"], json.loads(there.stdout)["image"])


class WithGpus(EngineDoctorTest):
    engines = ("docker-28", "podman-5")

    def test_pretended_gpus_arrive_and_what_they_lack_is_found(self):
        findings = self.findings("--deep", code=1)
        self.assert_problem(findings["deep-gpu"])
        self.assertIn("/dev/nvidia0, /dev/nvidia1", findings["deep-gpu"]["message"])
        self.assertIn("/dev/nvidiactl", findings["deep-gpu"]["message"])
        self.assert_problem(findings["deep-gpu-library"])


class Interrupted(EngineDoctorTest):
    engines = ("docker-28",)

    def test_an_interrupted_trial_leaves_nothing(self):
        before = self.everything()
        process = self.start("doctor", "--deep")
        while self.images() == before[1] and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.everything(), before)


if __name__ == "__main__":
    unittest.main()
