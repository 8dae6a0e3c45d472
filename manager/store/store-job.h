/* Rows of jobs and their log lines. Knows no kinds and decides nothing: manager/job does. */
#pragma once
#include "base/json.h"
#include "store/store.h"

typedef struct JobRow {
        int64_t sequence;   /* order of asking; the cursor of lists */
        char* id;
        char* kind;         /* name of tbl/jobs.h */
        char* object;
        char* state;        /* queued, running, done, failed, cancelled */
        char* stage;
        char* message;
        char* request;      /* JSON, as the next three */
        char* journal;
        char* result;
        char* error;
        char* actor;
        char* role;
        char* parent;       /* the job that waits for this one; empty = none */
        unsigned percent;
        bool cancel;
        int64_t user_id;    /* 0 = not a person */
        int64_t created_at, started_at, ended_at; /* 0 = not yet */
} JobRow;
void job_row_done(JobRow* row);
#define _cleanup_job_row_ _cleanup_(job_row_done)

int store_job_add(Store* s, const JobRow* row, Error* reterr); /* sequence is chosen here; state queued */
int store_job_get(Store* s, const char* id, JobRow* ret, Error* reterr); /* 1 found, 0 not */
int store_job_is_open(Store* s, const char* id, Error* reterr); /* 1 queued or running, 0 over or not there */
int store_job_open_count(Store* s, const char* kind, int64_t* ret, Error* reterr); /* queued or running; kind NULL = all */
/* Ids of open jobs in the order of asking; *ret is an array of strings. */
int store_job_open(Store* s, json_t** ret, Error* reterr);
int store_job_cancelled(Store* s, json_t** ret, Error* reterr); /* running ones that are to be cancelled */

int store_job_begin(Store* s, const char* id, int64_t at, Error* reterr); /* queued -> running */
int store_job_save(Store* s, const char* id, const char* stage, unsigned percent, const char* message,
                const char* journal, const char* result, Error* reterr);
int store_job_cancel(Store* s, const char* id, Error* reterr);
/* Asks all open parts of job id to end whose kind is in the JSON array kinds. */
int store_job_cancel_parts(Store* s, const char* id, const char* kinds, Error* reterr);
int store_job_parts_count(Store* s, const char* id, int64_t* ret, Error* reterr); /* open ones */
/* The request goes when the job is done: it may name people, and nobody needs it again. */
int store_job_end(Store* s, const char* id, const char* state, const char* stage, unsigned percent,
                const char* message, const char* result, const char* error, int64_t at, Error* reterr);

int store_job_line_add(Store* s, const char* id, int64_t at, const char* level, const char* text, Error* reterr);
int store_job_lines(Store* s, const char* id, json_t** ret, Error* reterr); /* array of JobLine */

typedef struct JobFilter {
        int64_t user_id;   /* 0 = everybody's */
        const char* state; /* NULL = any */
        const char* q;     /* NULL = any; occurs in kind, object or actor */
        int64_t before;    /* cursor; 0 = from the newest */
        unsigned limit;
} JobFilter;
/* Newest first. each() is called for every row; it borrows it. */
int store_job_list(Store* s, const JobFilter* filter, int (*each)(const JobRow* row, void* userdata),
                void* userdata, int64_t* ret_total, Error* reterr);

/* Housekeeping: keeps the newest `keep` ended jobs; forgets requests that nobody retried until `before`. */
int store_job_expire(Store* s, unsigned keep, int64_t before, Error* reterr);
/* What went well and nobody asked for, with its parts: it would push what people did out of those that are kept. */
int store_job_drop(Store* s, const char* id, Error* reterr);
/* What a person asked for, without results: for the export of personal data. */
int store_job_personal(Store* s, int64_t user_id, json_t** ret, Error* reterr);
int store_job_erase(Store* s, int64_t user_id, Error* reterr); /* the actor becomes "#id" */
