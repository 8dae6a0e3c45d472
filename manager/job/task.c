/* One running job in memory: loading, saving, telling people, ending. */
#include "base/format.h"
#include "base/log.h"
#include "base/time.h"
#include "api/events.h"
#include "job/job-internal.h"
#include <stdarg.h>
#include <stdio.h>

#define PUBLISH_USEC (200 * USEC_PER_MSEC) /* people do not see more */
#define EVENT_RESULT_MAX (16 * 1024) /* half of what a listener may lag behind */
#define END_AGAIN_USEC (5 * USEC_PER_SEC)

static const char* const job_state_table[_JOB_STATE_MAX] = {
        [JOB_STATE_QUEUED] = "queued",
        [JOB_STATE_RUNNING] = "running",
        [JOB_STATE_DONE] = "done",
        [JOB_STATE_FAILED] = "failed",
        [JOB_STATE_CANCELLED] = "cancelled",
};

const char* job_state_to_string(JobState s) {
        assert(s >= 0 && s < _JOB_STATE_MAX);
        return job_state_table[s];
}

bool task_is_worker(const Task* t) {
        return t->type->flags & JOB_WORKER;
}

/* Copies stage number i of "a|b|c"; false when there are fewer. */
static bool stage_name(const JobType* type, unsigned i, char ret[static STAGE_BYTES]) {
        const char* p = type->stages;
        for (; i > 0 && p; i--)
                p = (p = strchr(p, '|')) ? p + 1 : NULL;
        if (!p)
                return false;
        size_t n = strcspn(p, "|");
        assert(n < STAGE_BYTES);
        memcpy(ret, p, n);
        ret[n] = 0;
        return true;
}

static int stage_index(const JobType* type, const char* name) {
        char stage[STAGE_BYTES];
        for (unsigned i = 0; stage_name(type, i, stage); i++)
                if (streq(stage, name))
                        return (int) i;
        return -ENOENT;
}

bool job_is_settled(const JobType* type, const char* stage) {
        int at = type->flags & JOB_ADMITS ? stage_index(type, stage) : -ENOENT;
        return at >= 0 && at >= stage_index(type, "admit");
}

bool task_is_settled(const Task* t) {
        char stage[STAGE_BYTES];
        return stage_name(t->type, t->job.stage, stage) && job_is_settled(t->type, stage);
}

static json_t* stages_json(const JobType* type) {
        json_t* stages = json_array();
        char stage[STAGE_BYTES];
        for (unsigned i = 0; type && stage_name(type, i, stage); i++)
                (void) json_array_append_new(stages, json_string(stage));
        return stages;
}

static json_t* object_from(const char* text) {
        json_t* j = json_loads(isempty(text) ? "{}" : text, JSON_REJECT_DUPLICATES, NULL);
        return j ?: json_object();
}

json_t* job_row_to_json(const JobRow* row) {
        const JobType* type = job_type_find(row->kind);
        bool open = streq(row->state, "queued") || streq(row->state, "running");
        return json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:s, s:s, s:I, s:o, s:o, s:b, s:o, s:o, s:s?}",
                "id", row->id, "kind", row->kind, "object", row->object, "state", row->state, "stage", row->stage,
                "stages", stages_json(type), "percent", (int) row->percent, "message", row->message, "actor", row->actor,
                "created_at", (json_int_t) row->created_at, "started_at", json_time_or_null(row->started_at),
                "ended_at", json_time_or_null(row->ended_at),
                "cancellable", open && !row->cancel && type && type->flags & JOB_CANCEL && !job_is_settled(type, row->stage),
                "result", object_from(row->result), "error", object_from(row->error), "parent", isempty(row->parent) ? NULL : row->parent);
}

void job_actor_from_row(const JobRow* row, Actor* ret) {
        Actor a = { .via = VIA_SYSTEM, .role = ROLE_NOBODY, .user_id = row->user_id };
        for (Role role = 0; role < _ROLE_MAX; role++)
                if (streq(role_to_string(role), row->role))
                        a.role = role;
        a.root = a.role == ROLE_ROOT;
        if (row->user_id > 0)
                (void) snprintf(a.username, sizeof(a.username), "%s", row->actor);
        else
                (void) snprintf(a.name, sizeof(a.name), "%s", row->actor);
        *ret = a;
}

static void job_done(Job* job) {
        free(job->object);
        free(job->message);
        json_decref(job->request);
        json_decref(job->journal);
        json_decref(job->result);
        *job = (Job) {};
}

static int job_from_row(const JobRow* row, const JobType* type, Job* ret) {
        Job job = {
                .kind = type->symbol,
                .object = strdup(row->object),
                .message = strdup(row->message),
                .percent = row->percent,
                .request = object_from(row->request),
                .journal = object_from(row->journal),
                .result = object_from(row->result),
                .cancel = row->cancel,
        };
        int stage = stage_index(type, row->stage);
        (void) snprintf(job.id, sizeof(job.id), "%s", row->id);
        job.stage = stage < 0 ? 0 : (unsigned) stage;
        job_actor_from_row(row, &job.actor);
        if (!job.object || !job.message) {
                job_done(&job);
                return -ENOMEM;
        }
        *ret = job;
        return 0;
}

int task_new(Jobs* j, const char* id, Task** ret, Error* reterr) {
        _cleanup_(task_freep) Task* t = calloc(1, sizeof(Task));
        if (!t || !(t->lines = json_array()))
                return error_errno(reterr, -ENOMEM, "Cannot load a job");
        int r = store_job_get(j->m->store, id, &t->row, reterr);
        if (r < 0)
                return r;
        t->type = r > 0 ? job_type_find(t->row.kind) : NULL;
        if (!t->type) /* a kind of another release: leave the row to the release that knows it */
                return 0;
        t->class = j->options.classes[t->type->symbol];
        r = job_from_row(&t->row, t->type, &t->job);
        if (r < 0)
                return error_errno(reterr, r, "Cannot load a job");
        t->jobs = j;
        *ret = TAKE_PTR(t);
        return 1;
}

Task* task_free(Task* t) {
        if (!t)
                return NULL;
        for (size_t i = 0; t->jobs && i < JOBS_TASKS_MAX; i++)
                if (t->jobs->tasks[i] == t)
                        t->jobs->tasks[i] = NULL;
        if (t->connection)
                (void) connection_free(t->connection);
        (void) sd_event_source_disable_unref(t->timer);
        (void) sd_event_source_disable_unref(t->flush);
        json_decref(t->lines);
        job_done(&t->job);
        job_row_done(&t->row);
        error_done(&t->why);
        free(t);
        return NULL;
}

int task_reload(Task* t, Error* reterr) {
        _cleanup_job_row_ JobRow row = {};
        Job job;
        int r = store_job_get(t->jobs->m->store, t->row.id, &row, reterr);
        if (r <= 0)
                return r < 0 ? r : error_set(reterr, ERROR_NOT_FOUND, "The job is gone.");
        r = job_from_row(&row, t->type, &job);
        if (r < 0)
                return error_errno(reterr, r, "Cannot load a job");
        job_done(&t->job);
        t->job = job;
        job_row_done(&t->row);
        t->row = row;
        row = (JobRow) {};
        return 0;
}

static void string_set(char** s, const char* value) {
        char* copy = value ? strdup(value) : NULL;
        if (!copy)
                return; /* keeps the older text */
        free(*s);
        *s = copy;
}

void task_publish(Task* t, bool force) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        if (!force && now - t->published_usec < PUBLISH_USEC)
                return;
        t->published_usec = now;
        json_t* job = job_row_to_json(&t->row);
        if (strlen(t->row.result) > EVENT_RESULT_MAX) /* an event is small; whoever wants a long list asks for the job */
                (void) json_object_set_new(job, "result", json_object());
        /* Jobs of nobody in particular (root, the box itself) are for administrators alone: -1 is nobody's number. */
        events_publish(t->jobs->m->events, "job", job, t->row.user_id > 0 ? t->row.user_id : -1);
}

/* Which share of the parent its child is: the stage it was begun in and, where the child knows that one too, the stages behind it that
 * the child knows: pull and unpack of an install are those of image-pull. */
static unsigned shared_stages(const Task* parent, const Task* child) {
        char stage[STAGE_BYTES];
        unsigned n = 1;
        if (!stage_name(parent->type, parent->job.stage, stage) || stage_index(child->type, stage) < 0)
                return 1;
        while (stage_name(parent->type, parent->job.stage + n, stage) && stage_index(child->type, stage) >= 0)
                n++;
        return n;
}

void task_show_child(Task* parent, const Task* child) {
        if (!parent || parent->ending != JOB_STATE_QUEUED || !parent->waiting)
                return;
        unsigned all = 0;
        char stage[STAGE_BYTES];
        while (stage_name(parent->type, all, stage))
                all++;
        unsigned shared = shared_stages(parent, child), share = 100 * shared / all;
        unsigned percent = 100 * parent->job.stage / all + share * child->row.percent / 100;
        int i = stage_index(parent->type, child->row.stage);
        bool moved = i > (int) parent->job.stage && i < (int) (parent->job.stage + shared);
        parent->row.percent = parent->job.percent = MIN(MAX(parent->row.percent, percent), 99u);
        if (!isempty(child->row.message)) {
                string_set(&parent->row.message, child->row.message);
                string_set(&parent->job.message, child->row.message);
        }
        if (moved) {
                parent->job.stage = (unsigned) i;
                string_set(&parent->row.stage, child->row.stage);
        }
        task_publish(parent, moved);
}

/* The row's copies follow the job. Percent never falls: a bar that goes back looks broken. */
static void row_follow(Task* t) {
        char stage[STAGE_BYTES];
        if (stage_name(t->type, t->job.stage, stage))
                string_set(&t->row.stage, stage);
        t->row.percent = t->job.percent = MIN(MAX(t->row.percent, t->job.percent), 100u);
        string_set(&t->row.message, t->job.message);
}

static int lines_save(Task* t, Error* reterr) {
        size_t i;
        json_t* line;
        json_array_foreach(t->lines, i, line) {
                int r = store_job_line_add(
                        t->jobs->m->store, t->row.id, json_get_integer(line, "at", 0), json_get_string(line, "level"),
                        json_get_string(line, "text"), reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

int task_save(Task* t, Error* reterr) {
        _cleanup_free_ char* journal = json_text(t->job.journal, /* canonical= */ false);
        _cleanup_free_ char* result = json_text(t->job.result, /* canonical= */ false);
        if (!journal || !result)
                return error_errno(reterr, -ENOMEM, "Cannot save a job");
        row_follow(t);
        int r = lines_save(t, reterr);
        if (r < 0)
                return r;
        return store_job_save(t->jobs->m->store, t->row.id, t->row.stage, t->row.percent, t->row.message, journal, result, reterr);
}

void task_progress(Task* t, const char* stage, int percent, const char* message) {
        int i = stage ? stage_index(t->type, stage) : -ENOENT;
        bool moved = i >= 0 && (unsigned) i != t->job.stage;
        if (i >= 0)
                t->job.stage = (unsigned) i;
        if (percent >= 0)
                t->job.percent = (unsigned) percent;
        if (message)
                string_set(&t->job.message, message);
        row_follow(t);
        task_publish(t, moved);
        if (!isempty(t->row.parent))
                task_show_child(jobs_find(t->jobs, t->row.parent), t);
}

static json_t* error_to_json(const Error* e) {
        if (!error_is_set(e))
                return json_object();
        return json_pack("{s:s, s:s, s:s}", "name", error_name_to_string(e->name), "message", e->message, "hint", strempty(e->hint));
}

static int hook(Task* t, int (*f)(Manager* m, Job* job, Error* reterr), Error* reterr) {
        return f ? f(t->jobs->m, &t->job, reterr) : 0;
}

/* The hook of the ending and the row's end, in one transaction. */
static int end_write(Task* t, JobState state, const Error* why, Error* reterr) {
        Store* s = t->jobs->m->store;
        int r = store_begin(s, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = s;
        if (t->class && !t->undoing)
                r = hook(t, state == JOB_STATE_DONE ? t->class->finished : t->class->undo, reterr);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot end the job");
        row_follow(t);
        if (state == JOB_STATE_DONE)
                t->row.percent = 100;

        json_t* error = error_to_json(why);
        _cleanup_free_ char* error_text = json_text(error, false);
        _cleanup_free_ char* result_text = json_text(t->job.result, false);
        json_decref(error);
        if (!error_text || !result_text)
                return error_errno(reterr, -ENOMEM, "Cannot end the job");
        int64_t now = now_seconds();
        r = lines_save(t, reterr);
        if (r >= 0)
                r = store_job_end(
                        s, t->row.id, job_state_to_string(state), t->row.stage, t->row.percent, t->row.message, result_text, error_text, now, reterr);
        if (r >= 0) {
                transaction = NULL; /* commit closes it either way */
                r = store_commit(s, reterr);
        }
        if (r < 0)
                return r;
        t->row.ended_at = now;
        string_set(&t->row.state, job_state_to_string(state));
        string_set(&t->row.result, result_text);
        string_set(&t->row.error, error_text);
        return 0;
}

static void task_end_try(Task* t);

static int on_end_again(sd_event_source* source, uint64_t usec, void* userdata) {
        task_end_try(userdata);
        return 0;
}

static void end_later(Task* t) {
        t->timer = sd_event_source_disable_unref(t->timer);
        int r = sd_event_add_time_relative(
                t->jobs->m->event, &t->timer, CLOCK_MONOTONIC, END_AGAIN_USEC, 0, on_end_again, t);
        if (r < 0)
                (void) log_error_errno(r, "Failed to wait for the store; job '%s' stays open until the next start: %m", t->row.id);
}

bool task_error_passes(const Error* e) {
        return error_has_name(e, ERROR_STORAGE_FULL) || error_has_name(e, ERROR_BUSY);
}

static void task_end_try(Task* t) {
        Jobs* j = t->jobs;
        _cleanup_error_ Error e = ERROR_NULL;
        int r = end_write(t, t->ending, &t->why, &e);
        if (r < 0 && task_error_passes(&e)) {
                log_warning("Cannot write the end of job '%s', will try again: %s", t->row.id, e.message);
                end_later(t);
                return;
        }
        if (r < 0 && t->ending == JOB_STATE_DONE) { /* what it found cannot be kept, so it was for nothing */
                t->ending = JOB_STATE_FAILED;
                t->why = e;
                e = ERROR_NULL;
                task_end_try(t);
                return;
        }
        if (r < 0) {
                log_error("Cannot undo job '%s': %s", t->row.id, strempty(e.message));
                if (t->class && t->class->undo) { /* without its undo, so that it does not haunt us for ever */
                        t->class = NULL;
                        task_end_try(t);
                        return;
                }
                end_later(t);
                return;
        }
        bool done = t->ending == JOB_STATE_DONE;
        task_publish(t, /* force= */ true);
        if (!done && t->ending == JOB_STATE_FAILED)
                log_notice("Job '%s' (%s) failed: %s", t->row.id, t->row.kind, strempty(t->why.message));
        if (task_is_worker(t))
                worker_forget(t);
        if (t->class && t->class->ended)
                t->class->ended(j->m, &t->job, done);
        char parent[JOB_ID_BYTES];
        (void) snprintf(parent, sizeof(parent), "%s", t->row.parent);
        (void) task_free(t);
        jobs_wake(j, parent);
        j->rescan = true;
        jobs_turn(j);
}

void task_end(Task* t, JobState state, Error* error) {
        if (t->ending != JOB_STATE_QUEUED) {
                error_done(error);
                return; /* it is ending already */
        }
        t->ending = state;
        if (error) {
                t->why = *error;
                *error = ERROR_NULL;
        }
        t->flush = sd_event_source_disable_unref(t->flush);
        t->timer = sd_event_source_disable_unref(t->timer);
        task_end_try(t);
}

void job_log(Manager* m, Job* job, const char* level, const char* format, ...) {
        _cleanup_error_ Error e = ERROR_NULL;
        va_list ap;
        va_start(ap, format);
        _cleanup_free_ char* text = format_text_va(format, ap);
        va_end(ap);
        if (text && store_job_line_add(m->store, job->id, now_seconds(), level, text, &e) < 0)
                log_warning("Cannot keep a line of job '%s', ignoring: %s", job->id, strempty(e.message));
}

void job_say(Job* job, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        char* text = format_text_va(format, ap);
        va_end(ap);
        if (!text)
                return;
        free(job->message);
        job->message = text;
}
