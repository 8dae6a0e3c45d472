/* Follows a job to its end, or the stream of events. Ctrl-C stops the following, never the job. */
#pragma once
#include "cli/print.h"
#include "client/client.h"

/* 1 = the job is over and *ret is it, 0 = the person went away. */
int follow_job(Client* c, const char* id, json_t** ret, Error* reterr);
/* The error of a job that failed or was cancelled; 0 when it is done. */
int job_error(const json_t* job, Error* reterr);
int follow_events(Client* c, FILE* f, bool as_json, Error* reterr);
