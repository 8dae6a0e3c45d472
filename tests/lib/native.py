"""tests/lib/native.py: a manager of one's own out of a build tree, without a box: no helper, no system bus, no workers.

    with Manager(build) as m:
        m.admin, m.web, m.database, m.pid

How it ends counts: a manager that did not live until it was stopped, or that a sanitizer ended then, is an error.
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class Manager:
    def __init__(self, build, machine="{}"):
        self.build = os.path.abspath(build)
        self.program = os.path.join(self.build, "manager/daemon/steadboxd")
        self.cli = os.path.join(self.build, "manager/cli/steadbox")
        self.openapi = os.path.join(self.build, "manager/generate/openapi.json")
        self.machine = machine

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="steadbox-native-")
        for name in ("state", "run", "credentials", "data"):
            os.mkdir(os.path.join(self.directory, name), 0o700)
        with open(self.path("credentials/box.key"), "wb") as f:
            f.write(os.urandom(32))
        with open(self.path("steadbox.json"), "w") as f:
            f.write(self.machine)
        shutil.copy(self.openapi, self.path("data/openapi.json"))
        self.log = open(self.path("log"), "wb+")
        self.start()
        return self

    def path(self, name):
        return os.path.join(self.directory, name)

    @property
    def admin(self):
        return self.path("run/admin.sock")

    @property
    def web(self):
        return self.path("run/web.sock")

    @property
    def database(self):
        return self.path("state/steadbox.db")

    @property
    def pid(self):
        return self.process.pid

    @property
    def sanitized(self):
        with open(self.program, "rb") as f:
            return b"__asan_init" in f.read()

    def start(self):
        source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        documents = os.path.join(source, "docs/help")
        if os.path.isdir(documents) and not os.path.exists(self.path("data/docs")):
            shutil.copytree(documents, self.path("data/docs"))
        environment = {**os.environ, "STATE_DIRECTORY": self.path("state"), "RUNTIME_DIRECTORY": self.path("run"),
                       "CREDENTIALS_DIRECTORY": self.path("credentials"), "STEADBOX_CONFIG": self.path("steadbox.json"),
                       "STEADBOX_DATADIR": self.path("data"),
                       # the machine's own bus, and so its own helper, must not hear of this
                       "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + self.path("no-bus")}
        for name in ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "WATCHDOG_USEC"):
            environment.pop(name, None)
        self.process = subprocess.Popen([self.program], env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.time() + 60
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"steadboxd ended with {self.process.returncode}: {self.said()}")
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(self.admin)
                s.close()
                return
            except OSError:
                s.close()
                if time.time() > deadline:
                    raise
                time.sleep(0.02)

    def stop(self, how=signal.SIGTERM):
        """SIGTERM is to end it with 0, any other signal to kill it."""
        process, self.process = self.process, None
        alone = process.poll() is not None
        process.send_signal(how)
        code = process.wait(timeout=60)
        if alone or code != (0 if how == signal.SIGTERM else -how):
            raise RuntimeError(f"steadboxd ended {'by itself ' if alone else ''}with {code}: {self.said()}")

    def said(self, last=4000):
        self.log.flush()
        with open(self.log.name, "rb") as f:
            return f.read()[-last:].decode(errors="replace")

    def __exit__(self, *why):
        try:
            if self.process:  # nobody stopped it before
                self.stop()
        finally:
            self.log.close()
            shutil.rmtree(self.directory, ignore_errors=True)
