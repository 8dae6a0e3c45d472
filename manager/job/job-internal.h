/* Shared by the files of this folder: the engine's objects, and what a unit test puts in the place of helper and PID 1. */
#pragma once
#include "job/job-message.h"
#include "job/job-row.h"
#include "job/job.h"
#include "store/store-job.h"
#include <sys/types.h>

#define JOBS_OPEN_MAX 256        /* queued and running together */
#define JOBS_RUNNING_MAX 8       /* that work at once; those that wait or are paused, and parts of others, do not count */
#define JOBS_LOADED_MAX 40       /* that are no part of another one */
#define JOBS_TASKS_MAX 64        /* with the parts of others: there is always room for one of them to end */
#define CONNECTIONS_MAX 32       /* a hello that names no job of ours ends them */
#define LINES_MAX 2000           /* kept of one job's log */
#define STAGE_BYTES 32

typedef enum JobState {
        JOB_STATE_QUEUED,
        JOB_STATE_RUNNING,
        JOB_STATE_DONE,
        JOB_STATE_FAILED,
        JOB_STATE_CANCELLED,
        _JOB_STATE_MAX,
        _JOB_STATE_INVALID = -EINVAL,
} JobState;
const char* job_state_to_string(JobState s);

typedef struct Task Task;
typedef struct Connection Connection;

/* Effects outside this process. start and look answer later, by jobs_started() and jobs_looked(). */
typedef struct JobsOptions {
        const JobClass* const* classes; /* by kind; an entry may be NULL */
        int listen_fd;                  /* ownership moves to Jobs; -EBADF = no workers can connect */
        int (*start)(Jobs* j, const char* kind, const char* id, Error* reterr);
        void (*stop)(Jobs* j, const char* kind, const char* id);
        int (*look)(Jobs* j, const char* kind, const char* id); /* asks whether the unit is alive */
        bool (*peer_allowed)(const JobType* type, const char* id, int fd, uid_t uid);
        uint64_t doubt_usec;            /* how long a worker may be silent and unconnected before we look */
        /* the first pause of an undo that failed; the next are four times as long, up to UNDO_PAUSE_MAX
         * of them */
        uint64_t undo_usec;
} JobsOptions;

struct Jobs {
        Manager* m;
        JobsOptions options;
        sd_event_source* listener;
        sd_event_source* pump;     /* deferred: one step, or a look at the queue */
        bool rescan;               /* the queue may have changed */
        sd_event_source* again;    /* timer: a look at the queue that could not be worked off; NULL = it could */
        Task* tasks[JOBS_TASKS_MAX];
        unsigned turn;             /* whose step is next */
        Connection* connections[CONNECTIONS_MAX];
};

/* A job that runs, in memory. Everything in it that matters is in the store too. */
struct Task {
        Jobs* jobs;
        const JobType* type;
        const JobClass* class;
        JobRow row;                /* what was last saved, plus unsaved progress of a worker */
        Job job;
        Connection* connection;    /* of its worker; NULL while there is none */
        sd_event_source* timer;    /* worker: doubt; any: try to end again after a full disk */
        sd_event_source* flush;    /* worker: progress waits to be saved */
        json_t* lines;             /* worker: log lines that wait */
        unsigned n_lines;
        unsigned gone;             /* times in a row that PID 1 did not know the unit */
        unsigned looks;            /* times that we looked without a connection */
        bool paused;               /* manager: waits for the disk, or for the next try of its undo */
        bool waiting;              /* manager: its step answered JOB_WAIT */
        bool undoing;              /* manager: it failed or was cancelled, and its undo takes several steps */
        bool extra;                /* manager: only its start brings the next try of the undo, which does not count */
        bool stopping;             /* cancelled; the worker was told */
        JobState ending;           /* what it is about to become; QUEUED = nothing yet */
        Error why;                 /* of FAILED */
        uint64_t published_usec;
};

int64_t job_undo_extra(const Job* job); /* tries of its undo that did not count */

int jobs_new_with(Manager* m, JobsOptions options, Jobs** ret, Error* reterr);
void jobs_started(Jobs* j, const char* id, int r, Error* error); /* of options.start */
void jobs_looked(Jobs* j, const char* id, int alive);            /* of options.look; negative = not known */
Task* jobs_find(Jobs* j, const char* id);
void jobs_turn(Jobs* j);

/* task.c */
int task_new(Jobs* j, const char* id, Task** ret, Error* reterr);
Task* task_free(Task* t);
DEFINE_CLEANUP(Task*, task_free);
bool task_is_worker(const Task* t);
/* of a kind that ADMITS: it has come so far that it is not cancelled any more */
bool job_is_settled(const JobType* type, const char* stage);
bool task_is_settled(const Task* t);
int task_reload(Task* t, Error* reterr);      /* back to what the store has, after a rollback */
void task_publish(Task* t, bool force);
void task_show_child(Task* parent, const Task* child); /* the child's progress is the parent's */
int task_save(Task* t, Error* reterr);        /* progress, journal and lines, inside the open transaction */
void task_progress(Task* t, const char* stage, int percent, const char* message);
/* Ends the job; takes over error's content. The task is freed by this, or later when the store cannot be written now. */
void task_end(Task* t, JobState state, Error* error);
bool task_error_passes(const Error* e); /* a full or busy store does; everything else would fail again */
void job_actor_from_row(const JobRow* row, Actor* ret);

/* job-step.c: tasks of MANAGER kinds */
void task_step(Task* t);
void task_awake(Task* t);                     /* one that waits is asked again on the next turn */
/* The job has failed or was cancelled: undoes, which may take several turns of the loop, and ends it. Takes over error's content. */
void task_undo(Task* t, JobState state, Error* error); /* of workers, too: they end at once */
bool task_must_undo(const Task* t);
/* A step of its undo did not work: another one follows after a pause, or it is given up, which at_once asks for. */
void task_undo_failed(Task* t, const Error* why, bool at_once);

/* job-worker.c */
void worker_begin(Task* t);                   /* a queued job: write the request, start the unit */
void worker_adopt(Task* t);                   /* a running one, found at start-up */
void worker_cancel(Task* t);
void worker_forget(Task* t);                  /* the job is over: tell the worker, remove its request */
void worker_requests_sweep(Jobs* j);          /* at start-up: requests that nobody reads any more */
int worker_listen(Jobs* j, Error* reterr);
Connection* connection_free(Connection* c);
