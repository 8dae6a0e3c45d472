/* Where the world reaches the box: what somebody said in the settings, else what the kernel has. */
#include "base/time.h"
#include "base/validate.h"
#include "domain/domain-internal.h"
#include "net/link.h"
#include "store/store-setting.h"
#include <arpa/inet.h>

#define FRESH_USEC (10 * USEC_PER_SEC) /* asking the kernel takes netlink dumps; a list of domains needs it often */

/* Addresses that nobody outside can reach: RFC 1918, RFC 6598 (carriers), RFC 3927, RFC 4193, RFC 4291 2.5.6, documentation excepted,
 * since laboratories use it. */
static bool address_is_private(const char* text) {
        struct in_addr v4;
        struct in6_addr v6;
        if (inet_pton(AF_INET, text, &v4) == 1) {
                uint32_t a = ntohl(v4.s_addr);
                return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 22 == 0x64400000 >> 22 || a >> 16 == 0xa9fe || a >> 24 == 127;
        }
        return inet_pton(AF_INET6, text, &v6) == 1 && ((v6.s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(&v6) || IN6_IS_ADDR_LOOPBACK(&v6));
}

/* Of the machine's addresses those of one family. Private ones count only on a machine that has no other at all: behind somebody's
 * address translation the settings must say what the world sees. Pure. */
json_t* addresses_pick(const json_t* all, bool ipv6) {
        json_t* picked = json_array();
        bool any_public = false;
        size_t i;
        json_t* a;
        json_array_foreach(all, i, a)
                any_public |= !address_is_private(json_string_value(a));
        json_array_foreach(all, i, a) {
                const char* text = json_string_value(a);
                if (!!strchr(text, ':') == ipv6 && (!any_public || !address_is_private(text)))
                        (void) json_array_append(picked, a);
        }
        return picked;
}

static json_t* addresses_of_machine(Manager* m) {
        Domain* d = m->domain;
        json_t* fresh = NULL;
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        if (d && d->addresses && now - d->addresses_usec < FRESH_USEC)
                return json_incref(d->addresses);
        if (link_addresses(&fresh) < 0)
                return json_array();
        if (d) {
                json_decref(d->addresses);
                d->addresses = json_incref(fresh);
                d->addresses_usec = now;
        }
        return fresh;
}

json_t* domain_addresses(Manager* m, bool ipv6) {
        _cleanup_free_ char* said = NULL;
        (void) store_setting_get(m->store, ipv6 ? "public_ipv6" : "public_ipv4", &said, NULL);
        if (!isempty(said) && ip_address_valid(said))
                return json_pack("[s]", said);
        _cleanup_json_ json_t* all = addresses_of_machine(m);
        return addresses_pick(all, ipv6);
}
