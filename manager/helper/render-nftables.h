/* Our one nftables table, from typed records. Pure. */
#pragma once
#include "base/error.h"

#define FIREWALL_PORTS_MAX 128

typedef struct FirewallPort {
        const char* proto;   /* tcp or udp */
        unsigned port;       /* 1 to 65535 */
        const char* purpose; /* [a-z0-9-]{1,32}; stands in the rule's comment */
        const char* scope;   /* world: from everywhere; local: only from the machine itself, so no rule is needed */
        const char* app;     /* app id, or empty for the box itself */
} FirewallPort;

int firewall_port_check(const FirewallPort* p, Error* reterr);
/* Checks every record again. *ret replaces the whole table in one transaction when loaded with nft -f; owned by the caller. */
int render_nftables(const FirewallPort* ports, size_t n, char** ret, Error* reterr);
