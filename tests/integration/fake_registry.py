"""A registry on loopback whose every answer a test decides; and the documents of images, as `docker push` makes them."""

import hashlib
import http.server
import json
import threading

OCI = "application/vnd.oci.image."


def digest_of(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


class Image:
    """Configuration and manifest for one platform; the layers are only named."""

    def __init__(self, environment=(), architecture="amd64", layers=(1_000_000, 500_000), labels=None,
                 system="linux"):
        self.config = json.dumps({
            "architecture": architecture, "os": system,
            "config": {"Env": list(environment), "Cmd": ["sh"], "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(bytes([i])) for i in range(len(layers))]}}).encode()
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
            "config": self.descriptor(OCI + "config.v1+json", self.config),
            "layers": [{"mediaType": OCI + "layer.v1.tar+gzip", "digest": digest_of(b"layer %d" % i), "size": size}
                       for i, size in enumerate(layers)]}).encode()
        self.architecture = architecture

    @staticmethod
    def descriptor(media_type, body):
        return {"mediaType": media_type, "digest": digest_of(body), "size": len(body)}

    @property
    def digest(self):
        return digest_of(self.manifest)


def index_of(*images):
    entries = [{**Image.descriptor(OCI + "manifest.v1+json", image.manifest),
                "platform": {"os": "linux", "architecture": image.architecture}} for image in images]
    # What BuildKit adds; it is no image.
    entries.append({**Image.descriptor(OCI + "manifest.v1+json", b"{}"),
                    "platform": {"os": "unknown", "architecture": "unknown"}})
    return json.dumps({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": entries}).encode()


class FakeRegistry:
    """`answers` maps a path to bytes, or to a function that is given the request's handler. Others are unknown."""

    def __init__(self):
        self.answers = {}
        self.requests = []  # (method, path, headers)
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                registry.requests.append((self.command, self.path, dict(self.headers)))
                answer = registry.answers.get(self.path.split("?")[0])
                if callable(answer):
                    answer(self)
                elif answer is not None:
                    self.reply(200, answer)
                else:
                    self.reply_error(404, "MANIFEST_UNKNOWN")

            do_GET = do_HEAD = do_POST = handle_one

            def reply(self, status, body, **headers):
                self.send_response(status)
                headers.setdefault("Content-Type", json_type(body))
                if status == 200 and "Docker_Content_Digest" not in headers:
                    headers["Docker_Content_Digest"] = digest_of(body)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def reply_error(self, status, code, **headers):
                self.reply(status, json.dumps({"errors": [{"code": code, "message": "no"}]}).encode(), **headers)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def host(self):
        return f"127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, image, name="lab/image", tag=None):
        self.answers[f"/v2/{name}/blobs/{digest_of(image.config)}"] = image.config
        self.answers[f"/v2/{name}/manifests/{image.digest}"] = image.manifest
        if tag:
            self.answers[f"/v2/{name}/manifests/{tag}"] = image.manifest

    def asked(self, method, path):
        return sum(one[:2] == (method, path) for one in self.requests)


def json_type(body):
    try:
        return json.loads(body).get("mediaType", "application/json")
    except (ValueError, AttributeError):
        return "text/html"
