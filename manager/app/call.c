/* What a step asked somebody who answers later. It is known in memory only: after a kill the same is asked again,
 * and everything that is asked may be. */
#include "base/log.h"
#include "app/app-internal.h"
#include <stdio.h>

#define LOST_MAX 2 /* a helper that died is asked again so often: every verb may be */

struct AppCall {
        AppCall* next;
        Manager* m;
        char job[JOB_ID_BYTES]; /* "" = it is over, nobody waits */
        char what[32];
        bool over;
        unsigned lost;       /* answers that did not come */
        void (*drop)(void* userdata); /* ends what was asked, so that no answer comes; NULL = it cannot be ended, or is over */
        void* drop_userdata;
        Error error;
};

static AppCall* call_free(AppCall* c) {
        error_done(&c->error);
        free(c);
        return NULL;
}

static AppCall** call_find(Apps* a, const char* job, const char* what) {
        for (AppCall** c = &a->calls; *c; c = &(*c)->next)
                if (streq((*c)->job, job) && streq((*c)->what, what))
                        return c;
        return NULL;
}

bool app_call_is_open(Apps* a, const char* job, const char* what) {
        return call_find(a, job, what) != NULL;
}

/* One that is still to be answered is nobody's from now on, and goes with its answer. */
void app_calls_forget(Apps* a, const char* job) {
        for (AppCall** c = &a->calls; *c;)
                if ((*c)->over && (!job || streq((*c)->job, job))) {
                        AppCall* gone = *c;
                        *c = gone->next;
                        (void) call_free(gone);
                } else {
                        if (job && streq((*c)->job, job))
                                *(*c)->job = 0;
                        c = &(*c)->next;
                }
}

static void call_drop(Apps* a, AppCall* call) {
        for (AppCall** c = &a->calls; *c; c = &(*c)->next)
                if (*c == call) {
                        *c = call->next;
                        break;
                }
        (void) call_free(call);
}

void app_call_droppable(AppCall* call, void (*drop)(void* userdata), void* userdata) {
        call->drop = drop;
        call->drop_userdata = userdata;
}

void app_calls_drop(Apps* a, const char* job) {
        for (AppCall** c = &a->calls; *c;)
                if ((*c)->drop && (!job || streq((*c)->job, job))) {
                        AppCall* gone = *c;
                        *c = gone->next;
                        gone->drop(gone->drop_userdata);
                        (void) call_free(gone);
                } else
                        c = &(*c)->next;
}

/* Answers that come while all is taken down find no list; then the call is nobody's. */
void app_call_answer(json_t* answer, const Error* error, void* userdata) {
        AppCall* call = userdata;
        Apps* a = call->m->apps;
        call->drop = NULL;
        if (!a) {
                (void) call_free(call);
                return;
        }
        if (!*call->job) {
                call_drop(a, call);
                return;
        }
        call->over = true;
        if (error && error_has_name(error, ERROR_STORAGE_FULL))
                app_disk_full(call->m);
        if (error) {
                (void) error_set(&call->error, error->name, "%s", error->message);
                if (error->hint)
                        (void) error_hint(&call->error, "%s", error->hint);
        }
        jobs_wake(call->m->jobs, call->job);
}

static int call_begin(Manager* m, Job* job, const char* what, AppAsking ask, const void* subject, Error* reterr) {
        AppCall* call = calloc(1, sizeof(AppCall));
        if (!call)
                return error_errno(reterr, -ENOMEM, "Cannot ask the helper");
        call->m = m;
        (void) snprintf(call->job, sizeof(call->job), "%s", job->id);
        (void) snprintf(call->what, sizeof(call->what), "%s", what);
        int r = ask(m, subject, call, reterr);
        if (r < 0) {
                (void) call_free(call);
                return r;
        }
        call->next = m->apps->calls;
        m->apps->calls = call;
        return JOB_WAIT;
}

int app_call_step(Manager* m, Job* job, const char* what, AppAsking ask, const void* subject, Error* reterr) {
        AppCall** at = call_find(m->apps, job->id, what);
        if (!at)
                return call_begin(m, job, what, ask, subject, reterr);
        AppCall* call = *at;
        if (!call->over)
                return JOB_WAIT;
        if (error_has_name(&call->error, ERROR_HELPER_FAILED) && call->lost < LOST_MAX) {
                log_warning("The helper failed in job '%s', asking again: %s", job->id, strempty(call->error.message));
                error_done(&call->error);
                call->error = ERROR_NULL;
                call->over = false;
                call->lost++;
                if (ask(m, subject, call, &call->error) >= 0)
                        return JOB_WAIT;
        }
        *at = call->next;
        int r = 1;
        if (error_is_set(&call->error)) {
                r = error_set(reterr, call->error.name, "%s", call->error.message);
                if (call->error.hint)
                        (void) error_hint(reterr, "%s", call->error.hint);
        }
        (void) call_free(call);
        return r;
}
