/* What people may ask of an app that is there: run, stop, be another. The row is changed first; a job makes it so. */
#include "app/app-internal.h"
#include "app/run.h"
#include "net/name.h"
#include "base/validate.h"
#include <stdio.h>

static int idle(const AppRow* row, Error* reterr) {
        if (*row->job) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "%s is being worked on.", row->title);
                return error_hint(reterr, "Wait for job %s to end, or cancel it.", row->job);
        }
        if (streq(row->state, "broken") && isempty(row->images))
                return error_set(reterr, ERROR_WRONG_STATE, "%s was never installed as a whole; uninstall it.", row->title);
        return 0;
}

static int wanted_set(Manager* m, const char* app, const char* wanted, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = store_app_get(m->store, app, &row, reterr);
        if (r > 0 && (app_row_text(&row.wanted, wanted) < 0 || app_disk_stopped_set(&row, /* facts= */ NULL) < 0))
                r = error_errno(reterr, -ENOMEM, "Cannot change an app");
        return r <= 0 ? r : MIN(store_app_save(m->store, &row, reterr), 0);
}

int app_start(Manager* m, const Actor* actor, const AppRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        int r = idle(row, reterr);
        if (r >= 0)
                r = wanted_set(m, row->id, "running", reterr);
        return r < 0 ? r : app_run_begin(m, actor, row->id, (AppRun) { "start", .apply = true, .start = true }, ret_job, reterr);
}

int app_stop(Manager* m, const Actor* actor, const AppRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        int r = idle(row, reterr);
        if (r >= 0)
                r = wanted_set(m, row->id, "stopped", reterr);
        return r < 0 ? r : app_run_begin(m, actor, row->id, (AppRun) { "stop", .stop = true, .apply = true }, ret_job, reterr);
}

int app_restart(Manager* m, const Actor* actor, const AppRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        int r = idle(row, reterr);
        if (r >= 0)
                r = wanted_set(m, row->id, "running", reterr);
        return r < 0 ? r : app_run_begin(m, actor, row->id, (AppRun) { "restart", .stop = true, .apply = true, .start = true }, ret_job, reterr);
}

/* --- configure --- */

/* What a change asks for beyond the row: to be applied, and to be started anew because a process reads it at its start. */
typedef struct Effect {
        bool restart, names;
} Effect;

static int take_name(Manager* m, AppRow* row, const char* name, Effect* effect, Error* reterr) {
        char shown[DOMAIN_SHOWN_BYTES];
        if (streq(row->name, name))
                return 0;
        int r = app_name_check(m, "name", name, row->id, reterr);
        if (r < 0)
                return r;
        domain_name_show(name, shown);
        app_names_changed(m, row->name);
        effect->names = effect->restart = true; /* it may tell its own address, in settings and in /etc/hosts */
        return app_row_text(&row->name, name) < 0 || app_row_text(&row->shown, shown) < 0 ? error_errno(reterr, -ENOMEM, "Cannot change an app") : 0;
}

static int take_extra_names(Manager* m, AppRow* row, const json_t* names, Effect* effect, Error* reterr) {
        _cleanup_json_ json_t* list = json_array();
        size_t i;
        json_t* v;
        json_array_foreach((json_t*) names, i, v) {
                char name[DOMAIN_NAME_BYTES];
                int r = domain_name_parse("extra_names", strempty(json_string_value(v)), name, reterr);
                if (r >= 0)
                        r = app_name_check(m, "extra_names", name, row->id, reterr);
                if (r < 0)
                        return r;
                if (!streq(name, row->name))
                        (void) json_array_append_new(list, json_string(name));
        }
        _cleanup_free_ char* text = json_text(list, false);
        effect->names = true;
        return !text || app_row_text(&row->extra_names, text) < 0 ? error_errno(reterr, -ENOMEM, "Cannot change an app") : 0;
}

static bool is_administrator(const Actor* actor) {
        return actor->root || role_includes(actor->role, ROLE_ADMIN);
}

/* One limit. What an administrator chose last (granted), or else the package, is as far as the app's operators may go: they share the machine
 * with other people's apps. 0 = as the package says. */
static int limit_take(json_t* limits, json_t* granted, const char* key, int64_t value, int64_t package, bool administrator, Error* reterr) {
        int64_t ceiling = json_get_integer(granted, key, package);
        if (administrator && value > 0)
                (void) json_object_set_new(granted, key, json_integer(value));
        else if (administrator)
                (void) json_object_del(granted, key);
        else if (ceiling > 0 && value > ceiling)
                return error_field(reterr, ERROR_NOT_ALLOWED, key, "Only administrators may give it more than %lld.", (long long) ceiling);
        else if (value == 0)
                value = json_get_integer(granted, key, 0);
        if (value == 0)
                (void) json_object_del(limits, key);
        else
                (void) json_object_set_new(limits, key, json_integer(value));
        return 0;
}

static int take_limits(AppRow* row, const Actor* actor, const json_t* manifest, const AppChange* c, Error* reterr) {
        _cleanup_json_ json_t* limits = json_loads(row->limits, JSON_REJECT_DUPLICATES, NULL);
        const json_t* resources = json_object_get(manifest, "resources");
        const struct {
                const char* key;
                int64_t value, package; /* as the package says; 0 = no limit */
        } all[] = {
                { "memory_mb", c->memory_mb, json_get_integer(resources, "memory_max_mb", 1024) },
                { "cpu_weight", c->cpu_weight, json_get_integer(resources, "cpu_weight", 100) },
                { "disk_mb", c->disk_mb, json_get_integer(resources, "disk_max_mb", 0) },
        };
        if (!limits)
                limits = json_object();
        json_t* granted = json_object_get(limits, "granted");
        if (!granted && json_object_set_new(limits, "granted", granted = json_object()) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot change an app");
        for (size_t i = 0; i < ELEMENTS(all); i++) {
                if (all[i].value < 0)
                        continue;
                if (i == 0 && all[i].value > 0 && all[i].value < 16)
                        return error_field(reterr, ERROR_BAD_FIELD, "memory_mb", "Less than 16 MB is too little for any app.");
                int r = limit_take(limits, granted, all[i].key, all[i].value, all[i].package, is_administrator(actor), reterr);
                if (r < 0)
                        return r;
        }
        _cleanup_free_ char* text = json_text(limits, true);
        return !text || app_row_text(&row->limits, text) < 0 ? error_errno(reterr, -ENOMEM, "Cannot change an app") : 0;
}

static int take_operators(Manager* m, const AppRow* row, const json_t* names, Error* reterr) {
        _cleanup_free_ char* unknown = NULL;
        int r = store_app_user_unknown(m->store, names, &unknown, reterr);
        if (r > 0)
                return error_field(reterr, ERROR_NOT_FOUND, "operators", "There is no person %s.", unknown);
        return r < 0 ? r : store_app_operators_set(m->store, row->id, names, reterr);
}

static const json_t* port_named(const json_t* manifest, const char* name) {
        size_t i;
        json_t* p;
        json_array_foreach(json_object_get(manifest, "ports"), i, p)
                if (streq_ptr(json_get_string(p, "name"), name))
                        return p;
        return NULL;
}

/* The box's own doors, and those of other apps. */
static int port_free(Manager* m, const AppRow* row, const json_t* port, Error* reterr) {
        static const int64_t own[] = { 22, 25, 53, 80, 110, 143, 443, 465, 587, 993, 995, 4190 };
        int64_t number = json_get_integer(port, "host_port", 0);
        const char* protocol = strempty(json_get_string(port, "protocol"));
        _cleanup_app_rows_ AppRows rows = {};
        for (size_t i = 0; i < ELEMENTS(own); i++)
                if (number == own[i] && (streq(protocol, "tcp") || number == 53 || number == 443))
                        return error_field(reterr, ERROR_CONFLICT, "ports", "Port %lld belongs to the box itself.", (long long) number);
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                const AppRow* other = &rows.items[i];
                _cleanup_json_ json_t *manifest = app_manifest(other), *open = json_loads(other->open_ports, 0, NULL);
                size_t k;
                json_t* name;
                if (streq(other->id, row->id))
                        continue;
                json_array_foreach(open, k, name) {
                        const json_t* p = port_named(manifest, strempty(json_string_value(name)));
                        if (p && json_get_integer(p, "host_port", 0) == number && streq(strempty(json_get_string(p, "protocol")), protocol)) {
                                (void) error_field(reterr, ERROR_CONFLICT, "ports", "Port %lld/%s is that of %s.", (long long) number, protocol, other->title);
                                return error_hint(reterr, "Close it there first, or leave it closed here.");
                        }
                }
        }
        return MIN(r, 0);
}

static int take_ports(Manager* m, AppRow* row, const json_t* manifest, const json_t* names, Error* reterr) {
        size_t i;
        json_t* v;
        json_array_foreach((json_t*) names, i, v) {
                const json_t* p = port_named(manifest, strempty(json_string_value(v)));
                if (!p)
                        return error_field(reterr, ERROR_BAD_FIELD, "ports", "The package has no port called \"%.40s\".", strempty(json_string_value(v)));
                int r = port_free(m, row, p, reterr);
                if (r < 0)
                        return r;
        }
        _cleanup_free_ char* text = json_text(names, false);
        return !text || app_row_text(&row->open_ports, text) < 0 ? error_errno(reterr, -ENOMEM, "Cannot change an app") : 0;
}

int app_mail_take(AppRow* row, bool may, Error* reterr) {
        _cleanup_json_ json_t *list = json_loads(row->muted, JSON_REJECT_DUPLICATES, NULL), *kept = json_array();
        size_t i;
        json_t* v;
        if (!may && row->host_network)
                return error_field(reterr, ERROR_CONFLICT, "mail", "%s has the machine's own network, from which nothing can be kept.", row->title);
        json_array_foreach(list, i, v)
                if (!streq_ptr(json_string_value(v), APP_MUTED_MAIL))
                        (void) json_array_append(kept, v);
        if (!may)
                (void) json_array_append_new(kept, json_string(APP_MUTED_MAIL));
        _cleanup_free_ char* text = json_text(kept, false);
        return !text || app_row_text(&row->muted, text) < 0 ? error_errno(reterr, -ENOMEM, "Cannot change an app") : 0;
}

/* Where it lives, who may open it, what it may reach, is for administrators; the rest is for its operators too, limits as far as
 * administrators let them. */
static int may_change(const Actor* actor, const AppChange* c, Error* reterr) {
        const struct {
                const char* field;
                bool given;
        } fields[] = {
                { "name", c->name }, { "extra_names", c->extra_names }, { "access", c->access }, { "groups", c->groups },
                { "operators", c->operators }, { "network_out", c->network_out }, { "ports", c->ports }, { "mail", c->mail >= 0 },
        };
        if (is_administrator(actor))
                return 0;
        for (size_t i = 0; i < ELEMENTS(fields); i++)
                if (fields[i].given)
                        return error_field(reterr, ERROR_NOT_ALLOWED, fields[i].field, "Only administrators may change %s.", fields[i].field);
        return 0;
}

static int take_all(Manager* m, const Actor* actor, AppRow* row, const json_t* manifest, const AppChange* c, Effect* effect, Error* reterr) {
        int r = 0;
        if (c->title && (!text_valid(c->title, false) || app_row_text(&row->title, c->title) < 0))
                r = error_field(reterr, ERROR_BAD_FIELD, "title", "A title is one line of text.");
        if (r >= 0 && c->name)
                r = take_name(m, row, c->name, effect, reterr);
        if (r >= 0 && c->extra_names)
                r = take_extra_names(m, row, c->extra_names, effect, reterr);
        if (r >= 0)
                r = app_access_take(m, row, c->access, c->groups, reterr);
        if (r >= 0 && c->operators)
                r = take_operators(m, row, c->operators, reterr);
        if (r >= 0 && (c->settings || c->secret_settings)) {
                r = app_settings_take(m, row, manifest, c->settings, c->secret_settings, /* all= */ true, reterr);
                effect->restart = true;
        }
        if (r >= 0 && c->environment) {
                r = app_environment_take(row, c->environment, reterr);
                effect->restart = true;
        }
        if (r >= 0)
                r = take_limits(row, actor, manifest, c, reterr);
        if (r >= 0 && c->network_out && row->host_network && !streq(c->network_out, "any"))
                r = error_field(reterr, ERROR_CONFLICT, "network_out", "%s has the machine's own network, from which nothing can be kept.", row->title);
        if (r >= 0 && c->network_out && !streq(row->network_out, c->network_out)) {
                r = app_row_text(&row->network_out, c->network_out);
                effect->restart = true;
        }
        if (r >= 0 && c->ports)
                r = take_ports(m, row, manifest, c->ports, reterr);
        if (r >= 0 && c->mail >= 0)
                r = app_mail_take(row, c->mail > 0, reterr);
        if (c->maintenance >= 0)
                row->maintenance = c->maintenance;
        if (c->auto_update >= 0)
                row->auto_update = c->auto_update;
        return r;
}

int app_configure(Manager* m, const Actor* actor, const AppRow* before, const AppChange* change, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        Effect effect = {};
        int r = idle(before, reterr);
        if (r >= 0)
                r = may_change(actor, change, reterr);
        if (r >= 0)
                r = store_app_get(m->store, before->id, &row, reterr);
        if (r <= 0)
                return r < 0 ? r : error_set(reterr, ERROR_NOT_FOUND, "There is no app %s.", before->id);
        _cleanup_json_ json_t* manifest = app_manifest(&row);
        r = take_all(m, actor, &row, manifest, change, &effect, reterr);
        if (r >= 0)
                r = store_app_save(m->store, &row, reterr);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot change an app");
        if (effect.names)
                app_names_changed(m, row.name);
        bool again = effect.restart && streq(row.wanted, "running");
        return app_run_begin(m, actor, row.id, (AppRun) { "configure", .stop = again, .apply = true, .start = again }, ret_job, reterr);
}
