/* What the dns-write job does at a provider: test, plan, apply, put, drop. Knows neither manager nor
 * socket. Every mode can be run again after a kill at any point: it looks first, and writes only what is
 * not there yet. */
#pragma once
#include "provider/provider.h"

typedef struct WorkEvents {
        /* Tells the manager {"what":"writing"|"written", ..} of provider.h and waits until it has kept it. Takes ownership. */
        int (*tell)(json_t* message, void* userdata, Error* reterr);
        void (*progress)(const char* stage, int percent, const char* sentence, void* userdata); /* stages of tbl/jobs.h */
        void* userdata;
} WorkEvents;

/* request as in provider.h; *ret is the job's result, owned. */
int work_run(const json_t* request, const ProviderOptions* options, const WorkEvents* events, json_t** ret, Error* reterr);
