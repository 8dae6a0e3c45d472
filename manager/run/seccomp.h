/* Which system calls an app may make, as the OCI bundle's linux.seccomp. After the default profile of the usual engines, stricter where our
 * apps gain nothing: see docs/decisions/0019-what-apps-run-in.md. Pure. */
#pragma once
#include "base/json.h"

/* powers: of the container's record; NULL-ended. NULL when out of memory. */
json_t* seccomp_profile(const char* const* powers);
