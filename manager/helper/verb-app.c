/* Apps: what root keeps of one (record.json), the units that run it, and starting and stopping them. */
#include "app-slots.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/validate.h"
#include "helper/check.h"
#include "helper/helper.h"
#include "helper/nginx.h"
#include "helper/pid1.h"
#include "helper/render-app.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#define UNIT_DIRECTORY "/etc/systemd/system"
#define UNIT_BYTES (256 * 1024)

DEFINE_CLEANUP(DIR*, closedir);

static int directory_open(const char* path, int* ret, Error* reterr) {
        *ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return *ret < 0 ? error_errno(reterr, -errno, "Cannot open %s", path) : 0;
}

/* What no two records share and no later record changes. */
typedef struct Seat {
        uint32_t slot;
        bool host_network;
} Seat;

/* Of the app's record: 1 read, 0 there is none. Apart from all else that stands there, which an older version may have put differently. */
static int seat_read(int apps_fd, const char* id, Seat* ret, Error* reterr) {
        char path[NAME_MAX + sizeof("/" APP_RECORD_FILE)];
        _cleanup_(erase_and_freep) char* text = NULL;
        _cleanup_json_ json_t* j = NULL;
        size_t size;
        if (!id_valid(id))
                return 0;
        (void) snprintf(path, sizeof(path), "%s/" APP_RECORD_FILE, id);
        int r = file_read(apps_fd, path, APP_RECORD_BYTES, &text, &size);
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the record of app %s", id);
        r = json_parse_object(text, size, &j, reterr);
        if (r < 0)
                return r;
        int64_t slot = json_get_integer(j, "slot", 0);
        const json_t* host_network = json_object_get(j, "host_network");
        if (!streq(strempty(json_get_string(j, "id")), id) || slot < 1 || slot > APP_SLOT_MAX || !json_is_boolean(host_network))
                return error_set(reterr, ERROR_WRONG_STATE, "The record of app %s does not say whose it is.", id);
        *ret = (Seat) { .slot = (uint32_t) slot, .host_network = json_is_true(host_network) };
        return 1;
}

static int seat_check(const char* id, const Seat* seat, const AppRecord* a, Error* reterr) {
        bool same = streq(id, a->id);
        if (!same && seat->slot == a->slot)
                return error_set(reterr, ERROR_CONFLICT, "Slot %u is that of app %s.", (unsigned) a->slot, id);
        if (same && seat->slot != a->slot)
                return error_set(reterr, ERROR_CONFLICT, "App %s has slot %u; its data would be nobody's.", a->id, (unsigned) seat->slot);
        if (same && seat->host_network != a->host_network)
                return error_set(reterr, ERROR_CONFLICT, "App %s has %s network; that was decided when it was installed.", a->id,
                                 seat->host_network ? "the machine's" : "its own");
        return 0;
}

/* A slot is an app's ids and addresses: two apps with one would own each other's data. Whose network it has was said yes to when it was
 * installed; it does not come or go with a later record. So a record that cannot be read is not replaced either; another's is no obstacle, or one
 * broken app would be the end of all. The way out is to remove the app, which needs no record, and to make it again. */
static int others_check(int apps_fd, const AppRecord* a, Error* reterr) {
        int fd = fcntl(apps_fd, F_DUPFD_CLOEXEC, 3);
        _cleanup_(closedirp) DIR* directory = fd >= 0 ? fdopendir(fd) : NULL;
        if (!directory)
                return error_errno(reterr, -errno, "Cannot list " APPS_DIRECTORY);
        rewinddir(directory);
        for (struct dirent* entry; (entry = readdir(directory));) {
                _cleanup_error_ Error e = ERROR_NULL;
                Seat seat = {};
                int r = seat_read(apps_fd, entry->d_name, &seat, &e);
                if (r < 0 && streq(entry->d_name, a->id))
                        return error_set(
                                        reterr,
                                        ERROR_WRONG_STATE,
                                        "The record that app %s has cannot be read, and is not replaced; uninstall it, keep its data, and restore it: %s",
                                        a->id,
                                        e.message);
                if (r < 0)
                        log_warning("The record of app '%s' cannot be read, its slot is not known: %s", entry->d_name, e.message);
                if (r > 0 && (r = seat_check(entry->d_name, &seat, a, reterr)) < 0)
                        return r;
        }
        return 0;
}

/* APPS_DIRECTORY has the setgid bit, so what we make is root:steadbox without our owning the power to give files away. */
static int app_directory_make(int apps_fd, const char* id, Error* reterr) {
        mode_t mask = umask(0027);
        int r = mkdirat(apps_fd, id, 0750) < 0 && errno != EEXIST ? -errno : 0;
        (void) umask(mask);
        return r < 0 ? error_errno(reterr, r, "Cannot make the directory of app %s", id) : 0;
}

static bool ends_so(const char* name, const char* ending) {
        size_t n = strlen(name), k = strlen(ending);
        return n > k && streq(name + n - k, ending);
}

/* 1 when the file has changed, 0 when it was the same. */
static int unit_put(int units_fd, const AppUnit* u, Error* reterr) {
        _cleanup_free_ char* old = NULL;
        if (file_read(units_fd, u->name, UNIT_BYTES, &old, NULL) >= 0 && streq(old, u->text))
                return 0;
        int r = file_write(units_fd, u->name, u->text, strlen(u->text), 0644);
        return r < 0 ? error_errno(reterr, r, "Cannot write unit %s", u->name) : 1;
}

static bool unit_listed(const AppUnits* keep, const char* name) {
        for (size_t i = 0; keep && i < keep->n; i++)
                if (streq(keep->units[i].name, name))
                        return true;
        return false;
}

/* Takes the app's units away but those to keep (NULL: all); 1 when systemd still has one of them in memory. What runs is not left without its unit. */
static int units_prune(Helper* h, int units_fd, const char* id, const AppUnits* keep, Error* reterr) {
        int fd = fcntl(units_fd, F_DUPFD_CLOEXEC, 3), pruned = 0;
        _cleanup_(closedirp) DIR* directory = fd >= 0 ? fdopendir(fd) : NULL;
        if (!directory)
                return error_errno(reterr, -errno, "Cannot list " UNIT_DIRECTORY);
        rewinddir(directory);
        for (struct dirent* entry; (entry = readdir(directory));) {
                if (!app_unit_is_of(entry->d_name, id) || unit_listed(keep, entry->d_name))
                        continue;
                bool timer = ends_so(entry->d_name, ".timer"), service = ends_so(entry->d_name, ".service");
                if (timer)
                        (void) pid1_unit(h->pid1, "StopUnit", entry->d_name, "replace", NULL);
                int r = service ? pid1_units_count(h->pid1, entry->d_name, reterr) : 0;
                if (r < 0)
                        return r;
                if (r > 0)
                        return error_set(reterr, ERROR_WRONG_STATE, "%s still runs; stop the app first.", entry->d_name);
                if (service)
                        pid1_reset_failed(h->pid1, entry->d_name);
                if (unlinkat(units_fd, entry->d_name, 0) < 0 && errno != ENOENT)
                        return error_errno(reterr, -errno, "Cannot remove unit %s", entry->d_name);
                if (!timer && !service) /* the slice has nothing in it any more, and goes when it is stopped */
                        (void) pid1_unit(h->pid1, "StopUnit", entry->d_name, "replace", NULL);
                else if (pid1_unit_known(h->pid1, entry->d_name))
                        pruned = 1;
        }
        return pruned;
}

/* Each time, and not only after a Reload of ours: who did that may have been killed before it came here. Limits that hold already change nothing. */
static void limits_apply(Helper* h, const AppUnits* units) {
        for (size_t i = 0; i < units->n; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                const char* name = units->units[i].name;
                if (strstr(name, ".timer") || !pid1_unit_known(h->pid1, name))
                        continue;
                if (pid1_limits(h->pid1, name, &e) < 0)
                        log_warning("New limits of %s hold from its next start on: %s", name, e.message);
        }
}

/* systemd reads units it has never seen when they are started. Having it read all of the machine's units again takes it a good part of a second of
 * a busy processor, in which it does nothing else; that is only for those it has in memory. Of a file that was right already systemd is asked
 * whether it has read it: who wrote it may have been killed before it could say so. (One that was pruned and not told of needs nothing: nothing
 * starts it any more, and systemd forgets it by itself.) */
static int units_apply(Helper* h, const AppRecord* a, Error* reterr) {
        _cleanup_(app_units_done) AppUnits units = {};
        _cleanup_close_ int fd = -EBADF;
        bool stale = false;
        int r = render_app(a, &units, reterr);
        if (r >= 0)
                r = directory_open(UNIT_DIRECTORY, &fd, reterr);
        for (size_t i = 0; i < units.n && r >= 0; i++) {
                r = unit_put(fd, &units.units[i], reterr);
                const char* name = units.units[i].name;
                stale = stale || (r > 0 && pid1_unit_known(h->pid1, name)) || (r == 0 && pid1_unit_stale(h->pid1, name));
        }
        if (r >= 0)
                r = units_prune(h, fd, a->id, &units, reterr);
        if (r < 0)
                return r;
        if (stale || r > 0)
                r = pid1_reload(h->pid1, reterr);
        if (r >= 0)
                limits_apply(h, &units);
        return MIN(r, 0);
}

static int record_put(int apps_fd, const AppRecord* a, Error* reterr) {
        char path[64];
        _cleanup_json_ json_t* j = app_record_to_json(a);
        _cleanup_(erase_and_freep) char* text = j ? json_text(j, /* canonical= */ true) : NULL;
        if (!text)
                return error_set(reterr, ERROR_INTERNAL, "The app's record cannot be written as JSON.");
        if (strlen(text) > APP_RECORD_BYTES)
                return error_set(reterr, ERROR_TOO_LARGE, "The app's record is larger than %d bytes.", APP_RECORD_BYTES);
        (void) snprintf(path, sizeof(path), "%s/" APP_RECORD_FILE, a->id);
        int r = file_write(apps_fd, path, text, strlen(text), 0640);
        return r < 0 ? error_errno(reterr, r, "Cannot write the record of app %s", a->id) : 0;
}

static int unit_queue(Helper* h, const char* method, int kind, const char* id, const char* name, Error* reterr) {
        char unit[APP_UNIT_NAME_BYTES];
        app_unit_name(kind, id, name, unit);
        pid1_reset_failed(h->pid1, unit); /* started anew it may fail as often again */
        return pid1_unit(h->pid1, method, unit, "replace", reterr);
}

/* A door that opens lets the clock in, too: the app runs by then, and is not started again. Of one that does not run no timer begins. The record
 * holds already, and people are inside: what systemd refuses here is told, and is no reason to take the app back. */
static void timers_start(Helper* h, const AppRecord* a) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = 0, active = 0;
        for (size_t i = 0; i < a->tasks_n; i++)
                active += a->tasks[i].active;
        for (size_t i = 0; i < a->containers_n && active > 0 && r == 0; i++) {
                char unit[APP_UNIT_NAME_BYTES];
                app_unit_name(APP_UNIT_CONTAINER, a->id, a->containers[i].name, unit);
                r = pid1_units_count(h->pid1, unit, &e);
        }
        bool runs = r > 0;
        for (size_t i = 0; i < a->tasks_n && runs && r >= 0; i++)
                if (a->tasks[i].active)
                        r = unit_queue(h, "StartUnit", APP_UNIT_TIMER, a->id, a->tasks[i].id, &e);
        if (r < 0)
                log_warning("Tasks of app %s may not run by the clock before its next start: %s", a->id, strempty(e.message));
}

/* Safe with a hostile manager: every member is checked (app_record_check()); units are constant text but for ids, words and numbers; the
 * record never becomes configuration of root's but a bundle whose powers are constant too. It can run any program as an app, with an
 * app's powers, in ids no other app has: that is what the manager is for. Units come before the record: what the record names can start. */
int verb_app_apply(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        _cleanup_(app_record_freep) AppRecord* a = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r = app_record_from_message(call, &a, reterr);
        if (r >= 0)
                r = directory_open(APPS_DIRECTORY, &fd, reterr);
        if (r >= 0)
                r = others_check(fd, a, reterr);
        if (r >= 0)
                r = app_directory_make(fd, a->id, reterr);
        if (r >= 0)
                r = units_apply(h, a, reterr);
        if (r >= 0)
                r = record_put(fd, a, reterr);
        if (r >= 0)
                r = nginx_door_set(a->id, !streq(a->gate, "open"), reterr);
        if (r < 0)
                return r;
        timers_start(h, a);
        log_info("App %s applied: %zu containers, %zu tasks%s.", a->id, a->containers_n, a->tasks_n, a->host_network ? ", in the machine's own network" : "");
        return VERB_DONE;
}

static int id_of_call(sd_bus_message* call, const char** ret, Error* reterr) {
        int r = sd_bus_message_read(call, "s", ret);
        return r < 0 ? error_errno(reterr, r, "Cannot read the arguments") : check_id("app", *ret, reterr);
}

static int record_of_call(sd_bus_message* call, AppRecord** ret, Error* reterr) {
        const char* id;
        _cleanup_close_ int fd = -EBADF;
        int r = id_of_call(call, &id, reterr);
        if (r >= 0)
                r = directory_open(APPS_DIRECTORY, &fd, reterr);
        if (r >= 0)
                r = app_record_load(fd, id, ret, reterr);
        if (r < 0)
                return r;
        return r == 0 ? error_set(reterr, ERROR_NOT_FOUND, "There is no app %s.", id) : 0;
}

/* steadbox-boot starts the apps of a machine one after the other, and passes over those that were stopped before their turn came: a job that went on
 * after the boot copies their data, or takes it away. */
static void stopped_note(const char* id, bool stopped) {
        char path[sizeof(APP_STOPPED_PREFIX) + NAME_MAX];
        (void) snprintf(path, sizeof(path), APP_STOPPED_PREFIX "%s", id);
        _cleanup_close_ int fd = stopped ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -EBADF;
        if (stopped ? fd < 0 : unlink(path) < 0 && errno != ENOENT)
                log_warning_errno(-errno, "Cannot note that app %s was %s, ignoring: %m", id, stopped ? "stopped" : "started");
}

/* Safe with a hostile manager: it starts units that we wrote, named by a record that we wrote. */
int verb_app_start(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        _cleanup_(app_record_freep) AppRecord* a = NULL;
        int r = record_of_call(call, &a, reterr);
        if (r < 0)
                return r;
        stopped_note(a->id, false);
        for (size_t i = 0; i < a->containers_n && r >= 0; i++)
                r = unit_queue(h, "StartUnit", APP_UNIT_CONTAINER, a->id, a->containers[i].name, reterr);
        for (size_t i = 0; i < a->tasks_n && r >= 0; i++)
                if (a->tasks[i].active)
                        r = unit_queue(h, "StartUnit", APP_UNIT_TIMER, a->id, a->tasks[i].id, reterr);
        return r < 0 ? r : VERB_DONE;
}

/* Queues a stop; a unit that systemd does not know does not run. */
static int unit_stop(Helper* h, const char* unit, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        pid1_reset_failed(h->pid1, unit); /* one that was stopped is stopped, however it ended */
        int r = pid1_unit(h->pid1, "StopUnit", unit, "replace", &e);
        if (r < 0 && !error_has_name(&e, ERROR_NOT_FOUND))
                return error_set(reterr, e.name, "%s", e.message);
        return 0;
}

static int unit_kill(Helper* h, const char* unit, Error* reterr) {
        pid1_kill(h->pid1, unit);
        return 0;
}

/* Of all the app's units whose file ends so, whatever is said of one; what is killed next and was not told to stop would only be started anew. How
 * many there are, or the first error. What runs has its file (units_prune()), also where the record cannot be read any more. */
static int units_each(Helper* h, const char* id, const char* ending, int (*each)(Helper* h, const char* unit, Error* reterr), Error* reterr) {
        _cleanup_(closedirp) DIR* directory = opendir(UNIT_DIRECTORY);
        int n = 0, failed = 0;
        if (!directory)
                return error_errno(reterr, -errno, "Cannot list " UNIT_DIRECTORY);
        for (struct dirent* entry; (entry = readdir(directory));) {
                if (!app_unit_is_of(entry->d_name, id) || !ends_so(entry->d_name, ending))
                        continue;
                int r = each(h, entry->d_name, reterr);
                failed = failed < 0 ? failed : MIN(r, 0);
                n++;
        }
        return failed < 0 ? failed : n;
}

/* The network goes by itself when the last container has ended, as StopWhenUnneeded= says. But systemd looks whether it is needed only when a unit that
 * needs it changes: not where a start was taken back before it began, and not where that unit's file is gone by then (seen with systemd 257; its
 * issues 18792 and 41234). What is told to stop here ends after the containers, and takes along starts of theirs that still wait. */
static void network_stop(Helper* h, const char* id) {
        _cleanup_error_ Error e = ERROR_NULL;
        char unit[APP_UNIT_NAME_BYTES];
        (void) snprintf(unit, sizeof(unit), "steadbox-appnet@%s.service", id);
        if (unit_stop(h, unit, &e) < 0)
                log_warning("The network of app %s may stay: %s", id, e.message);
}

/* Timers first: they would start what was stopped. The network also where a container could not be told. */
static int units_stop(Helper* h, const char* id, Error* reterr) {
        stopped_note(id, true);
        int timers = units_each(h, id, ".timer", unit_stop, reterr);
        int services = units_each(h, id, ".service", unit_stop, reterr);
        if (services != 0)
                network_stop(h, id);
        else
                stopped_note(id, false);
        if (timers < 0 || services < 0)
                return MIN(timers, services);
        return services > 0 ? 0 : error_set(reterr, ERROR_NOT_FOUND, "There is no app %s.", id);
}

/* Safe with a hostile manager: it stops units of apps and nothing else, found by the names that only render_app() gives. */
int verb_app_stop(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char* id;
        int r = id_of_call(call, &id, reterr);
        if (r >= 0)
                r = units_stop(h, id, reterr);
        return r < 0 ? r : VERB_DONE;
}

/* For an app that does harm while it takes its time to end. Safe with a hostile manager: as the stop, which the manager may ask for anyway; the
 * stop is queued first, so that systemd does not start anew what is killed. */
int verb_app_kill(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char* id;
        int r = id_of_call(call, &id, reterr);
        if (r < 0)
                return r;
        r = units_stop(h, id, reterr);
        (void) units_each(h, id, ".service", unit_kill, NULL);
        return r < 0 ? r : VERB_DONE;
}

/* Safe with a hostile manager: removes files of names that only render_app() gives, and the record. Data is not touched. */
int verb_app_remove(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char* id;
        char path[64];
        _cleanup_close_ int units_fd = -EBADF, apps_fd = -EBADF;
        int r = id_of_call(call, &id, reterr);
        if (r >= 0)
                r = directory_open(UNIT_DIRECTORY, &units_fd, reterr);
        if (r >= 0)
                r = directory_open(APPS_DIRECTORY, &apps_fd, reterr);
        if (r >= 0)
                r = units_prune(h, units_fd, id, /* keep= */ NULL, reterr);
        if (r >= 0) /* before systemd forgets who needed it */
                network_stop(h, id);
        if (r > 0)
                r = pid1_reload(h->pid1, reterr);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "%s/" APP_RECORD_FILE, id);
        if (unlinkat(apps_fd, path, 0) < 0 && errno != ENOENT && errno != ENOTDIR)
                return error_errno(reterr, -errno, "Cannot remove the record of app %s", id);
        stopped_note(id, false);
        r = nginx_door_set(id, /* closed= */ false, reterr);
        return r < 0 ? r : VERB_DONE;
}

/* Safe with a hostile manager: the task is one of the record, run inside the app. */
int verb_app_task_run(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        _cleanup_(app_record_freep) AppRecord* a = NULL;
        const char* task;
        int r = record_of_call(call, &a, reterr);
        if (r >= 0 && (r = sd_bus_message_read(call, "s", &task)) < 0)
                r = error_errno(reterr, r, "Cannot read the arguments");
        if (r >= 0)
                r = check_length("task", task, 32, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < a->tasks_n; i++)
                if (streq(a->tasks[i].id, task)) {
                        r = unit_queue(h, "StartUnit", APP_UNIT_TASK, a->id, task, reterr);
                        return r < 0 ? r : VERB_DONE;
                }
        return error_field(reterr, ERROR_NOT_FOUND, "task", "App %s has no such task.", a->id);
}
