/* Any server that takes RFC 2136 updates signed with TSIG (RFC 8945): BIND, Knot, PowerDNS ... One set is changed in one message, all of
 * it or nothing (RFC 2136 3.4). Read back over TCP, signed as well, because some servers answer only then. */
#include "base/validate.h"
#include "net/dns.h"
#include "provider/provider-internal.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

#define ADDRESSES_MAX 8

/* Types that may stand where we write; asked one by one, because ANY is refused nowadays (RFC 8482). */
static const char* const types[] = { "A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA" };

typedef struct Server {
        char address[INET6_ADDRSTRLEN];
        uint16_t port;
        DnsKey key; /* borrowed from the request and the token */
} Server;

/* --- the server --- */

static int resolve(const char* name, char ret[][INET6_ADDRSTRLEN], size_t* ret_n, Error* reterr) {
        struct addrinfo *list = NULL, hints = { .ai_socktype = SOCK_STREAM };
        size_t n = 0;
        int r = getaddrinfo(name, NULL, &hints, &list);
        if (r != 0)
                return error_set(reterr, ERROR_UNREACHABLE, "The server %s has no address: %s.", name, gai_strerror(r));
        for (struct addrinfo* a = list; a && n < ADDRESSES_MAX; a = a->ai_next)
                n += getnameinfo(a->ai_addr, a->ai_addrlen, ret[n], INET6_ADDRSTRLEN, NULL, 0, NI_NUMERICHOST) == 0;
        freeaddrinfo(list);
        *ret_n = n;
        return n > 0 ? 0 : error_set(reterr, ERROR_UNREACHABLE, "The server %s has no address.", name);
}

static int question(const Server* s, const char* name, const char* type, DnsAnswer* ret, Error* reterr) {
        _cleanup_(dns_answer_done) DnsAnswer answer = {};
        int r = dns_read(s->address, s->port, name, type, &s->key, &answer, reterr);
        if (r < 0)
                return r;
        if (answer.outcome != DNS_ANSWERED)
                return error_set(reterr, ERROR_UNREACHABLE, "The server %s does not answer (%s).", s->address, dns_outcome_to_string(answer.outcome));
        if (answer.rcode == 9) /* NOTAUTH (RFC 8945 5.2) */
                return error_set(reterr, ERROR_WRONG_CREDENTIALS, "The server %s does not know this key, its secret or its algorithm.", s->address);
        if (answer.rcode == 5)
                return error_set(reterr, ERROR_NOT_ALLOWED, "The server %s refuses to answer for %s with this key.", s->address, name);
        if (answer.rcode != 0 && answer.rcode != 3)
                return error_set(reterr, ERROR_UNREACHABLE, "The server %s could not answer for %s (code %u).", s->address, name, answer.rcode);
        *ret = answer;
        answer = (DnsAnswer) {};
        return 0;
}

/* The SOA stands in the answer for the zone itself, else in the authority section (RFC 2308 3). */
static int zone_find(Provider* p, const Server* s, Error* reterr) {
        _cleanup_(dns_answer_done) DnsAnswer answer = {};
        int r = question(s, p->domain, "SOA", &answer, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; answer.authoritative && i < answer.n_records; i++) {
                const DnsRecord* record = &answer.records[i];
                size_t n;
                if (record->section != DNS_ADDITIONAL && streq(record->type, "SOA") && record_name_relative(p->domain, record->owner, &n) &&
                    strchr(record->owner, '.'))
                        return provider_zone_take(p, record->owner, "", reterr);
        }
        (void) error_set(reterr, ERROR_NOT_FOUND, "The server %s keeps no zone that %s is in.", s->address, p->domain);
        return error_hint(reterr, "Name the primary server: the one that takes updates.");
}

static int open_(Provider* p, Error* reterr) {
        const json_t* o = p->options.options;
        const char *server = json_get_string(o, "server"), *key = json_get_string(o, "key_name");
        char addresses[ADDRESSES_MAX][INET6_ADDRSTRLEN];
        size_t n = 0;
        if (isempty(server) || isempty(key))
                return error_set(reterr, ERROR_BAD_REQUEST, "A server and the name of a key are needed.");
        int r = resolve(server, addresses, &n, reterr);
        Server* s = r < 0 ? NULL : calloc(1, sizeof(Server));
        if (!s)
                return r < 0 ? r : error_errno(reterr, -ENOMEM, "Cannot reach the server");
        p->own = s;
        p->least_ttl = 1;
        s->port = (uint16_t) json_get_integer(o, "port", 53);
        s->key = (DnsKey) { .name = key, .algorithm = json_get_string(o, "algorithm") ?: "hmac-sha256", .secret = p->token };
        for (size_t i = 0; i < n; i++) { /* the next address only when this one cannot be reached */
                _cleanup_error_ Error e = ERROR_NULL;
                memcpy(s->address, addresses[i], sizeof(s->address));
                r = zone_find(p, s, i + 1 < n ? &e : reterr);
                if (r >= 0)
                        return 0;
                if (i + 1 < n && !error_has_name(&e, ERROR_UNREACHABLE)) {
                        (void) error_set(reterr, e.name, "%s", e.message);
                        return e.hint ? error_hint(reterr, "%s", e.hint) : r;
                }
        }
        return r;
}

static void close_(Provider* p) {
        free(p->own);
}

/* --- sets --- */

/* Text of a TXT record comes without quotes, so a quote in it is one of its bytes. */
static char* txt_escaped(const char* value) {
        char *out = malloc(4 * strlen(value) + 1), *to = out;
        for (; out && *value; value++)
                if (*value == '"')
                        to = stpcpy(to, "\\034");
                else
                        *to++ = *value;
        if (out)
                *to = 0;
        return out;
}

static int answer_take(const DnsAnswer* answer, const char* owner, const char* type, json_t* sets) {
        for (size_t i = 0; i < answer->n_records; i++) {
                const DnsRecord* record = &answer->records[i];
                const ParseContext c = { .zone = owner, .owners = &owner, .n_owners = 1 };
                if (record->section != DNS_ANSWER || !streq(record->type, type) || !streq(record->owner, owner))
                        continue;
                _cleanup_free_ char* txt = streq(type, "TXT") ? txt_escaped(record->value) : NULL;
                int r = parse_add(&c, sets, owner, /* relative= */ false, type, txt ?: record->value, NULL, record->ttl);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_(Provider* p, const char* const* owners, size_t n, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* sets = json_array();
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < ELEMENTS(types); k++) {
                        _cleanup_(dns_answer_done) DnsAnswer answer = {};
                        if (p->options.cancelled && p->options.cancelled(p->options.userdata))
                                return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
                        int r = question(p->own, owners[i], types[k], &answer, reterr);
                        if (r < 0)
                                return r;
                        if (answer_take(&answer, owners[i], types[k], sets) < 0)
                                return provider_garbled(p, reterr);
                }
        *ret = TAKE_PTR(sets);
        return 0;
}

static int write_(Provider* p, const char* owner, const char* type, const json_t* values, uint32_t ttl, Error* reterr) {
        const Server* s = p->own;
        DnsUpdate changes[RECORD_VALUES_MAX + 1] = { { .owner = owner, .type = type, .drop = true } };
        size_t i, n = 1;
        json_t* v;
        json_array_foreach(values, i, v)
                if (n < ELEMENTS(changes))
                        changes[n++] = (DnsUpdate) { .owner = owner, .type = type, .value = json_string_value(v), .ttl = ttl };
        return dns_update(s->address, s->port, p->zone, &s->key, changes, n, reterr);
}

const ProviderClass provider_rfc2136 = { .kind = "rfc2136", .open = open_, .close = close_, .read = read_, .write = write_ };
