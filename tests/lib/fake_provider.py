#!/usr/bin/env python3
"""A fake of four DNS providers' APIs on loopback, for tests only. It is a fake that replays: it keeps one list of records in memory and answers
as the documentation of Cloudflare (API v4), Hetzner (Cloud API v1), deSEC (API v1) and DigitalOcean (API v2) promises. It has never seen the
real ones. It is strict: wrong authorization, method, content type, unknown fields or query parameters, unquoted TXT, missing final dots,
too small TTLs and duplicates are refused as the real API says it would.

    fake_provider.py --kind cloudflare --token SECRET --zone example.com [--zone ...] [--port 0]

prints "port N" and serves until its standard input ends. Tests steer it at /_fake (no authorization):
    GET  /_fake                      {"records": [..], "log": [[method, path, status], ..], "waited": n}
    POST /_fake {"mode": M, "times": n, "retry_after": s, "after": k}   the next n calls (default all) go wrong, after k good ones; M is one of
         ok 401 403 429 500 503 html half nothing text array close slow redirect huge deep liar, and readonly and async, which last
    POST /_fake {"records": [{"owner", "type", "value", "ttl"}, ..]}    replaces what is there; values as in a zone file without final dots, TXT plain
"""
import argparse
import http.server
import json
import re
import socket
import sys
import threading
import time
import urllib.parse

TYPES = {"A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA", "NS"}


class Refusal(Exception):
    def __init__(self, status, text, code=None):
        super().__init__(text)
        self.status, self.text, self.code = status, text, code


def need(condition, status, text, code=None):
    if not condition:
        raise Refusal(status, text, code)


def only(body, allowed, required=()):
    need(isinstance(body, dict), 400, "an object is needed")
    unknown = set(body) - set(allowed)
    need(not unknown, 422, f"unknown fields {sorted(unknown)}")
    missing = set(required) - set(body)
    need(not missing, 422, f"missing fields {sorted(missing)}")


def quote(text):
    out, rest = [], text.encode()
    while True:
        out.append('"' + rest[:255].decode("latin-1").replace("\\", "\\\\").replace('"', '\\"') + '"')
        rest = rest[255:]
        if not rest:
            return " ".join(out)


def unquote(text):
    need(re.fullmatch(r'("(?:[^"\\]|\\.)*")(\s+"(?:[^"\\]|\\.)*")*', text), 422, "TXT must be quoted strings")
    parts = [re.sub(r"\\(\d{3}|.)", lambda m: chr(int(m[1])) if m[1].isdigit() and len(m[1]) == 3 else m[1], p)
             for p in re.findall(r'"((?:[^"\\]|\\.)*)"', text)]
    need(all(len(p.encode()) <= 255 for p in parts), 422, "a string of TXT has at most 255 bytes")
    return "".join(parts)


class World:
    """The records of the account, and what shall go wrong."""

    def __init__(self, kind, token, zones):
        self.kind, self.token, self.zones = kind, token, zones
        self.lock = threading.Lock()
        self.records, self.log, self.next_id = [], [], 1000
        self.mode, self.times, self.after, self.retry_after = "ok", 0, 0, 1
        self.readonly = self.asynchronous = False
        self.pending = []  # of asynchronous: [reads left, records]

    def add(self, owner, type_, value, ttl):
        need(type_ in TYPES, 422, f"type {type_} is not known")
        need(len(owner) <= 253 and re.fullmatch(r"[a-z0-9*_-]+(\.[a-z0-9_-]+)*", owner), 422, f"{owner} is no name")
        others = [r for r in self.records if r["owner"] == owner]
        need(type_ != "CNAME" or not others, 409, "a CNAME stands alone", 81054)
        need(type_ == "CNAME" or not any(r["type"] == "CNAME" for r in others), 409, "there is a CNAME", 81053)
        need(not any(r["type"] == type_ and r["value"] == value for r in others), 400, "an identical record exists", 81058)
        self.next_id += 1
        record = {"id": self.next_id, "owner": owner, "type": type_, "value": value, "ttl": ttl}
        self.records.append(record)
        return record

    def of(self, owner=None, type_=None):
        return [r for r in self.records if owner in (None, r["owner"]) and type_ in (None, r["type"])]

    def drop(self, records):
        self.records = [r for r in self.records if r not in records]

    def zone_of(self, name):
        found = [z for z in self.zones if name == z or name.endswith("." + z)]
        return max(found, key=len) if found else None


def absolute(text, zone):
    """A name of a zone file, checked; without its final dot. Names without one are below the zone."""
    text = text.lower()
    return text[:-1] if text.endswith(".") and len(text) > 1 else "." if text == "." else zone if text == "@" else f"{text}.{zone}"


def from_zone_text(type_, text, zone):
    """A value of a zone file to ours."""
    fields = text.split()
    if type_ == "TXT":
        return unquote(text)
    if type_ in ("CNAME", "NS"):
        return absolute(text, zone)
    if type_ == "MX":
        need(len(fields) == 2 and fields[0].isdigit(), 422, "MX needs a preference and a name")
        return f"{fields[0]} {absolute(fields[1], zone)}"
    if type_ == "SRV":
        need(len(fields) == 4 and all(f.isdigit() for f in fields[:3]), 422, "SRV needs three numbers and a name")
        return " ".join(fields[:3]) + " " + absolute(fields[3], zone)
    if type_ in ("A", "AAAA"):
        try:
            raw = socket.inet_pton(socket.AF_INET if type_ == "A" else socket.AF_INET6, text)
        except OSError:
            raise Refusal(422, f"{text} is no address")
        return socket.inet_ntop(socket.AF_INET if type_ == "A" else socket.AF_INET6, raw)
    return text


def to_zone_text(type_, value):
    if type_ == "TXT":
        return quote(value)
    return value + "." if type_ in ("CNAME", "NS", "MX", "SRV") and not value.endswith(".") else value


def page_of(query, items, default, most):
    page, size = int(query.get("page", 1)), int(query.get("per_page", default))
    need(1 <= size <= most and page >= 1, 400, "bad page")
    return items[(page - 1) * size:page * size], page, size, max(1, -(-len(items) // size))


class Cloudflare:
    auth = "Bearer"

    def __init__(self, world):
        self.w = world

    def id_of(self, zone):
        return "%032x" % (0xC10D + self.w.zones.index(zone))

    def show(self, r):
        out = {"id": "%032x" % r["id"], "name": r["owner"], "type": r["type"], "ttl": r["ttl"], "proxied": False, "proxiable": r["type"] in ("A", "AAAA", "CNAME"),
               "settings": {}, "meta": {}, "comment": None, "tags": [], "created_on": "2026-01-01T00:00:00Z", "modified_on": "2026-01-01T00:00:00Z",
               "content": r["value"]}
        fields = r["value"].split()
        if r["type"] == "TXT":
            out["content"] = quote(r["value"])
        elif r["type"] == "MX":
            out["priority"], out["content"] = int(fields[0]), fields[1]
        elif r["type"] == "SRV":
            out["data"] = {"priority": int(fields[0]), "weight": int(fields[1]), "port": int(fields[2]), "target": fields[3]}
            out["priority"], out["content"] = int(fields[0]), " ".join(fields[1:])
        elif r["type"] == "CAA":
            flags, tag, value = r["value"].split(" ", 2)
            out["data"] = {"flags": int(flags), "tag": tag, "value": value.strip('"')}
        return out

    def take(self, body, zone):
        type_ = body.get("type")
        base = {"name", "type", "ttl", "comment", "tags", "settings"}
        if type_ in ("SRV", "CAA"):
            only(body, base | {"data"}, ("name", "type", "ttl", "data"))
            d = body["data"]
            value = f"{d['priority']} {d['weight']} {d['port']} {d['target']}" if type_ == "SRV" else f"{d['flags']} {d['tag']} \"{d['value']}\""
        elif type_ == "MX":
            only(body, base | {"content", "priority"}, ("name", "type", "ttl", "content", "priority"))
            value = f"{body['priority']} {body['content']}"
        else:
            only(body, base | {"content", "proxied"}, ("name", "type", "ttl", "content"))
            value = unquote(body["content"]) if type_ == "TXT" else body["content"]
        need(type_ == "TXT" or not value.endswith(".") or value.endswith(" ."), 400, "names have no final dot here")
        need(body["ttl"] == 1 or 60 <= body["ttl"] <= 86400, 400, "TTL must be between 60 and 86400", 1004)
        name = body["name"]
        need(name == zone or name.endswith("." + zone), 400, "the name is not in the zone", 1004)
        if type_ in ("A", "AAAA"):
            value = from_zone_text(type_, value, zone)
        return self.w.add(name, type_, value, body["ttl"])

    def answer(self, result, info=None):
        out = {"success": True, "errors": [], "messages": [], "result": result}
        if info:
            page, size, pages, total = info
            out["result_info"] = {"page": page, "per_page": size, "count": len(result), "total_count": total, "total_pages": pages}
        return 200, out

    def refuse(self, e):
        return {"success": False, "errors": [{"code": e.code or 9000 + e.status, "message": e.text}], "messages": [], "result": None}

    def call(self, method, path, query, body):
        w = self.w
        if path == "/zones":
            need(method == "GET", 405, "method")
            need(set(query) <= {"name", "per_page", "page", "status"}, 400, "unknown query parameter")
            found = [z for z in w.zones if query.get("name") in (None, z)]
            items, page, size, pages = page_of(query, found, 20, 50)
            return self.answer([{"id": self.id_of(z), "name": z, "status": "active", "permissions": ["#dns_records:read"], "type": "full"} for z in items],
                               (page, size, pages, len(found)))
        m = re.fullmatch(r"/zones/([0-9a-f]{32})/dns_records(/batch)?", path)
        zone = next((z for z in w.zones if m and self.id_of(z) == m[1]), None)
        need(zone, 404, "Could not route to " + path, 7003)
        if not m[2]:
            need(method == "GET", 405, "method")
            need(set(query) <= {"name", "type", "per_page", "page"}, 400, "unknown query parameter")
            found = [r for r in w.of(query.get("name"), query.get("type")) if w.zone_of(r["owner"]) == zone]
            items, page, size, pages = page_of(query, found, 100, 5000)
            return self.answer([self.show(r) for r in items], (page, size, pages, len(found)))
        need(method == "POST", 405, "method")
        only(body, {"deletes", "patches", "puts", "posts"})
        need(0 < sum(len(v) for v in body.values()) <= 200, 400, "a batch has 1 to 200 changes")
        before = list(w.records)
        try:
            for d in body.get("deletes", []):
                only(d, {"id"}, {"id"})
                gone = [r for r in w.records if "%032x" % r["id"] == d["id"]]
                need(gone, 404, "Record does not exist.", 81044)
                w.drop(gone)
            made = [self.show(self.take(p, zone)) for p in body.get("posts", [])]
        except Exception:
            w.records = before
            raise
        return self.answer({"deletes": body.get("deletes", []), "posts": made, "patches": [], "puts": []})


class Hetzner:
    auth = "Bearer"
    codes = {400: "invalid_input", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 409: "uniqueness_error",
             422: "invalid_input", 429: "rate_limit_exceeded"}

    def __init__(self, world):
        self.w = world

    def refuse(self, e):
        return {"error": {"code": e.code or self.codes.get(e.status, "server_error"), "message": e.text, "details": None}}

    def zone(self, word):
        return next((z for i, z in enumerate(self.w.zones) if word in (z, str(4711 + i))), None)

    def show(self, owner, type_, zone):
        found = self.w.of(owner, type_)
        name = "@" if owner == zone else owner[:-len(zone) - 1]
        return {"id": f"{name}/{type_}", "name": name, "type": type_, "ttl": found[0]["ttl"], "labels": {}, "protection": {"change": False},
                "records": [{"value": to_zone_text(type_, r["value"]), "comment": ""} for r in found], "zone": 4711 + self.w.zones.index(zone)}

    def action(self, command):
        return {"action": {"id": 1, "command": command, "status": "running", "started": "2026-01-01T00:00:00Z", "finished": None, "progress": 0,
                           "resources": [], "error": None}}

    def values(self, records, type_, zone):
        need(isinstance(records, list) and 0 < len(records) <= 100, 422, "records are needed")
        for r in records:
            only(r, {"value", "comment"}, {"value"})
        return [from_zone_text(type_, r["value"], zone) for r in records]

    def replace(self, owner, type_, values, ttl, now=None):
        w, before = self.w, list(self.w.records)
        try:
            w.drop(w.of(owner, type_))
            for v in values:
                w.add(owner, type_, v, ttl)
        except Exception:
            w.records = before
            raise
        if w.asynchronous:
            w.pending.append([2, w.records])
            w.records = before

    def call(self, method, path, query, body):
        w = self.w
        parts = [urllib.parse.unquote(p) for p in path.strip("/").split("/")]
        need(parts[0] == "zones" and len(parts) > 1, 404, "no such route")
        zone = self.zone(parts[1])
        need(zone, 404, f"zone '{parts[1]}' not found")
        if len(parts) == 2:
            need(method == "GET", 405, "method")
            return 200, {"zone": {"id": 4711 + w.zones.index(zone), "name": zone, "mode": "primary", "ttl": 3600, "status": "ok", "labels": {},
                                  "protection": {"delete": False}, "record_count": len(w.records), "registrar": "other"}}
        need(parts[2] == "rrsets", 404, "no such route")
        if len(parts) == 3 and method == "GET":
            need(set(query) <= {"name", "type", "per_page", "page"}, 400, "unknown query parameter")
            name = query.get("name")
            owner = None if name is None else zone if name == "@" else f"{name}.{zone}"
            keys = sorted({(r["owner"], r["type"]) for r in w.of(owner, query.get("type")) if w.zone_of(r["owner"]) == zone})
            items, page, size, pages = page_of(query, keys, 25, 50)
            return 200, {"rrsets": [self.show(*k, zone) for k in items],
                         "meta": {"pagination": {"page": page, "per_page": size, "previous_page": page - 1 or None, "last_page": pages,
                                                 "next_page": page + 1 if page < pages else None, "total_entries": len(keys)}}}
        if len(parts) == 3:
            need(method == "POST", 405, "method")
            only(body, {"name", "type", "ttl", "labels", "records"}, {"name", "type", "records"})
            owner = zone if body["name"] == "@" else f"{body['name']}.{zone}"
            need(not w.of(owner, body["type"]), 409, "the RRSet exists already")
            need(body.get("ttl") is None or 60 <= body["ttl"] <= 2147483647, 422, "invalid input in field 'ttl'")
            self.replace(owner, body["type"], self.values(body["records"], body["type"], zone), body.get("ttl"))
            return 201, {"rrset": {"id": f"{body['name']}/{body['type']}"}, **self.action("create_rrset")}
        name, type_ = parts[3], parts[4]
        owner = zone if name == "@" else f"{name}.{zone}"
        found = w.of(owner, type_)
        need(found, 404, f"RRSet '{name}/{type_}' not found")
        if len(parts) == 5:
            need(method in ("GET", "DELETE"), 405, "method")
            if method == "GET":
                return 200, {"rrset": self.show(owner, type_, zone)}
            self.replace(owner, type_, [], None)
            return 201, self.action("delete_rrset")
        need(parts[5:] == ["actions", "set_records"] and method == "POST", 404, "no such route")
        only(body, {"records"}, {"records"})
        self.replace(owner, type_, self.values(body["records"], type_, zone), found[0]["ttl"])
        return 201, self.action("set_rrset_records")


class Desec:
    auth = "Token"

    def __init__(self, world):
        self.w = world

    def refuse(self, e):
        return {"detail": e.text} if e.status != 400 else [{"non_field_errors": [e.text]}]

    def call(self, method, path, query, body):
        w = self.w
        if path == "/domains/":
            need(method == "GET", 405, "method")
            need(set(query) <= {"owns_qname"}, 400, "unknown query parameter")
            found = [w.zone_of(query["owns_qname"])] if "owns_qname" in query else w.zones
            return 200, [{"created": "2026-01-01T00:00:00Z", "minimum_ttl": 3600, "name": z, "published": None, "touched": None} for z in found if z]
        m = re.fullmatch(r"/domains/([a-z0-9.-]+)/rrsets/", path)
        need(m and m[1] in w.zones, 404, "Not found.")
        zone = m[1]
        if method == "GET":
            need(set(query) <= {"subname", "type"}, 400, "unknown query parameter")
            sub = query.get("subname")
            owner = None if sub is None else f"{sub}.{zone}" if sub else zone
            keys = sorted({(r["owner"], r["type"]) for r in w.of(owner, query.get("type")) if w.zone_of(r["owner"]) == zone})
            return 200, [{"created": "2026-01-01T00:00:00Z", "domain": zone, "subname": o[:-len(zone) - 1] if o != zone else "", "name": o + ".", "type": t,
                          "records": [to_zone_text(t, r["value"]) for r in w.of(o, t)], "ttl": w.of(o, t)[0]["ttl"], "touched": None} for o, t in keys]
        need(method == "PUT", 405, "Method not allowed.")
        need(isinstance(body, list), 400, "a list is needed")
        before = list(w.records)
        try:
            for item in body:
                only(item, {"subname", "type", "ttl", "records"}, {"subname", "type", "ttl", "records"})
                need(item["ttl"] >= 3600 and item["ttl"] <= 604800, 422, "Ensure this value is greater than or equal to 3600.")
                owner = f"{item['subname']}.{zone}" if item["subname"] else zone
                w.drop(w.of(owner, item["type"]))
                for r in item["records"]:
                    need(item["type"] not in ("MX", "CNAME", "SRV", "NS") or r.endswith("."), 422, "Hostname must be fully-qualified (i.e., end in a dot).")
                    w.add(owner, item["type"], from_zone_text(item["type"], r, zone), item["ttl"])
        except Exception:
            w.records = before
            raise
        return 200, body


class DigitalOcean:
    auth = "Bearer"

    def __init__(self, world):
        self.w = world

    def refuse(self, e):
        return {"id": "unprocessable_entity" if e.status == 422 else "error", "message": e.text, "request_id": "f4ke"}

    def show(self, r, zone):
        out = {"id": r["id"], "type": r["type"], "name": "@" if r["owner"] == zone else r["owner"][:-len(zone) - 1], "data": r["value"], "priority": None,
               "port": None, "ttl": r["ttl"], "weight": None, "flags": None, "tag": None}
        fields = r["value"].split(" ")
        if r["type"] == "MX":
            out["priority"], out["data"] = int(fields[0]), fields[1]
        elif r["type"] == "SRV":
            out["priority"], out["weight"], out["port"], out["data"] = int(fields[0]), int(fields[1]), int(fields[2]), fields[3]
        elif r["type"] == "CAA":
            out["flags"], out["tag"], out["data"] = int(fields[0]), fields[1], fields[2].strip('"')
        if r["type"] in ("MX", "CNAME", "SRV") and out["data"] == zone:
            out["data"] = "@"
        return out

    def take(self, body, zone):
        only(body, {"type", "name", "data", "priority", "port", "ttl", "weight", "flags", "tag"}, {"type", "name", "data"})
        type_, data = body["type"], body["data"]
        need(body.get("ttl", 1800) >= 30, 422, "TTL must be at least 30")
        if type_ in ("MX", "CNAME", "SRV", "NS", "CAA"):
            need(data.endswith(".") or data == "@", 422, "Data needs to end with a dot (.)")
            data = data.rstrip(".") or "."
        if type_ == "MX":
            need(isinstance(body.get("priority"), int), 422, "Priority can't be blank")
            data = f"{body['priority']} {data}"
        elif type_ == "SRV":
            need(all(isinstance(body.get(k), int) for k in ("priority", "weight", "port")), 422, "SRV needs priority, weight, port")
            data = f"{body['priority']} {body['weight']} {body['port']} {data}"
        elif type_ == "CAA":
            data = f"{body['flags']} {body['tag']} \"{data}\""
        elif type_ == "TXT":
            need(not data.startswith('"'), 422, "TXT is plain text")
        elif type_ in ("A", "AAAA"):
            data = from_zone_text(type_, data, zone)
        need(not body["name"].endswith(zone), 422, "the name is relative to the domain")
        return (zone if body["name"] == "@" else f"{body['name']}.{zone}"), type_, data, body.get("ttl", 1800)

    def call(self, method, path, query, body):
        w = self.w
        m = re.fullmatch(r"/domains/([a-z0-9.-]+)(/records)?(?:/(\d+))?", path)
        need(m and m[1] in w.zones, 404, "The resource you were accessing could not be found.")
        zone = m[1]
        if not m[2]:
            need(method == "GET", 405, "method")
            return 200, {"domain": {"name": zone, "ttl": 1800, "zone_file": "..."}}
        if not m[3] and method == "GET":
            need(set(query) <= {"name", "type", "per_page", "page"}, 400, "unknown query parameter")
            found = [r for r in w.of(query.get("name"), query.get("type")) if w.zone_of(r["owner"]) == zone]
            items, page, size, pages = page_of(query, found, 20, 200)
            links = {"pages": {"last": "x", "next": f"https://api.digitalocean.com/v2/domains/{zone}/records?page={page + 1}"}} if page < pages else {}
            return 200, {"domain_records": [self.show(r, zone) for r in items], "links": links, "meta": {"total": len(found)}}
        if not m[3]:
            need(method == "POST", 405, "method")
            return 201, {"domain_record": self.show(w.add(*self.take(body, zone)), zone)}
        found = [r for r in w.records if r["id"] == int(m[3])]
        need(found, 404, "The resource you were accessing could not be found.")
        if method == "DELETE":
            w.drop(found)
            return 204, None
        need(method == "PUT", 405, "method")
        before = list(w.records)
        try:
            taken = self.take(body, zone)
            w.drop(found)
            new = w.add(*taken)
            new["id"] = found[0]["id"]
        except Exception:
            w.records = before
            raise
        return 200, {"domain_record": self.show(new, zone)}


KINDS = {"cloudflare": Cloudflare, "hetzner": Hetzner, "desec": Desec, "digitalocean": DigitalOcean}
JSON = "application/json"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # headers and body leave in one piece

    def log_message(self, *a):
        pass

    def send(self, status, content, headers=None, type_=JSON):
        text = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        self.server.world.log.append([self.command, self.path, status])
        self.send_response(status)
        for k, v in (headers or {}).items():
            self.send_header(k, v)
        if status != 204:
            self.send_header("Content-Type", type_)
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if status != 204:
            self.wfile.write(text)

    def steer(self, body):
        w = self.server.world
        if body is not None:
            if "records" in body:
                w.records = []
                for r in body["records"]:
                    w.add(r["owner"], r["type"], r["value"], r.get("ttl", 3600))
            mode = body.get("mode", w.mode)
            if mode in ("readonly", "async"):
                w.readonly, w.asynchronous = w.readonly or mode == "readonly", w.asynchronous or mode == "async"
            else:
                w.mode = mode
                w.times, w.after, w.retry_after = body.get("times", 1 << 30), body.get("after", 0), body.get("retry_after", 1)
                if mode == "ok":
                    w.readonly = w.asynchronous = False
        return {"records": w.records, "log": w.log}

    def go_wrong(self, api):
        """True when the answer is spoilt and sent."""
        w = self.server.world
        if w.mode == "ok" or w.times <= 0:
            return False
        if w.after > 0:
            w.after -= 1
            return False
        w.times -= 1
        mode = w.mode
        if mode in ("401", "403", "429", "500", "503"):
            headers = {"Retry-After": str(w.retry_after)} if mode in ("429", "503") and w.retry_after else {}
            self.send(int(mode), api.refuse(Refusal(int(mode), f"as asked: {mode}")), headers)
        elif mode == "html":
            self.send(200, b"<!DOCTYPE html><title>Just a moment</title>", type_="text/html")
        elif mode == "half":
            self.send(200, b'{"result": [{"id": "1", "name": "exa')
        elif mode == "nothing":
            self.send(200, b"")
        elif mode == "text":
            self.send(200, b"OK")
        elif mode == "array":
            self.send(200, [[], {}, None])
        elif mode == "deep":
            self.send(200, b"[" * 100000 + b"]" * 100000)
        elif mode == "huge":
            self.send(200, b'{"a": "' + b"x" * (5 << 20) + b'"}')
        elif mode == "redirect":
            self.send(302, b"", {"Location": "http://127.0.0.1:9/steal"})
        elif mode == "liar":  # promises another page for ever
            self.send(200, {"result": [{"id": "%032x" % 1, "name": "x.example.com", "type": "A", "content": "192.0.2.1", "ttl": 60}],
                            "result_info": {"page": 1, "total_pages": 1 << 40}, "rrsets": [{"name": "x", "type": "A", "ttl": 60, "records": [{"value": "192.0.2.1"}]}],
                            "meta": {"pagination": {"next_page": 2}}, "domain_records": [{"id": 1, "type": "A", "name": "x", "data": "192.0.2.1", "ttl": 60}],
                            "links": {"pages": {"next": "x"}}, "zone": {"id": 4711, "name": w.zones[0]}, "domain": {"name": w.zones[0]}})
        elif mode == "close":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif mode == "slow":
            time.sleep(5)
            return False
        return True

    def body(self):
        n = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(n) if n else b""

    def serve(self):
        w, raw = self.server.world, self.body()
        api = KINDS[w.kind](w)
        path, _, query = self.path.partition("?")
        if path == "/_fake":
            with w.lock:
                answer = self.steer(json.loads(raw) if raw else None)
            log, w.log = w.log, []
            self.send(200, answer)
            w.log = log
            return
        if self.go_wrong(api):
            return
        with w.lock:
            for p in w.pending:
                p[0] -= 1
                if p[0] <= 0:
                    w.records = p[1]
            w.pending = [p for p in w.pending if p[0] > 0]
            try:
                need(self.headers.get("Authorization") == f"{api.auth} {w.token}", 401, "Invalid token.", None if w.kind != "cloudflare" else 10000)
                need(not w.readonly or self.command == "GET", 403, "This token may only read.")
                need(not raw or self.headers.get("Content-Type") == JSON, 415, "Content-Type must be application/json")
                need(raw or self.command in ("GET", "DELETE"), 400, "a body is needed")
                pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
                status, content = api.call(self.command, path, dict(pairs), json.loads(raw) if raw else None)
            except Refusal as e:
                e.status = 400 if e.status == 422 and w.kind in ("cloudflare", "desec") else e.status
                status, content = e.status, api.refuse(e)
            except (ValueError, KeyError, TypeError) as e:
                status, content = 400, api.refuse(Refusal(400, f"not understood: {e!r}"))
        self.send(status, content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kind", choices=sorted(KINDS), required=True)
    p.add_argument("--token", required=True)
    p.add_argument("--zone", action="append", required=True)
    p.add_argument("--address", default="127.0.0.1")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--forever", action="store_true", help="do not wait for the end of standard input")
    a = p.parse_args()
    server = Server((a.address, a.port), Handler)
    server.world = World(a.kind, a.token, a.zone)
    print(f"port {server.server_address[1]}", flush=True)
    if a.forever:
        server.serve_forever()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
