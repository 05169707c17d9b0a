"""A proxy in front of a real engine's socket that does what engines and networks do on bad days.

It passes bytes until told otherwise. A fault is bound to calls by a pattern that is searched in `METHOD /path?query`, and
happens `times` times; what concerns all connections is a method of its own.
"""

import contextlib
import json
import re
import socket
import threading

END_OF_HEAD = b"\r\n\r\n"
REASONS = {200: "OK", 404: "Not Found", 409: "Conflict", 500: "Internal Server Error"}


class Fault:
    def __init__(self, pattern, times, answer=None, after=0, alter=None, stall=False):
        self.pattern, self.left = re.compile(pattern), times
        self.answer = answer  # the whole response, in place of the engine's
        self.after = after  # bytes of the body that still pass
        self.alter = alter  # what becomes of a part of the body; None: the connection is cut there
        self.stall = stall  # not cut: nothing more comes


class EngineProxy:
    def __init__(self, engine_socket, path):
        self._engine_socket = engine_socket
        self.address = f"unix://{path}"
        self.calls = []
        self._faults = []
        self._connections = set()
        self._refuses = False
        self.flowing = threading.Event()
        self.flowing.set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(32)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.flowing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    # One call

    def answer(self, pattern, status, message, times=1):
        body = message if isinstance(message, bytes) else json.dumps({"message": message}).encode()
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n"
        answer = head.encode() + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        self._faults.append(Fault(pattern, times, answer=answer))

    def cut(self, pattern, after=0, times=1):
        self._faults.append(Fault(pattern, times, after=after))

    def stall(self, pattern, after=0, times=1):
        self._faults.append(Fault(pattern, times, after=after, stall=True))

    def alter(self, pattern, function, times=1):
        """function: bytes to bytes, called with each part of the body as it comes."""
        self._faults.append(Fault(pattern, times, alter=function))

    # All of them

    def cut_all(self, refuse=False):
        """Ends every connection. With `refuse`, new ones too, until accept_again()."""
        self._refuses = refuse
        for connection in list(self._connections):
            connection.cut()

    def accept_again(self):
        self._refuses = False

    def stall_all(self):
        """No byte passes any more, in any direction, until go_on()."""
        self.flowing.clear()

    def go_on(self):
        self.flowing.set()

    def called(self, pattern):
        return sum(bool(re.search(pattern, call)) for call in self.calls)

    def fault_of(self, call):
        self.calls.append(call)
        for fault in self._faults:
            if fault.left > 0 and fault.pattern.search(call):
                fault.left -= 1
                return fault
        return None

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._refuses:
                    client.close()
                    continue
                _Connection(self, client, self._engine_socket, self._connections)


class _Connection:
    def __init__(self, proxy, client, engine_socket, connections):
        self._proxy, self._client, self._connections = proxy, client, connections
        self._fault, self._head, self._passed = None, b"", 0
        self._engine = socket.socket(socket.AF_UNIX)
        try:
            self._engine.connect(engine_socket)
        except OSError:
            client.close()
            return
        connections.add(self)
        for pump in (self._requests, self._responses):
            threading.Thread(target=self._run, args=(pump,), daemon=True).start()

    def _run(self, pump):
        try:
            pump()
        except OSError:
            self.cut()

    def cut(self):
        self._connections.discard(self)
        for end in (self._client, self._engine):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _receive(self, end):
        data = end.recv(65536)
        self._proxy.flowing.wait()
        return data

    def _requests(self):
        pending = b""
        while True:
            while END_OF_HEAD not in pending:
                data = self._receive(self._client)
                if not data:
                    return self._engine.shutdown(socket.SHUT_WR)
                pending += data
            head, pending = pending.split(END_OF_HEAD, 1)
            length = re.search(rb"(?im)^content-length: *(\d+)", head)
            length = int(length[1]) if length else 0
            while len(pending) < length:
                pending += self._receive(self._client)
            body, pending = pending[:length], pending[length:]
            fault = self._proxy.fault_of(" ".join(head.split(b"\r\n")[0].decode().split()[:2]))
            if fault and fault.answer:
                self._client.sendall(fault.answer)
                continue
            self._fault, self._head, self._passed = fault, b"", 0
            self._engine.sendall(head + END_OF_HEAD + body)
            if re.search(rb"(?im)^upgrade:", head):
                return self._raw(pending)

    def _raw(self, data):
        while True:
            self._engine.sendall(data)
            data = self._receive(self._client)
            if not data:
                return self._engine.shutdown(socket.SHUT_WR)

    def _responses(self):
        while data := self._receive(self._engine):
            if self._fault:
                data = self._faulty(data)
            self._client.sendall(data)
            if self._is_over():
                return None if self._fault.stall else self.cut()
        self._client.shutdown(socket.SHUT_WR)

    def _faulty(self, data):
        """What passes of it."""
        head = b""
        if END_OF_HEAD not in self._head:
            self._head += data
            if END_OF_HEAD not in self._head:
                return b""  # passes when it is whole
            head, data = self._head.split(END_OF_HEAD, 1)
            head += END_OF_HEAD
        if self._fault.alter is not None:
            return head + (self._fault.alter(data) if data else b"")
        passes = data[:self._fault.after - self._passed]
        self._passed += len(passes)
        return head + passes

    def _is_over(self):
        fault = self._fault
        return fault and fault.alter is None and END_OF_HEAD in self._head and self._passed >= fault.after
