"""tests/lib/apps.py: apps by hand, below the manager: an image of busybox laid out in the image store, records as the manager would send them,
the helper's verbs. What the manager makes of apps is tested elsewhere.

    apps.store(box); record = apps.record("quiet", 7, {"main": {"args": ["sleep", "1000"]}})
    apps.apply(box, record); apps.start(box, "quiet"); apps.wait_active(box, "quiet"); ...; apps.remove(box, "quiet"); apps.unstore(box)
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile

from patience import until

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RAW = open(os.path.join(TESTS, "lib", "dbus_raw.py")).read()
SIGNATURE = re.search(r'"AppApply", *"([^"]+)"', open(os.path.join(os.path.dirname(TESTS), "include/tbl/verbs.h")).read()).group(1)
UID_BASE = 0x70000000
BASE_LAYER = hashlib.sha256(b"base").hexdigest()
TOP_LAYER = hashlib.sha256(b"top").hexdigest()
IMAGES = "var/lib/steadbox/images"
MB = 1024 * 1024


def busybox():
    """A static busybox of this machine."""
    if "STEADBOX_BUSYBOX" in os.environ:
        return os.environ["STEADBOX_BUSYBOX"]
    for path in ("/bin/busybox", "/usr/bin/busybox"):
        if os.path.exists(path) and b"statically" in subprocess.run(["file", "-L", path], capture_output=True, check=False).stdout:
            return path
    subprocess.run(["apt-get", "install", "-qq", "-y", "busybox-static", "file"], check=True, capture_output=True)
    return "/bin/busybox"


def escape():
    """escape.c, static; what tries to get out of an app."""
    program = os.path.join(tempfile.gettempdir(), f"steadbox-escape-{os.getpid()}")
    subprocess.run(["cc", "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-std=gnu17", "-o", program, f"{TESTS}/lib/escape.c"], check=True)
    return program


def own(path, uid):
    os.chown(path, UID_BASE + uid, UID_BASE + uid, follow_symlinks=False)


def store(box):
    """Two layers: busybox with the usual directories; on top a file that is gone, a directory that is emptied, and /data of user 1000."""
    root = f"{box.root}/{IMAGES}"
    base, top = f"{root}/layers/{BASE_LAYER}", f"{root}/layers/{TOP_LAYER}"
    os.makedirs(root, exist_ok=True)
    for path in (root, f"{root}/layers"):
        if not os.path.exists(path):
            os.mkdir(path)
            own(path, 0)
        os.chmod(path, 0o700)
    if os.path.exists(base):
        return
    for d in ("bin", "etc", "tmp", "var/gone", "srv/old", "root", "usr/bin", "opt"):
        os.makedirs(f"{base}/{d}")
    shutil.copy(busybox(), f"{base}/bin/busybox")
    os.chmod(f"{base}/bin/busybox", 0o4755)
    program = escape()
    shutil.move(program, f"{base}/bin/escape")
    for applet in subprocess.run([busybox(), "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet != "busybox":
            os.symlink("busybox", f"{base}/bin/{applet}")
    for name, text in {"etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/data:/bin/sh\n", "etc/group": "root:x:0:\napp:x:1000:\n",
                       "srv/old/file": "old", "var/gone/file": "gone"}.items():
        with open(f"{base}/{name}", "w") as f:
            f.write(text)
    os.chmod(f"{base}/tmp", 0o1777)
    os.makedirs(f"{top}/var/gone")
    os.mknod(f"{top}/var/gone/file", 0o020000, 0)  # a whiteout: character device 0:0
    os.makedirs(f"{top}/srv/old")
    os.setxattr(f"{top}/srv/old", "user.overlay.opaque", b"y")
    os.makedirs(f"{top}/data/sub")
    with open(f"{top}/data/sub/seed", "w") as f:
        f.write("seed")
    for layer in (base, top):
        for path, dirs, files in os.walk(layer):
            for name in [*dirs, *files]:
                own(f"{path}/{name}", 0)
        own(layer, 0)
    os.chmod(f"{base}/bin/busybox", 0o4755)
    for path in ("data", "data/sub", "data/sub/seed"):
        own(f"{top}/{path}", 1000)


def unstore(box):
    """Takes them away again: no manifest names them, so to those who look for leaks later they are some."""
    for layer in (TOP_LAYER, BASE_LAYER):
        shutil.rmtree(f"{box.root}/{IMAGES}/layers/{layer}")


def container(name, **c):
    c = {"layers": [BASE_LAYER, TOP_LAYER], "args": ["sleep", "100000"], "env": [], "uid": 0, "gid": 0, "groups": [], "cwd": "/",
         "read_only": False, "init": False, "one_shot": False, "after": [], "scratch": [], "mounts": [], "powers": [], "stop_signal": 15,
         "stop_sec": 3, "memory_max": 0, "shm_bytes": 0, "health": ([], 0, 0, 0, 0), **c}
    return (name, *(c[k] for k in ("layers", "args", "env", "uid", "gid", "groups", "cwd", "read_only", "init", "one_shot", "after", "scratch",
                                   "mounts", "powers", "stop_signal", "stop_sec", "memory_max", "shm_bytes", "health")))


def record(id, slot, containers, **a):
    """An app's record: {container: what is not usual}, and what is not usual of the app; as the values of SIGNATURE."""
    a = {"title": "A test", "network_out": "none", "host_network": False, "gate": "open", "access": "public", "http_port": 0, "max_upload_mb": 1,
         "public_paths": [], "user_header": "", "memory_max": 128 * MB, "cpu_weight": 100, "tasks_max": 64, "enabled": False, "tasks": [],
         "ports": [], "note": "", **a}
    return [id, slot, *(a[k] for k in ("title", "network_out", "host_network", "gate", "access", "http_port", "max_upload_mb", "public_paths", "user_header",
                                       "memory_max", "cpu_weight", "tasks_max", "enabled")),
            [container(name, **c) for name, c in containers.items()], a["tasks"], a["ports"], a["note"]]


def attempt(box, method, signature, *values, user="steadbox"):
    """(error name, sentence), (None, answer)."""
    script = RAW + f"\nimport json\nprint(json.dumps(attempt({method!r}, {signature!r}, *{list(values)!r})))\n"
    out = box.run("runuser", "-u", user, "--", "python3", "-", input=script, timeout=200).stdout
    return json.loads(out.strip().splitlines()[-1])


def call(box, method, signature, *values):
    error, text = attempt(box, method, signature, *values)
    assert error is None, f"{method}: {error}: {text}"
    return text


def apply(box, r):
    call(box, "AppApply", SIGNATURE, *r)


def start(box, id):
    call(box, "AppStart", "s", id)


def stop(box, id):
    call(box, "AppStop", "s", id)


def states(box, id):
    """{unit: (active state, sub state, result, main pid)} of the app's services."""
    out = box.sh(f"systemctl show --property=Id,ActiveState,SubState,Result,MainPID,NRestarts 'steadbox-app-{id}-*.service' || true")
    found = {}
    for block in out.split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in values:
            found[values["Id"]] = values
    return found


def unit(id, name="main"):
    return f"steadbox-app-{id}-{name}.service"


def is_state(box, id, state, name="main"):
    return states(box, id).get(unit(id, name), {}).get("ActiveState") == state


def wait_active(box, id, name="main"):
    try:
        until(f"{id}'s {name} is active", lambda: is_state(box, id, "active", name))
    except AssertionError as e:
        raise AssertionError(f"{e}: " + box.sh(f"journalctl -n 30 --no-pager -o cat -u {unit(id, name)}")) from None


def wait_gone(box, id):
    until(f"{id} has stopped", lambda: all(s["ActiveState"] in ("inactive", "failed") for s in states(box, id).values()))


def run_in(box, id, *command, name="main", check=True):
    """Runs a command in the container."""
    return box.run("crun", "--root=/run/steadbox-apps/.crun", "exec", f"{id}-{name}", *command, check=check)


def remove(box, id, data=True):
    stop(box, id)
    wait_gone(box, id)
    call(box, "AppRemove", "s", id)
    if data:
        box.sh(f"rm -rf /var/lib/steadbox/apps/{id}")
