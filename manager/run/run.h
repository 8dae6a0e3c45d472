/* What steadbox-run does, one function a verb; see docs/man/steadbox-run.8. Each gets its record from
 * disk and needs nothing of the manager. */
#pragma once
#include "run/record.h"

int run_start(const AppRecord* a, const AppContainerRecord* c, Error* reterr); /* does not return on success: becomes crun */
int run_wait(const AppRecord* a, const AppContainerRecord* c, Error* reterr);  /* until its health command succeeds */
int run_clean(const AppRecord* a, const AppContainerRecord* c, Error* reterr); /* what is left of it when it has ended */
int run_task(const AppRecord* a, const char* task, Error* reterr);             /* does not return on success: becomes crun */
