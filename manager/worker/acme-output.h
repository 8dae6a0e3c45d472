/* What uacme -vvv says on its way, line by line: the authority's refusals, its wish to be left alone, and what people may read. Pure, for
 * the authority has a say in it. */
#pragma once
#include "base/macro.h"

typedef struct AcmeOutput {
        unsigned status;      /* of the answer that is being printed */
        char type[64];        /* of the last problem (RFC 8555 6.7): rateLimited, dns, unauthorized ... */
        char detail[512];     /* why, in the authority's words; printable ASCII */
        char last[256];       /* the last line uacme itself said */
        int64_t retry_after;  /* seconds, where the authority refused and said so; 0 = it did not */
        bool no_account;      /* it does not know our account */
} AcmeOutput;
/* now: for a Retry-After that is a date. True = the line is worth keeping in the job's log. */
bool acme_output_line(AcmeOutput* o, const char* line, int64_t now);
