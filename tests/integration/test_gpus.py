"""GPUs, on engines whose two GPUs are pretended: what arrives in the container is real."""

import re

from harness import BUSYBOX, EngineTest

SHOW = 'echo "nvidia=${NVIDIA_VISIBLE_DEVICES-} 0=${FAKE_GPU_0-} 1=${FAKE_GPU_1-}"'


class GpuTest(EngineTest):
    whole_engine = True

    def on_gpus(self, gpus, *words, image=BUSYBOX):
        return self.berth("run", "--image", image, "--gpus", gpus, "--label", self.label, *words)

    def seen(self, gpus):
        result = self.on_gpus(gpus, "sh", "-c", SHOW)
        self.assert_ended(result, 0)
        return dict(pair.split("=") for pair in result.stdout.decode().split())


class NvidiaDriver(GpuTest):
    engines = ("docker-20",)

    def test_one_gpu_by_index_is_that_gpu_alone(self):
        self.assertEqual(self.seen("device=1")["nvidia"], "1")

    def test_two_gpus_by_index_need_no_double_quoting(self):
        self.assertEqual(self.seen("device=0,1")["nvidia"], "0,1")

    def test_all_gpus_are_asked_for(self):
        self.assertEqual(self.seen("all")["nvidia"], "all")


class Cdi(GpuTest):
    engines = ("docker-28", "podman-5")

    def test_one_gpu_by_index_is_that_gpu_alone_through_cdi(self):
        self.assertEqual(self.seen("device=1"), {"nvidia": "void", "0": "", "1": "yes"})

    def test_two_gpus_by_index_arrive_through_cdi(self):
        self.assertEqual(self.seen("device=0,1"), {"nvidia": "void", "0": "yes", "1": "yes"})

    def test_all_gpus_arrive_through_cdi(self):
        self.assertEqual(self.seen("all"), {"nvidia": "void", "0": "yes", "1": "yes"})

    def test_a_gpu_by_uuid_arrives_through_cdi(self):
        self.assertEqual(self.seen("device=GPU-00000000-0000-0000-0000-000000000001"),
                         {"nvidia": "void", "0": "", "1": "yes"})

    def test_a_gpu_that_is_not_there_is_125(self):
        self.assert_refused(self.on_gpus("device=7", "true"), 125, "7")


class WithGpus(GpuTest):
    def test_a_gpu_that_could_not_be_checked_is_a_warning(self):
        result = self.on_gpus("device=1", "true")
        self.assert_ended(result, 0, stdout=b"")
        self.assertRegex(result.stderr.decode(), re.compile("^warning: .*driver", re.MULTILINE))

    def test_none_attaches_no_gpu(self):
        self.assertEqual(self.seen("none"), {"nvidia": "", "0": "", "1": ""})

    def test_on_a_machine_without_gpus_auto_runs_on_the_cpu_and_says_so_in_one_line(self):
        result = self.on_gpus("auto", "sh", "-c", SHOW)
        self.assert_ended(result, 0, stdout=b"nvidia= 0= 1=\n")
        self.assertEqual(result.stderr.count(b"CPU"), 1, result.stderr)


class WithoutGpuSupport(GpuTest):
    engines = ("docker-20-no-gpu",)

    def test_gpus_are_refused_with_a_remedy_before_anything_is_pulled(self):
        image = "127.0.0.1:5000/berth-test/never-pulled:1"
        result = self.on_gpus("all", "true", image=image)
        self.assert_refused(result, 125, "GPU", "hint: ", "nvidia-ctk")
        self.assertNotIn("pulling", result.stderr.decode().lower())
        self.assertNotIn("manifest", result.stderr.decode().lower())

    def test_the_refusal_leaves_nothing_on_the_engine(self):
        def everything():
            return (sorted(c["Id"] for c in self.engine.get("/containers/json", all="1")),
                    sorted(i["Id"] for i in self.engine.get("/images/json", all="1")))
        before = everything()
        self.on_gpus("device=0", "true")
        self.assertEqual(everything(), before)

    def test_a_run_on_the_cpu_works(self):
        self.assert_ended(self.on_gpus("none", "echo", "ran"), 0, stdout=b"ran\n")
        self.assert_ended(self.on_gpus("auto", "echo", "ran"), 0, stdout=b"ran\n")
