#include "helper/pid1.h"
#include "base/time.h"
#include <signal.h>

#define PID1_NAME "org.freedesktop.systemd1"
#define PID1_PATH "/org/freedesktop/systemd1"
#define PID1_MANAGER "org.freedesktop.systemd1.Manager"

static int bus_failed(Error* reterr, int r, const sd_bus_error* error, const char* method, const char* unit) {
        return error_set(
                        reterr,
                        sd_bus_error_has_name(error, PID1_NAME ".NoSuchUnit") ? ERROR_NOT_FOUND : ERROR_HELPER_FAILED,
                        "systemd refused %s of %s: %s",
                        method,
                        unit,
                        error->message ?: strerror(-r));
}

static int unit_call(sd_bus* bus, const char* method, const char* unit, const char* mode, char** ret_job, Error* reterr) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message* reply = NULL;
        const char* job = NULL;
        int r = sd_bus_call_method(bus, PID1_NAME, PID1_PATH, PID1_MANAGER, method, &error, &reply, "ss", unit, mode);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &job);
        if (r < 0)
                r = bus_failed(reterr, r, &error, method, unit);
        else if (ret_job && !(*ret_job = strdup(job)))
                r = -ENOMEM;
        (void) sd_bus_message_unref(reply);
        sd_bus_error_free(&error);
        return r < 0 ? r : 0;
}

int pid1_unit(sd_bus* bus, const char* method, const char* unit, const char* mode, Error* reterr) {
        return unit_call(bus, method, unit, mode, NULL, reterr);
}

typedef struct Wait {
        char* job;         /* owned; the object path systemd gave our job, NULL until it answered */
        char result[32];   /* how it ended, empty while it runs */
} Wait;

static int on_job_removed(sd_bus_message* m, void* userdata, sd_bus_error* reterror) {
        Wait* w = userdata;
        const char *path = NULL, *unit = NULL, *result = NULL;
        uint32_t id;
        if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
                return 0;
        if (w->job && streq(path, w->job))
                (void) strncpy(w->result, result, sizeof(w->result) - 1);
        return 0;
}

/* Signals that arrive while we wait for the call's reply are queued by sd-bus and dispatched here, after w->job is known. */
static int wait_for_result(sd_bus* bus, Wait* w, unsigned timeout_sec) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + timeout_sec * USEC_PER_SEC;
        while (!w->result[0]) {
                int r = sd_bus_process(bus, NULL);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                uint64_t now = now_usec(CLOCK_MONOTONIC);
                if (now >= deadline)
                        return -ETIME;
                r = sd_bus_wait(bus, deadline - now);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return 0;
}

int pid1_unit_wait(sd_bus* bus, const char* method, const char* unit, unsigned timeout_sec, Error* reterr) {
        Wait w = {};
        sd_bus_slot* slot = NULL;
        int r = sd_bus_match_signal(bus, &slot, PID1_NAME, PID1_PATH, PID1_MANAGER, "JobRemoved", on_job_removed, &w);
        if (r >= 0) /* without a subscriber systemd keeps its signals to itself; subscribing twice is refused and fine */
                (void) sd_bus_call_method(bus, PID1_NAME, PID1_PATH, PID1_MANAGER, "Subscribe", NULL, NULL, NULL);
        if (r < 0)
                return error_errno(reterr, r, "Cannot listen to systemd");
        r = unit_call(bus, method, unit, "replace", &w.job, reterr);
        if (r >= 0) {
                r = wait_for_result(bus, &w, timeout_sec);
                if (r == -ETIME)
                        r = error_set(reterr, ERROR_HELPER_FAILED, "%s did not finish within %u seconds.", unit, timeout_sec);
                else if (r < 0)
                        r = error_errno(reterr, r, "Lost the connection to systemd");
                else if (!streq(w.result, "done"))
                        r = error_set(reterr, ERROR_HELPER_FAILED, "%s failed (%s); its log says why.", unit, w.result);
        }
        (void) sd_bus_slot_unref(slot);
        free(w.job);
        return r;
}

int pid1_units_count(sd_bus* bus, const char* pattern, Error* reterr) {
        static const char* const states[] = { "active", "activating", "deactivating", "reloading" };
        sd_bus_message *call = NULL, *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int n = 0;
        int r = sd_bus_message_new_method_call(bus, &call, PID1_NAME, PID1_PATH, PID1_MANAGER, "ListUnitsByPatterns");
        if (r >= 0)
                r = sd_bus_message_append(call, "as", 4, states[0], states[1], states[2], states[3]);
        if (r >= 0)
                r = sd_bus_message_append(call, "as", 1, pattern);
        if (r >= 0)
                r = sd_bus_call(bus, call, 0, &error, &reply);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r > 0 && (r = sd_bus_message_skip(reply, "(ssssssouso)")) > 0)
                n++;
        if (r < 0)
                (void) bus_failed(reterr, r, &error, "ListUnitsByPatterns", pattern);
        (void) sd_bus_message_unref(call);
        (void) sd_bus_message_unref(reply);
        sd_bus_error_free(&error);
        return r < 0 ? r : n;
}

bool pid1_unit_known(sd_bus* bus, const char* unit) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = sd_bus_call_method(bus, PID1_NAME, PID1_PATH, PID1_MANAGER, "GetUnit", &error, NULL, "s", unit);
        bool known = r >= 0 || !sd_bus_error_has_name(&error, PID1_NAME ".NoSuchUnit");
        sd_bus_error_free(&error);
        return known;
}

/* Where systemd does not say, rather one Reload too many. */
bool pid1_unit_stale(sd_bus* bus, const char* unit) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message* reply = NULL;
        const char* path = NULL;
        int stale = 1;
        int r = sd_bus_call_method(bus, PID1_NAME, PID1_PATH, PID1_MANAGER, "GetUnit", &error, &reply, "s", unit);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                r = sd_bus_get_property_trivial(bus, PID1_NAME, path, PID1_NAME ".Unit", "NeedDaemonReload", &error, 'b', &stale);
        bool unknown = r < 0 && sd_bus_error_has_name(&error, PID1_NAME ".NoSuchUnit");
        (void) sd_bus_message_unref(reply);
        sd_bus_error_free(&error);
        return !unknown && (r < 0 || stale);
}

#define RELOAD_TIMEOUT_USEC (90 * USEC_PER_SEC)

int pid1_reload(sd_bus* bus, Error* reterr) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message* call = NULL;
        int r = sd_bus_message_new_method_call(bus, &call, PID1_NAME, PID1_PATH, PID1_MANAGER, "Reload");
        if (r >= 0)
                r = sd_bus_call(bus, call, RELOAD_TIMEOUT_USEC, &error, NULL);
        if (r < 0)
                r = bus_failed(reterr, r, &error, "Reload", "its units");
        (void) sd_bus_message_unref(call);
        sd_bus_error_free(&error);
        return r < 0 ? r : 0;
}

/* After Reload PID 1 knows the new limits, and writes them down with the next change of the unit (seen with systemd 257, Linux 6.12). Of all
 * that can be set of a unit its markers (org.freedesktop.systemd1(5)) mean nothing to anybody here and leave no file behind. Not for a unit
 * that does not run: that would make its control group. */
int pid1_limits(sd_bus* bus, const char* unit, Error* reterr) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = pid1_units_count(bus, unit, reterr);
        if (r <= 0)
                return r;
        r = sd_bus_call_method(bus, PID1_NAME, PID1_PATH, PID1_MANAGER, "SetUnitProperties", &error, NULL, "sba(sv)", unit, 1, 1, "Markers", "as", 0);
        if (r < 0)
                r = bus_failed(reterr, r, &error, "SetUnitProperties", unit);
        sd_bus_error_free(&error);
        return MIN(r, 0);
}

void pid1_kill(sd_bus* bus, const char* unit) {
        (void) sd_bus_call_method(bus, PID1_NAME, PID1_PATH, PID1_MANAGER, "KillUnit", NULL, NULL, "ssi", unit, "main", (int32_t) SIGKILL);
}

void pid1_reset_failed(sd_bus* bus, const char* unit) {
        (void) sd_bus_call_method(bus, PID1_NAME, PID1_PATH, PID1_MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit);
}
