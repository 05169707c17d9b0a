"""--dry-run shows what would be done, and does none of it."""

import json
import shutil
import subprocess

from harness import BUSYBOX, EngineTest


class DryRun(EngineTest):
    whole_engine = True

    def test_a_dry_run_creates_nothing(self):
        before = len(self.engine.get("/images/json", all="1")), self.engine.volumes()
        for form in ("--dry-run", "--dry-run=docker"):
            result = self.run_in(form, "-v", "/scratch", "touch", "made", image="127.0.0.1:5000/berth-test/absent:1")
            self.assert_ended(result, 0)
            self.assertEqual(self.engine.containers(self.label), [])
        self.assertEqual((len(self.engine.get("/images/json", all="1")), self.engine.volumes()), before)
        self.assertEqual(list(self.project.iterdir()), [])
        self.assertEqual(list(self.home.iterdir()), [])

    def test_the_plan_names_image_command_and_request(self):
        result = self.run_in("--dry-run", "echo", "a b")
        self.assert_ended(result, 0)
        for word in (BUSYBOX, "a b", "/workspace", "HostConfig"):
            self.assertIn(word.encode(), result.stdout)

    def test_the_plan_as_json_is_one_document(self):
        result = self.berth("--json", *self.run_arguments("--dry-run", "true"))
        self.assert_ended(result, 0)
        self.assertEqual(json.loads(result.stdout)["schema"], "berth/plan/1")

    def test_the_docker_command_does_the_same_as_printed(self):
        self.assertTrue(shutil.which("docker"), "the docker command is missing: scripts/setup installs it")
        script = 'echo "$GREETING"; pwd; id -u; df -k /dev/shm | tail -1; ulimit -l; echo "it\'s \\"quoted\\""; exit 7'
        arguments = ["-e", "GREETING=a 'quoted' $word", "-v", f"{self.folder}:/data:ro", "sh", "-c", script]
        printed = self.run_in("--dry-run=docker", *arguments)
        self.assert_ended(printed, 0)
        by_berth = self.run_in(*arguments)
        by_docker = subprocess.run(["sh", "-c", printed.stdout], cwd=self.project, env=self.environment,
                                   stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        self.assert_ended(by_berth, 7)
        self.assert_ended(by_docker, 7, stdout=by_berth.stdout, stderr=by_berth.stderr)
