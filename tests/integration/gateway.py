"""The way out for containers of the test engines, which live in a network of their own with nothing but a loopback.

Gateway is an HTTP proxy whose socket is in that network and whose connections begin in ours: what a company's proxy is.
It counts what goes through. As a program it stays until it is killed: gateway.py ENGINE PORT
"""

import contextlib
import ctypes
import os
import select
import socket
import subprocess
import sys
import threading

from harness import ENGINES_TOOLS

CLONE_NEWNET = 0x40000000


def namespace_file(namespace):
    for process in filter(str.isdigit, os.listdir("/proc")):
        path = f"/proc/{process}/ns/net"
        with contextlib.suppress(OSError):
            if os.readlink(path) == namespace:
                return path
    raise LookupError(f"no process is in {namespace}")


def listen_within(engine, port=0):
    """A listening socket on the loopback of the engine's network; made on a thread of its own, since it has to go there."""
    tool = [ENGINES_TOOLS / "engine", "within", engine, "readlink", "/proc/self/ns/net"]
    namespace = subprocess.run(tool, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    made = []

    def make():
        libc = ctypes.CDLL(None, use_errno=True)
        with open(namespace_file(namespace), "rb") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) == 0:
                made.append(socket.create_server(("127.0.0.1", port)))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


class Gateway:
    def __init__(self, engine, port=0):
        self._listener = listen_within(engine, port)
        self.port = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.hosts = []  # one for each connection that was asked for
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def variables(self):
        return {"http_proxy": self.address, "https_proxy": self.address,
                "HTTP_PROXY": self.address, "HTTPS_PROXY": self.address}

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(65536)
                if not piece:
                    return
                head += piece
            method, target, rest = head.split(b" ", 2)
            try:
                if method == b"CONNECT":
                    host, port = target.decode().rsplit(":", 1)
                    self._pass(client, host, int(port), None)
                else:
                    authority, path = target.decode().split("://", 1)[1].split("/", 1)
                    host, _, port = authority.partition(":")
                    # One request for each connection, so that the next may go elsewhere.
                    lines = [line for line in rest.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
                             if not line.lower().startswith((b"proxy-connection", b"connection"))]
                    request = b"%s /%s %s\r\nConnection: close\r\n\r\n" % (method, path.encode(), b"\r\n".join(lines))
                    self._pass(client, host, int(port or 80), request + head.split(b"\r\n\r\n", 1)[1])
            except OSError as error:
                print(f"gateway: {target!r}: {error}", file=sys.stderr)

    def _pass(self, client, host, port, request):
        self.hosts.append(host)
        try:
            server = socket.create_connection((host, port), 30)
        except OSError as error:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            raise error
        with server:
            if request is None:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(request)
            ends = {client: server, server: client}
            while True:
                readable, _, _ = select.select(list(ends), [], [], 300)
                if not readable:
                    return
                for end in readable:
                    piece = end.recv(262144)
                    if not piece:
                        return
                    ends[end].sendall(piece)


if __name__ == "__main__":
    Gateway(sys.argv[1], int(sys.argv[2]))
    threading.Event().wait()
