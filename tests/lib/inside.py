"""tests/lib/inside.py: a stand-in for steadbox-inside, where there is neither root nor a container: for tests of the manager out of a build tree.

    with Inside(os.path.join(runtime_directory, "inside.sock")) as inside:
        inside.asked  # the requests, in order

It speaks the protocol of manager/inside/inside.h, a thread for each connection: files live in memory, and a command
is not run, but its input comes back as its output until there is no more. Nothing of steadbox-inside itself is tested with it: what that
refuses, and what really happens inside an app, is tests/integration/75-inside's.
"""
import base64
import json
import os
import socketserver
import threading
import time

LINE = {"at": 1700000000, "cursor": "s=1;i=1", "container": "app", "level": "info", "text": "It walks."}


class Refusal(Exception):
    """The error of an answer: name, message, field."""


class Talk(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(json.dumps(line).encode() + b"\n")

    def handle(self):
        inside = self.server.inside
        try:
            request = json.loads(self.rfile.readline())
            inside.asked.append(request)
            verb = request["verb"]
            if verb == "watch":
                self.say({"answer": {}})
                self.say({"line": LINE})
                self.rfile.read()  # until the manager lets go
            elif verb == "tar":
                self.say({"answer": {}})
                self.say({"output": base64.b64encode(request["path"].encode()).decode()})
                self.say({"end": {"files": 1, "bytes": len(request["path"]), "skipped": 0}} if 0 < request["slot"] < 4096 else {"error": {"name": "bad-field", "message": "slot"}})
            elif verb == "exec":
                self.say({"answer": {}})
                self.echo()
            else:
                self.say({"answer": getattr(inside, verb)(request)})
        except Refusal as e:
            name, message, field = e.args
            self.say({"error": {"name": name, "message": message, "field": field}})
        except (BrokenPipeError, ConnectionResetError):
            pass  # the manager let go first, as it may

    def echo(self):
        for text in self.rfile:
            line = json.loads(text)
            self.server.inside.asked.append(line)
            if "input" in line:
                self.say({"output": line["input"], "stream": 1})
            if line.get("end"):
                self.say({"end": 0})
                return


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Inside:
    def __init__(self, path):
        self.path, self.asked, self.contents, self.parts = path, [], {}, {}

    def __enter__(self):
        self.server = Server(self.path, Talk)
        self.server.inside = self
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *why):
        self.server.shutdown()
        self.server.server_close()
        os.unlink(self.path)

    def row(self, path, content):
        return {"name": os.path.basename(path), "path": path, "kind": "file", "size": len(content), "changed_at": int(time.time())}

    def content(self, path):
        if path not in self.contents:
            raise Refusal("not-found", f"There is no '{path}' in the app's data.", "path")
        return self.contents[path]

    def files(self, request):
        return {"items": [self.row(path, content) for path, content in sorted(self.contents.items())
                          if os.path.dirname(path) == request.get("path", "")]}

    def read(self, request):
        offset = request.get("offset", 0)
        whole = self.content(request["path"])
        return {"name": os.path.basename(request["path"]), "size": len(whole), "offset": offset, "next": None,
                "base64": base64.b64encode(whole[offset:]).decode()}

    def write(self, request):
        path, offset = request["path"], request.get("offset", 0)
        before = self.parts.pop(path, b"") if offset else b""
        if len(before) != offset:
            raise Refusal("wrong-state", "The parts before are gone; begin with offset 0.", "offset")
        whole = before + base64.b64decode(request["base64"])
        (self.contents if request["last"] else self.parts)[path] = whole
        return self.row(path, whole)

    def make(self, request):
        return {**self.row(request["path"], b""), "kind": "directory"}

    def remove(self, request):
        self.content(request["path"])
        del self.contents[request["path"]]
        return {}

    def logs(self, request):
        found = request.get("container", "app") == LINE["container"] and request.get("q", "") in LINE["text"]
        return {"items": [LINE] if found else [], "next": None}

    def tasks(self, request):
        return {"items": [{"task": t, "state": "idle", "last_at": None, "next_at": 4000000000, "sentence": "It has not run yet."} for t in request["tasks"]]}
