/* Long work: rows that outlive processes. A kind of tbl/jobs.h is MANAGER (steps here, one short transaction a turn of the loop) or
 * WORKER (its own process in its own sandbox, started by the helper, reporting over job.sock). */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"

#define JOB_ID_BYTES 21 /* 20 of [a-z0-9] and NUL: fits id_valid() */

#define JOB_UNDO_TRIES 6 /* of an undo; the pauses between them grow */

typedef struct Job {
        char id[JOB_ID_BYTES];
        JobKind kind;      /* of ops.h */
        char* object;
        unsigned stage;    /* index into the kind's stages */
        unsigned percent;  /* of the whole; a stage that ends lifts it to its share */
        char* message;     /* owned; the latest sentence, see job_say() */
        json_t* request;   /* as asked; read only */
        json_t* journal;   /* what this job must remember; saved after every step */
        json_t* result;    /* object, filled by steps */
        Actor actor;       /* on whose behalf */
        bool cancel;       /* asked for; a step that is told may stop at a clean point */
        uint64_t wait_until_usec; /* see job_wait_until() */
        bool part_failed;  /* the error of this step is that of a part: it stays, whatever it is */
} Job;

/* What a step of a MANAGER kind may answer beside 0, 1 and errors: it has asked somebody (a child job, the helper, PID 1, the clock) and is
 * called again after jobs_wake(), when a child ended, at job_wait_until(), and after a restart of the manager. It may be called early and
 * more than once: it looks again whether what it waits for is there. */
#define JOB_WAIT 2

/* What a kind does; one constant table in job-classes.c lists them: { [JOB_USER_DELETE] = &user_delete_job, ... }. */
typedef struct JobClass {
        /* MANAGER: one short step of job->stage inside an open transaction. 1 = stage is done, 0 = call again, JOB_WAIT, <0 = the job
         * fails. */
        int (*step)(Manager* m, Job* job, Error* reterr);
        /* WORKER: it wants something only the manager can have done, such as a helper verb. Outside any transaction; answer with
         * jobs_answer(), now or later. NULL = it may not ask. */
        int (*asked)(Manager* m, Job* job, const json_t* question, Error* reterr);
        /* WORKER: the result came (inside a transaction): keep what is worth keeping, and leave in job->result what people should
         * see. NULL = nothing. */
        int (*finished)(Manager* m, Job* job, Error* reterr);
        /* Failed or cancelled: undo what the journal says was done (inside a transaction). NULL = nothing
         * to undo. A MANAGER kind's undo may answer JOB_WAIT as its steps may; a kill then goes on
         * undoing. One that finds that all of it was done, and stays, removes journal["undoing"]: then
         * the job is done. */
        int (*undo)(Manager* m, Job* job, Error* reterr);
        /* MANAGER: its undo failed JOB_UNDO_TRIES times, over a quarter of an hour, and is given up
         * (inside a transaction): say so where people look, and what they can do; release what only this
         * job would have. NULL = nothing. */
        int (*stranded)(Manager* m, Job* job, const Error* why, Error* reterr);
        /* The job is over and committed, however it ended; for effects outside the store. NULL = none. */
        void (*ended)(Manager* m, Job* job, bool done);
} JobClass;

int jobs_new(Manager* m, Jobs** ret, Error* reterr); /* listens on job.sock when systemd passed it; resumes or undoes open rows */
Jobs* jobs_free(Jobs* j);
DEFINE_CLEANUP(Jobs*, jobs_free);
/* Adds the row inside the caller's open transaction; it starts after the commit, on the next turn of the loop. Takes ownership of request.
 * BUSY when a LONE kind runs already. */
int jobs_add(Jobs* j, JobKind kind, const Actor* actor, const char* object, json_t* request,
                char ret_id[static JOB_ID_BYTES], Error* reterr);
/* The same for a part of `parent`, on behalf of the same actor, from one of its steps. Its progress shows
 * in the parent, its end wakes the parent, and the parent does not end before it: a cancelled parent
 * cancels it first. */
int jobs_add_child(Jobs* j, Job* parent, JobKind kind, const char* object, json_t* request,
                char ret_id[static JOB_ID_BYTES], Error* reterr);
/* For a step: one child job from beginning to end. journal["child:<name>"] knows it. The first call adds
 * it (taking ownership of request; later calls drop it); JOB_WAIT while it is open; 1 and, where
 * ret_result is not NULL, its result (owned) when it is done; its own error when it failed or was
 * cancelled. */
int job_child(Manager* m, Job* job, const char* name, JobKind kind, const char* object, json_t* request,
                json_t** ret_result, Error* reterr);
/* How often the undo has failed already; 0 = not, or nothing is undone. */
int64_t job_undo_failed(const Job* job);
const char* job_child_id(const Job* job, const char* name); /* NULL: the first call is still to come */
void job_child_forget(Job* job, const char* name); /* so that the next call adds a new one */
/* Somebody whom a waiting step asked has answered. Nothing happens where the job is over or does not wait. */
void jobs_wake(Jobs* j, const char* id);
/* For a step that is about to answer JOB_WAIT: call again at this time of CLOCK_BOOTTIME at the latest. */
void job_wait_until(Job* job, uint64_t boottime_usec);
/* Inside the caller's open transaction. WRONG_STATE when it is over or its kind cannot be cancelled. */
int jobs_cancel(Jobs* j, const char* id, Error* reterr);
/* The answer to a worker's question; takes over error's content when r < 0. The job may be over by then; that is fine. */
void jobs_answer(Jobs* j, const char* id, int r, Error* error);

/* The same with something to tell: {"answer":{"error":null,"data":..}}. Takes ownership of data, which
 * may be secret: it goes to that worker only and is wiped after. */
void jobs_answer_data(Jobs* j, const char* id, json_t* data);

/* For steps and hooks, inside the open transaction. level is info, warning or error. */
void job_log(Manager* m, Job* job, const char* level, const char* format, ...) _printf_(4, 5);
void job_say(Job* job, const char* format, ...) _printf_(2, 3);

const char* job_kind_to_string(JobKind k);
JobKind job_kind_from_string(const char* s);
