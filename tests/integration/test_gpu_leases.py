"""Free GPUs: chosen, held for the run, and given back, on machines whose NVML is pretended.

The engine's GPUs are pretended as well; with driver "nvidia" it passes on any UUID, so that a machine may have eight.
"""

import json
import os
import pathlib
import signal
import subprocess

import harness
from harness import BUSYBOX, EngineTest

UUID = "GPU-00000000-0000-0000-0000-{:012}".format
NVML = pathlib.Path(harness.BERTH).resolve().parent / "tests/fake_nvml/libnvidia-ml.so.1"


class LeaseTest(EngineTest):
    whole_engine = True  # runs on the engine count as holders
    engines = ("docker-20",)
    gpus = 8

    def setUp(self):
        super().setUp()
        self.leases = self.folder / "leases"
        self.leases.mkdir()
        self.leases.chmod(0o1777)
        self.machine = self.folder / "machine"
        self.machine.write_text("gpu\n" * self.gpus)
        self.environment.update(BERTH_NVML=str(NVML), FAKE_NVML_LAYOUT=str(self.machine), BERTH_LEASES=str(self.leases))

    def words(self, gpus, *words):
        return ["run", "--image", BUSYBOX, "--gpus", gpus, "--label", self.label, *words]

    def start_holder(self, gpus="free:1", *options, **popen):
        """A run that prints its GPUs and holds them until its input ends."""
        return self.start(*self.words(gpus, *options, "sh", "-c", "echo $NVIDIA_VISIBLE_DEVICES; cat"),
                          stdin=subprocess.PIPE, **popen)

    def told(self, process):
        """Its GPUs, or None where it was refused."""
        line = process.stdout.readline().decode().strip()
        return line or None

    def finish(self, process):
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)

    def seen(self):
        result = self.berth("gpus", "--json")
        self.assert_ended(result, 0)
        return json.loads(result.stdout)

    def held(self):
        return [gpu["uuid"] for gpu in self.seen()["gpus"] if gpu["held_by"]]


class Leases(LeaseTest):
    def test_ten_runs_of_two_users_at_once_get_the_eight_gpus_and_two_are_refused(self):
        runs = [self.start_holder(stranger=number % 2 == 1) for number in range(10)]
        told = [self.told(run) for run in runs]
        given = sorted(gpu for gpu in told if gpu)
        self.assertEqual(given, [UUID(index) for index in range(8)], told)
        self.assertEqual(len({gpu["held_by"]["uid"] for gpu in self.seen()["gpus"]}), 2)
        for run, gpu in zip(runs, told):
            if gpu:
                self.finish(run)
            else:
                self.assertEqual(run.wait(20), 125)
                self.assertIn(b"1 free GPU is asked for, and 0 are free", run.stderr.read())
        self.assertEqual(self.held(), [])

    def test_runs_of_several_gpus_at_once_share_none(self):
        runs = [self.start_holder("free:2") for _ in range(4)]
        told = [self.told(run) for run in runs]
        self.assertEqual(sorted(",".join(map(str, told)).split(",")), [UUID(index) for index in range(8)])
        for run in runs:
            self.finish(run)


class OneGpu(LeaseTest):
    gpus = 1

    def test_a_refusal_names_the_holder_and_how_to_wait(self):
        holder = self.start_holder("free:1", "--name", f"held-{self.label[-8:]}")
        self.assertEqual(self.told(holder), UUID(0))
        refused = self.berth(*self.words("free:1", "true"))
        self.assert_refused(refused, 125, "0 are free", f"held-{self.label[-8:]}", str(holder.pid), "--wait 2h")
        self.finish(holder)
        self.assert_ended(self.berth(*self.words("free:1", "true")), 0)

    def test_who_waits_gets_the_gpu_when_it_is_given_back_the_first_first(self):
        holder = self.start_holder()
        self.assertEqual(self.told(holder), UUID(0))
        waiting = []
        for name in ("first", "second"):
            waiting.append(self.start_holder("free:1", "--wait", "60s"))
            self.wait_until(lambda: len(self.seen()["waiting"]) == len(waiting), f"the {name} waits")
        refused = self.berth(*self.words("free:1", "true"))
        self.assert_refused(refused, 125, "2 runs are in front")
        self.finish(holder)
        self.assertEqual(self.told(waiting[0]), UUID(0))
        self.assertEqual(len(self.seen()["waiting"]), 1)
        self.finish(waiting[0])
        self.assertEqual(self.told(waiting[1]), UUID(0))
        self.finish(waiting[1])
        self.assertIn(b"waiting for 1 free GPU", waiting[1].stderr.read())

    def test_an_interrupt_leaves_the_queue(self):
        holder = self.start_holder()
        self.told(holder)
        waiting = self.start_holder("free:1", "--wait", "0")
        self.wait_until(lambda: self.seen()["waiting"], "it waits")
        self.assertEqual(self.send(waiting, signal.SIGINT), 130)
        self.assertEqual(self.seen()["waiting"], [])
        self.finish(holder)

    def test_the_wait_ends_with_125_and_who_holds_what(self):
        holder = self.start_holder()
        self.told(holder)
        result = self.berth(*self.words("free:1", "--wait", "1s", "true"))
        self.assert_refused(result, 125, "held by", "`--wait` was 1 s")
        self.finish(holder)

    def test_a_wait_that_would_end_in_an_error_is_not_begun(self):
        holder = self.start_holder()
        self.told(holder)
        result = self.berth("run", "-f", "torch==0.0.1", "--gpus", "free:1", "--wait", "0", "true")
        self.assert_ended(result, 125)
        self.assertNotIn(b"waiting for", result.stderr)
        self.finish(holder)

    def test_a_killed_berth_gives_its_gpu_back_when_the_container_is_gone(self):
        stubborn = "trap '' TERM; echo ready; while :; do sleep 1; done"
        holder = self.start(*self.words("free:1", "sh", "-c", stubborn))
        self.told(holder)
        holder.kill()
        holder.wait()
        self.assertEqual(self.held(), [UUID(0)])  # the command still runs
        self.assert_refused(self.berth(*self.words("free:1", "true")), 125, "0 are free")
        self.wait_until(lambda: not self.held(), "the GPU is given back", self.patience)
        self.assertEqual(self.engine.containers(self.label), [])

    def test_a_run_that_names_its_gpu_keeps_free_away_and_is_not_kept_away(self):
        holder = self.start_holder("device=0")
        self.told(holder)
        self.assert_refused(self.berth(*self.words("free:1", "true")), 125, "0 are free")
        self.assert_ended(self.berth(*self.words("all", "true")), 0)
        self.finish(holder)
        alone = self.start_holder("free:1")
        self.told(alone)
        shared = self.berth(*self.words("all", "true"))
        self.assert_ended(shared, 0)
        self.assertIn(b"shares GPUs that others hold for themselves: GPU 0 by", shared.stderr)
        self.finish(alone)

    def test_a_lock_that_its_owner_has_closed_is_held_by_the_owner_and_blocks_no_other_gpu(self):
        lock = self.leases / f"berth-gpu-{UUID(0)}.lock"
        lock.touch(mode=0o600)
        refused = self.berth(*self.words("free:1", "true"), stranger=True)
        self.assert_refused(refused, 125, "root, who has closed the lock's file to others")
        self.machine.write_text("gpu\n" * 2)
        self.assert_ended(self.berth(*self.words("free:1", "true"), stranger=True), 0)

    def test_a_run_that_asks_for_no_gpu_in_particular_holds_none(self):
        holder = self.start_holder("auto")
        self.assertEqual(self.told(holder), "all")
        self.assert_ended(self.berth(*self.words("free:1", "true")), 0)
        self.finish(holder)

    def test_the_record_names_the_gpus_by_uuid(self):
        record = self.folder / "record.json"
        self.assert_ended(self.berth(*self.words("free:1", "--result", str(record), "true")), 0)
        self.assertEqual([gpu["uuid"] for gpu in json.loads(record.read_text())["gpus"]], [UUID(0)])


class Detached(LeaseTest):
    engines = ("docker-28", "podman-5")
    gpus = 1

    def start_detached(self):
        result = self.berth(*self.words("free:1", "-d", "sleep", "600"))
        self.assert_ended(result, 0)
        return result.stdout.decode().strip()

    def stop(self, container):
        self.engine.request("DELETE", f"/containers/{container}", force="1")

    def test_a_detached_run_holds_its_gpu_until_it_ends(self):
        container = self.start_detached()
        self.assertEqual(self.held(), [UUID(0)])
        self.assert_refused(self.berth(*self.words("free:1", "true")), 125, "0 are free")
        self.stop(container)
        self.wait_until(lambda: not self.held(), "the GPU is given back")
        self.assert_ended(self.berth(*self.words("free:1", "true")), 0)

    def test_a_detached_run_counts_as_a_holder_when_its_guard_has_been_killed(self):
        container = self.start_detached()
        lock = next(self.leases.glob("berth-gpu-GPU-*"))
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                opened = {os.readlink(fd) for fd in (process / "fd").iterdir()}
            except OSError:
                continue
            if str(lock) in opened:
                os.kill(int(process.name), signal.SIGKILL)
        self.wait_until(lambda: not self.held(), "the lock is gone")
        self.assert_refused(self.berth(*self.words("free:1", "true")), 125, "used by the run")
        self.stop(container)


class ByCdi(LeaseTest):
    engines = ("docker-28", "podman-5")
    gpus = 2

    def test_the_gpu_chosen_is_the_one_that_arrives(self):
        self.machine.write_text("gpu ecc=1\ngpu\n")
        result = self.berth(*self.words("free:1", "sh", "-c", "echo 0=${FAKE_GPU_0-} 1=${FAKE_GPU_1-}"))
        self.assert_ended(result, 0, stdout=b"0= 1=yes\n")
