"""How berth reaches its engine: TLS, ssh, a proxy, contexts, Podman without a service. Only real servers answer."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import termios
import threading
import time

from harness import BERTH, BUSYBOX, ENGINES_DIR, REPO, BerthTest, EngineTest
from test_terminal import Person

MEGABYTE = 1 << 20
ULIMIT = ("--ulimit", "memlock=65536")


class RemoteTest(EngineTest):
    """What must hold of every way to an engine on another machine."""

    def run_arguments(self, *words, **options):
        # berth knows the limits of engines on this machine alone, and asks others for more than the tests' may give.
        return super().run_arguments(*ULIMIT, *words, **options)

    def check_end_of_input(self):
        self.assert_ended(self.run_in("cat", input=b"x"), 0, stdout=b"x", stderr=b"")
        self.assert_ended(self.shell("sort; echo end", input=b"b\na\n"), 0, stdout=b"a\nb\nend\n", stderr=b"")

    def check_50_megabytes_both_ways(self):
        block = os.urandom(MEGABYTE)
        data = b"".join(number.to_bytes(4, "big") + block for number in range(50))
        result = self.run_in("cat", input=data, timeout=200)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(hashlib.sha256(result.stdout).hexdigest(), hashlib.sha256(data).hexdigest())


class Tls(RemoteTest):
    engines = ("docker-28-tls",)

    def setUp(self):
        super().setUp()
        state = ENGINES_DIR / self.engine.name
        parent = (state / "pid").read_text().strip()
        inside = subprocess.run(["pgrep", "-P", parent], capture_output=True, text=True, check=True).stdout.split()[0]
        # The engine listens in a network of its own.
        self.prefix = ("nsenter", f"--net=/proc/{inside}/ns/net")
        self.certificates = state / "tls"
        self.environment.update(DOCKER_HOST="tcp://127.0.0.1:2376", DOCKER_TLS_VERIFY="1",
                                DOCKER_CERT_PATH=str(self.certificates / "client"))

    def certificate_folder(self, *names, source="client"):
        folder = self.folder / "certificates"
        folder.mkdir()
        for name in names:
            shutil.copy(self.certificates / source / name, folder / name)
        self.environment["DOCKER_CERT_PATH"] = str(folder)
        return folder

    def refused(self, *words):
        self.assert_refused(self.run_in("true"), 125, *words)

    def test_a_run_over_tls_has_the_commands_streams_and_exit_code(self):
        result = self.shell("echo out; echo err >&2; exit 7")
        self.assert_ended(result, 7, stdout=b"out\n", stderr=b"err\n")

    def test_the_end_of_stdin_reaches_the_command_over_tls(self):
        self.check_end_of_input()

    def test_50_megabytes_over_tls_come_back_the_same(self):
        self.check_50_megabytes_both_ways()

    def test_a_slow_reader_loses_nothing_over_tls(self):
        process = self.start(*self.run_arguments("seq", "400000"))
        received = bytearray(process.stdout.read(1000))
        time.sleep(2)
        received += process.stdout.read()
        self.assertEqual(process.wait(20), 0)
        self.assertEqual(bytes(received), b"".join(b"%d\n" % n for n in range(1, 400001)))

    def test_https_means_tls_without_further_variables(self):
        del self.environment["DOCKER_TLS_VERIFY"]
        self.environment["DOCKER_HOST"] = "https://127.0.0.1"
        self.assert_ended(self.run_in("true"), 0, stdout=b"", stderr=b"")

    def test_a_context_brings_its_certificates(self):
        for name in ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
            del self.environment[name]
        contexts = self.home / ".docker" / "contexts"
        identity = hashlib.sha256(b"lab").hexdigest()
        (contexts / "meta" / identity).mkdir(parents=True)
        (contexts / "meta" / identity / "meta.json").write_text(json.dumps(
            {"Name": "lab", "Metadata": {}, "Endpoints": {"docker": {"Host": "tcp://127.0.0.1:2376",
                                                                     "SkipTLSVerify": False}}}))
        shutil.copytree(self.certificates / "client", contexts / "tls" / identity / "docker")
        self.assert_ended(self.berth("--context", "lab", *self.run_arguments("true")), 0, stderr=b"")
        result = self.run_in("true", env={"DOCKER_CONTEXT": "lab"})
        self.assert_ended(result, 0, stdout=b"", stderr=b"")

    def test_docker_tls_alone_does_not_verify_the_engine(self):
        del self.environment["DOCKER_TLS_VERIFY"]
        folder = self.certificate_folder("cert.pem", "key.pem")
        shutil.copy(self.certificates / "other-ca.pem", folder / "ca.pem")
        self.assert_ended(self.run_in("true", env={"DOCKER_TLS": "1"}), 0, stdout=b"", stderr=b"")

    def test_a_missing_authority_is_told_with_its_path(self):
        folder = self.certificate_folder("cert.pem", "key.pem")
        self.refused("the CA certificate for tcp://127.0.0.1:2376 is missing", f"{folder}/ca.pem", "DOCKER_CERT_PATH")

    def test_an_engine_of_another_authority_is_not_trusted(self):
        folder = self.certificate_folder("cert.pem", "key.pem")
        shutil.copy(self.certificates / "other-ca.pem", folder / "ca.pem")
        self.refused("not signed by an authority that berth knows", f"{folder}/ca.pem", "hint: `openssl s_client")

    def test_an_engine_of_another_name_is_not_trusted(self):
        self.environment["DOCKER_HOST"] = "tcp://127.0.0.2:2376"
        forward = subprocess.Popen([*self.prefix, "python3", "-c", FORWARD, "127.0.0.2", "127.0.0.1"],
                                   stdout=subprocess.PIPE)
        self.addCleanup(self._end_forward, forward)
        self.assertEqual(forward.stdout.readline(), b"ready\n")
        self.refused("its certificate is for another name", "subjectAltName")

    @staticmethod
    def _end_forward(forward):
        forward.kill()
        forward.wait()
        forward.stdout.close()

    def test_a_client_without_a_certificate_is_told_so(self):
        folder = self.certificate_folder("ca.pem")
        self.refused("there is no client certificate: cert.pem and key.pem are looked for in " + str(folder))

    def test_a_certificate_without_its_key_is_told_so(self):
        folder = self.certificate_folder("ca.pem", "cert.pem")
        self.refused("the client key for tcp://127.0.0.1:2376 is missing", f"{folder}/key.pem")

    def test_a_key_of_another_certificate_is_told_so(self):
        folder = self.certificate_folder("ca.pem", "cert.pem")
        shutil.copy(self.certificates / "stranger" / "key.pem", folder / "key.pem")
        self.refused("the client's certificate and key cannot be used", f"{folder}/key.pem")

    def test_an_expired_client_certificate_is_told_so(self):
        folder = self.certificate_folder("ca.pem", "cert.pem", "key.pem", source="expired")
        self.refused("no TLS with the engine", "accept the client certificate", f"hint: `openssl x509 -noout -dates -issuer -in {folder}")

    def test_a_client_certificate_of_another_authority_is_told_so(self):
        folder = self.certificate_folder("ca.pem", "cert.pem", "key.pem", source="stranger")
        self.refused("no TLS with the engine", "accept the client certificate", f"the client certificate is {folder}")

    def test_a_key_that_is_closed_to_the_caller_is_told_so(self):
        folder = self.certificate_folder("ca.pem", "cert.pem", "key.pem")
        (folder / "key.pem").chmod(0o600)
        self.prefix = ()  # it never gets as far as the network
        result = self.berth(*self.run_arguments("true"), stranger=True)
        self.assert_refused(result, 125, "the client key for tcp://127.0.0.1:2376 cannot be read: permission denied",
                            f"{folder}/key.pem", "hint: ")

    def test_an_engine_that_speaks_tls_is_recognised_without(self):
        del self.environment["DOCKER_TLS_VERIFY"]
        self.refused("speaks TLS", "hint: `export DOCKER_TLS_VERIFY=1`")

    def test_an_engine_that_does_not_speak_tls_is_recognised(self):
        self.prefix = ()
        with ForwardToSocket(self.engine.socket) as port:
            self.environment["DOCKER_HOST"] = f"tcp://127.0.0.1:{port}"
            self.refused("it does not speak TLS", "hint: `unset DOCKER_TLS DOCKER_TLS_VERIFY`")


# Listens at the first address and connects to the second, both at port 2376.
FORWARD = """
import socket, sys, threading
listener = socket.create_server((sys.argv[1], 2376))
print("ready", flush=True)
def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
while True:
    client, _ = listener.accept()
    engine = socket.create_connection((sys.argv[2], 2376))
    threading.Thread(target=copy, args=(client, engine), daemon=True).start()
    threading.Thread(target=copy, args=(engine, client), daemon=True).start()
"""


def command_lines(word):
    """Those of the processes that have the word in theirs, NULs and all."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if word.encode() in (line := entry.read_bytes()):
                found.append(line)
    return found


def copy_until_end(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class ForwardToSocket:
    """A port on loopback that leads to an engine's socket. `before(connection)` may speak first, and refuse."""

    def __init__(self, path, before=lambda connection: True):
        self.path = path
        self.before = before
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections = []

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self.listener.getsockname()[1]

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections.append(client)
                threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client):
        if not self.before(client):
            client.close()
            return
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(self.path)
        self.connections.append(engine)
        threading.Thread(target=copy_until_end, args=(client, engine), daemon=True).start()
        copy_until_end(engine, client)


class Proxy(RemoteTest):
    """An engine whose name only the proxy knows."""

    engines = ("docker-28",)

    def setUp(self):
        super().setUp()
        self.asked = []
        self.environment["DOCKER_HOST"] = "tcp://engine.invalid"

    def proxy(self, answer=b"HTTP/1.1 200 Connection established\r\n\r\n"):
        def connect(connection):
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += connection.recv(1)
            self.asked.append(request.split(b"\r\n")[0])
            connection.sendall(answer)
            return b" 200 " in answer
        return ForwardToSocket(self.engine.socket, connect)

    def test_a_run_goes_through_the_proxy(self):
        with self.proxy() as port:
            self.environment["HTTP_PROXY"] = f"http://127.0.0.1:{port}"
            self.assert_ended(self.shell("cat; exit 7", input=b"in"), 7, stdout=b"in", stderr=b"")
        self.assertEqual(set(self.asked), {b"CONNECT engine.invalid:2375 HTTP/1.1"})

    def test_50_megabytes_through_the_proxy_come_back_the_same(self):
        with self.proxy() as port:
            self.environment["http_proxy"] = f"127.0.0.1:{port}"
            self.check_50_megabytes_both_ways()

    def test_a_proxy_that_refuses_is_named_without_its_password(self):
        with self.proxy(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as port:
            self.environment["HTTP_PROXY"] = f"http://me:secret@127.0.0.1:{port}"
            result = self.run_in("true")
        self.assert_refused(result, 125, f"the proxy http://…@127.0.0.1:{port} does not lead to the engine",
                            "status 403", "HTTP_PROXY", "hint: `export NO_PROXY=engine.invalid`")
        self.assertNotIn(b"secret", result.stderr)

    def test_a_proxy_that_is_not_there_is_named(self):
        self.environment["HTTP_PROXY"] = "http://127.0.0.1:1"
        self.assert_refused(self.run_in("true"), 125, "the proxy http://127.0.0.1:1 does not lead to the engine")

    def test_no_proxy_is_heeded(self):
        with self.proxy() as port:
            self.environment.update(HTTP_PROXY=f"http://127.0.0.1:{port}", NO_PROXY="other.invalid,engine.invalid")
            self.assert_refused(self.run_in("true"), 125, "no container engine answers at tcp://engine.invalid:2375")
        self.assertEqual(self.asked, [])

    def test_an_engine_on_loopback_is_never_behind_the_proxy(self):
        with ForwardToSocket(self.engine.socket) as port:
            self.environment.update(HTTP_PROXY="http://127.0.0.1:1", DOCKER_HOST=f"tcp://127.0.0.1:{port}")
            self.assert_ended(self.run_in("echo", "here"), 0, stdout=b"here\n", stderr=b"")


class SshTest(RemoteTest):
    """A real sshd on loopback; the user's ssh is given its configuration by a wrapper on the PATH."""

    engines = ("docker-28",)

    def setUp(self):
        super().setUp()
        os.makedirs("/run/sshd", exist_ok=True)  # where sshd keeps its privileges apart
        self.ssh_folder = self.folder / "ssh"
        self.ssh_folder.mkdir(mode=0o700)
        for key in ("host", "user", "other"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.ssh_folder / key], check=True)
        shutil.copy(self.ssh_folder / "user.pub", self.ssh_folder / "authorized")
        self.start_sshd()
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        self.configuration = self.ssh_folder / "config"
        wrapper = bin_folder / "ssh"
        wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {self.configuration} "$@"\n')
        wrapper.chmod(0o755)
        self.configure()
        self.sockets = self.folder / "tmp"
        self.sockets.mkdir()
        self.environment.update(PATH=f"{bin_folder}:{os.environ['PATH']}", TMPDIR=str(self.sockets),
                                DOCKER_HOST=f"ssh://lab{self.engine.socket}")

    def start_sshd(self, *options):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = self.ssh_folder / f"log-{self.port}"
        configuration = self.ssh_folder / f"sshd-{self.port}"
        configuration.write_text("\n".join([
            "ListenAddress 127.0.0.1", f"Port {self.port}", f"HostKey {self.ssh_folder}/host",
            f"AuthorizedKeysFile {self.ssh_folder}/authorized", "PidFile none", "UsePAM no", "StrictModes no",
            "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes",
            "LogLevel VERBOSE", *options]))
        sshd = subprocess.Popen([shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"), "-D", "-E", self.log, "-f",
                                 configuration])
        self.addCleanup(sshd.wait)
        self.addCleanup(sshd.terminate)
        self.wait_until(lambda: self.log.exists() and "Server listening" in self.log.read_text(), "sshd listens")

    def configure(self, key="user", known=True, **options):
        known_hosts = self.ssh_folder / "known_hosts"
        public = (self.ssh_folder / "host.pub").read_text() if known else ""
        known_hosts.write_text(f"[127.0.0.1]:{self.port} {public}" if known else "")
        lines = {"HostName": "127.0.0.1", "Port": self.port, "IdentityFile": self.ssh_folder / key,
                 "IdentitiesOnly": "yes", "IdentityAgent": "none", "UserKnownHostsFile": known_hosts,
                 "GlobalKnownHostsFile": "/dev/null", **options}
        self.configuration.write_text("Host lab\n" + "".join(f"  {name} {value}\n" for name, value in lines.items()))

    def start(self, *arguments, **options):
        options.setdefault("start_new_session", True)  # without a terminal to ask on, wherever the tests run
        return super().start(*arguments, **options)

    def processes(self):
        """Those of ssh that this test's berth has started."""
        return command_lines(str(self.configuration))

    def assert_nothing_left(self):
        """Neither container, nor ssh, nor socket.

        The container first: the guard of a lost run has an ssh of its own, which starts after berth's has
        ended. In between there is none, and a server that stops then is one that the guard cannot reach.
        """
        self.wait_until(lambda: not self.engine.containers(self.label), "the container is gone", seconds=10)
        self.wait_until(lambda: not self.processes() and not list(self.sockets.iterdir()), "ssh has ended")


class Ssh(SshTest):
    engines = ("docker-20", "docker-28", "podman-5")

    def test_a_run_over_ssh_is_one_connection_and_leaves_nothing(self):
        result = self.shell("echo out; echo err >&2; exit 7")
        self.assert_ended(result, 7, stdout=b"out\n", stderr=b"err\n")
        self.assertEqual(self.log.read_text().count("Accepted publickey"), 1, self.log.read_text())
        self.assert_nothing_left()

    def test_the_end_of_stdin_reaches_the_command_over_ssh(self):
        self.check_end_of_input()

    def test_50_megabytes_over_ssh_come_back_the_same(self):
        self.check_50_megabytes_both_ways()

    def test_user_and_port_of_the_address_are_used(self):
        self.configure(Port=1, User="nobody-of-that-name")
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        self.environment["DOCKER_HOST"] = f"ssh://{user}@lab:{self.port}{self.engine.socket}"
        self.assert_ended(self.run_in("echo", "here"), 0, stdout=b"here\n", stderr=b"")

    def test_ctrl_c_reaches_the_command_and_not_ssh(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                process = self.start_shell("trap 'echo caught; exit 42' INT TERM HUP; echo ready; "
                                           "while :; do sleep 0.1; done")
                os.killpg(process.pid, number)  # as a terminal does it, and `timeout`
                stdout, stderr = process.communicate(timeout=20)
                self.assertEqual((process.returncode, stdout, stderr), (42, b"caught\n", b""))
        self.assert_nothing_left()

    def test_a_berth_that_is_killed_takes_its_ssh_with_it(self):
        process = self.start(*self.run_arguments("cat"), stdin=subprocess.PIPE)
        process.stdin.write(b"x")
        process.stdin.flush()
        self.assertEqual(process.stdout.read(1), b"x")
        self.assertEqual(len(self.processes()), 1)
        process.kill()
        process.wait()
        self.assert_nothing_left()

    def test_forwardings_and_commands_of_the_users_configuration_are_not_in_the_way(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.configure(LocalForward=f"127.0.0.1:{taken.getsockname()[1]} 127.0.0.1:9", RemoteCommand="sleep 100",
                           ExitOnForwardFailure="yes", ControlMaster="auto", ControlPath=self.ssh_folder / "master",
                           ControlPersist="yes", LogLevel="QUIET")
            self.assert_ended(self.run_in("echo", "here"), 0, stdout=b"here\n", stderr=b"")
        self.assert_nothing_left()


class SshLost(SshTest):
    def test_ssh_that_dies_in_the_middle_is_a_lost_connection(self):
        process = self.start(*self.run_arguments("cat"), stdin=subprocess.PIPE)
        process.stdin.write(b"x")
        process.stdin.flush()
        self.assertEqual(process.stdout.read(1), b"x")
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if str(self.configuration).encode() in entry.read_bytes():
                    os.kill(int(entry.parent.name), signal.SIGKILL)
        self.assertEqual(process.wait(30), 125)
        text = process.stderr.read().decode()
        self.assertEqual(text.count("error: "), 1, text)
        self.assertIn(self.environment["DOCKER_HOST"], text)
        self.assert_nothing_left()


class SshMounts(SshTest):
    # Not on Podman, which makes what is not there.
    def test_a_mount_that_is_not_there_is_told_to_be_on_the_other_machine(self):
        self.assert_refused(self.run_in("-v", "/nonexistent/data:/data", "true"), 125, "/nonexistent/data",
                            "the engine is on another machine")


class SshPassphrase(SshTest):
    def setUp(self):
        super().setUp()
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "sesame", "-f", self.ssh_folder / "user"], check=True,
                       stdout=subprocess.DEVNULL)
        self.person = Person(self, [BERTH, *self.run_arguments("echo", "here")])
        self.person.expect(b"Enter passphrase")

    def test_ssh_asks_for_a_passphrase_on_the_terminal(self):
        self.person.type(b"sesame\n")
        self.person.expect(b"here")
        self.assertEqual(self.person.wait(), 0)
        self.assertEqual(termios.tcgetattr(self.person.inner), self.person.settings)
        self.assert_nothing_left()

    def test_ctrl_c_at_the_question_leaves_the_terminal_as_it_was(self):
        self.wait_until(lambda: not termios.tcgetattr(self.person.inner)[3] & termios.ECHO, "ssh hides what is typed")
        self.person.type(b"\x03")
        self.assertEqual(self.person.wait(), 130)
        self.assertEqual(termios.tcgetattr(self.person.inner), self.person.settings)
        self.assert_nothing_left()


class SshRefusals(SshTest):
    def refused(self, *words):
        self.assert_refused(self.run_in("true"), 125, *words)
        self.assert_nothing_left()

    def test_an_unknown_host_key_is_not_trusted(self):
        self.configure(known=False)
        self.refused("ssh does not know the host's key", "hint: `ssh lab`")

    def test_a_changed_host_key_is_told_as_such(self):
        shutil.copy(self.ssh_folder / "other.pub", self.ssh_folder / "host.pub")
        self.configure()
        self.refused("the host's key is not the one that ssh knows")

    def test_a_key_that_is_not_authorized_is_told_so(self):
        self.configure(key="other")
        self.refused("ssh is not let in", "Permission denied (publickey)", "hint: `ssh lab docker version`")

    def test_an_unknown_host_is_told_so(self):
        self.environment["DOCKER_HOST"] = "ssh://no-such-host.invalid"
        self.refused("ssh does not know that host", "no-such-host.invalid")

    def test_a_port_that_nobody_listens_to_is_told_so(self):
        self.configure(Port=1)
        self.refused("nobody listens for ssh there")

    def test_a_socket_that_is_not_there_is_told_so(self):
        self.environment["DOCKER_HOST"] = "ssh://lab/nonexistent/docker.sock"
        self.refused("/nonexistent/docker.sock cannot be opened there", "hint: `ssh lab docker version`")

    def test_a_server_that_forwards_nothing_is_told_so(self):
        self.start_sshd("AllowStreamLocalForwarding no")
        self.configure()
        self.refused("cannot be opened there", "AllowStreamLocalForwarding")

    def test_a_machine_without_ssh_is_told_so(self):
        self.environment["PATH"] = str(self.home)
        self.refused("`ssh` cannot be run: no such file or directory", "openssh-client")

    def test_ssh_that_takes_its_time_is_given_up_on_ctrl_c(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.configure(Port=silent.getsockname()[1])
            process = self.start(*self.run_arguments("true"))
            silent.settimeout(20)
            connection, _ = silent.accept()
            os.killpg(process.pid, signal.SIGINT)
            self.assertEqual(process.wait(20), 130)
            connection.close()
        self.assert_nothing_left()


class SshAddresses(BerthTest):
    def test_addresses_that_mean_nothing_to_ssh_are_usage_errors(self):
        for address, word in (("ssh://me:secret@lab", "password"), ("ssh://lab/sock?x=1", "query"),
                              ("ssh://lab/sock#x", "fragment")):
            with self.subTest(address=address):
                result = self.berth("run", "--image", BUSYBOX, "true", env={"DOCKER_HOST": address})
                self.assert_refused(result, 125, word, "DOCKER_HOST")
                self.assertNotIn(b"secret", result.stderr)

    def test_engine_and_context_together_are_a_usage_error(self):
        result = self.berth("run", "--engine", "unix:///x", "--context", "lab", "--image", BUSYBOX, "true")
        self.assert_refused(result, 125, "`--engine` and `--context` name two engines")


class PodmanOnDemand(EngineTest):
    """Only the program `podman` is there, and no service: the Podman of podman-5, with a store of the test's own."""

    engines = ("podman-5",)
    # No socket of the machine's own, if it has one.
    prefix = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh")

    def setUp(self):
        super().setUp()
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        self.podman = bin_folder / "podman"
        self.data = self.folder / "data"
        self.data.mkdir()
        # What Podman has left to do after a container's end it does in its own time, and in the folder.
        self.addCleanup(self.wait_until, lambda: not command_lines(str(self.data)), "Podman has cleaned up")
        self.write_podman(f'exec {REPO}/tests/engines/podman {self.data} "$@"')
        # A machine without docker: /usr/bin has one where the tests run.
        for program in ("sh", "unshare", "mount"):
            (bin_folder / program).symlink_to(shutil.which(program, path="/usr/bin:/bin"))
        self.sockets = self.folder / "tmp"
        self.sockets.mkdir()
        del self.environment["DOCKER_HOST"]
        self.environment.update(PATH=str(bin_folder), TMPDIR=str(self.sockets), BERTH_ENGINES_DIR=str(ENGINES_DIR))

    def write_podman(self, script):
        self.podman.write_text(f"#!/bin/bash\n{script}\n")
        self.podman.chmod(0o755)

    def import_busybox(self):
        with (ENGINES_DIR / "images" / "busybox.tar").open("rb") as archive:
            made = subprocess.run([self.podman, "import", "-", BUSYBOX], stdin=archive, env=self.environment,
                                  capture_output=True)
        self.assertEqual(made.returncode, 0, made.stderr)

    def services(self):
        return [words for words in command_lines(str(self.data)) if b"service" in words]

    def assert_nothing_left(self):
        self.wait_until(lambda: not self.services(), "podman has ended", seconds=10)
        self.assertEqual(list(self.sockets.iterdir()), [])

    def test_podman_is_started_for_a_run_and_ended_with_it(self):
        self.import_busybox()
        self.assert_ended(self.run_in("sh", "-c", "cat; echo err >&2; exit 7", input=b"in"), 7, stdout=b"in",
                          stderr=b"err\n")
        self.assert_nothing_left()
        told = self.berth("-v", "run", "--image", BUSYBOX, "--gpus", "none", "true")
        self.assert_ended(told, 0, stdout=b"")
        self.assertIn(b"podman system service --time=0", told.stderr)

    def test_ctrl_c_reaches_the_command_and_not_podman(self):
        self.import_busybox()
        process = self.start(*self.run_arguments(), "sh", "-c",
                             "trap 'echo caught; exit 42' INT; echo ready; while :; do sleep 0.1; done",
                             start_new_session=True)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=20)
        self.assertEqual((process.returncode, stdout, stderr), (42, b"caught\n", b""))
        self.assert_nothing_left()

    def test_a_berth_that_is_killed_takes_its_podman_with_it(self):
        self.import_busybox()
        process = self.start(*self.run_arguments("cat"), stdin=subprocess.PIPE)
        process.stdin.write(b"x")
        process.stdin.flush()
        self.assertEqual(process.stdout.read(1), b"x")
        self.assertEqual(len(self.services()), 1)
        process.kill()
        process.wait()
        self.assert_nothing_left()

    def test_podman_that_cannot_serve_is_told_in_its_own_words(self):
        self.write_podman("echo 'Error: no space for a podman' >&2; exit 125")
        self.assert_refused(self.run_in("true"), 125, "podman does not serve its API", "no space for a podman",
                            "hint: `podman info`")
        self.assert_nothing_left()

    def test_where_docker_is_installed_podman_is_not_started(self):
        (self.podman.parent / "docker").write_text("#!/bin/sh\n")
        (self.podman.parent / "docker").chmod(0o755)
        self.assert_refused(self.run_in("true"), 125, "/var/run/docker.sock")
