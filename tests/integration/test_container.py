"""What a container gets by default, and what options change."""

import os
import resource

from harness import STRANGER, EngineTest

CALLER = STRANGER if os.geteuid() == 0 else os.geteuid()


class Defaults(EngineTest):
    def output(self, script, *options, **how):
        result = self.run_in(*options, "sh", "-c", script, **how)
        self.assert_ended(result, 0)
        return result.stdout.decode().strip()

    def test_the_project_is_the_working_directory(self):
        (self.project / "data.txt").write_text("from the project\n")
        self.assertEqual(self.output("pwd; cat data.txt"), "/workspace\nfrom the project")

    def test_files_written_to_the_project_belong_to_the_caller(self):
        self.output("mkdir results && echo 0.1 > results/loss.txt", stranger=True)
        written = self.project / "results" / "loss.txt"
        self.assertEqual(written.read_text(), "0.1\n")
        self.assertEqual((written.stat().st_uid, written.parent.stat().st_uid), (CALLER, CALLER))

    def test_the_command_runs_as_the_caller(self):
        self.assertEqual(self.output("id -u", stranger=True), str(CALLER))

    def test_home_is_writable_for_a_caller_who_is_not_root(self):
        self.assertEqual(self.output('touch "$HOME/x" && test -d "$HOME" && echo writable', stranger=True), "writable")

    def test_a_name_is_set_also_for_a_caller_whom_no_passwd_file_knows(self):
        self.assertRegex(self.output('echo "$USER=$LOGNAME"', stranger=True), r"^(\w+)=\1$")

    def test_shared_memory_is_half_of_the_machines(self):
        kilobytes = int(self.output("df -k /dev/shm | tail -1").split()[1])
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024
        self.assertAlmostEqual(kilobytes / memory, 0.5, delta=0.02)

    def test_shm_size_sets_the_size_of_shared_memory(self):
        self.assertEqual(self.output("df -k /dev/shm | tail -1", "--shm-size", "128m").split()[1], "131072")

    def test_locked_memory_is_unlimited_and_the_stack_64_megabytes(self):
        locked, stack = self.output("ulimit -l; ulimit -s").split()
        # An engine without CAP_SYS_RESOURCE (in a container, on a restricted machine) can give no more than it has.
        own = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
        self.assertIn(locked, ("unlimited", str(own // 1024)))
        self.assertEqual(stack, "65536")

    def test_no_new_privileges_can_be_gained(self):
        self.assertEqual(self.output("grep NoNewPrivs /proc/self/status").split()[1], "1")

    def test_an_init_is_process_1(self):
        self.assertRegex(self.output("cat /proc/1/comm"), "supervisor")
        self.assertRegex(self.output("cat /proc/1/comm", "--streams", "engine"), "init|tini|catatonit")

    def test_labels_say_what_the_container_is(self):
        process = self.start_shell("echo ready; sleep 100")
        labels = self.engine.containers(self.label)[0]["Labels"]
        self.assertTrue([name for name in labels if "berth" in name and name != "berth-test"], labels)
        process.terminate()
        process.wait(20)


class Options(EngineTest):
    def test_variables_are_passed_as_docker_passes_them(self):
        result = self.run_in(
            "-e", "GIVEN=a=b c", "-e", "FROM_CALLER", "-e", "NOT_SET", "sh", "-c",
            'echo "$GIVEN|$FROM_CALLER|${NOT_SET-unset}"', env={"FROM_CALLER": "caller's"})
        self.assert_ended(result, 0, stdout=b"a=b c|caller's|unset\n")

    def test_an_env_file_is_read_and_e_wins_over_it(self):
        (self.project / "job.env").write_text("# comment\nONE=1\nTWO=two words\n")
        result = self.run_in("--env-file", "job.env", "-e", "ONE=first", "sh", "-c", 'echo "$ONE $TWO"')
        self.assert_ended(result, 0, stdout=b"first two words\n")

    def test_a_read_only_mount_cannot_be_written(self):
        data = self.folder / "data"
        data.mkdir()
        (data / "x").write_text("x")
        result = self.run_in("-v", f"{data}:/data:ro", "sh", "-c", "cat /data/x; touch /data/y")
        self.assert_ended(result, 1, stdout=b"x")
        self.assertIn(b"Read-only", result.stderr)
        self.assertFalse((data / "y").exists())

    def test_the_long_form_of_a_mount_works(self):
        data = self.folder / "data"
        data.mkdir()
        result = self.run_in("--mount", f"type=bind,src={data},dst=/data", "sh", "-c", "echo y > /data/y")
        self.assert_ended(result, 0, stdout=b"", stderr=b"")
        self.assertEqual((data / "y").read_text(), "y\n")

    def test_a_missing_bind_source_is_refused_and_not_created(self):
        missing = self.folder / "missing"
        self.assert_refused(self.run_in("-v", f"{missing}:/data", "true"), 125, str(missing))
        self.assertFalse(missing.exists())

    def test_a_path_with_blanks_and_colons_in_its_name_is_mounted(self):
        data = self.folder / "data set 1:2"
        data.mkdir()
        (data / "x").write_text("x")
        result = self.run_in("--mount", f"type=bind,src={data},dst=/data", "cat", "/data/x")
        self.assert_ended(result, 0, stdout=b"x")

    def test_an_image_entrypoint_can_be_replaced_and_removed(self):
        self.assert_ended(self.run_in("--entrypoint", "/bin/echo", "a", "b"), 0, stdout=b"a b\n")
        self.assert_ended(self.run_in("--entrypoint", "", "echo", "c"), 0, stdout=b"c\n")

    def test_the_working_directory_and_the_user_can_be_set(self):
        self.assert_ended(self.run_in("-w", "/tmp", "-u", "4711:4712", "sh", "-c", "pwd; id -u; id -g"), 0,
                          stdout=b"/tmp\n4711\n4712\n")

    def test_words_after_the_command_belong_to_it(self):
        result = self.run_in("echo", "--gpus", "-n", "--", "--help")
        self.assert_ended(result, 0, stdout=b"--gpus -n -- --help\n")

    def test_a_double_dash_ends_the_options(self):
        self.assert_ended(self.run_in("--", "echo", "x"), 0, stdout=b"x\n")

    def test_a_network_can_be_left_out(self):
        result = self.run_in("--network", "none", "sh", "-c", "ls /sys/class/net")
        self.assert_ended(result, 0, stdout=b"lo\n")

    def test_a_name_that_is_taken_is_refused(self):
        name = self.label.replace("=", "-")
        process = self.start(*self.run_arguments("--name", name, "sh", "-c", "echo ready; sleep 100"))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.assert_refused(self.run_in("--name", name, "true"), 125, name)
        process.terminate()
        process.wait(20)

    def test_a_name_is_free_again_when_berth_has_ended(self):
        name = self.label.replace("=", "-")
        for _ in range(5):
            self.assert_ended(self.run_in("--name", name, "echo", "ran"), 0, stdout=b"ran\n", stderr=b"")

    def test_the_spec_gives_command_environment_and_mounts(self):
        (self.folder / "data").mkdir()
        (self.project / "berth.yaml").write_text(
            "run: echo $GREETING; ls -d /data\n"
            "env: { GREETING: hello }\n"
            "mounts: [ '../data:/data:ro' ]\n"
            "jobs:\n  bye: { run: echo bye }\n")
        self.assert_ended(self.run_in(), 0, stdout=b"hello\n/data\n")
        self.assert_ended(self.run_in("--job", "bye"), 0, stdout=b"bye\n")

    def test_from_a_folder_below_the_spec_the_project_is_mounted_whole(self):
        (self.project / "berth.yaml").write_text("env: { FROM: spec }\n")
        (self.project / "sub").mkdir()
        result = self.run_in("sh", "-c", 'echo "$FROM"; ls /workspace', cwd=self.project / "sub")
        self.assert_ended(result, 0, stdout=b"spec\nberth.yaml\nsub\n")


class Volumes(EngineTest):
    whole_engine = True

    def test_no_volume_is_left_behind(self):
        before = self.engine.volumes()
        self.assert_ended(self.run_in("-v", "/scratch", "sh", "-c", "ls -d /scratch"), 0, stdout=b"/scratch\n")
        self.wait_until(lambda: self.engine.volumes() <= before, "the volume is gone", 10)
