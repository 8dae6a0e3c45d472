/* Images on disk, below /var/lib/steadbox/images (ids of slot 0, see app/app.h; directory 0711, so that apps reach layers):
 *   layers/<hex>/        one unpacked layer, named by the SHA-256 of its compressed blob; whiteouts are char 0:0, opaque directories have the
 *                        xattr user.overlay.opaque=y. It is complete when it is there (renamed into place).
 *   manifests/<hex>.json what the pull found out (below), by the manifest's digest
 *   jobs/<job id>/       what a running pull has fetched so far; kept over a retry of the same images, cleaned after a day
 *
 * Job image-pull. Request: {"images": [{"reference": "host/name@sha256:.." or "host/name:tag", "users": ["www-data", "1000:1000"]}]}
 * (users: further users to look up in that image's /etc/passwd and /etc/group). Question: {"what": "credentials", "registry": "host"} -> data
 * null or {"username", "password"}. Result: {"images": [{
 *   "reference": as asked, "pinned": "host/name@sha256:..", "digest": "sha256:..", "layers": ["<hex>", ...lowest first], "size": bytes unpacked,
 *   "fetched": bytes moved this time,
 *   "config": {"entrypoint": [], "command": [], "env": ["K=V"], "cwd": "/", "user": "" as the image says, "stop_signal": 15,
 *              "ports": ["80/tcp"], "volumes": ["/data"], "labels": {}},
 *   "users": {"": {"uid", "gid", "groups": []}, "www-data": {...}}   // "" is the image's own user
 * }]}
 * Progress: stages manifest, pull, unpack, keep; percent by bytes; the message says which image and how much of how much.
 *
 * Job image-clean. Request: {"keep": ["<hex of manifests>"]}: removes manifests not named, layers no manifest names, jobs/ older than a day.
 * Result: {"removed": n, "freed": bytes}. */
#pragma once
