#include "site/site.h"
#include "base/time.h"
#include "base/validate.h"
#include "store/store-name.h"
#include "store/store-setting.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>

#define LOGO_MAX (64 * 1024)
#define ADDRESSES_USEC (10 * USEC_PER_SEC) /* how long a list of the machine's addresses is believed */

struct Site {
        json_t* addresses; /* global addresses as text, IPv4 first */
        uint64_t addresses_usec;
        json_t* hosts;            /* of store_name_hosts(), as of that generation of the store */
        uint64_t hosts_generation;
        char* language;
};

int site_new(Manager* m, Site** ret, Error* reterr) {
        Site* s = calloc(1, sizeof(Site));
        if (!s)
                return error_errno(reterr, -ENOMEM, "Cannot serve the site");
        *ret = s;
        return 0;
}

Site* site_free(Site* s) {
        if (!s)
                return NULL;
        json_decref(s->addresses);
        json_decref(s->hosts);
        free(s->language);
        free(s);
        return NULL;
}

static const json_t* provider(Manager* m) {
        return json_object_get(m->machine, "provider");
}

static bool address_is_public(const struct ifaddrs* i) {
        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK))
                return false;
        if (i->ifa_addr->sa_family == AF_INET)
                return true;
        if (i->ifa_addr->sa_family != AF_INET6)
                return false;
        return !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6*) i->ifa_addr)->sin6_addr);
}

static void addresses_of_family(const struct ifaddrs* list, int family, json_t* to) {
        char text[INET6_ADDRSTRLEN];
        for (const struct ifaddrs* i = list; i; i = i->ifa_next) {
                if (!address_is_public(i) || i->ifa_addr->sa_family != family)
                        continue;
                const void* bytes = family == AF_INET ? (const void*) &((const struct sockaddr_in*) i->ifa_addr)->sin_addr
                                                      : (const void*) &((const struct sockaddr_in6*) i->ifa_addr)->sin6_addr;
                if (inet_ntop(family, bytes, text, sizeof(text)))
                        (void) json_array_append_new(to, json_string(text));
        }
}

static const json_t* addresses(Manager* m) {
        Site* s = m->site;
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        if (s->addresses && now - s->addresses_usec < ADDRESSES_USEC)
                return s->addresses;
        struct ifaddrs* list = NULL;
        json_t* fresh = json_array();
        if (getifaddrs(&list) == 0) {
                addresses_of_family(list, AF_INET, fresh);
                addresses_of_family(list, AF_INET6, fresh);
                freeifaddrs(list);
        }
        json_decref(s->addresses);
        s->addresses = fresh;
        s->addresses_usec = now;
        return fresh;
}

static void append_once(json_t* names, const char* name) {
        if (!json_list_has(names, name))
                (void) json_array_append_new(names, json_string(name));
}

static void append_own(Manager* m, json_t* names) {
        const char* fallback = json_get_string(provider(m), "fallback_name");
        char hostname[HOST_NAME_MAX + 1] = "";
        (void) gethostname(hostname, sizeof(hostname) - 1);
        if (fallback)
                append_once(names, fallback);
        if (dns_name_valid(hostname))
                append_once(names, hostname);
}

json_t* site_own_names(Manager* m) {
        json_t* names = json_array();
        append_own(m, names);
        (void) json_array_extend(names, (json_t*) addresses(m));
        return names;
}

/* Everything but addresses. The host name is the kernel's, so it may change without the store: it is looked up each time. */
static json_t* names_make(Manager* m, const json_t* hosts) {
        json_t* names = json_array();
        const char* primary = json_get_string(hosts, "primary");
        size_t i;
        json_t* other;
        if (primary)
                append_once(names, primary);
        append_own(m, names);
        json_array_foreach(json_object_get(hosts, "others"), i, other)
                append_once(names, strempty(json_string_value(other)));
        return names;
}

/* What was read inside a transaction may be rolled back without the store's generation telling, so it is not kept. */
static json_t* hosts_get(Manager* m) {
        Site* s = m->site;
        uint64_t generation = store_generation(m->store);
        bool keep = !store_in_transaction(m->store);
        _cleanup_free_ char* text = NULL;
        json_t* hosts = NULL;
        if (keep && s->hosts && s->hosts_generation == generation)
                return json_incref(s->hosts);
        if (store_name_hosts(m->store, &text, NULL) < 0 || !text || !(hosts = json_loads(text, 0, NULL)))
                return json_incref(s->hosts); /* a broken store must not lock out who would mend it */
        if (keep) {
                json_decref(s->hosts);
                s->hosts = json_incref(hosts);
                s->hosts_generation = generation;
        }
        return hosts;
}

json_t* site_names(Manager* m) {
        _cleanup_json_ json_t* hosts = hosts_get(m);
        json_t* names = names_make(m, hosts);
        (void) json_array_extend(names, (json_t*) addresses(m));
        return names;
}

char* site_base_url(Manager* m) {
        _cleanup_json_ json_t* names = site_names(m);
        const char* best = json_string_value(json_array_get(names, 0)) ?: "localhost";
        char* url = NULL;
        if (asprintf(&url, strchr(best, ':') ? "https://[%s]" : "https://%s", best) < 0)
                return NULL;
        return url;
}

/* Host without its port; -1 when it is not well formed (RFC 9110 7.2). */
static int host_split(const char* host, char ret[static 256]) {
        const char* from = host;
        size_t n = *host == '[' ? strcspn(++from, "]") : strcspn(host, ":");
        if (n == 0 || n >= 256)
                return -1;
        memcpy(ret, from, n);
        ret[n] = 0;
        for (char* p = ret; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p - 'A' + 'a');
        return 0;
}

int site_check_host(Manager* m, const char* host, Error* reterr) {
        char name[256];
        if (host_split(host, name) < 0)
                return error_set(reterr, ERROR_MISDIRECTED, "The request names no host.");
        if (ip_address_valid(name) || streq(name, "localhost"))
                return 0;
        _cleanup_json_ json_t* names = site_names(m);
        if (json_list_has(names, name))
                return 0;
        return error_set(reterr, ERROR_MISDIRECTED, "This box does not answer to the name %.100s.", name);
}

static bool logo_valid(const char* s) {
        const char* rest = s && strlen(s) <= LOGO_MAX ? startswith(s, "data:image/svg+xml;base64,") ?: startswith(s, "data:image/png;base64,") : NULL;
        return rest && rest[strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")] == 0;
}

static json_t* url_or_null(const json_t* p, const char* key) {
        const char* url = json_get_string(p, key);
        return json_string_or_null(url_https_valid(url) ? url : NULL);
}

json_t* site_brand(Manager* m) {
        const json_t* p = provider(m);
        const char* name = json_get_string(p, "name");
        const char* logo = json_get_string(p, "logo");
        const char* colour = json_get_string(p, "colour");
        return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o}", "name", isempty(name) ? "Steadbox" : name, "logo",
                         json_string_or_null(logo_valid(logo) ? logo : NULL), "colour",
                         json_string_or_null(colour_valid(colour) ? colour : NULL), "console_url", url_or_null(p, "console_url"),
                         "billing_url", url_or_null(p, "billing_url"), "support_url", url_or_null(p, "support_url"));
}

const char* site_language(Manager* m) {
        free(TAKE_PTR(m->site->language));
        (void) store_setting_get(m->store, "language", &m->site->language, NULL);
        return m->site->language ?: json_get_string(m->machine, "language") ?: "en";
}

int site_box_name(Manager* m, char** ret, Error* reterr) {
        char hostname[HOST_NAME_MAX + 1] = "steadbox";
        (void) gethostname(hostname, sizeof(hostname) - 1);
        int r = store_setting_get(m->store, "box_name", ret, reterr);
        if (r == 0 && !(*ret = strdup(json_get_string(m->machine, "domain") ?: hostname)))
                return error_errno(reterr, -ENOMEM, "Cannot name the box");
        return r;
}
