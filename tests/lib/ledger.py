"""tests/lib/ledger.py: an app whose author we are. It writes every request down before it answers, so a test knows what must never be lost. Its
versions are good, silent, destructive, or fall when they are told to; see VERSIONS. With it a catalogue of one's own, and visitors who write
without a pause.

    registry = Registry(box, "busybox"); catalogue = Catalogue(box, registry.reference("busybox")); catalogue.offer("1.0")
    with Visitors(box) as visitors: ...
    visitors.check()
"""
import http.client
import json
import ssl
import tempfile
import threading
import time

from patience import until

DOMAIN = "versions.example"
HOST = f"ledger.{DOMAIN}"
PUT = r"""#!/bin/sh
echo "$QUERY_STRING" >>/data/log && sync && printf 'Content-Type: text/plain\r\n\r\n%s' "$QUERY_STRING"
"""
ALL = r"""#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'; cat /data/log
"""
GOOD = "exec httpd -f -p 8080 -h /w"
# Further words of a version's manifest. 2.0 takes over data of 1.8 and newer only, 3.0 none that there is.
MORE = {
    "1.0": {"clone": {"mail": "keep", "schedule": "keep"}},
    "1.1": {"notes": {"en": "It has a form.", "de": "Sie hat eine Form."}, "clone": {"keep_secrets": ["seed"]}, "hooks": {"before_update": {"container": "web", "command": ["sh", "-c", "echo before >>/data/hooks"]}}},
    "2.0": {"notes": {"en": "- Hops are counted\n- **Older** programs cannot read it"}, "upgradable_from": "1.8", "hooks": {"after_update": {"container": "web", "command": ["sh", "-c", "echo after >>/data/hooks"]}}},
    "2.1": {"upgradable_from": "1.8", "hooks": {"after_update": {"container": "web", "command": ["sh", "-c", "echo failing >>/data/hooks; exit 1"]}}},
    "3.0": {"upgradable_from": "2.9"},
}
# version: (what it does with its data before it serves, how it serves, bears older programs)
VERSIONS = {
    "1.0": ("touch /data/log", GOOD, True),
    "1.1": ("[ -e /data/form ] || echo 1.1 >/data/form", GOOD, True),
    "1.2": ("echo 1.2 >/data/form", "exec sleep 100000", True),
    "1.3": (": >/data/log; rm -f /data/form", "exec sleep 100000", True),
    "1.4": ("echo 1.4 >/data/form", "httpd -p 8080 -h /w; while [ ! -e /data/fall ]; do sleep 1; done; rm -f /data/fall; exit 7", True),
    "1.6": (": >/data/log; rm -f /data/form", "exec sleep 100000", True),
    "1.7": ("echo 1.7 >/data/form", "exit 3", True),
    "1.8": ("echo 1.8 >>/data/hops", GOOD, True),
    "2.0": ("echo 2.0 >>/data/hops", GOOD, False),
    "2.1": ("echo 2.1 >>/data/hops", GOOD, False),
    "3.0": ("", GOOD, False),
    "1.5": ("sleep 3; echo 1.5 >/data/form", "httpd -p 8080 -h /w; while [ ! -e /data/fall ]; do sleep 1; done; rm -f /data/fall; touch /data/down; exit 7", False),
}


def script(version):
    before, serve, _ = VERSIONS[version]
    down = "[ ! -e /data/down ] || exit 7; " if version == "1.5" else ""
    return (f"{down}mkdir -p /w/cgi-bin; cat >/w/cgi-bin/put <<'E'\n{PUT}E\ncat >/w/cgi-bin/all <<'E'\n{ALL}E\nchmod +x /w/cgi-bin/*; {before or ':'}; echo {version} >/w/index.html; {serve}")


def manifest(version, image):
    return {"format": 1, "id": "ledger", "version": version, "downgrade_data_safe": VERSIONS[version][2], "title": {"en": "Ledger"}, "summary": {"en": "Writes down what it is told"},
            "description": {"en": "For tests."}, "licence": "Apache-2.0", "categories": ["tools"],
            "containers": [{"name": "web", "image": image, "args": ["sh", "-c", script(version)], "stop_seconds": 1, "mounts": [{"data": "files", "path": "/data"}],
                            "env": {"TOKEN": "{{secret.token}}", "SEED": "{{secret.seed}}"}}],
            "data": [{"name": "files", "class": "precious", "consistency": "plain"}], "secrets": [{"key": key, "format": "hex", "bytes": 16} for key in ("token", "seed")],
            "schedule": [{"id": "tick", "container": "web", "calendar": "*-*-* 04:00:00", "command": ["sh", "-c", "echo tick >>/data/ticks"]}],
            "http": {"container": "web", "port": 8080}, "sign_in": "none", "access": "public", "resources": {"memory_mb": 8, "memory_max_mb": 64, "disk_mb": 10}, "network_out": "none",
            "health": {"path": "/", "expect": [200], "start_seconds": 5 if version == "1.6" else 15, "soak_seconds": 600}, **MORE.get(version, {})}


class Catalogue:
    """A directory of the box with the versions that are on offer."""

    def __init__(self, box, image):
        self.box, self.image, self.directory, self.offered = box, image, tempfile.mkdtemp(prefix="versions-"), []
        self.program = [f"{box.root}/usr/bin/steadbox", "pack"]
        box.sh("rm -rf /srv/versions /root/versions.key* && mkdir -p /srv/versions && chmod 755 /srv/versions && steadbox pack --make-key /root/versions.key >/dev/null")
        self.key = box.sh("tail -n 1 /root/versions.key.pub")

    def offer(self, *versions):
        for version in versions:
            if version not in self.offered:
                self.offered.append(version)
                path = f"/tmp/package-{version}"
                self.box.sh(f"mkdir -p {path} && cat >{path}/manifest.json", input=json.dumps(manifest(version, self.image)))
                self.box.sh(f"cat >{path}/icon.svg", input='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>')
                if version == "1.8":  # what is new may stand in a file of its own
                    self.box.sh(f"cat >{path}/notes.en.md", input="The first that hops.\n")
                self.box.sh(f"steadbox pack {path} --key /root/versions.key --output /srv/versions")
        self.box.sh("steadbox pack --index /srv/versions --key /root/versions.key --name versions && chmod 644 /srv/versions/*")
        if len(self.offered) == len(versions):
            answer = self.box.api("PUT", "/catalogue-sources/versions", {"url": "/srv/versions", "key": self.key})
            assert answer.status in (200, 201), answer

        def asked():  # adding a source fetches it too, and only one fetch runs at a time
            answer = self.box.api("POST", "/catalogue-refresh", {})
            return answer if answer.status == 202 else None
        job = self.box.wait_job(until("the catalogue can be fetched", asked))
        assert job["state"] == "done", job


class Visitors:
    """Writes all the time, through the front door, and remembers what was acknowledged. Fifty times a second are enough: more only takes the
    processor from what is done to the app meanwhile."""

    def __init__(self, box, host=HOST):
        self.address, self.host, self.number, self.acknowledged, self.refused, self.stopped = box.address, host, 0, [], 0, False
        self.context = ssl._create_unverified_context()
        self.thread = threading.Thread(target=self.go, daemon=True)

    def ask(self, path):
        c = http.client.HTTPSConnection(self.address, 443, context=self.context, timeout=60)
        try:
            c.request("GET", path, headers={"Host": self.host})
            r = c.getresponse()
            return r.status, r.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            c.close()

    def headers(self, path):
        c = http.client.HTTPSConnection(self.address, 443, context=self.context, timeout=60)
        try:
            c.request("GET", path, headers={"Host": self.host})
            return c.getresponse().getheaders()
        finally:
            c.close()

    def go(self):
        while not self.stopped:
            self.number += 1
            status, body = self.ask(f"/cgi-bin/put?n{self.number}")
            if status == 200 and body == f"n{self.number}":
                self.acknowledged.append(body)
                time.sleep(0.02)
            else:
                self.refused += 1
                time.sleep(0.05)

    def __enter__(self):
        self.thread.start()
        until("the first is written down", lambda: self.acknowledged)
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.thread.join()

    def check(self, before=()):
        status, text = self.ask("/cgi-bin/all")
        assert status == 200, status
        lines = text.splitlines()
        missing = [n for n in [*before, *self.acknowledged] if n not in set(lines)]
        assert not missing, f"{len(missing)} of {len(self.acknowledged)} acknowledged lines are lost, such as {missing[:3]}"
        return lines
