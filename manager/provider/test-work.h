/* Work at providers as its tests see it: JSON in single quotes, and an outside that only notes what it is asked and told. */
#pragma once
#include "base/test.h"
#include "provider/provider-internal.h"
#include "provider/work.h"

#define TOKEN "t0ken-of-tests" /* whatever is heard must not have it */

typedef struct Outside {
        char url[64];       /* who is asked in the provider's place; empty where the options say it */
        uint64_t waited_usec;
        json_t* told;       /* what the manager would have been told */
        int tell_until;     /* so many are heard, then the job "dies"; -1 = all */
        int cancel_after;   /* looks at cancelled; -1 = never */
} Outside;
extern Outside outside;
int outside_wait(uint64_t usec, void* userdata);

json_t* parse(const char* text);
/* more: further members of the request, as an object; NULL = none. */
int work_with(const char* token, const char* kind, const char* mode, const char* domain, const char* more, json_t** ret, Error* reterr);
const char* action_of(const json_t* result, size_t i); /* of its change number i */
