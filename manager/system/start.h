/* The history of starts: when machine and manager began, and how the run before ended. The only memory beside the store is one empty
 * file in the state directory, made at the very end of a clean stop. */
#pragma once
#include "daemon/manager.h"

/* Writes the rows of this start and takes the mark of the last stop away. boot_id: of proc_sys_kernel(5). */
int start_record(Manager* m, const char* boot_id, int64_t booted_at, Error* reterr);
void start_mark_clean(Manager* m); /* the manager stops because it was asked to */
