/* Package manifests. One form for all: packages of the catalogue, bare images and Compose files become
 * the same JSON object, "normalised": every key below is present, addons are written out as containers,
 * data and secrets. docs/packaging.md describes it for authors.
 *
 * {"format": 1, "id": "radicale", "version": "3.5.1-1",
 *  "upgradable_from": null or "3.0.0-1" (the oldest version whose data it can take over),
 *  "downgrade_data_safe": bool (older versions of the same upgradable_from bear its data),
 *  "title": {"en": "..", ..}, "summary": {..}, "description": {.. Markdown},
 *  "notes": {.. Markdown: what is new}, "licence": "SPDX", "homepage": null|"https://..",
 *  "categories": [], "end_of_life": null|"2027-06-30",
 *  "containers": [{"name", "image": "host/name@sha256:..",
 *      "args": null|[] (null = the image's entrypoint and command), "command": null|[] (replaces the
 *      command only), "env": {"K": "text with {{..}}"}, "user": null|"1000:1000"|"name",
 *      "working_directory": null|"/..", "read_only": bool, "scratch": ["/tmp"],
 *      "mounts": [{"data": "files", "path": "/data", "read_only": bool}], "after": ["db"],
 *      "one_shot": bool, "init": bool, "shm_mb": 64, "stop_signal": null|"SIGQUIT", "stop_seconds": 10,
 *      "memory_mb": null|n, "powers": [{"power": "NET_RAW", "reason": ".."}],
 *      "health": null|{"command": [], "interval": 10, "timeout": 5, "retries": 3, "start": 30}}],
 *  "data": [{"name": "files", "class": "precious|rebuildable|cache|media",
 *      "consistency": "plain|sqlite|dump", "dump": null|{"container", "command": [] writes to stdout},
 *      "restore": null|{"container", "command": [] reads stdin}, "file": "db.sql"}],
 *  "addons": [{"kind": "postgresql|mariadb|redis", "name": "db", "image": "..", "class": "precious",
 *      "expanded": true}]   (written out above: container, data and, but for redis, secret
 *      "<name>_password"; database and user are called "app"; every other container waits for it; its
 *      name is its host name)
 *  "http": null|{"container", "port": 80, "max_upload_mb": 64, "public_paths": ["/.well-known/caldav"],
 *      "user_header": null|"Remote-User"},
 *  "ports": [{"name": "git", "protocol": "tcp", "container", "port": 22, "host_port": 2222,
 *      "purpose": {"en": ".."}}],
 *  "secrets": [{"key": "admin_password", "format": "hex|base64|letters|password", "bytes": 24,
 *      "show": bool (people may see it)}],
 *  "settings": [{"key", "type": "string|text|integer|boolean|enum|email|password|url", "label": {},
 *      "help": {}, "required", "initial": null|"", "choices": []}],
 *  "sign_in": "none|own|proxy|oidc|ldap", "access": "public|everyone" (what is suggested),
 *  "mail": {"send": bool},
 *  "schedule": [{"id", "container", "calendar", "command": []}],
 *  "resources": {"memory_mb": 64 (what it needs), "memory_max_mb": 256, "cpu_weight": 100, "tasks": 512,
 *      "disk_mb", "disk_max_mb", "download_mb"},
 *  "network_out": "none|any", "host_network": null|{"reason": ".."},
 *  "health": {"path": "/", "expect": [200, 302], "start_seconds": 60, "soak_seconds": 600},
 *  "hooks": {"before_update": null|{"container", "command": []}, "after_update": .., "after_clone": ..},
 *  "clone": {"mail": "mute|keep", "schedule": "mute|keep", "keep_secrets": ["key", ..]}}
 *
 * Texts in env, args, command and hooks may hold {{secret.KEY}}, {{setting.KEY}}, {{app.id}}, {{app.name}} (host name), {{app.url}},
 * {{app.title}}, {{app.language}}, {{app.timezone}}, {{mail.host}}, {{mail.port}}, {{mail.user}}, {{mail.password}}, {{mail.from}}, and
 * {{open}}, which stands for two opening braces.
 *
 * A package is two files, <id>-<version>.json (a manifest with "icon": data: URL) and
 * <id>-<version>.json.minisig; a catalogue is index.json {"format": 1, "serial": n, "made_at",
 * "expires_at", "name", "offers": [{"package", "version", "file", "sha256"}, ..newest first per package]}
 * and index.json.minisig, beside them. Signatures: minisign's format, prehashed (Ed25519 over
 * BLAKE2b-512). */
#pragma once
#include "base/json.h"

#define MANIFEST_BYTES_MAX (256u * 1024)      /* normalised, as text */
#define MANIFEST_ICON_BYTES_MAX (32u * 1024)  /* the data: URL */
#define MANIFEST_VERSION_BYTES 65

typedef enum ManifestOrigin {
        MANIFEST_PACKAGE, /* of a catalogue: every image is pinned by its digest */
        MANIFEST_LOCAL,   /* a bare image or a Compose file: tags are pinned when they are pulled */
} ManifestOrigin;

/* Checks an author's manifest and writes every key out. Whatever a stranger wrote, what comes back fits the limits of run/record.h. Errors
 * name the field ("containers[0].image") and say what it should be. Checking a normalised manifest again gives the same. *ret is owned. */
int manifest_check(const json_t* json, ManifestOrigin origin, json_t** ret, Error* reterr);
/* The same for the text of a package; *ret_icon is its checked data: URL, or NULL where it has none. Both are owned. */
int manifest_parse(const char* text, size_t size, json_t** ret, char** ret_icon, Error* reterr);

/* What a person says about a bare image. Missing: what only the image knows (see image/image.h), which is asked after the pull. */
typedef struct ManifestImage {
        const char* id;           /* of the app */
        const char* title;        /* NULL = the id */
        const char* reference;    /* as typed: short names are written out */
        unsigned port;            /* 0 = none is known yet, "http" is null */
        const json_t* data;       /* array of directories that are kept, or NULL */
        const json_t* environment;/* array of KEY=value, or NULL */
} ManifestImage;
int manifest_for_image(const ManifestImage* image, json_t** ret, Error* reterr);
/* Completes it by what the pull found out ("config" of image/image.h): the port where none was given and the image exposes exactly one
 * that can be it, and its volumes as data. */
int manifest_image_found(json_t* manifest, const json_t* config, Error* reterr);

/* "nginx" -> "docker.io/library/nginx:latest"; host/name:tag, host/name@sha256:.. and both together stay. -EINVAL for what is no image. */
int image_reference_normalise(const char* text, char** ret);
bool image_reference_pinned(const char* reference);

/* A text of many languages: exactly this one, its language without region, English. Borrowed, "" where there is none. */
const char* manifest_text(const json_t* manifest, const char* key, const char* language);
const char* text_of_languages(const json_t* texts, const char* language);

bool manifest_version_valid(const char* s); /* a digit, then [0-9A-Za-z.+~-], at most 64 bytes */
/* As Debian compares (deb-version(7), without epoch): <0, 0, >0. */
int manifest_version_compare(const char* a, const char* b);
/* Whether the data of an app at version `from` can be taken over by this manifest: newer, and not older than its upgradable_from. The error
 * is WRONG_STATE with what to do instead. */
int manifest_may_follow(const json_t* manifest, const char* from, Error* reterr);
/* Whether the older manifest bears data that the newer one has written. */
bool manifest_may_return(const json_t* newer, const json_t* older);

/* Replaces {{names}} once (values are not looked at again). lookup gives a borrowed value, NULL where
 * there is none: then the error names it. */
typedef const char* (*ManifestLookup)(const char* name, void* userdata);
int manifest_fill(const char* text, ManifestLookup lookup, void* userdata, char** ret, Error* reterr);
/* Text that is meant as it is, for a place with placeholders; owned, NULL on out of memory. */
char* manifest_escape(const char* text);
