#!/usr/bin/env python3
"""A small DNS server that misbehaves on purpose. Standard library only; a fake, for faults that knot does not have.

    fake_dns.py [--zone FILE] ADDRESS@PORT=MODE ...

serves UDP and TCP at each address and prints "ready" when it listens. It ends with its standard input, or on SIGTERM. A zone file has
one record a line, "owner ttl type value" (# comments; TXT without quotes); "*" as owner answers every name. Without one each name
has an A, AAAA, TXT and MX.

MODE is steps joined by "+", each of which sends one packet, in order: "wrong-id+garbage+ok" is an answer behind two forgeries.
  ok            the right answer (NXDOMAIN where the zone lacks the owner)
  silent        nothing
  slow:MS       nothing, and what follows comes so many milliseconds later
  flaky         nothing and the end of it when this question comes for the first time
  wrong-id, wrong-question, wrong-case, query   as the names say; wrong-case is a right answer
  garbage       the right id and then noise;     noise: nothing right at all;    half: the right answer, cut
  loop          a compression pointer to itself; chain: pointers that lead forwards
  refuse, servfail, nxdomain, empty, notimp      that rcode (empty: NOERROR without anything, not authoritative)
  bogus         SERVFAIL with the extended error 6 and a text
  no-edns       FORMERR with nothing but a header when the question has EDNS, else the right answer
  truncate      TC over UDP, the right answer over TCP
  tcp-half, tcp-silent, tcp-close, tcp-drip, tcp-wrong-id     TC over UDP; over TCP half an answer, none, an end, a byte at a time, another id
  no-tcp        TC over UDP, and TCP refuses
  extra         the right answer and records for other names in all sections
  big           64 KB of TXT;   binary: a TXT of all 256 bytes;   many: 2000 A records
  cname-loop    an alias to itself
  via:ADDRESS@PORT   nothing, but the right answer of what follows is that server's, so that real zones can be served wrongly
  by-name       the first label of the question is the mode, with "-ms-" for ":" and "_" for "+": slow-ms-200_ok.example.com
"""
import asyncio, os, random, signal, socket, struct, sys

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DS": 43, "DNSKEY": 48, "CAA": 257}
RCODES = {"refuse": 5, "servfail": 2, "nxdomain": 3, "empty": 0, "notimp": 4, "bogus": 2}
ONLY_TCP = ("truncate", "tcp-half", "tcp-silent", "tcp-close", "tcp-drip", "tcp-wrong-id", "no-tcp", "big", "many")
DEFAULT = [("*", 300, "A", "192.0.2.1"), ("*", 300, "AAAA", "2001:db8::1"), ("*", 300, "TXT", "v=spf1 -all"), ("*", 300, "MX", "10 mail.example.net")]


def wire_name(text):
    text = text.rstrip(".")
    return b"".join(bytes([len(l)]) + l.encode() for l in text.split(".") if l) + b"\0"


def rdata(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "TXT":
        raw = value if isinstance(value, bytes) else value.encode()
        return b"".join(bytes([len(raw[i:i + 255])]) + raw[i:i + 255] for i in range(0, len(raw), 255)) or b"\0"
    parts = value.split()
    if kind in ("MX", "SRV"):
        return b"".join(struct.pack(">H", int(n)) for n in parts[:-1]) + wire_name(parts[-1])
    if kind == "SOA":
        return wire_name(parts[0]) + wire_name(parts[1]) + struct.pack(">5I", *map(int, parts[2:]))
    if kind == "CAA":
        return bytes([int(parts[0]), len(parts[1])]) + parts[1].encode() + parts[2].strip('"').encode()
    if parts[0] == "\\#":
        return bytes.fromhex("".join(parts[2:]))
    return wire_name(value)


def record(owner, ttl, kind, value):
    data = rdata(kind, value)
    return owner + struct.pack(">HHIH", TYPES[kind], 1, ttl, len(data)) + data


def read_zone(path):
    records = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            parts = line.split("#")[0].strip().split(None, 3) if not line.startswith("#") else []
            if parts:
                records.append((parts[0].rstrip(".").lower(), int(parts[1]), parts[2], parts[3]))
    return records


class Question:
    """What came; every answer is made from it."""

    def __init__(self, packet):
        self.packet, self.id = packet, packet[:2]
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
            at += 1 + packet[at]
        self.type = struct.unpack(">H", packet[at + 1:at + 3])[0]
        self.question, self.labels = packet[12:at + 5], labels
        self.name = ".".join(labels).lower()
        self.edns = struct.unpack(">H", packet[10:12])[0] > 0
        self.theirs = None  # the answer of the server behind, if there is one

    def answer(self, rcode=0, answers=(), authority=(), additional=(), bits=0x8400, ident=None, question=None):
        opt = [b"\0\0\x29\x04\xd0\0\0\0\0\0\0"] if self.edns and not any(a.startswith(b"\0\0\x29") for a in additional) else []
        additional = list(additional) + opt
        counts = struct.pack(">HHHHH", bits | rcode, 1, len(answers), len(authority), len(additional))
        return (ident or self.id) + counts + (question or self.question) + b"".join([*answers, *authority, *additional])


class Behind(asyncio.DatagramProtocol):
    def __init__(self, packet, answer):
        self.packet, self.answer = packet, answer

    def connection_made(self, transport):
        transport.sendto(self.packet)

    def datagram_received(self, data, peer):
        self.answer.done() or self.answer.set_result(data)


class Server:
    def __init__(self, mode, records, address):
        self.mode, self.records, self.address, self.seen = mode, records, address, set()

    async def ask_behind(self, place, packet, tcp):
        """What the server behind says; it sees our own address, so that rules for the network can tell us from those who ask."""
        host, port = place.split("@")
        if tcp:
            reader, writer = await asyncio.open_connection(host, int(port), local_addr=(self.address, 0))
            writer.write(struct.pack(">H", len(packet)) + packet)
            answer = await reader.readexactly(struct.unpack(">H", await reader.readexactly(2))[0])
            writer.close()
            return answer
        answer = asyncio.get_running_loop().create_future()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Behind(packet, answer), local_addr=(self.address, 0), remote_addr=(host, int(port)))
        try:
            return await asyncio.wait_for(answer, 2)
        finally:
            transport.close()

    def steps(self, q):
        mode = q.labels[0].lower().replace("_", "+").replace("-ms-", ":") if self.mode == "by-name" and q.labels else self.mode
        return mode.split("+")

    def right(self, q, bits=0):
        if q.theirs:
            return q.theirs
        owner = b"\xc0\x0c"
        mine = [r for r in self.records if r[0] in (q.name, "*")]
        found = [record(owner, ttl, kind, value) for _, ttl, kind, value in mine if TYPES[kind] == q.type or kind == "CNAME"]
        return q.answer(rcode=0 if mine else 3, answers=found, bits=0x8400 | bits)

    def packet(self, step, q, tcp):
        """One packet; None = nothing."""
        if step in ONLY_TCP and not tcp:
            return q.answer(bits=0x8600)
        if step in RCODES and step != "bogus":
            return q.answer(rcode=RCODES[step], bits=0x8400 if step == "nxdomain" else 0x8000)
        made = getattr(self, "make_" + step.replace("-", "_"), None)
        return made(q) if made else self.right(q)

    def make_silent(self, q):
        return None

    make_tcp_silent = make_tcp_close = make_silent

    def make_bogus(self, q):
        text = b"\0\x06signature expired \x01\xff"
        ede = struct.pack(">HH", 15, len(text)) + text
        return q.answer(rcode=2, bits=0x8080, additional=[b"\0\0\x29\x04\xd0\0\0\0\0" + struct.pack(">H", len(ede)) + ede])

    def make_wrong_id(self, q):
        return q.answer(ident=bytes([q.id[0] ^ 0x55, q.id[1]]), answers=[record(b"\xc0\x0c", 1, "A", "203.0.113.66")])

    make_tcp_wrong_id = make_wrong_id

    def make_wrong_question(self, q):
        return q.answer(question=wire_name("elsewhere.example") + q.question[-4:], answers=[record(b"\xc0\x0c", 1, "A", "203.0.113.66")])

    def make_wrong_case(self, q):
        return self.right(q).replace(q.question[:-4], q.question[:-4].swapcase())

    def make_query(self, q):
        return q.packet

    def make_garbage(self, q):
        return q.answer(answers=[b"x"]) + bytes(random.Random(q.name).randrange(256) for _ in range(80))

    def make_noise(self, q):
        return bytes(random.Random(q.name).randrange(256) for _ in range(80))

    def make_half(self, q):
        return self.right(q)[:-3 - 11 * q.edns]

    def make_loop(self, q):
        at = 12 + len(q.question)
        return q.answer(answers=[struct.pack(">H", 0xc000 | at) + b"\0\1\0\1\0\0\0\1\0\4\1\2\3\4"])

    def make_chain(self, q):
        at = 12 + len(q.question)
        forward = b"".join(struct.pack(">H", 0xc000 | at + 2 * i + 2) for i in range(200))
        return q.answer(answers=[forward + b"\0\0\1\0\1\0\0\0\1\0\4\1\2\3\4"])

    def make_no_edns(self, q):
        return q.id + struct.pack(">HHHHH", 0x8001, 0, 0, 0, 0) if q.edns else self.right(q)

    def make_extra(self, q):
        stranger = record(wire_name("bank.example"), 9999, "A", "203.0.113.66")
        honest = [record(b"\xc0\x0c", 300, kind, value) for _, _, kind, value in self.records if TYPES[kind] == q.type]
        return q.answer(answers=[stranger, *honest, stranger], authority=[stranger], additional=[stranger])

    def make_big(self, q):
        return q.answer(answers=[record(b"\xc0\x0c", 1, "TXT", b"x" * 65000)])

    def make_binary(self, q):
        return q.answer(answers=[record(b"\xc0\x0c", 1, "TXT", bytes(range(256)))])

    def make_many(self, q):
        return q.answer(answers=[record(b"\xc0\x0c", 1, "A", f"10.0.{i >> 8}.{i & 255}") for i in range(2000)])

    def make_cname_loop(self, q):
        return q.answer(answers=[record(b"\xc0\x0c", 1, "CNAME", q.name)])

    async def play(self, packet, send, tcp):
        """Plays the steps of one question."""
        q = Question(packet)
        again = (q.name, q.type) in self.seen
        self.seen.add((q.name, q.type))
        for step in self.steps(q):
            if step == "flaky" and not again:
                return
            if step.startswith("via:"):
                try:
                    q.theirs = await self.ask_behind(step[4:], packet, tcp)
                except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
                    return
            elif step.startswith("slow:"):
                await asyncio.sleep(int(step[5:]) / 1000)
            elif step != "flaky":
                made = self.packet(step, q, tcp)
                if made is not None:
                    await send(made, step)


class Udp(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server = server

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        async def send(packet, step):
            self.transport.sendto(packet, peer)
        asyncio.ensure_future(self.server.play(data, send, tcp=False))


def tcp_handler(server):
    async def handle(reader, writer):
        async def send(packet, step):
            framed = struct.pack(">H", len(packet)) + packet
            pieces = [framed[:len(framed) // 2]] if step == "tcp-half" else [framed[i:i + 1] for i in range(len(framed))] if step == "tcp-drip" else [framed]
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                if len(pieces) > 1:
                    await asyncio.sleep(0.001)
        try:
            while True:
                size = struct.unpack(">H", await reader.readexactly(2))[0]
                packet = await reader.readexactly(size)
                await server.play(packet, send, tcp=True)
                if server.steps(Question(packet))[-1] in ("tcp-half", "tcp-close"):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()
    return handle


async def serve(places, records):
    loop = asyncio.get_running_loop()
    for place in places:
        where, mode = place.split("=", 1)
        address, port = where.split("@")
        server = Server(mode, records, address)
        await loop.create_datagram_endpoint(lambda s=server: Udp(s), local_addr=(address, int(port)))
        if mode != "no-tcp":
            await asyncio.start_server(tcp_handler(server), address, int(port))
    end = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, lambda: end.done() or end.set_result(None))
    # Whoever started this holds the other end: when it goes, so do we. A terminal or /dev/null is no such leash.
    if not os.isatty(0) and os.fstat(0).st_mode & 0o170000 in (0o010000, 0o140000):
        loop.add_reader(0, lambda: os.read(0, 4096) or end.done() or end.set_result(None))
    print("ready", flush=True)
    await end


def main(arguments):
    records = DEFAULT
    if arguments[:1] == ["--zone"]:
        records, arguments = read_zone(arguments[1]), arguments[2:]
    if not arguments:
        sys.exit(__doc__)
    asyncio.run(serve(arguments, records))


if __name__ == "__main__":
    main(sys.argv[1:])
