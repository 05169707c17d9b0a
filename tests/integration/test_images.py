"""Obtaining an image: pulls from the engines' own registry."""

from harness import REGISTRY_BUSYBOX, EngineTest


class Images(EngineTest):
    whole_engine = True

    def setUp(self):
        super().setUp()
        self.engine.remove_image(REGISTRY_BUSYBOX)

    def run_arguments(self, *words, **options):
        return super().run_arguments(*words, **options)[1:]  # not quiet

    def test_a_missing_image_is_pulled_with_progress_on_stderr_only(self):
        result = self.run_in("echo", "ran", image=REGISTRY_BUSYBOX)
        self.assert_ended(result, 0, stdout=b"ran\n")
        self.assertIn(REGISTRY_BUSYBOX.encode(), result.stderr)
        self.assertNotIn(b"\r", result.stderr)
        self.assertNotIn(b"\x1b", result.stderr)
        self.assertTrue(self.engine.has_image(REGISTRY_BUSYBOX))

    def test_an_image_that_is_there_is_not_pulled_again(self):
        self.assertIn(b"Digest", self.run_in("true", image=REGISTRY_BUSYBOX).stderr)
        again = self.run_in("true", image=REGISTRY_BUSYBOX)
        self.assert_ended(again, 0, stdout=b"")
        self.assertNotIn(b"Digest", again.stderr)

    def test_quiet_pulls_without_a_word(self):
        arguments = self.run_arguments("echo", "ran", image=REGISTRY_BUSYBOX)
        self.assert_ended(self.berth("-q", *arguments), 0, stdout=b"ran\n", stderr=b"")

    def test_pull_always_asks_the_registry(self):
        self.run_in("true", image=REGISTRY_BUSYBOX)
        result = self.run_in("--pull", "always", "echo", "ran", image=REGISTRY_BUSYBOX)
        self.assert_ended(result, 0, stdout=b"ran\n")
        self.assertIn(b"Digest", result.stderr)

    def test_pull_never_refuses_a_missing_image(self):
        result = self.run_in("--pull", "never", "true", image=REGISTRY_BUSYBOX)
        self.assert_refused(result, 125, REGISTRY_BUSYBOX, "hint: ")
        self.assertFalse(self.engine.has_image(REGISTRY_BUSYBOX))

    def test_an_image_that_the_registry_does_not_have_is_125(self):
        image = "127.0.0.1:5000/berth-test/absent:1"
        self.assert_refused(self.run_in("true", image=image), 125, image)

    def test_a_registry_that_is_not_there_is_125(self):
        image = "127.0.0.1:59999/berth-test/busybox:1"
        self.assert_refused(self.run_in("true", image=image), 125, image)

    def test_a_malformed_image_name_is_125(self):
        self.assert_refused(self.run_in("true", image="Not/A:Valid:Name"), 125, "Not/A:Valid:Name")
