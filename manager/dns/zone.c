#include "dns/zone.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

static bool ends_with(const char* name, const char* suffix) {
        size_t n = strlen(name), k = strlen(suffix);
        return n > k && strcasecmp(name + n - k, suffix) == 0 && (*suffix == '.' || name[n - k - 1] == '.');
}

const char* zone_provider(const json_t* nameservers) {
        static const struct {
                const char* suffix;
                const char* kind;
        } providers[] = {
                { "ns.cloudflare.com", "cloudflare" },
                { "ns.hetzner.com", "hetzner" },   /* hydrogen, oxygen, ... */
                { "ns.hetzner.de", "hetzner" },    /* helium */
                { "first-ns.de", "hetzner" },      /* ns1, and robotns2/3.second-ns below, of Robot */
                { "second-ns.de", "hetzner" },
                { "second-ns.com", "hetzner" },
                { "desec.io", "desec" },
                { "desec.org", "desec" },
                { "digitalocean.com", "digitalocean" },
        };
        const char* kind = NULL;
        size_t i;
        json_t* ns;
        json_array_foreach(nameservers, i, ns) {
                const char* one = NULL;
                for (size_t k = 0; k < ELEMENTS(providers) && !one; k++)
                        if (ends_with(strempty(json_string_value(ns)), providers[k].suffix))
                                one = providers[k].kind;
                if (!one || (kind && !streq(kind, one)))
                        return NULL;
                kind = one;
        }
        return kind;
}

/* Networks known to show nothing but parking pages. The list is short on purpose: a shared host taken for a parking page would be worse
 * than a parking page that is called another website. */
static const struct {
        const char* network;
        unsigned prefix;
        const char* who;
} parking_networks[] = {
        { "64.190.62.0", 23, "Sedo" },   { "91.195.240.0", 23, "Sedo" },       { "185.53.176.0", 22, "ParkingCrew" },
        { "199.59.240.0", 22, "Bodis" }, { "103.224.182.0", 23, "Above.com" }, { "103.224.212.0", 23, "Above.com" },
        { "34.102.136.180", 32, "GoDaddy" }, { "34.98.99.30", 32, "GoDaddy" },
};
static const struct {
        const char* suffix;
        const char* who;
} parking_names[] = {
        { "sedoparking.com", "Sedo" },         { "parkingcrew.net", "ParkingCrew" },   { "bodis.com", "Bodis" },
        { "above.com", "Above.com" },          { "dan.com", "Dan" },                   { "afternic.com", "Afternic" },
        { "parklogic.com", "ParkLogic" },      { "uniregistrymarket.link", "Uniregistry" }, { "namedrive.com", "NameDrive" },
        { "cashparking.com", "GoDaddy" },      { "parkingpage.namecheap.com", "Namecheap" }, { "fabulous.com", "Fabulous" },
        { "ztomy.com", "Ztomy" },              { "hugedomains.com", "HugeDomains" },
};

static const char* parked_name(const char* name) {
        for (size_t i = 0; i < ELEMENTS(parking_names); i++)
                if (ends_with(name, parking_names[i].suffix) || strcasecmp(name, parking_names[i].suffix) == 0)
                        return parking_names[i].who;
        return NULL;
}

static const char* parked_address(const char* text) {
        struct in_addr a, net;
        if (inet_pton(AF_INET, text, &a) != 1)
                return NULL;
        for (size_t i = 0; i < ELEMENTS(parking_networks); i++) {
                uint32_t mask = ~(uint32_t) 0 << (32 - parking_networks[i].prefix);
                if (inet_pton(AF_INET, parking_networks[i].network, &net) == 1 && ((ntohl(a.s_addr) ^ ntohl(net.s_addr)) & mask) == 0)
                        return parking_networks[i].who;
        }
        return NULL;
}

const char* zone_parked(const json_t* nameservers, const char* alias, const json_t* addresses) {
        const char* who = alias ? parked_name(alias) : NULL;
        size_t i;
        json_t* v;
        json_array_foreach(nameservers, i, v)
                who = who ?: parked_name(strempty(json_string_value(v)));
        json_array_foreach(addresses, i, v)
                who = who ?: parked_address(strempty(json_string_value(v)));
        return who;
}

int zone_reverse(const char* address, const char* suffix, char ret[static DNS_NAME_BYTES]) {
        uint8_t b[16];
        char* out = ret;
        if (inet_pton(AF_INET, address, b) == 1) {
                (void) snprintf(ret, DNS_NAME_BYTES, "%u.%u.%u.%u.%s", b[3], b[2], b[1], b[0], suffix ?: "in-addr.arpa");
                return 0;
        }
        if (inet_pton(AF_INET6, address, b) != 1)
                return -EINVAL;
        for (int i = 15; i >= 0; i--)
                out += sprintf(out, "%x.%x.", b[i] & 15, b[i] >> 4);
        (void) snprintf(out, DNS_NAME_BYTES - (size_t) (out - ret), "%s", suffix ?: "ip6.arpa");
        return 0;
}

const char* zone_parent(const char* name) {
        const char* dot = strchr(name, '.');
        if (!*name || streq(name, "."))
                return NULL;
        return dot ? dot + 1 : ".";
}
