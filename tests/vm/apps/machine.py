"""tests/vm/apps/machine.py: what the programs of this folder share. They run inside the virtual machine, as root, and talk to the machine they are on.

Three apps of a catalogue of their own, all of them busybox: `wild` does whatever harm it is asked for, `ledger` writes down what it is told and has a second
version that takes its time, `late` takes its time to answer. A registry on the machine's own loopback has their image, and comes back after a boot.
"""
import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from patience import until  # noqa: E402
from steadbox import Box  # noqa: E402

DOMAIN = "apps.example"
REGISTRY = "registry.test:5000"
LAYOUT = "/root/layout"
SLICES = "/sys/fs/cgroup/steadbox.slice/steadbox-app.slice"
SLOW = 20  # seconds that what takes its time takes
WAIT = 900  # patience of this machine: its processor is emulated, and the real one may be busy

CGI = {
    "put": 'echo "$QUERY_STRING" >>/data/log && sync && printf "Content-Type: text/plain\\r\\n\\r\\n%s" "$QUERY_STRING"',
    "all": 'printf "Content-Type: text/plain\\r\\n\\r\\n"; cat /data/log',
    "hog": 'printf "Content-Type: text/plain\\r\\n\\r\\n"; exec awk "BEGIN { x = \\"x\\"; while (1) x = x x }"',  # twice as much again and again
    "bomb": 'printf "Content-Type: text/plain\\r\\n\\r\\n"; f() { f | f & }; f',
    "spin": 'printf "Content-Type: text/plain\\r\\n\\r\\n"; for i in 1 2 3 4; do while :; do :; done & done >/dev/null 2>&1',
    "flood": 'printf "Content-Type: text/plain\\r\\n\\r\\n"; { exec yes $(head -c 900 /dev/zero | tr "\\0" x) >&2; } </dev/null >/dev/null &',
    "calm": 'printf "Content-Type: text/plain\\r\\n\\r\\n"; killall yes; for p in $(pgrep -f cgi-bin/spin); do kill -9 $p; done',
}


def serving(before="", last=""):
    """A shell's text: the programs of CGI, then the web server."""
    programs = "".join(f"cat >/w/cgi-bin/{name} <<'E'\n#!/bin/sh\n{text}\nE\n" for name, text in CGI.items())
    return f"mkdir -p /w/cgi-bin; {programs}chmod +x /w/cgi-bin/*; touch /data/log; {before} {last} exec httpd -f -p 8080 -h /w"


def manifest(id, version, image, args, memory, tasks=64, stop=2):
    return {"format": 1, "id": id, "version": version, "downgrade_data_safe": True, "title": {"en": id.capitalize()}, "summary": {"en": "For tests"},
            "description": {"en": "For tests."}, "licence": "Apache-2.0", "categories": ["tools"],
            "containers": [{"name": "web", "image": image, "args": ["sh", "-c", args], "stop_seconds": stop, "mounts": [{"data": "files", "path": "/data"}],
                            "env": {"TOKEN": "{{secret.token}}"}}],
            "data": [{"name": "files", "class": "precious", "consistency": "plain"}], "secrets": [{"key": "token", "format": "hex", "bytes": 16}],
            "http": {"container": "web", "port": 8080}, "sign_in": "none", "access": "public",
            "resources": {"memory_mb": 8, "memory_max_mb": memory, "disk_mb": 10, "tasks": tasks}, "network_out": "none",
            "health": {"path": "/", "expect": [200], "start_seconds": 240, "soak_seconds": 600}}


def packages(image):
    one = "echo 1.0 >/w/index.html;"
    return [manifest("wild", "1.0", image, serving(one, "trap '' TERM;"), 64, stop=SLOW),
            manifest("ledger", "1.0", image, serving(one), 96),
            manifest("ledger", "1.1", image, serving("echo 1.1 >/w/index.html;", f"sleep {SLOW};"), 96),
            manifest("late", "1.0", image, serving(one, f"sleep {SLOW};"), 32)]


class Machine(Box):
    root, disk, address = "", "", "127.0.0.1"

    def __init__(self):
        super().__init__("machine")

    def run(self, *command, check=True, input=None, text=True, timeout=600):
        r = subprocess.run(command, input=input, text=text, capture_output=True, timeout=timeout)
        if check and r.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit status {r.returncode}: {r.stderr}{r.stdout}")
        return r

    def wait_job(self, answer_or_id, seconds=WAIT):
        return super().wait_job(answer_or_id, seconds)

    def done(self, answer):
        row = self.wait_job(answer)
        assert row["state"] == "done", row
        return row

    def app(self, id):
        answer = self.api("GET", f"/apps/{id}")
        return answer.json if answer.status == 200 else None

    def unit(self, id, what, container="web"):
        return self.sh(f"systemctl show -P {what} steadbox-app-{id}-{container}.service")


class Visitor:
    """Through the front door, as anybody."""
    context = ssl._create_unverified_context()

    def __init__(self, id, seconds=60):
        self.host, self.seconds = f"{id}.{DOMAIN}", seconds

    def ask(self, path="/"):
        c = http.client.HTTPSConnection("127.0.0.1", 443, context=self.context, timeout=self.seconds)
        try:
            c.request("GET", path, headers={"Host": self.host})
            r = c.getresponse()
            return r.status, r.read().decode()
        except (OSError, http.client.HTTPException) as e:
            return 0, repr(e)
        finally:
            c.close()

    def ask_aside(self, path):
        """Asks for what may never be answered."""
        threading.Thread(target=self.ask, args=(path,), daemon=True).start()


class Pulse:
    """Asks an app and the manager again and again, while somebody else misbehaves."""

    def __init__(self, machine, id):
        self.machine, self.visitor, self.stopped, self.app, self.api = machine, Visitor(id), False, [], []
        self.threads = [threading.Thread(target=self.go, args=(how, kept), daemon=True)
                        for how, kept in ((lambda: self.visitor.ask()[0], self.app), (lambda: machine.api("GET", "/site").status, self.api))]

    def go(self, how, kept):
        while not self.stopped:
            begun = time.monotonic()
            try:
                status = how()
            except OSError:
                status = 0
            kept.append((status, time.monotonic() - begun))
            time.sleep(0.3)

    def __enter__(self):
        for t in self.threads:
            t.start()
        until("the first answers", lambda: self.app and self.api, WAIT)
        return self

    def __exit__(self, *_):
        self.stopped = True
        for t in self.threads:
            t.join()

    def told(self):
        return ", ".join(f"{name}: {len(kept)} answers, the slowest {max(t for _, t in kept):.1f} s" for name, kept in (("app", self.app), ("manager", self.api)))

    def check(self):
        assert {s for s, _ in self.app} == {200} and {s for s, _ in self.api} == {200}, ([s for s, _ in self.app if s != 200], [s for s, _ in self.api if s != 200])


def account(id, file, key=None, container=None):
    """A number of an app's control group."""
    path = f"{SLICES}/steadbox-app-{id}.slice/" + (f"steadbox-app-{id}-{container}.service/" if container else "") + file
    with open(path) as f:
        text = f.read()
    return int(text) if key is None else int(dict(line.split() for line in text.splitlines())[key])


def neighbours(machine):
    """What would show that somebody else was hit, too."""
    return [machine.sh("systemctl show -P MainPID,NRestarts steadboxd.service steadbox-app-ledger-web.service steadbox-app-quiet-app.service nginx.service"),
            machine.sh("systemctl --failed --no-legend --plain")]


def findings(machine):
    return {f["key"]: f for f in machine.api("GET", "/findings").json["items"] if f["facts"].get("app") == "wild"}


def freeze(id):
    """Nothing of the app goes on; it does not know."""
    with open(f"{SLICES}/steadbox-app-{id}.slice/cgroup.freeze", "w") as f:
        f.write("1")


def reference():
    with open(f"{LAYOUT}/digests") as f:
        return f"{REGISTRY}/busybox@" + dict(line.split() for line in f)["busybox"]


def prepare(machine, more=lambda image: []):
    """The registry, the domain and the catalogue; more: further packages, from the image's reference."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open("/etc/systemd/system/registry.service", "w") as f:
        f.write(f"[Service]\nExecStart=/usr/bin/python3 {here}/registry {LAYOUT} /root/registry.crt /root/registry.key\n[Install]\nWantedBy=multi-user.target\n")
    machine.sh("cp /root/registry.crt /usr/local/share/ca-certificates/; update-ca-certificates >/dev/null 2>&1; echo '127.0.0.1 registry.test' >>/etc/hosts;"
               " systemctl daemon-reload; systemctl enable --now registry.service 2>/dev/null; rm -rf /srv/catalogue /root/key*; mkdir -p /srv/catalogue;"
               " steadbox pack --make-key /root/key >/dev/null")
    for m in packages(reference()) + more(reference()):
        path = f"/root/packages/{m['id']}-{m['version']}"
        os.makedirs(path, exist_ok=True)
        with open(f"{path}/manifest.json", "w") as f:
            json.dump(m, f)
        with open(f"{path}/icon.svg", "w") as f:
            f.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>')
        machine.sh(f"steadbox pack {path} --key /root/key --output /srv/catalogue")
    machine.sh("steadbox pack --index /srv/catalogue --key /root/key --name tests && chmod -R a+rX /srv/catalogue")
    answer = machine.api("POST", "/domains", {"name": DOMAIN, "scope": "everything"})
    assert answer.status in (200, 201), answer
    answer = machine.api("PUT", "/catalogue-sources/tests", {"url": "/srv/catalogue", "key": machine.sh("tail -n 1 /root/key.pub")})
    assert answer.status in (200, 201), answer
    until("the catalogue is there", lambda: machine.api("GET", "/catalogue/ledger").status == 200, WAIT)
    until("the registry answers", lambda: machine.run("curl", "-sf", f"https://{REGISTRY}/v2/", check=False).returncode == 0, WAIT)


def install(machine, package, **more):
    return machine.api("POST", "/apps", {"package": package, "id": package, "name": f"{package}.{DOMAIN}", **more})


def stage_of(machine, job):
    row = machine.api("GET", f"/jobs/{job}").json
    return row["stage"] if row["state"] == "running" else row["state"]
