/* DNS questions and answers, many at a time. The only place that knows ldns, which builds and parses packets; our own non-blocking
 * sockets carry them (never ldns_resolver: after one timeout it calls every later answer missing).
 *
 * Each question has a connected UDP socket of its own with a random port and id (RFC 5452), EDNS with
 * 1232 bytes; an answer counts only when id and question match; TC goes on over TCP; a silent server is
 * asked again, then the next one is; the deadline ends everything. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include <systemd/sd-event.h>

typedef struct Dns Dns;
typedef struct DnsQuestion DnsQuestion;

#define DNS_NAME_BYTES 1025     /* presentation form with escapes (RFC 4343), NUL */
#define DNS_SERVERS_MAX 16
#define DNS_RECORDS_MAX 512     /* kept of one answer */
#define DNS_VALUE_MAX 65536     /* bytes of one value in presentation form */

typedef enum DnsOutcome {
        DNS_ANSWERED,    /* rcode and records say what */
        DNS_TIMEOUT,     /* no server answered in time: nothing is known, least of all that a record is missing */
        DNS_UNREACHABLE, /* every server refused the connection or could not be reached */
        DNS_GARBLED,     /* answers came, none well formed */
        _DNS_OUTCOME_MAX,
        _DNS_OUTCOME_INVALID = -EINVAL,
} DnsOutcome;
const char* dns_outcome_to_string(DnsOutcome o);

typedef enum DnsSection { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL } DnsSection;

typedef struct DnsRecord {
        DnsSection section;
        char* owner;     /* lower case, no final dot ("." for the root) */
        char* type;      /* "A", "MX" ... "TYPE65" */
        uint32_t ttl;
        char* value;     /* presentation form, names lower case without final dot; TXT: the strings joined, no quotes, bytes that are
                          * not printable ASCII, and backslashes, as \DDD; cut at DNS_VALUE_MAX */
} DnsRecord;

typedef struct DnsAnswer {
        DnsOutcome outcome;
        unsigned rcode;        /* RFC 1035 4.1.1; 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED */
        bool authoritative;    /* AA */
        bool authenticated;    /* AD (RFC 4035): only worth something from our own resolver */
        bool truncated;        /* TC, and TCP did not help: the records are not all, what lacks may be there */
        int extended_error;    /* EDE (RFC 8914), -1 = none */
        char* extended_text;   /* owned, printable ASCII; NULL = none */
        char server[64];       /* who answered, address in numbers; empty = nobody */
        unsigned tried;        /* servers that were asked */
        uint64_t usec;         /* how long it took */
        DnsRecord* records;    /* owned */
        size_t n_records;      /* in the answer section only what belongs to the question: at its name or at an alias that led there */
} DnsAnswer;
void dns_answer_done(DnsAnswer* a);

typedef struct DnsOptions {
        uint16_t port;          /* 53 */
        uint64_t try_usec;      /* patience with one server: 800 ms for the first round, doubled for the second */
        uint64_t deadline_usec; /* for one question in all; 5 s. Questions to servers that left six tries unanswered and never answered
                                 * any begin with two tries' patience instead */
        unsigned window;        /* questions on the wire at once; 256. The others wait their turn without their deadline running */
} DnsOptions; /* zeros mean the values given here */

int dns_new(sd_event* event, const DnsOptions* options, Dns** ret);
Dns* dns_free(Dns* d); /* unfinished questions end without a call; not to be called from a DnsDone */
DEFINE_CLEANUP(Dns*, dns_free);

typedef enum DnsFlags {
        DNS_RECURSE = 1 << 0, /* RD: the servers are resolvers */
        DNS_DNSSEC = 1 << 1,  /* DO and AD: signatures and the resolver's verdict are wanted */
        DNS_CHECKING_DISABLED = 1 << 2, /* CD: the resolver's unverified answer */
} DnsFlags;
/* Called once, from the loop; the answer is borrowed and ends with the call. */
typedef void (*DnsDone)(const DnsAnswer* answer, void* userdata);
/* Asks servers (addresses in numbers, "address@port" where it is not the usual one) in the order given,
 * all of them before any twice; those that never answered anybody so far come last. REFUSED, SERVFAIL and
 * the like are believed when no other server knows better. ret may be NULL; the question is gone when
 * done was called. BAD_REQUEST for names that DNS cannot carry. From a DnsDone more may be asked. */
int dns_ask(
                Dns* d,
                const char* name,
                const char* type,
                unsigned flags,
                const char* const* servers,
                size_t n_servers,
                DnsDone done,
                void* userdata,
                DnsQuestion** ret,
                Error* reterr);
void dns_cancel(DnsQuestion* q); /* done is not called */
uint64_t dns_sent(const Dns* d); /* packets so far */

/* Pure parsing, for tests and the fuzzer: one packet as it came. 1 = an answer to this question and id, 0
 * = somebody else's, negative errno = not well formed. */
int dns_packet_parse(const uint8_t* packet, size_t size, uint16_t id, const char* name, const char* type, DnsAnswer* ret);

/* One RFC 2136 update with TSIG (RFC 8945), blocking, over TCP: for jobs. */
typedef struct DnsUpdate {
        const char* owner;
        const char* type;
        const char* value;  /* presentation form, TXT unquoted; NULL when dropping = the whole set */
        uint32_t ttl;
        bool drop;
} DnsUpdate;
typedef struct DnsKey {
        const char* name;      /* of the TSIG key */
        const char* algorithm; /* hmac-sha256 ... */
        const char* secret;    /* base64 */
} DnsKey;
int dns_update(const char* server, uint16_t port, const char* zone, const DnsKey* key, const DnsUpdate* changes, size_t n, Error* reterr);
/* A signed AXFR-free read: one question over TCP, signed with key (some servers answer only then); blocking. key may be NULL. */
int dns_read(const char* server, uint16_t port, const char* name, const char* type, const DnsKey* key, DnsAnswer* ret, Error* reterr);
