#include "run/record.h"
#include "app-slots.h"
#include "base/validate.h"

#define MEMORY_MIN (UINT64_C(4) * 1024 * 1024)
#define MEMORY_LIMIT (UINT64_C(1) << 50)
#define PATH_BYTES 1024
#define SECONDS_LIMIT 86400u

static const char* const power_names[] = { "NET_RAW", "NET_BIND_SERVICE", "SYS_NICE", "IPC_LOCK", "SYS_PTRACE", NULL };

static bool listed(const char* const* list, const char* s) {
        for (; list && *list; list++)
                if (streq(*list, s))
                        return true;
        return false;
}

bool app_word_valid(const char* s) {
        size_t n = s ? strnlen(s, 33) : 0;
        return n >= 1 && n <= 32 && s[0] != '-' && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

bool app_path_valid(const char* s) {
        size_t n = s ? strnlen(s, PATH_BYTES + 1) : 0;
        if (n < 1 || n > PATH_BYTES || s[0] != '/' || !utf8_valid(s, n) || !text_valid(s, /* newlines= */ false))
                return false;
        if (n == 1)
                return true;
        for (const char* p = s; *p;) {
                size_t part = strcspn(++p, "/");
                if (part == 0 || (part == 1 && *p == '.') || (part == 2 && p[0] == '.' && p[1] == '.'))
                        return false;
                p += part;
        }
        return true;
}

/* What the kernel's file systems are mounted on, and what we make in every container. */
static bool path_reserved(const char* s) {
        static const char* const roots[] = { "/proc", "/sys", "/dev" };
        for (size_t i = 0; i < ELEMENTS(roots); i++) {
                const char* rest = startswith(s, roots[i]);
                if (rest && (*rest == 0 || *rest == '/'))
                        return true;
        }
        return streq(s, "/");
}

static int bad(Error* reterr, const char* field, const char* why) {
        return error_field(reterr, ERROR_BAD_FIELD, field, "The app's record is refused: %s %s.", field, why);
}

static int text_check(const char* field, const char* s, size_t max, Error* reterr) {
        if (!s || strnlen(s, max + 1) > max)
                return bad(reterr, field, "is longer than may be");
        return utf8_valid(s, strlen(s)) ? 0 : bad(reterr, field, "is not UTF-8");
}

static int texts_check(const char* field, const char* const* list, size_t max, Error* reterr) {
        size_t n = 0;
        for (; list && list[n]; n++) {
                int r = n < max ? text_check(field, list[n], APP_TEXT_BYTES, reterr) : bad(reterr, field, "has too many entries");
                if (r < 0)
                        return r;
        }
        return 0;
}

static size_t count(const char* const* list) {
        size_t n = 0;
        while (list && list[n])
                n++;
        return n;
}

static int command_check(const char* field, const char* const* list, Error* reterr) {
        if (count(list) == 0 || isempty(list[0]))
                return bad(reterr, field, "is empty");
        return texts_check(field, list, APP_ARGS_MAX, reterr);
}

static bool variable_valid(const char* s) {
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
        return n > 0 && s[n] == '=' && !(s[0] >= '0' && s[0] <= '9') && s[0] != '-' && s[0] != '.';
}

static int env_check(const char* const* env, Error* reterr) {
        int r = texts_check("env", env, APP_ENV_MAX, reterr);
        for (; r >= 0 && env && *env; env++)
                if (!variable_valid(*env))
                        r = bad(reterr, "env", "must be NAME=value");
        return r;
}

static int layers_check(const char* const* layers, Error* reterr) {
        size_t n = count(layers);
        if (n < 1 || n > APP_LAYERS_MAX)
                return bad(reterr, "layers", "must be 1 to 127");
        for (; *layers; layers++)
                if (strnlen(*layers, 65) != 64 || strspn(*layers, "0123456789abcdef") != 64)
                        return bad(reterr, "layers", "must be digests of 64 hexadecimal digits");
        return 0;
}

static int ids_check(const AppContainerRecord* c, Error* reterr) {
        if (c->uid >= APP_UIDS || c->gid >= APP_UIDS)
                return bad(reterr, "uid", "and gid must be below 65536");
        if (c->groups_n > APP_WORDS_MAX)
                return bad(reterr, "groups", "has too many entries");
        for (size_t i = 0; i < c->groups_n; i++)
                if (c->groups[i] >= APP_UIDS)
                        return bad(reterr, "groups", "must be below 65536");
        return 0;
}

static int paths_check(const AppContainerRecord* c, Error* reterr) {
        if (!app_path_valid(c->cwd))
                return bad(reterr, "cwd", "must be an absolute path");
        if (c->mounts_n > APP_MOUNTS_MAX || count(c->scratch) > APP_WORDS_MAX)
                return bad(reterr, "mounts", "has too many entries");
        for (const char* const* s = c->scratch; s && *s; s++)
                if (!app_path_valid(*s) || path_reserved(*s))
                        return bad(reterr, "scratch", "must be absolute paths outside /proc, /sys and /dev");
        for (size_t i = 0; i < c->mounts_n; i++) {
                if (!app_word_valid(c->mounts[i].data))
                        return bad(reterr, "data", "must be 1 to 32 of a-z, 0-9 and dashes");
                if (!app_path_valid(c->mounts[i].path) || path_reserved(c->mounts[i].path) || listed(c->scratch, c->mounts[i].path))
                        return bad(reterr, "path", "must be an absolute path outside /proc, /sys and /dev, and no scratch");
                for (size_t k = 0; k < i; k++)
                        if (streq(c->mounts[k].path, c->mounts[i].path))
                                return bad(reterr, "path", "has two mounts");
        }
        return 0;
}

static int health_check(const AppHealth* h, Error* reterr) {
        if (count(h->command) == 0)
                return 0;
        if (h->interval_sec < 1 || h->timeout_sec < 1 || h->retries < 1 || h->interval_sec > SECONDS_LIMIT || h->timeout_sec > 3600 ||
            h->retries > 1000 || h->start_sec > 3600)
                return bad(reterr, "health", "has times out of range");
        return command_check("health", h->command, reterr);
}

static int limits_check(const AppContainerRecord* c, Error* reterr) {
        if (c->stop_signal < 1 || c->stop_signal > 64)
                return bad(reterr, "stop_signal", "must be 1 to 64");
        if (c->stop_sec < 1 || c->stop_sec > 3600)
                return bad(reterr, "stop_sec", "must be 1 to 3600");
        if (c->memory_max != 0 && (c->memory_max < MEMORY_MIN || c->memory_max > MEMORY_LIMIT))
                return bad(reterr, "memory_max", "is out of range");
        if (c->shm_bytes > MEMORY_LIMIT)
                return bad(reterr, "shm_bytes", "is out of range");
        for (const char* const* p = c->powers; p && *p; p++)
                if (!listed(power_names, *p))
                        return bad(reterr, "powers", "may only name NET_RAW, NET_BIND_SERVICE, SYS_NICE, IPC_LOCK, SYS_PTRACE");
        return 0;
}

static int container_check(const AppContainerRecord* c, Error* reterr) {
        /* "task-x" would be the name of a task's unit */
        if (!app_word_valid(c->name) || streq(c->name, "task") || startswith(c->name, "task-"))
                return bad(reterr, "name", "must be 1 to 32 of a-z, 0-9 and dashes, and not begin with task-");
        int r = layers_check(c->layers, reterr);
        if (r >= 0)
                r = command_check("args", c->args, reterr);
        if (r >= 0)
                r = env_check(c->env, reterr);
        if (r >= 0)
                r = ids_check(c, reterr);
        if (r >= 0)
                r = paths_check(c, reterr);
        if (r >= 0)
                r = limits_check(c, reterr);
        if (r >= 0)
                r = health_check(&c->health, reterr);
        return r;
}

const AppContainerRecord* app_record_container(const AppRecord* a, const char* name) {
        for (size_t i = 0; i < a->containers_n; i++)
                if (streq(a->containers[i].name, name))
                        return &a->containers[i];
        return NULL;
}

/* Takes away containers that wait for nobody left until none is; what stays is a circle. */
static int order_check(const AppRecord* a, Error* reterr) {
        bool up[APP_CONTAINERS_MAX] = {};
        for (size_t round = 0; round < a->containers_n; round++)
                for (size_t i = 0; i < a->containers_n; i++) {
                        bool ready = true;
                        for (const char* const* n = a->containers[i].after; n && *n; n++) {
                                const AppContainerRecord* other = app_record_container(a, *n);
                                if (!other)
                                        return bad(reterr, "after", "names a container that there is not");
                                ready = ready && up[other - a->containers];
                        }
                        up[i] = up[i] || ready;
                }
        for (size_t i = 0; i < a->containers_n; i++)
                if (!up[i])
                        return bad(reterr, "after", "goes in a circle");
        return 0;
}

static int containers_check(const AppRecord* a, Error* reterr) {
        if (a->containers_n < 1 || a->containers_n > APP_CONTAINERS_MAX)
                return bad(reterr, "containers", "must be 1 to 16");
        for (size_t i = 0; i < a->containers_n; i++) {
                int r = container_check(&a->containers[i], reterr);
                if (r < 0)
                        return r;
                if (app_record_container(a, a->containers[i].name) != &a->containers[i])
                        return bad(reterr, "name", "stands twice");
        }
        return order_check(a, reterr);
}

/* systemd.time(7): what a calendar expression is made of. */
static bool calendar_valid(const char* s) {
        size_t n = s ? strnlen(s, 129) : 0;
        return n >= 1 && n <= 128 && s[0] != ' ' && s[n - 1] != ' ' &&
               strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 *:,./~_+-") == n;
}

static int tasks_check(const AppRecord* a, Error* reterr) {
        if (a->tasks_n > APP_TASKS_MAX)
                return bad(reterr, "tasks", "has too many entries");
        for (size_t i = 0; i < a->tasks_n; i++) {
                const AppTaskRecord* t = &a->tasks[i];
                const AppContainerRecord* c = app_word_valid(t->container) ? app_record_container(a, t->container) : NULL;
                if (!app_word_valid(t->id))
                        return bad(reterr, "id", "of a task must be 1 to 32 of a-z, 0-9 and dashes");
                if (!c || c->one_shot)
                        return bad(reterr, "container", "of a task must be one that stays up");
                if (!calendar_valid(t->calendar))
                        return bad(reterr, "calendar", "is no calendar expression");
                for (size_t k = 0; k < i; k++)
                        if (streq(a->tasks[k].id, t->id))
                                return bad(reterr, "id", "of a task stands twice");
                int r = command_check("command", t->command, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int ports_check(const AppRecord* a, Error* reterr) {
        if (a->ports_n > APP_PORTS_MAX)
                return bad(reterr, "ports", "has too many entries");
        for (size_t i = 0; i < a->ports_n; i++) {
                const AppPortRecord* p = &a->ports[i];
                if (!streq_ptr(p->protocol, "tcp") && !streq_ptr(p->protocol, "udp"))
                        return bad(reterr, "protocol", "must be tcp or udp");
                if (p->host_port == 0 || p->port == 0)
                        return bad(reterr, "port", "must be 1 to 65535");
                for (size_t k = 0; k < i; k++)
                        if (a->ports[k].host_port == p->host_port && streq(a->ports[k].protocol, p->protocol))
                                return bad(reterr, "host_port", "stands twice");
        }
        return 0;
}

/* They stand in nginx's configuration. */
static bool public_path_valid(const char* s) {
        return app_path_valid(s) && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._~-")] == 0;
}

/* None that means something to HTTP, to nginx or to us: Remote-User, X-WEBAUTH-USER ... As packages may say (package/manifest.h). */
static bool user_header_valid(const char* s) {
        static const char* const ours[] = { "X-Forwarded", "X-Steadbox", "X-Real", "X-Accel" };
        size_t n = strnlen(s, 65);
        for (size_t i = 0; i < ELEMENTS(ours); i++)
                if (strncasecmp(s, ours[i], strlen(ours[i])) == 0)
                        return false;
        return n <= 64 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n &&
               (strncasecmp(s, "Remote-", 7) == 0 || strncasecmp(s, "X-", 2) == 0);
}

static int web_check(const AppRecord* a, Error* reterr) {
        if (!streq_ptr(a->gate, "open") && !streq_ptr(a->gate, "closed"))
                return bad(reterr, "gate", "must be open or closed");
        if (!streq_ptr(a->access, "public") && !streq_ptr(a->access, "gated"))
                return bad(reterr, "access", "must be public or gated");
        if (a->max_upload_mb > 1024 * 1024)
                return bad(reterr, "max_upload_mb", "is out of range");
        if (*strempty(a->user_header) && !user_header_valid(a->user_header))
                return bad(reterr, "user_header", "must name a header that is for users, such as Remote-User");
        if (count(a->public_paths) > APP_WORDS_MAX)
                return bad(reterr, "public_paths", "has too many entries");
        for (const char* const* p = a->public_paths; p && *p; p++) {
                /* "/x/" is a prefix as good as "/x" */
                char copy[PATH_BYTES + 1];
                size_t n = strnlen(*p, PATH_BYTES);
                memcpy(copy, *p, n);
                copy[n > 1 && copy[n - 1] == '/' ? n - 1 : n] = 0;
                if ((*p)[n] || !public_path_valid(copy))
                        return bad(reterr, "public_paths", "must be plain absolute paths");
        }
        return 0;
}

/* The machine's own network cannot be kept from an app that is in it, and the ports below 1024 there are the machine's own services, which nginx
 * must not lead visitors to. */
static int host_network_check(const AppRecord* a, Error* reterr) {
        if (!a->host_network)
                return 0;
        if (!streq(a->network_out, "any"))
                return bad(reterr, "network_out", "must be any with the machine's own network");
        if (a->http_port != 0 && a->http_port < 1024)
                return bad(reterr, "http_port", "must be 1024 or more with the machine's own network");
        for (size_t i = 0; i < a->ports_n; i++)
                if (a->ports[i].host_port < 1024 || a->ports[i].host_port != a->ports[i].port)
                        return bad(reterr, "ports", "must be 1024 or more, and the same inside, with the machine's own network");
        return 0;
}

static int resources_check(const AppRecord* a, Error* reterr) {
        if (a->memory_max < MEMORY_MIN || a->memory_max > MEMORY_LIMIT)
                return bad(reterr, "memory_max", "is out of range");
        if (a->cpu_weight < 1 || a->cpu_weight > 10000)
                return bad(reterr, "cpu_weight", "must be 1 to 10000");
        if (a->tasks_max < 16 || a->tasks_max > 100000)
                return bad(reterr, "tasks_max", "must be 16 to 100000");
        return 0;
}

int app_record_check(const AppRecord* a, Error* reterr) {
        if (!a->id || !id_valid(a->id))
                return bad(reterr, "id", "must be 1 to 32 of a-z and 0-9");
        if (a->slot < 1 || a->slot > APP_SLOT_MAX)
                return bad(reterr, "slot", "must be 1 to 4095");
        int r = text_check("title", a->title, 200, reterr);
        if (r >= 0 && !text_valid(a->title, /* newlines= */ false))
                r = bad(reterr, "title", "holds a control character");
        if (r >= 0 && !streq_ptr(a->network_out, "none") && !streq_ptr(a->network_out, "any") && !streq_ptr(a->network_out, "no-mail"))
                r = bad(reterr, "network_out", "must be none, any or no-mail");
        if (r >= 0)
                r = web_check(a, reterr);
        if (r >= 0)
                r = resources_check(a, reterr);
        if (r >= 0)
                r = containers_check(a, reterr);
        if (r >= 0)
                r = tasks_check(a, reterr);
        if (r >= 0)
                r = ports_check(a, reterr);
        if (r >= 0)
                r = host_network_check(a, reterr);
        if (r >= 0)
                r = text_check("note", a->note, APP_NOTE_BYTES, reterr);
        return r;
}
