/* How what an app does by the clock went, and when it goes again: asked of systemd, whose timers they are. */
#include "base/time.h"
#include "inside/inside.h"
#include <stdio.h>
#include <systemd/sd-bus.h>

#define TASKS_MAX 64

static inline void bus_closep(sd_bus** bus) {
        (void) sd_bus_flush_close_unref(*bus);
}

static char* path_of(const char* app, const char* task, const char* kind) {
        char unit[160];
        char* path = NULL;
        (void) snprintf(unit, sizeof(unit), "steadbox-app-%s-task-%s.%s", app, task, kind);
        return sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) < 0 ? NULL : path;
}

static uint64_t number(sd_bus* bus, const char* path, const char* interface, const char* property) {
        uint64_t value = 0;
        if (sd_bus_get_property_trivial(bus, "org.freedesktop.systemd1", path, interface, property, NULL, 't', &value) < 0)
                return 0;
        return value == UINT64_MAX ? 0 : value / USEC_PER_SEC;
}

static char* word(sd_bus* bus, const char* path, const char* interface, const char* property) {
        char* value = NULL;
        return sd_bus_get_property_string(bus, "org.freedesktop.systemd1", path, interface, property, NULL, &value) < 0 ? strdup("") : value;
}

static json_t* task_look(sd_bus* bus, const char* app, const char* task) {
        _cleanup_free_ char *service = path_of(app, task, "service"), *timer = path_of(app, task, "timer"), *state = NULL, *result = NULL;
        const char* kind = "idle";
        if (!service || !timer)
                return NULL;
        state = word(bus, service, "org.freedesktop.systemd1.Unit", "ActiveState");
        result = word(bus, service, "org.freedesktop.systemd1.Service", "Result");
        uint64_t ended = number(bus, service, "org.freedesktop.systemd1.Service", "ExecMainExitTimestamp");
        uint64_t last = MAX(number(bus, timer, "org.freedesktop.systemd1.Timer", "LastTriggerUSec"), ended);
        uint64_t next = number(bus, timer, "org.freedesktop.systemd1.Timer", "NextElapseUSecRealtime");
        if (streq(strempty(state), "activating") || streq(strempty(state), "active"))
                kind = "running";
        else if (streq(strempty(state), "failed"))
                kind = "failed";
        return json_pack("{s:s, s:s, s:o, s:o, s:s}", "task", task, "state", kind, "last_at", json_time_or_null((int64_t) last), "next_at",
                         json_time_or_null((int64_t) next), "sentence",
                         last == 0 ? "It has not run yet." : streq(strempty(result), "success") ? "The last run went well." : "The last run failed; the log says why.");
}

int inside_tasks(const json_t* request, json_t** ret, Error* reterr) {
        _cleanup_(bus_closep) sd_bus* bus = NULL;
        _cleanup_json_ json_t* items = json_array();
        const json_t* tasks = json_object_get(request, "tasks");
        const char* app = json_get_string(request, "app");
        int r = sd_bus_open_system(&bus);
        if (r < 0)
                return error_errno(reterr, r, "Cannot ask systemd");
        for (size_t i = 0; i < MIN(json_array_size(tasks), (size_t) TASKS_MAX); i++) {
                const char* task = json_string_value(json_array_get(tasks, i));
                if (!inside_container_valid(task)) /* the same form */
                        return error_set(reterr, ERROR_BAD_REQUEST, "This is not a task.");
                json_t* item = task_look(bus, app, task);
                if (item)
                        (void) json_array_append_new(items, item);
        }
        *ret = json_pack("{s:O}", "items", items);
        return 0;
}
