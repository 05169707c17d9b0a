"""Bad days: clients, engines, connections and disks that fail in the middle of a run. docs/faults.md has the table.

After each: the documented exit code, one clear error, and no container, process or file left behind.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time

from faults import COUNT, SLEEP, STUBBORN, FaultTest, ProxyTest
from harness import BERTH


class Client(FaultTest):
    def test_a_killed_client_takes_its_container_with_it(self):
        process = self.start_shell(SLEEP)
        process.kill()
        self.assert_gone()

    def test_a_killed_client_takes_a_container_that_ignores_signals_with_it(self):
        process = self.start_shell(STUBBORN)
        process.kill()
        self.assert_gone()

    def test_a_process_group_that_is_killed_takes_its_container_with_it(self):
        process = self.start_shell(SLEEP, start_new_session=True)
        os.killpg(process.pid, signal.SIGKILL)
        self.assert_gone()

    def test_a_client_killed_at_any_moment_leaves_nothing(self):
        for delay in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4):
            with self.subTest(delay=delay):
                process = self.start(*self.run_arguments("sleep", "100"))
                time.sleep(delay)
                process.kill()
                self.wait_until(lambda: not self.processes(), "no process is left", 15)
                self.assert_gone()

    def test_a_hangup_is_the_commands(self):
        process = self.start_shell(SLEEP)
        self.assertEqual(self.send(process, signal.SIGHUP), 129)
        self.assert_gone()

    def test_a_hangup_leaves_nothing_of_a_command_that_ignores_it(self):
        process = self.start_shell(STUBBORN)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        self.assertTrue(self.running())
        process.kill()
        self.assert_gone()

    def test_a_termination_is_the_commands(self):
        process = self.start_shell(SLEEP)
        self.assertEqual(self.send(process, signal.SIGTERM), 143)
        self.assert_gone()

    def test_a_stderr_that_nobody_reads_any_more_ends_the_run_with_141(self):
        process = self.start_shell("echo ready; while :; do echo y >&2; sleep 0.01; done")
        process.stderr.close()
        self.assertEqual(process.wait(20), 141)
        self.assert_gone()

    def test_streams_that_are_closed_from_the_start_do_no_harm(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed=closed):
                command = [BERTH, *self.run_arguments("sh", "-c", "exit 7")]
                result = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *command], cwd=self.project,
                                        env=self.environment, capture_output=True, timeout=60)
                self.assert_ended(result, 7, stdout=b"", stderr=b"")

    def test_a_full_disk_under_stdout_is_125_and_said(self):
        with open("/dev/full", "wb") as full:
            result = self.shell("while :; do echo y; done", stdout=full)
        self.assertEqual(result.returncode, 125, result)
        self.assertRegex(result.stderr, b"(?m)^error: .*standard output.*[Nn]o space")


class Keep(FaultTest):
    engines = ("docker-28", "podman-5")

    def test_a_killed_client_leaves_a_run_that_is_to_be_kept(self):
        process = self.start(*self.run_arguments("--keep", "sh", "-c", SLEEP))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        process.kill()
        time.sleep(10)
        self.assertEqual(len(self.running()), 1)
        self.engine.request("DELETE", f"/containers/{self.running()[0]['Id']}", force="1")


class Refusals(ProxyTest):
    """The engine refuses a call."""

    def assert_all_refused(self, call, statuses=(404, 409, 500)):
        for status in statuses:
            with self.subTest(status=status):
                self.proxy.answer(call, status, "the sky fell down")
                self.assert_refused(self.run_in("sleep", "5"), 125, "the sky fell down")
                self.assert_gone()

    def test_a_refused_create_is_125(self):
        self.assert_all_refused("POST .*/containers/create")

    def test_a_refused_attach_is_125(self):
        self.assert_all_refused("POST .*/attach")

    def test_a_refused_wait_is_125(self):
        self.assert_all_refused("POST .*/wait")

    def test_a_refused_start_is_125(self):
        self.assert_all_refused("POST .*/start")

    def test_a_refused_signal_changes_nothing(self):
        for status in (404, 409, 500):
            self.proxy.answer("POST .*/kill", status, "the sky fell down")
            process = self.start_shell("echo ready; sleep 1; echo done; exit 7")
            process.send_signal(signal.SIGUSR1)
            self.assert_ended(self.finish(process), 7, stdout=b"done\n", stderr=b"")

    def test_an_error_in_the_answer_to_wait_is_125(self):
        body = json.dumps({"StatusCode": 0, "Error": {"Message": "the sky fell down"}}).encode()
        self.proxy.answer("POST .*/wait", 200, body)
        self.assert_refused(self.run_in("sleep", "5"), 125, "the sky fell down")

    def test_answers_that_are_no_json_are_125(self):
        for call in ("GET .*/version", "GET .*/info", "POST .*/containers/create", "POST .*/wait"):
            with self.subTest(call=call):
                self.proxy.answer(call, 200, b"<html>It works!</html>")
                result = self.run_in("sleep", "1")
                if self.proxy.called(call):
                    self.assertIn(result.returncode, (0, 125), result)
                    self.assertNotIn(b"html", result.stdout)


class Frames(ProxyTest):
    """The stream between the first and the last byte."""

    engines = ("docker-20", "docker-28")

    def test_a_frame_that_is_cut_is_no_end_of_the_command(self):
        self.proxy.cut("POST .*/attach", after=8 + 6 + 8 + 3)  # `ready\n`, then a part of the next frame
        process = self.start(*self.run_arguments("sh", "-c", COUNT.format(200)))
        result = self.finish(process)
        self.assert_lost(result)
        self.assertTrue(result.stdout.startswith(b"ready\n"), result.stdout)

    def test_a_stream_that_is_cut_between_frames_is_no_end_of_the_command(self):
        self.proxy.cut("POST .*/attach", after=8 + 6)
        process = self.start(*self.run_arguments("sh", "-c", COUNT.format(200)))
        self.assert_lost(self.finish(process))

    def test_a_frame_of_an_unknown_kind_is_125(self):
        self.proxy.alter("POST .*/attach", lambda part: b"\x09" + part[1:])
        result = self.shell("echo hello; sleep 100")
        self.assert_refused(result, 125)

    def test_what_the_engine_says_in_the_stream_is_told(self):
        said = b"the sky fell down"
        self.proxy.alter("POST .*/attach", lambda part: b"\x03\0\0\0" + len(said).to_bytes(4, "big") + said)
        self.assert_refused(self.shell("echo hello; sleep 100"), 125, said.decode())

    def test_frames_in_pieces_of_one_byte_are_the_same(self):
        # What is passed on later is passed on with the next part.
        kept = bytearray()

        def delayed(part):
            kept.extend(part)
            passes = bytes(kept[:-1])
            del kept[:-1]
            return passes
        self.proxy.alter("POST .*/attach", delayed)
        result = self.shell("for i in 1 2 3 4 5; do echo $i; sleep 0.1; done")
        self.assertTrue(b"1\n2\n3\n4\n5\n".startswith(result.stdout), result)
        self.assertGreaterEqual(len(result.stdout), 8)


class Connection(ProxyTest):
    def test_a_connection_that_breaks_is_no_end_of_the_command(self):
        process = self.start_shell(COUNT.format(400))
        self.proxy.cut_all(refuse=True)
        time.sleep(1)
        self.proxy.accept_again()
        result = self.finish(process, 90)
        if result.returncode == 7:  # where the engine keeps the output, the run goes on
            self.assertEqual(result.stdout, b"".join(b"%d\n" % n for n in range(400)))
        else:
            self.assert_lost(result)
        self.assert_gone()

    def test_an_engine_that_stalls_loses_nothing(self):
        process = self.start_shell(COUNT.format(100))
        self.proxy.stall_all()
        time.sleep(3)
        self.proxy.go_on()
        self.assert_ended(self.finish(process), 7, stdout=b"".join(b"%d\n" % n for n in range(100)), stderr=b"")

    def test_three_interrupts_leave_an_engine_that_stalls(self):
        process = self.start_shell(SLEEP)
        self.proxy.stall_all()
        began = time.monotonic()
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        self.assertEqual(process.wait(20), 130)
        self.assertLess(time.monotonic() - began, 10)
        self.proxy.go_on()
        self.assert_gone()

    def test_a_time_limit_holds_while_the_engine_stalls(self):
        process = self.start(*self.run_arguments("--timeout", "3s", "sh", "-c", SLEEP))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.proxy.stall_all()
        time.sleep(5)
        self.proxy.go_on()
        self.assertEqual(self.finish(process).returncode, 124)
        self.assert_gone()


class Daemon(FaultTest):
    """Its daemon is killed; its containers live on until the next one ends them."""

    engines = ("docker-20-frail", "docker-28-frail")
    streams = "engine"
    whole_engine = True

    def test_a_daemon_that_is_killed_is_125_and_its_next_life_leaves_no_container(self):
        process = self.start_shell(COUNT.format(2000))
        self.engine.tool("kill")
        time.sleep(1)
        self.engine.tool("restart")
        self.assert_lost(self.finish(process, 90))
        self.assert_gone()

    def test_a_daemon_that_stays_away_is_125_soon(self):
        process = self.start_shell(SLEEP)
        self.engine.tool("kill")
        self.addCleanup(self.engine.tool, "restart")
        result = self.finish(process, 90)
        self.assert_lost(result)


class Supervised(FaultTest):
    """Past the engine: what only the supervisor can still do then."""

    engines = ("docker-20-frail", "docker-28-frail")
    whole_engine = True

    def test_a_daemon_that_is_killed_does_not_end_the_run(self):
        process = self.start_shell(COUNT.format(60))
        self.engine.tool("kill")
        result = self.finish(process, 90)
        self.engine.tool("restart")
        self.assert_ended(result, 7, stdout=b"".join(b"%d\n" % n for n in range(60)), stderr=b"")
        self.assert_gone(60)

    def test_a_signal_needs_no_daemon(self):
        process = self.start_shell("trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done")
        self.engine.tool("kill")
        process.send_signal(signal.SIGINT)
        result = self.finish(process, 20)
        self.engine.tool("restart")
        self.assert_ended(result, 9, stdout=b"caught\n")
        self.assert_gone(60)

    def kill_client_and_guard(self, process):
        for berth in self.processes():
            os.kill(int(berth), signal.SIGKILL)
        process.wait(10)

    def test_client_and_guard_killed_at_any_moment_of_the_start_leave_nothing_that_runs(self):
        for delay in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4):
            process = self.start(*self.run_arguments("sh", "-c", "while :; do sleep 1; done"))
            time.sleep(delay)
            self.kill_client_and_guard(process)
        self.wait_until(lambda: not self.running(), "nothing runs", 40)
        for container in self.engine.containers(self.label):  # made, and not started
            self.engine.request("DELETE", f"/containers/{container['Id']}", force="1")
        for folder in self.scratch.glob("berth-run-*"):  # nobody was left to remove it
            shutil.rmtree(folder)

    def test_a_command_ends_though_its_client_and_the_guard_were_killed(self):
        process = self.start_shell("echo ready; while :; do (sleep 1 &); sleep 0.3; done")
        self.kill_client_and_guard(process)
        self.assertEqual(len(self.running()), 1)  # nobody is left to end it but the supervisor
        self.assert_gone(30)


class LiveRestore(FaultTest):
    engines = ("docker-20-live-restore", "docker-28-live-restore")
    whole_engine = True

    def test_output_goes_on_after_the_daemon_was_killed_and_restarted(self):
        process = self.start_shell(COUNT.format(150))
        time.sleep(1)
        self.engine.tool("kill")
        time.sleep(1)
        self.engine.tool("restart")
        result = self.finish(process, 90)
        self.assert_ended(result, 7, stdout=b"".join(b"%d\n" % n for n in range(150)))
        self.assert_gone()

    def test_output_goes_on_after_two_orderly_restarts(self):
        process = self.start_shell(COUNT.format(500))  # outlasts both restarts
        for _ in range(2):
            time.sleep(0.5)
            self.engine.tool("restart")
        self.assert_ended(self.finish(process, 90), 7, stdout=b"".join(b"%d\n" % n for n in range(500)))
        self.assert_gone()

    def test_a_signal_reaches_the_command_after_a_restart(self):
        process = self.start_shell("trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.1; done")
        self.engine.tool("restart")
        time.sleep(3)
        process.send_signal(signal.SIGTERM)
        self.assert_ended(self.finish(process), 9, stdout=b"caught\n")

    def test_a_command_that_ends_while_the_daemon_is_away_is_told_from_a_success(self):
        process = self.start_shell("echo ready; sleep 2; echo last; exit 7")
        self.engine.tool("kill")
        time.sleep(4)
        self.engine.tool("restart")
        result = self.finish(process, 90)
        self.assert_lost(result)  # docker-20 knows the code, but neither the last output
        self.assert_gone()


class PodmanService(FaultTest):
    """Podman's containers need no daemon; its API is a service that may be restarted."""

    engines = ("podman-5-frail",)
    whole_engine = True

    def test_a_service_that_is_killed_and_restarted_is_no_end_of_the_command(self):
        process = self.start_shell(COUNT.format(150))
        self.engine.tool("kill")
        time.sleep(1)
        self.engine.tool("restart")
        result = self.finish(process, 90)
        if result.returncode == 7:
            self.assertEqual(result.stdout, b"".join(b"%d\n" % n for n in range(150)))
        else:
            self.assert_lost(result)
        self.assert_gone()


class Clock(FaultTest):
    """The machine's clock is set while a command runs."""

    engines = ("docker-28",)

    def run_while_the_clock_jumps(self, jump, *words):
        clock = self.folder / "clock"
        clock.write_text("+0")
        library = subprocess.run(["sh", "-c", "ls /usr/lib/*/faketime/libfaketime.so.1"], capture_output=True, check=True)
        process = self.start(*self.run_arguments(*words), env={
            "LD_PRELOAD": library.stdout.decode().split()[0], "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0"})
        began = time.monotonic()
        self.assertEqual(process.stdout.readline(), b"ready\n")
        clock.write_text(jump)
        result = self.finish(process)
        return result, time.monotonic() - began

    def test_a_clock_that_is_set_forward_does_not_end_a_run(self):
        result, _ = self.run_while_the_clock_jumps("+2d", "--timeout", "1h", "sh", "-c", "echo ready; sleep 2; exit 7")
        self.assertEqual(result.returncode, 7, result)

    def test_a_clock_that_is_set_back_does_not_put_off_a_time_limit(self):
        result, seconds = self.run_while_the_clock_jumps("-2d", "--timeout", "2s", "sh", "-c", SLEEP)
        self.assertEqual(result.returncode, 124, result)
        self.assertLess(seconds, 15)


class FullDisk(FaultTest):
    """The record of a run cannot be written: that is said, and changes nothing else."""

    engines = ("docker-28",)

    def setUp(self):
        super().setUp()
        self.full = self.folder / "full"
        self.full.mkdir()
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*as_root, "mount", "-t", "tmpfs", "-o", "size=16k,mode=777", "tmpfs", self.full], check=True)
        self.addCleanup(subprocess.run, [*as_root, "umount", self.full], check=True)
        (self.full / "filler").touch()
        with (self.full / "filler").open("wb", 0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass

    def run_loud(self, *words, **options):
        return self.berth(*self.run_arguments(*words)[1:], **options)

    def test_a_result_that_cannot_be_written_does_not_change_the_exit_code(self):
        result = self.run_loud("--result", self.full / "result.json", "sh", "-c", "echo out; exit 7")
        self.assert_ended(result, 7, stdout=b"out\n")
        self.assertRegex(result.stderr.decode(), re.compile(f"^(warning|error): .*{self.full}/result.json", re.MULTILINE))
        self.assertEqual([path.name for path in self.full.iterdir()], ["filler"])

    def test_a_record_that_cannot_be_kept_does_not_change_the_exit_code(self):
        result = self.run_loud("sh", "-c", "echo out; exit 7", env={"XDG_STATE_HOME": str(self.full)})
        self.assert_ended(result, 7, stdout=b"out\n")
        self.assertRegex(result.stderr.decode(), re.compile("^warning: .*record", re.MULTILINE))
        left = [path for path in self.full.rglob("*") if path.is_file() and path.name != "filler"]
        self.assertEqual(left, [])

    def test_a_result_file_in_a_folder_that_is_not_there_is_refused_before_the_run(self):
        missing = self.folder / "missing" / "result.json"
        self.assert_refused(self.run_in("--result", missing, "echo", "ran"), 125, str(missing))
