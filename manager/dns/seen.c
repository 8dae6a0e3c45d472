#include "dns/seen.h"
#include "dns/spf.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

enum { RCODE_NOERROR = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5, RCODE_NOTAUTH = 9 };

void seen_done(Seen* s) {
        if (!s)
                return;
        free(s->server);
        free(s->extended_text);
        free(s->zone);
        json_decref(s->values);
        json_decref(s->aliases);
        *s = (Seen) { .extended_error = -1 };
}

/* --- values --- */

static bool holds_names(const char* type) {
        static const char* const types[] = { "CNAME", "MX", "NS", "PTR", "SRV", "SOA", "DNAME" };
        for (size_t i = 0; i < ELEMENTS(types); i++)
                if (streq(type, types[i]))
                        return true;
        return false;
}

/* Single spaces, small letters, no dot at the end of a word but the root's. */
static void names_canonical(char* s) {
        char* out = s;
        for (char* p = s; *p; p++) {
                if (*p == ' ' && (out == s || out[-1] == ' '))
                        continue;
                if (*p == '.' && (p[1] == 0 || p[1] == ' ') && p > s && p[-1] != ' ')
                        continue;
                *out++ = (char) tolower((unsigned char) *p);
        }
        while (out > s && out[-1] == ' ')
                out--;
        *out = 0;
}

/* "0 issue \"x\"" and "0 ISSUE x" are the same; the tag counts without its case (RFC 8659 4.1). */
static char* caa_canonical(const char* value) {
        unsigned flags;
        char tag[32];
        int n = 0;
        char* out = NULL;
        if (sscanf(value, "%3u %31s %n", &flags, tag, &n) != 2 || n == 0)
                return strdup(value);
        for (char* p = tag; *p; p++)
                *p = (char) tolower((unsigned char) *p);
        const char* text = value + n;
        size_t size = strlen(text);
        if (size >= 2 && text[0] == '"' && text[size - 1] == '"') {
                text++;
                size -= 2;
        }
        return asprintf(&out, "%u %s \"%.*s\"", flags, tag, (int) size, text) < 0 ? NULL : out;
}

char* value_canonical(const char* type, const char* value) {
        uint8_t bytes[16];
        char text[INET6_ADDRSTRLEN];
        int family = streq(type, "A") ? AF_INET : streq(type, "AAAA") ? AF_INET6 : 0;
        if (family)
                return strdup(inet_pton(family, value, bytes) == 1 && inet_ntop(family, bytes, text, sizeof(text)) ? text : value);
        if (streq(type, "CAA"))
                return caa_canonical(value);
        char* copy = strdup(value);
        if (copy && holds_names(type))
                names_canonical(copy);
        return copy;
}

static int compare(const void* a, const void* b) {
        return strcmp(strempty(json_string_value(*(json_t* const*) a)), strempty(json_string_value(*(json_t* const*) b)));
}

int values_sort(json_t* values) {
        size_t n = json_array_size(values), kept = 0;
        if (n < 2)
                return 0;
        json_t** list = calloc(n, sizeof(json_t*));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                list[i] = json_incref(json_array_get(values, i));
        qsort(list, n, sizeof(json_t*), compare);
        (void) json_array_clear(values);
        for (size_t i = 0; i < n; i++)
                if (i == 0 || compare(&list[i - 1], &list[i]) != 0)
                        kept += json_array_append(values, list[i]) == 0;
        for (size_t i = 0; i < n; i++)
                json_decref(list[i]);
        free(list);
        return (int) kept;
}

json_t* values_canonical(const char* type, const json_t* values) {
        json_t *out = json_array(), *value;
        size_t i;
        json_array_foreach(values, i, value) {
                _cleanup_free_ char* text = value_canonical(type, strempty(json_string_value(value)));
                if (text)
                        (void) json_array_append_new(out, json_string(text));
        }
        (void) values_sort(out);
        return out;
}

bool values_have(const json_t* values, const char* value) {
        size_t i;
        json_t* v;
        json_array_foreach(values, i, v)
                if (streq(strempty(json_string_value(v)), value))
                        return true;
        return false;
}

json_t* values_minus(const json_t* a, const json_t* b) {
        json_t *out = json_array(), *v;
        size_t i;
        json_array_foreach(a, i, v)
                if (!values_have(b, strempty(json_string_value(v))))
                        (void) json_array_append(out, v);
        return out;
}

char* values_joined(const json_t* values) {
        size_t i, n = 1;
        json_t* v;
        json_array_foreach(values, i, v)
                n += strlen(strempty(json_string_value(v))) + 2;
        char* out = calloc(1, n);
        char* end = out;
        json_array_foreach(values, i, v)
                if (out)
                        end += sprintf(end, "%s%s", i > 0 ? ", " : "", strempty(json_string_value(v)));
        return out;
}

json_t* values_of_check(const char* check, const json_t* values) {
        static const struct {
                const char* check;
                const char* start; /* what the record begins with; its case does not matter to us, strict readers complain later */
        } starts[] = { { "dmarc", "v=DMARC1" }, { "mta-sts", "v=STSv1" }, { "tls-rpt", "v=TLSRPTv1" } };
        const char* start = NULL;
        bool spf = streq(check, "spf");
        for (size_t i = 0; i < ELEMENTS(starts); i++)
                if (streq(starts[i].check, check))
                        start = starts[i].start;
        json_t *out = json_array(), *v;
        size_t i;
        json_array_foreach(values, i, v) {
                const char* text = strempty(json_string_value(v));
                if (spf ? spf_is_record(text) : !start || strncasecmp(text, start, strlen(start)) == 0)
                        (void) json_array_append(out, v);
        }
        return out;
}

/* --- answers --- */

static bool is_referral(const DnsAnswer* a) {
        bool ns = false;
        for (size_t i = 0; i < a->n_records; i++) {
                const DnsRecord* d = &a->records[i];
                if (d->section == DNS_ANSWER || (d->section == DNS_AUTHORITY && streq(d->type, "SOA")))
                        return false;
                ns |= d->section == DNS_AUTHORITY && streq(d->type, "NS");
        }
        return ns;
}

static SeenClass classify(const DnsAnswer* a, bool resolver) {
        if (!a || a->outcome != DNS_ANSWERED || a->truncated) /* what lacks in half an answer may be there */
                return SEEN_SILENT;
        if (a->rcode == RCODE_REFUSED || a->rcode == RCODE_NOTAUTH)
                return SEEN_LAME;
        if (a->rcode != RCODE_NOERROR && a->rcode != RCODE_NXDOMAIN)
                return SEEN_FAILED;
        if (resolver || a->authoritative)
                return SEEN_GOOD;
        return is_referral(a) ? SEEN_ELSEWHERE : SEEN_LAME;
}

static const char* alias_of(const DnsAnswer* a, const char* name) {
        for (size_t i = 0; i < a->n_records; i++)
                if (a->records[i].section == DNS_ANSWER && streq(a->records[i].type, "CNAME") && strcasecmp(a->records[i].owner, name) == 0)
                        return a->records[i].value;
        return NULL;
}

/* Follows the aliases within the answer. Returns the last name, borrowed. */
static const char* follow(const DnsAnswer* a, const char* name, Seen* s) {
        const char *at = name, *next;
        while ((next = alias_of(a, at))) {
                if (strcasecmp(next, name) == 0 || values_have(s->aliases, next)) {
                        s->alias_loop = true;
                        (void) json_array_append_new(s->aliases, json_string(next));
                        return at;
                }
                if (json_array_size(s->aliases) == ALIASES_MAX) {
                        s->alias_long = true;
                        return at;
                }
                (void) json_array_append_new(s->aliases, json_string(next));
                at = next;
        }
        return at;
}

int seen_take(const DnsAnswer* answer, const char* server, const char* name, const char* type, bool resolver, Seen* ret) {
        Seen s = {
                .class = classify(answer, resolver),
                .server = strdup(server),
                .extended_error = -1,
                .values = json_array(),
                .aliases = json_array(),
        };
        if (!s.server || !s.values || !s.aliases) {
                seen_done(&s);
                return -ENOMEM;
        }
        if (answer && answer->outcome == DNS_ANSWERED) {
                s.rcode = answer->rcode;
                s.refused = answer->rcode == RCODE_REFUSED;
                s.authenticated = answer->authenticated;
                s.extended_error = answer->extended_error;
                s.extended_text = answer->extended_text ? strdup(answer->extended_text) : NULL;
        }
        for (size_t i = 0; s.class == SEEN_GOOD && i < answer->n_records && !s.zone; i++)
                if (streq(answer->records[i].type, "SOA") && answer->records[i].section != DNS_ADDITIONAL)
                        s.zone = strdup(answer->records[i].owner);
        for (size_t i = 0; s.class == SEEN_ELSEWHERE && i < answer->n_records && !s.zone; i++)
                if (streq(answer->records[i].type, "NS") && answer->records[i].section == DNS_AUTHORITY)
                        s.zone = strdup(answer->records[i].owner);
        if (s.class == SEEN_GOOD) {
                const char* last = streq(type, "CNAME") ? name : follow(answer, name, &s);
                for (size_t i = 0; i < answer->n_records; i++) {
                        const DnsRecord* d = &answer->records[i];
                        if (d->section != DNS_ANSWER || !streq(d->type, type) || strcasecmp(d->owner, last) != 0)
                                continue;
                        _cleanup_free_ char* value = value_canonical(type, d->value);
                        if (value)
                                (void) json_array_append_new(s.values, json_string(value));
                }
                (void) values_sort(s.values);
        }
        *ret = s;
        return 0;
}
