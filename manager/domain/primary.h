/* The primary domain: the one the box's own name is in. */
#pragma once
#include "job/job.h"
#include "noun.h"

/* Inside the open transaction: starts the job that proves my.<name> before it becomes the box's name. LOCKED, WRONG_STATE where it is the
 * primary one already. */
int primary_change(Manager* m, const Actor* actor, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr);
