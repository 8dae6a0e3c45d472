/* Requests that wait for somebody else on the loop: helper, PID 1. */
#pragma once
#include "api/request.h"
#include "daemon/helper-client.h"

typedef struct Waiting Waiting;
/* Before asking; pass it as userdata. NULL on out of memory. */
Waiting* waiting_new(Request* request);
/* After asking: the handler returns what this returns. r < 0: nothing was asked, waiting is freed and r returned. */
int waiting_begin(Waiting* w, int r, RequestThen then);
/* In then(): what was answered, borrowed; NULL where there is nothing to answer. */
json_t* waiting_answer(void* state);

void waiting_helper_done(json_t* answer, const Error* error, void* userdata); /* a HelperDone */
void waiting_done(Waiting* w, int r, json_t* answer);
