#!/usr/bin/env python3
"""tests/lib/dns_world.py: a small internet of names for tests, from Debian's knot: a root, top-level zones, fifty customers' zones.

    dns_world.py start DIR --net 10.77.33 [--net6 fd77:5bd0:21] [--device sbx33] [--box ADDRESS] [--box6 ADDRESS]
    dns_world.py set DIR ZONE NAME TYPE VALUE...     puts a set of records in place of what is there (NAME absolute, "@" = the zone)
    dns_world.py drop DIR ZONE NAME [TYPE]           takes a set, or all of a name, away
    dns_world.py get DIR NAME TYPE [SERVER]          what a server says (1 of four), one value a line
    dns_world.py kill|run|freeze|thaw DIR SERVER     ends one of the four servers, starts it, keeps it at the zones it has, lets it go on
    dns_world.py unbound DIR                         prints lines for unbound.conf: root hints, trust anchor, what it would not ask for
    dns_world.py resolver DIR [CONF]                 starts unbound at NET.50 with the appliance's own configuration
    dns_world.py stop DIR

Addresses: NET.53 serves ".", "test", "example", "uk", "co.uk"; NET.61 to NET.64 are ns1 to ns4.dns.test, who all serve the customers' zones:
ns1 has them first hand and tells the others. With --device they are added to that device (the host's end of a box's network) and
taken off again by stop; without, they must be there, as all of 127.0.0.0/8 is: natively say --net 127.53.7.

Zones: c01.example to c20.example signed, c01.test to c20.test unsigned, c01.co.uk to c05.co.uk signed; customer.example signed and plain.test
unsigned, both written by RFC 2136 with the key in DIR/tsig; old.example, where mail and a website live elsewhere; bogus.example, whose
DS is wrong; lame.example, whose servers know nothing of it; provider.test with c123.provider.test at the box; the reverse zones.
"""
import argparse
import base64
import ipaddress
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

SERVERS = (1, 2, 3, 4)
TOPS = ("example", "test", "uk", "co.uk")
SIGNED = [f"c{i:02}.example" for i in range(1, 21)] + [f"c{i:02}.co.uk" for i in range(1, 6)] + ["customer.example", "old.example", "bogus.example"]
PLAIN = [f"c{i:02}.test" for i in range(1, 21)] + ["plain.test", "provider.test", "dns.test"]
WRITABLE = ("customer.example", "plain.test")
SOA = "@ 5 SOA ns1.dns.test. hostmaster.dns.test. {serial} 60 10 604800 1\n"


class World:
    def __init__(self, directory):
        self.directory = os.path.abspath(directory)
        try:
            with open(self.path("world.json")) as f:
                self.__dict__.update(json.load(f))
        except FileNotFoundError:
            pass

    def path(self, *names):
        return os.path.join(self.directory, *names)

    # --- making ---

    def start(self, net, net6=None, device=None, box=None, box6=None):
        kept = {"net": net, "net6": net6, "device": device, "box": box or net + ".10", "box6": box6 or (net6 and net6 + "::10")}
        os.makedirs(self.directory, exist_ok=True)
        with open(self.path("world.json"), "w") as f:
            json.dump(kept, f)
        self.__dict__.update(kept)
        self.secret = base64.b64encode(os.urandom(32)).decode()
        with open(self.path("tsig"), "w") as f:
            f.write(f"hmac-sha256:steadbox:{self.secret}\n")
        if device:
            for host in (53, *(60 + n for n in SERVERS)):
                for address in self.addresses(host):
                    subprocess.run(["ip", "addr", "replace", address + ("/128" if ":" in address else "/32"), "dev", device,
                                    *(["nodad"] if ":" in address else [])], check=True)
        self.reverse = {ipaddress.ip_address(self.box).reverse_pointer: "c123.provider.test."}
        zones = {name: self.customer_zone(name) for name in SIGNED + PLAIN}
        zones["lame.example"] = None
        zones.update(self.reverse_zones())
        own = {name: text for name, text in zones.items() if text}
        for n in SERVERS:
            self.configure(f"ns{n}", own if n == 1 else dict.fromkeys(own), 60 + n, primary=n == 1)
        delegations = {name: self.ds("ns1", name) for name in SIGNED}
        delegations["bogus.example"] = "DS 12345 13 2 " + "AB" * 32
        parents = {}
        for top in reversed(TOPS):
            parents[top] = self.parent_zone(top, [z for z in zones if z.endswith("." + top) and z.count(".") == top.count(".") + 1], delegations)
        self.configure("top", {**parents, ".": ""}, 53, primary=True)
        # The zones above need the keys of those below, which keymgr has made by now.
        delegations["co.uk"] = self.ds("top", "co.uk")
        parents["uk"] += self.delegation("co.uk", delegations["co.uk"], "top.dns.test.", glue=False)
        root = SOA.format(serial=1) + "@ 60 NS a.root.test.\n" + self.glue("a.root.test.", 53)
        for top in TOPS:
            if "." not in top:
                root += self.delegation(top, self.ds("top", top), "a.root.test.", glue=False)
        for name in self.reverse_zones():
            root += self.delegation(name, None)
        for name, text in {**parents, ".": root}.items():
            self.write_zone("top", name, text)
        with open(self.path("root.hints"), "w") as f:
            f.write(". 3600000 IN NS a.root.test.\n" + self.glue("a.root.test.", 53))
        with open(self.path("root.ds"), "w") as f:
            f.write(". " + self.ds("top", ".") + "\n")
        for name in ("top", *(f"ns{n}" for n in SERVERS)):
            self.run(name)

    def addresses(self, host):
        return [f"{self.net}.{host}"] + ([f"{self.net6}::{host}"] if self.net6 else [])

    def glue(self, name, host):
        return "".join(f"{name} 60 {'AAAA' if ':' in a else 'A'} {a}\n" for a in self.addresses(host))

    def delegation(self, zone, ds, *names, glue=True):
        lines = "".join(f"{zone}. 60 NS {n}\n" for n in names or [f"ns{n}.dns.test." for n in SERVERS])
        return lines + (f"{zone}. 60 {ds}\n" if ds else "")

    def parent_zone(self, top, children, delegations):
        text = SOA.format(serial=1) + "@ 60 NS a.root.test.\n"
        for zone in children:
            if zone == "lame.example":
                text += self.delegation(zone, None, "a.root.test.", "top.dns.test.")
            else:
                text += self.delegation(zone, delegations.get(zone))
        if top == "test":
            text += self.glue("a.root.test.", 53) + "".join(self.glue(f"ns{n}.dns.test.", 60 + n) for n in SERVERS)
        return text

    def customer_zone(self, name):
        text = SOA.format(serial=1) + "".join(f"@ 5 NS ns{n}.dns.test.\n" for n in SERVERS)
        if name == "dns.test":
            text += self.glue("top", 53) + "".join(self.glue(f"ns{n}", 60 + n) for n in SERVERS)
        if name == "provider.test":
            text += f"c123 5 A {self.box}\n" + (f"c123 5 AAAA {self.box6}\n" if self.box6 else "")
        if name == "old.example":
            text += ("@ 5 A 192.0.2.80\n@ 5 MX 10 mx.old.example.\nmx 5 A 192.0.2.25\nwww 5 CNAME old.example.\n"
                     "@ 5 TXT \"v=spf1 mx include:_spf.c01.test -all\"\n")
        if name == "c01.test":
            text += "_spf 5 TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
        return text

    def reverse_zones(self):
        zones = {}
        for address, prefix in ((self.box, 2), (self.box6, 4)):
            if not address:
                continue
            pointer = ipaddress.ip_address(address).reverse_pointer
            zone = ".".join(pointer.split(".")[-prefix - 2:])
            zones[zone] = (SOA.format(serial=1) + "".join(f"@ 5 NS ns{n}.dns.test.\n" for n in SERVERS) +
                           f"{pointer}. 5 PTR c123.provider.test.\n")
        return zones

    def write_zone(self, server, name, text):
        os.makedirs(self.path(server, "zones"), exist_ok=True)
        with open(self.zone_file(server, name), "w") as f:
            f.write(f"$ORIGIN {name.rstrip('.')}.\n{text}")

    def zone_file(self, server, name):
        return self.path(server, "zones", (name.strip(".") or "root") + ".zone")

    # Writes knot's configuration and the zones' files and keys; zones: name -> text, None where it comes from ns1.
    def configure(self, server, zones, host, primary):
        os.makedirs(self.path(server, "db"), exist_ok=True)
        listen = ", ".join(f"{a}@53" for a in self.addresses(host))
        others = [n for n in SERVERS if n != 1]
        top = server == "top"
        text = f"""server:
    rundir: {self.path(server)}
    listen: [{listen}]
    udp-workers: 1
    tcp-workers: 2
    background-workers: 1
control:
    listen: {self.path(server, "control")}
    timeout: 20
log:
  - target: {self.path(server, "log")}
    any: info
database:
    storage: {self.path(server, "db")}
    journal-db-max-size: 64M
    kasp-db-max-size: 32M
    timer-db-max-size: 16M
key:
  - id: steadbox
    algorithm: hmac-sha256
    secret: {self.secret}
remote:
"""
        for n in SERVERS:
            text += f"  - id: ns{n}\n    address: {self.net}.{60 + n}@53\n    via: {self.net}.{host}\n"
        text += f"""acl:
  - id: transfer
    address: {self.net}.0/24
    action: transfer
  - id: notify
    address: {self.net}.0/24
    action: notify
  - id: write
    key: steadbox
    action: [update, transfer]
policy:
  - id: signed
    manual: on
    single-type-signing: on
    algorithm: ecdsap256sha256
template:
  - id: default
    storage: {self.path(server, "zones")}
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: {"difference-no-serial" if primary else "none"}
    journal-content: all
zone:
"""
        for name, zone in zones.items():
            text += f"  - domain: \"{name}\"\n    file: \"{os.path.basename(self.zone_file(server, name))}\"\n"
            if not primary:
                text += "    master: ns1\n    acl: [notify, transfer]\n"
                continue
            if not top:
                text += f"    notify: [{', '.join(f'ns{n}' for n in others)}]\n"
                text += f"    acl: [transfer{', write' if name in WRITABLE else ''}]\n"
            if top or name in SIGNED:
                text += "    dnssec-signing: on\n    dnssec-policy: signed\n"
            self.write_zone(server, name, zone)
        with open(self.path(server, "conf"), "w") as f:
            f.write(text)
        for name in zones:
            if primary and (top or name in SIGNED):
                self.keymgr(server, name, "generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=yes")

    def keymgr(self, server, *arguments):
        return subprocess.run(["keymgr", "-c", self.path(server, "conf"), *arguments], check=True, capture_output=True, text=True).stdout

    def ds(self, server, zone):
        for line in self.keymgr(server, zone, "ds").splitlines():
            parts = line.split()
            if parts[4] == "2":
                return " ".join(["DS", *parts[2:]])
        raise RuntimeError("no DS of " + zone)

    # --- running ---

    def run(self, server):
        p = subprocess.Popen(["knotd", "-c", self.path(server, "conf")], stdin=subprocess.DEVNULL, stdout=open(self.path(server, "out"), "w"),
                             stderr=subprocess.STDOUT, start_new_session=True, close_fds=True)
        with open(self.path(server, "pid"), "w") as f:
            f.write(str(p.pid))
        deadline = time.time() + 60
        while subprocess.run(["knotc", "-s", self.path(server, "control"), "status"], capture_output=True).returncode != 0:
            if p.poll() is not None or time.time() > deadline:
                raise RuntimeError(f"knotd {server} does not run: " + open(self.path(server, "out")).read()[-500:])
            time.sleep(0.05)
        # Every zone is there; a server of the second rank has asked the first.
        while True:
            out = subprocess.run(["knotc", "-s", self.path(server, "control"), "zone-status"], capture_output=True, text=True).stdout
            lines = [l for l in out.splitlines() if "serial:" in l]
            if lines and all("serial: -" not in l and "serial: none" not in l for l in lines):
                return
            if time.time() > deadline:
                raise RuntimeError(f"zones of {server} are not all there: {out[-500:]}")
            time.sleep(0.1)

    def end(self, server):
        try:
            with open(self.path(server, "pid")) as f:
                pid = int(f.read())
            with open(f"/proc/{pid}/cmdline") as f:
                if self.directory not in f.read():
                    return
        except (FileNotFoundError, ValueError):
            return
        os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            while os.path.exists(f"/proc/{pid}/cmdline") and open(f"/proc/{pid}/cmdline").read():
                time.sleep(0.01)
        os.unlink(self.path(server, "pid"))

    def knotc(self, server, *arguments):
        p = subprocess.run(["knotc", "-s", self.path(server, "control"), *arguments], capture_output=True, text=True)
        if p.returncode != 0:
            raise RuntimeError(f"knotc {' '.join(arguments)}: {p.stderr or p.stdout}")
        return p.stdout

    def change(self, zone, name, type, values):
        name = zone + "." if name == "@" else name.rstrip(".") + "."
        self.knotc("ns1", "zone-begin", zone)
        try:
            try:
                self.knotc("ns1", "zone-unset", zone, name, *([type] if type else []))
            except RuntimeError as e:
                if "not exists" not in str(e) and "no such" not in str(e):
                    raise
            for value in values:
                if type == "TXT" and not value.startswith('"'):
                    value = " ".join('"' + value[i:i + 255] + '"' for i in range(0, len(value), 255))
                self.knotc("ns1", "zone-set", zone, name, "5", type, value)
            self.knotc("ns1", "zone-commit", zone)
        except RuntimeError:
            self.knotc("ns1", "zone-abort", zone)
            raise

    def get(self, name, type, server=1):
        return subprocess.run(["kdig", "+short", "+time=5", "+retry=1", "@" + self.net + f".{60 + server}", name, type],
                              capture_output=True, text=True).stdout

    # Waits until all living servers have the zone as the first one has it.
    def settle(self, zone, seconds=60):
        serial = lambda n: re.findall(r" (\d{4,}|\d+) 60 10 ", self.get(zone, "SOA", n))
        deadline = time.time() + seconds
        while time.time() < deadline:
            found = [serial(n) for n in SERVERS if os.path.exists(self.path(f"ns{n}", "pid"))]
            if found and found[0] and all(f == found[0] for f in found):
                return
            time.sleep(0.05)
        raise RuntimeError("the servers do not agree about " + zone)

    def unbound(self):
        # unbound answers some names by itself, as RFC 6303 and 6761 want it; here they are the world's.
        names = ["test", "10.in-addr.arpa", "127.in-addr.arpa", "113.0.203.in-addr.arpa", "100.51.198.in-addr.arpa", "d.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"]
        return (f"server:\n root-hints: \"{self.path('root.hints')}\"\n trust-anchor-file: \"{self.path('root.ds')}\"\n do-not-query-localhost: no\n" +
                "".join(f" local-zone: \"{n}.\" nodefault\n" for n in names) +
                "".join(f" domain-insecure: \"{n}.\"\n" for n in names if n.endswith("arpa")))

    def resolver(self, conf):
        with open(conf) as f:
            text = f.read()
        os.makedirs(self.path("resolver"), exist_ok=True)
        text = re.sub(r"(?m)^\s*(interface|interface-action|interface-view|auto-trust-anchor-file|access-control): .*\n", "", text)
        text = text.replace("/var/lib/unbound", self.path("resolver"))
        text = text.replace("server:", f"server:\n interface: {self.net}.50\n access-control: 0.0.0.0/0 allow", 1) + self.unbound()
        with open(self.path("resolver", "conf"), "w") as f:
            f.write(text)
        p = subprocess.Popen(["unbound", "-d", "-p", "-c", self.path("resolver", "conf")], stdin=subprocess.DEVNULL,
                             stdout=open(self.path("resolver", "log"), "w"), stderr=subprocess.STDOUT, start_new_session=True)
        with open(self.path("resolver", "pid"), "w") as f:
            f.write(str(p.pid))
        deadline = time.time() + 60
        while subprocess.run(["kdig", f"@{self.net}.50", "+time=1", "+retry=0", "localhost"], capture_output=True).returncode != 0:
            if p.poll() is not None or time.time() > deadline:
                raise RuntimeError("unbound does not run: " + open(self.path("resolver", "log")).read()[-500:])
            time.sleep(0.1)

    def stop(self):
        for name in ("resolver", "top", *(f"ns{n}" for n in SERVERS)):
            self.end(name)
        if self.__dict__.get("device"):
            for host in (53, *(60 + n for n in SERVERS)):
                for address in self.addresses(host):
                    subprocess.run(["ip", "addr", "del", address + ("/128" if ":" in address else "/32"), "dev", self.device],
                                   stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory, ignore_errors=True)


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name, *arguments):
        v = verbs.add_parser(name)
        v.add_argument("dir")
        for a in arguments:
            v.add_argument(a.strip("?*"), nargs={"?": "?", "*": "*"}.get(a[-1]))
        return v

    start = verb("start")
    for option in ("--net", "--net6", "--device", "--box", "--box6"):
        start.add_argument(option, required=option == "--net")
    verb("set", "zone", "name", "type", "value*")
    verb("drop", "zone", "name", "type?")
    verb("get", "name", "type", "server?")
    for name in ("kill", "run", "freeze", "thaw"):
        verb(name, "server")
    verb("unbound")
    verb("resolver", "conf?")
    verb("stop")
    a = parser.parse_args()
    w = World(a.dir)
    if a.verb == "start":
        try:
            w.start(a.net, a.net6, a.device, a.box, a.box6)
        except Exception:
            for name in ("top", *(f"ns{n}" for n in SERVERS)):
                w.end(name)
            raise
    elif a.verb in ("set", "drop"):
        w.change(a.zone, a.name, a.type, a.value if a.verb == "set" else [])
        w.settle(a.zone) if not os.path.exists(w.path("frozen")) else None
    elif a.verb == "get":
        sys.stdout.write(w.get(a.name, a.type, int(a.server or 1)))
    elif a.verb == "kill":
        w.end("ns" + a.server)
    elif a.verb == "run":
        w.secret = open(w.path("tsig")).read().strip().split(":")[2]
        w.run("ns" + a.server)
    elif a.verb == "freeze":
        w.knotc("ns" + a.server, "zone-freeze")
        open(w.path("frozen"), "w").close()
    elif a.verb == "thaw":
        w.knotc("ns" + a.server, "zone-thaw")
        os.unlink(w.path("frozen"))
        for zone in WRITABLE:
            w.knotc("ns" + a.server, "zone-retransfer", zone)
    elif a.verb == "unbound":
        sys.stdout.write(w.unbound())
    elif a.verb == "resolver":
        w.resolver(a.conf or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../units/unbound.conf"))
    elif a.verb == "stop":
        w.stop()


if __name__ == "__main__":
    main()
