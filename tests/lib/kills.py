"""tests/lib/kills.py: kill -9 at a named step, not after a delay. The store says at which step a job is; as soon as it says the one that is
wanted the manager is frozen, the store is read again, and only when that is still the step the victim dies. So a test knows what it has tested.

    k = Kills(box)
    k.at(job, "switch", "manager")   # True: it died there; False: the job was past it
    k.at_each(job, "manager")        # at every step in turn, the job going on in between; the steps

Victims: manager, helper (of root), worker (the job's part that copies data or fetches images).
"""
import contextlib
import os
import signal
import sqlite3
import time

from patience import until

OVER = ("done", "failed", "cancelled")
CGROUPS = "sys/fs/cgroup"
MOMENT = 0.0001  # for which the manager runs between two looks, seconds: shorter than the shortest of its transactions
HELPER, MANAGER = "steadbox-helper.service", "steadboxd.service"


def hurry(pid, priority):
    """On a busy machine the manager would run on while we wait for a processor, and would not get one itself in its moments. What either starts is
    not in such a hurry. 0 = as all others."""
    policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK if priority else os.SCHED_OTHER
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.sched_setscheduler(pid, policy, os.sched_param(priority))


@contextlib.contextmanager
def urgent():
    hurry(0, 2)
    try:
        yield
    finally:
        hurry(0, 0)


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

    def go_on(self, pids):
        self.send(pids, signal.SIGCONT)
        for pid in pids:
            hurry(pid, 0)

    def send(self, pids, number):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def freeze(self, pids):
        """Returns when they stand: a signal is on its way for a moment, in which a step may end."""
        self.send(pids, signal.SIGSTOP)
        until("the manager stands", lambda: all(stands(pid) for pid in pids), pause=0.00005)

    def glimpse(self, job, pids):
        """What the store says while the manager stands; it still does afterwards."""
        for pid in pids:
            hurry(pid, 1)
        self.freeze(pids)
        try:
            return self.step(job)
        except BaseException:
            self.send(pids, signal.SIGCONT)
            raise

    @urgent()
    def seen(self, job, step, stages=()):
        """Waits for the step; True with the manager frozen in it, False where the job is past it or over. Near the step the manager runs for moments
        only, and stands in between: so a step is met that is over in the transaction after the one in which it begins."""
        manager = until("the manager runs", lambda: self.pids("manager"))
        near = {step, *stages[-5:]} if step == "undoing" else {step, *([stages[stages.index(step) - 1]] if step in stages[1:] else ["", "queued"])}
        passed = False
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            state, now = self.step(job)
            if state in OVER or (passed and now != step):
                self.go_on(manager)
                return False
            if now in near or state == "queued":
                state, now = self.glimpse(job, manager)
                if state == "running" and now == step:
                    return True
                self.send(manager, signal.SIGCONT)
            passed = passed or now in stages and step in stages and stages.index(now) > stages.index(step)
            time.sleep(MOMENT)
        raise AssertionError(f"the job {job} never came to {step}")

    def at(self, job, step, victim, stages=()):
        if not self.seen(job, step, stages):
            return False
        if victim == "manager":
            self.kill_manager()
            return True
        self.go_on(self.pids("manager"))
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

    @urgent()
    def at_each(self, job):
        """The manager dies at each step that it comes to; a step that was over in one of its moments is not in the list."""
        died = []
        while True:
            manager = until("the manager runs", lambda: self.pids("manager"))
            state, step = self.glimpse(job, manager)
            if state == "running" and step not in died:
                self.kill_manager()
                died.append(step)
                continue
            self.send(manager, signal.SIGCONT)
            if state in OVER:
                self.go_on(manager)
                return died
            time.sleep(MOMENT)


def stands(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "TZX"
    except OSError:
        return True


def stages(kind):
    """The named steps of a kind of job, from the table."""
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "include/tbl/jobs.h")
    with open(path) as f:
        for line in f:
            parts = [p.strip().strip('"') for p in line.split(",")]
            if line.startswith("JOB(") and parts[1] == kind:
                return parts[4].split("|")
    raise KeyError(kind)
