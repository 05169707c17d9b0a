"""Runs that are there already, found and managed by berth's own verbs."""

import calendar
import json
import os
import signal
import subprocess
import time
import uuid

from harness import BERTH, BUSYBOX, BerthTest, EngineTest, UnixConnection

def seconds(moment):
    """Since 1970, of an engine's time stamp."""
    return calendar.timegm(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S"))


COUNTING = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done"


class Managed(EngineTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def setUp(self):
        super().setUp()
        self.started = []

    def post(self, path, body=None):
        connection = UnixConnection(self.engine.socket)
        try:
            connection.request("POST", path, json.dumps(body or {}), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def name(self, word):
        """A name of this test's own."""
        return f"{word}-{self.label[-8:]}"

    def start_run(self, script, name="", job="", project=None, owner=None, ours=True, log_driver="json-file", **config):
        """A container as berth makes them; its id."""
        key, value = self.label.split("=")
        labels = {key: value}
        if ours:
            labels["org.berth.run"] = uuid.uuid4().hex
            labels["org.berth.owner"] = str(os.geteuid() if owner is None else owner)
            labels["org.berth.project"] = str(project or self.project)
        if job:
            labels["org.berth.job"] = job
        body = {
            "Image": BUSYBOX,
            "Cmd": ["sh", "-c", script],
            "Labels": labels,
            "HostConfig": {"LogConfig": {"Type": log_driver}, "Init": True},
            **config,
        }
        status, created = self.post("/containers/create" + (f"?name={name}" if name else ""), body)
        self.assertEqual(status, 201, created)
        self.addCleanup(self.engine.request, "DELETE", f"/containers/{created['Id']}", force="1", v="1")
        status, said = self.post(f"/containers/{created['Id']}/start")
        self.assertIn(status, (200, 204), said)
        return created["Id"]

    def state(self, identifier):
        return self.engine.get(f"/containers/{identifier}/json")["State"]

    def await_end(self, identifier):
        self.wait_until(lambda: not self.state(identifier)["Running"], "the run has ended")

    def document(self, *arguments, code=0):
        result = self.berth(*arguments)
        self.assert_ended(result, code)
        return json.loads(result.stdout)


class Listing(Managed):
    def test_the_list_has_running_runs_and_with_all_those_that_ended(self):
        running = self.start_run("sleep 100", self.name("runs"), job="train")
        time.sleep(1.1)  # Podman tells the order by whole seconds
        ended = self.start_run("exit 3", self.name("ended"))
        self.await_end(ended)
        items = {item["id"]: item for item in self.document("ps", "--json")["items"]}
        self.assertNotIn(ended, items)
        self.assertEqual(items[running]["name"], self.name("runs"))
        self.assertEqual(items[running]["job"], "train")
        self.assertEqual(items[running]["project"], str(self.project))
        everything = [item["id"] for item in self.document("ps", "--all", "--json")["items"]]
        self.assertIn(ended, everything)
        self.assertLess(everything.index(ended), everything.index(running), "newest first")

    def test_the_table_names_the_columns_and_quiet_gives_ids_alone(self):
        identifier = self.start_run("sleep 100", self.name("runs"), job="train")
        lines = self.berth("ps").stdout.decode().splitlines()
        self.assertEqual(lines[0].split(), "NAME ID JOB COMMAND STATUS STARTED PROJECT".split())
        self.assertTrue(any(self.name("runs") in line and identifier[:12] in line for line in lines))
        self.assertIn(identifier[:12], self.berth("ps", "-q").stdout.decode().split())

    def test_filters_leave_what_they_say(self):
        here = self.start_run("sleep 100", job="train")
        self.start_run("sleep 100", job="eval")
        self.start_run("sleep 100", job="train", project="/elsewhere")
        items = self.document("ps", "--json", "--filter", "job=train", "--filter", "project=.")["items"]
        self.assertEqual([item["id"] for item in items], [here])
        self.assert_refused(self.berth("ps", "--filter", "colour=red"), 2, "colour=red", "job=NAME")

    def test_what_is_not_berths_is_neither_listed_nor_touched(self):
        identifier = self.start_run("sleep 100", self.name("db"), ours=False)
        self.assertNotIn(identifier, [item["id"] for item in self.document("ps", "-a", "--json")["items"]])
        command = "podman" if self.engine.name.startswith("podman") else "docker"
        self.assert_refused(
            self.berth("stop", self.name("db")), 1, self.name("db"), f"`{command} stop {self.name('db')}`"
        )
        self.assertTrue(self.state(identifier)["Running"])

    def test_another_users_run_is_left_alone_unless_it_is_asked_for(self):
        identifier = self.start_run("sleep 100", self.name("theirs"), owner=54321)
        self.assertNotIn(identifier, [item["id"] for item in self.document("ps", "--json")["items"]])
        self.assert_refused(self.berth("kill", self.name("theirs")), 1, "54321", "--all-users")
        self.assertTrue(self.state(identifier)["Running"])
        self.assertIn(identifier, [item["id"] for item in self.document("ps", "--all-users", "--json")["items"]])
        self.assert_ended(self.berth("kill", "--all-users", self.name("theirs")), 0)
        self.await_end(identifier)

    def test_inspect_says_what_ran_how_it_ended_and_what_the_engine_knows(self):
        identifier = self.start_run("exit 3", self.name("three"), job="train")
        self.await_end(identifier)
        item = self.document("inspect", self.name("three"))["items"][0]
        self.assertEqual(item["id"], identifier)
        self.assertEqual(item["job"], "train")
        self.assertEqual(item["command"], ["sh", "-c", "exit 3"])
        self.assertEqual(item["state"]["exit_code"], 3)
        self.assertFalse(item["state"]["running"])
        self.assertLessEqual(seconds(item["state"]["started_at"]), seconds(item["state"]["finished_at"]))
        engines = self.document("inspect", "--engine-json", self.name("three"), identifier[:12])
        self.assertEqual([container["Id"] for container in engines], [identifier])

    def test_an_error_of_one_item_is_in_the_document_beside_the_others(self):
        self.start_run("sleep 100", self.name("one"))
        document = self.document("inspect", self.name("nun"), self.name("one"), code=1)
        self.assertEqual(document["schema"], "berth/inspect/1")
        self.assertEqual(document["items"][0]["error"]["code"], "run-not-found")
        self.assertIn(self.name("one"), " ".join(document["items"][0]["error"]["notes"]))
        self.assertIsNone(document["items"][1]["error"])


class Ending(Managed):
    def test_stop_ends_with_term_and_after_the_grace_with_kill(self):
        gentle = self.start_run("trap 'exit 7' TERM; while :; do sleep 0.1; done", self.name("gentle"))
        stubborn = self.start_run("trap '' TERM; while :; do sleep 0.1; done", self.name("stubborn"))
        result = self.berth("stop", "-t", "1", self.name("gentle"), self.name("stubborn"))
        self.assert_ended(result, 0, f"{self.name('gentle')}\n{self.name('stubborn')}\n".encode())
        self.assertEqual(self.state(gentle)["ExitCode"], 7)
        self.assertEqual(self.state(stubborn)["ExitCode"], 137)
        self.assert_ended(self.berth("stop", self.name("gentle")), 0)  # again: it has ended

    def test_stop_takes_another_signal(self):
        identifier = self.start_run("trap 'exit 8' INT; while :; do sleep 0.1; done", self.name("int"))
        self.assert_ended(self.berth("stop", "-s", "SIGINT", "-t", "10", self.name("int")), 0)
        self.assertEqual(self.state(identifier)["ExitCode"], 8)

    def test_a_job_stands_for_all_its_runs_and_no_word_for_the_only_run(self):
        first = self.start_run("exec sleep 100", job="train")
        second = self.start_run("exec sleep 100", job="train")
        self.assert_refused(self.berth("stop"), 2, "2 runs of this project")
        self.assert_ended(self.berth("stop", "train"), 0)
        self.assertFalse(self.state(first)["Running"] or self.state(second)["Running"])
        third = self.start_run("exec sleep 100")
        self.assert_ended(self.berth("stop"), 0)
        self.assertFalse(self.state(third)["Running"])
        self.assert_refused(self.berth("stop"), 2, "no run of this project")

    def test_kill_sends_a_signal_by_name_and_by_number(self):
        script = "trap 'echo hup' HUP; trap 'exit 9' USR1; echo ready; while :; do sleep 0.1; done"
        identifier = self.start_run(script, self.name("sig"))
        self.wait_until(lambda: b"ready" in self.berth("logs", self.name("sig")).stdout, "it is ready")
        self.assert_ended(self.berth("kill", "-s", "hup", self.name("sig")), 0)
        self.wait_until(lambda: b"hup" in self.berth("logs", self.name("sig")).stdout, "it was told")
        self.assert_ended(self.berth("kill", "-s", str(int(signal.SIGUSR1)), self.name("sig")), 0)
        self.await_end(identifier)
        self.assertEqual(self.state(identifier)["ExitCode"], 9)
        self.assert_refused(self.berth("kill", self.name("sig")), 1, "is not running")
        self.assert_refused(self.berth("kill", "-s", "TREM", self.name("sig")), 2, "TREM", "TERM")

    def test_a_failure_of_one_does_not_keep_from_the_others(self):
        identifier = self.start_run("exec sleep 100", self.name("good"))
        document = self.document("kill", "--json", "nothing", self.name("good"), code=1)
        self.assertEqual([bool(item["error"]) for item in document["items"]], [True, False])
        self.await_end(identifier)

    def test_a_running_run_is_not_removed_but_by_force(self):
        identifier = self.start_run("trap '' TERM; while :; do sleep 0.1; done", self.name("busy"))
        self.assert_refused(self.berth("rm", self.name("busy")), 1, "is running", f"berth rm -f {self.name('busy')}")
        self.assertTrue(self.state(identifier)["Running"])
        begin = time.monotonic()
        self.assert_ended(self.berth("rm", "-f", self.name("busy")), 0, self.name("busy").encode() + b"\n")
        self.assertLess(time.monotonic() - begin, 8, "it is not asked first")
        self.assertEqual(self.engine.request("GET", f"/containers/{identifier}/json")[0], 404)

    def test_rm_of_a_job_removes_what_has_ended(self):
        ended = self.start_run("true", job="train")
        self.await_end(ended)
        running = self.start_run("exec sleep 100", job="train")
        self.assert_ended(self.berth("rm", "train"), 0)
        self.assertEqual(self.engine.request("GET", f"/containers/{ended}/json")[0], 404)
        self.assertTrue(self.state(running)["Running"])

    def test_wait_prints_the_exit_code_and_ends_with_it(self):
        self.start_run("sleep 1; exit 3", self.name("three"))
        zero = self.start_run("exit 0", self.name("zero"))
        self.await_end(zero)
        self.assert_ended(self.berth("wait", self.name("three")), 3, b"3\n")
        self.assert_ended(self.berth("wait", self.name("three")), 3, b"3\n")  # it has ended already
        self.assert_ended(self.berth("wait", self.name("zero"), self.name("three")), 3, b"0\n3\n")
        document = self.document("wait", "--json", self.name("zero"))
        self.assertEqual(document["items"][0]["exit_code"], 0)
        self.assert_refused(self.berth("wait", self.name("nothing")), 125, "no run is called")


class Logs(Managed):
    def test_a_log_is_byte_exact_on_the_streams_it_came_from(self):
        script = r"printf 'a\0\377no newline'; printf 'oops\n' >&2"
        # Docker's json-file is JSON, which cannot carry what is not UTF-8.
        driver = "json-file" if self.engine.name.startswith("podman") else "local"
        identifier = self.start_run(script, self.name("bytes"), log_driver=driver)
        self.await_end(identifier)
        self.assert_ended(self.berth("logs", self.name("bytes")), 0, b"a\0\xffno newline", b"oops\n")

    def test_a_big_log_is_complete(self):
        identifier = self.start_run("seq 200000", self.name("big"))
        self.await_end(identifier)
        expected = b"".join(b"%d\n" % i for i in range(1, 200001))
        self.assertEqual(self.berth("logs", self.name("big")).stdout, expected)
        self.assert_ended(self.berth("logs", "--tail", "2", self.name("big")), 0, b"199999\n200000\n")

    def test_a_log_of_a_terminal_comes_as_the_terminal_had_it(self):
        identifier = self.start_run("echo out; echo err >&2", self.name("tty"), Tty=True)
        self.await_end(identifier)
        self.assert_ended(self.berth("logs", self.name("tty")), 0, b"out\r\nerr\r\n", b"")

    def test_following_ends_when_the_run_ends(self):
        self.start_run("echo one; sleep 1; echo two; exit 3", self.name("two"))
        self.assert_ended(self.berth("logs", "-f", self.name("two")), 0, b"one\ntwo\n")

    def test_following_passes_on_what_is_written_at_once(self):
        self.start_run(COUNTING, self.name("counting"))
        process = self.start("logs", "-f", self.name("counting"))
        self.assertEqual(process.stdout.readline(), b"line 1\n")
        self.assertEqual(process.stdout.readline(), b"line 2\n")

    def test_a_reader_that_goes_ends_it_quietly(self):
        self.start_run(COUNTING, self.name("counting"))
        process = self.start("logs", "-f", self.name("counting"))
        process.stdout.readline()
        process.stdout.close()
        self.assertIn(process.wait(20), (141, -signal.SIGPIPE))
        self.assertEqual(process.stderr.read(), b"")

    def test_a_reader_that_goes_is_noticed_where_nothing_is_written(self):
        self.start_run("echo ready; exec sleep 100", self.name("silent"))
        process = self.start("logs", "-f", self.name("silent"))
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(20), 141)

    def test_an_interrupt_ends_it_with_130_as_the_shell_sees_it(self):
        self.start_run("echo ready; exec sleep 100", self.name("silent"))
        process = self.start("logs", "-f", self.name("silent"))
        process.stdout.readline()
        self.assertIn(self.send(process, signal.SIGINT), (130, -signal.SIGINT))

    def test_since_leaves_out_what_is_older(self):
        identifier = self.start_run("echo old; sleep 3; echo new", self.name("since"))
        self.await_end(identifier)
        started = self.state(identifier)["StartedAt"]
        whole = self.berth("logs", "-t", self.name("since")).stdout.decode().splitlines()
        self.assertEqual([line.split()[1] for line in whole], ["old", "new"])
        self.assertEqual(whole[0].split()[0][:10], started[:10])
        # Between the two: Podman counts in whole seconds.
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds(whole[0].split()[0]) + 2))
        self.assert_ended(self.berth("logs", "--since", moment, self.name("since")), 0, b"new\n")
        self.assert_refused(self.berth("logs", "--since", "tomorrow", self.name("since")), 2, "tomorrow")

    def test_a_log_that_is_not_kept_says_where_the_output_went(self):
        self.start_run("exec sleep 100", self.name("attached"), log_driver="none")
        self.assert_refused(self.berth("logs", self.name("attached")), 1, "is not kept", "where the run was started")

    def test_several_logs_have_headings_and_json_is_an_object_per_line(self):
        for word in ("first", "second"):
            self.await_end(self.start_run(f"echo {word}; echo {word} err >&2", self.name(word)))
        names = (self.name("first"), self.name("second"))
        result = self.berth("logs", *names)
        self.assert_ended(result, 0)
        self.assertEqual(sorted(result.stderr.splitlines()), [b"first err", b"second err"])  # they come side by side
        self.assertIn(f"==> {names[0]} <==\nfirst\n".encode(), result.stdout)
        self.assertIn(f"==> {names[1]} <==\nsecond\n".encode(), result.stdout)
        result = self.berth("logs", "--json", *names, "nothing")
        self.assert_ended(result, 1, stderr=b"")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(lines[0]["error"]["code"], "run-not-found")
        said = {(line["run"], line["stream"], line["text"]) for line in lines[1:]}
        self.assertEqual(said, {(n, s, t) for n, w in zip(names, ("first", "second"))
                                for s, t in (("stdout", w), ("stderr", f"{w} err"))})


class Entering(Managed):
    READY = "echo ready; while :; do sleep 0.1; done"

    def run_named(self, word, script=READY, **options):
        identifier = self.start_run(script, self.name(word), **options)
        self.wait_until(lambda: self.state(identifier)["Running"], "it runs")
        return identifier

    def test_exec_ends_with_the_commands_exit_code_and_keeps_its_streams_apart(self):
        self.run_named("host")
        result = self.berth("exec", self.name("host"), "sh", "-c", "echo out; echo err >&2; exit 5")
        self.assert_ended(result, 5, b"out\n", b"err\n")
        self.assert_ended(self.berth("exec", self.name("host"), "true"), 0, b"", b"")

    def test_exec_connects_standard_input_and_leaves_it_alone_with_n(self):
        self.run_named("host")
        data = bytes(range(256)) * 400
        self.assert_ended(self.berth("exec", self.name("host"), "cat", input=data), 0, data)
        script = f"printf 'a\\nb\\n' | while read x; do {BERTH} exec -n {self.name('host')} echo $x; done"
        result = subprocess.run(["sh", "-c", script], env=self.environment, capture_output=True, timeout=60, cwd=self.project)
        self.assertEqual(result.stdout, b"a\nb\n", result.stderr)

    def test_exec_has_the_runs_user_folder_and_environment_and_what_is_given(self):
        self.run_named("host", User="1234:1234", WorkingDir="/tmp", Env=["A=run", "B=run"])
        script = "echo $(id -u) $PWD $A $B $C $D"
        self.assert_ended(self.berth("exec", self.name("host"), "sh", "-c", script), 0, b"1234 /tmp run run\n")
        result = self.berth(
            "exec", "-u", "0", "-w", "/", "-e", "B=mine", "-eC=c d", "-e", "D", self.name("host"), "--",
            "sh", "-c", script, env={"D": "callers"},
        )
        self.assert_ended(result, 0, b"0 / run mine c d callers\n")

    def test_what_cannot_be_run_is_126_or_127_with_an_error_on_stderr(self):
        self.run_named("host")
        result = self.berth("exec", self.name("host"), "no-such-command")
        self.assert_ended(result, 127, b"")
        self.assertIn(b"no-such-command", result.stderr)
        result = self.berth("exec", self.name("host"), "/etc")
        self.assert_ended(result, 126, b"")
        self.assertIn(b"/etc", result.stderr)

    def test_options_after_the_run_belong_to_the_command(self):
        self.run_named("host")
        self.assert_ended(self.berth("exec", self.name("host"), "echo", "-n", "--json", "-t"), 0, b"--json -t")

    def test_exec_needs_a_running_run_and_a_command(self):
        self.await_end(self.start_run("true", self.name("done")))
        self.assert_refused(self.berth("exec", self.name("done"), "true"), 125, "is not running")
        self.assert_refused(self.berth("exec", self.name("done")), 125, "no command given")
        self.assert_refused(self.berth("exec", "-t", self.name("done"), "true"), 125, "needs a terminal")
        self.assert_refused(self.berth("exec", "--json", self.name("nothing"), "true"), 125, "no run is called")

    def test_a_signal_ends_the_command_of_exec_and_not_the_run(self):
        identifier = self.run_named("host")
        process = self.start("exec", self.name("host"), "sh", "-c", "trap 'exit 9' TERM; echo in; while :; do sleep 0.1; done")
        self.assertEqual(process.stdout.readline(), b"in\n")
        self.assertEqual(self.send(process, signal.SIGTERM), 9)
        self.assertTrue(self.state(identifier)["Running"])

    def test_attach_shows_what_was_missed_and_ends_as_the_run_does(self):
        self.start_run("echo first; sleep 3; echo last; exit 6", self.name("six"))
        self.wait_until(lambda: b"first" in self.berth("logs", self.name("six")).stdout, "it has begun")
        self.assert_ended(self.berth("attach", self.name("six")), 6, b"first\nlast\n")

    def test_exec_ends_with_a_full_disk(self):
        self.run_named("host")
        with open("/dev/full", "wb") as full:
            result = self.berth("exec", self.name("host"), "yes", stdout=full)
        self.assertEqual(result.returncode, 125)
        self.assertIn(b"No space left on device", result.stderr)

    def test_attach_in_the_middle_of_much_output_loses_and_repeats_nothing(self):
        script = "i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); [ $((i%3000)) = 0 ] && sleep 0.1; done"
        self.start_run(script, self.name("much"), log_driver="k8s-file" if self.engine.name == "podman-5" else "local")
        time.sleep(0.3)
        result = self.berth("attach", self.name("much"))
        self.assert_ended(result, 0)
        self.assertTrue(result.stdout == b"".join(b"line %d\n" % n for n in range(30000)), "the output differs")

    def test_a_run_that_is_stopped_says_by_what(self):
        process = self.start(*self.run_arguments("--name", self.name("held"), "--result", "result.json", "sh", "-c",
                                                 "echo ready; exec sleep 100"))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.assert_ended(self.berth("stop", self.name("held")), 0)
        process.wait(30)
        document = json.loads((self.project / "result.json").read_text())
        self.assertEqual((document["origin"], document["cause"]), ("berth", "stopped"))
        self.assertIn("berth stop", document["message"])

    def test_a_run_whose_container_is_gone_is_still_inspected(self):
        result = self.run_in("--name", self.name("gone"), "sh", "-c", "exit 5")
        self.assert_ended(result, 5)
        item = self.document("inspect", self.name("gone"))["items"][0]
        self.assertEqual(item["state"]["status"], "removed")
        self.assertEqual(item["record"]["exit_code"], 5)

    def test_attach_without_a_word_is_to_the_only_run_of_the_project(self):
        self.start_run("sleep 2; exit 4")
        self.assert_ended(self.berth("attach"), 4)
        self.assert_refused(self.berth("attach"), 125, "no run of this project")

    def test_attach_passes_signals_on_and_with_sig_proxy_false_leaves_the_run_alone(self):
        script = "trap 'echo told; exit 3' TERM; echo ready; while :; do sleep 0.1; done"
        identifier = self.run_named("trap", script)
        process = self.start("attach", "--sig-proxy=false", self.name("trap"))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.assertIn(self.send(process, signal.SIGTERM), (143, -signal.SIGTERM))
        self.assertTrue(self.state(identifier)["Running"])
        process = self.start("attach", self.name("trap"))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.assertEqual(self.send(process, signal.SIGTERM), 3)
        self.assertEqual(process.stdout.read(), b"told\n")


class Stats(Managed):
    def test_stats_show_a_busy_processor_and_memory(self):
        self.start_run("while :; do :; done", self.name("busy"))
        document = self.document("stats", "--json", self.name("busy"))
        item = document["items"][0]
        self.assertEqual(document["schema"], "berth/stats/1")
        self.assertGreater(item["cpu_percent"], 2)
        self.assertLess(item["cpu_percent"], 150)
        self.assertGreater(item["memory_bytes"], 0)
        self.assertGreaterEqual(item["pids"], 1)
        table = self.berth("stats", self.name("busy")).stdout.decode().splitlines()
        self.assertEqual(table[0].split()[:3], ["NAME", "CPU", "MEMORY"])
        self.assertTrue(table[1].startswith(self.name("busy")))

    def test_stats_of_what_has_ended_are_refused(self):
        self.await_end(self.start_run("true", self.name("done")))
        result = self.berth("stats", self.name("done"))
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"is not running", result.stderr)


class NoEngine(BerthTest):
    def test_every_verb_says_that_no_engine_answers_and_ends_with_4(self):
        for verb in ("ps", "stats", "inspect x", "logs x", "stop x", "kill x", "rm x"):
            with self.subTest(verb=verb):
                self.assert_refused(self.berth(*verb.split()), 4, "nonexistent")
        self.assert_refused(self.berth("wait", "x"), 125, "nonexistent")

    def test_an_error_as_json_where_json_was_asked_for(self):
        for verb in ("ps", "stop x", "wait x"):
            result = self.berth("--json", *verb.split())
            self.assertEqual(json.loads(result.stdout)["schema"], "berth/error/1")
