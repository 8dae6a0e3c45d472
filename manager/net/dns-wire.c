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

int dns_name_wire(const char* name, uint8_t ret[static DNS_WIRE_NAME_MAX], size_t* ret_size, Error* reterr) {
        _cleanup_(rdf_freep) ldns_rdf* wire = NULL;
        bool plain = strlen(name) < DNS_NAME_BYTES;
        for (const char* p = name; plain && *p; p++)
                plain = *p > ' ' && *p < 127;
        if (!plain || ldns_str2rdf_dname(&wire, isempty(name) ? "." : name) != LDNS_STATUS_OK ||
            ldns_rdf_size(wire) > DNS_WIRE_NAME_MAX)
                return error_set(reterr, ERROR_BAD_REQUEST, "DNS cannot carry this name.");
        *ret_size = ldns_rdf_size(wire);
        for (size_t i = 0; i < *ret_size;
             i++) /* lengths are below 64, so that none is mistaken for a letter */
                ret[i] = (uint8_t) tolower(ldns_rdf_data(wire)[i]);
        return 0;
}

int dns_wanted_make(const char* name, const char* type, DnsWanted* ret, Error* reterr) {
        DnsWanted w = { .type = dns_type_number(type) };
        int r = dns_name_wire(name, w.name, &w.name_size, reterr);
        if (r < 0)
                return r;
        /* 128 to 255 are no types of records but of queries (RFC 6895 3.1); TSIG, AXFR and ANY are among
         * them. */
        if (w.type == 0 || w.type == LDNS_RR_TYPE_OPT || (w.type >= 128 && w.type <= 255))
                return error_set(reterr, ERROR_BAD_REQUEST, "DNS has no records of type %.16s.", type);
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

/* ldns lets some control bytes through (CAA tags), and the value has a limit. */
static char* put_text(char* out, const char* stop, const char* text) {
        for (const char* p = text; *p && out < stop; p++)
                if ((unsigned char) *p >= ' ' && (unsigned char) *p < 127)
                        *out++ = *p;
                else
                        out += sprintf(out, "\\%03u", (unsigned char) *p);
        return out;
}

int dns_rdata_text(const uint8_t* packet, size_t size, size_t offset, char** ret) {
        _cleanup_(rr_freep) ldns_rr* rr = NULL;
        _cleanup_free_ char* all = malloc(DNS_VALUE_MAX);
        if (!all)
                return -ENOMEM;
        if (ldns_wire2rr(&rr, packet, size, &offset, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
                return -EBADMSG;
        char *out = all, *stop = all + DNS_VALUE_MAX - 5;
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
                _cleanup_free_ char* one = rdf_text(ldns_rr_rdf(rr, i));
                if (!one)
                        return -ENOMEM;
                if (i > 0 && out < stop)
                        *out++ = ' ';
                out = put_text(out, stop, one);
        }
        *out = 0;
        *ret = strndup(all, (size_t) (out - all));
        return *ret ? 0 : -ENOMEM;
}

/* Strings of 255 bytes; \DDD is a byte (RFC 1035 5.1), any other backslash is itself. */
static int strings_wire(const char* value, uint8_t* ret, size_t max, size_t* ret_size) {
        size_t n = 0, length = 0; /* where the present string's length stands */
        do {
                length = n++;
                for (; *value && n - length <= 255; n++) {
                        unsigned c = (unsigned char) *value;
                        bool escaped = c == '\\' && isdigit((unsigned char) value[1]) &&
                                       isdigit((unsigned char) value[2]) &&
                                       isdigit((unsigned char) value[3]);
                        if (escaped)
                                c = (unsigned) ((value[1] - '0') * 100 + (value[2] - '0') * 10 +
                                                (value[3] - '0'));
                        if (c > 255)
                                return -EINVAL;
                        if (n >= max)
                                return -E2BIG;
                        ret[n] = (uint8_t) c;
                        value += escaped ? 4 : 1;
                }
                if (length >= max)
                        return -E2BIG;
                ret[length] = (uint8_t) (n - length - 1);
        } while (*value);
        *ret_size = n;
        return 0;
}

int dns_rdata_wire(uint16_t type, const char* value, uint8_t* ret, size_t max, size_t* ret_size) {
        _cleanup_(rr_freep) ldns_rr* rr = NULL;
        char name[16], line[2 * DNS_NAME_BYTES];
        if (type == LDNS_RR_TYPE_TXT || type == LDNS_RR_TYPE_SPF)
                return strings_wire(value, ret, max, ret_size);
        /* ldns reads a line of a zone file: what has a meaning there beside the value is refused. */
        if (strlen(value) >= sizeof(line) - 64 || strpbrk(value, ";()$@\n\r\t"))
                return -EINVAL;
        dns_type_text(type, name);
        (void) snprintf(line, sizeof(line), ". 0 IN %s %s", name, value);
        if (ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) != LDNS_STATUS_OK || ldns_rr_get_type(rr) != type)
                return -EINVAL;
        ldns_buffer* b = ldns_buffer_new(512);
        int r = !b                                                   ? -ENOMEM
                : ldns_rr_rdata2buffer_wire(b, rr) != LDNS_STATUS_OK ? -EINVAL
                : ldns_buffer_position(b) > max                      ? -E2BIG
                                                                     : 0;
        if (r >= 0) {
                *ret_size = ldns_buffer_position(b);
                memcpy(ret, ldns_buffer_begin(b), *ret_size);
        }
        ldns_buffer_free(b);
        return r;
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
