/* Help bundles: made by a job, kept as one file each below the state directory, read and sent by the owner alone. */
#pragma once
#include "daemon/manager.h"

/* What the job must know and cannot see itself: the note, settings, findings, and which names to black out. Takes ownership of
 * findings. Owned by the caller; NULL with an error. */
json_t* support_request(Manager* m, const char* note, json_t* findings, Error* reterr);
json_t* support_bundle_read(Manager* m, const char* id, Error* reterr); /* Bundle of tbl/types.h, owned; NULL with NOT_FOUND */
void support_bundles_expire(Manager* m, int64_t before);
