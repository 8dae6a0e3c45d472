/* Which containers run: PID 1 knows. It is asked again whenever it says that something of an app changed; nothing here waits. */
#include "app/app-internal.h"
#include "base/log.h"
#include "base/time.h"
#include <stdio.h>

#define PREFIX APP_UNIT_PREFIX
#define COALESCE_USEC (50 * USEC_PER_MSEC)
#define MISSED_USEC (300 * USEC_PER_SEC)  /* PID 1 is asked so often even when it said nothing */
#define SYSTEMD "org.freedesktop.systemd1"
#define UNIT_PATHS "/org/freedesktop/systemd1/unit/steadbox_2dapp_2d"

bool app_states_newer(const Manager* m, uint64_t boottime_usec) {
        return m->apps->listed_usec > boottime_usec;
}

/* --- the numbers of one unit --- */

typedef struct Asked {
        Manager* m;
        char id[APP_ID_BYTES], name[40];
} Asked;

typedef struct Numbers {
        uint32_t restarts;
        uint64_t exited_usec;
        AppUnitEnd end;
} Numbers;

static int take_property(sd_bus_message* reply, AppUnitLive* u, Numbers* n) {
        const char *property, *text;
        uint64_t usec;
        int r = sd_bus_message_read(reply, "s", &property);
        if (r < 0)
                return r;
        if (streq(property, "NRestarts"))
                return sd_bus_message_read(reply, "v", "u", &n->restarts);
        if (streq(property, "ExecMainCode"))
                return sd_bus_message_read(reply, "v", "i", &n->end.code);
        if (streq(property, "ExecMainStatus"))
                return sd_bus_message_read(reply, "v", "i", &n->end.status);
        if (streq(property, "ExecMainExitTimestampMonotonic"))
                return sd_bus_message_read(reply, "v", "t", &n->exited_usec);
        if (streq(property, "ExecMainStartTimestamp")) {
                r = sd_bus_message_read(reply, "v", "t", &usec);
                u->started_at = (int64_t) (usec / USEC_PER_SEC);
                return r;
        }
        if (streq(property, "Result")) {
                r = sd_bus_message_read(reply, "v", "s", &text);
                if (r >= 0)
                        (void) snprintf(n->end.result, sizeof(n->end.result), "%s", text);
                return r;
        }
        return sd_bus_message_skip(reply, "v");
}

/* The moment of an end by the wall's clock, from PID 1's monotonic one. */
static int64_t wall_of(uint64_t monotonic_usec) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        return now_seconds() - (int64_t) ((now > monotonic_usec ? now - monotonic_usec : 0) / USEC_PER_SEC);
}

static int on_numbers(sd_bus_message* reply, void* userdata, sd_bus_error* ret_error) {
        _cleanup_free_ Asked* asked = userdata;
        AppLive* live = app_live(asked->m, asked->id);
        AppUnitLive* u = live ? app_unit(live, asked->name) : NULL;
        Numbers n = {};
        if (!u)
                return 0;
        u->asked = false;
        if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_enter_container(reply, 'a', "{sv}") < 0)
                return 0;
        while (sd_bus_message_enter_container(reply, 'e', "sv") > 0)
                if (take_property(reply, u, &n) < 0 || sd_bus_message_exit_container(reply) < 0)
                        break;
        bool ended = n.exited_usec > 0 || !streq(n.end.result, "success");
        app_unit_told(u, n.restarts, ended, &n.end, now_usec(CLOCK_BOOTTIME));
        if (streq(n.end.result, "oom-kill")) /* PID 1 knows that before it knows when the process ended */
                app_limit_ended(asked->m, live, u->name, n.exited_usec > 0 ? wall_of(n.exited_usec) : now_seconds());
        if (*live->job)
                jobs_wake(asked->m->jobs, live->job);
        return 0;
}

static void numbers_ask(Manager* m, AppLive* live, AppUnitLive* u, const char* path) {
        Asked* asked = u->asked ? NULL : calloc(1, sizeof(Asked));
        if (!asked)
                return;
        asked->m = m;
        memcpy(asked->id, live->id, sizeof(asked->id));
        (void) snprintf(asked->name, sizeof(asked->name), "%s", u->name);
        int r = sd_bus_call_method_async(m->bus, NULL, SYSTEMD, path, "org.freedesktop.DBus.Properties", "GetAll", on_numbers, asked, "s",
                                         SYSTEMD ".Service");
        if (r < 0)
                free(asked);
        else
                u->asked = true;
}

/* --- all of them --- */

static AppUnitLive* unit_add(AppLive* live, const char* name) {
        AppUnitLive* u = app_unit(live, name);
        if (u)
                return u;
        u = reallocarray(live->units, live->units_n + 1, sizeof(AppUnitLive));
        if (!u)
                return NULL;
        live->units = u;
        u = &live->units[live->units_n++];
        *u = (AppUnitLive) {};
        (void) snprintf(u->name, sizeof(u->name), "%s", name);
        return u;
}

static void take_unit(Manager* m, const char* unit, const char* active, const char* sub, const char* path) {
        char id[APP_ID_BYTES], name[40];
        AppLive* live = app_unit_parse(unit, id, name) ? app_live(m, id) : NULL;
        AppUnitLive* u = live ? unit_add(live, name) : NULL;
        if (!u)
                return;
        AppUnitState state = app_unit_state(active, sub);
        bool waits = streq(sub, "auto-restart");
        u->seen = true;
        if (state == u->state && !waits)
                return;
        u->state = state;
        live->since = now_seconds();
        numbers_ask(m, live, u, path);
}

/* Units that PID 1 does not name are not loaded: they do not run. */
static void units_end(Manager* m) {
        for (size_t i = 0; i < m->apps->live_n; i++) {
                AppLive* live = m->apps->live[i];
                for (size_t k = 0; k < live->units_n; k++) {
                        if (!live->units[k].seen && live->units[k].state != APP_UNIT_UNKNOWN) {
                                live->units[k].state = APP_UNIT_UNKNOWN;
                                live->since = now_seconds();
                        }
                        live->units[k].seen = false;
                }
                if (*live->job)
                        jobs_wake(m->jobs, live->job);
        }
}

static int on_list(sd_bus_message* reply, void* userdata, sd_bus_error* ret_error) {
        Manager* m = userdata;
        Apps* a = m->apps;
        const char *unit, *description, *load, *active, *sub, *following, *path, *job_type, *job_path;
        uint32_t job;
        a->listing = sd_bus_slot_unref(a->listing);
        if (sd_bus_message_is_method_error(reply, NULL)) {
                log_warning("PID 1 does not say which apps run: %s", strempty(sd_bus_message_get_error(reply)->message));
                return 0;
        }
        int r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r > 0) {
                r = sd_bus_message_read(reply, "(ssssssouso)", &unit, &description, &load, &active, &sub, &following, &path, &job, &job_type, &job_path);
                if (r > 0)
                        take_unit(m, unit, active, sub, path);
        }
        if (r < 0) {
                (void) log_warning_errno(r, "Failed to read which apps run: %m");
                return 0;
        }
        a->listed_usec = a->listing_usec;
        units_end(m);
        if (a->look_again)
                app_state_look_soon(m);
        return 0;
}

static void lister_later(Apps* a, uint64_t usec) {
        (void) sd_event_source_set_time_relative(a->lister, usec);
        (void) sd_event_source_set_enabled(a->lister, SD_EVENT_ONESHOT);
}

static int on_lister(sd_event_source* source, uint64_t usec, void* userdata) {
        Manager* m = userdata;
        Apps* a = m->apps;
        lister_later(a, MISSED_USEC);
        if (a->live_n == 0)
                return 0;
        if (a->listing) {
                a->look_again = true;
                return 0;
        }
        a->look_again = false;
        a->listing_usec = now_usec(CLOCK_BOOTTIME);
        sd_bus_message* call = NULL;
        int r = sd_bus_message_new_method_call(m->bus, &call, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager", "ListUnitsByPatterns");
        if (r >= 0)
                r = sd_bus_message_append(call, "asas", 0, 1, PREFIX "*.service");
        if (r >= 0)
                r = sd_bus_call_async(m->bus, &a->listing, call, on_list, m, 0);
        (void) sd_bus_message_unref(call);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to ask which apps run: %m");
        return 0;
}

void app_state_look_soon(Manager* m) {
        Apps* a = m->apps;
        uint64_t when = 0;
        if (!a || !a->lister)
                return;
        if (a->listing)
                a->look_again = true;
        if (sd_event_source_get_time(a->lister, &when) >= 0 && when <= now_usec(CLOCK_MONOTONIC) + COALESCE_USEC)
                return; /* it is about to */
        lister_later(a, COALESCE_USEC);
}

/* --- what PID 1 says by itself --- */

static int on_job_removed(sd_bus_message* signal, void* userdata, sd_bus_error* ret_error) {
        const char *path, *unit;
        uint32_t id;
        if (sd_bus_message_read(signal, "uos", &id, &path, &unit) >= 0 && startswith(unit, PREFIX))
                app_state_look_soon(userdata);
        return 0;
}

static int on_properties(sd_bus_message* signal, void* userdata, sd_bus_error* ret_error) {
        const char* path = sd_bus_message_get_path(signal);
        if (path && startswith(path, UNIT_PATHS))
                app_state_look_soon(userdata);
        return 0;
}

static int on_subscribed(sd_bus_message* reply, void* userdata, sd_bus_error* ret_error) {
        if (sd_bus_message_is_method_error(reply, NULL))
                log_warning("PID 1 does not tell us about units: %s", strempty(sd_bus_message_get_error(reply)->message));
        return 0;
}

int app_state_start(Manager* m, Error* reterr) {
        Apps* a = m->apps;
        if (!m->bus)
                return 0;
        int r = sd_event_add_time_relative(m->event, &a->lister, CLOCK_MONOTONIC, COALESCE_USEC, 10 * USEC_PER_MSEC, on_lister, m);
        if (r >= 0)
                r = sd_bus_match_signal_async(m->bus, &a->job_removed, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager", "JobRemoved",
                                              on_job_removed, NULL, m);
        if (r >= 0)
                r = sd_bus_add_match_async(m->bus, &a->properties,
                                           "type='signal',sender='" SYSTEMD "',interface='org.freedesktop.DBus.Properties',"
                                           "member='PropertiesChanged',path_namespace='/org/freedesktop/systemd1/unit',arg0='" SYSTEMD ".Unit'",
                                           on_properties, NULL, m);
        if (r >= 0)
                r = sd_bus_call_method_async(m->bus, NULL, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager", "Subscribe", on_subscribed, m, NULL);
        return r < 0 ? error_errno(reterr, r, "Cannot follow the units of apps") : 0;
}

/* --- judging --- */

bool app_units_quiet(const AppLive* live) {
        for (size_t i = 0; i < live->units_n; i++) {
                AppUnitState s = live->units[i].state;
                if (s == APP_UNIT_STARTING || s == APP_UNIT_RUNNING || s == APP_UNIT_STOPPING || s == APP_UNIT_DONE)
                        return false;
        }
        return true;
}

static const AppUnitLive* unit_of(const AppLive* live, const json_t* container) {
        return app_unit((AppLive*) live, strempty(json_get_string(container, "name")));
}

bool app_units_up(const AppLive* live, const json_t* manifest) {
        size_t i;
        json_t* c;
        json_array_foreach(json_object_get(manifest, "containers"), i, c) {
                const AppUnitLive* u = unit_of(live, c);
                if (!u || (u->state != APP_UNIT_RUNNING && u->state != APP_UNIT_DONE))
                        return false;
        }
        return true;
}

char* app_failed_container(const AppLive* live, const json_t* manifest) {
        uint64_t now = now_usec(CLOCK_BOOTTIME);
        size_t i;
        json_t* c;
        json_array_foreach(json_object_get(manifest, "containers"), i, c) {
                const AppUnitLive* u = unit_of(live, c);
                if (u && app_unit_failing(u, now))
                        return app_unit_failure(u);
        }
        return NULL;
}
