"""tests/lib/internet.py: what a box meets outside, at the host's end of its network: names (dns_world.py) and an authority (pebble).

    net = Internet()
    net.make(box)                         # boots it; its resolver begins at the world's root, it trusts the authority
    net.set("plain.test", "www.plain.test", "A", "192.0.2.1")
    net.stop()
"""
import json
import os
import subprocess
import tempfile

from steadbox import TESTS, until

WORLD = os.path.join(TESTS, "lib", "dns_world.py")
FALLBACK = "c123.provider.test"


class Internet:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="steadbox-internet-")
        self.pebble = None
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                        "-subj", "/CN=acme.provider.test", "-addext", "subjectAltName=DNS:acme.provider.test",
                        "-keyout", self.path("key.pem"), "-out", self.path("ca.crt")], check=True, capture_output=True)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def root_hook(self):
        """Shell text for --root-hook: the box trusts the authority."""
        return f"""install -m 0644 {self.path("ca.crt")} "$1/usr/local/share/ca-certificates/acme-test.crt"
chroot "$1" update-ca-certificates >/dev/null
n=$(cat "$(dirname "$1")/number")
echo "10.77.$n.1 acme.provider.test" >>"$1/etc/hosts"
printf 'Address=203.0.113.%d/32\\nAddress=2001:db8:%x::10/128\\n' "$n" "$n" >>"$1/etc/systemd/network/10-host0.network"
"""

    # What the world takes for the box's addresses; the private ones are how the host reaches it whatever happens.
    @property
    def public(self):
        return f"203.0.113.{self.number}"

    @property
    def public6(self):
        return f"2001:db8:{self.number:x}::10"

    @property
    def other(self):
        return f"198.51.100.{self.number}"

    @property
    def net(self):
        return f"10.77.{self.number}"

    @property
    def gateway(self):
        return self.net + ".1"

    @property
    def acme_url(self):
        return "https://acme.provider.test:14000/dir"

    def make(self, box, **more):
        """Boots a machine of that name in this world: its provider gives it FALLBACK and names the authority."""
        config = {"version": 1, "hostname": "c123", "provider": {"fallback_name": FALLBACK, "acme_url": self.acme_url}, **more}
        self.write(self.path("user-data"), "#cloud-config\n" + json.dumps({
            "write_files": [{"path": "/etc/steadbox/install.json", "permissions": "0600", "content": json.dumps(config)}],
            "runcmd": [["sh", "-c", "DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "
                                    "/usr/local/share/steadbox/steadbox.deb && "
                                    "exec /usr/lib/steadbox/steadbox-install --config /etc/steadbox/install.json"]]}))
        box.up("--fresh", "--no-network", "--no-wait", "--user-data", self.path("user-data"), "--root-hook", self.root_hook())
        self.start_names(box, resolver=False)
        self.start_pebble()
        box.up()
        self.resolver()
        self.trust()
        return box

    def start(self, box):
        """The same for a box that is up already; it then has to be told of acme_url."""
        self.start_names(box)
        self.start_pebble()
        subprocess.run(["cp", self.path("ca.crt"), box.root + "/usr/local/share/ca-certificates/acme-test.crt"], check=True)
        box.sh(f"echo '{self.gateway} acme.provider.test' >>/etc/hosts; ip addr add {self.public}/32 dev host0; "
               f"ip addr add {self.public6}/128 dev host0")
        self.trust()

    def trust(self):
        """Lets the box itself take the authority for one that browsers know; pebble makes a new root whenever it starts."""
        with open(self.authority()) as f:
            for i, root in enumerate(f.read().split("-----END CERTIFICATE-----\n")[:-1]):
                self.write(f"{self.box.root}/usr/local/share/ca-certificates/acme-root-{i}.crt", root + "-----END CERTIFICATE-----\n")
        self.box.sh("update-ca-certificates --fresh >/dev/null 2>&1")

    def start_names(self, box, resolver=True):
        self.box = box
        self.number = int(box.address.split(".")[2])
        self.world("start", "--net", self.net, "--net6", f"fd77:5bd0:{self.number:x}", "--device", f"sbx{self.number}",
                   "--box", self.public, "--box6", self.public6)
        for address in (self.public, self.other, self.public6):
            subprocess.run(["ip", "route", "replace", address, "dev", f"sbx{self.number}"], check=True)
        if resolver:
            self.resolver()

    # The box's own unbound, with its own configuration and sandbox, but another root.
    def resolver(self):
        etc = self.box.root + "/etc/steadbox-test"
        with open(self.box.root + "/usr/share/steadbox/unbound.conf") as f:
            conf = "".join(line for line in f if "auto-trust-anchor-file" not in line)
        os.makedirs(etc, exist_ok=True)
        lines = self.world("unbound").replace(self.path("world"), "/etc/steadbox-test")
        for name in ("root.hints", "root.ds"):
            with open(self.path("world", name)) as f:
                self.write(f"{etc}/{name}", f.read())
        self.write(etc + "/unbound.conf", conf + lines)
        os.makedirs(self.box.root + "/etc/systemd/system/unbound.service.d", exist_ok=True)
        self.write(self.box.root + "/etc/systemd/system/unbound.service.d/test.conf",
                   "[Service]\nExecStart=\nExecStart=/usr/sbin/unbound -d -p -c /etc/steadbox-test/unbound.conf\n")
        self.box.sh("systemctl daemon-reload && systemctl restart unbound")

    def write(self, path, text):
        with open(path, "w") as f:
            f.write(text)

    def world(self, verb, *arguments):
        p = subprocess.run([WORLD, verb, self.path("world"), *arguments], capture_output=True, text=True)
        if p.returncode != 0:
            raise AssertionError(f"{verb} {' '.join(arguments)}: {p.stderr[-500:]}")
        return p.stdout

    def set(self, zone, name, type, *values):
        self.world("set", zone, name, type, *values)

    def drop(self, zone, name, *type):
        self.world("drop", zone, name, *type)

    def get(self, name, type, server=1):
        return sorted(self.world("get", name, type, str(server)).split("\n")[:-1])

    @property
    def tsig(self):
        """algorithm, name, secret"""
        with open(self.path("world", "tsig")) as f:
            return f.read().strip().split(":")

    def start_pebble(self, **environment):
        self.write(self.path("pebble.json"), json.dumps({"pebble": {
            "listenAddress": self.gateway + ":14000", "managementListenAddress": self.gateway + ":15000", "certificate": self.path("ca.crt"),
            "privateKey": self.path("key.pem"), "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "",
            "externalAccountBindingRequired": False}}))
        log = open(os.path.join(os.environ.get("LOGS", self.directory), f"pebble-{self.box.name}.log"), "a")
        self.pebble = subprocess.Popen(["pebble", "-config", self.path("pebble.json"), "-dnsserver", self.net + ".61:53"], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", **environment})
        until("pebble answers", lambda: self.pebble.poll() is not None or
              subprocess.run(["curl", "-sfk", "-o", "/dev/null", f"https://{self.gateway}:14000/dir"]).returncode == 0)
        assert self.pebble.poll() is None, "pebble does not run"

    def stop_pebble(self):
        if self.pebble:
            self.pebble.kill()
            self.pebble.wait()
            self.pebble = None

    def authority(self):
        """The file with the authority's root certificates: the one it has now and those of its earlier runs."""
        new = subprocess.run(["curl", "-sfk", f"https://{self.gateway}:15000/roots/0"], check=True, capture_output=True, text=True).stdout
        with open(self.path("root.pem"), "a+") as f:
            f.seek(0)
            if new not in f.read():
                f.write(new)
        return self.path("root.pem")

    def browse(self, name, path="/api/v1/site", check=True, address=None, scheme="https"):
        """GETs as a browser that trusts the authority would: (status, body, Location)."""
        port = "443" if scheme == "https" else "80"
        p = subprocess.run(["curl", "-s", "--max-time", "30", "--cacert", self.path("root.pem"), "--resolve", f"{name}:{port}:{address or self.box.address}",
                            "-w", "\n%{http_code} %{redirect_url}", f"{scheme}://{name}{path}"], capture_output=True, text=True)
        body, _, last = p.stdout.rpartition("\n")
        status, _, location = last.partition(" ")
        if check and p.returncode != 0:
            raise AssertionError(f"curl {scheme}://{name}{path}: exit status {p.returncode}")
        return int(status or 0), body, location

    def stop(self):
        self.stop_pebble()
        if os.path.isdir(self.path("world")):
            self.world("stop")
        subprocess.run(["rm", "-rf", self.directory])
