/* An acknowledged write must outlive a power cut, but waiting for the disk may not hold up those who read. So a commit only writes the
 * store's log; the answer waits here until a thread has brought the log to the disk, one sync for all that were committed before it. */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"

typedef struct Durable Durable;
int durable_new(Manager* m, Durable** ret);
Durable* durable_free(Durable* d); /* syncs, and lets all who wait go on */
DEFINE_CLEANUP(Durable*, durable_free);
/* 1 = the request is resumed, perhaps at once, when everything committed until now is on the disk. 0 = it is there already. An error when
 * the disk refuses. */
int durable_wait(Durable* d, Request* r, Error* reterr);
