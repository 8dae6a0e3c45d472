/* Where the world reaches the box: what somebody said in the settings, else what the kernel has. */
#include "base/time.h"
#include "base/validate.h"
#include "domain/domain-internal.h"
#include "net/link.h"
#include "store/store-setting.h"
#include <arpa/inet.h>

#define FRESH_USEC (10 * USEC_PER_SEC) /* asking the kernel takes netlink dumps; a list of domains needs it often */

/* Addresses that lead nowhere from outside. IPv4: RFC 1918, RFC 6598 (carriers), RFC 3927, loopback; those for documentation count as public,
 * since laboratories use them. IPv6: RFC 4193, link-local, loopback. */
bool address_is_private(const char* text) {
        struct in_addr v4;
        struct in6_addr v6;
        if (inet_pton(AF_INET, text, &v4) == 1) {
                uint32_t a = ntohl(v4.s_addr);
                return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 ||
                       a >> 22 == 0x64400000 >> 22 || a >> 16 == 0xa9fe || a >> 24 == 127;
        }
        return inet_pton(AF_INET6, text, &v6) == 1 &&
               ((v6.s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(&v6) || IN6_IS_ADDR_LOOPBACK(&v6));
}

/* A private IPv4 address counts where there is no public one: somebody translates addresses for the machine, and a finding asks for the
 * one outside. A unique local IPv6 address never does: to the world such a box has IPv4 only. */
json_t* addresses_pick(const json_t* all, bool ipv6) {
        _cleanup_json_ json_t* private = json_array();
        json_t* picked = json_array();
        size_t i;
        json_t* a;
        json_array_foreach(all, i, a)
                if (!!strchr(json_string_value(a), ':') == ipv6)
                        (void) json_array_append(address_is_private(json_string_value(a)) ? private : picked, a);
        if (!ipv6 && json_array_size(picked) == 0)
                (void) json_array_extend(picked, private);
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
