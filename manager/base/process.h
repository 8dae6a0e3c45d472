/* Short-lived children with a closed environment: run, feed, collect, time out. Blocking: for helper,
 * jobs, installer; never the manager. */
#pragma once
#include "base/error.h"
#include <sys/types.h>

typedef struct ProcessResult {
        int exit_code;  /* 128 + signal when killed; 124 when it ran out of time */
        char* output;   /* stdout and stderr together, owned, NUL-terminated, cut at output_max */
        size_t output_size;
} ProcessResult;
void process_result_done(ProcessResult* r);

typedef struct ProcessOptions {
        const char* input;       /* bytes for stdin, or NULL for /dev/null */
        size_t input_size;
        bool input_again;        /* /dev/stdin may be opened several times: the input is a file in memory */
        size_t output_max;       /* bytes kept of the output; 0 = 64 KiB */
        unsigned timeout_sec;    /* 0 = 60 */
        const char* const* environment; /* extra NAME=value strings, NULL-terminated, or NULL */
        bool stdout_only;        /* leave stderr to the log */
        uid_t user_id;           /* run as this user, without any privilege of ours; 0 = as we are */
        gid_t group_id;          /* with user_id */
} ProcessOptions;

/* argv[0] is an absolute path; the environment is PATH, LANG=C.UTF-8 and what options name. Returns 0 when the child was run (look at
 * exit_code), negative errno when not. */
int process_run(const char* const* argv, const ProcessOptions* options, ProcessResult* ret);
/* Runs and wants exit code 0: otherwise an error INTERNAL that carries the last line of the output. */
int process_check(const char* const* argv, const ProcessOptions* options, Error* reterr);
