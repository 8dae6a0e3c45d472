/* The disk as something apps share: a look at the file system every two seconds, a job that measures where it is needed, and the stop of the one
 * app that fills it. The rules are in disk-rule.c, the reasons in docs/decisions/0028. */
#include "app/disk.h"
#include "app/app-internal.h"
#include "app/disk-room.h"
#include "app/run.h"
#include "app/sweep.h"
#include "api/events.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/helper-client.h"
#include "store/store-job.h"
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#define MEGABYTE ((int64_t) 1 << 20)
#define LOOK_USEC (2 * USEC_PER_SEC)
#define LOOK_FAST_USEC (250 * USEC_PER_MSEC)   /* while the disk falls towards the reserve */
#define SOON_USEC (2 * USEC_PER_SEC)
#define PERIOD_USEC (6 * 3600 * USEC_PER_SEC)
#define JITTER_USEC (3600 * USEC_PER_SEC)
#define START_USEC (60 * USEC_PER_SEC)         /* of the manager: the machine has other things to do then */
#define ALARM_GAP_USEC (3 * USEC_PER_SEC)      /* between two measurings in need */
#define ALARM_COST 5                           /* or so many times what one took */
#define ALARM_FALL (16 * MEGABYTE)             /* and not without something having been taken */
#define FAILED_USEC (60 * USEC_PER_SEC)        /* until an app is measured again that could not be */
#define FRESH_USEC (10 * USEC_PER_SEC)
#define ENDING_USEC (30 * USEC_PER_SEC)        /* a stop may take so long before it is asked again */
#define EXPORT_JOBS 100                        /* so far back is looked for exports; they are kept for a day */

struct AppDisk {
        Manager* m;
        sd_event_source* timer;
        DiskLook look;             /* the last one; at_usec 0 = none yet */
        DiskAlarm alarm;
        bool measuring;            /* a job is at it */
        bool in_need;              /* it was begun because of an alarm: all apps */
        DiskLook asked;            /* how it stood when it began */
        DiskLook measured;         /* the same for the last that measured all; at_usec 0 = none */
        uint64_t cost_usec;        /* what the last one took */
        uint64_t done_usec;        /* when it ended */
        char owed[APP_ID_BYTES];   /* an app that was ended and whose row does not say so yet, as the store could not be written */
        json_t* owed_facts;
        bool bases_new;            /* what apps are compared with is not kept yet */
        DiskRoom room;
};

/* --- looking --- */

static int look(const Manager* m, DiskLook* ret) {
        char path[256];
        struct statvfs s;
        (void) snprintf(path, sizeof(path), "%s/apps", m->state_directory);
        if (statvfs(path, &s) < 0 && statvfs(m->state_directory, &s) < 0)
                return -errno;
        *ret = (DiskLook) {
                .total = (int64_t) s.f_blocks * (int64_t) s.f_frsize,
                .free = (int64_t) s.f_bavail * (int64_t) s.f_frsize,
                .inodes = (int64_t) s.f_files,
                .inodes_free = (int64_t) s.f_favail,
                .at_usec = now_usec(CLOCK_BOOTTIME),
        };
        return 0;
}

int64_t app_disk_limit(const AppRow* row, const json_t* manifest) {
        _cleanup_json_ json_t* limits = json_loads(row->limits, JSON_REJECT_DUPLICATES, NULL);
        int64_t own = json_get_integer(limits, "disk_mb", 0);
        return (own > 0 ? own : json_get_integer(json_object_get(manifest, "resources"), "disk_max_mb", 0)) * MEGABYTE;
}

void app_disk_size_text(int64_t bytes, char ret[static 24]) {
        int64_t mb = MAX(bytes, (int64_t) 0) / MEGABYTE;
        if (mb >= 1000)
                (void) snprintf(ret, 24, "%lld.%lld GB", (long long) (mb / 1000), (long long) (mb % 1000 / 100));
        else
                (void) snprintf(ret, 24, "%lld MB", (long long) mb);
}

json_t* app_disk_show(const AppLive* live) {
        const DiskUse* u = live ? &live->disk : NULL;
        if (!u || u->measured_at == 0)
                return json_null();
        return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "data_mb", (json_int_t) (u->data / MEGABYTE), "scratch_mb",
                         (json_int_t) (u->scratch / MEGABYTE), "kept_mb", (json_int_t) (u->kept / MEGABYTE), "exports_mb",
                         (json_int_t) (u->exports / MEGABYTE), "files", (json_int_t) u->files, "measured_at", (json_int_t) u->measured_at);
}

/* --- why it was stopped --- */

json_t* app_disk_stopped(const AppRow* row) {
        _cleanup_json_ json_t* limits = json_loads(row->limits, JSON_REJECT_DUPLICATES, NULL);
        json_t* facts = json_object_get(limits, "disk_stopped");
        return json_is_object(facts) && streq(row->wanted, "stopped") ? json_incref(facts) : NULL;
}

int app_disk_stopped_set(AppRow* row, const json_t* facts) {
        _cleanup_json_ json_t* limits = json_loads(row->limits, JSON_REJECT_DUPLICATES, NULL);
        if (!limits)
                limits = json_object();
        int r = facts ? json_object_set(limits, "disk_stopped", (json_t*) facts) : 0;
        if (!facts)
                (void) json_object_del(limits, "disk_stopped");
        _cleanup_free_ char* text = r < 0 ? NULL : json_text(limits, /* canonical= */ true);
        return !text ? -ENOMEM : app_row_text(&row->limits, text);
}

char* app_disk_stopped_sentence(const AppRow* row, const json_t* facts) {
        char at[APP_CLOCK_BYTES], since[APP_CLOCK_BYTES], used[24], limit[24], left[24], grown[24], *text = NULL;
        app_clock_text(json_get_integer(facts, "at", 0), at);
        app_clock_text(json_get_integer(facts, "since", 0), since);
        app_disk_size_text(json_get_integer(facts, "used_mb", 0) * MEGABYTE, used);
        app_disk_size_text(json_get_integer(facts, "limit_mb", 0) * MEGABYTE, limit);
        app_disk_size_text(json_get_integer(facts, "free_mb", 0) * MEGABYTE, left);
        app_disk_size_text(json_get_integer(facts, "grown_mb", 0) * MEGABYTE, grown);
        const char* why = strempty(json_get_string(facts, "why"));
        int r = streq(why, "limit")
                                ? asprintf(&text, "%s was stopped at %s because it takes %s of the disk and may take %s. Delete files or raise its limit, then start it.",
                                           row->title, at, used, limit)
                : streq(why, "unmeasured")
                                ? asprintf(&text, "%s was stopped at %s because the disk ran full while it could not be measured: %s went since %s that no other app took, and %s were left. Look through its files, then start it.",
                                           row->title, at, grown, since, left)
                : streq(why, "files")
                                ? asprintf(&text, "%s was stopped at %s because it filled the disk with files: it made %lld since %s, and room for %lld was left. Delete files of it, then start it.",
                                           row->title, at, (long long) json_get_integer(facts, "files", 0), since, (long long) json_get_integer(facts, "files_left", 0))
                                : asprintf(&text, "%s was stopped at %s because it filled the disk: it grew by %s since %s, and %s were left. Delete files of it, then start it.",
                                           row->title, at, grown, since, left);
        return r < 0 ? NULL : text;
}

/* --- measuring --- */

static int add_export(const JobRow* row, void* userdata) {
        json_t* sizes = userdata;
        _cleanup_json_ json_t* result = row->ended_at > now_seconds() - 2 * EXPORT_KEPT_SECONDS ? json_loads(row->result, JSON_REJECT_DUPLICATES, NULL) : NULL;
        const char* id = json_get_string(result, "export");
        char path[128];
        struct stat st;
        (void) snprintf(path, sizeof(path), EXPORT_DIRECTORY "/%.32s.tar", strempty(id));
        if (id && stat(path, &st) >= 0)
                (void) json_object_set_new(sizes, row->object, json_integer(json_get_integer(sizes, row->object, 0) + (json_int_t) st.st_blocks * 512));
        return 0;
}

/* {app: bytes}, owned; once for all that were measured together, as the history of jobs is read for it. */
static json_t* exports_measure(Manager* m) {
        json_t* sizes = json_object();
        int64_t total;
        (void) store_job_list(m->store, &(JobFilter) { .state = "done", .q = "app-export", .limit = EXPORT_JOBS }, add_export, sizes, &total, NULL);
        return sizes;
}

static void base_set(AppDisk* d, AppLive* live, const DiskLook* at) {
        d->bases_new = true;
        live->disk_base = (DiskBase) {
                .own = live->disk_bytes, .files = live->disk.files, .free = at->free, .inodes_free = at->inodes_free, .at = now_seconds(),
        };
}

/* Before an app was measured: what was known of it before the manager was started, where nothing better was kept; nothing, where it came since. */
static void bases_look(AppDisk* d) {
        for (size_t i = 0; i < d->m->apps->live_n; i++) {
                AppLive* live = d->m->apps->live[i];
                bool came = live->disk_base.at < 0;
                if (!came && (live->disk_base.at != 0 || live->disk_bytes < 0))
                        continue;
                live->disk_base = (DiskBase) {
                        .own = came ? 0 : live->disk_bytes, .files = came ? 0 : -1, .free = d->look.free, .inodes_free = d->look.inodes_free,
                        .at = now_seconds(),
                };
                d->bases_new = true;
        }
}

/* peace: the disk was not falling while it was measured, so this is what it is compared with from now on. */
static void take_size(AppDisk* d, const char* app, const json_t* size, const json_t* exports, bool peace) {
        AppLive* live = app_live(d->m, app);
        const char* point;
        json_t* bytes;
        if (!live)
                return;
        DiskUse u = {
                .data = json_get_integer(size, "data", 0), .scratch = json_get_integer(size, "scratch", 0), .files = json_get_integer(size, "files", 0),
                .exports = json_get_integer(exports, app, 0) + json_get_integer(size, "dumps", 0), .measured_at = now_seconds(),
        };
        json_object_foreach(json_object_get(size, "points"), point, bytes)
                u.kept += json_integer_value(bytes);
        live->disk = u;
        live->disk_bytes = u.data + u.scratch;
        live->disk_usec = now_usec(CLOCK_BOOTTIME);
        if (live->disk_soon_usec <= d->asked.at_usec)
                live->disk_soon_usec = 0;
        live->disk_pause_usec = 0;
        if (live->disk_base.files < 0)
                live->disk_base.files = u.files;
        if (peace || live->disk_base.at <= 0)
                base_set(d, live, &d->asked);
}

/* Those that were asked for and did not come, or all of them; nobody is measured without end. In need others are not held up by it. What is known of
 * them goes on counting: an app that cannot be measured is no better off for it. */
static void pause_measuring(Manager* m, const json_t* asked, const json_t* measured) {
        size_t i;
        json_t* id;
        json_array_foreach(asked, i, id) {
                AppLive* live = app_live(m, strempty(json_string_value(id)));
                if (live && !json_object_get(measured, live->id))
                        live->disk_pause_usec = now_usec(CLOCK_BOOTTIME) + FAILED_USEC;
        }
}

/* The last look may be two seconds old, and a disk may be filled in one. */
static bool is_peace(const AppDisk* d) {
        DiskLook now;
        return d->alarm == DISK_CALM && look(d->m, &now) >= 0 && disk_alarm(&d->asked, &now) == DISK_CALM;
}

static int measure_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_json_ json_t* result = NULL;
        const char* app;
        json_t* size;
        int r = job_child(m, job, "size", JOB_APP_DATA, "", json_pack("{s:s, s:O}", "action", "size", "apps", json_object_get(job->request, "apps")), &result, reterr);
        if (r != 1)
                return r;
        _cleanup_json_ json_t* exports = exports_measure(m);
        bool peace = m->apps && m->apps->disk && is_peace(m->apps->disk);
        json_object_foreach(json_object_get(result, "apps"), app, size)
                if (m->apps && m->apps->disk)
                        take_size(m->apps->disk, app, size, exports, peace);
        pause_measuring(m, json_object_get(job->request, "apps"), json_object_get(result, "apps"));
        return 1;
}

/* Where the disk is in need there is one every few seconds. What failed stays to be read. */
static void measure_forget(Manager* m, const char* job) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = store_begin(m->store, &e);
        if (r >= 0) {
                _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
                r = store_job_drop(m->store, job, &e);
                if (r >= 0) {
                        transaction = NULL;
                        r = store_commit(m->store, &e);
                }
        }
        if (r < 0) /* housekeeping takes it with the oldest */
                log_debug("Cannot forget a measuring, ignoring: %s", strempty(e.message));
}

static void measure_ended(Manager* m, Job* job, bool done) {
        AppDisk* d = m->apps ? m->apps->disk : NULL;
        if (!d)
                return;
        if (done)
                measure_forget(m, job->id);
        else
                pause_measuring(m, json_object_get(job->request, "apps"), /* measured= */ NULL);
        d->done_usec = now_usec(CLOCK_BOOTTIME);
        d->cost_usec = d->measuring ? d->done_usec - d->asked.at_usec : 0;
        if (done && d->measuring && d->in_need)
                d->measured = d->asked;
        d->measuring = d->in_need = false;
        if (m->events) {
                events_changed(m->events, "app");
                events_changed(m->events, "finding");
        }
        (void) sd_event_source_set_time_relative(d->timer, 0); /* what came of it is looked at at once */
}

const JobClass app_measure_job = { .step = measure_step, .ended = measure_ended };

static int measure_begin(AppDisk* d, json_t* apps, Error* reterr) {
        Manager* m = d->m;
        char job[JOB_ID_BYTES];
        int r = store_begin(m->store, reterr);
        if (r < 0) {
                json_decref(apps);
                return r;
        }
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = jobs_add(m->jobs, JOB_APP_MEASURE, &app_system_actor, "", json_pack("{s:o}", "apps", apps), job, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

/* Spread over an hour by the app's name, so that not all are due at once after a start. */
static uint64_t period_of(const AppLive* live) {
        uint32_t n = 0;
        for (const char* p = live->id; *p; p++)
                n = n * 31 + (unsigned char) *p;
        return PERIOD_USEC + n % JITTER_USEC;
}

static bool is_due(AppDisk* d, const AppLive* live, uint64_t now) {
        return disk_due(&(DiskTurn) {
                .own = live->disk_bytes, .limit = live->disk_limit, .fallen = live->disk_base.free - d->look.free, .cost_usec = d->cost_usec,
                .now_usec = now, .soon_usec = live->disk_soon_usec, .pause_usec = live->disk_pause_usec,
                .since_usec = live->disk_usec > 0 ? now - live->disk_usec : UINT64_MAX, .period_usec = period_of(live),
        });
}

/* In need all that run are measured, but not again before something happened. */
static bool may_in_need(const AppDisk* d) {
        uint64_t gap = MAX(ALARM_GAP_USEC, d->cost_usec * ALARM_COST);
        bool taken = d->measured.at_usec == 0 || d->measured.free - d->look.free >= ALARM_FALL || d->measured.inodes_free - d->look.inodes_free >= 1000;
        return d->alarm != DISK_CALM && taken && d->look.at_usec >= d->done_usec + gap;
}

static void measure_look(AppDisk* d) {
        _cleanup_error_ Error e = ERROR_NULL;
        bool need = may_in_need(d);
        json_t* apps = json_array();
        for (size_t i = 0; i < d->m->apps->live_n; i++) {
                const AppLive* live = d->m->apps->live[i];
                if (live->present && ((need && !app_units_quiet(live)) || is_due(d, live, d->look.at_usec)))
                        (void) json_array_append_new(apps, json_string(live->id));
        }
        if (json_array_size(apps) == 0) {
                json_decref(apps);
                return;
        }
        d->asked = d->look;
        int r = measure_begin(d, apps, &e);
        if (r >= 0) {
                d->measuring = true;
                d->in_need = need;
                return;
        }
        d->done_usec = d->look.at_usec; /* a while later again */
        if (!error_has_name(&e, ERROR_BUSY))
                log_warning("Cannot measure what apps take, trying again: %s", strempty(e.message));
}

void app_disk_soon(Manager* m, const char* app) {
        AppLive* live = app_live(m, app);
        uint64_t soon = now_usec(CLOCK_BOOTTIME) + SOON_USEC;
        if (live && (live->disk_soon_usec == 0 || live->disk_soon_usec > soon)) /* also where it would have had its turn a while after the start */
                live->disk_soon_usec = soon;
}

/* --- acting --- */

/* What is left to do, its record to begin with, is written where perhaps not a block or a name is left; the one that ate them does no more. */
static void on_ended(json_t* answer, const Error* error, void* userdata) {
        Manager* m = userdata;
        AppDisk* d = m->apps ? m->apps->disk : NULL;
        DiskLook now;
        if (error && !error_has_name(error, ERROR_NOT_FOUND))
                log_warning("Cannot end an app that fills the disk: %s", strempty(error->message));
        if (!error && d && look(m, &now) >= 0 && (now.free < MEGABYTE || (now.inodes > 0 && now.inodes_free == 0)))
                disk_room_give(m, &d->room);
}

static int work_cancel(Manager* m, const AppRow* row, Transaction* transaction, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = jobs_cancel(m->jobs, row->job, &e);
        if (r < 0) /* some cannot be: its processes end all the same, and it is noted when the job is over */
                return error_set(reterr, ERROR_BUSY, "Job '%s' works on app '%s'.", row->job, row->id);
        log_notice("App '%s' fills the disk while job '%s' works on it, which is cancelled.", row->id, row->job);
        *transaction = NULL;
        return store_commit(m->store, reterr);
}

/* The row first; what runs is ended by root at once, since an app may take its time to stop and goes on writing meanwhile. */
static int stop_write(AppDisk* d, const char* app, const json_t* facts, Error* reterr) {
        Manager* m = d->m;
        _cleanup_app_row_ AppRow row = {};
        char job[JOB_ID_BYTES];
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = store_app_get(m->store, app, &row, reterr);
        if (r <= 0)
                return r;
        if (*row.job) /* an installation or an update that fills the disk is taken back; then it is looked again */
                return work_cancel(m, &row, &transaction, reterr);
        r = app_stop(m, &app_system_actor, &row, job, reterr);
        if (r >= 0) {
                app_row_done(&row);
                row = (AppRow) {};
                r = store_app_get(m->store, app, &row, reterr);
        }
        if (r > 0 && app_disk_stopped_set(&row, facts) < 0)
                r = error_errno(reterr, -ENOMEM, "Cannot note why an app was stopped");
        if (r > 0)
                r = store_app_save(m->store, &row, reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* sentence = app_disk_stopped_sentence(&row, facts);
        log_notice("App '%s' is stopped: %s", app, strempty(sentence));
        (void) app_event_add(m, app, "limit", "bad", &app_system_actor, "%s", strempty(sentence));
        transaction = NULL;
        r = store_commit(m->store, reterr);
        app_changed(m, app);
        return r;
}

/* False where a job works on it that does not end for us: others may be looked for meanwhile. */
static bool stop_say(AppDisk* d) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (stop_write(d, d->owed, d->owed_facts, &e) >= 0) {
                *d->owed = 0;
                json_decref(d->owed_facts);
                d->owed_facts = NULL;
                return true;
        }
        if (error_has_name(&e, ERROR_BUSY))
                return false;
        log_warning("Cannot note that app '%s' is stopped, trying again: %s", d->owed, strempty(e.message));
        return true;
}

/* grown: bytes since its base. */
static void stop_begin(AppDisk* d, AppLive* live, const char* why, int64_t grown) {
        _cleanup_error_ Error e = ERROR_NULL;
        const DiskBase* b = &live->disk_base;
        (void) snprintf(d->owed, sizeof(d->owed), "%s", live->id);
        json_decref(d->owed_facts);
        d->owed_facts = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "why", why, "files",
                                  (json_int_t) MAX(live->disk.files - b->files, (int64_t) 0), "files_left", (json_int_t) d->look.inodes_free, "at", (json_int_t) now_seconds(), "used_mb",
                                  (json_int_t) (live->disk_bytes / MEGABYTE), "limit_mb", (json_int_t) (live->disk_limit / MEGABYTE), "free_mb",
                                  (json_int_t) (d->look.free / MEGABYTE), "grown_mb", (json_int_t) (MAX(grown, (int64_t) 0) / MEGABYTE),
                                  "since", (json_int_t) b->at);
        (void) stop_say(d);
        int r = helper_client_app_kill(d->m->helper, live->id, on_ended, d->m, &e);
        if (r < 0)
                log_warning("Cannot end app '%s', which fills the disk: %s", live->id, strempty(e.message));
        live->disk_ended_usec = d->look.at_usec;
        for (size_t i = 0; i < d->m->apps->live_n; i++) /* the others begin anew: what they wrote until now was not it */
                if (d->m->apps->live[i]->disk_bytes >= 0)
                        base_set(d, d->m->apps->live[i], &d->look);
}

static bool is_ending(const AppDisk* d, const AppLive* live) {
        return live->disk_ended_usec > 0 && d->look.at_usec < live->disk_ended_usec + ENDING_USEC;
}

/* An app that is beyond its own limit, as it was measured last. Where a measuring is due out of turn, that is not how it stands: files may have been
 * deleted before it was started again. */
static AppLive* over_limit(AppDisk* d) {
        for (size_t i = 0; i < d->m->apps->live_n; i++) {
                AppLive* live = d->m->apps->live[i];
                if (live->wanted && live->disk_usec > 0 && live->disk_soon_usec == 0 && !is_ending(d, live) &&
                    disk_level(live->disk_bytes, live->disk_limit) == DISK_OVER)
                        return live;
        }
        return NULL;
}

/* One that failed to be measured in need; others may have been since. */
static bool is_unmeasured(const AppDisk* d, const AppLive* live) {
        return live->disk_pause_usec > 0 && live->disk_usec < d->measured.at_usec;
}

/* ret_grown: what it took, bytes; ret_why: for app_disk_stopped_sentence(). */
static AppLive* filler(AppDisk* d, int64_t* ret_grown, const char** ret_why) {
        Apps* a = d->m->apps;
        _cleanup_free_ DiskSuspect* suspects = calloc(MAX(a->live_n, (size_t) 1), sizeof(DiskSuspect));
        for (size_t i = 0; suspects && i < a->live_n; i++) {
                const AppLive* live = a->live[i];
                bool unmeasured = is_unmeasured(d, live);
                if ((live->disk_usec < d->measured.at_usec && !unmeasured) || live->disk_base.at <= 0 || is_ending(d, live) || app_units_quiet(live))
                        continue;
                suspects[i] = (DiskSuspect) {
                        .grown = live->disk_bytes - live->disk_base.own, .grown_files = live->disk.files - live->disk_base.files,
                        .fallen = live->disk_base.free - d->look.free, .fallen_inodes = live->disk_base.inodes_free - d->look.inodes_free,
                        .unmeasured = unmeasured,
                };
        }
        int found = suspects ? disk_culprit(suspects, a->live_n) : -1;
        if (found < 0)
                return NULL;
        bool unmeasured = suspects[found].unmeasured;
        *ret_grown = unmeasured ? disk_unclaimed(suspects, a->live_n, (size_t) found) : suspects[found].grown;
        *ret_why = unmeasured ? "unmeasured" : disk_lacks_files(&d->look) ? "files" : "disk";
        return a->live[found];
}

static void act(AppDisk* d) {
        AppLive* live;
        const char* why;
        int64_t grown;
        if (*d->owed && stop_say(d))
                return;
        if ((live = over_limit(d)))
                stop_begin(d, live, "limit", live->disk_bytes - live->disk_base.own);
        else if (d->alarm == DISK_LOW && d->measured.at_usec > 0 && d->look.at_usec < d->measured.at_usec + d->cost_usec + FRESH_USEC && (live = filler(d, &grown, &why)))
                stop_begin(d, live, why, grown);
}

/* Not in need: then they are as they were, and every block may be the last. */
static void bases_keep(AppDisk* d) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (!d->bases_new || d->alarm != DISK_CALM)
                return;
        d->bases_new = disk_bases_save(d->m, &e) < 0;
        if (d->bases_new)
                log_warning("Cannot keep how the disk stood, trying again: %s", strempty(e.message));
}

/* The log has used up its own room, or could not have any. */
static void on_store_full(void* userdata) {
        AppDisk* d = userdata;
        disk_room_give(d->m, &d->room);
}

void app_disk_full(Manager* m) {
        AppDisk* d = m->apps ? m->apps->disk : NULL;
        if (d && !(d->measuring && d->in_need)) /* the one who is being looked for would eat it at once; what was refused is asked again */
                disk_room_give(m, &d->room);
}

static int on_look(sd_event_source* source, uint64_t usec, void* userdata) {
        AppDisk* d = userdata;
        DiskLook now;
        bool falling = false;
        if (d->m->apps->live_n > 0 && look(d->m, &now) >= 0) {
                falling = now.free < d->look.free;
                d->alarm = disk_alarm(&d->look, &now);
                d->look = now;
                bases_look(d);
                act(d);
                if (!d->measuring)
                        measure_look(d);
        }
        bases_keep(d);
        if (d->alarm == DISK_CALM)
                disk_room_keep(d->m, &d->room, &d->look);
        (void) sd_event_source_set_time_relative(source, d->alarm != DISK_CALM && falling ? LOOK_FAST_USEC : LOOK_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int app_disk_start(Manager* m, Error* reterr) {
        AppDisk* d = calloc(1, sizeof(AppDisk));
        if (!d)
                return error_errno(reterr, -ENOMEM, "Cannot watch the disk");
        *d = (AppDisk) { .m = m, .room = DISK_ROOM_NULL };
        m->apps->disk = d;
        if (look(m, &d->look) >= 0) { /* a measuring from before may end before the first look of the clock */
                d->asked = d->look;
                d->alarm = disk_alarm(&d->look, &d->look);
                disk_room_start(m, &d->room, &d->look);
        }
        disk_bases_load(m);
        store_on_full(m->store, on_store_full, d);
        for (size_t i = 0; i < m->apps->live_n; i++)
                m->apps->live[i]->disk_soon_usec = now_usec(CLOCK_BOOTTIME) + START_USEC;
        int r = sd_event_add_time_relative(m->event, &d->timer, CLOCK_MONOTONIC, LOOK_USEC, 100 * USEC_PER_MSEC, on_look, d);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch the disk");
        (void) sd_event_source_set_description(d->timer, "app-disk");
        return 0;
}

AppDisk* app_disk_free(AppDisk* d) {
        if (!d)
                return NULL;
        store_on_full(d->m->store, NULL, NULL);
        DiskLook now; /* it may have been filled since the last */
        if (d->alarm != DISK_CALM || (look(d->m, &now) >= 0 && disk_alarm(&d->look, &now) != DISK_CALM))
                store_log_leave(d->m->store);
        (void) sd_event_source_disable_unref(d->timer);
        json_decref(d->owed_facts);
        free(d);
        return NULL;
}
