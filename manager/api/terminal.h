/* Commands that run inside apps on behalf of people. Each belongs to whoever began it, has at most one
 * watcher, and ends when nobody watched for half a minute. */
#pragma once
#include "api/request.h"

typedef struct Terminals Terminals;
Terminals* terminals_free(Terminals* t); /* ends them all */
