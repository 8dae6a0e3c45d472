/* One DNS message as it came from strangers, to records in text. Pure: no sockets, no clock. */
#include "net/dns-internal.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#define CHAIN_MAX 16 /* aliases one behind the other in one answer */

enum {
        TYPE_A = 1,
        TYPE_NS = 2,
        TYPE_CNAME = 5,
        TYPE_SOA = 6,
        TYPE_PTR = 12,
        TYPE_MX = 15,
        TYPE_TXT = 16,
        TYPE_AAAA = 28,
        TYPE_SRV = 33,
        TYPE_DNAME = 39,
        TYPE_OPT = 41,
        TYPE_SPF = 99
};
enum { CLASS_IN = 1, RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3, OPTION_EDE = 15 };

/* The packet and how far it has been read. */
typedef struct Reader {
        const uint8_t* data;
        size_t size, at;
} Reader;

static uint16_t peek16(const uint8_t* p) {
        return (uint16_t) (p[0] << 8 | p[1]);
}
static uint32_t peek32(const uint8_t* p) {
        return (uint32_t) peek16(p) << 16 | peek16(p + 2);
}
static bool reader_has(const Reader* r, size_t n) {
        return r->size - r->at >= n;
}

/* A pointer must lead backwards from where it was met (RFC 1035 4.1.4: "a prior occurrence"), so that no
 * chain is longer than the packet and none is a loop. */
int dns_name_read(
                const uint8_t* packet,
                size_t size,
                size_t* start,
                uint8_t ret[static DNS_WIRE_NAME_MAX],
                size_t* ret_size) {
        size_t at = *start, before = *start, n = 0, end = 0;
        for (unsigned hops = 0; hops < 128;) {
                if (at >= size)
                        return -EBADMSG;
                uint8_t length = packet[at];
                if ((length & 0xc0) == 0xc0) {
                        if (at + 1 >= size)
                                return -EBADMSG;
                        size_t to = peek16(packet + at) & 0x3fff;
                        end = end ?: at + 2;
                        if (to >= before)
                                return -EBADMSG;
                        at = before = to;
                        hops++;
                        continue;
                }
                if (length > 63 || at + 1 + length > size || n + 1 + length > DNS_WIRE_NAME_MAX)
                        return -EBADMSG;
                memcpy(ret + n, packet + at, 1 + (size_t) length);
                n += 1 + (size_t) length;
                at += 1 + (size_t) length;
                if (length == 0) {
                        *start = end ?: at;
                        *ret_size = n;
                        return 0;
                }
        }
        return -EBADMSG;
}

static int read_name(Reader* r, uint8_t ret[static DNS_WIRE_NAME_MAX], size_t* ret_size) {
        return dns_name_read(r->data, r->size, &r->at, ret, ret_size);
}

bool dns_name_equal(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size) {
        if (a_size != b_size)
                return false;
        for (size_t i = 0; i < a_size; i++) /* lengths are below 64, so that none is mistaken for a letter */
                if (tolower(a[i]) != tolower(b[i]))
                        return false;
        return true;
}

/* Whatever has a meaning in zone files is written \DDD, so that labels with dots and quotes stay what they
 * are. */
static char* put_byte(char* out, uint8_t c, const char* special) {
        if (c >= 32 && c < 127 && !strchr(special, c)) {
                *out = (char) c;
                return out + 1;
        }
        return out + sprintf(out, "\\%03u", c);
}

static char* put_name(char* out, const uint8_t* wire) {
        if (!*wire)
                *out++ = '.';
        while (*wire) {
                for (uint8_t i = 1; i <= *wire; i++)
                        out = put_byte(out, (uint8_t) tolower(wire[i]), ".\\\"();$@ ");
                wire += 1 + *wire;
                if (*wire)
                        *out++ = '.';
        }
        *out = 0;
        return out;
}

static int address_text(int family, const uint8_t* data, size_t size, char** ret) {
        char text[INET6_ADDRSTRLEN];
        if (size != (family == AF_INET ? 4 : 16))
                return -EBADMSG;
        (void) inet_ntop(family, data, text, sizeof(text));
        return (*ret = strdup(text)) ? 0 : -ENOMEM;
}

/* Strings joined (RFC 7208 3.3, RFC 6376 3.6.2.2); cut where DNS_VALUE_MAX ends. */
static int strings_text(const uint8_t* data, size_t size, char** ret) {
        char* text = malloc(MIN(4 * size, (size_t) DNS_VALUE_MAX) + 8);
        char *out = text, *stop = text ? text + DNS_VALUE_MAX - 5 : NULL;
        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < size; i += 1 + (size_t) data[i]) {
                if (i + data[i] >= size) {
                        free(text);
                        return -EBADMSG;
                }
                for (size_t k = 1; k <= data[i] && out < stop; k++)
                        out = put_byte(out, data[i + k], "\\");
        }
        *out = 0;
        *ret = text;
        return 0;
}

/* Types whose rdata is numbers of 16 bits, names, then numbers of 32 bits. */
static const struct Layout {
        uint16_t type;
        uint8_t shorts, names, longs;
} layouts[] = {
        { TYPE_NS, 0, 1, 0 }, { TYPE_CNAME, 0, 1, 0 }, { TYPE_SOA, 0, 2, 5 },   { TYPE_PTR, 0, 1, 0 },
        { TYPE_MX, 1, 1, 0 }, { TYPE_SRV, 3, 1, 0 },   { TYPE_DNAME, 0, 1, 0 },
};

static int layout_text(const struct Layout* layout, Reader r, size_t size, char** ret) {
        char text[2 * DNS_NAME_BYTES + 64], *out = text;
        size_t end = r.at + size;
        for (unsigned i = 0; i < layout->shorts; i++, r.at += 2) {
                if (r.at + 2 > end)
                        return -EBADMSG;
                out += sprintf(out, "%u ", peek16(r.data + r.at));
        }
        for (unsigned i = 0; i < layout->names; i++) {
                uint8_t name[DNS_WIRE_NAME_MAX];
                size_t n;
                if (read_name(&r, name, &n) < 0 || r.at > end)
                        return -EBADMSG;
                out = put_name(out, name);
                *out++ = ' ';
        }
        for (unsigned i = 0; i < layout->longs; i++, r.at += 4) {
                if (r.at + 4 > end)
                        return -EBADMSG;
                out += sprintf(out, "%u ", peek32(r.data + r.at));
        }
        if (r.at != end)
                return -EBADMSG;
        out[-1] = 0;
        return (*ret = strdup(text)) ? 0 : -ENOMEM;
}

/* record is where the whole record begins, r->at its rdata. */
static int rdata_text(const Reader* r, size_t record, uint16_t type, size_t size, char** ret) {
        const uint8_t* data = r->data + r->at;
        for (size_t i = 0; i < ELEMENTS(layouts); i++)
                if (layouts[i].type == type)
                        return layout_text(&layouts[i], *r, size, ret);
        switch (type) {
        case TYPE_A:
                return address_text(AF_INET, data, size, ret);
        case TYPE_AAAA:
                return address_text(AF_INET6, data, size, ret);
        case TYPE_TXT:
        case TYPE_SPF:
                return strings_text(data, size, ret);
        default:
                return dns_rdata_text(r->data, r->size, record, ret);
        }
}

/* RFC 6891 6.1.3 and RFC 8914. */
static void read_opt(const Reader* r, uint32_t ttl, size_t size, DnsAnswer* a) {
        const uint8_t *p = r->data + r->at, *end = p + size;
        a->rcode |= ttl >> 24 << 4;
        while (end - p >= 4 && end - p - 4 >= peek16(p + 2)) {
                uint16_t code = peek16(p), length = peek16(p + 2);
                p += 4;
                if (code == OPTION_EDE && length >= 2 && a->extended_error < 0) {
                        a->extended_error = peek16(p);
                        char* text = length > 2 ? calloc(1, 4 * (size_t) length + 1) : NULL;
                        char* out = text;
                        for (size_t i = 2; out && i < length && p[i]; i++)
                                out = put_byte(out, p[i], "\\");
                        a->extended_text = text;
                }
                p += length;
        }
}

static int add_record(
                DnsAnswer* a,
                DnsSection section,
                const uint8_t* name,
                uint16_t type,
                uint32_t ttl,
                char* value) {
        char owner[DNS_NAME_BYTES], type_name[16];
        (void) put_name(owner, name);
        dns_type_text(type, type_name);
        DnsRecord d = { .section = section,
                        .owner = strdup(owner),
                        .type = strdup(type_name),
                        .ttl = ttl > INT32_MAX ? 0 : ttl,
                        .value = value };
        if (!d.owner || !d.type) {
                free(d.owner);
                free(d.type);
                free(d.value);
                return -ENOMEM;
        }
        a->records[a->n_records++] = d;
        return 0;
}

/* The next record. What is malformed fails the packet in the answer and is passed over elsewhere, where
 * nothing hangs on it. */
static int read_record(Reader* r, DnsSection section, DnsAnswer* a) {
        uint8_t name[DNS_WIRE_NAME_MAX];
        size_t record = r->at, name_size;
        char* value = NULL;
        if (read_name(r, name, &name_size) < 0 || !reader_has(r, 10))
                return -EBADMSG;
        uint16_t type = peek16(r->data + r->at), class = peek16(r->data + r->at + 2),
                 size = peek16(r->data + r->at + 8);
        uint32_t ttl = peek32(r->data + r->at + 4);
        r->at += 10;
        if (!reader_has(r, size))
                return -EBADMSG;
        int k = 0;
        if (type == TYPE_OPT && section == DNS_ADDITIONAL)
                read_opt(r, ttl, size, a);
        else if (class == CLASS_IN && a->n_records < DNS_RECORDS_MAX) {
                k = rdata_text(r, record, type, size, &value);
                if (k >= 0)
                        k = add_record(a, section, name, type, ttl, value);
        }
        r->at += size;
        return k == -EBADMSG && section != DNS_ANSWER ? 0 : k;
}

/* Room for what the header announces, and never for more than could be there. */
static int make_room(const Reader* r, DnsAnswer* a) {
        size_t n = (size_t) peek16(r->data + 6) + peek16(r->data + 8) + peek16(r->data + 10);
        n = MIN(n, r->size / 11); /* root name, type, class, ttl, length */
        n = MIN(n, (size_t) DNS_RECORDS_MAX);
        return n == 0 || (a->records = calloc(n, sizeof(DnsRecord))) ? 0 : -ENOMEM;
}

static int read_sections(Reader* r, DnsAnswer* a) {
        int k = make_room(r, a);
        for (unsigned section = 0; k >= 0 && section < 3; section++)
                for (unsigned n = peek16(r->data + 6 + 2 * section); k >= 0 && n > 0; n--)
                        k = read_record(r, section, a);
        /* Some servers cut in the middle of a record and say so. */
        return k == -EBADMSG && a->truncated ? 0 : k;
}

static void record_done(DnsRecord* d) {
        free(d->owner);
        free(d->type);
        free(d->value);
}

void dns_answer_done(DnsAnswer* a) {
        if (!a)
                return;
        for (size_t i = 0; i < a->n_records; i++)
                record_done(&a->records[i]);
        free(a->records);
        free(a->extended_text);
        *a = (DnsAnswer) { .extended_error = -1 };
}

/* Whether a record of the answer section belongs to the question: at its name, or at an alias that led
 * there. */
static bool record_belongs(const DnsRecord* d, const char* const* chain, size_t n) {
        if (d->section != DNS_ANSWER || streq(d->type, "DNAME"))
                return true;
        for (size_t i = 0; i < n; i++)
                if (streq(d->owner, chain[i]))
                        return true;
        return false;
}

/* Takes out what a server added unasked to the answer (RFC 2181 5.4.1, RFC 5452 6): it may speak for other
 * names elsewhere, not here. */
static void drop_strangers(DnsAnswer* a, const char* name) {
        const char* chain[CHAIN_MAX] = { name };
        size_t n = 1, kept = 0;
        for (size_t i = 0; i < a->n_records && n < CHAIN_MAX; i++)
                if (streq(a->records[i].type, "CNAME") && record_belongs(&a->records[i], chain, n) &&
                    !record_belongs(&(DnsRecord) { .owner = a->records[i].value,
                                                   .type = a->records[i].type },
                                    chain, n)) {
                        chain[n++] = a->records[i].value;
                        i = SIZE_MAX; /* from the start: some servers put the alias behind what it leads to */
                }
        bool keep[DNS_RECORDS_MAX];
        for (size_t i = 0; i < a->n_records; i++)
                keep[i] = record_belongs(&a->records[i], chain, n);
        for (size_t i = 0; i < a->n_records; i++)
                if (keep[i])
                        a->records[kept++] = a->records[i];
                else
                        record_done(&a->records[i]);
        a->n_records = kept;
}

/* 1 = this very question is repeated. Old servers that understand nothing answer with a header alone: that
 * is taken for an answer too. */
static int read_question(Reader* r, const DnsWanted* w, unsigned rcode) {
        uint8_t name[DNS_WIRE_NAME_MAX];
        size_t name_size;
        unsigned questions = peek16(r->data + 4), answers = peek16(r->data + 6),
                 authorities = peek16(r->data + 8);
        if (questions == 0)
                return rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN && answers == 0 && authorities == 0;
        if (questions != 1)
                return 0;
        if (read_name(r, name, &name_size) < 0 || !reader_has(r, 4))
                return -EBADMSG;
        bool same = dns_name_equal(name, name_size, w->name, w->name_size) &&
                    peek16(r->data + r->at) == w->type && peek16(r->data + r->at + 2) == CLASS_IN;
        r->at += 4;
        return same;
}

int dns_packet_read(const uint8_t* packet, size_t size, uint16_t id, const DnsWanted* w, DnsAnswer* ret) {
        _cleanup_(dns_answer_done) DnsAnswer a = { .extended_error = -1 };
        Reader r = { .data = packet, .size = size, .at = 12 };
        char name[DNS_NAME_BYTES];
        if (size < 12)
                return -EBADMSG;
        unsigned bits = peek16(packet + 2);
        if (peek16(packet) != id || !(bits & 0x8000) || (bits & 0x7800) != 0) /* QR, opcode QUERY */
                return 0;
        a.rcode = bits & 0xf;
        a.authoritative = bits & 0x0400;
        a.truncated = bits & 0x0200;
        a.authenticated = bits & 0x0020;
        int k = read_question(&r, w, a.rcode);
        if (k <= 0)
                return k;
        k = read_sections(&r, &a);
        if (k < 0)
                return k;
        (void) put_name(name, w->name);
        drop_strangers(&a, name);
        *ret = a;
        a = (DnsAnswer) { .extended_error = -1 };
        return 1;
}

size_t dns_query_build(const DnsWanted* w, unsigned flags, bool edns, uint8_t ret[static DNS_QUERY_MAX]) {
        uint16_t bits = (flags & DNS_RECURSE ? 0x0100 : 0) | (flags & DNS_DNSSEC ? 0x0020 : 0) |
                        (flags & DNS_CHECKING_DISABLED ? 0x0010 : 0);
        const uint8_t head[12] = { 0, 0, (uint8_t) (bits >> 8), (uint8_t) bits, 0, 1, 0, 0, 0, 0, 0, edns };
        const uint8_t tail[4] = { (uint8_t) (w->type >> 8), (uint8_t) w->type, 0, CLASS_IN };
        const uint8_t opt[11] = {
                0, 0, TYPE_OPT, DNS_UDP_BYTES >> 8, DNS_UDP_BYTES & 0xff, 0, 0, flags & DNS_DNSSEC ? 0x80 : 0
        };
        size_t n = sizeof(head) + w->name_size;
        memcpy(ret, head, sizeof(head));
        memcpy(ret + sizeof(head), w->name, w->name_size);
        memcpy(ret + n, tail, sizeof(tail));
        n += sizeof(tail);
        if (edns)
                memcpy(ret + n, opt, sizeof(opt));
        return n + (edns ? sizeof(opt) : 0);
}

int dns_packet_parse(
                const uint8_t* packet,
                size_t size,
                uint16_t id,
                const char* name,
                const char* type,
                DnsAnswer* ret) {
        DnsWanted w;
        int r = dns_wanted_make(name, type, &w, /* reterr= */ NULL);
        return r < 0 ? r : dns_packet_read(packet, size, id, &w, ret);
}
