/* A job's row as the API shows it: Job of tbl/types.h. */
#pragma once
#include "base/json.h"
#include "store/store-job.h"

json_t* job_row_to_json(const JobRow* row); /* owned */
