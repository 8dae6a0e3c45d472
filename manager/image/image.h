/* Images on disk, below /var/lib/steadbox/images (ids of slot 0, see app/app.h; directory 0700: layers hold programs with
 * setuid bits, and are mounted nosuid only; root clones those mounts, so that apps need no way to them):
 *   layers/<hex>/        one unpacked layer, named by the SHA-256 of its compressed blob, or, where it
 *                        has hard links into those below, of all their names and its own; whiteouts are
 *                        char 0:0, opaque directories have the xattr user.overlay.opaque=y. It is
 *                        complete when it is there: renamed into place when all is on the disk, and
 *                        renamed away before it is removed
 *   layers/.<..>         one that is being made or removed, or was when its job was killed: the next clean-up takes it
 *   manifests/<hex>.json what the pull found out (below), by the manifest's digest
 *   incoming/<hex>       what has come of a layer so far: a later pull goes on behind it; cleaned after a day. Locked by who fetches it;
 *                        who has waited long enough fetches it once more, into a file without a name
 *   sizes/<hex>          what a layer took unpacked
 *   lock                 shared by pulls, exclusive while cleaning
 * All of it belongs to steadbox-images (id 0 of slot 0), whom both jobs run as; nobody else enters it.
 *
 * Job image-pull. Request: {"images": [{"reference": "host/name@sha256:.." or "host/name:tag", "users":
 * ["www-data", "1000:1000"]}]} (users: further users to look up in that image's /etc/passwd and
 * /etc/group). Question: {"what": "credentials", "registry": "host"} -> data null or {"username",
 * "password", "token_host"}; only of hosts in the request. Or {"login": {"host", "image": null or a
 * reference there, "tag" (the manager's own)}}: nothing is fetched, it is found out whether the login is
 * taken; result {"accepted": true, "asked": whether it was wanted at all}. With "look": true nothing is
 * fetched either; each of the result's images has "reference", "pinned" and "digest" alone.
 * Result: {"images": [{
 *   "reference": as asked, "pinned": "host/name@sha256:..", "digest": "sha256:..",
 *   "layers": ["<hex>", ...lowest first], "size": bytes unpacked, "fetched": bytes moved this time,
 *   "config": {"entrypoint": [], "command": [], "env": ["K=V"], "cwd": "/", "user": "" as the image says, "stop_signal": 15,
 *              "ports": ["80/tcp"], "volumes": ["/data"], "labels": {}},
 *   "users": {"": {"uid", "gid", "groups": []}, "www-data": {...}}   // "" is the image's own user
 * }]}
 * Progress: stages manifest, pull, unpack, keep; percent by bytes; the message says which image and how much of how much.
 *
 * An image that is pinned and here with all its layers needs no registry. "pinned" names what the tag led
 * to, which may be an index, so that it also leads to the right image on another machine.
 *
 * Job image-clean. Request: {"keep": ["<hex of manifests>"], "grace": seconds}: removes manifests that
 * are neither named nor were pulled within grace (absent: an hour; a pull that is not yet in anybody's
 * books), layers no manifest names, incoming/ older than a day. Result: {"removed": n, "freed": bytes}. */
#pragma once
#include "job/job.h"

extern const JobClass image_pull_job; /* image-clean's is the apps' (app/clean.c): who knows what is needed plans it */
