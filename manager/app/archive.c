/* Data that was put aside: archives of uninstalled apps and data that was replaced. Bringing it back, deleting it, and forgetting it in time. */
#include "base/time.h"
#include "app/install.h"
#include "app/move.h"
#include "app/own.h"
#include "app/update.h"
#include "domain/names.h"
#include "net/name.h"
#include "store/store-job.h"
#include <stdio.h>

enum { PULL, COPY, START, ANSWER };

static int point_get(Manager* m, const char* id, AppPointRow* ret, Error* reterr) {
        int r = store_app_point_get(m->store, id, ret, reterr);
        return r < 0 ? r : r == 0 ? error_set(reterr, ERROR_NOT_FOUND, "There is no archive %s.", id) : 0;
}

/* --- an uninstalled app comes back --- */

static int row_back(Manager* m, const AppPointRow* p, const char* name, AppRow* ret, Error* reterr) {
        _cleanup_json_ json_t* note = json_loads(p->record, JSON_REJECT_DUPLICATES, NULL);
        _cleanup_app_row_ AppRow there = {};
        char shown[DOMAIN_SHOWN_BYTES];
        const char* where = name ?: p->name;
        int r = store_app_get(m->store, p->app_id, &there, reterr);
        if (r > 0) {
                (void) error_set(reterr, ERROR_NAME_TAKEN, "There is another app %s now.", p->app_id);
                return error_hint(reterr, "Uninstall that one first; its data is kept as an archive too.");
        }
        if (r >= 0)
                r = app_name_check(m, "name", where, /* app= */ NULL, reterr);
        if (r >= 0 && json_get_integer(note, "host_network", 0) != 0) {
                const char* text = strempty(json_get_string(note, "manifest"));
                _cleanup_json_ json_t* manifest = json_loads(text, 0, NULL);
                r = app_host_port_free(m, manifest, reterr);
        }
        (void) json_object_set_new(note, "name", json_string(where));
        domain_name_show(where, shown);
        (void) json_object_set_new(note, "shown", json_string(shown));
        (void) json_object_set_new(note, "gate", json_string("closed"));
        (void) json_object_set_new(note, "wanted", json_string("running"));
        if (r >= 0)
                r = app_note_read(m, note, reterr);
        return r < 0 ? r : store_app_get(m->store, p->app_id, ret, reterr);
}

typedef struct Going {
        const char* archive;
        bool found;
} Going;

static int on_going(const JobRow* row, void* userdata) {
        Going* g = userdata;
        g->found = g->found || (streq(row->object, g->archive) && streq(row->kind, job_type_table[JOB_APP_ARCHIVE_REMOVE].name));
        return 0;
}

int app_archive_goes(Manager* m, const char* archive, Error* reterr) {
        static const char* const open[] = { "queued", "running" };
        Going g = { .archive = archive };
        int64_t total;
        int r = 0;
        for (size_t i = 0; i < ELEMENTS(open) && r >= 0; i++)
                r = store_job_list(m->store, &(JobFilter) { .state = open[i], .q = archive, .limit = 16 }, on_going, &g, &total, reterr);
        return r < 0 ? r : g.found;
}

/* What is being deleted does not come back: half of it would be worse than nothing. */
static int stays(Manager* m, const char* archive, Error* reterr) {
        int r = app_archive_goes(m, archive, reterr);
        return r > 0 ? error_set(reterr, ERROR_WRONG_STATE, "The archive %s is being deleted.", archive) : r;
}

int app_archive_restore(Manager* m, const Actor* actor, const char* archive, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_point_row_ AppPointRow p = {};
        _cleanup_app_row_ AppRow row = {};
        int r = point_get(m, archive, &p, reterr);
        if (r < 0)
                return r;
        if (!streq(p.kind, "archive")) /* data of an app that is there: its version and its data come back together */
                return app_rollback(m, actor, p.app_id, p.version, /* data= */ true, p.id, NULL, ret_job, reterr);
        r = stays(m, archive, reterr);
        if (r >= 0)
                r = row_back(m, &p, name, &row, reterr);
        if (r >= 0)
                r = jobs_add(m->jobs, JOB_APP_RESTORE, actor, row.id, json_pack("{s:s}", "archive", archive), ret_job, reterr);
        if (r >= 0 && (app_row_text(&row.job, ret_job) < 0 || app_row_text(&row.state, "installing") < 0))
                r = error_errno(reterr, -ENOMEM, "Cannot bring back an app");
        if (r >= 0)
                r = store_app_save(m->store, &row, reterr);
        app_changed(m, p.app_id);
        return MIN(r, 0);
}

static const char* archive_of(const Job* job) {
        return strempty(json_get_string(job->request, "archive"));
}

static int restore_pull(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_json_ json_t *manifest = app_manifest(row), *before = json_loads(row->images, JSON_REJECT_DUPLICATES, NULL), *images = NULL;
        _cleanup_json_ json_t* pinned = own_pinned(manifest, before); /* what it was, wherever its tag leads since */
        int r = app_step_pull(m, job, "pull", pinned, &images, reterr);
        if (r != 1)
                return r;
        _cleanup_free_ char* text = json_text(images, /* canonical= */ true);
        if (!text || app_row_text(&row->images, text) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot bring back an app");
        r = store_app_save(m->store, row, reterr);
        return r < 0 ? r : 1;
}

static int restore_copy(Manager* m, Job* job, AppRow* row, Error* reterr) {
        int r = app_step_data(m, job, "unarchive", row, "unarchive", json_pack("{s:s}", "archive", archive_of(job)), NULL, reterr);
        return r == 1 ? app_step_directories(m, job, "directories", row, reterr) : r;
}

static int restore_start(Manager* m, Job* job, AppRow* row, Error* reterr) {
        int r = app_step_apply(m, job, "apply", row, reterr);
        return r == 1 ? app_step_start(m, job, "start", row->id, reterr) : r;
}

static int restore_answer(Manager* m, Job* job, AppRow* row, Error* reterr) {
        int r = restore_start(m, job, row, reterr);
        if (r == 1)
                r = app_step_answer(m, job, "answer", row, reterr);
        if (r == 1 && !streq(row->gate, "open")) {
                r = app_gate_set(row, /* open= */ true);
                if (r >= 0)
                        r = store_app_save(m->store, row, reterr);
                return r < 0 ? r : 0;
        }
        if (r == 1)
                r = app_step_apply(m, job, "open", row, reterr);
        if (r != 1)
                return r;
        r = store_app_point_remove(m->store, archive_of(job), reterr);
        if (r >= 0)
                r = app_event_add(m, row->id, "restore", "ok", &job->actor, "%s is back, with its data.", row->title);
        if (r >= 0)
                r = app_job_over(m, row->id, "present", "", reterr);
        app_names_changed(m, row->name);
        (void) json_object_set_new(job->result, "app", json_string(row->id));
        return r < 0 ? r : 1;
}

static int restore_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = app_job_row(m, job, &row, reterr);
        if (r < 0)
                return r;
        switch (job->stage) {
        case PULL:
                return restore_pull(m, job, &row, reterr);
        case COPY:
                return restore_copy(m, job, &row, reterr);
        case START:
                return restore_start(m, job, &row, reterr);
        default:
                return restore_answer(m, job, &row, reterr);
        }
}

/* An archive again; what the app did to its data meanwhile stays in it. */
static int restore_undo(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (app_job_row(m, job, &row, NULL) < 0)
                return 1;
        app_undo_again(job);
        int r = app_step_stop(m, job, "undo-stop", row.id, reterr);
        if (r == 1)
                r = app_step_remove(m, job, "undo-remove", row.id, reterr);
        if (r == 1 && job->stage >= COPY) {
                json_t* request = json_pack("{s:s}", "archive", archive_of(job));
                r = app_step_data(m, job, "undo-data", &row, "archive", request, NULL, &e);
                if (r < 0 && error_has_name(&e, ERROR_CONFLICT))
                        r = 1; /* the archive is whole; what stood in its way was there before */
        }
        if (r < 0 && reterr && error_is_set(&e)) {
                *reterr = e;
                e = ERROR_NULL;
        }
        if (r != 1)
                return r;
        r = store_app_remove(m->store, row.id, reterr);
        app_names_changed(m, row.name);
        app_changed(m, row.id);
        return r < 0 ? r : 1;
}

const JobClass app_restore_job = { .step = restore_step, .undo = restore_undo, .stranded = app_job_stranded, .ended = app_job_ended };

/* --- deleting --- */

int app_archive_remove(Manager* m, const Actor* actor, const char* archive, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_point_row_ AppPointRow p = {};
        _cleanup_app_row_ AppRow row = {};
        int r = point_get(m, archive, &p, reterr);
        if (r >= 0)
                r = store_app_get(m->store, p.app_id, &row, reterr);
        if (r > 0 && *row.job)
                return error_set(reterr, ERROR_WRONG_STATE, "%s is being worked on.", row.title);
        return r < 0 ? r : jobs_add(m->jobs, JOB_APP_ARCHIVE_REMOVE, actor, archive, NULL, ret_job, reterr);
}

typedef struct Pointing {
        Manager* m;
        const char* point;
        json_t* found;       /* versions */
} Pointing;

static int on_version(const AppVersionRow* row, void* userdata) {
        Pointing* p = userdata;
        return streq(row->point, p->point) ? json_array_append_new(p->found, json_string(row->version)) : 0;
}

/* Versions that had this data have none any more. */
static int versions_without(Manager* m, const char* app, const char* point, Error* reterr) {
        _cleanup_json_ json_t* found = json_array();
        size_t i;
        json_t* v;
        int r = store_app_version_each(m->store, app, on_version, &(Pointing) { m, point, found }, reterr);
        json_array_foreach(found, i, v) {
                _cleanup_app_version_row_ AppVersionRow row = {};
                if (r >= 0)
                        r = store_app_version_get(m->store, app, json_string_value(v), &row, reterr);
                if (r > 0 && app_row_text(&row.point, "") >= 0)
                        r = store_app_version_put(m->store, &row, reterr);
        }
        return MIN(r, 0);
}

static int archive_remove_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_point_row_ AppPointRow p = {};
        int r = store_app_point_get(m->store, job->object, &p, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        json_t* request = streq(p.kind, "archive") ? json_pack("{s:s, s:s}", "action", "remove", "archive", p.id)
                                                   : json_pack("{s:s, s:s, s:s}", "action", "remove", "app", p.app_id, "point", p.id);
        r = job_child(m, job, "remove", JOB_APP_DATA, p.app_id, request, NULL, reterr);
        if (r != 1)
                return r;
        r = versions_without(m, p.app_id, p.id, reterr);
        if (r >= 0)
                r = store_app_point_remove(m->store, p.id, reterr);
        app_images_clean_soon(m);
        app_changed(m, p.app_id);
        return r < 0 ? r : 1;
}

const JobClass app_archive_remove_job = { .step = archive_remove_step };

/* --- in time --- */

typedef struct Orphans {
        Manager* m;
        json_t* list;
} Orphans;

/* Points lie in their app's directory and went with it. */
static int on_orphan(const AppPointRow* row, void* userdata) {
        Orphans* o = userdata;
        _cleanup_app_row_ AppRow app = {};
        if (streq(row->kind, "archive") || store_app_get(o->m->store, row->app_id, &app, NULL) != 0)
                return 0;
        return json_array_append_new(o->list, json_string(row->id));
}

int update_points_forget(Manager* m, const char* app, Error* reterr) {
        _cleanup_json_ json_t* list = json_array();
        size_t i;
        json_t* v;
        int r = store_app_point_each(m->store, app, NULL, 0, on_orphan, &(Orphans) { m, list }, reterr);
        json_array_foreach(list, i, v)
                if (r >= 0)
                        r = store_app_point_remove(m->store, json_string_value(v), reterr);
        return MIN(r, 0);
}

static int on_expired(const AppPointRow* row, void* userdata) {
        return json_array_append_new(userdata, json_string(row->id));
}

int update_housekeeping(Manager* m, bool by_calendar, Error* reterr) {
        _cleanup_json_ json_t* list = json_array();
        _cleanup_app_rows_ AppRows rows = {};
        size_t i;
        json_t* v;
        int r = by_calendar ? store_app_point_each(m->store, NULL, NULL, now_seconds(), on_expired, list, reterr) : 0;
        json_array_foreach(list, i, v) {
                char job[JOB_ID_BYTES];
                const Actor system = { .via = VIA_SYSTEM, .role = ROLE_ROOT, .name = "system" };
                if (i >= 4 || r < 0) /* the rest in an hour */
                        break;
                (void) app_archive_remove(m, &system, json_string_value(v), job, NULL); /* one that is in use is tried again */
        }
        if (r >= 0)
                r = update_points_forget(m, NULL, reterr);
        if (r >= 0 && by_calendar)
                r = store_app_all(m->store, &rows, reterr);
        for (i = 0; i < rows.count && r >= 0; i++)
                if (!*rows.items[i].job)
                        r = move_thin(m, rows.items[i].id, reterr);
        if (r >= 0 && by_calendar)
                app_exports_sweep(m);
        return MIN(r, 0);
}

/* --- looking --- */

static int on_archive(const AppPointRow* p, void* userdata) {
        const char* reason = streq(p->kind, "archive") ? "uninstalled" : streq(p->kind, "replaced") ? "rollback" : NULL;
        if (!reason) /* restore points belong to versions and show there */
                return 0;
        return json_array_append_new(userdata, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o}", "archive", p->id, "app", p->app_id, "title", p->title, "reason", reason,
                                                         "version", p->version, "name", p->name, "size_mb", (json_int_t) ((p->size + 1048575) / 1048576), "created_at",
                                                         json_time_or_null(p->created_at), "kept_until", json_time_or_null(p->kept_until)));
}

int app_archives(Manager* m, json_t** ret, Error* reterr) {
        json_t* list = json_array();
        int r = store_app_point_each(m->store, NULL, NULL, 0, on_archive, list, reterr);
        if (r < 0) {
                json_decref(list);
                return r;
        }
        *ret = list;
        return 0;
}
