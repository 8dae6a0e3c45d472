/* Our one nftables table, from typed records. Pure. */
#pragma once
#include "base/error.h"
#include "run/record.h"

#define FIREWALL_PORTS_MAX 128

typedef struct FirewallPort {
        const char* proto;   /* tcp or udp */
        unsigned port;       /* 1 to 65535 */
        const char* purpose; /* [a-z0-9-]{1,32}; stands in the rule's comment */
        const char* scope;   /* world: from everywhere; local: only from the machine itself, so no rule is needed */
        const char* app;     /* app id, or empty for the box itself */
} FirewallPort;

/* What the firewall must know of an app; from its record, which was checked when it was written. */
typedef struct FirewallApp {
        char id[33];
        uint32_t slot;
        bool world;         /* it may reach the world */
        bool mute;          /* but no mail servers there */
        bool host_network;  /* it has no network of its own: its ports are the machine's */
        const AppPortRecord* ports; /* open to the world; borrowed */
        size_t ports_n;
} FirewallApp;

int firewall_port_check(const FirewallPort* p, Error* reterr);
/* Checks every record again. *ret replaces the whole table in one transaction when loaded with nft -f;
 * owned by the caller. What apps may not do holds for links that come later too, and for apps that are
 * not listed: those reach nothing. */
int render_nftables(const FirewallPort* ports, size_t n, const FirewallApp* apps, size_t apps_n, char** ret, Error* reterr);
