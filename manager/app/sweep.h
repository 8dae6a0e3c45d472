/* Archives for elsewhere (exports/<id>.tar) are kept for a day after they were written. */
#pragma once
#include "base/json.h"

#define EXPORT_DIRECTORY "/var/lib/steadbox/exports"
#define EXPORT_KEPT_SECONDS 86400

/* Adds the ids of those in directory that were written before that second to list (array of strings), at most max. */
int sweep_look(const char* directory, int64_t before, size_t max, json_t* list);
