/* Package manifests. One form for all: packages of the catalogue, bare images and Compose files become the same JSON object, "normalised": every
 * key below is present, addons are written out as containers, data and secrets. docs/packaging.md describes it for authors.
 *
 * {"format": 1, "id": "radicale", "version": "3.5.1-1", "upgradable_from": null or "3.0.0-1" (the oldest version whose data it can take over),
 *  "downgrade_data_safe": bool (older versions of the same upgradable_from bear its data),
 *  "title": {"en": "..", ..}, "summary": {..}, "description": {.. Markdown}, "licence": "SPDX", "homepage": null|"https://..",
 *  "categories": [], "end_of_life": null|"2027-06-30",
 *  "containers": [{"name", "image": "host/name@sha256:..", "args": null|[] (null = the image's entrypoint and command), "command": null|[] (replaces
 *      the command only), "env": {"K": "text with {{..}}"}, "user": null|"1000:1000"|"name", "working_directory": null|"/..", "read_only": bool,
 *      "scratch": ["/tmp"], "mounts": [{"data": "files", "path": "/data", "read_only": bool}], "after": ["db"], "one_shot": bool, "init": bool,
 *      "shm_mb": 64, "stop_signal": null|"SIGQUIT", "stop_seconds": 10, "memory_mb": null|n, "powers": [{"power": "NET_RAW", "reason": ".."}],
 *      "health": null|{"command": [], "interval": 10, "timeout": 5, "retries": 3, "start": 30}}],
 *  "data": [{"name": "files", "class": "precious|rebuildable|cache|media", "consistency": "plain|sqlite|dump",
 *      "dump": null|{"container", "command": [] writes to stdout}, "restore": null|{"container", "command": [] reads stdin}, "file": "db.sql"}],
 *  "addons": [{"kind": "postgresql|mariadb|redis", "name": "db", "image": ".."}]   (as the author wrote them; already written out above)
 *  "http": null|{"container", "port": 80, "max_upload_mb": 64, "public_paths": ["/.well-known/caldav"], "user_header": null|"Remote-User"},
 *  "ports": [{"name": "git", "protocol": "tcp", "container", "port": 22, "host_port": 2222, "purpose": {"en": ".."}}],
 *  "secrets": [{"key": "admin_password", "format": "hex|base64|letters|password", "bytes": 24, "show": bool (people may see it)}],
 *  "settings": [{"key", "type": "string|text|integer|boolean|enum|email|password|url", "label": {}, "help": {}, "required", "initial": null|"",
 *      "choices": []}],
 *  "sign_in": "none|own|proxy|oidc|ldap", "access": "public|everyone" (what is suggested), "mail": {"send": bool},
 *  "schedule": [{"id", "container", "calendar", "command": []}],
 *  "resources": {"memory_mb": 64 (what it needs), "memory_max_mb": 256, "cpu_weight": 100, "tasks": 512, "disk_mb", "download_mb"},
 *  "network_out": "none|any", "host_network": null|{"reason": ".."},
 *  "health": {"path": "/", "expect": [200, 302], "start_seconds": 60, "soak_seconds": 600},
 *  "hooks": {"before_update": null|{"container", "command": []}, "after_update": .., "after_clone": ..},
 *  "clone": {"mail": "mute|keep", "schedule": "mute|keep", "keep_secrets": ["key", ..]}}
 *
 * Texts in env, args, command and hooks may hold {{secret.KEY}}, {{setting.KEY}}, {{app.id}}, {{app.name}} (host name), {{app.url}},
 * {{app.title}}, {{app.language}}, {{app.timezone}}, {{mail.host}}, {{mail.port}}, {{mail.user}}, {{mail.password}}, {{mail.from}}.
 *
 * A package is two files, <id>-<version>.json (a manifest with "icon": data: URL) and <id>-<version>.json.minisig; a catalogue is index.json
 * {"format": 1, "serial": n, "made_at", "expires_at", "name", "offers": [{"package", "version", "file", "sha256"}, ..newest first per package]} and
 * index.json.minisig, beside them. Signatures: minisign's format, prehashed (Ed25519 over BLAKE2b-512). */
#pragma once
