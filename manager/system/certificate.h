/* Certificates from an authority: which names, when due, and the job that fetches one. */
#pragma once
#include "api/request.h"
#include "job/job.h"

/* Inside the open transaction. WRONG_STATE where the box has no name that an authority could sign. */
int certificate_fetch(Manager* m, const char* id, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr);
