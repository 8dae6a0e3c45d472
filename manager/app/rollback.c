/* Job app-rollback: to a version that is kept, by hand or because a fresh update does not answer any more. Without `data` only the program goes
 * back, and a copy of the data is made first, so that a program that does not bear it after all costs nothing. With `data` that of the moment when the
 * version was left comes back, and the present one is kept for 30 days. What people answered goes back with either, see answers.h. */
#include "base/time.h"
#include "app/answers.h"
#include "app/move.h"
#include "app/own.h"
#include "app/update.h"
#include "package/manifest.h"
#include <stdio.h>

enum { PULL, STOP, KEEP, SWITCH, START, ANSWER };

static bool with_data(const Job* job) {
        return json_get_boolean(job->request, "data", false);
}

/* Where the present version's data is put back, the target is the row itself. */
static int target(Manager* m, const Job* job, const AppRow* row, AppVersionRow* ret, Error* reterr) {
        const char* version = strempty(json_get_string(job->request, "version"));
        int r = store_app_version_get(m->store, row->id, version, ret, reterr);
        if (r != 0 || !streq(row->version, version))
                return r < 0 ? r : r == 0 ? error_set(reterr, ERROR_NOT_FOUND, "Version %s is not kept.", version) : 0;
        *ret = (AppVersionRow) {
                .app_id = strdup(row->id), .version = strdup(row->version), .manifest = strdup(row->manifest), .images = strdup(row->images), .point = strdup(""),
        };
        return ret->app_id && ret->version && ret->manifest && ret->images && ret->point ? 0 : error_errno(reterr, -ENOMEM, "Cannot go back");
}

static int rollback_pull(Manager* m, Job* job, AppRow* row, AppVersionRow* to, Error* reterr) {
        _cleanup_json_ json_t *manifest = json_loads(to->manifest, JSON_REJECT_DUPLICATES, NULL), *images = json_loads(to->images, JSON_REJECT_DUPLICATES, NULL);
        _cleanup_json_ json_t* pinned = own_pinned(manifest, images); /* its tag may lead elsewhere since */
        const char* point = json_get_string(job->request, "point");
        int r = app_step_pull(m, job, "pull", pinned, NULL, reterr); /* most often they are still there */
        if (r == 1)
                r = move_begin(m, job, row, reterr);
        if (r == 1 && with_data(job))
                (void) json_object_set_new(job->journal, "target_point", json_string(point ?: to->point));
        return r;
}

/* point NULL: the program alone goes back. */
static int answers_follow(Manager* m, Job* job, AppRow* row, const AppVersionRow* to, const AppPointRow* point, Error* reterr) {
        _cleanup_json_ json_t* record = point ? json_loads(strempty(point->record), JSON_REJECT_DUPLICATES, NULL) : NULL;
        if (point && !record)
                return error_set(reterr, ERROR_STORE_BROKEN, "What was kept of %s is damaged.", row->title);
        (void) json_object_set_new(job->journal, "settings", json_string(row->settings));
        return point ? answers_of_point(m, row, record, move_id(job, "replaced"), reterr)
                     : answers_of_version(m, row, to->version, strempty(json_get_string(job->journal, "point")), reterr);
}

/* Other data takes the place. That is in the store before anything else is tried: what fails then is undone with this data, too. What the data came
 * from stays noted until the job is over. */
static int swap(Manager* m, Job* job, AppRow* row, const AppVersionRow* to, Error* reterr) {
        const char* point = strempty(json_get_string(job->journal, "target_point"));
        _cleanup_app_point_row_ AppPointRow p = {};
        int r = app_step_stop(m, job, "stop", row->id, reterr);
        if (r != 1 || json_object_get(job->journal, "swap-noted"))
                return r;
        r = store_app_point_get(m->store, point, &p, reterr);
        if (r <= 0)
                return r < 0 ? r : error_set(reterr, ERROR_NOT_FOUND, "The data to go back to is not kept any more.");
        if (!json_object_get(job->journal, "swapping")) {
                (void) json_object_set_new(job->journal, "swapping", json_true());
                return 0; /* in the store before anybody can do it */
        }
        if (!json_object_get(job->journal, "swapped")) {
                r = app_step_data(m, job, "swap", row, "restore", json_pack("{s:s, s:s}", "point", point, "replaced", move_id(job, "replaced")), NULL, reterr);
                if (r != 1)
                        return r;
                (void) json_object_set_new(job->journal, "swapped", json_true());
                return 0;
        }
        r = point_note(m, row, move_id(job, "replaced"), "replaced", row->version, 0, reterr);
        if (r >= 0)
                r = answers_follow(m, job, row, to, &p, reterr);
        if (r >= 0)
                r = store_app_save(m->store, row, reterr);
        if (r < 0)
                return r;
        (void) json_object_set_new(job->journal, "swap-noted", json_true());
        return 1;
}

static int rollback_switch(Manager* m, Job* job, AppRow* row, const AppVersionRow* to, Error* reterr) {
        int r = with_data(job) ? swap(m, job, row, to, reterr) : move_keep(m, job, row, reterr);
        if (r == 1 && !with_data(job) && !streq(row->version, to->version)) { /* in the transaction in which the row becomes the other */
                int k = answers_follow(m, job, row, to, /* point= */ NULL, reterr);
                r = k < 0 ? k : r;
        }
        return r == 1 ? move_switch(m, job, row, "0", to, reterr) : r;
}

static int rollback_start(Manager* m, Job* job, AppRow* row, const AppVersionRow* to, Error* reterr) {
        int r = app_step_stop(m, job, "stop", row->id, reterr);
        if (r == 1)
                r = move_switch(m, job, row, "0", to, reterr);
        return r == 1 ? move_start(m, job, row, "0", reterr) : r;
}

static int over(Manager* m, Job* job, AppRow* row, Error* reterr) {
        const char *from = strempty(json_get_string(job->journal, "from")), *why = json_get_string(job->request, "why");
        bool data = with_data(job);
        int r = 0;
        row->soak_until = 0;
        if (!streq(from, row->version)) {
                row->held_until = now_seconds() + MOVE_HELD_SEC;
                r = app_row_text(&row->held_version, from) < 0 ? -ENOMEM : 0;
                if (r >= 0)
                        r = store_app_version_remove(m->store, row->id, row->version, reterr);
        }
        if (r >= 0 && app_row_text(&row->reason, why ?: "") < 0)
                r = error_errno(reterr, -ENOMEM, "Cannot end going back");
        if (r >= 0)
                r = store_app_save(m->store, row, reterr);
        if (r >= 0)
                r = answers_settle(m, row->id, /* back= */ false, reterr);
        if (r >= 0 && data)
                r = store_app_point_remove(m->store, strempty(json_get_string(job->journal, "target_point")), reterr);
        if (r >= 0)
                r = move_thin(m, row->id, reterr);
        if (r >= 0)
                r = why ? app_event_add(m, row->id, "return", "warn", &job->actor, "%s", why)
                        : app_event_add(m, row->id, "rollback", "ok", &job->actor, data ? "%s went back from %s to %s, with the data of that time; the data of before is kept for 30 days."
                                                                                         : "%s went back from %s to %s, with the data as it is.", row->title, from, row->version);
        if (r >= 0)
                r = app_job_over(m, row->id, "present", NULL, reterr);
        if (r < 0)
                return r;
        (void) json_object_set_new(job->result, "app", json_string(row->id));
        (void) json_object_set_new(job->result, "version", json_string(row->version));
        (void) json_object_set_new(job->result, "from", json_string(from));
        if (data)
                (void) json_object_set_new(job->result, "replaced", json_string(move_id(job, "replaced")));
        return 1;
}

static int finish(Manager* m, Job* job, AppRow* row, const AppVersionRow* to, Error* reterr) {
        int r = 1;
        if (!json_object_get(job->journal, "admitted")) {
                r = rollback_start(m, job, row, to, reterr);
                if (r == 1) {
                        job_say(job, "Waiting for %s %s to answer, behind the maintenance page", row->title, row->version);
                        r = app_step_answer(m, job, "answer-0", row, reterr);
                }
        }
        if (r == 1)
                r = move_admit(m, job, row, /* proven= */ true, reterr);
        return r == 1 ? over(m, job, row, reterr) : r;
}

static int rollback_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_app_version_row_ AppVersionRow to = {};
        int r = app_job_row(m, job, &row, reterr);
        if (r >= 0)
                r = target(m, job, &row, &to, reterr);
        if (r < 0)
                return r;
        if (job->stage > PULL)
                move_reboot_check(job);
        switch (job->stage) {
        case PULL:
                return rollback_pull(m, job, &row, &to, reterr);
        case STOP:
                return move_close(m, job, &row, with_data(job) ? MOVE_KEEP_NONE : MOVE_KEEP_COPY, NULL, reterr);
        case KEEP:
                return with_data(job) ? 1 : move_keep(m, job, &row, reterr);
        case SWITCH:
                return rollback_switch(m, job, &row, &to, reterr);
        case START:
                return rollback_start(m, job, &row, &to, reterr);
        default:
                return finish(m, job, &row, &to, reterr);
        }
}

static int rollback_undo(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        VersionReturn how;
        int r = app_job_row(m, job, &row, NULL);
        if (r < 0)
                return 1;
        r = move_back(m, job, &row, &how, reterr);
        if (r != 1)
                return move_undone(job, r);
        if (how == VERSION_RETURN_ALL)
                r = app_event_add(m, row.id, "rollback", "warn", &job->actor, "%s stayed at %s, nothing lost: %s did not work: %s", row.title, row.version,
                                  strempty(json_get_string(job->request, "version")), strempty(json_get_string(json_object_get(job->journal, "undoing"), "message")));
        if (r >= 0)
                r = app_job_over(m, row.id, NULL, NULL, reterr);
        return r < 0 ? r : 1;
}

const JobClass app_rollback_job = { .step = rollback_step, .undo = rollback_undo, .stranded = app_job_stranded, .ended = app_job_ended };

int app_rollback(Manager* m, const Actor* actor, const char* app, const char* version, bool data, const char* point, const char* why, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_app_version_row_ AppVersionRow to = {};
        _cleanup_json_ json_t *newer = NULL, *older = NULL;
        int r = store_app_get(m->store, app, &row, reterr);
        if (r <= 0)
                return r < 0 ? r : error_set(reterr, ERROR_NOT_FOUND, "There is no app %s.", app);
        r = store_app_version_get(m->store, app, version, &to, reterr);
        if (r < 0)
                return r;
        if ((r == 0 || to.left_at == 0) && !(point && streq(row.version, version)))
                return error_field(reterr, ERROR_NOT_FOUND, "version", "Version %s of %s is not kept.", version, row.title);
        if (data && !point && !*to.point)
                return error_field(reterr, ERROR_WRONG_STATE, "data", "No data of version %s is kept.", version);
        newer = app_manifest(&row);
        older = r > 0 ? json_loads(to.manifest, JSON_REJECT_DUPLICATES, NULL) : NULL;
        if (!data && !manifest_may_return(newer, older)) {
                (void) error_field(reterr, ERROR_WRONG_STATE, "data", "%s %s has changed its data so that %s may not bear it; the program alone does not go back.", row.title, row.version, version);
                return error_hint(reterr, *to.point ? "Go back with the data of that time: steadbox app rollback %s %s --data. The data of now is kept for 30 days."
                                                    : "The data of %s %s is not kept, so there is no way back to it.", row.id, version);
        }
        json_t* request = json_pack("{s:s, s:b, s:s*, s:s*}", "version", version, "data", (int) data, "point", point, "why", why);
        return app_job_begin(m, JOB_APP_ROLLBACK, actor, app, request, ret_job, reterr);
}
