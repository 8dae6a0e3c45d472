"""tests/lib/figures.py: what benchmarks share: a table, and the memory of a box's processes unit by unit."""
import collections
import os
import re

Process = collections.namedtuple("Process", "pid inner unit")


class Figures:
    """Rows of what was measured beside what was promised."""

    def __init__(self):
        self.rows = []

    def add(self, what, value, promise=""):
        self.rows.append((what, value, promise))

    def show(self):
        width = max((len(r[0]) for r in self.rows), default=0)
        for what, value, promise in self.rows:
            print(f"    {what:<{width}}  {value:<32}  {promise}".rstrip(), flush=True)


def go_first():
    """This program and those it starts go before other work of a busy machine, as they would on a quiet one. Where the kernel groups
    processes by session only the group's niceness counts."""
    try:
        os.setsid()
        with open("/proc/self/autogroup", "w") as f:
            f.write("-19")
    except OSError:
        pass  # already first of its group, or no such groups
    os.nice(-19)


def median(values):
    return sorted(values)[len(values) // 2]


def smaps(pid):
    """The sums of a process's memory in KiB, by their names in proc_pid_smaps_rollup(5); empty where it has ended."""
    try:
        return {k: int(v) for k, v in re.findall(r"^(\w+): +(\d+) kB", open(f"/proc/{pid}/smaps_rollup").read(), re.M)}
    except (FileNotFoundError, ProcessLookupError):
        return {}


def processes(leader):
    """All processes of the box whose first one is this, with their number inside and their unit there."""
    space, found = os.readlink(f"/proc/{leader}/ns/pid"), []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/ns/pid") == space:
                status, group = open(f"/proc/{name}/status").read(), open(f"/proc/{name}/cgroup").read()
                inner = int(re.search(r"^NSpid:.*\t(\d+)$", status, re.M)[1])
                units = re.findall(r"[^/\n]*\.(?:service|scope)", re.search(r"^0::(.*)$", group, re.M)[1])
                found.append(Process(int(name), inner, units[-1] if units else "none"))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # ended meanwhile, or not ours to see
    return found
