/* Names, types and rare rdata between text and wire, by ldns. */
#include "net/dns-internal.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdio.h>

static void rdf_freep(ldns_rdf** r) {
        if (*r)
                ldns_rdf_deep_free(*r);
}
static void rr_freep(ldns_rr** rr) {
        if (*rr)
                ldns_rr_free(*rr);
}

const char* dns_outcome_to_string(DnsOutcome o) {
        static const char* const table[_DNS_OUTCOME_MAX] = {
                [DNS_ANSWERED] = "answered",
                [DNS_TIMEOUT] = "timeout",
                [DNS_UNREACHABLE] = "unreachable",
                [DNS_GARBLED] = "garbled",
        };
        return o < 0 || o >= _DNS_OUTCOME_MAX ? NULL : table[o];
}

uint16_t dns_type_number(const char* type) {
        return (uint16_t) ldns_get_rr_type_by_name(type);
}

void dns_type_text(uint16_t type, char ret[static 16]) {
        const ldns_rr_descriptor* d = ldns_rr_descript(type);
        if (d && d->_name)
                (void) snprintf(ret, 16, "%s", d->_name);
        else
                (void) snprintf(ret, 16, "TYPE%u", type);
}

int dns_wanted_make(const char* name, const char* type, DnsWanted* ret, Error* reterr) {
        _cleanup_(rdf_freep) ldns_rdf* wire = NULL;
        DnsWanted w = { .type = dns_type_number(type) };
        bool plain = strlen(name) < DNS_NAME_BYTES;
        for (const char* p = name; plain && *p; p++)
                plain = *p > ' ' && *p < 127;
        if (!plain || ldns_str2rdf_dname(&wire, isempty(name) ? "." : name) != LDNS_STATUS_OK || ldns_rdf_size(wire) > sizeof(w.name))
                return error_set(reterr, ERROR_BAD_REQUEST, "DNS cannot carry this name.");
        /* 128 to 255 are no types of records but of queries (RFC 6895 3.1); TSIG, AXFR and ANY are among them. */
        if (w.type == 0 || w.type == LDNS_RR_TYPE_OPT || (w.type >= 128 && w.type <= 255))
                return error_set(reterr, ERROR_BAD_REQUEST, "DNS has no records of type %.16s.", type);
        w.name_size = ldns_rdf_size(wire);
        for (size_t i = 0; i < w.name_size; i++) /* lengths are below 64, so that no letter is mistaken */
                w.name[i] = (uint8_t) tolower(ldns_rdf_data(wire)[i]);
        *ret = w;
        return 0;
}

/* Names lower case without final dot; the rest as ldns has it. */
static char* rdf_text(const ldns_rdf* rdf) {
        char* text = ldns_rdf2str(rdf);
        size_t n = text ? strlen(text) : 0;
        if (n == 0 || ldns_rdf_get_type(rdf) != LDNS_RDF_TYPE_DNAME)
                return text;
        for (char* p = text; *p; p++)
                *p = (char) tolower((unsigned char) *p);
        if (n > 1 && text[n - 1] == '.')
                text[n - 1] = 0;
        return text;
}

int dns_rdata_text(const uint8_t* packet, size_t size, size_t offset, char** ret) {
        _cleanup_(rr_freep) ldns_rr* rr = NULL;
        _cleanup_free_ char* all = NULL;
        size_t n = 0;
        if (ldns_wire2rr(&rr, packet, size, &offset, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
                return -EBADMSG;
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
                _cleanup_free_ char* one = rdf_text(ldns_rr_rdf(rr, i));
                size_t add = one ? strlen(one) : 0;
                char* more = realloc(all, n + add + 2);
                if (!more)
                        return -ENOMEM;
                all = more;
                if (i > 0)
                        all[n++] = ' ';
                memcpy(all + n, strempty(one), add + 1);
                n += add;
        }
        if (!all && !(all = strdup("")))
                return -ENOMEM;
        *ret = TAKE_PTR(all);
        return 0;
}

int dns_address_parse(const char* text, uint16_t port, DnsAddress* ret) {
        DnsAddress a = {};
        char host[INET6_ADDRSTRLEN];
        const char* at = strchrnul(text, '@');
        if ((size_t) (at - text) >= sizeof(host))
                return -EINVAL;
        memcpy(host, text, (size_t) (at - text));
        host[at - text] = 0;
        if (*at) {
                char* end;
                unsigned long n = isdigit((unsigned char) at[1]) ? strtoul(at + 1, &end, 10) : 0;
                if (n == 0 || n > UINT16_MAX || *end)
                        return -EINVAL;
                port = (uint16_t) n;
        }
        if (inet_pton(AF_INET, host, &a.v4.sin_addr) == 1) {
                a.v4.sin_family = AF_INET;
                a.v4.sin_port = htons(port);
                a.size = sizeof(a.v4);
        } else if (inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1) {
                a.v6.sin6_family = AF_INET6;
                a.v6.sin6_port = htons(port);
                a.size = sizeof(a.v6);
        } else
                return -EINVAL;
        *ret = a;
        return 0;
}
