/* Shared by the files of this folder. */
#pragma once
#include "net/link.h"
#include "noun.h"
#include "system/system.h"

#define BOX_CERTIFICATE "box" /* the one for the box's own names */

struct System {
        Manager* m;
        LinkMonitor* monitor;
        sd_event_source* monitor_io;
        sd_event_source* apply_timer;
        json_t* addresses;        /* that were there when we applied last */
        bool applying;            /* a chain of helper calls is under way */
        bool apply_again;         /* and something changed meanwhile */
        bool whole_due;           /* next time firewall and certificate too, not only nginx's names */
        bool whole_done;          /* the last whole chain worked out */
        unsigned tries;           /* that failed in a row */

        /* What the outside said last. */
        uint64_t refreshed_usec;  /* 0 = never */
        char* virtualisation;     /* NULL = not known yet */
        bool clock_known, clock_synchronised;
        bool reboot_needed;
        json_t* failed;           /* titles of services that failed; NULL = not known yet */
};

/* apply.c */
int apply_watch(System* s);
void apply_soon(System* s, uint64_t usec);
/* finding.c */
int system_findings(Manager* m, Findings* list, Error* reterr);
/* setting.c */
int setting_search(Manager* m, int role, const char* q, json_t* ret_hits, Error* reterr);
