/* What is known of apps in memory, one AppLive each, following their rows. */
#include "app/app-internal.h"
#include "api/events.h"
#include "base/log.h"
#include "base/time.h"
#include <stdio.h>

void app_answer_done(AppAnswer* a) {
        free(a->body);
        *a = (AppAnswer) {};
}

static AppLive* live_free(AppLive* live) {
        if (!live)
                return NULL;
        app_probe_cancel(live);
        app_answer_done(&live->last);
        app_answer_done(&live->good);
        app_use_free(live->use);
        free(live->host);
        free(live->path);
        free(live->units);
        free(live);
        return NULL;
}

static size_t position(const Apps* a, const char* id) {
        size_t low = 0, high = a->live_n;
        while (low < high) {
                size_t middle = (low + high) / 2;
                if (strcmp(a->live[middle]->id, id) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

AppLive* app_live(Manager* m, const char* id) {
        if (!m->apps)
                return NULL;
        size_t i = position(m->apps, id);
        return i < m->apps->live_n && streq(m->apps->live[i]->id, id) ? m->apps->live[i] : NULL;
}

void app_live_drop(Manager* m, const char* id) {
        Apps* a = m->apps;
        size_t i = position(a, id);
        if (i >= a->live_n || !streq(a->live[i]->id, id))
                return;
        (void) live_free(a->live[i]);
        app_use_forget(m, id);
        memmove(&a->live[i], &a->live[i + 1], (a->live_n - i - 1) * sizeof(AppLive*));
        a->live_n--;
}

void app_live_free_all(Apps* a) {
        for (size_t i = 0; i < a->live_n; i++)
                (void) live_free(a->live[i]);
        free(a->live);
        a->live = NULL;
        a->live_n = 0;
}

AppLive* app_live_new(Manager* m, const char* id) {
        Apps* a = m->apps;
        AppLive** bigger = reallocarray(a->live, a->live_n + 1, sizeof(AppLive*));
        if (!bigger)
                return NULL;
        a->live = bigger;
        AppLive* live = calloc(1, sizeof(AppLive));
        if (!live)
                return NULL;
        (void) snprintf(live->id, sizeof(live->id), "%s", id);
        live->disk_bytes = live->limit.kills = live->limit.tight = live->limit.refused = -1;
        live->since = now_seconds();
        live->shown = -1;
        size_t i = position(a, id);
        memmove(&a->live[i + 1], &a->live[i], (a->live_n - i) * sizeof(AppLive*));
        a->live[i] = live;
        a->live_n++;
        return live;
}

AppUnitLive* app_unit(AppLive* live, const char* name) {
        for (size_t i = 0; i < live->units_n; i++)
                if (streq(live->units[i].name, name))
                        return &live->units[i];
        return NULL;
}

static int text_set(char** field, const char* value) {
        char* copy = strdup(strempty(value));
        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

static void expect_set(AppLive* live, const json_t* health) {
        const json_t* list = json_object_get(health, "expect");
        live->expect_n = 0;
        for (size_t i = 0; i < json_array_size(list) && live->expect_n < APP_EXPECT_MAX; i++)
                live->expect[live->expect_n++] = (uint16_t) json_integer_value(json_array_get(list, i));
        if (live->expect_n == 0) {
                static const uint16_t usual[] = { 200, 204, 301, 302, 303, 307, 308, 401, 403 };
                memcpy(live->expect, usual, sizeof(usual));
                live->expect_n = ELEMENTS(usual);
        }
}

/* A job that works on it decides itself when it is to answer. */
static bool should_run(const AppRow* row) {
        return streq(row->wanted, "running") && (streq(row->state, "present") || streq(row->state, "updating"));
}

/* With another limit, or started anew, it is measured; also where it has just come. */
static void disk_follow(Manager* m, AppLive* live, int64_t limit, bool fresh, bool wanted) {
        bool soon = fresh || limit != live->disk_limit || (wanted && !live->wanted);
        live->disk_limit = limit;
        if (fresh && m->apps->disk) /* it came while the manager runs: all it has, it made since */
                live->disk_base = (DiskBase) { .at = -1 };
        if (soon)
                app_disk_soon(m, live->id);
}

static void memory_follow(AppLimit* limit, int64_t mb) {
        if (limit->memory_mb != mb)
                limit->memory_since = now_seconds();
        limit->memory_mb = mb;
}

int app_live_update(Manager* m, const AppRow* row, AppLive** ret) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        const json_t* health = json_object_get(manifest, "health");
        const char* path = json_get_string(health, "path");
        AppLive* live = app_live(m, row->id);
        bool fresh = !live;
        if (!live && !(live = app_live_new(m, row->id)))
                return -ENOMEM;
        bool wanted = should_run(row);
        if (text_set(&live->host, row->name) < 0 || text_set(&live->path, isempty(path) ? "/" : path) < 0)
                return -ENOMEM;
        expect_set(live, health);
        live->http = json_get_integer(json_object_get(manifest, "http"), "port", 0) > 0;
        memory_follow(&live->limit, app_limit_of(row, "memory_mb", manifest, "memory_max_mb", 1024));
        live->limit.tasks = json_get_integer(json_object_get(manifest, "resources"), "tasks", 512);
        live->present = true;
        if (wanted && !live->wanted) /* patience begins anew */
                live->good_usec = now_usec(CLOCK_BOOTTIME);
        if (fresh && m->apps->disk) /* it came while the manager runs: what one of its name left is not its own */
                app_use_forget(m, row->id);
        if (fresh)
                app_use_load(m, live, row);
        disk_follow(m, live, app_disk_limit(row, manifest), fresh, wanted);
        live->wanted = wanted;
        if (ret)
                *ret = live;
        return 0;
}

/* --- following the rows --- */

static int on_settle(sd_event_source* source, void* userdata) {
        Manager* m = userdata;
        _cleanup_json_ json_t* changed = m->apps->changed;
        const char* id;
        json_t* v;
        m->apps->changed = NULL;
        json_object_foreach(changed, id, v) {
                _cleanup_app_row_ AppRow row = {};
                _cleanup_error_ Error e = ERROR_NULL;
                int r = store_app_get(m->store, id, &row, &e);
                if (r > 0)
                        r = app_live_update(m, &row, NULL);
                else if (r == 0)
                        app_live_drop(m, id);
                if (r < 0)
                        log_warning("Cannot follow app '%s', ignoring: %s", id, strempty(e.message));
        }
        app_probe_plan(m);
        if (m->events) {
                events_changed(m->events, "app");
                events_changed(m->events, "finding");
        }
        return 0;
}

void app_changed(Manager* m, const char* app) {
        Apps* a = m->apps;
        if (!a)
                return;
        if (!a->changed)
                a->changed = json_object();
        (void) json_object_set_new(a->changed, app, json_true());
        int r = a->settle ? 0 : sd_event_add_defer(m->event, &a->settle, on_settle, m);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->settle, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to follow apps, ignoring: %m");
}
