/* The log: an append-only chain of lines. Details can be erased later; the chain still verifies. */
#pragma once
#include "base/json.h"
#include "store/store.h"

typedef struct Audit Audit;

int audit_new(Store* store, Audit** ret, Error* reterr); /* reads the head */
Audit* audit_free(Audit* a);
DEFINE_CLEANUP(Audit*, audit_free);

typedef struct AuditLine {
        const char* operation;  /* user.add */
        int64_t actor_id;       /* a person, or 0 and actor_name */
        const char* actor_name; /* system, unix:root, nobody */
        const char* object;     /* "#12" for people; "" */
        const char* result;     /* ok, refused, failed */
        const json_t* detail;   /* object or NULL; never secrets */
} AuditLine;
/* Adds a line inside the transaction that is open. After a rollback the head is read anew by itself. */
int audit_append(Audit* a, const AuditLine* line, Error* reterr);

int audit_last_seq(Audit* a, int64_t* ret, Error* reterr); /* 0 = the log is empty */

/* Whether a stranger's refused request may still get a line: a burst, then a few a minute, so that nobody fills the disk from outside. */
bool audit_stranger_may(Audit* a);

/* Removes the details of one person's lines (as actor or object), inside the open transaction; leaves "erased" behind. */
int audit_erase_person(Audit* a, int64_t user_id, Error* reterr);
/* Removes details older than the retention; returns how many. */
int audit_expire_details(Audit* a, int64_t before, Error* reterr);

/* Walks at most count lines from seq on. *hash carries the chain between calls (zeroed at the start). Returns 1 more to come, 0 end reached
 * and whole; error STORE_BROKEN names the first broken line. *seq is the next line. */
int audit_verify_some(Audit* a, int64_t* seq, uint8_t hash[static 32], unsigned count, Error* reterr);
