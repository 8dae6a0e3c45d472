/* The servers that were asked, and whether they ever answer. */
#include "net/dns-internal.h"

#define SILENT_TRIES 6

int dns_server_get(DnsServers* all, const char* text, uint16_t port, DnsServer** ret) {
        uint32_t hash = 2166136261; /* FNV-1a */
        for (const char* p = text; *p; p++)
                hash = (hash ^ (uint8_t) *p) * 16777619;
        DnsServer** bucket = &all->buckets[hash % ELEMENTS(all->buckets)];
        for (DnsServer* s = *bucket; s; s = s->next)
                if (streq(s->text, text)) {
                        *ret = s;
                        return 0;
                }
        size_t n = strlen(text) + 1;
        _cleanup_free_ DnsServer* s = calloc(1, sizeof(DnsServer) + n);
        if (!s)
                return -ENOMEM;
        int r = dns_address_parse(text, port, &s->address);
        if (r < 0)
                return r;
        memcpy(s->text, text, n);
        s->next = *bucket;
        *ret = *bucket = TAKE_PTR(s);
        return 0;
}

bool dns_server_dead(const DnsServer* s) {
        return !s->heard && s->silent >= SILENT_TRIES;
}

void dns_servers_done(DnsServers* all) {
        for (size_t i = 0; i < ELEMENTS(all->buckets); i++)
                for (DnsServer* s = TAKE_PTR(all->buckets[i]); s;) {
                        DnsServer* next = s->next;
                        free(s);
                        s = next;
                }
}
