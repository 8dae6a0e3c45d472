"""tests/lib/kills.py: kill -9 at a named step, not after a delay. The store says at which step a job is; as soon as it says the one that is
wanted the manager is frozen, the store is read again, and only when that is still the step the victim dies. So a test knows what it has tested.

    k = Kills(box)
    k.at(job, "switch", "manager")   # True: it died there; False: the job was past it
    k.at_each(job, "manager")        # at every step in turn, the job going on in between; the steps

Victims: manager, helper (of root), worker (the job's part that copies data or fetches images).
"""
import os
import signal
import sqlite3
import time

from patience import until

OVER = ("done", "failed", "cancelled")
CGROUPS = "sys/fs/cgroup"
HELPER, MANAGER = "steadbox-helper.service", "steadboxd.service"


class Kills:
    def __init__(self, box):
        self.box = box
        self.store = sqlite3.connect(f"file:{box.disk}/var/lib/steadbox/steadbox.db?mode=ro", uri=True, isolation_level=None, timeout=20)

    def close(self):
        self.store.close()

    def step(self, job):
        """(state, step), as the last commit says; the step is "undoing" on the way back."""
        row = self.store.execute("SELECT state, stage, journal LIKE '%\"undoing\"%' FROM job WHERE id = ?", (job,)).fetchone() or ("queued", "", 0)
        return row[0], "undoing" if row[2] else row[1]

    def pids(self, victim):
        """Processes of the victim as this machine numbers them."""
        top = f"{self.box.root}/{CGROUPS}"
        wanted = {"manager": MANAGER, "helper": HELPER}.get(victim)
        found = []
        for path, directories, _ in os.walk(top):
            name = os.path.basename(path)
            if name == wanted or (victim == "worker" and name.startswith("steadbox-job-") and name.endswith(".service")):
                try:
                    with open(f"{path}/cgroup.procs") as f:
                        found += [int(pid) for pid in f.read().split() if pid != "0"]
                except OSError:
                    pass  # it went
            directories[:] = [d for d in directories if d.endswith(".slice") or d == wanted or d.startswith("steadbox-job-")]
        return found

    def send(self, pids, number):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def seen(self, job, step):
        """Waits for the step; True with the manager frozen in it, False where the job is past it or over."""
        manager = until("the manager runs", lambda: self.pids("manager"))
        passed = False
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            state, now = self.step(job)
            if state in OVER or (passed and now != step):
                return False
            if state == "running" and now == step:
                frozen = False
                self.send(manager, signal.SIGSTOP)
                try:
                    frozen = self.step(job) == ("running", step)
                finally:
                    if not frozen:
                        self.send(manager, signal.SIGCONT)
                if frozen:
                    return True
                passed = True
            else:
                time.sleep(0.0005)
        raise AssertionError(f"the job {job} never came to {step}")

    def at(self, job, step, victim):
        if not self.seen(job, step):
            return False
        if victim == "manager":
            self.kill_manager()
            return True
        self.send(self.pids("manager"), signal.SIGCONT)
        while self.step(job) == ("running", step):
            pids = self.pids(victim)
            if pids:
                self.send(pids, signal.SIGKILL)
                return True
            time.sleep(0.0005)
        return False

    def kill_manager(self):
        pids = self.pids("manager")
        self.send(pids, signal.SIGKILL)
        until("the dead manager is gone", lambda: not set(pids) & set(self.pids("manager")), pause=0.01)
        self.box.run("systemctl", "start", "steadboxd.service")  # now, and not after the seconds that PID 1 waits

    def at_each(self, job):
        """The manager dies at each step that it comes to; a step that was passed before it could be frozen is not in the list."""
        died = []
        while True:
            state, step = self.step(job)
            if state in OVER:
                return died
            if state == "running" and step not in died and self.seen(job, step):
                self.kill_manager()
                died.append(step)
            time.sleep(0.0005)


def stages(kind):
    """The named steps of a kind of job, from the table."""
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "include/tbl/jobs.h")
    with open(path) as f:
        for line in f:
            parts = [p.strip().strip('"') for p in line.split(",")]
            if line.startswith("JOB(") and parts[1] == kind:
                return parts[4].split("|")
    raise KeyError(kind)
