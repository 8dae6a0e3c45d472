/* What must change so that a zone has what is wanted. Pure: sets in, changes out.
 *
 * Nothing foreign is overwritten without consent. A value is ours when we wrote it there before. Which
 * values get in each other's way depends on the type: of A, AAAA, CNAME and SRV every other one; of MX
 * those preferred as much or more; of TXT those of the same kind, such as another v=spf1; of CAA and
 * everything else none. What is not in the way stays in the set. */
#pragma once
#include "base/error.h"
#include "base/json.h"

#define PLAN_RECORDS_MAX 500

/* wanted: records of the dns-write request, each { id, owner, type, values, hold, waits, part, ours }
 * (the last four optional; no values = there should be none; hold = its whole part waits while something
 * foreign is in the way of any of it; waits = it does). present: sets in our form (record.h) at least of
 * all those owners. replace: array of ids, consent; may be NULL. *ret: array of { id, action, owner,
 * type, now, wanted, done: false, error: null, write: [..] | null, drop: [types] }: write is the whole
 * set as it must be written (null = nothing to write), drop are other sets at the owner that must go
 * first (a CNAME stands alone, RFC 1034 3.6.2). BAD_REQUEST for records that are none. */
int plan_make(const json_t* wanted, const json_t* present, const json_t* replace, json_t** ret, Error* reterr);

/* How many of the changes would write something. */
size_t plan_count(const json_t* changes);
/* One sentence about all of them: "2 records to create, 1 is somebody else's." */
void plan_sentence(const json_t* changes, char* to, size_t size);
