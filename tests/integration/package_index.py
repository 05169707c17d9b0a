"""A package index (PEP 503) in a test engine's network: a folder of wheels, for everybody or with a password.

Containers reach it with `--network host`. It counts what is asked for.
"""

import base64
import hashlib
import html
import http.server
import pathlib
import threading
import urllib.parse
import zipfile

from gateway import listen_within


def normalised(name):
    return name.lower().replace("_", "-").replace(".", "-")


def write_wheel(folder, name="berth_probe", version="1.0", files=None, requires=()):
    """A wheel of pure Python in the folder; without files, a module of the name that knows its version. Its path."""
    files = files or {f"{name}.py": f"VERSION = {version!r}\n"}
    info = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    metadata += [f"Requires-Dist: {requirement}\n" for requirement in requires]
    files = {
        **files,
        f"{info}/METADATA": "".join(metadata),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: berth\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD"
    path = pathlib.Path(folder) / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        lines = []
        for inside, content in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
            lines.append(f"{inside},sha256={digest},{len(content.encode())}\n")
            wheel.writestr(zipfile.ZipInfo(inside), content)  # dated 1980: the same content makes the same wheel
        wheel.writestr(zipfile.ZipInfo(record), "".join(lines) + f"{record},,\n")
    return path


class PackageIndex:
    """What lies in the folder at the time of a request. With a user, others get 401.

    A wheel's bytes wait for `gate`, which is open until a test closes it (`clear()`); its size is told before.
    """

    def __init__(self, engine, folder, user=None, password=None):
        self._folder = pathlib.Path(folder)
        self._allowed = user and "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.requests = []  # the paths of those that were answered with content
        self.refused = []  # and of those without the password
        self.gate = threading.Event()
        self.gate.set()
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                index._answer(self)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        listener = listen_within(engine)
        self.port = listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}/simple/"
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._server.server_name, self._server.server_port = "127.0.0.1", self.port
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url_with(self, user, password):
        return f"http://{user}:{password}@{self.host}/simple/"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler):
        path = urllib.parse.unquote(urllib.parse.urlsplit(handler.path).path)
        if self._allowed and handler.headers.get("Authorization") != self._allowed:
            self.refused.append(path)
            self._send(handler, 401, b"", **{"WWW-Authenticate": 'Basic realm="packages"'})
            return
        content = self._content(path)
        if content is None:
            self._send(handler, 404, b"")
            return
        self.requests.append(path)
        kind = "text/html" if path.endswith("/") else "application/octet-stream"
        self._send(handler, 200, content, self.gate if path.endswith(".whl") else None, **{"Content-Type": kind})

    def _content(self, path):
        parts = [part for part in path.split("/") if part]
        if parts[:1] == ["files"] and len(parts) == 2 and (self._folder / parts[1]).is_file():
            return (self._folder / parts[1]).read_bytes()
        # Below the index, as pip sends the password of an address only to what is below it.
        if parts[:1] == ["simple"] and len(parts) == 3 and (self._folder / parts[2]).is_file():
            return (self._folder / parts[2]).read_bytes()
        if parts[:1] != ["simple"] or len(parts) > 2:
            return None
        files = sorted(file.name for file in self._folder.iterdir() if file.is_file())
        if len(parts) == 1:
            return self._links((f"/simple/{name}/", name) for name in {normalised(f.split("-")[0]) for f in files})
        offered = [name for name in files if normalised(name.split("-")[0]) == normalised(parts[1])]
        digests = [hashlib.sha256((self._folder / name).read_bytes()).hexdigest() for name in offered]
        return self._links((f"/simple/{parts[1]}/{name}#sha256={digest}", name) for name, digest in zip(offered, digests)) \
            if offered else None

    @staticmethod
    def _links(links):
        return "".join(f'<a href="{html.escape(url)}">{html.escape(text)}</a>\n' for url, text in links).encode()

    @staticmethod
    def _send(handler, status, body, gate=None, **headers):
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if gate:
            gate.wait(120)
        if handler.command != "HEAD":
            handler.wfile.write(body)
