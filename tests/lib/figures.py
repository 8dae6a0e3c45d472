"""tests/lib/figures.py: what benchmarks share: a table, and the memory of a box's processes unit by unit."""
import collections
import ctypes
import mmap
import os
import re
import stat

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


class Kept:
    """Files that stay in memory, as they do on a machine that has some to spare; some virtual machines are taken what was not read for a second,
    and whatever starts next waits for a disk. Locked until `release` (mlock(2)); directories, which nobody can lock, are read again by `look`."""

    def __init__(self, root, *places):
        self.root, self.places, self.maps = root, places, []
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.mmap.restype = ctypes.c_void_p
        self.libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
        self.libc.mlock.argtypes = self.libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        for path in self.look():
            self._lock(path)

    def _lock(self, path):
        with open(path, "rb") as f:
            size = os.fstat(f.fileno()).st_size
            if size == 0:
                return
            place = self.libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, f.fileno(), 0)
        if place == ctypes.c_void_p(-1).value or self.libc.mlock(place, size) != 0:
            raise OSError(ctypes.get_errno(), "cannot keep it in memory", path)
        self.maps.append((place, size))

    def look(self):
        """Reads all directories, and the entries of all files in them: returns these."""
        found = []
        for place in self.places:
            assert os.path.isdir(self.root + place), place
            for directory, _, names in os.walk(self.root + place):
                for path in (f"{directory}/{n}" for n in names):
                    try:
                        found += [path] if stat.S_ISREG(os.lstat(path).st_mode) else []
                    except FileNotFoundError:
                        pass  # gone meanwhile
        return found

    def release(self):
        """What is measured next shares no page with us."""
        for place, size in self.maps:
            self.libc.munmap(place, size)
        self.maps = []


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
