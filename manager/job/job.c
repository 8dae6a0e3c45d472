/* The engine: a queue in the store, steps of MANAGER kinds (job-step.c) one a turn of the loop, workers
 * (job-worker.c) watched from afar. A kill at any point leaves rows from which jobs_new_with() goes on. */
#include "job/job-internal.h"
#include "base/log.h"
#include "base/time.h"
#include "base/secret.h"

#define AGAIN_USEC USEC_PER_SEC
#define EXTRA_MAX 30  /* tries of an undo at the manager's starts that use up none */
#define RESUMED_MAX 5 /* starts of the manager during one and the same step: then the step is what kills it */

const char* job_kind_to_string(JobKind k) {
        return k >= 0 && k < _JOB_KIND_MAX ? job_type_table[k].name : NULL;
}

JobKind job_kind_from_string(const char* s) {
        const JobType* type = s ? job_type_find(s) : NULL;
        return type ? type->symbol : _JOB_KIND_INVALID;
}

Task* jobs_find(Jobs* j, const char* id) {
        for (size_t i = 0; i < JOBS_TASKS_MAX; i++)
                if (j->tasks[i] && streq(j->tasks[i]->row.id, id))
                        return j->tasks[i];
        return NULL;
}

void jobs_turn(Jobs* j) {
        int r = sd_event_source_set_enabled(j->pump, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) log_error_errno(r, "Failed to wake the jobs: %m");
}

/* --- asking --- */

static void id_make(char ret[static JOB_ID_BYTES]) {
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz012345"; /* 32: no bias */
        uint8_t bytes[JOB_ID_BYTES - 1];
        random_bytes(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes); i++)
                ret[i] = alphabet[bytes[i] & 31];
        ret[JOB_ID_BYTES - 1] = 0;
}

static int room_check(Jobs* j, const JobType* type, bool part, Error* reterr) {
        int64_t open = 0;
        int r = store_job_open_count(j->m->store, NULL, &open, reterr);
        if (r < 0)
                return r;
        if (open >= JOBS_OPEN_MAX && !part) /* what was begun may go on */
                return error_set(reterr, ERROR_BUSY, "%d jobs are waiting already.", JOBS_OPEN_MAX);
        if (!(type->flags & JOB_LONE))
                return 0;
        r = store_job_open_count(j->m->store, type->name, &open, reterr);
        if (r >= 0 && open > 0) {
                (void) error_set(reterr, ERROR_BUSY, "\"%s\" is running already; it runs once at a time.", type->sentence);
                return error_hint(reterr, "Wait for it to end, or cancel it.");
        }
        return r < 0 ? r : 0;
}

static int add(Jobs* j, JobKind kind, const Actor* actor, const char* object, json_t* request, const char* parent, char ret_id[static JOB_ID_BYTES],
               Error* reterr) {
        _cleanup_json_ json_t* owned = request ?: json_object();
        const JobType* type = &job_type_table[kind];
        _cleanup_free_ char* text = json_text(owned, /* canonical= */ false);
        _cleanup_free_ char* stage = strndup(type->stages, strcspn(type->stages, "|"));
        if (!text || !stage)
                return error_errno(reterr, -ENOMEM, "Cannot add a job");
        assert(store_in_transaction(j->m->store));
        int r = room_check(j, type, /* part= */ !isempty(parent), reterr);
        if (r < 0)
                return r;

        char id[JOB_ID_BYTES];
        id_make(id);
        JobRow row = {
                .id = id,
                .kind = (char*) type->name,
                .object = (char*) strempty(object),
                .stage = stage,
                .request = text,
                .actor = (char*) (*actor->username ? actor->username : *actor->name ? actor->name : "system"),
                .role = (char*) role_to_string(actor->role),
                .parent = (char*) parent,
                .user_id = actor->user_id,
                .created_at = now_seconds(),
        };
        r = store_job_add(j->m->store, &row, reterr);
        if (r < 0)
                return r;
        j->rescan = true; /* after the commit, or for nothing after a rollback */
        jobs_turn(j);
        memcpy(ret_id, id, sizeof(id));
        return 0;
}

int jobs_add(Jobs* j, JobKind kind, const Actor* actor, const char* object, json_t* request, char ret_id[static JOB_ID_BYTES], Error* reterr) {
        return add(j, kind, actor, object, request, /* parent= */ "", ret_id, reterr);
}

int jobs_add_child(Jobs* j, Job* parent, JobKind kind, const char* object, json_t* request, char ret_id[static JOB_ID_BYTES], Error* reterr) {
        return add(j, kind, &parent->actor, object, request, parent->id, ret_id, reterr);
}

static void child_key(const char* name, char ret[static 64]) {
        (void) snprintf(ret, 64, "child:%s", name);
}

const char* job_child_id(const Job* job, const char* name) {
        char key[64];
        child_key(name, key);
        return json_get_string(job->journal, key);
}

void job_child_forget(Job* job, const char* name) {
        char key[64];
        child_key(name, key);
        (void) json_object_del(job->journal, key);
}

static int error_of_child(const JobRow* row, Error* reterr) {
        _cleanup_json_ json_t* e = json_loads(row->error, JSON_REJECT_DUPLICATES, NULL);
        const char* message = json_get_string(e, "message");
        const char* hint = json_get_string(e, "hint");
        if (streq(row->state, "cancelled"))
                return error_set(reterr, ERROR_WRONG_STATE, "A part of it was cancelled.");
        int r = error_set(reterr, error_name_from_string(strempty(json_get_string(e, "name"))), "%s",
                          isempty(message) ? "A part of it failed." : message);
        return isempty(hint) ? r : error_hint(reterr, "%.1000s", hint);
}

int job_child(Manager* m, Job* job, const char* name, JobKind kind, const char* object, json_t* request, json_t** ret_result, Error* reterr) {
        _cleanup_json_ json_t* owned = request;
        _cleanup_job_row_ JobRow row = {};
        char key[64], id[JOB_ID_BYTES];
        child_key(name, key);
        const char* known = json_get_string(job->journal, key);
        if (!known) {
                int k = jobs_add_child(m->jobs, job, kind, object, TAKE_PTR(owned), id, reterr);
                if (k < 0)
                        return k;
                (void) json_object_set_new(job->journal, key, json_string(id));
                return JOB_WAIT;
        }
        int r = store_job_get(m->store, known, &row, reterr);
        if (r <= 0)
                return r < 0 ? r : error_set(reterr, ERROR_INTERNAL, "A part of the job is gone.");
        if (streq(row.state, "queued") || streq(row.state, "running"))
                return JOB_WAIT;
        if (!streq(row.state, "done")) {
                job->part_failed = true;
                return error_of_child(&row, reterr);
        }
        if (ret_result)
                *ret_result = json_loads(row.result, JSON_REJECT_DUPLICATES, NULL) ?: json_object();
        return 1;
}

void jobs_wake(Jobs* j, const char* id) {
        Task* t = j ? jobs_find(j, id) : NULL;
        if (t && !task_is_worker(t))
                task_awake(t);
}

void job_wait_until(Job* job, uint64_t boottime_usec) {
        job->wait_until_usec = job->wait_until_usec ? MIN(job->wait_until_usec, boottime_usec) : boottime_usec;
}

int jobs_cancel(Jobs* j, const char* id, Error* reterr) {
        _cleanup_job_row_ JobRow row = {};
        int r = store_job_get(j->m->store, id, &row, reterr);
        if (r < 0)
                return r;
        const JobType* type = r > 0 ? job_type_find(row.kind) : NULL;
        if (!type)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no such job.");
        if (!streq(row.state, "queued") && !streq(row.state, "running"))
                return error_set(reterr, ERROR_WRONG_STATE, "The job is over already.");
        if (!(type->flags & JOB_CANCEL))
                return error_set(reterr, ERROR_WRONG_STATE, "\"%s\" cannot be cancelled: half of it would be worse than all of it.", type->sentence);
        if (job_is_settled(type, row.stage))
                return error_set(reterr, ERROR_WRONG_STATE, "\"%s\" cannot be cancelled any more: it is done but for its end.", type->sentence);
        r = store_job_cancel(j->m->store, id, reterr);
        if (r < 0)
                return r;
        j->rescan = true;
        jobs_turn(j);
        return 0;
}

/* --- the queue --- */

static int on_again(sd_event_source* source, uint64_t usec, void* userdata) {
        Jobs* j = userdata;
        j->again = sd_event_source_disable_unref(j->again);
        j->rescan = true;
        jobs_turn(j);
        return 0;
}

/* What waits in the queue is met again, though no job may ever end or be added. */
static void look_again(Jobs* j) {
        if (j->again)
                return;
        int r = sd_event_add_time_relative(j->m->event, &j->again, CLOCK_MONOTONIC, AGAIN_USEC, 0, on_again, j);
        if (r < 0)
                (void) log_error_errno(r, "Failed to plan another look at the queue of jobs: %m");
}

static int state_begin(Task* t, Error* reterr) {
        Store* s = t->jobs->m->store;
        int r = store_begin(s, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = s;
        r = store_job_begin(s, t->row.id, now_seconds(), reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        r = store_commit(s, reterr);
        return r < 0 ? r : task_reload(t, reterr);
}

/* -EBUSY: the store takes nothing just now, from others neither. */
static int task_begin(Task* t) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (t->job.cancel) {
                task_undo(t, JOB_STATE_CANCELLED, NULL);
                return 0;
        }
        int r = state_begin(t, &e);
        if (r < 0) { /* the row stays queued */
                log_warning("Cannot begin job '%s', will try again: %s", t->row.id, strempty(e.message));
                look_again(t->jobs);
                (void) task_free(t);
                return error_has_name(&e, ERROR_BUSY) || error_has_name(&e, ERROR_STORAGE_FULL) ? -EBUSY : 0;
        }
        task_publish(t, /* force= */ true);
        if (task_is_worker(t))
                worker_begin(t);
        else if (!t->class || !t->class->step) {
                (void) error_set(&e, ERROR_INTERNAL, "This release cannot do \"%s\".", t->type->sentence);
                task_end(t, JOB_STATE_FAILED, &e);
        }
        return 0;
}

/* A row that was running when the manager ended. */
static void task_resume(Task* t) {
        if (task_is_worker(t)) {
                worker_adopt(t);
                return;
        }
        _cleanup_error_ Error e = ERROR_NULL;
        int64_t resumed = json_get_integer(t->job.journal, "resumed", 0) + 1;
        if (!t->class || !t->class->step)
                (void) error_set(&e, ERROR_INTERNAL, "This release cannot do \"%s\".", t->type->sentence);
        else if (resumed > RESUMED_MAX)
                (void) error_set(&e, ERROR_INTERNAL, "It was interrupted %d times at the same step.", RESUMED_MAX);
        if (error_is_set(&e) && task_must_undo(t)) {
                task_undo_failed(t, &e, /* at_once= */ true);
                return;
        }
        if (error_is_set(&e)) {
                (void) json_object_del(t->job.journal, "resumed");
                task_undo(t, JOB_STATE_FAILED, &e);
                return;
        }
        (void) json_object_set_new(t->job.journal, "resumed", json_integer(resumed));
        /* At once, and not after the pause: a manager that is started often would soon give up. Not for ever, or one that each counted try ends never would. */
        t->extra = job_undo_failed(&t->job) > 0 && job_undo_extra(&t->job) < EXTRA_MAX;
        int r = store_begin(t->jobs->m->store, &e);
        if (r >= 0) {
                r = task_save(t, &e);
                if (r >= 0)
                        r = store_commit(t->jobs->m->store, &e);
                else
                        store_rollback(t->jobs->m->store);
        }
        if (r < 0)
                log_warning("Cannot note that job '%s' goes on, ignoring: %s", t->row.id, strempty(e.message));
        log_info("Job '%s' (%s) goes on at stage '%s'.", t->row.id, t->row.kind, t->row.stage);
}

static Task** free_slot(Jobs* j) {
        for (size_t i = 0; i < JOBS_TASKS_MAX; i++)
                if (!j->tasks[i])
                        return &j->tasks[i];
        return NULL;
}

/* Whether there is no room for another one. Parts of others are let in as long as there is a slot, else all would wait for each other. */
static bool is_crowded(const Jobs* j, const Task* t) {
        unsigned loaded = 0, working = 0;
        if (!isempty(t->row.parent) || streq(t->row.state, "running"))
                return false;
        for (size_t i = 0; i < JOBS_TASKS_MAX; i++)
                if (j->tasks[i] && isempty(j->tasks[i]->row.parent)) {
                        loaded++;
                        working += !j->tasks[i]->waiting && !j->tasks[i]->paused;
                }
        return loaded >= JOBS_LOADED_MAX || working >= JOBS_RUNNING_MAX;
}

/* Whether another one of a kind that is done one after the other is at work. */
static bool must_wait(const Jobs* j, const Task* t) {
        if (!(t->type->flags & JOB_SERIAL) || t->job.cancel || streq(t->row.state, "running"))
                return false;
        for (size_t i = 0; i < JOBS_TASKS_MAX; i++)
                if (j->tasks[i] && j->tasks[i]->type == t->type)
                        return true;
        return false;
}

static int load_one(Jobs* j, const char* id, Task** slot, Error* reterr) {
        Task* t = NULL;
        int r = task_new(j, id, &t, reterr);
        if (r <= 0)
                return r;
        if (must_wait(j, t) || is_crowded(j, t)) {
                (void) task_free(t);
                return 0;
        }
        *slot = t;
        if (!streq(t->row.state, "running"))
                return task_begin(t);
        task_resume(t);
        return 0;
}

static int scan_open(Jobs* j, Error* reterr) {
        _cleanup_json_ json_t* ids = NULL;
        size_t i;
        json_t* id;
        int r = store_job_open(j->m->store, &ids, reterr);
        if (r < 0)
                return r;
        json_array_foreach(ids, i, id) {
                Task** slot = free_slot(j);
                if (!slot)
                        return 0; /* the end of a job looks again */
                if (jobs_find(j, json_string_value(id)))
                        continue;
                r = load_one(j, json_string_value(id), slot, reterr);
                if (r == -EBUSY) { /* each of the others would wait for the store as long */
                        look_again(j);
                        return 0;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int scan_cancelled(Jobs* j, Error* reterr) {
        _cleanup_json_ json_t* ids = NULL;
        size_t i;
        json_t* id;
        int r = store_job_cancelled(j->m->store, &ids, reterr);
        if (r < 0)
                return r;
        json_array_foreach(ids, i, id) {
                Task* t = jobs_find(j, json_string_value(id));
                if (!t || t->job.cancel)
                        continue;
                t->job.cancel = t->row.cancel = true;
                task_publish(t, /* force= */ true);
                if (task_is_worker(t))
                        worker_cancel(t);
                else
                        task_awake(t);
        }
        return 0;
}

static bool can_step(const Task* t) {
        return t && !task_is_worker(t) && !t->paused && !t->waiting && t->ending == JOB_STATE_QUEUED;
}

static Task* next_to_step(Jobs* j) {
        for (unsigned i = 0; i < JOBS_TASKS_MAX; i++) {
                Task* t = j->tasks[(j->turn + i) % JOBS_TASKS_MAX];
                if (!can_step(t))
                        continue;
                j->turn = (j->turn + i + 1) % JOBS_TASKS_MAX;
                return t;
        }
        return NULL;
}

static int on_pump(sd_event_source* source, void* userdata) {
        Jobs* j = userdata;
        _cleanup_error_ Error e = ERROR_NULL;
        if (j->rescan) {
                j->rescan = false;
                int r = scan_open(j, &e);
                if (r >= 0)
                        r = scan_cancelled(j, &e);
                if (r < 0) {
                        log_error("Cannot look at the queue of jobs: %s", strempty(e.message));
                        look_again(j);
                }
        }
        Task* t = next_to_step(j);
        if (t)
                task_step(t);
        if (j->rescan || next_to_step(j))
                jobs_turn(j);
        return 0;
}

/* --- life --- */

int jobs_new_with(Manager* m, JobsOptions options, Jobs** ret, Error* reterr) {
        _cleanup_(jobs_freep) Jobs* j = calloc(1, sizeof(Jobs));
        if (!j) {
                closep(&options.listen_fd);
                return error_errno(reterr, -ENOMEM, "Cannot start the jobs");
        }
        j->m = m;
        j->options = options;
        int r = sd_event_add_defer(m->event, &j->pump, on_pump, j);
        if (r >= 0)
                r = sd_event_source_set_enabled(j->pump, SD_EVENT_OFF);
        if (r >= 0) /* requests first: a step takes milliseconds and people wait */
                r = sd_event_source_set_priority(j->pump, SD_EVENT_PRIORITY_NORMAL + 10);
        if (r < 0)
                return error_errno(reterr, r, "Cannot start the jobs");
        (void) sd_event_source_set_description(j->pump, "jobs");
        worker_requests_sweep(j);
        r = worker_listen(j, reterr);
        if (r < 0)
                return r;
        j->rescan = true;
        jobs_turn(j);
        *ret = TAKE_PTR(j);
        return 0;
}

Jobs* jobs_free(Jobs* j) {
        if (!j)
                return NULL;
        for (size_t i = 0; i < JOBS_TASKS_MAX; i++)
                (void) task_free(j->tasks[i]);
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
                (void) connection_free(j->connections[i]);
        (void) sd_event_source_disable_unref(j->listener);
        (void) sd_event_source_disable_unref(j->pump);
        (void) sd_event_source_disable_unref(j->again);
        closep(&j->options.listen_fd);
        free(j);
        return NULL;
}
