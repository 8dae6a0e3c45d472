/* Uninstalling: stopped, put aside, gone. Once it was asked for it happens; what was done is not taken back. */
#include "app/app-internal.h"
#include "app/run.h"
#include "app/update.h"
#include "base/time.h"
#include "store/store-name.h"

#define ARCHIVE_SEC (30 * 86400)

enum { STAGE_STOP, STAGE_ARCHIVE, STAGE_REMOVE };

int app_uninstall(Manager* m, const Actor* actor, const AppRow* before, bool archive, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = app_job_begin(m, JOB_APP_UNINSTALL, actor, before->id, json_pack("{s:b}", "archive", (int) archive), ret_job, reterr);
        if (r >= 0)
                r = store_app_get(m->store, before->id, &row, reterr);
        if (r > 0 && (app_row_text(&row.state, "removing") < 0 || app_row_text(&row.wanted, "stopped") < 0))
                r = error_errno(reterr, -ENOMEM, "Cannot uninstall an app");
        return r <= 0 ? r : MIN(store_app_save(m->store, &row, reterr), 0);
}

typedef struct Begun {
        Manager* m;
        Job* job;
        int64_t slot;
        Error* reterr;
} Begun;

/* The newest of them, but none that is being deleted. */
static int on_archive(const AppPointRow* p, void* userdata) {
        Begun* b = userdata;
        if (p->slot != b->slot || json_get_string(b->job->journal, "archive"))
                return 0;
        int r = app_archive_goes(b->m, p->id, b->reterr);
        return r != 0 ? MIN(r, 0) : json_object_set_new(b->job->journal, "archive", json_string(p->id));
}

/* An archive of the app that has its slot was begun by a removal that did not end: it may have the app's data already, and is gone on with. */
static int archive_choose(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        if (json_get_string(job->journal, "archive"))
                return 1;
        Begun begun = { m, job, row->slot, reterr };
        int r = store_app_point_each(m->store, row->id, "archive", 0, on_archive, &begun, reterr);
        if (r >= 0 && !json_get_string(job->journal, "archive"))
                (void) json_object_set_new(job->journal, "archive", json_string(job->id));
        return MIN(r, 0);
}

static const char* archive_of(const Job* job) {
        return strempty(json_get_string(job->journal, "archive"));
}

static int point_put(Manager* m, Job* job, const AppRow* row, int64_t bytes, Error* reterr) {
        _cleanup_json_ json_t* note = app_note_make(m, row, reterr);
        _cleanup_free_ char* text = note ? json_text(note, /* canonical= */ true) : NULL;
        if (!text)
                return error_is_set(reterr) ? -EIO : error_errno(reterr, -ENOMEM, "Cannot archive an app");
        int64_t now = now_seconds();
        AppPointRow point = {
                .id = (char*) archive_of(job), .app_id = row->id, .kind = (char*) "archive", .record = text, .version = row->version, .title = row->title,
                .name = row->name, .slot = row->slot, .size = bytes, .created_at = now, .kept_until = now + ARCHIVE_SEC,
        };
        return MIN(store_app_point_put(m->store, &point, reterr), 0);
}

/* The archive's row comes before the archive: its slot is taken from then on. One that is there says what it has until
 * this removal's data is in it. */
static int point_begin(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        _cleanup_app_point_row_ AppPointRow there = {};
        (void) json_object_set_new(job->journal, "point", json_true());
        int r = store_app_point_get(m->store, archive_of(job), &there, reterr);
        return r != 0 ? MIN(r, 0) : point_put(m, job, row, 0, reterr);
}

/* The archive that was gone on with has data of its own, and so has the app: that is another one, and both are kept. */
static int archive_anew(Job* job) {
        (void) json_object_set_new(job->journal, "archive", json_string(job->id));
        (void) json_object_del(job->journal, "point");
        app_step_again(job, "archive");
        return 0;
}

static int step_archive(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* result = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!json_get_boolean(job->request, "archive", true))
                return 1;
        int r = archive_choose(m, job, row, reterr);
        if (r != 1)
                return r;
        if (!json_get_boolean(job->journal, "point", false))
                return point_begin(m, job, row, reterr);
        json_t* request = json_pack("{s:s}", "archive", archive_of(job));
        r = app_step_data(m, job, "archive", row, "archive", request, &result, &e);
        if (r < 0 && error_has_name(&e, ERROR_CONFLICT) && !streq(archive_of(job), job->id))
                return archive_anew(job);
        if (r < 0 && reterr) {
                *reterr = e;
                e = ERROR_NULL;
        }
        if (r != 1)
                return r;
        (void) json_object_set_new(job->result, "archive", json_string(archive_of(job)));
        r = point_put(m, job, row, json_get_integer(result, "bytes", 0), reterr);
        return r < 0 ? r : 1;
}

static int step_remove(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        int r = app_step_data(m, job, "remove", row, "remove", json_pack("{s:b}", "whole", 1), NULL, reterr);
        if (r != 1)
                return r;
        r = store_app_remove(m->store, row->id, reterr);
        if (r >= 0 && !json_get_boolean(job->request, "archive", true)) /* headers that were asked for under that name; one that may come back has them */
                r = store_name_remove(m->store, row->name, reterr);
        if (r >= 0)
                r = update_points_forget(m, row->id, reterr);
        app_names_changed(m, row->name);
        app_changed(m, row->id);
        app_images_clean_soon(m);
        return r < 0 ? r : 1;
}

static int uninstall_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = store_app_get(m->store, job->object, &row, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return 1; /* its last step was done, and its end is not written yet */
        switch (job->stage) {
        case STAGE_STOP:
                r = app_step_stop(m, job, "stop", row.id, reterr);
                return r != 1 ? r : app_step_remove(m, job, "units", row.id, reterr);
        case STAGE_ARCHIVE:
                return step_archive(m, job, &row, reterr);
        default:
                return step_remove(m, job, &row, reterr);
        }
}

/* It failed on the way: the row stays, says why, and can be uninstalled again. */
static int uninstall_undo(Manager* m, Job* job, Error* reterr) {
        return app_job_over(m, job->object, "broken", "Its removal was begun and did not end; uninstall it once more.", reterr);
}

const JobClass app_uninstall_job = { .step = uninstall_step, .undo = uninstall_undo, .ended = app_job_ended };
