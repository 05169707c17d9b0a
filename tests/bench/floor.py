"""The floor: the engine's own time for a run. The calls that no client can do without (create, attach, wait, start), sent
from a process that is warm and does nothing else, over the Unix socket, each connection opened in time for its call.

An interpreter's start would hide the figure; a client has to add one of its own, so the floor is never reached, except by
a client that asks the engine for less.
"""

import http.client
import json
import socket
import time

import pairs
from harness import UnixConnection

HEADER = 8  # of a frame: stream, three zeros, length
READ = 1 << 20


class Floor:
    """One run by the bare calls. `until`: the engine's condition for the answer of the last, `next-exit` or `removed`."""

    def __init__(self, stage, body, until="next-exit"):
        self.stage, self.socket, self.body, self.until = stage, stage.engine.socket, body, until

    def __call__(self):
        start = time.monotonic()
        with Run(self.socket, self.body, self.until) as run:
            while run.stream.recv(READ):
                pass
            run.check_exit()
            wall = time.monotonic() - start
        self.stage.settle()
        return pairs.Sample(wall)


class FloorOfFirstByte(Floor):
    def __call__(self):
        start = time.monotonic()
        with Run(self.socket, self.body, self.until) as run:
            run.stream.recv(HEADER + 1)
            wall = time.monotonic() - start
            while run.stream.recv(READ):
                pass
            run.check_exit()
        self.stage.settle()
        return pairs.Sample(wall)


class FloorOfOutput(Floor):
    """Takes the stream as it comes, into memory; the frames are looked at when the clock has stopped."""

    def __init__(self, stage, body, size, check):
        super().__init__(stage, body)
        self.size, self.check = size, check

    def __call__(self):
        # A frame holds what one read of the engine's gave, as little as a line of text where a logger is between.
        buffer = bytearray(self.size + self.size // 4 + READ)
        view, filled = memoryview(buffer), 0
        start = time.monotonic()
        with Run(self.socket, self.body, self.until) as run:
            while count := run.stream.recv_into(view[filled:filled + READ]):
                filled += count
            run.check_exit()
            wall = time.monotonic() - start
        output = self.stage.folder / "output"
        with open(output, "wb") as file:
            for frame in frames(view[:filled]):
                file.write(frame)
        del view, buffer
        self.check(output)
        output.unlink()
        self.stage.settle()
        return pairs.Sample(wall)


class FloorOfInput(Floor):
    def __init__(self, stage, body, path, check):
        super().__init__(stage, body)
        self.path, self.check = path, check

    def __call__(self):
        start = time.monotonic()
        with Run(self.socket, self.body, self.until) as run, open(self.path, "rb") as file:
            run.stream.sendfile(file)
            run.stream.shutdown(socket.SHUT_WR)
            while run.stream.recv(READ):
                pass
            run.check_exit()
            wall = time.monotonic() - start
        self.check()
        self.stage.settle()
        return pairs.Sample(wall)


class Run:
    """A container that was created, attached to, waited for and started."""

    def __init__(self, path, body, until):
        self._calls = UnixConnection(path)
        container = json.loads(self._call("/containers/create", 201, body))["Id"]
        self.stream = self._attach(path, container)
        self._wait = UnixConnection(path)
        self._wait.timeout = 600
        self._wait.request("POST", f"/containers/{container}/wait?condition={until}")
        self._call(f"/containers/{container}/start", 204)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in (self._calls, self.stream, self._wait):
            end.close()

    def check_exit(self):
        code = json.loads(self._wait.getresponse().read())["StatusCode"]
        if code != 0:
            raise pairs.Failed(f"the floor's command ended with {code}")

    def _call(self, path, expected, body=None):
        self._calls.request("POST", path, body and json.dumps(body), {"Content-Type": "application/json"})
        response = self._calls.getresponse()
        said = response.read()
        if response.status != expected:
            raise pairs.Failed(f"POST {path}: {response.status} {said!r}")
        return said

    def _attach(self, path, container):
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(path)
        stream.sendall(f"POST /containers/{container}/attach?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1\r\n"
                       "Host: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):  # byte by byte: what follows is the stream
            byte = stream.recv(1)
            if not byte:
                raise pairs.Failed(f"attach: {head!r}")
            head += byte
        if not head.startswith(b"HTTP/1.1 101"):
            raise pairs.Failed(f"attach: {head!r}")
        return stream


class FloorOfAnswer:
    """A question that is one GET; the answer is read to its end."""

    def __init__(self, stage, path, check):
        self.stage, self.path, self.check = stage, path, check

    def __call__(self):
        connection = UnixConnection(self.stage.engine.socket)
        try:
            start = time.monotonic()
            connection.request("GET", self.path)
            response = connection.getresponse()
            body = response.read()
            wall = time.monotonic() - start
        except http.client.HTTPException as error:
            raise pairs.Failed(f"GET {self.path}: {error}") from error
        finally:
            connection.close()
        if response.status != 200:
            raise pairs.Failed(f"GET {self.path}: {response.status} {body[:500]!r}")
        self.check(body)
        return pairs.Sample(wall)


def frames(data):
    """The payloads of the frames of an attached stream."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 4:at + HEADER], "big")
        yield data[at + HEADER:at + HEADER + size]
        at += HEADER + size
