"""tests/lib/steadbox.py: what tests in Python share; standard library only.

    from steadbox import Box, case, run
    @case("a person can be added")
    def _(box):
        assert box.api("POST", "/users", {"username": "ada"}).status == 201
    run()

Cases run in the order they stand; each prints `ok - name` or `not ok - name: why`.
"""
import http.client
import http.cookies
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import traceback
import urllib.parse

from patience import until

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOX_PROGRAM = os.path.join(os.path.dirname(TESTS), "images", "box")
PASSWORD = "seven grey herons wade"
SLOW = 10  # seconds; a case that takes longer says so


class Answer:
    """What came back: status, headers (lower-case names), body as bytes, and as JSON where it is."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.cookies = response.headers.get_all("Set-Cookie") or []
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    @property
    def error(self):
        """The error's name, or None."""
        try:
            return self.json["error"]["name"]
        except (ValueError, KeyError, TypeError):
            return None

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def send(connection, method, path, body=None, headers=None):
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    if isinstance(body, str):
        body = body.encode()
    try:
        connection.request(method, path, body=body, headers=headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Box:
    def __init__(self, name=None):
        self.name = name or os.environ.get("BOX", "box")
        self._leader = self._address = None

    def program(self, verb, *args, check=True, **more):
        return subprocess.run([BOX_PROGRAM, verb, "--name", self.name, *args], check=check, text=True,
                              capture_output=True, **more)

    def status(self):
        return json.loads(self.program("status", "--json").stdout)

    def up(self, *args):
        self.program("up", *args)
        self._leader = self._address = None
        return self

    def remove(self):
        self.program("rm", check=False)

    @property
    def leader(self):
        """The box's first process, as the host numbers it."""
        if not self._leader or not os.path.exists(f"/proc/{self._leader}/root/run"):
            self._leader = self.status()["leader"]
        return self._leader

    @property
    def root(self):
        """The root directory of the running box, seen from the host."""
        return f"/proc/{self.leader}/root"

    @property
    def disk(self):
        """The same as it lies on this machine's disk; SQLite follows links, and that of `root` leads to our own."""
        return os.path.join(os.environ.get("STEADBOX_BOXES", "/var/lib/steadbox-boxes"), self.name, "root")

    @property
    def url(self):
        return self.status()["url"]

    @property
    def address(self):
        """A box keeps it for life, and asking takes dozens of processes."""
        self._address = self._address or self.status()["address"]
        return self._address

    def run(self, *command, check=True, input=None, text=True, timeout=300):
        """Runs a command in the box as root."""
        # The host's clock must stay out of reach of what runs in a box; see images/box.
        command = ["setpriv", "--bounding-set=-sys_time", "nsenter", "--target", str(self.leader), "--all", "--", "/usr/bin/env", "-i",
                   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", *command]
        r = subprocess.run(command, input=input, text=text, capture_output=True, timeout=timeout)
        if check and r.returncode != 0:
            raise AssertionError(f"{' '.join(command[14:])}: exit status {r.returncode}: {r.stderr}{r.stdout}")
        return r

    def sh(self, script, **more):
        """Runs shell text in the box and returns what it printed."""
        return self.run("sh", "-c", script, **more).stdout.strip()

    def api(self, method, path, body=None, headers=None, sock="admin", timeout=60):
        """Asks the API on a unix socket of the box, as root."""
        connection = UnixConnection(f"{self.root}/run/steadbox/{sock}.sock", timeout)
        return send(connection, method, "/api/v1" + path, body, headers)

    def client(self):
        return Client(self)

    def wait_job(self, answer_or_id, seconds=180):
        assert not isinstance(answer_or_id, Answer) or answer_or_id.status == 202, answer_or_id
        job = answer_or_id.json["job"] if isinstance(answer_or_id, Answer) else answer_or_id

        def ended():
            row = self.api("GET", f"/jobs/{job}").json
            return row if row["state"] in ("done", "failed", "cancelled") else None
        return until(f"the end of job {job}", ended, seconds)

    def answers(self):
        """Waits until the manager does, after it was killed or restarted. PID 1 waits longer each time that it starts it again, up to 5 s: for tests, which
        kill it often, that begins anew."""
        until("the manager answers", lambda: self.api("GET", "/site", timeout=5).status == 200)
        self.run("systemctl", "reset-failed", "steadboxd.service", check=False)

    def owner(self, username="owner"):
        """A signed-in owner over https; uses the owner link the first time."""
        client = Client(self)
        if self.api("GET", "/site").json["owner_exists"]:
            answer = client.post("/session", {"username": username, "password": PASSWORD})
        else:
            token = self.status()["owner_link"].rpartition("/")[2]
            answer = client.post("/links/use", {"token": token, "username": username, "password": PASSWORD, "consent": True})
        assert answer.status in (200, 201), answer
        return client


class Client:
    """A browser of sorts: https, a cookie jar, an Origin."""

    def __init__(self, box):
        parts = urllib.parse.urlsplit(box.url)
        # The certificate may name the host; the connection goes to the address, which needs no resolver.
        self.box, self.host, self.address, self.cookies = box, parts.hostname, box.address, {}
        self.context = ssl._create_unverified_context()

    def request(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPSConnection(self.address, 443, context=self.context, timeout=timeout)
        out = {"Host": self.host, "Origin": f"https://{self.host}"}
        if self.cookies:
            out["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        out.update(headers or {})
        answer = send(connection, method, path if path.startswith("//") else "/api/v1" + path, body, out)
        for line in answer.cookies:
            for k, morsel in http.cookies.SimpleCookie(line).items():
                self.cookies[k] = morsel.value
        return answer

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, {} if body is None else body, **more)


_cases = []


def case(name):
    def add(function):
        _cases.append((name, function))
        return function
    return add


def verdict(name, why=None):
    print(f"ok - {name}" if why is None else f"not ok - {name}: {' '.join(str(why).split())[:600]}", flush=True)


def run(box=None):
    """Runs all cases against the box and ends the program. Who is told to stop still tidies up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    box = box or Box()
    bad = 0
    for name, function in _cases:
        started = time.monotonic()
        try:
            function(box)
        except BaseException as e:  # a test may also fail by SystemExit or a time-out
            bad += 1
            where = traceback.extract_tb(e.__traceback__)[-1]
            verdict(name, f"{type(e).__name__} {e} (line {where.lineno}: {where.line})")
            if isinstance(e, KeyboardInterrupt):
                break
        else:
            verdict(name)
        if time.monotonic() - started > SLOW:
            print(f"# that took {time.monotonic() - started:.0f} s", flush=True)
    sys.exit(1 if bad else 0)
