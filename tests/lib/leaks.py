"""tests/lib/leaks.py: what apps may leave behind on a machine: nothing.

    leaks.check(box)                what is there belongs to apps that have a record, and each record has what it needs; waits for what still ends
    before = leaks.inventory(box); ...; leaks.same(before, leaks.inventory(box))
"""
import json
import sqlite3

from patience import until

SCRIPT = r'''
import glob, json, os, re, subprocess
def lines(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
def listed(path):
    return sorted(os.listdir(path)) if os.path.isdir(path) else []
apps = {}
for d in listed("/var/lib/steadbox/apps"):
    f = f"/var/lib/steadbox/apps/{d}/record.json"
    if os.path.exists(f):
        apps[d] = json.load(open(f))
processes = {}
for p in glob.glob("/proc/[0-9]*"):
    try:
        uid = os.stat(p).st_uid
        if 0x70000000 <= uid < 0x80000000:
            processes[(uid - 0x70000000) // 65536] = processes.get((uid - 0x70000000) // 65536, 0) + 1
    except OSError:
        pass
layers = set()
for m in glob.glob("/var/lib/steadbox/images/manifests/*.json"):
    layers |= set(re.findall(r"\b[0-9a-f]{64}\b", open(m).read()))
print(json.dumps({
    "apps": {a: {"slot": r["slot"], "containers": [c["name"] for c in r["containers"]], "host_network": r["host_network"],
                 "layers": sorted({l for c in r["containers"] for l in c["layers"]})} for a, r in apps.items()},
    "mounts": sorted(set(l.split()[4] for l in open("/proc/self/mountinfo") if "steadbox-apps" in l or "steadbox/apps" in l or "steadbox/images" in l)),
    "netns": sorted(f.split("/")[3] for f in glob.glob("/run/steadbox-apps/*/netns")),
    "links": sorted(l.split(":")[1].strip().split("@")[0] for l in lines("ip", "-o", "link") if re.search(r": sb-[0-9]+", l)),
    "containers": [c for c in listed("/run/steadbox-apps/.crun") if c != ".cache"],
    "units": sorted(f for f in listed("/etc/systemd/system") if f.startswith("steadbox-app-")),
    "running": sorted(l.split()[0] for l in lines("systemctl", "list-units", "--plain", "--no-legend", "--state=active,activating,deactivating",
                                                    "steadbox-app-*.service", "steadbox-app-*.timer", "steadbox-appnet@*")),
    "processes": {str(k): v for k, v in processes.items()},
    "layers": listed("/var/lib/steadbox/images/layers"), "named_layers": sorted(layers),
    "temporary": [f for f in lines("find", "/var/lib/steadbox/apps", "/var/lib/steadbox/images", "/etc/systemd/system", "-xdev", "-maxdepth", "3",
                                   "-name", "*.new", "-o", "-maxdepth", "3", "-name", "*.part")],
    "directories": {d: listed(f"/var/lib/steadbox/apps/{d}") for d in listed("/var/lib/steadbox/apps")},
    "points": {d: listed(f"/var/lib/steadbox/apps/{d}/points") for d in listed("/var/lib/steadbox/apps")},
    "data": {d: listed(f"/var/lib/steadbox/apps/{d}/data") for d in listed("/var/lib/steadbox/apps")},
    "dumps": {d: listed(f"/var/lib/steadbox/apps/{d}/dumps") for d in listed("/var/lib/steadbox/apps")},
    "archives": listed("/var/lib/steadbox/archives"), "exports": listed("/var/lib/steadbox/exports"), "requests": listed("/run/steadbox/jobs"),
}))
'''


def stored(box):
    """What the manager's store says: apps and what was put aside, with their slots, and the jobs that are open."""
    store = sqlite3.connect(f"file:{box.disk}/var/lib/steadbox/steadbox.db?mode=ro", uri=True, timeout=30)
    try:
        return {"apps": dict(store.execute("SELECT id, slot FROM app")),
                "jobs": [row[0] for row in store.execute("SELECT id FROM job WHERE state IN ('queued', 'running')")],
                "aside": [list(row) for row in store.execute("SELECT id, app_id, kind, slot FROM app_point ORDER BY id")]}
    finally:
        store.close()


def inventory(box):
    there = json.loads(box.run("python3", "-", input=SCRIPT).stdout)
    known = stored(box)
    return {**there, "jobs": known.pop("jobs"), "stored": known}


def unit_app(name):
    return name.removeprefix("steadbox-app-").removeprefix("steadbox-appnet@").split("-")[0].split(".")[0]


def leaked(i):
    """Sentences about what nobody owns."""
    apps, found = i["apps"], []
    slots = {str(a["slot"]): name for name, a in apps.items()}
    running = {unit_app(u) for u in i["running"]}
    found += [f"mount {m}" for m in i["mounts"] if not (m.endswith("/netns") and m.split("/")[3] in running)]
    found += [f"network namespace of {a}" for a in i["netns"] if a not in running]
    found += [f"link {name}" for name in i["links"] if slots.get(name.removeprefix("sb-")) not in running]
    names = {f"{a}-{c}" for a, r in apps.items() for c in r["containers"]}
    found += [f"crun's state of {c}" for c in i["containers"] if (c not in names or c.split("-")[0] not in running)]
    found += [f"unit {u} without an app" for u in i["units"] if unit_app(u) not in apps]
    found += [f"{u} runs without an app" for u in i["running"] if unit_app(u) not in apps]
    found += [f"app {a} has no unit for {c}" for a, r in apps.items() for c in r["containers"] if f"steadbox-app-{a}-{c}.service" not in i["units"]]
    found += [f"{n} processes with the ids of slot {s}" for s, n in i["processes"].items() if s != "0" and slots.get(s) not in running]
    found += [f"slot of {a} is also another's" for s in set(slots) for a in apps if str(apps[a]["slot"]) == s and slots[s] != a]
    found += [f"app {a} lacks layer {x[:12]}" for a, r in apps.items() for x in r["layers"] if x not in i["layers"]]
    if i["named_layers"]:
        used = set(i["named_layers"]) | {x for r in apps.values() for x in r["layers"]}
        found += [f"layer {x[:12]} of no image" for x in i["layers"] if x not in used]
    return found + [f"half a file {f}" for f in i["temporary"]] + put_aside(i)


def put_aside(i):
    """Directories and ranges of ids that neither an app nor anything put aside has, and the other way round."""
    rows, aside, found = i["stored"]["apps"], i["stored"]["aside"], []
    found += [f"directory of {d}, which is no app" for d in i["directories"] if d not in rows and d not in i["apps"]]
    found += [f"half a directory {d}/{name}" for d, names in i["directories"].items() for name in names if name.startswith(".")]
    points = {(app, id) for id, app, kind, _ in aside if kind != "archive"}
    on_disk = {(app, id) for app, ids in i["points"].items() for id in ids}
    found += [f"data {id} of {app} that nobody knows" for app, id in on_disk - points]
    found += [f"no data {id} of {app}, which is said to be kept" for app, id in points - on_disk]
    found += [f"half a directory {d}/data/{name}" for d, names in i["data"].items() for name in names if name.startswith(".")]
    found += [f"dump {name} of {d}" for d, names in i["dumps"].items() for name in names]
    found += [f"half an export {name}" for name in i["exports"] if name.startswith(".")]
    found += [f"request of the job {name}, which is over" for name in i["requests"] if name not in i["jobs"]]
    archives = {id for id, _, kind, _ in aside if kind == "archive"}
    found += [f"archive {id} that nobody knows" for id in set(i["archives"]) - archives]
    found += [f"no archive {id}, which is said to be kept" for id in archives - set(i["archives"])]
    owners = [*rows.items(), *((f"archive {id}", slot) for id, _, kind, slot in aside if kind == "archive")]
    slots = [slot for _, slot in owners]
    return found + [f"the ids of slot {slot} are {owner}'s and another's" for owner, slot in owners if slots.count(slot) > 1]


def check(box, but=()):
    """Looks until nothing is found, as what ends may take a moment to be gone. but: apps whose data is being worked on."""
    seen = {}

    def clean():
        seen["all"] = inventory(box)
        seen["leaked"] = [s for s in leaked(seen["all"]) if not any(f" of {app} that nobody knows" in s for app in but)]
        return not seen["leaked"]
    try:
        until("nothing is left behind", clean, pause=0.3)
    except AssertionError:
        raise AssertionError("; ".join(seen["leaked"])) from None
    return seen["all"]


def same(before, after):
    changed = [k for k in before if before[k] != after[k] and k not in ("jobs", "requests")]  # others' work comes and goes
    assert not changed, {k: (before[k], after[k]) for k in changed}
