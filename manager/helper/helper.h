/* The root program's frame: the bus, who may call, how a refusal travels, when it is time to leave. What each verb does is in
 * verb-<family>.c; a verb gets a message that is already known to come from the manager or root. */
#pragma once
#include "base/error.h"
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define HELPER_NAME "org.steadbox.Helper1"
#define HELPER_PATH "/org/steadbox/Helper1"
#define HELPER_ERROR_PREFIX "org.steadbox.Error."
#define HELPER_IDLE_USEC (30 * USEC_PER_SEC)
#define HELPER_WAITING_MAX 16           /* NginxApply calls that wait for a joined reload */
#define NGINX_RELOAD_JOIN_USEC (1 * USEC_PER_SEC)
#define NGINX_RELOAD_LATE_USEC (4 * USEC_PER_SEC) /* beyond that no reload waits for calls that go on coming */

typedef struct Helper {
        sd_event* event;
        sd_bus* bus;                 /* who asks us */
        sd_bus* pid1;                /* whom we ask; a second connection, so that waiting there never re-enters a verb */
        sd_event_source* idle;       /* leaves when no call came for HELPER_IDLE_USEC */
        sd_event_source* reload;     /* the joined nginx reload, when no call is left; armed while waiting_n > 0 */
        sd_event_source* reload_late; /* the same, before any call; armed with it */
        uint64_t reloaded_usec;      /* monotonic time of the last reload, 0 = never */
        sd_bus_message* waiting[HELPER_WAITING_MAX]; /* replied to after that reload; owned references */
        size_t waiting_n;
        uid_t manager_uid;           /* of user steadbox */
        uid_t caller_uid;            /* of the call in progress */
        uint64_t called_usec;        /* monotonic time at which that began */
} Helper;

int helper_init(Helper* h);
void helper_done(Helper* h);
int helper_run(Helper* h); /* until idle or SIGTERM */

/* A verb reads its arguments from call, and appends its answer to reply. Returns negative with reterr set; VERB_DONE to have the reply
 * sent; VERB_LATER when it keeps a reference of call and answers itself. */
enum { VERB_LATER = 0, VERB_DONE = 1 };
#define VERB(symbol, method, in, out, sentence) \
        int verb_##symbol(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr);
#include "tbl/verbs.h"
#undef VERB

/* Answers a call kept by VERB_LATER: an empty success, or e when it is set. Takes the reference. */
void helper_answer(Helper* h, sd_bus_message* call, const Error* e);
