/* The machine's links, addresses and default routes, as the kernel has them, and word when they change. The only place that knows
 * libnl (rtnetlink(7)). */
#pragma once
#include "base/json.h"

/* Array of Address of tbl/types.h, owned: every link but loopback and those of apps. */
int link_list(json_t** ret);
/* Of these, global addresses without their prefix, IPv4 first; an array of strings, owned. */
int link_addresses(json_t** ret);

typedef struct LinkMonitor LinkMonitor;
int link_monitor_new(LinkMonitor** ret);
LinkMonitor* link_monitor_free(LinkMonitor* l);
DEFINE_CLEANUP(LinkMonitor*, link_monitor_free);
int link_monitor_fd(const LinkMonitor* l); /* readable when something changed */
void link_monitor_drain(LinkMonitor* l);   /* what changed is asked anew, so the messages themselves do not matter */
