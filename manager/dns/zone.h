/* What can be told from names and numbers alone: whose nameservers these are, whose parking page an address is, how an address is called
 * in reverse. Tables of public knowledge. Pure. */
#pragma once
#include "base/json.h"
#include "net/dns.h"

/* "cloudflare", "hetzner", "desec", "digitalocean", or NULL. All of them must belong to it. */
const char* zone_provider(const json_t* nameservers);
/* Who shows a parking page there, in their own name; NULL = nobody known. Any of the three may be NULL. */
const char* zone_parked(const json_t* nameservers, const char* alias, const json_t* addresses);
/* 2.0.192.in-addr.arpa or ip6.arpa form (RFC 1035 3.5, RFC 3596 2.5) of an address in numbers; suffix stands in their place when not NULL
 * (block lists, RFC 5782). -EINVAL. */
int zone_reverse(const char* address, const char* suffix, char ret[static DNS_NAME_BYTES]);
/* The name without its first label; NULL for the root. Borrowed. */
const char* zone_parent(const char* name);
