/* Short visits to other servers, many at a time on one sd_event loop: GETs of small texts, and whether a
 * mail server greets. Names are never looked up here: the caller says which address to go to. Not in the
 * manager: it uses libcurl. */
#pragma once
#include "base/error.h"
#include <systemd/sd-event.h>

#define VISIT_BYTES_MAX (64 * 1024)
#define VISITS_MAX 2048

typedef struct Visits Visits;
int visits_new(sd_event* event, Visits** ret);
Visits* visits_free(Visits* v); /* what is under way ends without a call */
DEFINE_CLEANUP(Visits*, visits_free);

typedef struct VisitWanted {
        const char* url;       /* http://, https:// (certificates are checked), smtp:// (greeting and EHLO only) */
        const char* address;   /* in numbers: where to connect, whatever the url's name */
        uint16_t port;
        uint64_t patience_usec;
        size_t max;            /* bytes of text kept; more makes the visit fail. At most VISIT_BYTES_MAX */
} VisitWanted;
/* Called once, from the loop. status: HTTP's, 250 for a mail server that greeted, 0 = nothing came of it
 * and problem (borrowed) says why. text is borrowed, NUL-ended, never NULL. Redirects are not followed. */
typedef void (*VisitDone)(unsigned status, const char* text, const char* problem, void* userdata);
int visits_go(Visits* v, const VisitWanted* wanted, VisitDone done, void* userdata, Error* reterr);
