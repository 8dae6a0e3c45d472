/* An app as root knows it: what the helper writes to /var/lib/steadbox/apps/<id>/record.json (root's, 0640 root:steadbox), renders units from,
 * and steadbox-run renders bundles from at every start, also with the manager broken. Every field is checked by the helper whatever the
 * manager did before: ids are [a-z0-9]{1,32}, container names [a-z0-9][a-z0-9-]{0,31}, layers 64 hex digits, paths absolute without "..",
 * "//" or control bytes, texts without newline but where said. */
#pragma once
#include "base/error.h"
#include "base/json.h"

#define APP_CONTAINERS_MAX 16
#define APP_LAYERS_MAX 127 /* of one image */
#define APP_ARGS_MAX 256
#define APP_ENV_MAX 512
#define APP_MOUNTS_MAX 32
#define APP_TEXT_BYTES 32768 /* one argument or variable */

typedef struct AppMount {
        const char* data; /* [a-z0-9-]{1,32}: directory data/<data> of the app */
        const char* path; /* in the container */
        bool read_only;
} AppMount;

typedef struct AppHealth {
        const char* const* command; /* NULL-ended; run inside the container; empty = none */
        unsigned interval_sec, timeout_sec, retries, start_sec;
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
        const char* const* powers;   /* capabilities beyond the usual set, of a closed list: NET_RAW, NET_BIND_SERVICE, SYS_NICE, IPC_LOCK, SYS_PTRACE */
        int stop_signal;             /* number */
        unsigned stop_sec;
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
        const char* network_out;     /* none, any */
        bool host_network;
        const char* gate;            /* open: traffic is admitted; closed: visitors see the maintenance page, probes pass */
        const char* access;          /* public: nginx asks nobody; gated: nginx asks the manager for each request */
        uint16_t http_port;          /* 0 = nothing to open */
        uint32_t max_upload_mb;
        const char* const* public_paths; /* prefixes that are never gated */
        uint64_t memory_high, memory_max; /* bytes */
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
