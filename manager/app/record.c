/* What root is told of an app: the manifest, the answers, the secrets and what its images say, become one record; and the note in it, from which
 * the row can be made again. */
#include "app/app-internal.h"
#include "package/manifest.h"
#include "site/site.h"
#include "system/inventory.h"
#include <signal.h>
#include <stdio.h>

#define MEGABYTE ((json_int_t) 1024 * 1024)

/* --- what stands behind {{names}} --- */

static int set(json_t* values, const char* key, const char* value) {
        return json_object_set_new(values, key, json_string(strempty(value)));
}

static int add_prefixed(json_t* values, const char* prefix, const json_t* from, const char* strip) {
        const char* key;
        json_t* v;
        json_object_foreach((json_t*) from, key, v) {
                char name[128];
                const char* rest = *strip ? startswith(key, strip) : strchr(key, ':') ? NULL : key;
                if (!rest)
                        continue;
                (void) snprintf(name, sizeof(name), "%s.%s", prefix, rest);
                if (set(values, name, json_string_value(v)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Questions that nobody answered are their initial value. */
static int add_settings(json_t* values, const AppRow* row, const json_t* manifest) {
        _cleanup_json_ json_t* settings = json_loads(row->settings, JSON_REJECT_DUPLICATES, NULL);
        size_t i;
        json_t* q;
        json_array_foreach(json_object_get(manifest, "settings"), i, q) {
                char name[128];
                (void) snprintf(name, sizeof(name), "setting.%s", strempty(json_get_string(q, "key")));
                if (set(values, name, json_get_string(q, "initial")) < 0)
                        return -ENOMEM;
        }
        return add_prefixed(values, "setting", settings, "");
}

static int values_make(Manager* m, const AppRow* row, const json_t* manifest, json_t** ret, Error* reterr) {
        static const char* const mail[] = { "mail.host", "mail.port", "mail.user", "mail.password", "mail.from" };
        _cleanup_(app_values_freep) json_t *secrets = NULL, *values = json_object();
        _cleanup_free_ char *zone = timezone_read(), *url = NULL;
        int r = app_secrets_open(m, row->id, &secrets, reterr);
        if (r < 0)
                return r;
        if (asprintf(&url, "https://%s", row->name) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot write an app's record");
        r = add_settings(values, row, manifest);
        if (r >= 0)
                r = add_prefixed(values, "secret", secrets, "");
        if (r >= 0)
                r = add_prefixed(values, "setting", secrets, "setting:");
        for (size_t i = 0; i < ELEMENTS(mail) && r >= 0; i++) /* the box has no mail to offer yet */
                r = set(values, mail[i], "");
        if (r >= 0)
                r = set(values, "app.id", row->id) + set(values, "app.name", row->name) + set(values, "app.url", url) +
                    set(values, "app.title", row->title) + set(values, "app.language", site_language(m)) +
                    set(values, "app.timezone", isempty(zone) ? "Etc/UTC" : zone);
        if (r < 0)
                return error_errno(reterr, -ENOMEM, "Cannot write an app's record");
        *ret = TAKE_PTR(values);
        return 0;
}

static const char* look_up(const char* name, void* userdata) {
        return json_string_value(json_object_get(userdata, name));
}

static int fill(json_t* values, const char* text, json_t** ret, Error* reterr) {
        _cleanup_(erase_and_freep) char* filled = NULL;
        int r = manifest_fill(text, look_up, values, &filled, reterr);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot fill in a text of the package");
        *ret = json_string(filled);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot fill in a text of the package");
}

/* Appends all strings of list, filled in, to *to. */
static int fill_all(json_t* values, const json_t* list, json_t* to, Error* reterr) {
        size_t i;
        json_t *item, *filled = NULL;
        json_array_foreach((json_t*) list, i, item) {
                int r = fill(values, strempty(json_string_value(item)), &filled, reterr);
                if (r < 0)
                        return r;
                (void) json_array_append_new(to, filled);
        }
        return 0;
}

/* --- a container --- */

static int args_make(json_t* values, const json_t* c, const json_t* config, json_t* to, Error* reterr) {
        const json_t* args = json_object_get(c, "args");
        const json_t* command = json_object_get(c, "command");
        if (json_is_array(args))
                return fill_all(values, args, to, reterr);
        (void) json_array_extend(to, json_object_get(config, "entrypoint"));
        if (json_is_array(command))
                return fill_all(values, command, to, reterr);
        (void) json_array_extend(to, json_object_get(config, "command"));
        if (json_array_size(to) == 0)
                return error_set(reterr, ERROR_WRONG_STATE, "The image of %s says not what to run, and nobody else does.",
                                 strempty(json_get_string(c, "name")));
        return 0;
}

static void env_put(json_t* env, const char* line) {
        size_t n = strcspn(line, "=");
        _cleanup_free_ char* key = strndup(line, n);
        if (key && line[n])
                (void) json_object_set_new(env, key, json_string(line + n + 1));
}

static bool is_addon(const json_t* manifest, const char* container) {
        size_t i;
        json_t* a;
        json_array_foreach(json_object_get(manifest, "addons"), i, a)
                if (streq_ptr(json_get_string(a, "name"), container))
                        return true;
        return false;
}

/* The image's, the package's, the owner's: later ones win. */
static int env_make(json_t* values, const AppRow* row, const json_t* manifest, const json_t* c, const json_t* config, json_t* to, Error* reterr) {
        _cleanup_(app_values_freep) json_t* env = json_object();
        _cleanup_json_ json_t* own = json_loads(row->environment, JSON_REJECT_DUPLICATES, NULL);
        size_t i;
        const char* key;
        json_t *v, *filled = NULL;
        json_array_foreach(json_object_get(config, "env"), i, v)
                env_put(env, strempty(json_string_value(v)));
        json_object_foreach(json_object_get(c, "env"), key, v) {
                int r = fill(values, strempty(json_string_value(v)), &filled, reterr);
                if (r < 0)
                        return r;
                (void) json_object_set_new(env, key, filled);
        }
        if (!is_addon(manifest, json_get_string(c, "name")))
                (void) json_object_update(env, own);
        json_object_foreach(env, key, v) {
                _cleanup_(erase_and_freep) char* line = NULL;
                if (asprintf(&line, "%s=%s", key, strempty(json_string_value(v))) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot write an app's record");
                (void) json_array_append_new(to, json_string(line));
        }
        return 0;
}

static int signal_of(const json_t* c, const json_t* config) {
        const char* name = json_get_string(c, "stop_signal");
        int64_t said = json_get_integer(config, "stop_signal", SIGTERM);
        if (!name)
                return said >= 1 && said <= 64 ? (int) said : SIGTERM;
        for (int i = 1; i < 32; i++)
                if (streq_ptr(sigabbrev_np(i), startswith(name, "SIG") ? name + 3 : name))
                        return i;
        return SIGTERM;
}

static json_t* texts_or_empty(const json_t* list) {
        return json_is_array(list) ? json_deep_copy(list) : json_array();
}

static json_t* powers_make(const json_t* c) {
        json_t *names = json_array(), *p;
        size_t i;
        json_array_foreach(json_object_get(c, "powers"), i, p)
                (void) json_array_append_new(names, json_string(strempty(json_get_string(p, "power"))));
        return names;
}

static int health_make(json_t* values, const json_t* c, json_t** ret, Error* reterr) {
        const json_t* h = json_object_get(c, "health");
        json_t* command = json_array();
        int r = fill_all(values, json_object_get(h, "command"), command, reterr);
        *ret = json_pack("{s:o, s:I, s:I, s:I, s:I}", "command", command, "interval_sec", (json_int_t) json_get_integer(h, "interval", 10),
                         "timeout_sec", (json_int_t) json_get_integer(h, "timeout", 5), "retries", (json_int_t) json_get_integer(h, "retries", 3),
                         "start_sec", (json_int_t) json_get_integer(h, "start", 30));
        return r;
}

static const char* cwd_of(const json_t* c, const json_t* config) {
        const char *own = json_get_string(c, "working_directory"), *image = json_get_string(config, "cwd");
        return own ?: isempty(image) ? "/" : image;
}

static int container_make(json_t* values, const AppRow* row, const json_t* manifest, const json_t* c, const json_t* images, json_t** ret, Error* reterr) {
        const char *name = strempty(json_get_string(c, "name")), *user = strempty(json_get_string(c, "user"));
        const json_t* image = json_object_get(images, name);
        const json_t* config = json_object_get(image, "config");
        const json_t* ids = json_object_get(json_object_get(image, "users"), user);
        if (!json_is_object(config))
                return error_set(reterr, ERROR_WRONG_STATE, "The image of %s has not been fetched.", name);
        if (!json_is_object(ids))
                return error_set(reterr, ERROR_WRONG_STATE, "The image of %s knows no user \"%s\".", name, user);
        _cleanup_(json_decrefp_) json_t *args = json_array(), *env = json_array(), *health = NULL;
        int r = args_make(values, c, config, args, reterr);
        if (r >= 0)
                r = env_make(values, row, manifest, c, config, env, reterr);
        if (r >= 0)
                r = health_make(values, c, &health, reterr);
        if (r < 0)
                return r;
        *ret = json_pack(
                        "{s:s, s:o, s:O, s:O, s:I, s:I, s:o, s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:i, s:I, s:I, s:I, s:O}", "name", name,
                        "layers", texts_or_empty(json_object_get(image, "layers")), "args", args, "env", env, "uid",
                        (json_int_t) json_get_integer(ids, "uid", 0), "gid", (json_int_t) json_get_integer(ids, "gid", 0), "groups",
                        texts_or_empty(json_object_get(ids, "groups")), "cwd", cwd_of(c, config), "read_only",
                        (int) json_get_boolean(c, "read_only", false), "init", (int) json_get_boolean(c, "init", false), "one_shot",
                        (int) json_get_boolean(c, "one_shot", false), "after", texts_or_empty(json_object_get(c, "after")), "scratch",
                        texts_or_empty(json_object_get(c, "scratch")), "mounts", texts_or_empty(json_object_get(c, "mounts")), "powers",
                        powers_make(c), "stop_signal", signal_of(c, config), "stop_sec", (json_int_t) json_get_integer(c, "stop_seconds", 10),
                        "memory_max", json_get_integer(c, "memory_mb", 0) * MEGABYTE, "shm_bytes", json_get_integer(c, "shm_mb", 64) * MEGABYTE,
                        "health", health);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot write an app's record");
}

/* --- the whole --- */

bool app_muted(const AppRow* row, const char* what) {
        _cleanup_json_ json_t* list = json_loads(row->muted, JSON_REJECT_DUPLICATES, NULL);
        return json_list_has(list, what);
}

bool app_may_mail(const AppRow* row) {
        return row->host_network || !app_muted(row, APP_MUTED_MAIL);
}

static const char* network_out_of(const AppRow* row) {
        if (row->host_network) /* nothing can be kept from there */
                return "any";
        return streq(row->network_out, "any") && !app_may_mail(row) ? "no-mail" : row->network_out;
}

static int task_add(json_t* values, json_t* tasks, const char* id, const json_t* task, const char* calendar, bool active, Error* reterr) {
        json_t* command = json_array();
        int r = fill_all(values, json_object_get(task, "command"), command, reterr);
        (void) json_array_append_new(tasks, json_pack("{s:s, s:s, s:s, s:o, s:b}", "id", id, "container", strempty(json_get_string(task, "container")),
                                                      "calendar", calendar, "command", command, "active", (int) active));
        return r;
}

/* Hooks are tasks that no clock starts. */
static int tasks_make(json_t* values, const AppRow* row, const json_t* manifest, json_t* tasks, Error* reterr) {
        static const struct {
                const char *key, *id;
        } hooks[] = { { "before_update", "hook-before-update" }, { "after_update", "hook-after-update" }, { "after_clone", "hook-after-clone" } };
        size_t i;
        json_t* t;
        int r = 0;
        json_array_foreach(json_object_get(manifest, "schedule"), i, t) {
                const char* id = strempty(json_get_string(t, "id"));
                if (r >= 0)
                        r = task_add(values, tasks, id, t, strempty(json_get_string(t, "calendar")), streq(row->gate, "open") && !app_muted(row, id), reterr);
        }
        for (size_t k = 0; k < ELEMENTS(hooks) && r >= 0; k++) {
                const json_t* hook = json_object_get(json_object_get(manifest, "hooks"), hooks[k].key);
                if (json_is_object(hook))
                        r = task_add(values, tasks, hooks[k].id, hook, "yearly", /* active= */ false, reterr);
        }
        return r;
}

static json_t* ports_make(const AppRow* row, const json_t* manifest) {
        _cleanup_json_ json_t* open = json_loads(row->open_ports, JSON_REJECT_DUPLICATES, NULL);
        json_t *ports = json_array(), *p;
        size_t i;
        if (!streq(row->gate, "open")) /* what is written through them could not be taken back with the rest */
                return ports;
        json_array_foreach(json_object_get(manifest, "ports"), i, p)
                if (json_list_has(open, json_get_string(p, "name")))
                        (void) json_array_append_new(ports, json_pack(
                                "{s:s, s:I, s:I}", "protocol", strempty(json_get_string(p, "protocol")), "host_port",
                                (json_int_t) json_get_integer(p, "host_port", 0), "port", (json_int_t) json_get_integer(p, "port", 0)));
        return ports;
}

static json_int_t limit_of(const AppRow* row, const char* limit, const json_t* manifest, const char* resource, json_int_t otherwise) {
        _cleanup_json_ json_t* limits = json_loads(row->limits, JSON_REJECT_DUPLICATES, NULL);
        json_int_t own = json_get_integer(limits, limit, 0);
        return own > 0 ? own : json_get_integer(json_object_get(manifest, "resources"), resource, otherwise);
}

static int containers_make(json_t* values, const AppRow* row, const json_t* manifest, json_t* list, Error* reterr) {
        _cleanup_json_ json_t* images = json_loads(row->images, JSON_REJECT_DUPLICATES, NULL);
        size_t i;
        json_t* c;
        json_array_foreach(json_object_get(manifest, "containers"), i, c) {
                json_t* made = NULL;
                int r = container_make(values, row, manifest, c, images, &made, reterr);
                if (r < 0)
                        return r;
                (void) json_array_append_new(list, made);
        }
        return 0;
}

static int whole_make(Manager* m, const AppRow* row, const json_t* manifest, json_t* values, const char* note, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *containers = json_array(), *tasks = json_array();
        const json_t* http = json_object_get(manifest, "http");
        json_int_t memory = MAX(limit_of(row, "memory_mb", manifest, "memory_max_mb", 1024), 8) * MEGABYTE;
        int r = containers_make(values, row, manifest, containers, reterr);
        if (r >= 0)
                r = tasks_make(values, row, manifest, tasks, reterr);
        if (r < 0)
                return r;
        bool open = streq(row->gate, "open") && !row->maintenance;
        *ret = json_pack(
                        "{s:s, s:I, s:s, s:s, s:b, s:s, s:s, s:I, s:I, s:o, s:s, s:I, s:I, s:I, s:b, s:O, s:O, s:o, s:s}", "id", row->id, "slot",
                        (json_int_t) row->slot, "title", row->title, "network_out", network_out_of(row), "host_network", (int) row->host_network,
                        "gate", open ? "open" : "closed", "access", streq(row->access, "public") ? "public" : "gated", "http_port",
                        (json_int_t) json_get_integer(http, "port", 0), "max_upload_mb", (json_int_t) json_get_integer(http, "max_upload_mb", 64),
                        "public_paths", texts_or_empty(json_object_get(http, "public_paths")), "user_header",
                        strempty(json_get_string(http, "user_header")), "memory_max", memory,
                        "cpu_weight", limit_of(row, "cpu_weight", manifest, "cpu_weight", 100), "tasks_max",
                        (json_int_t) json_get_integer(json_object_get(manifest, "resources"), "tasks", 512), "enabled",
                        (int) streq(row->wanted, "running"), "containers", containers, "tasks", tasks, "ports", ports_make(row, manifest), "note", note);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot write an app's record");
}

int app_command_fill(Manager* m, const AppRow* row, const json_t* command, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *manifest = app_manifest(row), *filled = json_array();
        _cleanup_(app_values_freep) json_t* values = NULL;
        int r = values_make(m, row, manifest, &values, reterr);
        if (r >= 0)
                r = fill_all(values, command, filled, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(filled);
        return r;
}

int app_record_make(Manager* m, const AppRow* row, AppRecord** ret, Error* reterr) {
        _cleanup_json_ json_t *manifest = app_manifest(row), *note = app_note_make(m, row, reterr), *whole = NULL;
        _cleanup_(app_values_freep) json_t* values = NULL;
        _cleanup_free_ char* text = note ? json_text(note, /* canonical= */ true) : NULL;
        if (!text)
                return error_is_set(reterr) ? -EIO : error_errno(reterr, -ENOMEM, "Cannot write an app's record");
        int r = values_make(m, row, manifest, &values, reterr);
        if (r >= 0)
                r = whole_make(m, row, manifest, values, text, &whole, reterr);
        return r < 0 ? r : app_record_from_json(whole, ret, reterr);
}

/* --- the note --- */

static const struct {
        const char* key;
        size_t offset;
} note_texts[] = {
#define N(field) { #field, offsetof(AppRow, field) }
        N(id), N(origin), N(package), N(source), N(version), N(manifest), N(images), N(title), N(icon), N(name), N(shown), N(extra_names), N(access),
        N(wanted), N(gate), N(settings), N(environment), N(limits), N(network_out), N(open_ports), N(muted),
}, note_numbers[] = {
        N(slot), N(maintenance), N(host_network), N(auto_update), N(memory_peak), N(installed_at),
#undef N
};

json_t* app_note_make(Manager* m, const AppRow* row, Error* reterr) {
        _cleanup_json_ json_t *note = json_pack("{s:i}", "note", 1), *secrets = NULL, *groups = NULL, *operators = NULL;
        int r = app_secrets_note(m, row->id, &secrets, reterr);
        if (r >= 0)
                r = store_app_groups(m->store, row->id, &groups, reterr);
        if (r >= 0)
                r = store_app_operators(m->store, row->id, &operators, reterr);
        if (r < 0)
                return NULL;
        for (size_t i = 0; i < ELEMENTS(note_texts); i++)
                (void) json_object_set_new(note, note_texts[i].key,
                                           json_string(strempty(*(char* const*) ((const char*) row + note_texts[i].offset))));
        for (size_t i = 0; i < ELEMENTS(note_numbers); i++)
                (void) json_object_set_new(note, note_numbers[i].key,
                                           json_integer(*(const int64_t*) ((const char*) row + note_numbers[i].offset)));
        (void) json_object_set(note, "secrets", secrets);
        (void) json_object_set(note, "groups", groups);
        (void) json_object_set(note, "operators", operators);
        return TAKE_PTR(note);
}

int app_row_from_note(const json_t* note, AppRow* ret, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        if (json_get_integer(note, "note", 0) != 1)
                return error_set(reterr, ERROR_WRONG_STATE, "The note in the app's record is not of a form this release knows.");
        for (size_t i = 0; i < ELEMENTS(note_texts); i++)
                if (app_row_text((char**) ((char*) &row + note_texts[i].offset), json_get_string(note, note_texts[i].key)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot read an app's record");
        for (size_t i = 0; i < ELEMENTS(note_numbers); i++)
                *(int64_t*) ((char*) &row + note_numbers[i].offset) = json_get_integer(note, note_numbers[i].key, 0);
        if (app_row_text(&row.state, "present") < 0 || app_row_text(&row.job, "") < 0 || app_row_text(&row.reason, "") < 0 ||
            app_row_text(&row.held_version, "") < 0)
                return error_errno(reterr, -ENOMEM, "Cannot read an app's record");
        *ret = row;
        row = (AppRow) {};
        return 0;
}

int app_note_read(Manager* m, const json_t* note, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = app_row_from_note(note, &row, reterr);
        if (r >= 0)
                r = store_app_add(m->store, &row, reterr);
        if (r >= 0)
                r = app_secrets_from_note(m, row.id, json_object_get(note, "secrets"), reterr);
        if (r >= 0 && json_is_array(json_object_get(note, "groups")))
                r = store_app_groups_set(m->store, row.id, json_object_get(note, "groups"), reterr);
        if (r >= 0 && json_is_array(json_object_get(note, "operators")))
                r = store_app_operators_set(m->store, row.id, json_object_get(note, "operators"), reterr);
        return MIN(r, 0);
}
