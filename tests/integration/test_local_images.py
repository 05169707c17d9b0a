"""What is already here counts: the images that real engines list, under the names that each of them gives."""

import json

from harness import BUSYBOX, EngineTest

REPOSITORY = "tensorflow/tensorflow"
# No other test asks for this series. Newer than both is nothing of it.
OLDER, NEWER = "2.9.2-gpu", "2.9.3-gpu"
WANTED = "tensorflow>=2.9,<2.10"


class LocalImages(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")
    whole_engine = True

    def setUp(self):
        super().setUp()
        self.older = f"{REPOSITORY}:{OLDER}"
        status, body = self.engine.request("POST", f"/images/{BUSYBOX}/tag", repo=REPOSITORY, tag=OLDER)
        self.assertEqual(status, 201, body)
        self.addCleanup(self.engine.request, "DELETE", f"/images/{self.older}", noprune="1")

    def test_a_slightly_older_image_that_is_here_is_told_of_and_taken_where_preferred(self):
        usual = self.berth("resolve", WANTED)
        self.assert_ended(usual, 0)
        self.assertIn(f"{REPOSITORY}:{NEWER}", usual.stdout.decode())
        notes = [line for line in usual.stderr.decode().splitlines() if line.startswith("note: the engine has")]
        self.assertEqual(len(notes), 1, usual.stderr)
        self.assertIn(f"{self.older}, which would do (tensorflow 2.9.2 instead of 2.9.3)", notes[0])
        self.assertIn("`--prefer local` takes it", notes[0])
        self.assert_ended(self.berth("resolve", "-q", WANTED, "--prefer", "local"), 0, f"{self.older}\n".encode())

    def test_a_run_that_prefers_what_is_here_pulls_nothing(self):
        ran = self.berth("-q", "run", "--label", self.label, "-f", WANTED, "--prefer", "local", "--pull", "never",
                         "--gpus", "none", "echo", "ran")
        self.assert_ended(ran, 0, b"ran\n")

    def test_the_facts_of_the_machine_carry_the_images_of_the_catalogue_along(self):
        facts = self.berth("doctor", "--facts")
        self.assert_ended(facts, 0)
        names = [image["reference"] for image in json.loads(facts.stdout)["images"]]
        self.assertIn(self.older, names)
        self.assertNotIn(BUSYBOX, " ".join(names))
        (self.project / "host.json").write_bytes(facts.stdout)
        elsewhere = self.berth("resolve", "-q", WANTED, "--prefer", "local", "--host", "host.json",
                               env={"DOCKER_HOST": "unix:///nonexistent/docker.sock"})
        self.assert_ended(elsewhere, 0, f"{self.older}\n".encode())
