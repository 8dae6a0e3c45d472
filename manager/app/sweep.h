/* What is deleted by the calendar. Archives for elsewhere (exports/<id>.tar) are kept for a day after they were written. */
#pragma once
#include "base/json.h"
#include "base/macro.h"

#define EXPORT_DIRECTORY "/var/lib/steadbox/exports"
#define EXPORT_KEPT_SECONDS 86400

/* Adds the ids of those in directory that were written before that second to list (array of strings), at most max. */
int sweep_look(const char* directory, int64_t before, size_t max, json_t* list);

/* How the wall clock stands beside the machine's own; zeroes at first. */
typedef struct SweepClock {
        int64_t apart_sec;
        bool known;
} SweepClock;
/* Whether anything may be deleted because it is old (docs/decisions/0038): only where the wall clock went
 * as the machine's own since the last call. The first call after a start never may. now: seconds;
 * boottime: CLOCK_BOOTTIME, which nobody sets. */
bool sweep_calendar(SweepClock* c, int64_t now, uint64_t boottime_usec);
