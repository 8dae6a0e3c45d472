/* One service of a Compose file as a container. A table says what becomes of each key; what is neither kept nor refused is said to be
 * ignored, with the reason. */
#include "package/compose-internal.h"
#include "base/validate.h"
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

typedef void (*Reader)(Service* s, const YamlNode* node, const char* path);
typedef struct Key {
        const char* key;
        Reader read;          /* NULL = the verdict alone */
        Verdict verdict;
        const char* sentence;
} Key;

static void set(Service* s, const char* key, json_t* value) {
        if (json_object_set_new(s->json, key, value) < 0)
                s->c->failed = true;
}

#define SAY(node, verdict, ...) compose_say(s->c, (node)->line, path, verdict, __VA_ARGS__)
#define TEXT_OF(node) _cleanup_free_ char* text = compose_text(s->c, node, path, false); if (!text) return

/* --- simple values --- */

static void read_image(Service* s, const YamlNode* node, const char* path) {
        _cleanup_free_ char* whole = NULL;
        TEXT_OF(node);
        if (image_reference_normalise(text, &whole) < 0) {
                SAY(node, REFUSED, "\"%.80s\" is no image.", text);
                return;
        }
        set(s, "image", json_string(whole));
        SAY(node, HONOURED, "%s%s", whole, image_reference_pinned(whole) ? "" : "; what is behind the tag now is kept until it is updated");
}

static void read_user(Service* s, const YamlNode* node, const char* path) {
        TEXT_OF(node);
        set(s, "user", json_string(text));
        SAY(node, HONOURED, "Runs as %s.", text);
}

static void read_directory(Service* s, const YamlNode* node, const char* path) {
        TEXT_OF(node);
        set(s, "working_directory", json_string(text));
        SAY(node, HONOURED, "Starts in %s.", text);
}

static bool read_boolean(Service* s, const YamlNode* node, const char* path, bool* ret) {
        _cleanup_free_ char* text = compose_text(s->c, node, path, false);
        if (text && compose_boolean(text, ret))
                return true;
        if (text)
                SAY(node, REFUSED, "\"%.40s\" is neither true nor false.", text);
        return false;
}

static void read_read_only(Service* s, const YamlNode* node, const char* path) {
        bool value;
        if (!read_boolean(s, node, path, &value))
                return;
        set(s, "read_only", json_boolean(value));
        SAY(node, HONOURED, value ? "Its root is read-only." : "Its root can be written to.");
}

static void read_init(Service* s, const YamlNode* node, const char* path) {
        bool value;
        if (!read_boolean(s, node, path, &value))
                return;
        set(s, "init", json_boolean(value));
        SAY(node, HONOURED, value ? "A small init reaps its children." : "No init of its own.");
}

static void read_grace(Service* s, const YamlNode* node, const char* path) {
        int64_t seconds;
        TEXT_OF(node);
        if (compose_seconds(text, &seconds) < 0) {
                SAY(node, REFUSED, "\"%.40s\" is no duration, as 30s or 1m30s.", text);
                return;
        }
        seconds = MIN(MAX(seconds, (int64_t) 1), (int64_t) 600);
        set(s, "stop_seconds", json_integer(seconds));
        SAY(node, HONOURED, "It may take %lld s to stop.", (long long) seconds);
}

static void read_signal(Service* s, const YamlNode* node, const char* path) {
        char name[32];
        TEXT_OF(node);
        (void) snprintf(name, sizeof(name), "%s%.20s", startswith(text, "SIG") ? "" : "SIG", text);
        if (!rule_choice("SIGTERM|SIGINT|SIGQUIT|SIGHUP|SIGUSR1|SIGUSR2|SIGWINCH|SIGKILL|SIGRTMIN+3", name)) {
                SAY(node, REFUSED, "%.20s is no signal that asks to stop.", text);
                return;
        }
        set(s, "stop_signal", json_string(name));
        SAY(node, HONOURED, "%s asks it to stop.", name);
}

static void read_memory(Service* s, const YamlNode* node, const char* path) {
        int64_t mib;
        TEXT_OF(node);
        if (compose_megabytes(text, &mib) < 0) {
                SAY(node, REFUSED, "\"%.40s\" is no size, as 512m or 1g.", text);
                return;
        }
        set(s, "memory_mb", json_integer(MAX(mib, (int64_t) 4)));
        SAY(node, HONOURED, "At most %lld MiB.", (long long) MAX(mib, (int64_t) 4));
}

static void read_shm(Service* s, const YamlNode* node, const char* path) {
        int64_t mib;
        TEXT_OF(node);
        if (compose_megabytes(text, &mib) < 0 || mib > 4096) {
                SAY(node, REFUSED, "\"%.40s\" is no size up to 4g.", text);
                return;
        }
        set(s, "shm_mb", json_integer(MAX(mib, (int64_t) 1)));
        SAY(node, HONOURED, "/dev/shm has %lld MiB.", (long long) MAX(mib, (int64_t) 1));
}

static void read_deploy(Service* s, const YamlNode* node, const char* path) {
        const YamlNode* memory = yaml_node_get(yaml_node_get(yaml_node_get(node, "resources"), "limits"), "memory");
        const YamlNode* replicas = yaml_node_get(node, "replicas");
        if (node->kind != YAML_MAP && !yaml_node_is_null(node))
                SAY(node, REFUSED, "A map is expected.");
        if (memory)
                read_memory(s, memory, path);
        if (replicas) {
                TEXT_OF(replicas);
                if (!streq(text, "1"))
                        SAY(replicas, REFUSED, "A service runs once here; take replicas out.");
        }
        for (size_t i = 0; node->kind == YAML_MAP && i < node->n; i++)
                if (!streq(node->keys[i], "resources") && !streq(node->keys[i], "replicas"))
                        compose_say(s->c, node->key_lines[i], path, IGNORED, "%.40s is for clusters.", node->keys[i]);
}

static void read_platform(Service* s, const YamlNode* node, const char* path) {
        TEXT_OF(node);
        if (startswith(text, "linux/"))
                SAY(node, HONOURED, "The machine's own architecture is fetched; another is refused then.");
        else
                SAY(node, REFUSED, "%.40s does not run here.", text);
}

/* --- commands --- */

/* A text is split as a shell splits; a list stays. *ret NULL where nothing stands there. */
static bool read_words(Service* s, const YamlNode* node, const char* path, json_t** ret) {
        *ret = NULL;
        if (yaml_node_is_null(node))
                return true;
        if (node->kind == YAML_TEXT) {
                _cleanup_free_ char* text = compose_text(s->c, node, path, true);
                *ret = text ? compose_words(text) : NULL;
                if (text && !*ret)
                        SAY(node, REFUSED, "A quote is open.");
                return *ret != NULL;
        }
        json_t* list = json_array();
        for (size_t i = 0; i < node->n; i++) {
                _cleanup_free_ char* text = node->kind == YAML_LIST ? compose_text(s->c, node->items[i], path, true) : NULL;
                if (!text || json_array_append_new(list, json_string(text)) < 0) {
                        if (node->kind != YAML_LIST)
                                SAY(node, REFUSED, "A text or a list is expected.");
                        json_decref(list);
                        return false;
                }
        }
        *ret = list;
        return true;
}

static void read_command(Service* s, const YamlNode* node, const char* path) {
        json_decref(s->command);
        s->command = NULL;
        if (read_words(s, node, path, &s->command) && s->command)
                SAY(node, HONOURED, "Runs with %zu words.", json_array_size(s->command));
}

static void read_entrypoint(Service* s, const YamlNode* node, const char* path) {
        json_decref(s->entrypoint);
        s->entrypoint = NULL;
        if (!read_words(s, node, path, &s->entrypoint) || yaml_node_is_null(node))
                return;
        s->entrypoint_given = true;
        SAY(node, HONOURED, "Instead of the image's entrypoint.");
}

/* An entrypoint of one's own also takes the image's command away (Compose specification, entrypoint). */
static void finish_command(Service* s) {
        if (s->entrypoint_given) {
                json_t* args = json_array();
                if (s->entrypoint)
                        (void) json_array_extend(args, s->entrypoint);
                if (s->command)
                        (void) json_array_extend(args, s->command);
                if (json_array_size(args) > 0)
                        set(s, "args", args);
                else
                        json_decref(args);
        } else if (json_array_size(s->command) > 0)
                set(s, "command", json_incref(s->command));
}

/* --- environment --- */

static void set_variable(Service* s, const char* key, const char* value) {
        if (json_object_set_new(json_object_get(s->json, "env"), key, json_string(value)) < 0)
                s->c->failed = true;
}

static void read_variable(Service* s, unsigned line, const char* path, const char* key, const YamlNode* value) {
        if (!value || yaml_node_is_null(value)) { /* "KEY:" and "- KEY" take the value of whoever starts it */
                const YamlNode taken = { .kind = YAML_TEXT, .line = line, .text = (char*) key };
                char whole[160];
                if (strlen(key) > 128 || key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")]) {
                        compose_say(s->c, line, path, REFUSED, "%.40s is no name of a variable.", key);
                        return;
                }
                YamlNode reference = taken;
                (void) snprintf(whole, sizeof(whole), "${%s}", key);
                reference.text = whole;
                _cleanup_free_ char* text = compose_text(s->c, &reference, path, true);
                if (text && *text)
                        set_variable(s, key, text);
                return;
        }
        _cleanup_free_ char* text = compose_text(s->c, value, path, true);
        if (text)
                set_variable(s, key, text);
}

static void read_environment(Service* s, const YamlNode* node, const char* path) {
        if (node->kind == YAML_MAP)
                for (size_t i = 0; i < node->n; i++)
                        read_variable(s, node->key_lines[i], path, node->keys[i], node->items[i]);
        for (size_t i = 0; node->kind == YAML_LIST && i < node->n; i++) {
                const YamlNode* item = node->items[i];
                const char* equals = item->kind == YAML_TEXT ? strchr(item->text, '=') : NULL;
                _cleanup_free_ char* key = item->kind == YAML_TEXT ? strndup(item->text, strcspn(item->text, "=")) : NULL;
                const YamlNode value = { .kind = YAML_TEXT, .line = item->line, .text = equals ? (char*) equals + 1 : NULL };
                if (!key || !*key)
                        compose_say(s->c, item->line, path, REFUSED, "KEY=value is expected.");
                else
                        read_variable(s, item->line, path, key, equals ? &value : NULL);
        }
        if (node->kind == YAML_TEXT)
                SAY(node, yaml_node_is_null(node) ? HONOURED : REFUSED, "A map or a list is expected.");
        else if (node->n == 1)
                SAY(node, HONOURED, "One variable.");
        else
                SAY(node, HONOURED, "%zu variables.", node->n);
}

static void read_env_file(Service* s, const YamlNode* node, const char* path) {
        const char* key;
        json_t* value;
        if (json_object_size(s->c->variables) == 0) {
                SAY(node, REFUSED, "The file is not here; give its lines among the variables, all services that name a file get them.");
                return;
        }
        json_object_foreach(s->c->variables, key, value) {
                const YamlNode none = { .kind = YAML_TEXT, .line = node->line, .plain = true, .text = (char*) "" };
                if (!json_object_get(json_object_get(s->json, "env"), key)) /* environment goes before */
                        read_variable(s, node->line, path, key, &none);
        }
        SAY(node, HONOURED, "The variables that were given stand for the file.");
}

/* --- order and health --- */

static const char* container_of(ComposeReader* c, const char* service) {
        return json_get_string(c->names, service);
}

static void add_after(Service* s, unsigned line, const char* path, const char* service, const char* condition) {
        const char* container = container_of(s->c, service);
        if (!container) {
                compose_say(s->c, line, path, REFUSED, "There is no service %.60s.", service);
                return;
        }
        if (!rule_choice("service_started|service_healthy|service_completed_successfully", condition)) {
                compose_say(s->c, line, path, REFUSED, "%.60s is no condition.", condition);
                return;
        }
        if (json_array_append_new(json_object_get(s->json, "after"), json_string(container)) < 0)
                s->c->failed = true;
}

static void read_depends(Service* s, const YamlNode* node, const char* path) {
        for (size_t i = 0; node->kind == YAML_LIST && i < node->n; i++) {
                TEXT_OF(node->items[i]);
                add_after(s, node->items[i]->line, path, text, "service_started");
        }
        for (size_t i = 0; node->kind == YAML_MAP && i < node->n; i++) {
                const YamlNode* condition = yaml_node_get(node->items[i], "condition");
                add_after(s, node->key_lines[i], path, node->keys[i], condition && condition->kind == YAML_TEXT ? condition->text : "service_started");
        }
        if (node->kind == YAML_TEXT)
                SAY(node, REFUSED, "A list or a map of services is expected.");
        else
                SAY(node, HONOURED, "Starts after %zu other%s; where that one has a health check, when it is healthy.", node->n, node->n == 1 ? "" : "s");
}

static bool health_number(Service* s, const YamlNode* map, const char* path, const char* from, const char* key, int64_t low, int64_t high,
        bool duration, json_t* health) {
        const YamlNode* node = yaml_node_get(map, from);
        int64_t n = 0;
        if (!node)
                return true;
        _cleanup_free_ char* text = compose_text(s->c, node, path, false);
        if (!text)
                return false;
        if (duration ? compose_seconds(text, &n) < 0 : (!*text || text[strspn(text, "0123456789")] || strlen(text) > 9)) {
                SAY(node, REFUSED, "%s: \"%.40s\" is not understood.", from, text);
                return false;
        }
        if (!duration)
                n = atoll(text);
        return json_object_set_new(health, key, json_integer(MIN(MAX(n, low), high))) == 0;
}

/* test: "cmd" | [CMD, ..] | [CMD-SHELL, cmd] | [NONE]. 1 = there is one, 0 = none is wanted. */
static int health_command(Service* s, const YamlNode* test, const char* path, json_t** ret) {
        if (test->kind == YAML_TEXT) {
                _cleanup_free_ char* text = compose_text(s->c, test, path, true);
                *ret = text ? json_pack("[s, s, s]", "/bin/sh", "-c", text) : NULL;
                return *ret ? 1 : -EINVAL;
        }
        _cleanup_json_ json_t* words = NULL;
        if (!read_words(s, test, path, &words) || json_array_size(words) == 0)
                return -EINVAL;
        const char* first = json_string_value(json_array_get(words, 0));
        if (streq(first, "NONE"))
                return 0;
        if (streq(first, "CMD-SHELL") && json_array_size(words) == 2)
                *ret = json_pack("[s, s, O]", "/bin/sh", "-c", json_array_get(words, 1));
        else if (streq(first, "CMD") && json_array_size(words) > 1 && json_array_remove(words, 0) == 0)
                *ret = json_incref(words);
        else {
                SAY(test, REFUSED, "A test begins with CMD, CMD-SHELL or NONE.");
                return -EINVAL;
        }
        return *ret ? 1 : -ENOMEM;
}

static void read_health(Service* s, const YamlNode* node, const char* path) {
        const YamlNode *test = yaml_node_get(node, "test"), *disable = yaml_node_get(node, "disable");
        json_t* command = NULL;
        bool off = false;
        if (node->kind != YAML_MAP && !yaml_node_is_null(node)) {
                SAY(node, REFUSED, "A map with a test is expected.");
                return;
        }
        if (disable && !read_boolean(s, disable, path, &off))
                return;
        if (off) {
                SAY(node, HONOURED, "There is no health check.");
                return;
        }
        if (!test) {
                SAY(node, IGNORED, "A health check needs a test; the image's own is not used.");
                return;
        }
        int r = health_command(s, test, path, &command);
        if (r == 0)
                SAY(test, HONOURED, "There is no health check.");
        if (r <= 0)
                return;
        json_t* health = json_pack("{s:o, s:i, s:i}", "command", command, "interval", 30, "timeout", 30);
        if (health_number(s, node, path, "interval", "interval", 1, 3600, true, health)
                && health_number(s, node, path, "timeout", "timeout", 1, 600, true, health)
                && health_number(s, node, path, "retries", "retries", 1, 100, false, health)
                && health_number(s, node, path, "start_period", "start", 0, 3600, true, health)) {
                set(s, "health", health);
                SAY(node, HONOURED, "It is asked whether it works.");
        } else
                json_decref(health);
}

static void read_restart(Service* s, const YamlNode* node, const char* path) {
        TEXT_OF(node);
        if (streq(text, "no"))
                SAY(node, IGNORED, "What fails is started again here.");
        else
                SAY(node, HONOURED, "What fails is started again.");
}

static void read_tmpfs(Service* s, const YamlNode* node, const char* path) {
        const YamlNode one = *node, *only = &one;
        size_t n = node->kind == YAML_LIST ? node->n : 1;
        for (size_t i = 0; i < n; i++) {
                const YamlNode* item = node->kind == YAML_LIST ? node->items[i] : only;
                TEXT_OF(item);
                text[strcspn(text, ":")] = 0; /* options behind a colon */
                if (json_array_append_new(json_object_get(s->json, "scratch"), json_string(text)) < 0)
                        s->c->failed = true;
        }
        SAY(node, HONOURED, "In memory, empty at each start.");
}

/* --- power --- */

static void read_privileged(Service* s, const YamlNode* node, const char* path) {
        bool value;
        if (read_boolean(s, node, path, &value) && value)
                SAY(node, REFUSED, "A privileged container is root of the machine; there are none here.");
}

static void read_cap_add(Service* s, const YamlNode* node, const char* path) {
        for (size_t i = 0; node->kind == YAML_LIST && i < node->n; i++) {
                TEXT_OF(node->items[i]);
                const char* cap = strncasecmp(text, "CAP_", 4) == 0 ? text + 4 : text;
                if (rule_choice("CHOWN|DAC_OVERRIDE|FOWNER|FSETID|KILL|SETGID|SETUID|SETPCAP|NET_BIND_SERVICE|SYS_CHROOT|SETFCAP", cap))
                        SAY(node->items[i], HONOURED, "Every container has %s.", cap);
                else if (rule_choice("NET_RAW|SYS_NICE|IPC_LOCK|SYS_PTRACE", cap)) {
                        (void) json_array_append_new(json_object_get(s->json, "powers"),
                                json_pack("{s:s, s:s}", "power", cap, "reason", "The Compose file asks for it."));
                        SAY(node->items[i], ASKS, "It gets %s.", cap);
                } else
                        SAY(node->items[i], REFUSED, "%.40s is more power than an app may have.", cap);
        }
        if (node->kind != YAML_LIST)
                SAY(node, REFUSED, "A list is expected.");
}

static void read_security(Service* s, const YamlNode* node, const char* path) {
        for (size_t i = 0; node->kind == YAML_LIST && i < node->n; i++) {
                TEXT_OF(node->items[i]);
                if (strstr(text, "unconfined") || strstr(text, "no-new-privileges:false") || strstr(text, "no-new-privileges=false"))
                        SAY(node->items[i], REFUSED, "%.60s would take its walls down.", text);
                else
                        SAY(node->items[i], startswith(text, "no-new-privileges") ? HONOURED : IGNORED, "The box has its own walls for every app.");
        }
        if (node->kind != YAML_LIST && !yaml_node_is_null(node))
                SAY(node, REFUSED, "A list is expected.");
}

static void read_network_mode(Service* s, const YamlNode* node, const char* path) {
        TEXT_OF(node);
        if (streq(text, "host")) {
                s->c->needs_host_network = true;
                if (s->c->options->host_network)
                        SAY(node, HONOURED, "It gets the machine's own network, as was said yes to.");
                else
                        SAY(node, ASKS, "It wants the machine's own network; an administrator must say yes to that.");
        } else if (streq(text, "none"))
                SAY(node, IGNORED, "All services of an app share one network.");
        else
                SAY(node, HONOURED, "All services of an app share one network.");
}

static void read_namespace(Service* s, const YamlNode* node, const char* path) {
        TEXT_OF(node);
        if (streq(text, "host"))
                SAY(node, REFUSED, "An app may not look at the machine's own processes or memory.");
        else
                SAY(node, IGNORED, "Every container has its own.");
}

static void read_build(Service* s, const YamlNode* node, const char* path) {
        if (yaml_node_get(s->node, "image"))
                SAY(node, IGNORED, "Nothing is built here; the image is fetched.");
        else
                SAY(node, REFUSED, "Nothing is built here; build the image elsewhere, push it to a registry and name it by image.");
}

static void read_links(Service* s, const YamlNode* node, const char* path) {
        for (size_t i = 0; node->kind == YAML_LIST && i < node->n; i++) {
                TEXT_OF(node->items[i]);
                char* alias = strchr(text, ':');
                if (alias && !streq(alias + 1, strndupa(text, (size_t) (alias - text))))
                        SAY(node->items[i], REFUSED, "Another name for a service is not made here; call the service %.40s.", alias + 1);
                else
                        SAY(node->items[i], HONOURED, "Services reach one another by name.");
        }
        if (node->kind != YAML_LIST && !yaml_node_is_null(node))
                SAY(node, REFUSED, "A list is expected.");
}

static void read_ports(Service* s, const YamlNode* node, const char* path) {
        compose_ports(s, node, path, true);
}
static void read_expose(Service* s, const YamlNode* node, const char* path) {
        compose_ports(s, node, path, false);
}

static void read_hostname(Service* s, const YamlNode* node, const char* path) {
        TEXT_OF(node);
        if (streq(text, s->container) || streq(text, s->name))
                SAY(node, HONOURED, "The others reach it as %s.", s->container);
        else
                SAY(node, IGNORED, "The others reach it as %s only.", s->container);
}

#define NO_ITEMS "It is not kept."
static const Key keys[] = {
        { "image", read_image },
        { "depends_on", read_depends },
        { "command", read_command },
        { "entrypoint", read_entrypoint },
        { "environment", read_environment },
        { "env_file", read_env_file },
        { "volumes", compose_volumes },
        { "ports", read_ports },
        { "expose", read_expose },
        { "healthcheck", read_health },
        { "user", read_user },
        { "working_dir", read_directory },
        { "read_only", read_read_only },
        { "init", read_init },
        { "tmpfs", read_tmpfs },
        { "shm_size", read_shm },
        { "stop_grace_period", read_grace },
        { "stop_signal", read_signal },
        { "mem_limit", read_memory },
        { "deploy", read_deploy },
        { "restart", read_restart },
        { "platform", read_platform },
        { "hostname", read_hostname },
        { "container_name", read_hostname },
        { "privileged", read_privileged },
        { "cap_add", read_cap_add },
        { "security_opt", read_security },
        { "network_mode", read_network_mode },
        { "pid", read_namespace },
        { "ipc", read_namespace },
        { "userns_mode", read_namespace },
        { "cgroup", read_namespace },
        { "uts", read_namespace },
        { "build", read_build },
        { "links", read_links },
        { "cap_drop", NULL, IGNORED, "Containers have few powers here anyway." },
        { "labels", NULL, IGNORED, "Labels are for other tools." },
        { "annotations", NULL, IGNORED, "Annotations are for other tools." },
        { "logging", NULL, IGNORED, "Logs are in the box's journal." },
        { "networks", NULL, IGNORED, "All services of an app share one network, which no other app reaches." },
        { "domainname", NULL, IGNORED, "The app's name is chosen when it is installed." },
        { "dns", NULL, IGNORED, "The box resolves names for apps." },
        { "dns_search", NULL, IGNORED, "The box resolves names for apps." },
        { "dns_opt", NULL, IGNORED, "The box resolves names for apps." },
        { "extra_hosts", NULL, IGNORED, "No other names are made; an app does not reach the machine itself." },
        { "mac_address", NULL, IGNORED, NO_ITEMS },
        { "pull_policy", NULL, IGNORED, "Images are fetched when they are not here." },
        { "tty", NULL, IGNORED, "Nobody sits at a terminal; app.exec makes one." },
        { "stdin_open", NULL, IGNORED, "Nobody sits at a terminal; app.exec makes one." },
        { "attach", NULL, IGNORED, "Logs are in the box's journal." },
        { "ulimits", NULL, IGNORED, "The box sets limits for all apps." },
        { "sysctls", NULL, IGNORED, "The kernel's settings are the box's." },
        { "cpus", NULL, IGNORED, "Processor shares are set for the whole app." },
        { "cpu_shares", NULL, IGNORED, "Processor shares are set for the whole app." },
        { "cpu_quota", NULL, IGNORED, "Processor shares are set for the whole app." },
        { "cpuset", NULL, IGNORED, "Processor shares are set for the whole app." },
        { "pids_limit", NULL, IGNORED, "The box limits the processes of an app." },
        { "mem_reservation", NULL, IGNORED, "Room is looked for when it is installed." },
        { "memswap_limit", NULL, IGNORED, "Swap is the box's." },
        { "mem_swappiness", NULL, IGNORED, "Swap is the box's." },
        { "oom_score_adj", NULL, IGNORED, "The box decides who goes first when memory runs out." },
        { "oom_kill_disable", NULL, IGNORED, "The box decides who goes first when memory runs out." },
        { "develop", NULL, IGNORED, "It is for people who write the app." },
        { "profiles", NULL, IGNORED, "It is left out unless its profile is empty." },
        { "group_add", NULL, IGNORED, "Its image says which groups it is in." },
        { "storage_opt", NULL, IGNORED, NO_ITEMS },
        { "isolation", NULL, IGNORED, NO_ITEMS },
        { "devices", NULL, REFUSED, "An app has no devices of the machine." },
        { "device_cgroup_rules", NULL, REFUSED, "An app has no devices of the machine." },
        { "gpus", NULL, REFUSED, "An app has no devices of the machine." },
        { "cgroup_parent", NULL, REFUSED, "Where an app's processes live is the box's matter." },
        { "runtime", NULL, REFUSED, "There is one way in which containers run here." },
        { "extends", NULL, REFUSED, "Other files are not here; write the service out." },
        { "volumes_from", NULL, REFUSED, "Name the volumes in both services instead." },
        { "external_links", NULL, REFUSED, "An app does not reach other apps' containers." },
        { "secrets", NULL, REFUSED, "Files with secrets are not made; most images take the same as a variable." },
        { "configs", NULL, REFUSED, "Files with configuration are not made; upload them into the app's data." },
        { "scale", NULL, REFUSED, "A service runs once here." },
        { "credential_spec", NULL, REFUSED, "It is for another system." },
};

static const Key* key_find(const char* key) {
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if (streq(keys[i].key, key))
                        return &keys[i];
        return NULL;
}

static void read_key(Service* s, size_t i) {
        const YamlNode* node = s->node->items[i];
        const char* name = s->node->keys[i];
        unsigned line = s->node->key_lines[i];
        RulePath path;
        (void) snprintf(path.text, sizeof(path.text), "services.%.60s.%.60s", s->name, name);
        const Key* key = key_find(name);
        if (startswith(name, "x-"))
                return;
        if (!key)
                compose_say(s->c, line, path.text, IGNORED, "Nothing here knows it.");
        else if (key->read)
                key->read(s, node, path.text);
        else
                compose_say(s->c, line, path.text, key->verdict, "%s", key->sentence);
}

static size_t key_index(const YamlNode* map, const char* key) {
        size_t i = 0;
        while (i < map->n && !streq(map->keys[i], key))
                i++;
        return i;
}

void compose_service(Service* s) {
        /* What was given as environment goes before files, so it is read first, wherever it stands. */
        size_t environment = key_index(s->node, "environment");
        if (environment < s->node->n)
                read_key(s, environment);
        for (size_t i = 0; i < s->node->n; i++)
                if (i != environment)
                        read_key(s, i);
        if (!yaml_node_get(s->node, "image") && !yaml_node_get(s->node, "build"))
                compose_say(s->c, s->node->line, "services", REFUSED, "The service %.60s has no image.", s->name);
        finish_command(s);
        json_decref(s->command);
        json_decref(s->entrypoint);
}
