/* Changing a zone by RFC 2136, and reading it with the same key. */
#include "base/secret.h"
#include "base/time.h"
#include "net/dns-internal.h"

#define DEADLINE_USEC (10 * USEC_PER_SEC)

enum { TYPE_SOA = 6, CLASS_IN = 1, CLASS_NONE = 254, CLASS_ANY = 255, OPCODE_UPDATE = 5 };
enum {
        RCODE_NOERROR = 0,
        RCODE_NXDOMAIN = 3,
        RCODE_NOTIMP = 4,
        RCODE_REFUSED = 5,
        RCODE_NOTAUTH = 9,
        RCODE_NOTZONE = 10
};
enum { TSIG_BADSIG = 16, TSIG_BADKEY = 17, TSIG_BADTIME = 18 };

typedef struct Message {
        uint8_t data[DNS_MESSAGE_MAX];
        size_t size;
} Message;

static int message_add(Message* m, const void* data, size_t n) {
        if (n > sizeof(m->data) - m->size)
                return -E2BIG;
        memcpy(m->data + m->size, data, n);
        m->size += n;
        return 0;
}

static int message_add16(Message* m, unsigned n) {
        return message_add(m, (const uint8_t[]) { (uint8_t) (n >> 8), (uint8_t) n }, 2);
}

/* RFC 2136 2.5: class IN adds, NONE takes one record away, ANY the whole set. */
static int add_change(Message* m, const DnsUpdate* u, Error* reterr) {
        uint8_t name[DNS_WIRE_NAME_MAX];
        _cleanup_free_ uint8_t* rdata = malloc(DNS_MESSAGE_MAX);
        size_t n, rdata_size = 0;
        uint16_t type = dns_type_number(u->type);
        uint32_t ttl = u->drop ? 0 : u->ttl;
        unsigned class = !u->drop ? CLASS_IN : u->value ? CLASS_NONE : CLASS_ANY;
        if (!rdata)
                return error_errno(reterr, -ENOMEM, "The change could not be written");
        if (dns_name_wire(u->owner, name, &n, reterr) < 0)
                return error_context(reterr, "%.255s", u->owner);
        assert(u->value || u->drop);
        int r = type == 0  ? -EINVAL
                : u->value ? dns_rdata_wire(type, u->value, rdata, DNS_MESSAGE_MAX, &rdata_size)
                           : 0;
        if (r == -EINVAL)
                return error_set(
                                reterr, ERROR_BAD_REQUEST, "'%.64s' is no value of a record of type %.16s.",
                                strempty(u->value), u->type);
        if (r >= 0)
                r = message_add(m, name, n);
        if (r >= 0)
                r = message_add16(m, type);
        if (r >= 0)
                r = message_add16(m, class);
        if (r >= 0)
                r = message_add(m,
                                (const uint8_t[]) { (uint8_t) (ttl >> 24), (uint8_t) (ttl >> 16),
                                                    (uint8_t) (ttl >> 8), (uint8_t) ttl },
                                4);
        if (r >= 0)
                r = message_add16(m, (unsigned) rdata_size);
        if (r >= 0)
                r = message_add(m, rdata, rdata_size);
        return r < 0 ? error_set(reterr, ERROR_TOO_LARGE, "The changes do not fit into one message.") : 0;
}

static int build_update(Message* m, const char* zone, const DnsUpdate* changes, size_t n, Error* reterr) {
        uint8_t name[DNS_WIRE_NAME_MAX];
        size_t name_size;
        uint16_t id;
        random_bytes(&id, sizeof(id));
        m->size = 0;
        (void) message_add16(m, id);
        (void) message_add16(m, OPCODE_UPDATE << 11);
        (void) message_add16(m, 1); /* the zone */
        (void) message_add16(m, 0);
        (void) message_add16(m, (unsigned) n);
        (void) message_add16(m, 0);
        int r = dns_name_wire(zone, name, &name_size, reterr);
        if (r < 0)
                return r;
        (void) message_add(m, name, name_size);
        (void) message_add16(m, TYPE_SOA);
        (void) message_add16(m, CLASS_IN);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = add_change(m, &changes[i], reterr);
        return r;
}

/* What came back. */
typedef struct Reply {
        uint8_t* packet; /* owned */
        size_t size;
        bool is_signed; /* by the key; true also where there is none */
        unsigned error; /* TSIG's complaint, believed or not */
} Reply;

static void reply_done(Reply* r) {
        free(r->packet);
}

/* The same id, an answer, to a message of this kind. */
static bool is_reply(const Reply* r, const Message* m) {
        return r->size >= 12 && memcmp(r->packet, m->data, 2) == 0 && r->packet[2] & 0x80 &&
               (r->packet[2] & 0x78) == (m->data[2] & 0x78);
}

/* Signs, sends, and takes the answer. */
static int exchange(
                const char* server,
                uint16_t port,
                const DnsKey* key,
                Message* m,
                Reply* ret,
                Error* reterr) {
        _cleanup_(dns_tsig_done) DnsTsig tsig = {};
        _cleanup_(reply_done) Reply reply = { .is_signed = !key };
        DnsAddress to;
        if (dns_address_parse(server, port, &to) < 0)
                return error_set(
                                reterr, ERROR_BAD_REQUEST, "'%.64s' is no address of a DNS server.", server);
        int r = key ? dns_tsig_init(&tsig, key, reterr) : 0;
        if (r < 0)
                return r;
        r = key ? dns_tsig_sign(&tsig, (uint64_t) now_seconds(), m->data, m->size, sizeof(m->data))
                : (int) m->size;
        if (r < 0)
                return error_set(reterr, ERROR_TOO_LARGE, "The changes do not fit into one message.");
        m->size = (size_t) r;
        uint64_t deadline_usec = now_usec(CLOCK_MONOTONIC) + DEADLINE_USEC;
        r = dns_tcp_exchange(&to, m->data, m->size, deadline_usec, &reply.packet, &reply.size);
        if (r < 0)
                return error_set(
                                reterr, ERROR_UNREACHABLE,
                                "The DNS server %.64s cannot be reached over TCP: %s.", server,
                                strerror(-r));
        if (!is_reply(&reply, m))
                return error_set(
                                reterr, ERROR_UNREACHABLE, "What the DNS server %.64s sent is no answer.",
                                server);
        r = key ? dns_tsig_verify(&tsig, (uint64_t) now_seconds(), reply.packet, reply.size, &reply.error)
                : 0;
        if (r == -EBADMSG)
                return error_set(
                                reterr, ERROR_UNREACHABLE, "What the DNS server %.64s sent is no answer.",
                                server);
        reply.is_signed = !key || r > 0;
        if (r == -ETIME)
                reply.error = TSIG_BADTIME;
        *ret = reply;
        reply.packet = NULL;
        return 0;
}

static int complain_key(const char* server, const DnsKey* key, unsigned error, Error* reterr) {
        switch (error) {
        case TSIG_BADTIME:
                (void) error_set(
                                reterr, ERROR_WRONG_CREDENTIALS,
                                "The DNS server %.64s and this box do not agree on the time.", server);
                return error_hint(reterr, "Signatures are good for five minutes: check both clocks.");
        case TSIG_BADKEY:
                (void) error_set(
                                reterr, ERROR_WRONG_CREDENTIALS,
                                "The DNS server %.64s does not know the key '%.255s', or does not let it do "
                                "this.",
                                server, key->name);
                return error_hint(
                                reterr, "Name and algorithm must be as in the server's configuration, and "
                                        "its rules must name the key.");
        case TSIG_BADSIG:
                return error_set(
                                reterr, ERROR_WRONG_CREDENTIALS,
                                "The DNS server %.64s has another secret for the key '%.255s'.", server,
                                key->name);
        default:
                return error_set(
                                reterr, ERROR_WRONG_CREDENTIALS,
                                "The DNS server %.64s does not accept the key.", server);
        }
}

static int complain(const char* server, const char* zone, unsigned rcode, Error* reterr) {
        switch (rcode) {
        case RCODE_REFUSED:
                return error_set(
                                reterr, ERROR_NOT_ALLOWED,
                                "The DNS server %.64s does not let us change %.255s.", server, zone);
        case RCODE_NOTIMP:
                return error_set(
                                reterr, ERROR_NOT_ALLOWED, "The DNS server %.64s takes no updates.", server);
        case RCODE_NOTAUTH:
        case RCODE_NOTZONE:
                return error_set(
                                reterr, ERROR_NOT_FOUND,
                                "The DNS server %.64s does not keep the zone %.255s, or the names are not "
                                "in it.",
                                server, zone);
        default:
                return error_set(
                                reterr, ERROR_UNREACHABLE,
                                "The DNS server %.64s could not make the change (code %u).", server, rcode);
        }
}

int dns_update(const char* server,
               uint16_t port,
               const char* zone,
               const DnsKey* key,
               const DnsUpdate* changes,
               size_t n,
               Error* reterr) {
        _cleanup_free_ Message* m = malloc(sizeof(Message));
        _cleanup_(reply_done) Reply reply = {};
        if (!m)
                return error_errno(reterr, -ENOMEM, "The change could not be written");
        int r = build_update(m, zone, changes, n, reterr);
        if (r >= 0)
                r = exchange(server, port, key, m, &reply, reterr);
        if (r < 0)
                return r;
        unsigned rcode = reply.packet[3] & 0xf;
        if (reply.error > 0)
                return complain_key(server, key, reply.error, reterr);
        if (rcode != RCODE_NOERROR)
                return complain(server, zone, rcode, reterr);
        if (!reply.is_signed)
                return error_set(
                                reterr, ERROR_WRONG_CREDENTIALS,
                                "The DNS server %.64s says the change is made, but its answer is not signed "
                                "with the key.",
                                server);
        return 0;
}

int dns_read(const char* server,
             uint16_t port,
             const char* name,
             const char* type,
             const DnsKey* key,
             DnsAnswer* ret,
             Error* reterr) {
        _cleanup_free_ Message* m = malloc(sizeof(Message));
        _cleanup_(reply_done) Reply reply = {};
        _cleanup_(dns_answer_done) DnsAnswer a = { .extended_error = -1 };
        DnsWanted wanted;
        uint16_t id;
        if (!m)
                return error_errno(reterr, -ENOMEM, "The question could not be written");
        int r = dns_wanted_make(name, type, &wanted, reterr);
        if (r < 0)
                return r;
        m->size = dns_query_build(&wanted, /* flags= */ 0, /* edns= */ false, m->data);
        random_bytes(&id, sizeof(id));
        m->data[0] = (uint8_t) (id >> 8);
        m->data[1] = (uint8_t) id;
        r = exchange(server, port, key, m, &reply, reterr);
        if (r < 0)
                return r;
        if (reply.error > 0)
                return complain_key(server, key, reply.error, reterr);
        if (dns_packet_read(reply.packet, reply.size, id, &wanted, &a) <= 0)
                return error_set(
                                reterr, ERROR_UNREACHABLE, "What the DNS server %.64s sent is no answer.",
                                server);
        if (!reply.is_signed && (a.rcode == RCODE_NOERROR || a.rcode == RCODE_NXDOMAIN))
                return error_set(
                                reterr, ERROR_WRONG_CREDENTIALS,
                                "The DNS server %.64s did not sign its answer with the key.", server);
        a.outcome = DNS_ANSWERED;
        a.tried = 1;
        *ret = a;
        a = (DnsAnswer) { .extended_error = -1 };
        return 0;
}
