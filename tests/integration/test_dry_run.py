"""--dry-run shows what would be done, and does none of it."""

import json
import os
import re
import shutil
import subprocess

from harness import BUSYBOX, EngineTest, UnixConnection


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

    def every_option(self):
        volume = "berth-test-" + os.urandom(6).hex()
        self.addCleanup(self.engine.request, "DELETE", f"/volumes/{volume}", force="1")
        (self.project / "profile.json").write_text('{ "defaultAction": "SCMP_ACT_ALLOW" }')
        (self.project / "job.env").write_text("QUOTED='two words'\n")
        (self.project / "labels").write_text("team=vision\n")
        return """
            --env-file job.env -e A=1 -e GONE --label-file labels -l note=x -w /tmp -u 1234:5678 --entrypoint /bin/sh
            -v /tmp:/relabelled:z,ro -v VOLUME:/uncopied:nocopy -v /anonymous --tmpfs /t:size=1m
            --mount type=volume,dst=/v,volume-label=a=b,volume-driver=local
            --mount type=tmpfs,dst=/m,tmpfs-mode=1700,tmpfs-size=1m
            --mount type=bind,src=/tmp,dst=/b,readonly,bind-recursive=writable,bind-propagation=rslave
            --mount type=bind,src=/tmp,dst=/c,bind-recursive=disabled
            --shm-size 32m -m 64m --memory-swap 128m --memory-swappiness 10 --cpus 0.5 --cpuset-cpus 0 --cpuset-mems 0
            --ulimit nofile=100:200 --ulimit memlock=65536 --device /dev/null:/dev/xnull:r --ipc shareable
            --network bridge -p 127.0.0.1:18080-18081:80-81/udp -p [::1]:19090:90 -p 17000-17005:70 -p 60
            --hostname node --add-host db:10.0.0.5 --add-host v6=[fd00::1] --dns 10.0.0.1
            --cap-add sys_ptrace --cap-drop chown --security-opt label=disable --security-opt seccomp=profile.json
            --security-opt systempaths=unconfined --privileged --read-only --group-add 44 --pid host --userns host
            --runtime runc --platform linux/amd64 --init --rm -a stdout -t -n
            --log-driver json-file --log-opt max-size=1m --stop-signal INT --stop-timeout 3
            """.replace("VOLUME", volume).split()

    def inspected(self, container):
        """What the engine made of it, without what differs between any two containers."""
        found = self.engine.get(f"/containers/{container}/json")
        self.engine.request("DELETE", f"/containers/{container}", force="1", v="1")
        host, config = found["HostConfig"], found["Config"]
        host.pop("ConsoleSize")  # the docker client's own terminal
        host["RestartPolicy"]["Name"] = host["RestartPolicy"]["Name"] or "no"
        host["Ulimits"].sort(key=lambda limit: limit["Name"])  # docker's come out of maps, in any order
        host["Binds"].sort()
        config["Env"].sort()
        said = {key: value for key, value in {**host, **config}.items() if value}  # an empty list is as good as none
        return {**said, "argv": [found["Path"], *found["Args"]]}

    def created_by_request(self, request):
        connection = UnixConnection(self.engine.socket)
        self.addCleanup(connection.close)
        version = min(self.engine.get("/version")["ApiVersion"], "1.50")  # the docker client's newest
        connection.request("POST", f"/v{version}{request['path']}", json.dumps(request["body"]),
                           {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        self.assertIn("Id", answer)
        return answer["Id"]

    def test_the_docker_command_for_every_option_makes_the_same_container(self):
        arguments = [*self.every_option(), "--", "-c", "true"]
        plan = self.berth("--json", *self.run_arguments("--dry-run", *arguments))
        self.assert_ended(plan, 0)
        printed = self.run_in("--dry-run=docker", *arguments)
        self.assert_ended(printed, 0)
        command = re.sub(r"^(docker --host \S+) run", r"\1 create", printed.stdout.decode())
        by_docker = subprocess.run(["sh", "-c", command], cwd=self.project, env=self.environment,
                                   stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        self.assertEqual(by_docker.returncode, 0, by_docker.stderr.decode())
        theirs = self.inspected(by_docker.stdout.decode().strip())
        ours = self.inspected(self.created_by_request(json.loads(plan.stdout)["requests"][0]))
        self.maxDiff = None
        self.assertEqual(ours, theirs)
