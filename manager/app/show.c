/* Apps in words: how one stands and why, and the App of tbl/types.h. */
#include "app/app-internal.h"
#include "api/events.h"
#include "app/brief.h"
#include "base/format.h"
#include "base/time.h"
#include "package/manifest.h"
#include "store/store-app.h"
#include <stdio.h>

static const char* const health_table[] = {
        [APP_HEALTH_STOPPED] = "stopped", [APP_HEALTH_STARTING] = "starting", [APP_HEALTH_OK] = "ok",
        [APP_HEALTH_SLOW] = "slow",       [APP_HEALTH_FAILING] = "failing",
};

const char* app_health_to_string(AppHealthState s) {
        return health_table[s];
}

json_t* app_manifest(const AppRow* row) {
        json_t* manifest = json_loads(strempty(row->manifest), 0, NULL); /* our own words, which name nothing twice */
        return manifest ?: json_object();
}

json_t* app_manifest_brief(const AppRow* row) {
        return manifest_brief(strempty(row->manifest)) ?: app_manifest(row);
}

static json_t* json_or(const char* text, json_t* otherwise) {
        json_t* j = json_loads(strempty(text), JSON_REJECT_DUPLICATES, NULL);
        if (j)
                json_decref(otherwise);
        return j ?: otherwise;
}

/* --- how it stands --- */

AppHealthState app_health(const Manager* m, const AppLive* live, const AppRow* row, const json_t* manifest) {
        if (!streq(row->wanted, "running"))
                return APP_HEALTH_STOPPED;
        if (!live || (live->last.at == 0 && live->units_n == 0))
                return APP_HEALTH_STARTING;
        _cleanup_free_ char* failed = app_failed_container(live, manifest);
        uint64_t now = now_usec(CLOCK_BOOTTIME);
        if (!live->http)
                return failed ? APP_HEALTH_FAILING : app_units_up(live, manifest) ? APP_HEALTH_OK : APP_HEALTH_STARTING;
        uint64_t since = now > live->good_usec ? now - live->good_usec : 0;
        if (live->last.status > 0 && app_answer_good(live, &live->last))
                return APP_HEALTH_OK;
        if (failed || since >= APP_FAILING_USEC)
                return APP_HEALTH_FAILING;
        if (live->good_answer_usec == 0)
                return APP_HEALTH_STARTING;
        return since >= APP_SLOW_USEC ? APP_HEALTH_SLOW : APP_HEALTH_OK;
}

/* What the last probe said, as the second half of a sentence. */
static char* last_answer(const AppLive* live) {
        if (!live || live->last.at == 0)
                return format_text("It was not asked yet.");
        if (live->last.status == 0)
                return format_text("Last try: %s", strempty(live->last.body));
        return format_text("It answered %u last.", live->last.status);
}

static char* minutes_since(const AppLive* live) {
        uint64_t seconds = (now_usec(CLOCK_BOOTTIME) - live->good_usec) / USEC_PER_SEC;
        return seconds >= 120 ? format_text("%llu min", (unsigned long long) seconds / 60) : format_text("%llu s", (unsigned long long) seconds);
}

/* It is well again, or seems so; that it met a limit lately is worth knowing all the same. */
static char* with_limits(char* sentence, const AppLive* live, const json_t* manifest) {
        int64_t now = now_seconds();
        bool was_killed = app_limit_was_killed(live, now), was_refused = app_limit_was_refused(live, now);
        _cleanup_free_ char *before = sentence, *killed = was_killed ? app_limit_killed(live, manifest) : NULL,
                            *refused = was_refused ? app_limit_refused(live) : NULL;
        return format_text("%s%s%s%s%s", strempty(before), was_killed ? " " : "", strempty(killed), was_refused ? " " : "", strempty(refused));
}

static char* health_sentence(const AppLive* live, const json_t* manifest, AppHealthState health) {
        _cleanup_free_ char *failed = live ? app_failed_container(live, manifest) : NULL, *last = last_answer(live),
                            *minutes = live ? minutes_since(live) : NULL;
        switch (health) {
        case APP_HEALTH_STOPPED:
                return format_text("It is stopped.");
        case APP_HEALTH_STARTING:
                return failed ? format_text("It is starting. %s", failed) : format_text("It is starting.");
        case APP_HEALTH_OK:
                return with_limits(live->http ? format_text("It answers.") : format_text("It runs."), live, manifest);
        case APP_HEALTH_SLOW:
                return with_limits(format_text("It has not answered well for %s. %s", strempty(minutes), strempty(last)), live, manifest);
        case APP_HEALTH_FAILING:
                return with_limits(failed       ? format_text("%s", failed)
                                   : live->http ? format_text("It has not answered well for %s. %s", strempty(minutes), strempty(last))
                                                : format_text("Not all of its containers run."), live, manifest);
        }
        return NULL;
}

char* app_sentence(Manager* m, const AppRow* row, const json_t* manifest, const AppLive* live, const char** ret_state, const char** ret_severity) {
        AppHealthState health = app_health(m, live, row, manifest);
        *ret_severity = "note";
        *ret_state = row->state;
        if (streq(row->state, "installing"))
                return format_text("It is being installed.");
        if (streq(row->state, "removing"))
                return format_text("It is being removed.");
        if (streq(row->state, "updating"))
                return format_text("It is being updated; visitors wait where that is needed.");
        if (streq(row->state, "broken")) {
                *ret_severity = "bad";
                return format_text("%s", *row->reason ? row->reason : "It was left in between; look at its history.");
        }
        if (streq(row->wanted, "stopped")) {
                _cleanup_json_ json_t* full = app_disk_stopped(row);
                *ret_state = "stopped";
                if (full) {
                        *ret_severity = "bad";
                        return app_disk_stopped_sentence(row, full);
                }
                return format_text("It was stopped, and stays so until it is started.");
        }
        if (row->maintenance) {
                *ret_state = "maintenance";
                return format_text("Visitors see the maintenance page, because somebody asked for it.");
        }
        *ret_state = health == APP_HEALTH_STARTING ? "starting" : health == APP_HEALTH_FAILING ? "failing" : "running";
        *ret_severity = health == APP_HEALTH_FAILING ? "bad" : health == APP_HEALTH_SLOW ? "warn" : health == APP_HEALTH_STARTING ? "note" : "ok";
        return health_sentence(live, manifest, health);
}

/* Called for every answer and change of units: people are told when the state became another one. */
void app_health_follow(Manager* m, AppLive* live) {
        bool good = live->last.status > 0 && app_answer_good(live, &live->last);
        uint64_t now = now_usec(CLOCK_BOOTTIME), since = now > live->good_usec ? now - live->good_usec : 0;
        int shown = !live->wanted          ? APP_HEALTH_STOPPED
                    : good || !live->http  ? APP_HEALTH_OK
                    : since >= APP_FAILING_USEC ? APP_HEALTH_FAILING
                    : live->good_answer_usec == 0 ? APP_HEALTH_STARTING
                    : since >= APP_SLOW_USEC ? APP_HEALTH_SLOW
                                            : APP_HEALTH_OK;
        if (shown == live->shown)
                return;
        int before = live->shown;
        live->shown = shown;
        live->since = now_seconds();
        if (before < 0)
                return; /* the manager has just begun to look */
        if (m->events)
                events_changed(m->events, "app");
        if (shown == APP_HEALTH_FAILING || before == APP_HEALTH_FAILING) {
                app_health_note(m, live, shown == APP_HEALTH_FAILING);
                if (m->events)
                        events_changed(m->events, "finding");
        }
}

/* --- App --- */

static json_t* megabytes_or_null(int64_t bytes) {
        return bytes < 0 ? json_null() : json_integer((bytes + (1 << 20) - 1) >> 20);
}

static json_t* containers_json(const Manager* m, const AppLive* live, const AppRow* row, const json_t* manifest) {
        static const char* const states[] = {
                [APP_UNIT_UNKNOWN] = "stopped", [APP_UNIT_STARTING] = "starting", [APP_UNIT_RUNNING] = "running", [APP_UNIT_DONE] = "done",
                [APP_UNIT_STOPPING] = "stopped", [APP_UNIT_STOPPED] = "stopped", [APP_UNIT_FAILED] = "failed",
        };
        _cleanup_json_ json_t* images = json_or(row->images, json_object());
        json_t *list = json_array(), *c;
        size_t i;
        json_array_foreach(json_object_get(manifest, "containers"), i, c) {
                const char* name = strempty(json_get_string(c, "name"));
                const AppUnitLive* u = live ? app_unit((AppLive*) live, name) : NULL;
                const char* pinned = json_get_string(json_object_get(images, name), "pinned");
                AppUnitState s = u ? u->state : APP_UNIT_UNKNOWN;
                _cleanup_free_ char* why = s == APP_UNIT_FAILED ? app_unit_failure(u)
                                           : s == APP_UNIT_RUNNING || s == APP_UNIT_DONE ? format_text("%s", "")
                                                                                         : format_text("%s", s == APP_UNIT_STARTING ? "It is starting." : "It does not run.");
                (void) json_array_append_new(
                                list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:o}", "name", name, "image",
                                                pinned ?: strempty(json_get_string(c, "image")), "state", states[s], "sentence", strempty(why),
                                                "memory_mb", megabytes_or_null(u ? app_memory_of(m, live, name) : -1), "restarts", (json_int_t) (u ? u->restarts : 0), "started_at",
                                                json_time_or_null(u && s == APP_UNIT_RUNNING ? u->started_at : 0)));
        }
        return list;
}

static json_t* ports_json(Manager* m, const AppRow* row, const json_t* manifest, const char* language) {
        _cleanup_json_ json_t* open = json_or(row->open_ports, json_array());
        json_t *list = json_array(), *p;
        size_t i;
        json_array_foreach(json_object_get(manifest, "ports"), i, p) {
                const char* name = strempty(json_get_string(p, "name"));
                (void) json_array_append_new(
                                list, json_pack("{s:s, s:s, s:I, s:s, s:b}", "name", name, "protocol", strempty(json_get_string(p, "protocol")), "port",
                                                (json_int_t) json_get_integer(p, "host_port", 0), "purpose",
                                                text_of_languages(json_object_get(p, "purpose"), language), "open", (int) json_list_has(open, name)));
        }
        return list;
}

json_t* app_questions(const json_t* manifest, const char* language) {
        json_t *list = json_array(), *q;
        size_t i;
        json_array_foreach(json_object_get(manifest, "settings"), i, q) {
                json_t* choices = json_object_get(q, "choices");
                (void) json_array_append_new(
                                list, json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:o}", "key", strempty(json_get_string(q, "key")), "type",
                                                strempty(json_get_string(q, "type")), "label", text_of_languages(json_object_get(q, "label"), language),
                                                "help", text_of_languages(json_object_get(q, "help"), language), "required",
                                                (int) json_get_boolean(q, "required", false), "initial", strempty(json_get_string(q, "initial")), "choices",
                                                json_is_array(choices) ? json_deep_copy(choices) : json_array()));
        }
        return list;
}

/* "key=value"; what is secret without its value. */
static json_t* pairs_json(const char* object_text) {
        _cleanup_json_ json_t* object = json_or(object_text, json_object());
        json_t *list = json_array(), *v;
        const char* key;
        json_object_foreach(object, key, v) {
                _cleanup_free_ char* line = format_text("%s=%s", key, strempty(json_string_value(v)));
                (void) json_array_append_new(list, json_string(strempty(line)));
        }
        return list;
}

static int secret_settings_add(Manager* m, const AppRow* row, const json_t* manifest, json_t* list, Error* reterr) {
        size_t i;
        json_t* q;
        json_array_foreach(json_object_get(manifest, "settings"), i, q) {
                char key[80];
                _cleanup_free_ void* blob = NULL;
                size_t size = 0;
                if (!streq_ptr(json_get_string(q, "type"), "password"))
                        continue;
                (void) snprintf(key, sizeof(key), "setting:%s", strempty(json_get_string(q, "key")));
                int r = store_app_secret_get(m->store, row->id, key, &blob, &size, reterr);
                if (r < 0)
                        return r;
                if (r > 0)
                        (void) json_array_append_new(list, json_string(key + strlen("setting:")));
        }
        return 0;
}

int64_t app_limit_of(const AppRow* row, const char* limit, const json_t* manifest, const char* resource, int64_t otherwise) {
        _cleanup_json_ json_t* limits = json_or(row->limits, json_object());
        int64_t own = json_get_integer(limits, limit, 0);
        return own > 0 ? own : resource ? json_get_integer(json_object_get(manifest, "resources"), resource, otherwise) : otherwise;
}

json_t* app_show(Manager* m, const AppRow* row, const char* language, Error* reterr) {
        _cleanup_json_ json_t *manifest = app_manifest_brief(row), *groups = NULL, *operators = NULL, *settings = pairs_json(row->settings);
        const AppLive* live = app_live(m, row->id);
        const char *state = NULL, *severity = NULL;
        _cleanup_free_ char *sentence = app_sentence(m, row, manifest, live, &state, &severity), *url = NULL, *offered = NULL;
        int64_t memory = live ? app_memory_now(m, live) : -1, peak = MAX(live ? app_peak_measured(live) : 0, row->memory_peak);
        int r = store_app_groups(m->store, row->id, &groups, reterr);
        if (r >= 0)
                r = store_app_operators(m->store, row->id, &operators, reterr);
        if (r >= 0)
                r = secret_settings_add(m, row, manifest, settings, reterr);
        if (r >= 0)
                r = app_update_offered(m, row, &offered, reterr);
        if (r < 0)
                return NULL;
        if (row->answered_at > 0 && json_is_object(json_object_get(manifest, "http")))
                url = format_text("https://%s", row->name);
        json_t* app = json_pack(
                        "{s:s, s:s, s:s, s:o, s:s, s:o, s:s, s:s, s:s, s:o, s:s, s:s, s:o}", "id", row->id, "title", row->title, "origin", row->origin,
                        "package", json_string_or_null(*row->package ? row->package : NULL), "version", row->version, "icon",
                        json_string_or_null(*row->icon ? row->icon : NULL), "state", state, "severity", severity, "sentence", strempty(sentence), "job",
                        json_string_or_null(*row->job ? row->job : NULL), "name", row->name, "shown", row->shown, "url", json_string_or_null(url));
        json_t* more = json_pack(
                        "{s:o, s:s, s:O, s:O, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:I, s:I, s:o, s:I, s:o, s:s, s:b, s:b}", "extra_names",
                        json_or(row->extra_names, json_array()), "access", row->access, "groups", groups, "operators", operators, "sign_in",
                        json_get_string(manifest, "sign_in") ?: "none", "update", json_string_or_null(offered), "held",
                        json_string_or_null(*row->held_version ? row->reason : NULL), "held_version",
                        json_string_or_null(*row->held_version ? row->held_version : NULL), "held_until",
                        json_time_or_null(*row->held_version ? row->held_until : 0), "auto_update", (int) row->auto_update, "maintenance",
                        (int) row->maintenance, "memory_mb", megabytes_or_null(memory), "memory_peak_mb", megabytes_or_null(peak > 0 ? peak : -1),
                        "memory_limit_mb", (json_int_t) app_limit_of(row, "memory_mb", manifest, "memory_max_mb", 1024), "cpu_weight",
                        (json_int_t) app_limit_of(row, "cpu_weight", manifest, "cpu_weight", 100), "disk_mb", megabytes_or_null(live ? live->disk_bytes : -1),
                        "disk_limit_mb", (json_int_t) (app_disk_limit(row, manifest) >> 20), "disk", app_disk_show(live), "network_out", row->network_out, "host_network",
                        (int) row->host_network, "mail", (int) app_may_mail(row));
        json_t* last = json_pack(
                        "{s:o, s:o, s:O, s:o, s:o, s:I, s:o}", "ports", ports_json(m, row, manifest, language ?: "en"), "questions",
                        language ? app_questions(manifest, language) : json_array(), "settings", settings, "environment", pairs_json(row->environment),
                        "containers", language ? containers_json(m, live, row, manifest) : json_array(), "installed_at", (json_int_t) row->installed_at,
                        "answered_at", json_time_or_null(row->answered_at));
        if (!app || !more || !last || json_object_update(app, more) < 0 || json_object_update(app, last) < 0) {
                json_decref(app);
                app = NULL;
                (void) error_errno(reterr, -ENOMEM, "Cannot show an app");
        }
        json_decref(more);
        json_decref(last);
        return app;
}

/* --- AppHealth --- */

static json_t* answer_json(const AppAnswer* a, const char* body) {
        if (a->at == 0)
                return json_null();
        return json_pack("{s:I, s:I, s:I, s:s}", "at", (json_int_t) a->at, "status", (json_int_t) a->status, "milliseconds",
                         (json_int_t) a->milliseconds, "body", strempty(body));
}

static char* expected(const AppLive* live) {
        char list[128] = "";
        size_t n = 0;
        if (!live || !live->http)
                return format_text("Every container runs.");
        for (size_t i = 0; i < live->expect_n && n < sizeof(list); i++)
                n += (size_t) snprintf(list + n, sizeof(list) - n, "%s%u", i ? ", " : "", live->expect[i]);
        return format_text("GET %s answers %s", live->path, list);
}

static json_t* pulses_json(const AppLive* live) {
        json_t* list = json_array();
        uint32_t n = live ? live->pulses_n : 0;
        for (uint32_t i = n > APP_PULSES ? n - APP_PULSES : 0; i < n; i++) {
                const AppPulse* p = &live->pulses[i % APP_PULSES];
                (void) json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:b}", "at", (json_int_t) p->at, "status", (json_int_t) p->status,
                                                             "milliseconds", (json_int_t) p->milliseconds, "good", (int) p->good));
        }
        return list;
}

json_t* app_health_show(Manager* m, const AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        const AppLive* live = app_live(m, row->id);
        AppHealthState health = app_health(m, live, row, manifest);
        _cleanup_free_ char *sentence = health_sentence(live, manifest, health), *what = expected(live);
        return json_pack("{s:s, s:s, s:I, s:s, s:o, s:o, s:o, s:o}", "state", app_health_to_string(health), "sentence", strempty(sentence), "since",
                         (json_int_t) (live ? live->since : row->installed_at), "expected", strempty(what), "last",
                         live ? answer_json(&live->last, live->last_good ? live->good.body : live->last.body) : json_null(), "good",
                         live ? answer_json(&live->good, live->good.body) : json_null(), "recent",
                         pulses_json(live), "containers", containers_json(m, live, row, manifest));
}
