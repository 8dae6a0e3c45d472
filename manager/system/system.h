/* The machine as a noun: what it is made of, what it should let in and serve, and what is known of it from helper, PID 1 and kernel.
 * Those answer later, so what they said last is kept here; nothing on the loop waits for them. */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"

typedef struct System System;

/* Asks the outside again unless it was asked less than max_age_usec ago. Answers arrive on the loop; a change publishes "finding". */
void system_refresh(Manager* m, uint64_t max_age_usec);
/* Firewall, certificate and web server are brought to what all nouns want: soon, once for many calls, again until it works. */
void system_apply_soon(Manager* m);
/* Only the web server's names, on the next turn of the loop: somebody waits for it. */
void system_names_now(Manager* m);
/* The firewall alone, without a pause: what is listed there may reach the outside. */
void system_firewall_now(Manager* m);

json_t* system_show(Manager* m, Error* reterr);            /* a System of tbl/types.h, owned */
/* The clock is known not to be synchronised, and somebody in here would have to do it: a container's is its host's. */
bool system_clock_doubtful(Manager* m);
