"""The lock on real engines: which image a run gets. What is decided and refused without one is in tests/cli/lock.test."""

import json

from harness import REGISTRY_BUSYBOX, EngineTest


class Lock(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")
    whole_engine = True

    def run_locked(self, *words):
        return self.berth("-q", "run", "--label", self.label, *words)

    def image_of(self, *options):
        """What a run on the lock asks the engine for."""
        plan = self.berth("--json", "run", "--dry-run", *options, "true")
        self.assert_ended(plan, 0)
        return json.loads(plan.stdout)["requests"][0]["body"]["Image"]

    def test_a_run_takes_the_locked_image_by_its_digest_and_locked_refuses_another(self):
        self.assert_ended(self.run_in("true", image=REGISTRY_BUSYBOX), 0)
        self.assert_ended(self.berth("-q", "lock", "--gpus", "none", "--image", REGISTRY_BUSYBOX), 0)
        lock = json.loads((self.project / "berth.lock").read_text())
        self.assertRegex(lock["digest"], "^sha256:[0-9a-f]{64}$")
        self.assertEqual(self.image_of(), REGISTRY_BUSYBOX + "@" + lock["digest"])
        self.assert_ended(self.run_locked("--locked", "echo", "ran"), 0, stdout=b"ran\n")
        self.engine.remove_image(REGISTRY_BUSYBOX)  # by digest it is pulled, too
        self.assert_ended(self.run_locked("echo", "again"), 0, stdout=b"again\n")
        refused = self.run_locked("--locked", "--image", "berth-test/busybox:1", "true")
        self.assert_refused(refused, 125, "berth.lock was made for other inputs",
                            "`berth-test/busybox:1` (--image) was")
