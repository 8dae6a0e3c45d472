/* One step of a job of a MANAGER kind: all of it is in the store afterwards, or none. What failed or was cancelled
 * is undone, which takes steps as well, and is tried again where it fails. */
#include "job/job-internal.h"
#include "base/log.h"
#include "base/time.h"

#define PAUSE_USEC (5 * USEC_PER_SEC)
#define UNDO_PAUSE_MAX 120 /* times the first one */

static unsigned stage_count(const JobType* type) {
        unsigned n = 1;
        for (const char* p = type->stages; *p; p++)
                n += *p == '|';
        return n;
}

static int on_pause_over(sd_event_source* source, uint64_t usec, void* userdata) {
        Task* t = userdata;
        t->paused = false;
        jobs_turn(t->jobs);
        return 0;
}

static void task_pause_for(Task* t, uint64_t usec) {
        t->timer = sd_event_source_disable_unref(t->timer);
        t->paused = sd_event_add_time_relative(t->jobs->m->event, &t->timer, CLOCK_MONOTONIC, usec, 0, on_pause_over, t) >= 0;
}

static void task_pause(Task* t) {
        task_pause_for(t, PAUSE_USEC);
}

void task_awake(Task* t) {
        if (!t->waiting)
                return;
        t->waiting = false;
        t->timer = sd_event_source_disable_unref(t->timer);
        jobs_turn(t->jobs);
}

static int on_wait_over(sd_event_source* source, uint64_t usec, void* userdata) {
        task_awake(userdata);
        return 0;
}

static void task_wait(Task* t) {
        uint64_t until = t->job.wait_until_usec;
        t->timer = sd_event_source_disable_unref(t->timer);
        t->waiting = true;
        t->jobs->rescan = true; /* another one may work meanwhile */
        if (until == 0)
                return;
        int r = sd_event_add_time(t->jobs->m->event, &t->timer, CLOCK_BOOTTIME, until, /* accuracy= */ 10 * USEC_PER_MSEC, on_wait_over, t);
        if (r < 0) {
                (void) log_error_errno(r, "Failed to wait for the clock, asking again at once: %m");
                t->waiting = false;
        }
}

/* Undoing takes several steps; what it will become in the end is in the journal, so that a kill does not lose it. */
bool task_must_undo(const Task* t) {
        return json_object_get(t->job.journal, "undoing");
}

static int stage_end(Task* t) {
        unsigned n = stage_count(t->type);
        t->job.percent = MAX(t->job.percent, 100 * (t->job.stage + 1) / n);
        if (t->job.stage + 1 >= n)
                return 1;
        t->job.stage++;
        return 0;
}

/* 1 = that was the last stage, 0 = more to do, JOB_WAIT. All of the step or none of it is in the store afterwards. */
static int step_write(Task* t, Error* reterr) {
        Store* s = t->jobs->m->store;
        int r = store_begin(s, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = s;
        bool undo = task_must_undo(t);
        t->job.wait_until_usec = 0;
        r = (undo ? t->class->undo : t->class->step)(t->jobs->m, &t->job, reterr);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "The step failed");
        t->job.part_failed = false; /* it goes on without that part: what fails from here on is the store */
        int verdict = r == JOB_WAIT ? JOB_WAIT : undo ? 1 : r > 0 ? stage_end(t) : 0;
        (void) json_object_del(t->job.journal, "resumed");
        if (verdict == 1) /* the end is a transaction of its own; a kill before it must not run the step again */
                (void) json_object_set_new(t->job.journal, "complete", json_true());
        r = task_save(t, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        r = store_commit(s, reterr);
        return r < 0 ? r : verdict;
}

/* How it ends that has no more steps: as its journal says where it was undone, done otherwise. */
static void task_finish(Task* t) {
        const json_t* undoing = json_object_get(t->job.journal, "undoing");
        if (!undoing) {
                task_end(t, JOB_STATE_DONE, NULL);
                return;
        }
        Error e = ERROR_NULL;
        const char* name = json_get_string(undoing, "name");
        const char* hint = json_get_string(undoing, "hint");
        t->undoing = true; /* not once more */
        if (name)
                (void) error_set(&e, error_name_from_string(name), "%s", strempty(json_get_string(undoing, "message")));
        if (name && !isempty(hint))
                (void) error_hint(&e, "%.1000s", hint);
        task_end(t, streq(strempty(json_get_string(undoing, "state")), "cancelled") ? JOB_STATE_CANCELLED : JOB_STATE_FAILED, &e);
}

/* Notes what it becomes, then the undo's steps follow. */
static int undo_note(Task* t, JobState state, const Error* why, Error* reterr) {
        Store* s = t->jobs->m->store;
        json_t* undoing = error_is_set(why) ? json_pack("{s:s, s:s, s:s}", "name", error_name_to_string(why->name), "message", why->message,
                                                        "hint", strempty(why->hint))
                                            : json_object();
        (void) json_object_set_new(undoing, "state", json_string(job_state_to_string(state)));
        (void) json_object_set_new(t->job.journal, "undoing", undoing);
        int r = store_begin(s, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = s;
        r = task_save(t, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(s, reterr);
}

void task_undo(Task* t, JobState state, Error* error) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (task_is_worker(t) || !t->class || !t->class->undo) {
                task_end(t, state, error);
                return;
        }
        int r = undo_note(t, state, error ?: &ERROR_NULL, &e);
        if (r < 0) {
                log_warning("Job '%s' waits before it is undone: %s", t->row.id, strempty(e.message));
                (void) json_object_del(t->job.journal, "undoing");
                error_done(error);
                task_pause(t); /* the step or the cancellation will be met again */
                return;
        }
        error_done(error);
        jobs_turn(t->jobs);
}

int64_t job_undo_failed(const Job* job) {
        return json_get_integer(json_object_get(job->journal, "undoing"), "failed", 0);
}

int64_t job_undo_extra(const Job* job) {
        return json_get_integer(json_object_get(job->journal, "undoing"), "extra", 0);
}

/* Parts that failed are asked for anew: what was in their way may be gone. */
static int parts_forget_failed(Task* t, Error* reterr) {
        const char* key;
        json_t* id;
        void* next;
        json_object_foreach_safe(t->job.journal, next, key, id) {
                _cleanup_job_row_ JobRow row = {};
                if (!startswith(key, "child:"))
                        continue;
                int r = store_job_get(t->jobs->m->store, strempty(json_string_value(id)), &row, reterr);
                if (r < 0)
                        return r;
                if (r == 0 || streq(row.state, "failed") || streq(row.state, "cancelled"))
                        (void) json_object_del(t->job.journal, key);
        }
        return 0;
}

/* Tries that count, with the one that has just failed. */
static int64_t undo_tries(const Task* t) {
        return job_undo_failed(&t->job) - job_undo_extra(&t->job) + (t->extra ? 0 : 1);
}

static int stranded_write(Task* t, const Error* why, Error* reterr) {
        job_log(t->jobs->m, &t->job, "error", "It could not be taken back, and that is given up: %s", strempty(why->message));
        (void) json_object_set_new(t->job.journal, "complete", json_true());
        return t->class->stranded ? t->class->stranded(t->jobs->m, &t->job, why, reterr) : 0;
}

static int undo_again_write(Task* t, const Error* why, Error* reterr) {
        json_t* undoing = json_object_get(t->job.journal, "undoing");
        (void) json_object_del(t->job.journal, "resumed"); /* it was not interrupted this time */
        (void) json_object_set_new(undoing, "failed", json_integer((json_int_t) job_undo_failed(&t->job) + 1));
        if (t->extra)
                (void) json_object_set_new(undoing, "extra", json_integer((json_int_t) job_undo_extra(&t->job) + 1));
        job_log(t->jobs->m, &t->job, "warning", "It could not be taken back yet: %s", strempty(why->message));
        job_say(&t->job, "Taking it back did not work and is tried again: %s", strempty(why->message));
        return parts_forget_failed(t, reterr);
}

static int in_transaction(Task* t, int (*write)(Task* t, const Error* why, Error* reterr), const Error* why, Error* reterr) {
        Store* s = t->jobs->m->store;
        int r = store_begin(s, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = s;
        r = write(t, why, reterr);
        if (r >= 0)
                r = task_save(t, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(s, reterr);
}

/* An undo has failed. What stands in its way may go by itself or by somebody's hand (a full disk, a helper that is being replaced), so it is tried again
 * for a while; then people have to know. `at_once`: there is no use in trying. */
void task_undo_failed(Task* t, const Error* why, bool at_once) {
        _cleanup_error_ Error e = ERROR_NULL, again = ERROR_NULL;
        int64_t failed = undo_tries(t);
        bool over = at_once || failed >= JOB_UNDO_TRIES;
        uint64_t pause = t->jobs->options.undo_usec * (failed < 5 ? UINT64_C(1) << (2 * MAX(failed - 1, (int64_t) 0)) : UNDO_PAUSE_MAX);
        if (over)
                log_error("Cannot undo job '%s': %s", t->row.id, strempty(why->message));
        else
                log_warning("Cannot undo job '%s' yet: %s", t->row.id, strempty(why->message));
        if (in_transaction(t, over ? stranded_write : undo_again_write, why, &e) >= 0) {
                t->extra = false;
                task_publish(t, /* force= */ true);
                if (over)
                        task_finish(t);
                else {
                        task_pause_for(t, pause);
                        t->jobs->rescan = true; /* another one may work meanwhile */
                }
                return;
        }
        log_warning("Job '%s' waits: %s", t->row.id, strempty(e.message));
        if (task_reload(t, &again) < 0)
                log_warning("Cannot read job '%s' again: %s", t->row.id, strempty(again.message));
        task_pause(t);
}

/* A JSON array of the kinds that may be cancelled. */
static char* cancellable(void) {
        _cleanup_json_ json_t* kinds = json_array();
        for (size_t i = 0; i < _JOB_KIND_MAX; i++)
                if (job_type_table[i].flags & JOB_CANCEL)
                        (void) json_array_append_new(kinds, json_string(job_type_table[i].name));
        return json_text(kinds, /* canonical= */ false);
}

/* Tells its open parts to end, where they can. */
static int parts_cancel(Task* t, Error* reterr) {
        Store* s = t->jobs->m->store;
        _cleanup_free_ char* kinds = cancellable();
        if (!kinds)
                return error_errno(reterr, -ENOMEM, "Cannot cancel a job");
        int r = store_begin(s, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = s;
        r = store_job_cancel_parts(s, t->row.id, kinds, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(s, reterr);
}

/* Before a job is undone or cancelled its open parts end. One that cannot be cancelled is waited for: its end wakes us. Parts that the undo
 * itself adds are its own business. */
static bool parts_are_over(Task* t) {
        _cleanup_error_ Error e = ERROR_NULL;
        json_t* undoing = json_object_get(t->job.journal, "undoing");
        int64_t open = 0;
        if (json_is_true(json_object_get(undoing, "alone")))
                return true;
        int r = parts_cancel(t, &e);
        if (r >= 0)
                r = store_job_parts_count(t->jobs->m->store, t->row.id, &open, &e);
        if (r < 0) {
                log_warning("Cannot cancel the parts of job '%s' yet: %s", t->row.id, strempty(e.message));
                task_pause(t);
                return false;
        }
        if (open > 0) {
                t->job.wait_until_usec = 0;
                task_wait(t);
                jobs_turn(t->jobs);
                return false;
        }
        if (undoing)
                (void) json_object_set_new(undoing, "alone", json_true());
        return true;
}

void task_step(Task* t) {
        if (json_is_true(json_object_get(t->job.journal, "complete"))) { /* killed between the last step and its end */
                task_finish(t);
                return;
        }
        bool cancelled = t->job.cancel && !task_is_settled(t); /* where it was on its way meanwhile it came too late */
        if ((cancelled || task_must_undo(t)) && !parts_are_over(t))
                return;
        if (cancelled && !task_must_undo(t)) {
                task_undo(t, JOB_STATE_CANCELLED, NULL);
                return;
        }
        _cleanup_error_ Error e = ERROR_NULL;
        unsigned stage = t->job.stage;
        t->job.part_failed = false;
        int r = step_write(t, &e);
        bool final = t->job.part_failed; /* a full store passes, but a part that found no room is over */
        if (r == 1) {
                task_finish(t);
                return;
        }
        if (r >= 0) {
                task_publish(t, /* force= */ t->job.stage != stage);
                if (r == JOB_WAIT)
                        task_wait(t);
                return;
        }
        _cleanup_error_ Error again = ERROR_NULL;
        int k = task_reload(t, &again); /* what the step remembered was rolled back */
        if (k < 0 || (task_error_passes(&e) && !final)) {
                log_warning("Job '%s' waits: %s", t->row.id, error_is_set(&again) ? again.message : e.message);
                task_pause(t);
                return;
        }
        if (task_must_undo(t)) {
                task_undo_failed(t, &e, /* at_once= */ false);
                return;
        }
        task_undo(t, JOB_STATE_FAILED, &e);
}
