#!/usr/bin/env python3
"""tests/lib/fake_acme.py: an authority that is difficult, over HTTPS. It checks no signatures and signs nothing.

    fake_acme.py --listen ADDRESS:PORT --certificate FILE --key FILE MODE

Modes: html        the directory is a web page            trouble     every answer is 503
       busy        the directory is 429, Retry-After 7200 limited     a new order is 429 rateLimited, Retry-After 7200
       yesterday   its clock is a day behind              refused     a new order is 403 rejectedIdentifier
       half        half a directory                       silent      takes the connection and says nothing
"""
import argparse
import base64
import email.utils
import http.server
import json
import ssl
import time


class Authority(http.server.BaseHTTPRequestHandler):
    mode = base = None
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(time.time() - (86400 if self.mode == "yesterday" else 0), usegmt=True)

    def say(self, status, body, kind="application/json", **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for k, v in {"Content-Type": kind, "Content-Length": str(len(body)), "Replay-Nonce": f"n{time.monotonic_ns()}", **headers}.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def problem(self, status, kind, detail, **headers):
        self.say(status, {"type": "urn:ietf:params:acme:error:" + kind, "detail": detail, "status": status}, "application/problem+json", **headers)

    def directory(self):
        words = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order", "revokeCert": "revoke", "keyChange": "key"}
        text = json.dumps({k: f"{self.base}/{v}" for k, v in words.items()}).encode()
        if self.mode == "html":
            self.say(200, b"<html><body>Welcome to your new server</body></html>", "text/html")
        elif self.mode == "busy":
            self.say(429, {}, Retry_After="7200")
        elif self.mode == "half":
            self.say(200, text[: len(text) // 2])
        else:
            self.say(200, text)

    def do_GET(self):
        if self.mode == "silent":
            time.sleep(3600)
        elif self.mode == "trouble":
            self.say(503, b"down for a moment", "text/plain")
        elif self.path == "/dir":
            self.directory()
        else:
            self.say(204 if self.command == "GET" else 200, b"")

    do_HEAD = do_GET

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        payload = request.get("payload", "")
        known = b"onlyReturnExisting" in base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        if self.path == "/account":
            self.say(200 if known else 201, {"status": "valid"}, Location=f"{self.base}/account/1")
        elif self.path == "/order" and self.mode == "limited":
            self.problem(429, "rateLimited", "too many certificates already issued", Retry_After="7200")
        elif self.path == "/order":
            self.problem(403, "rejectedIdentifier", "we do not sign for this name")
        else:
            self.problem(404, "malformed", "nothing here")

    def log_message(self, *arguments):
        pass


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--listen", required=True)
    p.add_argument("--certificate", required=True)
    p.add_argument("--key", required=True)
    p.add_argument("mode")
    a = p.parse_args()
    address, port = a.listen.rsplit(":", 1)
    Authority.mode, Authority.base = a.mode, f"https://acme.provider.test:{port}"
    server = http.server.ThreadingHTTPServer((address, int(port)), Authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(a.certificate, a.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


main()
