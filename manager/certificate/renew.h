/* When a certificate is fetched again. Pure: times are seconds since 1970. */
#pragma once
#include "base/macro.h"

#define RENEW_NEVER INT64_MAX

typedef struct RenewFacts {
        bool present;          /* something is in place, and the next four speak of it */
        bool good;             /* signed by the authority we ask, or trusted; not by ourselves */
        bool covers;           /* all names that are wanted */
        int64_t not_before, not_after;
        int64_t tried_at;      /* 0 = never */
        unsigned failures;     /* in a row */
        int64_t retry_at;      /* the authority said: not before; 0 = it said nothing */
        uint32_t seed;         /* spreads many boxes, and certificates of one; the same for the same certificate */
} RenewFacts;

/* When to try next; may lie in the past, which is now. */
int64_t renew_next(const RenewFacts* f);
/* How long to rest after so many failures in a row: 10 minutes, 1, 3, 6, 12 hours, a day; a tenth more or less. An authority allows about
 * five failed orders of a name an hour; this makes two in the first and then less. */
int64_t renew_pause(unsigned failures, uint32_t seed);
/* The moment an authority names in its refusal ("... retry after 2026-01-02 03:04:05 UTC"), or 0. */
int64_t renew_wait_of(const char* sentence);
/* Whether somebody who asks by hand may have one more order now: failed_at are the last failures, newest last. Seconds to wait, 0 = go. */
int64_t renew_by_hand_wait(const int64_t* failed_at, size_t n, int64_t retry_at, int64_t now);
/* Whether our clock can be trusted with a certificate: what happened already lies in the past. */
bool renew_clock_sane(int64_t now, int64_t known_past);
