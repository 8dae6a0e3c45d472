"""tests/lib/dbus_raw.py: a D-Bus client that sends what it is told, also what no library would. Runs inside the box; tests put it in
front of their own script and feed both to python3 there. Standard library only."""
import os
import socket
import struct

HELPER = ("org.steadbox.Helper1", "/org/steadbox/Helper1", "org.steadbox.Helper1")


class Closed(Exception):
    """The bus hung up on us."""


def pad(out, to):
    out.extend(b"\0" * (-len(out) % to))


def split(signature):
    """The complete types of a signature, in order."""
    types, depth, start = [], 0, 0
    for i, c in enumerate(signature):
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c != "a" and depth == 0:
            types.append(signature[start:i + 1])
            start = i + 1
    return types


def marshal(out, signature, values):
    for t, v in zip(split(signature), values):
        if t in "so":
            v = v if isinstance(v, bytes) else v.encode("utf-8", "surrogateescape")
            pad(out, 4)
            out.extend(struct.pack("<I", len(v)) + v + b"\0")
        elif t == "g":
            out.extend(bytes([len(v)]) + v.encode() + b"\0")
        elif t == "y":
            out.append(v)
        elif t in "ub":
            pad(out, 4)
            out.extend(struct.pack("<I", int(v)))
        elif t == "t":
            pad(out, 8)
            out.extend(struct.pack("<Q", v))
        elif t[0] == "v":
            marshal(out, "g", [v[0]])
            marshal(out, v[0], [v[1]])
        elif t[0] == "a":
            pad(out, 4)
            at = len(out)
            out.extend(b"\0\0\0\0")
            pad(out, 8 if t[1] in "(t" else 4 if t[1] in "sua" else 1)
            begin = len(out)
            for item in v:
                marshal(out, t[1:], [item])
            out[at:at + 4] = struct.pack("<I", len(out) - begin)
        elif t[0] == "(":
            pad(out, 8)
            marshal(out, t[1:-1], v)
        else:
            raise ValueError(t)


class Bus:
    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect("/run/dbus/system_bus_socket")
        self.sock.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
        assert self.sock.recv(512).startswith(b"OK")
        self.sock.sendall(b"BEGIN\r\n")
        self.serial = 0
        self.call("Hello", to=("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"))

    def read(self, n):
        data = b""
        while len(data) < n:
            try:
                part = self.sock.recv(n - len(data))
            except ConnectionError:
                part = b""
            if not part:
                raise Closed()
            data += part
        return data

    def message(self):
        """(type, serial it replies to, error name, first string of the body)"""
        head = self.read(16)
        body_size, _, fields_size = struct.unpack("<III", head[4:16])
        fields = self.read(fields_size + -fields_size % 8)
        body = self.read(body_size)
        reply_to = error = None
        at = 0
        while at < fields_size:
            at += -at % 8
            code, n = fields[at], fields[at + 1]
            kind = fields[at + 2:at + 2 + n].decode()
            at += 3 + n
            if kind == "g":
                size = fields[at]
                at += size + 2
                continue
            at += -at % 4
            (value,) = struct.unpack("<I", fields[at:at + 4])
            at += 4
            if kind in "so":
                text = fields[at:at + value].decode()
                at += value + 1
                error = text if code == 4 else error
            elif code == 5:
                reply_to = value
        text = ""
        if len(body) >= 4:
            (size,) = struct.unpack("<I", body[:4])
            text = body[4:4 + size].decode("utf-8", "replace")
        return head[1], reply_to, error, text

    def send(self, method, signature="", *values, to=HELPER):
        """Does not wait for an answer; returns the serial it will be one to."""
        self.serial += 1
        body = bytearray()
        marshal(body, signature, values)
        fields = [(1, ("o", to[1])), (2, ("s", to[2])), (3, ("s", method)), (6, ("s", to[0]))]
        if signature:
            fields.append((8, ("g", signature)))
        out = bytearray(struct.pack("<cBBBII", b"l", 1, 0, 1, len(body), self.serial))
        marshal(out, "a(yv)", [fields])
        pad(out, 8)
        self.sock.sendall(out + body)
        return self.serial

    def answer(self, serial):
        """(None, answer) or (error name, sentence); ("closed", "") when the bus hangs up. Other answers that come before are lost."""
        try:
            while True:
                _, reply_to, error, text = self.message()
                if reply_to == serial:
                    return error, text
        except (Closed, ConnectionError):
            return "closed", ""

    def call(self, method, signature="", *values, to=HELPER):
        try:
            return self.answer(self.send(method, signature, *values, to=to))
        except (Closed, ConnectionError):
            return "closed", ""


def attempt(method, signature="", *values, to=HELPER):
    """One call on a connection of its own."""
    bus = Bus()
    try:
        return bus.call(method, signature, *values, to=to)
    finally:
        bus.sock.close()
