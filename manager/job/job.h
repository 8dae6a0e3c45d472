/* Long work: rows that outlive processes. A kind of tbl/jobs.h is MANAGER (steps here, one short transaction a turn of the loop) or
 * WORKER (its own process in its own sandbox, started by the helper, reporting over job.sock). */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"

#define JOB_ID_BYTES 21 /* 20 of [a-z0-9] and NUL: fits id_valid() */

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
} Job;

/* What a kind does; one constant table in job-classes.c lists them: { [JOB_USER_DELETE] = &user_delete_job, ... }. */
typedef struct JobClass {
        /* MANAGER: one short step of job->stage inside an open transaction. 1 = stage is done, 0 = call again, <0 = the job fails. */
        int (*step)(Manager* m, Job* job, Error* reterr);
        /* WORKER: it wants something only the manager can have done, such as a helper verb. Outside any transaction; answer with
         * jobs_answer(), now or later. NULL = it may not ask. */
        int (*asked)(Manager* m, Job* job, const json_t* question, Error* reterr);
        /* WORKER: the result came (inside a transaction): keep what is worth keeping, and leave in job->result what people should
         * see. NULL = nothing. */
        int (*finished)(Manager* m, Job* job, Error* reterr);
        /* Failed or cancelled: undo what the journal says was done (inside a transaction). NULL = nothing to undo. */
        int (*undo)(Manager* m, Job* job, Error* reterr);
        /* The job is over and committed, however it ended; for effects outside the store. NULL = none. */
        void (*ended)(Manager* m, Job* job, bool done);
} JobClass;

int jobs_new(Manager* m, Jobs** ret, Error* reterr); /* listens on job.sock when systemd passed it; resumes or undoes open rows */
Jobs* jobs_free(Jobs* j);
DEFINE_CLEANUP(Jobs*, jobs_free);
/* Adds the row inside the caller's open transaction; it starts after the commit, on the next turn of the loop. Takes ownership of request.
 * BUSY when a LONE kind runs already. */
int jobs_add(Jobs* j, JobKind kind, const Actor* actor, const char* object, json_t* request, char ret_id[static JOB_ID_BYTES], Error* reterr);
/* Inside the caller's open transaction. WRONG_STATE when it is over or its kind cannot be cancelled. */
int jobs_cancel(Jobs* j, const char* id, Error* reterr);
/* The answer to a worker's question; takes over error's content when r < 0. The job may be over by then; that is fine. */
void jobs_answer(Jobs* j, const char* id, int r, Error* error);

/* The same with something to tell: {"answer":{"error":null,"data":..}}. Takes ownership of data, which may be secret: it goes to that worker
 * only and is wiped after. */
void jobs_answer_data(Jobs* j, const char* id, json_t* data);

/* For steps and hooks, inside the open transaction. level is info, warning or error. */
void job_log(Manager* m, Job* job, const char* level, const char* format, ...) _printf_(4, 5);
void job_say(Job* job, const char* format, ...) _printf_(2, 3);

const char* job_kind_to_string(JobKind k);
JobKind job_kind_from_string(const char* s);
