/* Starting, stopping, restarting and changing an app: one kind of job, with the stages that are needed. */
#include "app/run.h"
#include "app/app-internal.h"

enum { STAGE_STOP, STAGE_APPLY, STAGE_START, STAGE_ANSWER };

static bool does(const Job* job, const char* what) {
        return json_get_boolean(job->request, what, false);
}

int app_run_begin(Manager* m, const Actor* actor, const char* app, AppRun run, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        json_t* request = json_pack("{s:s, s:b, s:b, s:b}", "action", run.action, "stop", (int) run.stop, "apply", (int) run.apply, "start",
                                    (int) run.start);
        return app_job_begin(m, JOB_APP_RUN, actor, app, request, ret_job, reterr);
}

static int step_end(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        const char* action = strempty(json_get_string(job->request, "action"));
        static const struct {
                const char *action, *kind, *what;
        } told[] = {
                { "start", "start", "was started and answers" },
                { "stop", "stop", "was stopped" },
                { "restart", "start", "was restarted and answers" },
                { "configure", "configure", "was changed" },
        };
        bool stays = streq(row->state, "broken") && !does(job, "start"); /* nothing was proven */
        int r = app_job_over(m, row->id, stays ? NULL : "present", stays ? NULL : "", reterr);
        for (size_t i = 0; i < ELEMENTS(told); i++)
                if (streq(told[i].action, action))
                        (void) app_event_add(m, row->id, told[i].kind, "ok", &job->actor, "%s %s.", row->title, told[i].what);
        return r < 0 ? r : 1;
}

/* What a job left in between is taken as it is by whoever starts it, once it answers. Its door, which that job had shut, opens. */
static int heal(Manager* m, Job* job, AppRow* row, Error* reterr) {
        if (streq(row->state, "broken") && !streq(row->gate, "open")) {
                int r = app_gate_set(row, /* open= */ true);
                r = r < 0 ? r : store_app_save(m->store, row, reterr);
                return r < 0 ? r : 0;
        }
        return streq(row->state, "broken") ? app_step_apply(m, job, "heal", row, reterr) : 1;
}

static int run_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = app_job_row(m, job, &row, reterr);
        if (r < 0)
                return r;
        switch (job->stage) {
        case STAGE_STOP:
                return does(job, "stop") ? app_step_stop(m, job, "stop", row.id, reterr) : 1;
        case STAGE_APPLY:
                r = does(job, "stop") ? app_step_stop(m, job, "stop", row.id, reterr) : 1; /* again, where the machine was restarted meanwhile */
                return r == 1 && does(job, "apply") ? app_step_apply(m, job, "apply", &row, reterr) : r;
        case STAGE_START:
                return does(job, "start") ? app_step_start(m, job, "start", row.id, reterr) : 1;
        default:
                r = does(job, "start") ? app_step_answer(m, job, "answer", &row, reterr) : 1;
                if (r == 1 && does(job, "start"))
                        r = heal(m, job, &row, reterr);
                return r != 1 ? r : step_end(m, job, &row, reterr);
        }
}

/* What was asked for stays asked for: an app that does not answer is shown as such. */
static int run_undo(Manager* m, Job* job, Error* reterr) {
        return app_job_over(m, job->object, /* state= */ NULL, /* reason= */ NULL, reterr);
}

const JobClass app_run_job = { .step = run_step, .undo = run_undo, .ended = app_job_ended };
