/* Dumps of an app's data for an export, made while the app runs behind its shut door. */
#pragma once
#include "job/job.h"
#include "store/store-app.h"

#define DUMP_FILE_BYTES 100

/* A sub-step as in steps.h: every piece of data whose package says how is dumped. job->journal["dumps"] then says of each
 * {"data", "file": its name in dumps/, "missed": why there is none, or null}. */
int app_step_dumps(Manager* m, Job* job, const AppRow* row, const char* export, Error* reterr);
