/* An app as root knows it: what the helper writes to /var/lib/steadbox/apps/<id>/record.json (root's,
 * 0640 root:steadbox), renders units from, and steadbox-run renders bundles from at every start, also
 * with the manager broken. Every field is checked by the helper whatever the manager did before: ids are
 * [a-z0-9]{1,32}, container names [a-z0-9][a-z0-9-]{0,31}, layers 64 hex digits, paths absolute without
 * "..", "//" or control bytes, texts without newline but where said. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include <systemd/sd-bus.h>

#define APPS_DIRECTORY "/var/lib/steadbox/apps"
#define APP_RUN_DIRECTORY "/run/steadbox-apps"          /* <app>/netns, <app>/<container>.pid; root's */
#define APP_STOPPED_PREFIX APP_RUN_DIRECTORY "/.stopped." /* <app>: was stopped since the boot, and not started after it; the helper's */
#define APP_CRUN_ROOT APP_RUN_DIRECTORY "/.crun"        /* crun --root of every container; its id is <app>-<container> */
#define APP_RECORD_FILE "record.json"
#define APP_RECORD_BYTES (16 * 1024 * 1024)             /* of the file */

#define APP_CONTAINERS_MAX 16
#define APP_LAYERS_MAX 127 /* of one image */
#define APP_ARGS_MAX 256
#define APP_ENV_MAX 512
#define APP_MOUNTS_MAX 32
#define APP_TEXT_BYTES 32768 /* one argument or variable */
#define APP_TASKS_MAX 64
#define APP_PORTS_MAX 64
#define APP_WORDS_MAX 64        /* scratch, powers, groups, public paths */
#define APP_NOTE_BYTES (1024 * 1024)

typedef struct AppMount {
        const char* data; /* [a-z0-9-]{1,32}: directory data/<data> of the app */
        const char* path; /* in the container */
        bool read_only;
} AppMount;

typedef struct AppHealth {
        const char* const* command; /* NULL-ended; run inside the container; empty = none */
        uint32_t interval_sec, timeout_sec, retries, start_sec;
} AppHealth;

typedef struct AppContainerRecord {
        const char* name;
        const char* const* layers;   /* lowest first; digests of layer directories, see image/image.h */
        const char* const* args;     /* what is executed; final */
        const char* const* env;      /* KEY=value; may hold newlines and secrets */
        uint32_t uid, gid;           /* inside */
        const uint32_t* groups;
        size_t groups_n;
        const char* cwd;
        bool read_only, init, one_shot;
        const char* const* after;    /* containers that must be up (healthy where they have health; done where one_shot) before */
        const char* const* scratch;  /* tmpfs paths */
        const AppMount* mounts;
        size_t mounts_n;
        /* capabilities beyond the usual set, of a closed list: NET_RAW, NET_BIND_SERVICE, SYS_NICE,
         * IPC_LOCK, SYS_PTRACE */
        const char* const* powers;
        uint32_t stop_signal;        /* number */
        uint32_t stop_sec;
        uint64_t memory_max;         /* bytes, 0 = only the app's */
        uint64_t shm_bytes;
        AppHealth health;
} AppContainerRecord;

typedef struct AppTaskRecord {
        const char* id;
        const char* container;
        const char* calendar;        /* systemd.time(7) */
        const char* const* command;
        bool active;
} AppTaskRecord;

typedef struct AppPortRecord {
        const char* protocol;        /* tcp, udp */
        uint16_t host_port, port;
} AppPortRecord;

typedef struct AppRecord {
        const char* id;
        uint32_t slot;
        const char* title;           /* for unit descriptions */
        const char* network_out;     /* none, any; no-mail: any but mail servers, in the file any and "mail": false */
        bool host_network;           /* the machine's own; decided when the app is first applied, see helper/verb-app.c */
        const char* gate;            /* open: traffic is admitted; closed: visitors see the maintenance page, probes pass */
        const char* access;          /* public: nginx asks nobody; gated: nginx asks the manager for each request */
        uint16_t http_port;          /* 0 = nothing to open */
        uint32_t max_upload_mb;
        const char* const* public_paths; /* prefixes that are never gated */
        const char* user_header;     /* the request header in which a gated app wants the person's user name beside ours; empty = none */
        uint64_t memory_max;         /* bytes */
        uint32_t cpu_weight, tasks_max;
        bool enabled;                /* starts at boot */
        const AppContainerRecord* containers;
        size_t containers_n;
        const AppTaskRecord* tasks;
        size_t tasks_n;
        const AppPortRecord* ports;  /* raw ports that are open */
        size_t ports_n;
        const char* note;            /* the manager's own JSON, kept as it is: what makes the store's row again */
} AppRecord;

/* What has the form of a record and can be trusted to render units and bundles from; the error names the field. Pure. */
int app_record_check(const AppRecord* a, Error* reterr);
bool app_word_valid(const char* s); /* [a-z0-9][a-z0-9-]{0,31}: names of containers, data, tasks */
bool app_path_valid(const char* s); /* absolute, no "..", ".", "//", end slash or control byte, at most 1024 bytes */

/* All that these give is one allocation behind *ret, checked, and wiped when freed. */
int app_record_from_json(const json_t* j, AppRecord** ret, Error* reterr);
int app_record_from_message(sd_bus_message* m, AppRecord** ret, Error* reterr);
/* record.json of the app below directory_fd (APPS_DIRECTORY): 1 read, 0 there is none. */
int app_record_load(int directory_fd, const char* id, AppRecord** ret, Error* reterr);
AppRecord* app_record_free(AppRecord* a); /* only what the three above gave */
DEFINE_CLEANUP(AppRecord*, app_record_free);

json_t* app_record_to_json(const AppRecord* a); /* NULL: out of memory, or bytes that are no UTF-8 */
int app_record_append(sd_bus_message* m, const AppRecord* a);
const AppContainerRecord* app_record_container(const AppRecord* a, const char* name); /* NULL: there is none */
