/* steadbox-boot: the apps of a machine that has just booted, without the manager: one after the other, what needs least memory first, so that a
 * small machine does not start all databases at once, and one app that hangs holds nobody up for long. Apart from steadbox-run, which starts faster
 * for not knowing the bus. */
#include "base/log.h"
#include "base/time.h"
#include "run/record.h"
#include <systemd/sd-bus.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PID1_NAME "org.freedesktop.systemd1"
#define PID1_PATH "/org/freedesktop/systemd1"
#define PID1_MANAGER PID1_NAME ".Manager"
#define APPS_MAX 4096
#define TURN_USEC (30 * USEC_PER_SEC) /* as long as the next one waits at most */
#define LOOK_USEC (200 * USEC_PER_MSEC)

DEFINE_CLEANUP(DIR*, closedir);

typedef struct BootApp {
        char id[64];
        uint64_t memory;
} BootApp;

static int compare(const void* a, const void* b) {
        const BootApp *x = a, *y = b;
        return x->memory != y->memory ? (x->memory < y->memory ? -1 : 1) : strcmp(x->id, y->id);
}

static size_t apps_list(int apps_fd, BootApp* apps) {
        int fd = fcntl(apps_fd, F_DUPFD_CLOEXEC, 3);
        _cleanup_(closedirp) DIR* d = fd >= 0 ? fdopendir(fd) : NULL;
        size_t n = 0;
        for (struct dirent* e; d && n < APPS_MAX && (e = readdir(d));) {
                _cleanup_(app_record_freep) AppRecord* a = NULL;
                _cleanup_error_ Error error = ERROR_NULL;
                if (e->d_name[0] == '.')
                        continue;
                int r = app_record_load(apps_fd, e->d_name, &a, &error);
                if (r < 0)
                        log_error("App '%s' is not started: %s", e->d_name, error.message);
                if (r <= 0 || !a->enabled)
                        continue;
                (void) snprintf(apps[n].id, sizeof(apps[n].id), "%s", a->id);
                apps[n++].memory = a->memory_max;
        }
        qsort(apps, n, sizeof(*apps), compare);
        return n;
}

static void unit_queue(sd_bus* bus, const char* method, const char* unit) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = sd_bus_call_method(bus, PID1_NAME, PID1_PATH, PID1_MANAGER, method, &error, NULL, "ss", unit, "replace");
        if (r < 0)
                log_error("%s of %s failed: %s", method, unit, error.message ?: strerror(-r));
        sd_bus_error_free(&error);
}

static void units_queue(sd_bus* bus, const char* method, const AppRecord* a) {
        char unit[160];
        for (size_t i = 0; i < a->containers_n; i++) {
                (void) snprintf(unit, sizeof(unit), "steadbox-app-%s-%s.service", a->id, a->containers[i].name);
                unit_queue(bus, method, unit);
        }
        for (size_t i = 0; i < a->tasks_n; i++) {
                (void) snprintf(unit, sizeof(unit), "steadbox-app-%s-task-%s.timer", a->id, a->tasks[i].id);
                if (a->tasks[i].active)
                        unit_queue(bus, method, unit);
        }
}

/* By somebody who was quicker than we: what the power cut interrupted goes on as soon as the manager is there. */
static bool was_stopped(const char* id) {
        char path[sizeof(APP_STOPPED_PREFIX) + NAME_MAX];
        (void) snprintf(path, sizeof(path), APP_STOPPED_PREFIX "%s", id);
        return access(path, F_OK) >= 0;
}

/* Whether any of the app's units is still on its way up. */
static bool is_starting(sd_bus* bus, const char* id) {
        sd_bus_message *call = NULL, *reply = NULL;
        char pattern[128];
        (void) snprintf(pattern, sizeof(pattern), "steadbox-app-%s-*.service", id);
        int r = sd_bus_message_new_method_call(bus, &call, PID1_NAME, PID1_PATH, PID1_MANAGER, "ListUnitsByPatterns");
        if (r >= 0)
                r = sd_bus_message_append(call, "as", 1, "activating");
        if (r >= 0)
                r = sd_bus_message_append(call, "as", 1, pattern);
        if (r >= 0)
                r = sd_bus_call(bus, call, 0, NULL, &reply);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        bool any = r > 0 && sd_bus_message_at_end(reply, /* complete= */ false) == 0;
        (void) sd_bus_message_unref(call);
        (void) sd_bus_message_unref(reply);
        return any;
}

static void app_start(sd_bus* bus, int apps_fd, const char* id) {
        _cleanup_(app_record_freep) AppRecord* a = NULL;
        if (app_record_load(apps_fd, id, &a, NULL) <= 0 || was_stopped(id))
                return;
        units_queue(bus, "StartUnit", a);
        if (was_stopped(id)) { /* meanwhile: theirs may have come before ours */
                units_queue(bus, "StopUnit", a);
                return;
        }
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + TURN_USEC;
        do
                (void) nanosleep(&(struct timespec) { .tv_nsec = LOOK_USEC * 1000 }, NULL);
        while (is_starting(bus, id) && now_usec(CLOCK_MONOTONIC) < deadline);
}

static int boot(Error* reterr) {
        sd_bus* bus = NULL;
        _cleanup_free_ BootApp* apps = calloc(APPS_MAX, sizeof(*apps));
        _cleanup_close_ int fd = open(APPS_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : error_errno(reterr, -errno, "Cannot open " APPS_DIRECTORY);
        int r = apps ? sd_bus_open_system(&bus) : -ENOMEM;
        if (r < 0)
                return error_errno(reterr, r, "Cannot reach systemd");
        size_t n = apps_list(fd, apps);
        for (size_t i = 0; i < n; i++)
                app_start(bus, fd, apps[i].id);
        log_info("Started %zu apps.", n);
        (void) sd_bus_flush_close_unref(bus);
        return 0;
}

int main(int argc, char** argv) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (argc > 1)
                return fputs("steadbox-boot\n", stdout) < 0 || !streq(argv[1], "--help") ? EXIT_FAILURE : EXIT_SUCCESS;
        int r = boot(&e);
        if (r < 0)
                log_error("%s", error_is_set(&e) ? e.message : strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
