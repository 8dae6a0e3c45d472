/* An app and the job that works on it: one at a time, and what is left of the app when it is over. */
#include "base/format.h"
#include "base/log.h"
#include "base/time.h"
#include "app/answers.h"
#include "app/app-internal.h"
#include "app/move.h"
#include <stdarg.h>
#include <stdio.h>

int app_job_begin(Manager* m, JobKind kind, const Actor* actor, const char* app, json_t* request,
                  char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_json_ json_t* owned = request;
        int r = store_app_get(m->store, app, &row, reterr);
        if (r <= 0)
                return r < 0 ? r : error_set(reterr, ERROR_NOT_FOUND, "There is no app %s.", app);
        if (*row.job) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "%s is being worked on.", row.title);
                return error_hint(reterr, "Wait for job %s to end, or cancel it.", row.job);
        }
        r = jobs_add(m->jobs, kind, actor, app, TAKE_PTR(owned), ret_job, reterr);
        if (r >= 0 && app_row_text(&row.job, ret_job) < 0)
                r = error_errno(reterr, -ENOMEM, "Cannot begin a job");
        if (r >= 0)
                r = store_app_save(m->store, &row, reterr);
        app_changed(m, app);
        return MIN(r, 0);
}

int app_job_row(Manager* m, Job* job, AppRow* ret, Error* reterr) {
        int r = store_app_get(m->store, job->object, ret, reterr);
        return r < 0 ? r : r == 0 ? error_set(reterr, ERROR_NOT_FOUND, "The app %s is gone.", job->object) : 0;
}

int app_job_over(Manager* m, const char* app, const char* state, const char* reason, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        AppLive* live = app_live(m, app);
        int r = store_app_get(m->store, app, &row, reterr);
        if (live) {
                live->watched = false;
                *live->job = 0;
        }
        app_disk_soon(m, app);
        app_changed(m, app);
        if (r <= 0)
                return r;
        if (app_row_text(&row.job, "") < 0 || (state && app_row_text(&row.state, state) < 0) ||
            (reason && app_row_text(&row.reason, reason) < 0))
                return error_errno(reterr, -ENOMEM, "Cannot end a job");
        r = store_app_save(m->store, &row, reterr);
        return MIN(r, 0);
}

int app_job_stranded(Manager* m, Job* job, const Error* why, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_free_ char* sentence = NULL;
        int r = store_app_get(m->store, job->object, &row, reterr);
        bool opened = app_step_is_done(job, "open") || app_step_is_done(job, "back-open");
        bool shut = json_is_true(json_object_get(job->journal, "closed")) && !opened;
        if (r <= 0)
                return r;
        r = move_given_up(m, job, &row, reterr);
        if (r >= 0)
                r = answers_given_up(m, &row, job->journal, reterr);
        if (r < 0)
                return r;
        bool stands = streq(row.state, "present") || streq_ptr(json_get_string(job->journal, "state"), row.state);
        if (stands && !shut) /* what could not be taken back is none of the app's */
                return app_job_over(m, row.id, NULL, NULL, reterr);
        if (asprintf(&sentence,
                     "\"%s\" did not work, and could not be taken back: %s Its data is kept. Start it to leave it as it is,"
                     " go back to a version that is kept, or uninstall it, which puts its data aside.",
                     job_type_table[job->kind].sentence, strempty(why->message)) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot note what became of an app");
        log_error("App '%s': %s", row.id, sentence);
        r = app_event_add(m, row.id, "health", "bad", &job->actor, "%s", sentence);
        return r < 0 ? r : app_job_over(m, row.id, "broken", sentence, reterr);
}

void app_job_ended(Manager* m, Job* job, bool done) {
        if (m->apps)
                app_calls_forget(m->apps, job->id);
        app_changed(m, job->object);
}

int app_gate_set(AppRow* row, bool open) {
        return app_row_text(&row->gate, open ? "open" : "closed");
}

int app_event_add(Manager* m, const char* app, const char* kind, const char* severity, const Actor* actor, const char* format, ...) {
        _cleanup_error_ Error e = ERROR_NULL;
        va_list ap;
        va_start(ap, format);
        _cleanup_free_ char* sentence = format_text_va(format, ap);
        va_end(ap);
        if (!sentence)
                return -ENOMEM;
        const char* name = actor ? (*actor->username ? actor->username : actor->name) : "system";
        int r = store_app_event_add(m->store, app, now_seconds(), kind, severity, actor ? actor->user_id : 0,
                                    isempty(name) ? "system" : name, sentence, &e);
        if (r < 0)
                log_warning("Cannot note what happened to app '%s', ignoring: %s", app, strempty(e.message));
        return MIN(r, 0);
}
