/* What the kernel did to an app that met its limits, and the words for it: people must learn that it was not the app's own fault to end. */
#include "app/app-internal.h"
#include "api/events.h"
#include "base/log.h"
#include "base/time.h"
#include "store/store-setting.h"
#include <stdio.h>

#define NEWS_SEC 86400  /* as long it is told */
#define NOTED_LOOK 20   /* lines of the timeline that may be about it */
#define SAME_SEC 60     /* its processes and its unit end one after the other, and that is one event */
#define SETTLE_SEC 10   /* from a change of the row until it holds */
#define CLOCKS_SEC 2    /* the moment of an end comes from another clock, and from PID 1 more than once */
#define KEPT "app_kills" /* setting: {app: [killed_at, killed_mb, machine, container]}, as in AppLimit */
#define NOTE_SEC 600    /* a line of the timeline at most so often: what runs wild does so again and again */

/* A moment that is still to come was told by a clock that has been set back since. */
static bool is_news(int64_t at, int64_t now) {
        return at > now - NEWS_SEC && at <= now + SAME_SEC;
}

bool app_limit_was_killed(const AppLive* live, int64_t now) {
        return live && is_news(live->limit.killed_at, now);
}

bool app_limit_was_refused(const AppLive* live, int64_t now) {
        return live && is_news(live->limit.refused_at, now);
}

/* What was met; a container may have less than the app. 0 = not known: the limit was changed since, or was being changed. Bytes >> 20. */
static int64_t memory_then(Manager* m, const AppLive* live, int64_t at) {
        _cleanup_app_row_ AppRow row = {};
        size_t i;
        json_t* c;
        if (at < live->limit.memory_since + SETTLE_SEC)
                return 0;
        if (!*live->limit.container || store_app_get(m->store, live->id, &row, NULL) <= 0)
                return live->limit.memory_mb;
        _cleanup_json_ json_t* manifest = app_manifest(&row);
        json_array_foreach(json_object_get(manifest, "containers"), i, c) {
                int64_t own = json_get_integer(c, "memory_mb", 0);
                if (streq(live->limit.container, strempty(json_get_string(c, "name"))) && own > 0)
                        return MIN(own, live->limit.memory_mb);
        }
        return live->limit.memory_mb;
}

char* app_limit_killed(const AppLive* live, const json_t* manifest) {
        const AppLimit* l = &live->limit;
        bool several = json_array_size(json_object_get(manifest, "containers")) > 1 && *l->container;
        char clock[APP_CLOCK_BYTES], *text = NULL;
        int r;
        app_clock_text(l->killed_at, clock);
        if (l->machine)
                r = asprintf(&text, "The machine had no memory left, and the kernel stopped it at %s.", clock);
        else if (several && l->killed_mb > 0)
                r = asprintf(&text, "Its container %s needed more than its %lld MB and was stopped by the kernel at %s.", l->container, (long long) l->killed_mb, clock);
        else if (several)
                r = asprintf(&text, "Its container %s needed more memory than it may take and was stopped by the kernel at %s.", l->container, clock);
        else if (l->killed_mb > 0)
                r = asprintf(&text, "It needed more than its %lld MB and was stopped by the kernel at %s.", (long long) l->killed_mb, clock);
        else
                r = asprintf(&text, "It needed more memory than it may take and was stopped by the kernel at %s.", clock);
        return r < 0 ? NULL : text;
}

char* app_limit_refused(const AppLive* live) {
        char clock[APP_CLOCK_BYTES], *text = NULL;
        app_clock_text(live->limit.refused_at, clock);
        int r = asprintf(&text, "It wanted more than its %lld processes at once; the kernel refused the rest, last at %s.",
                         (long long) live->limit.tasks, clock);
        return r < 0 ? NULL : text;
}

/* --- seeing it --- */

/* The last line of the timeline about it, seconds; 0 = none. What an app answered is in the timeline, too. */
static int64_t noted_before(Manager* m, const AppLive* live, bool killed) {
        _cleanup_free_ char* text = NULL;
        if (store_app_event_list(m->store, live->id, "the kernel ", NULL, NOTED_LOOK, &text, NULL) < 0)
                return 0;
        _cleanup_json_ json_t* page = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        size_t i;
        json_t* e;
        json_array_foreach(json_object_get(page, "items"), i, e)
                if (streq(strempty(json_get_string(e, "kind")), "health") && streq(strempty(json_get_string(e, "severity")), killed ? "bad" : "warn") &&
                    !startswith(strempty(json_get_string(e, "sentence")), "It stopped answering."))
                        return json_get_integer(e, "at", 0);
        return 0;
}

/* at: when it happened. PID 1 tells of an end again whenever the manager was started anew; what is in the timeline outlives that. */
static void tell(Manager* m, AppLive* live, bool killed, int64_t at) {
        _cleanup_app_row_ AppRow row = {};
        AppLimit* l = &live->limit;
        if (m->events) {
                events_changed(m->events, "app");
                events_changed(m->events, "finding");
        }
        int64_t *noted = killed ? &l->killed_noted : &l->refused_noted, now = now_seconds();
        if (*noted == 0)
                *noted = noted_before(m, live, killed);
        if (at - *noted < NOTE_SEC || at <= now - NEWS_SEC || store_app_get(m->store, live->id, &row, NULL) <= 0)
                return;
        *noted = now;
        _cleanup_json_ json_t* manifest = app_manifest(&row);
        _cleanup_free_ char* text = killed ? app_limit_killed(live, manifest) : app_limit_refused(live);
        log_warning("App '%s': %s", live->id, strempty(text));
        app_note(m, live, killed ? "bad" : "warn", strempty(text));
}

/* --- kept over a restart: PID 1 tells then that it was killed, at most, and not what it met --- */

static char* kills_text(const Apps* a, int64_t now) {
        _cleanup_json_ json_t* all = json_object();
        for (size_t i = 0; i < a->live_n; i++) {
                const AppLimit* l = &a->live[i]->limit;
                if (app_limit_was_killed(a->live[i], now))
                        (void) json_object_set_new(all, a->live[i]->id,
                                                   json_pack("[I, I, b, s]", (json_int_t) l->killed_at, (json_int_t) l->killed_mb,
                                                             (int) l->machine, l->container));
        }
        return json_text(all, /* canonical= */ true);
}

static void kills_keep(Manager* m, int64_t now) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ char* text = kills_text(m->apps, now);
        if (!text || store_in_transaction(m->store))
                return; /* a job is at it; the next one is kept again */
        if (store_setting_save(m->store, KEPT, text, &e) < 0)
                log_warning("Cannot keep what apps were stopped for, ignoring: %s", strempty(e.message));
}

/* Not of an app of the same name that was there before. */
static bool is_of(Manager* m, const char* app, int64_t at) {
        _cleanup_app_row_ AppRow row = {};
        return store_app_get(m->store, app, &row, NULL) <= 0 || at >= row.installed_at;
}

void app_limits_load(Manager* m) {
        _cleanup_free_ char* text = NULL;
        const int64_t now = now_seconds();
        if (store_setting_get(m->store, KEPT, &text, NULL) <= 0)
                return;
        _cleanup_json_ json_t* all = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        for (size_t i = 0; i < m->apps->live_n; i++) {
                const char* app = m->apps->live[i]->id;
                AppLimit* l = &m->apps->live[i]->limit;
                json_t* one = json_object_get(all, app);
                json_int_t at, mb;
                const char* container;
                int machine;
                if (!one || json_unpack(one, "[I, I, b, s]", &at, &mb, &machine, &container) < 0 || !is_news(at, now) ||
                    !is_of(m, app, at))
                        continue;
                l->killed_at = at;
                l->killed_mb = mb;
                l->machine = machine;
                (void) snprintf(l->container, sizeof(l->container), "%s", container);
        }
}

/* --- */

static void killed(Manager* m, AppLive* live, int64_t at) {
        AppLimit* l = &live->limit;
        int64_t tight = app_account(m, live->id, "memory.events", "oom");
        bool same = l->killed_at > 0 && !l->machine && at - l->killed_at <= SAME_SEC;
        l->machine = !same && tight <= MAX(l->tight, (int64_t) 0); /* nobody met a limit of the app's, and yet it was killed */
        l->killed_at = at;
        l->killed_mb = memory_then(m, live, at);
        kills_keep(m, now_seconds());
        tell(m, live, true, at);
}

static void accounts_keep(const Manager* m, AppLive* live, int64_t kills, int64_t refused) {
        live->limit.kills = kills;
        live->limit.tight = app_account(m, live->id, "memory.events", "oom");
        live->limit.refused = refused;
}

/* cgroup-v2: memory.events counts of the whole slice. A slice that was made anew counts from nothing. */
void app_limit_look(Manager* m, AppLive* live, int64_t now) {
        AppLimit* l = &live->limit;
        int64_t kills = app_account(m, live->id, "memory.events", "oom_kill"), refused = app_account(m, live->id, "pids.events", "max");
        if (kills > l->kills && l->kills >= 0) {
                *l->container = 0;
                killed(m, live, now);
        }
        if (refused > l->refused && l->refused >= 0) {
                l->refused_at = now;
                tell(m, live, false, now);
        }
        accounts_keep(m, live, kills, refused);
}

void app_limit_ended(Manager* m, AppLive* live, const char* container, int64_t at) {
        AppLimit* l = &live->limit;
        if (at <= l->killed_at + CLOCKS_SEC && l->killed_at <= now_seconds() + SAME_SEC)
                return; /* seen in the accounts, or told before */
        (void) snprintf(l->container, sizeof(l->container), "%s", container);
        killed(m, live, at);
        accounts_keep(m, live, app_account(m, live->id, "memory.events", "oom_kill"), l->refused);
}
