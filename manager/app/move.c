#include "app/answers.h"
#include "app/move.h"
#include "base/log.h"
#include "base/time.h"
#include "store/store-job.h"
#include <stdio.h>

/* --- the journal --- */

static bool flag(const Job* job, const char* key) {
        return json_is_true(json_object_get(job->journal, key));
}

static void flag_set(Job* job, const char* key) {
        (void) json_object_set_new(job->journal, key, json_true());
}

static const char* text(const Job* job, const char* key) {
        return strempty(json_get_string(job->journal, key));
}

const char* move_id(Job* job, const char* key) {
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz012345"; /* 32: no bias */
        if (!json_get_string(job->journal, key)) {
                char id[17];
                uint8_t bytes[sizeof(id) - 1];
                random_bytes(bytes, sizeof(bytes));
                for (size_t i = 0; i < sizeof(bytes); i++)
                        id[i] = alphabet[bytes[i] & 31];
                id[sizeof(id) - 1] = 0;
                (void) json_object_set_new(job->journal, key, json_string(id));
        }
        return text(job, key);
}

static void again_each(Job* job, const char* step) {
        char name[32];
        for (unsigned i = 0; i < VERSION_HOPS_MAX; i++) {
                (void) snprintf(name, sizeof(name), "%s-%u", step, i);
                app_step_again(job, name);
        }
}

static void old_add(Job* job, const char* key, const char* id) {
        json_t* old = json_object_get(job->journal, key);
        if (!old)
                (void) json_object_set_new(job->journal, key, old = json_array());
        if (id)
                (void) json_array_append_new(old, json_string(id));
}

/* Nobody goes back to it; what there is of it goes with the next copy, or with the undo, when those that write
 * it are over: a restart of the machine ends none of them, they are begun again. */
static void point_forget(Job* job) {
        static const char* const copies[] = { "point", "early" };
        for (size_t i = 0; i < ELEMENTS(copies); i++) {
                old_add(job, "copies-old", job_child_id(job, copies[i]));
                app_step_again(job, copies[i]);
        }
        old_add(job, "points-old", json_get_string(job->journal, "point"));
        (void) json_object_del(job->journal, "point");
        (void) json_object_del(job->journal, "pointed");
}

/* Sub-steps that were done to the running machine are to be done again, and a copy that was made before is older than the data, unless the app was let go
 * on after it. */
static void reboot_forget(Job* job) {
        static const char* const steps[] = { "close", "before", "stop", "rest", "open", "back-stop", "back-apply", "back-start", "back-answer", "back-open" };
        static const char* const each[] = { "stop", "apply", "start", "answer" };
        for (size_t i = 0; i < ELEMENTS(steps); i++)
                app_step_again(job, steps[i]);
        for (size_t i = 0; i < ELEMENTS(each); i++)
                again_each(job, each[i]);
        (void) json_object_del(job->journal, "back-opened");
        if (flag(job, "touched") || flag(job, "admitted"))
                return;
        point_forget(job);
}

void move_reboot_check(Job* job) {
        if (app_boot_is_new(job, "boot"))
                reboot_forget(job);
}

/* --- rows --- */

static int save(Manager* m, const AppRow* row, Error* reterr) {
        int r = store_app_save(m->store, row, reterr);
        return MIN(r, 0);
}

static int set(char** field, const char* value, Error* reterr) {
        return app_row_text(field, value) < 0 ? error_errno(reterr, -ENOMEM, "Cannot change an app") : 0;
}

int point_note(Manager* m, const AppRow* row, const char* id, const char* kind, const char* version, int64_t bytes, Error* reterr) {
        _cleanup_json_ json_t* note = app_note_make(m, row, reterr);
        if (note && answers_note(note, /* before= */ streq(kind, "point")) < 0) /* what was put aside for the next version is this one's */
                return error_errno(reterr, -ENOMEM, "Cannot note a restore point");
        _cleanup_free_ char* record = note ? json_text(note, /* canonical= */ true) : NULL;
        if (!record)
                return error_is_set(reterr) ? -EIO : error_errno(reterr, -ENOMEM, "Cannot note a restore point");
        AppPointRow p = {
                .id = (char*) id, .app_id = row->id, .kind = (char*) kind, .record = record, .version = (char*) version, .title = row->title, .name = row->name,
                .slot = row->slot, .size = bytes, .created_at = now_seconds(), .kept_until = now_seconds() + MOVE_KEEP_SEC,
        };
        int r = store_app_point_put(m->store, &p, reterr);
        return MIN(r, 0);
}

/* 1 when nobody writes any more what was forgotten. */
static int copies_old_end(Manager* m, Job* job, Error* reterr) {
        json_t* old = json_object_get(job->journal, "copies-old");
        while (json_array_size(old) > 0) {
                const char* id = strempty(json_string_value(json_array_get(old, 0)));
                int r = store_job_is_open(m->store, id, reterr);
                if (r > 0)
                        r = jobs_cancel(m->jobs, id, reterr) < 0 ? -EIO : JOB_WAIT; /* its end wakes us */
                if (r != 0)
                        return r;
                (void) json_array_remove(old, 0);
        }
        return 1;
}

/* 1 when none of those that were forgotten is left. */
static int points_old_drop(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        json_t* old = json_object_get(job->journal, "points-old");
        int ended = copies_old_end(m, job, reterr);
        if (ended != 1)
                return ended;
        while (json_array_size(old) > 0) {
                const char* point = strempty(json_string_value(json_array_get(old, 0)));
                int r = app_step_data(m, job, "drop-old", row, "remove", json_pack("{s:s}", "point", point), NULL, reterr);
                if (r != 1)
                        return r;
                r = store_app_point_remove(m->store, point, reterr);
                if (r < 0)
                        return r;
                app_step_again(job, "drop-old"); /* for the next of them */
                (void) json_array_remove(old, 0);
        }
        return 1;
}

json_t* move_caches(const json_t* manifest) {
        json_t *list = json_array(), *d;
        size_t i;
        json_array_foreach(json_object_get(manifest, "data"), i, d)
                if (streq_ptr(json_get_string(d, "class"), "cache"))
                        (void) json_array_append(list, json_object_get(d, "name"));
        return list;
}

bool move_keeps_none(const json_t* manifest) {
        return json_array_size(json_object_get(manifest, "containers")) > 0 &&
               json_array_size(json_object_get(manifest, "data")) == 0;
}

/* --- forwards --- */

int move_begin(Manager* m, Job* job, AppRow* row, Error* reterr) {
        if (json_get_string(job->journal, "from"))
                return 1;
        (void) json_object_set_new(job->journal, "from", json_string(row->version));
        (void) json_object_set_new(job->journal, "gate", json_string(row->gate));
        (void) json_object_set_new(job->journal, "state", json_string(streq(row->state, "broken") ? "broken" : "present"));
        (void) json_object_set_new(job->journal, "wanted", json_string(row->wanted));
        move_reboot_check(job);
        int r = set(&row->state, "updating", reterr);
        if (r >= 0)
                r = save(m, row, reterr);
        app_changed(m, row->id);
        return r < 0 ? r : 1;
}

static json_t* point_request(Job* job, const AppRow* row, bool early) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        return json_pack("{s:s, s:b, s:b, s:o}", "point", move_id(job, "point"), "early", (int) early, "keeps_none",
                         (int) move_keeps_none(manifest), "without", move_caches(manifest));
}

/* The door and the state as they were before, for what was not proven to be any better. */
static int stand_as_before(Job* job, AppRow* row, Error* reterr) {
        int r = set(&row->gate, text(job, "gate"), reterr);
        return r < 0 ? r : set(&row->state, json_get_string(job->journal, "state") ?: "present", reterr);
}

/* One that answers is not broken any more, and the door that was shut when it broke opens. */
static int stand_proven(Job* job, AppRow* row, Error* reterr) {
        bool broken = streq(text(job, "state"), "broken");
        int r = stand_as_before(job, row, reterr);
        if (r >= 0 && broken)
                r = app_gate_set(row, /* open= */ true);
        return r < 0 ? r : set(&row->state, "present", reterr);
}

static bool was_running(const Job* job) {
        return streq(text(job, "wanted"), "running");
}

static int shut(Manager* m, Job* job, AppRow* row, Error* reterr) {
        if (flag(job, "closed"))
                return 1;
        int r = app_gate_set(row, /* open= */ false);
        if (r < 0)
                return error_errno(reterr, r, "Cannot shut the door of an app");
        r = save(m, row, reterr);
        if (r < 0)
                return r;
        flag_set(job, "closed");
        (void) json_object_set_new(job->journal, "closed_at", json_integer((json_int_t) now_seconds()));
        return 1;
}

int move_shut(Manager* m, Job* job, AppRow* row, MoveKeep keep, Error* reterr) {
        int r = 1;
        if (keep == MOVE_KEEP_COPY && was_running(job) && !flag(job, "closed")) {
                job_say(job, "Copying the data of %s while it runs", row->title);
                r = app_step_data(m, job, "early", row, "point", point_request(job, row, /* early= */ true), NULL, reterr);
        }
        if (r == 1)
                r = shut(m, job, row, reterr);
        return r == 1 ? app_step_apply(m, job, "close", row, reterr) : r;
}

int move_close(Manager* m, Job* job, AppRow* row, MoveKeep keep, const char* hook, Error* reterr) {
        int r = move_shut(m, job, row, keep, reterr);
        if (r == 1 && hook && was_running(job))
                r = app_step_hook(m, job, "before", row, hook, reterr);
        if (r == 1) {
                flag_set(job, "stopped");
                job_say(job, "Stopping %s", row->title);
                r = app_step_stop(m, job, "stop", row->id, reterr);
        }
        return r;
}

int move_keep(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* result = NULL;
        if (flag(job, "pointed"))
                return 1;
        int r = app_step_stop(m, job, "stop", row->id, reterr); /* after a restart of the machine it may run again */
        if (r == 1)
                r = points_old_drop(m, job, row, reterr);
        if (r != 1)
                return r;
        job_say(job, "Keeping the data of %s as it is", row->title);
        r = app_step_data(m, job, "point", row, "point", point_request(job, row, /* early= */ false), &result, reterr);
        if (r != 1)
                return r;
        r = point_note(m, row, text(job, "point"), "point", row->version, json_get_integer(result, "bytes", 0), reterr);
        if (r < 0)
                return r;
        flag_set(job, "pointed");
        return 1;
}

/* The version that is left becomes a kept one. */
static int leave(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        const char* point = flag(job, "swapped") ? text(job, "replaced") : flag(job, "pointed") ? text(job, "point") : "";
        AppVersionRow left = {
                .app_id = row->id, .version = row->version, .manifest = row->manifest, .images = row->images, .point = (char*) point,
                .since = row->installed_at, .left_at = now_seconds(), .kept_until = now_seconds() + MOVE_KEEP_SEC,
        };
        int r = store_app_version_put(m->store, &left, reterr);
        return MIN(r, 0);
}

static int become(AppRow* row, const AppVersionRow* to, Error* reterr) {
        int r = set(&row->version, to->version, reterr);
        if (r >= 0)
                r = set(&row->manifest, to->manifest, reterr);
        if (r >= 0)
                r = set(&row->images, to->images, reterr);
        return r;
}

int move_switch(Manager* m, Job* job, AppRow* row, const char* what, const AppVersionRow* to, Error* reterr) {
        char step[32];
        int r = 0;
        if (!streq(row->version, to->version)) {
                _cleanup_json_ json_t* manifest = NULL;
                job_say(job, "Putting %s %s in place", row->title, to->version);
                if (streq(row->version, text(job, "from"))) /* versions in between were never used */
                        r = leave(m, job, row, reterr);
                if (r >= 0)
                        r = become(row, to, reterr);
                manifest = app_manifest(row);
                if (r >= 0)
                        r = app_secrets_make(m, row->id, manifest, reterr);
                if (r >= 0)
                        r = save(m, row, reterr);
                if (r < 0)
                        return r;
                flag_set(job, "touched");
                return 0; /* this is in the store before anything acts on it */
        }
        (void) snprintf(step, sizeof(step), "directories-%s", what);
        r = app_step_directories(m, job, step, row, reterr);
        if (r != 1)
                return r;
        (void) snprintf(step, sizeof(step), "apply-%s", what);
        return app_step_apply(m, job, step, row, reterr);
}

int move_start(Manager* m, Job* job, AppRow* row, const char* what, Error* reterr) {
        char step[32];
        (void) snprintf(step, sizeof(step), "start-%s", what);
        job_say(job, "Starting %s %s", row->title, row->version);
        return app_step_start(m, job, step, row->id, reterr);
}

int move_stop(Manager* m, Job* job, AppRow* row, const char* what, Error* reterr) {
        char step[32];
        (void) snprintf(step, sizeof(step), "stop-%s", what);
        return app_step_stop(m, job, step, row->id, reterr);
}

/* It goes on as people wanted it. */
int move_admit(Manager* m, Job* job, AppRow* row, bool proven, Error* reterr) {
        int r;
        if (!was_running(job)) {
                r = app_step_stop(m, job, "rest", row->id, reterr);
                if (r != 1)
                        return r;
        }
        if (!flag(job, "admitted")) {
                flag_set(job, "admitted");
                r = proven ? stand_proven(job, row, reterr) : stand_as_before(job, row, reterr);
                if (r >= 0)
                        r = save(m, row, reterr);
                return r < 0 ? r : 0; /* committed before the first visitor is let in */
        }
        return app_step_apply(m, job, "open", row, reterr);
}

/* --- backwards --- */

/* The data of before comes from the point it is kept under, and what stands there goes where `away` says. */
static int data_back(Manager* m, Job* job, AppRow* row, const char* point, const char* away, Error* reterr) {
        _cleanup_app_point_row_ AppPointRow known = {};
        if (flag(job, "back-data-noted"))
                return 1;
        int r = app_step_data(m, job, "back-data", row, "restore", json_pack("{s:s, s:s}", "point", point, "replaced", away), NULL, reterr);
        if (r != 1)
                return r;
        r = store_app_point_remove(m->store, point, reterr);
        if (r >= 0)
                r = store_app_point_get(m->store, away, &known, reterr);
        if (r == 0) /* else a return had put it in place, and it is the point that it was before, with its own answers */
                r = point_note(m, row, away, "replaced", row->version, 0, reterr);
        if (r < 0)
                return r;
        flag_set(job, "back-data-noted");
        return 1;
}

/* Data and row as they were before the switch. */
static int take_back(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_app_version_row_ AppVersionRow old = {};
        int r = app_step_stop(m, job, "back-stop", row->id, reterr);
        if (r == 1 && flag(job, "pointed") && flag(job, "touched"))
                r = data_back(m, job, row, text(job, "point"), move_id(job, "replaced"), reterr);
        else if (r == 1 && flag(job, "swapped")) /* a rollback put other data in place: the same exchange once more */
                r = data_back(m, job, row, text(job, "replaced"), text(job, "target_point"), reterr);
        if (r != 1 || streq(row->version, text(job, "from")))
                return r;
        r = store_app_version_get(m->store, row->id, text(job, "from"), &old, reterr);
        if (r <= 0)
                return r < 0 ? r : error_set(reterr, ERROR_INTERNAL, "The version to go back to is not kept.");
        r = become(row, &old, reterr);
        if (r >= 0)
                r = store_app_version_remove(m->store, row->id, old.version, reterr);
        if (r >= 0)
                r = save(m, row, reterr);
        return r < 0 ? r : 0;
}

/* What people had answered before; where people were let in, what they are used to by now. */
static int answers_back(Manager* m, Job* job, AppRow* row, bool back, Error* reterr) {
        const char* settings = back ? json_get_string(job->journal, "settings") : NULL;
        int r = answers_settle(m, row->id, back, reterr);
        if (r >= 0 && settings)
                r = set(&row->settings, settings, reterr);
        if (r >= 0 && settings)
                r = save(m, row, reterr);
        (void) json_object_del(job->journal, "settings");
        return r < 0 ? r : 1;
}

int move_given_up(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        bool swapped = flag(job, "swapped");
        bool unsure = !swapped && flag(job, "swapping") && *text(job, "replaced");
        if ((!swapped && !unsure) || flag(job, "back-data-noted"))
                return 0;
        int r = unsure ? 0 : store_app_point_remove(m->store, text(job, "target_point"), reterr);
        if (r >= 0 && !flag(job, "swap-noted"))
                r = point_note(m, row, text(job, "replaced"), "replaced", row->version, 0, reterr);
        return MIN(r, 0);
}

/* Root's record is that of the row again, and the app does what people wanted. An answer that does not come is no reason to keep them out. */
static int resume(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = app_step_apply(m, job, "back-apply", row, reterr);
        if (r == 1 && was_running(job) && flag(job, "stopped"))
                r = app_step_start(m, job, "back-start", row->id, reterr);
        if (r == 1 && was_running(job) && flag(job, "stopped") && !flag(job, "back-silent")) {
                r = app_step_answer(m, job, "back-answer", row, &e);
                if (r < 0) {
                        job_log(m, job, "warning", "%s", strempty(e.message));
                        flag_set(job, "back-silent");
                        r = 1;
                }
        }
        if (r != 1)
                return r;
        if (!flag(job, "back-opened")) {
                flag_set(job, "back-opened");
                r = stand_as_before(job, row, reterr);
                if (r >= 0)
                        r = save(m, row, reterr);
                return r < 0 ? r : 0;
        }
        return app_step_apply(m, job, "back-open", row, reterr);
}

/* A try that failed after the door was to open had given the app free in its row. */
static int shut_again(Manager* m, Job* job, AppRow* row, Error* reterr) {
        if (!flag(job, "closed") || flag(job, "back-opened") || (streq(row->state, "updating") && !streq(row->gate, "open")))
                return 1;
        int r = app_gate_set(row, /* open= */ false);
        if (r >= 0)
                r = set(&row->state, "updating", reterr);
        if (r >= 0)
                r = save(m, row, reterr);
        return r < 0 ? r : 0; /* in the store before the next try can fail */
}

int move_undone(Job* job, int r) {
        if (r != 0)
                return r;
        job_wait_until(job, now_usec(CLOCK_BOOTTIME));
        return JOB_WAIT;
}

/* An exchange that was asked for and not heard of may have happened: asked for once more it has for certain, and is then taken back like any other. */
static int swap_settle(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (!flag(job, "swapping") || flag(job, "swapped"))
                return 1;
        int r = app_step_stop(m, job, "back-stop", row->id, reterr);
        if (r != 1)
                return r;
        r = app_step_data(m, job, "back-swap", row, "restore",
                          json_pack("{s:s, s:s}", "point", text(job, "target_point"), "replaced", move_id(job, "replaced")), NULL, &e);
        if (r < 0 && error_has_name(&e, ERROR_NOT_FOUND)) /* neither that point nor what it replaced: so nothing was exchanged */
                return json_object_del(job->journal, "swapping");
        if (r < 0 && reterr) {
                *reterr = e;
                e = ERROR_NULL;
        }
        if (r == 1)
                flag_set(job, "swapped");
        return r == 1 ? 0 : r;
}

int move_back(Manager* m, Job* job, AppRow* row, VersionReturn* ret_how, Error* reterr) {
        bool admitted = flag(job, "admitted");
        app_undo_again(job);
        move_reboot_check(job);
        int r = admitted ? move_admit(m, job, row, /* proven= */ false, reterr) : swap_settle(m, job, row, reterr);
        if (r != 1) /* people were let in, so the door has to be open, whatever came in between */
                return r;
        bool touched = flag(job, "touched") || flag(job, "swapped");
        *ret_how = version_return(touched, admitted, /* older_bears_data= */ false);
        if (admitted || !json_get_string(job->journal, "from")) /* it is as it should be, or was never begun */
                return answers_back(m, job, row, /* back= */ !admitted, reterr);
        r = shut_again(m, job, row, reterr);
        if (r == 1)
                r = touched ? take_back(m, job, row, reterr) : 1;
        if (r == 1)
                r = answers_back(m, job, row, /* back= */ true, reterr);
        if (r == 1 && flag(job, "closed"))
                r = resume(m, job, row, reterr);
        else if (r == 1 && streq(row->state, "updating")) {
                r = stand_as_before(job, row, reterr);
                r = r < 0 ? r : save(m, row, reterr) < 0 ? -EIO : 1;
        }
        if (r == 1)
                r = points_old_drop(m, job, row, reterr);
        if (r == 1 && !touched && json_get_string(job->journal, "point")) {
                r = app_step_data(m, job, "back-drop", row, "remove", json_pack("{s:s}", "point", text(job, "point")), NULL, reterr);
                if (r == 1)
                        r = store_app_point_remove(m->store, text(job, "point"), reterr) < 0 ? -EIO : 1;
        }
        return r;
}

/* --- housekeeping --- */

typedef struct Kept {
        Manager* m;
        unsigned seen;
        json_t* go;          /* versions */
        int64_t now;
} Kept;

static int on_version(const AppVersionRow* row, void* userdata) {
        Kept* k = userdata;
        if (row->left_at == 0)
                return 0; /* being fetched */
        if (++k->seen > MOVE_VERSIONS_KEPT || row->kept_until < k->now)
                return json_array_append_new(k->go, json_pack("{s:s, s:s}", "version", row->version, "point", row->point));
        return 0;
}

int move_thin(Manager* m, const char* app, Error* reterr) {
        _cleanup_json_ json_t* go = json_array();
        Kept k = { .m = m, .go = go, .now = now_seconds() };
        size_t i;
        json_t* v;
        int r = store_app_version_each(m->store, app, on_version, &k, reterr);
        json_array_foreach(go, i, v) {
                _cleanup_app_point_row_ AppPointRow p = {};
                const char* point = strempty(json_get_string(v, "point"));
                if (r >= 0)
                        r = store_app_version_remove(m->store, app, json_get_string(v, "version"), reterr);
                if (r < 0 || !*point || (r = store_app_point_get(m->store, point, &p, reterr)) <= 0)
                        continue;
                p.kept_until = MIN(p.kept_until, k.now); /* housekeeping takes it */
                r = store_app_point_put(m->store, &p, reterr);
        }
        if (json_array_size(go) > 0)
                app_images_clean_soon(m);
        return MIN(r, 0);
}
