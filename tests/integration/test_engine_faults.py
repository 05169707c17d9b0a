"""Engines that are not there, or not engines: one clear error, soon, and the documented exit code."""

import contextlib
import socket
import threading
import time

from harness import BUSYBOX, BerthTest


class Faults(BerthTest):
    def run_on(self, address, timeout=60):
        return self.berth("run", "--image", BUSYBOX, "--gpus", "none", "true", env={"DOCKER_HOST": address},
                          timeout=timeout)

    @contextlib.contextmanager
    def something_at(self, answer):
        """A Unix socket on which `answer(connection)` is called for each connection."""
        path = str(self.folder / "fake.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(16)
        open_connections = []

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                open_connections.append(connection)
                threading.Thread(target=self._answered, args=(answer, connection), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield "unix://" + path
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            for connection in open_connections:
                connection.close()

    @staticmethod
    def _answered(answer, connection):
        with contextlib.suppress(OSError):
            answer(connection)

    def test_a_socket_that_is_not_there_is_125_with_a_remedy(self):
        self.assert_refused(self.run_on("unix:///nonexistent/docker.sock"), 125, "/nonexistent/docker.sock", "hint: ")

    def test_a_socket_that_nobody_listens_to_is_125(self):
        path = str(self.folder / "dead.sock")
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(path)
        dead.close()
        self.assert_refused(self.run_on("unix://" + path), 125, path, "hint: ")

    def test_a_port_that_nobody_listens_to_is_125(self):
        self.assert_refused(self.run_on("tcp://127.0.0.1:1"), 125, "127.0.0.1:1")

    def test_an_address_that_is_none_is_125(self):
        self.assert_refused(self.run_on("carrier-pigeon://coop"), 125, "carrier-pigeon")

    def test_an_engine_that_answers_garbage_is_125(self):
        def garbage(connection):
            connection.recv(65536)
            connection.sendall(b"\x00\xff\x00 this is not HTTP\n" * 10)
            connection.close()
        with self.something_at(garbage) as address:
            self.assert_refused(self.run_on(address), 125)

    def test_an_engine_that_answers_http_but_no_json_is_125(self):
        def web_server(connection):
            while connection.recv(65536):
                body = b"<html>It works!</html>"
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s"
                                   % (len(body), body))
        with self.something_at(web_server) as address:
            self.assert_refused(self.run_on(address), 125)

    def test_an_engine_that_closes_at_once_is_125(self):
        with self.something_at(lambda connection: connection.close()) as address:
            self.assert_refused(self.run_on(address), 125)

    def test_an_engine_that_never_answers_is_given_up(self):
        with self.something_at(lambda connection: time.sleep(120)) as address:
            started = time.monotonic()
            self.assert_refused(self.run_on(address, timeout=100), 125)
            self.assertLess(time.monotonic() - started, 60)
