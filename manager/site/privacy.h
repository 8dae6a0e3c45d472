/* The privacy notice, generated from the settings (GDPR articles 13 and 14: controller, contact, purposes, storage, rights, authority). */
#pragma once
#include "daemon/manager.h"

/* Privacy of types.h, owned. language NULL = the box's. */
json_t* privacy_notice(Manager* m, const char* language, Error* reterr);
/* Which text a consent speaks of: changes when the notice does. Owned. */
char* privacy_version(Manager* m);
bool privacy_complete(Manager* m);
