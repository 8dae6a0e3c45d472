/* Going from one version of an app to another: what may be reached, what comes back when something fails,
 * when it happens by itself. Pure. */
#pragma once
#include "base/json.h"

#define VERSION_HOPS_MAX 16

/* The way from `from` to `to` (NULL = as far as it goes): versions in the order in which they are
 * installed, as an array, owned. manifests: array of normalised manifests on offer, in any order.
 * WRONG_STATE with a sentence where there is no way, or nothing newer. */
int version_way(const char* title, const char* from, const char* to, const json_t* manifests, json_t** ret, Error* reterr);

/* What a failed change of version may take back. */
typedef enum VersionReturn {
        VERSION_RETURN_NOTHING, /* nothing was touched: it runs on as it was */
        VERSION_RETURN_ALL,     /* program and data: nobody was let in since, so nobody's writing is lost */
        VERSION_RETURN_CODE,    /* only the program: the data was written by people since, and the older version bears it */
        VERSION_RETURN_ASK,     /* neither can go back without loss: both stay, the owner decides */
} VersionReturn;
VersionReturn version_return(bool touched, bool admitted, bool older_bears_data);
const char* version_return_to_string(VersionReturn r);

/* Until when (seconds) a fresh version is watched: as it was written down, but from now on no longer than
 * its package wants; else a clock that was set back would have it watched, and taken back, for years. */
int64_t version_soak_until(int64_t until, int64_t now, int64_t soak_seconds);

/* How long a version is cared for yet. */
typedef enum VersionCare {
        VERSION_CARED_FOR,
        VERSION_CARE_ENDS,  /* within VERSION_CARE_DAYS */
        VERSION_CARE_ENDED,
} VersionCare;
#define VERSION_CARE_DAYS 90
/* end: the last day, "2027-06-30", of UTC; NULL and what is no date: nobody has said. now: seconds. */
VersionCare version_care(const char* end, int64_t now);

/* "02:00-05:00" -> minutes of the day; the end may be smaller than the begin (over midnight). -EINVAL. */
int window_parse(const char* text, unsigned* ret_from, unsigned* ret_to);
/* Whether minute (of the day, in the box's time zone) is inside; an empty window (from == to) is the whole day. */
bool window_has(unsigned from, unsigned to, unsigned minute);
/* The minute within the window at which this box begins: spread, so that not all boxes ask a registry at once, and always the same. */
unsigned window_minute(unsigned from, unsigned to, uint32_t spread);
