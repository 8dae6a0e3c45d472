"""tests/lib/hostile_registry.py: a registry of images as nobody should build them, on loopback, made in memory; each repository is one way to
be good or bad. tests/lib/registry.py is its honest sister with real images.

    tests/lib/hostile_registry.py PORT_FILE          plain HTTP, for unit tests; ends when its standard input does
    hostile = Hostile(address, tls=(certificate, key), host="hostile.test")      in tests of boxes

Images good/*: what must work. Images bad/*: what must be refused, each with its own sentence. mood/*: good images behind difficult doors.
"""
import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import platform
import socket
import ssl
import subprocess
import sys
import tarfile
import threading

MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."
NAME, PASSWORD = "ada", "correct horse"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entry(name, data=b"", **fields):
    """One entry of a tar: a file, or what `type`, `linkname` and so on make of it."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), 1700000000, fields.pop("mode", 0o644)
    headers = fields.pop("pax", {})
    for key, value in fields.items():
        setattr(info, key, value)
    info.pax_headers = headers
    return info, data


def directory(name, **fields):
    return entry(name, type=tarfile.DIRTYPE, mode=fields.pop("mode", 0o755), **fields)


def symlink(name, target):
    return entry(name, type=tarfile.SYMTYPE, linkname=target, mode=0o777)


def hardlink(name, target):
    return entry(name, type=tarfile.LNKTYPE, linkname=target)


def tar(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        for info, data in entries:
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def packed(data, how="gzip"):
    if how == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


PASSWD = b"root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www:/var/www:/bin/false\nada:x:1000:1001::/home/ada:/bin/sh\nbroken:line\n"
GROUP = b"root:x:0:\nwww-data:x:33:ada\nstaff:x:50:ada,www-data\nada:x:1001:\n"
BASE = tar(directory("etc/"), entry("etc/passwd", PASSWD), entry("etc/group", GROUP), directory("bin/"), entry("bin/sh", b"#!\n", mode=0o4755, uid=7, pax={"SCHILY.xattr.user.mine": "yes"}),
           directory("var/cache/old", uid=33, gid=33), entry("var/cache/old/gone", b"x"), entry("etc/hosts", b"below\n"))


LINKS = tar(hardlink("bin/bash", "bin/sh"), entry("bin/twice", b"gives way"), hardlink("bin/twice", "bin/sh"), hardlink("bin/thrice", "bin/bash"),
            hardlink("etc/deep/er/passwd", "etc/passwd"))


def noise(size, seed):
    """Bytes that do not pack, the same every time."""
    return b"".join(hashlib.sha256(b"%d %d" % (seed, i)).digest() for i in range(size // 32))


class Image:
    def __init__(self, *layers, how="gzip", kind=OCI, architecture=MACHINE, config=None, index=False, **bad):
        self.blobs, self.documents = {}, {}
        self.bad = bad
        suffix = {"gzip": "+gzip", "zstd": "+zstd", "none": ""}[how]
        if kind == DOCKER:
            layer_type = DOCKER + "image.rootfs.diff.tar" + suffix.replace("+", ".")
            self.type, config_type = DOCKER + "distribution.manifest.v2+json", DOCKER + "container.image.v1+json"
        else:
            layer_type, self.type, config_type = OCI + "layer.v1.tar" + suffix, OCI + "manifest.v1+json", OCI + "config.v1+json"
        descriptors = []
        for layer in layers:
            blob = layer.blob if isinstance(layer, Packed) else packed(layer, how)
            descriptors.append({"mediaType": bad.get("layer_type", layer_type), "digest": digest(blob), "size": len(blob)})
            self.blobs[digest(blob)] = blob
        settings = {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin", "A=b c"], "User": "ada", "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}},
                    "WorkingDir": "/home", "StopSignal": "SIGQUIT", "Labels": {"a": "b"}}
        settings.update(config or {})
        text = json.dumps({"os": bad.get("os", "linux"), "architecture": architecture, "config": settings,
                           "rootfs": {"type": "layers", "diff_ids": [digest(l.blob if isinstance(l, Packed) else l) for l in layers] + bad.get("more_layers", [])}}).encode()
        self.blobs[digest(text)] = text
        manifest = {"schemaVersion": bad.get("schema", 2), "mediaType": bad.get("type", self.type),
                    "config": {"mediaType": bad.get("config_type", config_type), "digest": digest(text), "size": len(text)}, "layers": descriptors}
        manifest.update(bad.get("manifest", {}))
        if bad.get("wrong_digest"):
            last = self.blobs[descriptors[-1]["digest"]]
            self.blobs[descriptors[-1]["digest"]] = bytes([last[0] ^ 1]) + last[1:]
        if bad.get("longer"):
            self.blobs[descriptors[-1]["digest"]] += b"more"
        if bad.get("shorter"):
            self.blobs[descriptors[-1]["digest"]] = self.blobs[descriptors[-1]["digest"]][:-10]
        self.add(json.dumps(manifest).encode(), manifest["mediaType"])
        if index:
            inner = {"mediaType": self.type, "digest": self.latest, "size": len(self.documents[self.latest][0])}
            other = dict(inner, digest=digest(b"another"), platform={"os": "linux", "architecture": "s390x"})
            proof = dict(inner, digest=digest(b"attestation"), platform={"os": "unknown", "architecture": "unknown"})
            found = [] if bad.get("foreign_index") else [dict(inner, platform={"os": "linux", "architecture": MACHINE, "variant": ""})]
            index_type = DOCKER + "distribution.manifest.list.v2+json" if kind == DOCKER else OCI + "index.v1+json"
            self.add(json.dumps({"schemaVersion": 2, "mediaType": index_type, "manifests": [other, proof] + found}).encode(), index_type)

    def add(self, text, kind):
        self.latest = digest(text)
        self.documents[self.latest] = text, kind


class Packed:
    """A layer that is given as it travels, since nobody wants it unpacked."""

    def __init__(self, blob):
        self.blob = blob


def files(n):
    """A tar of n empty files, without building n objects."""
    one = entry("f0000000")[0].tobuf(tarfile.USTAR_FORMAT)
    out = bytearray()
    for i in range(n):
        header = bytearray(one)
        header[0:8] = b"f%07d" % i
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        out += header
    return bytes(out) + bytes(1024)


def many(n, of=directory("again/")):
    """A tar of n entries, the same again and again: 512 bytes each, and little when packed. gzip's members may follow one another (RFC 1952)."""
    one = of[0].tobuf(tarfile.USTAR_FORMAT)
    return Packed(gzip.compress(one * 10000, 6, mtime=0) * (n // 10000) + gzip.compress(bytes(1024), 6, mtime=0))


def larger(size, megabytes):
    """A layer that travels as `size` bytes and some, and unpacks to so many megabytes of zeros besides."""
    zeros, kept = tarfile.TarInfo("zeros"), tarfile.TarInfo("kept")
    zeros.size, kept.size = megabytes << 20, size
    return Packed(b"".join([gzip.compress(kept.tobuf(tarfile.USTAR_FORMAT) + noise(size, 7) + bytes(-size % 512), 6, mtime=0), gzip.compress(zeros.tobuf(tarfile.USTAR_FORMAT), 6, mtime=0),
                            gzip.compress(bytes(1 << 20), 6, mtime=0) * megabytes, gzip.compress(bytes(1024), 6, mtime=0)]))


def wide_window(data):
    """A frame of zstd (RFC 8878) that tells its reader to keep 2 GiB."""
    return Packed(b"\x28\xb5\x2f\xfd\x00\xa8" + (len(data) << 3 | 1).to_bytes(3, "little") + data)


def images():
    upper = tar(directory("./"), directory("./var"), directory("./var/cache"), directory("./var/cache/old"), entry("./var/cache/old/.wh..wh..opq"),
                entry("./var/cache/old/new", b"new", uid=33, gid=33), directory("./etc"), entry("./etc/.wh.hosts"),
                entry("bin/tool", b"tool" * 1000, mode=0o4755, uid=33), hardlink("bin/other", "bin/tool"), symlink("bin/link", "../../../../etc/shadow"),
                entry("dev/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3), entry("dev/sda", type=tarfile.BLKTYPE, devmajor=8, devminor=0),
                entry("etc/group", type=tarfile.CHRTYPE, devmajor=0, devminor=0),  # to overlayfs it would be a whiteout
                entry("run/pipe", type=tarfile.FIFOTYPE), entry("/absolute/file", b"x"), hardlink("/absolute/link", "/absolute/file"), symlink("/absolute/out", "/etc/shadow"),
                entry("with-attribute", b"x", pax={"SCHILY.xattr.user.mine": "yes", "SCHILY.xattr.user.overlay.redirect": "/",
                                                   "SCHILY.xattr.trusted.overlay.opaque": "y", "SCHILY.xattr.security.capability": "x"}),
                entry("name-\u00fc\u4e2d", b"utf-8"), entry("deep/" + "d/" * 60 + "leaf", b"deep"), entry("twice", b"one"), entry("twice", b"two"),
                directory("replaced"), entry("replaced/inner", b"x"), entry("replaced", b"now a file"),
                directory("late"), entry(".wh.late"), entry(".wh.early"), directory("early"), entry("early/file", b"x"))
    big = [tar(entry("data/%d" % i, noise(1500000, i))) for i in range(3)]
    found = {
        "good/gzip": Image(BASE, upper),
        "good/zstd": Image(BASE, upper, how="zstd"),
        "good/plain": Image(BASE, upper, how="none"),
        "good/docker": Image(BASE, upper, kind=DOCKER),
        "good/index": Image(BASE, upper, index=True),
        "good/list": Image(BASE, upper, kind=DOCKER, index=True),
        "good/shared": Image(BASE, tar(entry("app/own", b"own"))),
        "good/twice": Image(BASE, tar(entry("a", b"a")), BASE),
        "good/empty": Image(BASE, tar()),
        "good/symlinks": Image(tar(symlink("bin", "usr/bin"), directory("usr/bin"), entry("bin/inside", b"x"), symlink("out", "/etc"), directory("etc"), entry("out/passwd", PASSWD),
                                   symlink("up", "../../.."), entry("up/kept", b"x")), config={"User": ""}),
        "good/deep": Image(tar(*[e for i in range(8) for e in (symlink(f"l{i + 1}", (f"l{i}/" if i else "") + "d/" * 90),
                                                                 directory((f"l{i}/" if i else "") + "d/" * 90))], entry("l8/leaf", b"x")), config={"User": ""}),
        "good/big": Image(BASE, *big),
        "good/large": Image(BASE, larger(2 << 20, 400)),
        # One layer over different ones: a file of the one below by a hard link.
        "good/below": Image(BASE, LINKS, tar(entry("last", b"last"))),
        "good/below-more": Image(BASE, LINKS, tar(entry("more", b"more"))),
        "good/below-other": Image(BASE, tar(entry("bin/sh", b"another")), LINKS),
        "good/below-below": Image(BASE, LINKS, tar(hardlink("bin/again", "bin/bash"))),
        "bad/user": Image(BASE, config={"User": "nobody-here"}),
        "bad/dots": Image(BASE, tar(entry("../../../../tmp/steadbox-escaped", b"x"))),
        "bad/dots-inside": Image(BASE, tar(entry("a/../../b", b"x"))),
        "bad/hardlink": Image(BASE, tar(hardlink("a", "../../../../etc/passwd"))),
        "bad/hardlink-absolute": Image(BASE, tar(symlink("x", "/"), hardlink("a", "x/etc/shadow"))),
        "bad/hardlink-nowhere": Image(BASE, tar(hardlink("a", "bin/nothing"))),
        "bad/hardlink-lowest": Image(tar(hardlink("a", "bin/sh"))),
        "bad/hardlink-hidden": Image(BASE, tar(entry("bin/.wh.sh")), tar(hardlink("a", "bin/sh"))),
        "bad/hardlink-own-hidden": Image(BASE, tar(entry("bin/.wh.sh"), hardlink("a", "bin/sh"))),
        "bad/hardlink-opaque": Image(BASE, tar(directory("bin"), entry("bin/.wh..wh..opq")), tar(hardlink("a", "bin/sh"))),
        "bad/hardlink-replaced": Image(BASE, tar(entry("bin", b"a file")), tar(hardlink("a", "bin/sh"))),
        "bad/hardlink-directory": Image(BASE, tar(hardlink("a", "etc"))),
        "bad/hardlink-by-link": Image(BASE, tar(symlink("d", "../../../../../../../../tmp")), tar(hardlink("a", "d/steadbox-secret"))),
        "bad/hardlink-to-link": Image(BASE, tar(symlink("d", "/tmp/steadbox-secret")), tar(hardlink("a", "d"))),
        "bad/hardlink-bomb": Image(tar(entry("zeros", bytes(60 << 20))), tar(*[hardlink(f"a{i}", "zeros") for i in range(40)]), how="zstd"),
        "bad/hardlink-many": Image(BASE, many(20000, hardlink("again", "bin/sh"))),
        "bad/whiteout": Image(BASE, tar(entry("a/.wh..", b""))),
        "bad/id": Image(BASE, tar(entry("a", b"x", uid=70000))),
        "bad/under-file": Image(BASE, tar(entry("a", b"x"), entry("a/b", b"x"))),
        "bad/under-nothing": Image(BASE, tar(symlink("out", "/etc"), entry("out/passwd", b"x"))),
        "bad/name": Image(BASE, tar(entry("n" * 300, b"x"))),
        "bad/tar": Image(b"this is no archive at all, not even a bad one" * 100),
        "bad/cut-tar": Image(tar(entry("a", noise(100000, 9)))[:50000]),
        "bad/cut-gzip": Image(BASE, Packed(packed(big[0])[:-100000])),
        "bad/cut-zstd": Image(BASE, Packed(packed(big[0], "zstd")[:-100000]), how="zstd"),
        "bad/zstd-window": Image(BASE, wide_window(tar(entry("a", b"x"))), how="zstd"),
        "bad/many": Image(BASE, many(10000000)),
        "bad/inodes": Image(BASE, files(9000)),
        "bad/bomb": Image(tar(entry("zeros", bytes(120 << 20)))),
        "bad/digest": Image(BASE, upper, wrong_digest=True),
        "bad/longer": Image(BASE, upper, longer=True),
        "bad/shorter": Image(BASE, upper, shorter=True),
        "bad/foreign": Image(BASE, architecture="s390x"),
        "bad/foreign-index": Image(BASE, index=True, foreign_index=True),
        "bad/windows": Image(BASE, os="windows"),
        "bad/layer-type": Image(BASE, layer_type=OCI + "layer.v1.tar+lz5"),
        "bad/foreign-layer": Image(BASE, layer_type=DOCKER + "image.rootfs.foreign.diff.tar.gzip"),
        "bad/type": Image(BASE, type="application/x-surprise+json"),
        "bad/schema1": Image(BASE, schema=1, type=DOCKER + "distribution.manifest.v1+prettyjws"),
        "bad/chart": Image(BASE, config_type="application/vnd.cncf.helm.config.v1+json"),
        "bad/layers": Image(*[tar(entry("%d" % i, b"x")) for i in range(128)]),
        "bad/endless": Image(BASE, manifest={"annotations": {"a": "x" * (5 << 20)}}),
        "bad/both": Image(BASE, manifest={"manifests": []}),
        "bad/more-layers": Image(BASE, more_layers=["sha256:" + "0" * 64]),
        "bad/negative": Image(BASE, manifest={"layers": [{"mediaType": OCI + "layer.v1.tar", "digest": digest(b""), "size": -1}]}),
        "bad/huge": Image(BASE, manifest={"layers": [{"mediaType": OCI + "layer.v1.tar", "digest": digest(b""), "size": 1 << 50}]}),
        "bad/md5": Image(BASE, manifest={"layers": [{"mediaType": OCI + "layer.v1.tar", "digest": "md5:00", "size": 1}]}),
        "bad/signal": Image(BASE, config={"StopSignal": "SIGWONDERFUL"}),
    }
    for mood in ("token", "password", "basic", "redirect", "limit", "limit-long", "errors", "dies", "no-range", "circle", "downgrade", "silent-token", "elsewhere",
                 "free-elsewhere"):
        found["mood/" + mood] = Image(BASE, tar(entry("mood", mood.encode() + noise(600000, 99))))
    return found


class Door(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def url(self, path, other=False):
        h = self.server.hostile
        return f"{'https' if h.tls else 'http'}://{h.other if other else h.host}{path}"

    def do_GET(self):
        h, authorization = self.server.hostile, self.headers.get("Authorization")
        is_other = self.headers.get("Host") == h.other
        h.asked.append((self.headers.get("Host"), self.path, authorization, self.headers.get("Range")))
        if self.path.startswith("/token"):
            wants_password = "mood%2Fpassword" in self.path or "mood%2Felsewhere" in self.path or self.path.startswith("/token/greet")
            basic = "Basic " + base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
            if wants_password and authorization != basic:
                return self.say(401)
            if "mood%2Ffree-elsewhere" in self.path and not self.path.startswith("/token/greet"):  # to whoever asks
                return self.say(200, json.dumps({"token": "open"}).encode(), Content_Type="application/json")
            if "silent" in self.path:
                return self.say(200, b"{}")
            return self.say(200, json.dumps({"token": "sesame"}).encode(), Content_Type="application/json")
        if self.path == "/asked":
            return self.say(200, json.dumps(h.asked).encode())
        if self.path == "/v2/":
            if authorization == "Bearer sesame":
                return self.say(200, b"{}")
            return self.say(401, WWW_Authenticate=f'Bearer realm="{self.url("/token/greet")}",service="it"')
        if is_other and authorization:
            return self.say(400)  # a storage that is told a registry's token
        parts = self.path.split("/")
        name, kind, what = "/".join(parts[2:-2]), parts[-2], parts[-1]
        image = h.images.get(name)
        if not image or parts[1] != "v2":
            return self.say(404)
        if not is_other and not self.admitted(h, name, kind, authorization):
            return None
        if kind == "manifests":
            found = image.documents.get(image.latest if what == "latest" else what)
            return self.say(200, found[0], Content_Type=found[1]) if found else self.say(404)
        return self.blob(h, name, image.blobs.get(what))

    def admitted(self, h, name, kind, authorization):
        """True = go on; else it was answered."""
        if name in ("mood/token", "mood/password", "mood/silent-token") and authorization != "Bearer sesame":
            realm = self.url("/token/silent" if "silent" in name else "/token")
            self.say(401, WWW_Authenticate=f'Bearer realm="{realm}",service="it, \\"self\\"",scope="repository:{name}:pull"')
        elif name == "mood/elsewhere" and authorization != "Bearer sesame":
            self.say(401, WWW_Authenticate=f'Bearer realm="{self.url("/token", other=True)}",service="it",scope="repository:{name}:pull"')
        elif name == "mood/free-elsewhere" and authorization != "Bearer open":
            self.say(401, WWW_Authenticate=f'Bearer realm="{self.url("/token", other=True)}",service="it",scope="repository:{name}:pull"')
        elif name == "mood/basic" and authorization != "Basic " + base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode():
            self.say(401, WWW_Authenticate='Basic realm="registry"')
        elif name == "mood/limit" and h.take(name, 2):
            self.say(429, Retry_After="1")
        elif name == "mood/limit-long":
            self.say(429, Retry_After="7200")
        elif name == "mood/errors" and h.take(name + kind, 2):
            self.say(502)
        elif name == "mood/redirect" and kind == "blobs":
            self.say(307, Location=self.url(self.path, other=True))
        elif name == "mood/circle" and kind == "blobs":
            self.say(302, Location=self.path)
        elif name == "mood/downgrade" and kind == "blobs":
            self.say(302, Location="ftp://" + h.other + self.path)
        else:
            return True
        return False

    def blob(self, h, name, data):
        if data is None:
            return self.say(404)
        start = 0
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and name != "mood/no-range":
            start = int(wanted[6:].split("-")[0])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        rest = data[start:]
        if name in ("mood/dies", "mood/no-range") and len(data) > 100000 and h.take(name, 2):
            self.wfile.write(rest[:200000])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        return self.wfile.write(rest)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        pass  # somebody left in the middle


class Hostile:
    def __init__(self, address="127.0.0.1", port=0, tls=None, host=None, other=None):
        self.images, self.asked, self.taken, self.tls = images(), [], {}, tls
        self.lock = threading.Lock()
        self.server = Server((address, port), Door)
        self.server.hostile = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.host = host or f"127.0.0.1:{self.port}"
        self.other = other or f"localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, what, times):
        """True the first so many times."""
        with self.lock:
            self.taken[what] = self.taken.get(what, 0) + 1
            return self.taken[what] <= times

    def digest(self, name):
        return self.images[name].latest

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def main():
    hostile = Hostile()
    with open(sys.argv[1] + ".new", "w") as f:
        print(hostile.port, file=f)
        for name in hostile.images:
            print(name, hostile.digest(name), file=f)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    sys.stdin.read()


if __name__ == "__main__":
    main()
