"""tests/lib/registry.py: a registry of container images at the host's end of a box's network: Debian's docker-registry with the images of
images/build-catalogue, behind a door of ours that speaks TLS and can be difficult.

    registry = Registry(box, "busybox", "radicale")     # builds what is not built yet, and fills the registry once per machine
    image = registry.reference("busybox")               # registry.test/busybox@sha256:...
    registry.reset(token=True, redirect=True)           # from now on: a token is wanted, and blobs come from another host
    registry.reset(limit=3)                             # the next three questions are answered "too many"
    registry.reset(die_after=100000, dies=1)            # the first blob that is longer is cut off there
    registry.reset(password="ada:correct horse", basic=True)   # a private one
    image = registry.tag("own", "1", of="busybox", Cmd=["sleep", "9"])   # registry.test/own:1 leads to another image now
    image = registry.layered("falling", "1", of="busybox", size=300000)   # with one more layer, which is new each time
    registry.stop()

As a program, to look at by hand or from tests in bash and Node: tests/lib/registry.py serve BOX READY_FILE IMAGE...
Each line it is told is what reset() shall be given, as JSON; it says a line when that is so.
"""
import base64
import gzip
import hashlib
import http.client
import http.server
import io
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.parse

from patience import until
from steadbox import TESTS, Box

HOST, BLOBS = "registry.test", "storage.example"
CACHE = os.environ.get("STEADBOX_CACHE", "/var/cache/steadbox")
PROGRAM = os.path.join(os.path.dirname(TESTS), "images", "build-catalogue")


def need(*pairs):
    subprocess.run(["bash", "-c", f'. "{TESTS}/../images/lib.sh"; need_commands {" ".join(pairs)}'], check=True, stdout=subprocess.DEVNULL)


def layout_of(*images):
    """The OCI layout with these images and a dictionary of their digests; builds what is missing."""
    p = subprocess.run([PROGRAM, *(["--only", ",".join(images)] if images else [])], capture_output=True, text=True)
    if p.returncode != 0:
        raise AssertionError("the images are not built: " + p.stderr[-2000:])
    directory = p.stdout.strip()
    with open(os.path.join(directory, "digests")) as f:
        return directory, dict(line.split() for line in f)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Storage:
    """docker-registry on the host's loopback. Its directory outlives it, so that each image is pushed once."""

    def __init__(self, layout):
        need("docker-registry:docker-registry", "skopeo:skopeo")
        self.port = free_port()
        self.directory = os.path.join(CACHE, "registry-" + hashlib.sha256(layout.encode()).hexdigest()[:16])
        os.makedirs(self.directory, exist_ok=True)
        self.scratch = tempfile.mkdtemp(prefix="steadbox-registry-")
        configuration = os.path.join(self.scratch, "config.json")
        with open(configuration, "w") as f:
            json.dump({"version": 0.1, "log": {"level": "error"}, "storage": {"filesystem": {"rootdirectory": self.directory}},
                       "http": {"addr": f"127.0.0.1:{self.port}"}}, f)
        log = open(os.path.join(os.environ.get("LOGS", self.scratch), "registry.log"), "a")
        self.process = subprocess.Popen(["docker-registry", "serve", configuration], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until("the registry answers", lambda: self.process.poll() is not None or self.ask("GET", "/v2/")[0] == 200)
        assert self.process.poll() is None, "docker-registry does not run"

    def ask(self, method, path):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        c.request(method, path)
        r = c.getresponse()
        return r.status, r.read()

    def push(self, layout, name):
        if self.ask("HEAD", f"/v2/{name}/manifests/latest")[0] != 200:
            subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", f"oci:{layout}:{name}:latest",
                            f"docker://127.0.0.1:{self.port}/{name}:latest"], check=True, capture_output=True)

    def upload(self, name, data):
        """A blob of the repository; its digest."""
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        c.request("POST", f"/v2/{name}/blobs/uploads/", headers={"Content-Length": "0"})
        r = c.getresponse()
        r.read()
        where = urllib.parse.urlsplit(r.headers["Location"])
        c.request("PUT", f"{where.path}?{where.query}&digest={digest}", body=data, headers={"Content-Type": "application/octet-stream"})
        r = c.getresponse()
        assert r.status == 201, (r.status, r.read())
        c.close()
        return digest

    def put_manifest(self, name, tag, manifest):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        c.request("PUT", f"/v2/{name}/manifests/{tag}", body=json.dumps(manifest), headers={"Content-Type": manifest["mediaType"]})
        r = c.getresponse()
        assert r.status == 201, (r.status, r.read())
        c.close()

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)


class Door(http.server.BaseHTTPRequestHandler):
    """One request: judged by the registry's present mood, then handed on to the storage."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, **headers):
        self.say(status, json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode(), Content_Type="application/json", **headers)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        registry = self.server.registry
        host = self.headers.get("Host", "").partition(":")[0]
        registry.asked.append((self.command, host, self.path, self.headers.get("Authorization"), self.client_address[0]))
        if registry.away:
            self.close_connection = True
            return
        if host == BLOBS:
            # What stores blobs is another party: a registry's credentials are not its business.
            if self.headers.get("Authorization"):
                self.refuse(400, "DENIED")
            else:
                self.hand_on(registry)
            return
        if self.path.startswith("/token?"):
            if registry.private and self.headers.get("Authorization") != registry.private:
                self.refuse(401, "UNAUTHORIZED")
                return
            query = urllib.parse.parse_qs(self.path.partition("?")[2])
            token = registry.issue(query.get("scope", [""])[0])
            self.say(200, json.dumps({"token": token, "expires_in": 300}).encode(), Content_Type="application/json")
            return
        if registry.take("limit"):
            self.refuse(429, "TOOMANYREQUESTS", Retry_After="1")
            return
        if registry.basic and self.headers.get("Authorization") != registry.private:
            self.refuse(401, "UNAUTHORIZED", WWW_Authenticate=f'Basic realm="{HOST}"')
            return
        if registry.token and not registry.admits(self.headers.get("Authorization"), self.path):
            scope = f',scope="repository:{self.repository()}:pull"' if self.repository() else ""
            self.refuse(401, "UNAUTHORIZED", WWW_Authenticate=f'Bearer realm="https://{HOST}/token",service="{HOST}"{scope}')
            return
        if registry.redirect and "/blobs/" in self.path:
            self.say(307, Location=f"https://{BLOBS}{self.path}")
            return
        self.hand_on(registry)

    def repository(self):
        parts = self.path.split("/")
        return "/".join(parts[2:-2]) if len(parts) > 4 else ""

    def hand_on(self, registry):
        c = http.client.HTTPConnection("127.0.0.1", registry.storage.port, timeout=60)
        c.request(self.command, self.path, headers={k: ", ".join(self.headers.get_all(k)) for k in ("Accept", "Range") if k in self.headers})
        r = c.getresponse()
        is_blob = "/blobs/" in self.path and self.command == "GET"
        longer = is_blob and registry.die_after is not None and int(r.getheader("Content-Length") or 0) > registry.die_after
        left = registry.die_after if longer and registry.take("dies") else None
        self.send_response(r.status)
        for name, value in r.getheaders():
            if name in ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "Docker-Content-Digest", "Etag"):
                self.send_header(name, value)
        self.end_headers()
        while self.command != "HEAD" and (piece := r.read(65536)):
            if left is not None and len(piece) >= left:
                self.wfile.write(piece[:left])
                self.close_connection = True
                registry.away = registry.away or registry.falls
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.wfile.write(piece)
            left = left - len(piece) if left is not None else None
            if is_blob and registry.pause:
                time.sleep(registry.pause)
        c.close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        pass  # somebody left in the middle


class SixServer(Server):
    address_family = socket.AF_INET6


class Registry:
    def __init__(self, box, *images):
        self.box = box
        self.layout, self.digests = layout_of(*images)
        self.storage = Storage(self.layout)
        for name in self.digests:
            self.storage.push(self.layout, name)
        self.directory = tempfile.mkdtemp(prefix="steadbox-registry-")
        self.gateway = box.address.rpartition(".")[0] + ".1"
        self.lock, self.asked, self.tokens, self.six = threading.Lock(), [], {}, None
        self.reset()
        self.certificate()
        self.open()
        self.introduce()

    def reset(self, token=False, redirect=False, limit=0, die_after=None, dies=1, falls=False, pause=0, away=False, password=None, basic=False):
        """How it behaves from now on: with none of these it is a plain, good registry. password "name:word": it is private, and hands out tokens
        for that, or, with basic, wants it with every question. falls: where it dies it stays away."""
        self.private = password and "Basic " + base64.b64encode(password.encode()).decode()
        self.basic, token = basic, token or bool(password and not basic)
        self.token, self.redirect, self.limit, self.die_after, self.dies, self.pause, self.away = token, redirect, limit, die_after, dies, pause, away
        self.falls = falls
        self.asked.clear()

    def take(self, counter):
        with self.lock:
            left = getattr(self, counter)
            setattr(self, counter, max(0, left - 1))
            return left > 0

    def issue(self, scope):
        token = secrets.token_urlsafe(24)
        self.tokens[token] = scope
        return token

    def admits(self, authorization, path):
        scope = self.tokens.get((authorization or "").removeprefix("Bearer "))
        return scope is not None and (path == "/v2/" or any(path.startswith(f"/v2/{s.split(':')[1]}/") for s in scope.split() if s.count(":") >= 2))

    def reference(self, name):
        return f"{HOST}/{name}@{self.digests[name]}"

    def blobs(self, name):
        """Digest and size of the layers of an image."""
        manifest = self.blob(self.digests[name])
        return [(layer["digest"], layer["size"]) for layer in manifest["layers"]]

    def blob(self, digest):
        with open(os.path.join(self.layout, "blobs", *digest.split(":"))) as f:
            return json.load(f)

    def tag(self, name, tag, of, **config):
        """From now on name:tag leads to the image `of` with other words in its configuration (Cmd, Env, ..): the same layers, another digest."""
        manifest = dict(self.blob(self.digests[of]))
        told = self.blob(manifest["config"]["digest"])
        text = json.dumps({**told, "config": {**told.get("config", {}), **config}}).encode()
        manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
        manifest["config"] = {**manifest["config"], "digest": self.storage.upload(name, text), "size": len(text)}
        for layer in manifest["layers"]:
            with open(os.path.join(self.layout, "blobs", *layer["digest"].split(":")), "rb") as f:
                assert self.storage.upload(name, f.read()) == layer["digest"]
        self.storage.put_manifest(name, tag, manifest)
        return f"{HOST}/{name}:{tag}"

    def layered(self, name, tag, of, size):
        """From now on name:tag leads to the image `of` with one more layer, which nobody has yet: a file of so many bytes that do not shrink."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as t:
            member = tarfile.TarInfo("layered")
            member.size = size
            t.addfile(member, io.BytesIO(os.urandom(size)))
        layer = gzip.compress(archive.getvalue())
        self.tag(name, tag, of)
        manifest = dict(self.blob(self.digests[of]))
        told = self.blob(manifest["config"]["digest"])
        diff = "sha256:" + hashlib.sha256(archive.getvalue()).hexdigest()
        text = json.dumps({**told, "rootfs": {**told["rootfs"], "diff_ids": [*told["rootfs"]["diff_ids"], diff]}}).encode()
        manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
        manifest["config"] = {**manifest["config"], "digest": self.storage.upload(name, text), "size": len(text)}
        manifest["layers"] = [*manifest["layers"], {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": self.storage.upload(name, layer), "size": len(layer)}]
        self.storage.put_manifest(name, tag, manifest)
        return f"{HOST}/{name}:{tag}"

    def listen_six(self, address):
        """At an address of IPv6, too; its name leads to both."""
        self.six = SixServer((address, 443), Door)
        self.six.registry = self
        self.six.socket = self.context.wrap_socket(self.six.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.six.serve_forever, daemon=True).start()
        self.box.sh(f"echo '{address} {HOST} {BLOBS}' >>/etc/hosts")

    def certificate(self):
        self.ca, self.key = os.path.join(self.directory, "ca.crt"), os.path.join(self.directory, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={HOST}",
                        "-addext", f"subjectAltName=DNS:{HOST},DNS:{BLOBS}", "-keyout", self.key, "-out", self.ca], check=True, capture_output=True)

    def open(self):
        context = self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, self.key)
        self.server = Server((self.gateway, 443), Door)
        self.server.registry = self
        # The handshake is each connection's own, or one that says nothing would hold up all.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def introduce(self):
        """The box knows the name and believes the certificate. To be said again when its network has a new device."""
        subprocess.run(["cp", self.ca, self.box.root + "/usr/local/share/ca-certificates/registry-test.crt"], check=True)
        self.box.sh(f"grep -q ' {HOST}' /etc/hosts || echo '{self.gateway} {HOST} {BLOBS}' >>/etc/hosts; update-ca-certificates >/dev/null 2>&1")

    def stop(self):
        for server in filter(None, (self.server, self.six)):
            server.shutdown()
            server.server_close()
        self.storage.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def main():
    verb, name, ready, *images = sys.argv[1:]
    assert verb == "serve", __doc__
    registry = Registry(Box(name), *images)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with open(ready + ".new", "w") as f:
        json.dump({"host": HOST, "images": {n: registry.reference(n) for n in registry.digests}}, f)
    os.rename(ready + ".new", ready)

    def listen():
        for line in sys.stdin:
            registry.reset(**json.loads(line))
            print("so it is", flush=True)
    threading.Thread(target=listen, daemon=True).start()
    ended.wait()
    registry.stop()


if __name__ == "__main__":
    main()
