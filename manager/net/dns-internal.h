/* What the files of dns share: a question in wire form, sockets that carry one, and text of what ldns knows. */
#pragma once
#include "net/dns.h"
#include <netinet/in.h>

#define DNS_WIRE_NAME_MAX 255                           /* octets, RFC 1035 2.3.4 */
#define DNS_QUERY_MAX (12 + DNS_WIRE_NAME_MAX + 4 + 11) /* header, name, type and class, OPT */
#define DNS_MESSAGE_MAX 65535
#define DNS_UDP_BYTES 1232 /* what fits everywhere without fragments; dnsflagday.net/2020 */

/* What was asked, as the answer must repeat it. */
typedef struct DnsWanted {
        uint8_t name[DNS_WIRE_NAME_MAX]; /* uncompressed labels, lower case */
        size_t name_size;
        uint16_t type;
} DnsWanted;
/* BAD_REQUEST for what DNS cannot carry, and for types that are no questions (AXFR, OPT ...). */
int dns_wanted_make(const char* name, const char* type, DnsWanted* ret, Error* reterr);
/* Returns the size. The id is left 0. */
size_t dns_query_build(const DnsWanted* w, unsigned flags, bool edns, uint8_t ret[static DNS_QUERY_MAX]);
/* As dns_packet_parse(). */
int dns_packet_read(const uint8_t* packet, size_t size, uint16_t id, const DnsWanted* w, DnsAnswer* ret);

/* A name between text and wire. BAD_REQUEST for what DNS cannot carry. */
int dns_name_wire(const char* name, uint8_t ret[static DNS_WIRE_NAME_MAX], size_t* ret_size, Error* reterr);
/* Reads the name at *at, pointers followed, and moves *at behind it. */
int dns_name_read(
                const uint8_t* packet,
                size_t size,
                size_t* at,
                uint8_t ret[static DNS_WIRE_NAME_MAX],
                size_t* ret_size);
bool dns_name_equal(
                const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size); /* letters of any case */

/* The rdata of the record that begins at offset, as ldns writes it; for types that are rare enough. */
int dns_rdata_text(const uint8_t* packet, size_t size, size_t offset, char** ret);
/* And the other way, for all types: at most max bytes. -EINVAL when it is no value of this type. */
int dns_rdata_wire(uint16_t type, const char* value, uint8_t* ret, size_t max, size_t* ret_size);
void dns_type_text(uint16_t type, char ret[static 16]);
uint16_t dns_type_number(const char* type); /* 0 = there is no such type */

/* Where a server is. */
typedef struct DnsAddress {
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
        };
        socklen_t size;
} DnsAddress;
/* "192.0.2.1", "2001:db8::1@5353" */
int dns_address_parse(const char* text, uint16_t port, DnsAddress* ret);

/* A server and what is known of it. They stay for as long as the Dns, so that questions may point to them. */
typedef struct DnsServer {
        struct DnsServer* next; /* with the same hash */
        DnsAddress address;
        unsigned silent; /* tries without an answer, in a row */
        bool heard;      /* it answered once */
        char text[];     /* as given */
} DnsServer;
typedef struct DnsServers {
        DnsServer* buckets[256];
} DnsServers;
int dns_server_get(
                DnsServers* all,
                const char* text,
                uint16_t port,
                DnsServer** ret); /* -EINVAL when text is no address */
/* So many tries without any answer ever that nobody waits the whole deadline for it any more. */
bool dns_server_dead(const DnsServer* s);
void dns_servers_done(DnsServers* all);

/* One socket with one query, UDP or TCP. */
typedef struct DnsExchange {
        DnsQuestion* question;
        int fd; /* -EBADF = closed */
        uint16_t id;
        bool tcp;
        unsigned server;                /* index in the question's list */
        uint8_t out[2 + DNS_QUERY_MAX]; /* the length comes first, for TCP (RFC 1035 4.2.2) */
        size_t out_size, out_done;
        uint8_t in_length[2]; /* TCP: the length that comes first */
        uint8_t* in;          /* TCP: owned, of the announced length */
        size_t in_size, in_done;
} DnsExchange;
/* Connects and sends, or begins to. Negative errno: this server cannot be reached. */
int dns_exchange_open(
                DnsExchange* e,
                int epoll,
                const DnsAddress* to,
                bool tcp,
                uint16_t id,
                const uint8_t* query,
                size_t size);
int dns_exchange_repeat(DnsExchange* e); /* the same packet once more, over the same UDP socket */
/* 1 = a whole message, borrowed from buffer or the exchange; 0 = go on waiting; negative errno = nothing
 * will come any more, -EPROTO when the other side hung up in the middle. */
int dns_exchange_move(
                DnsExchange* e,
                int epoll,
                uint8_t buffer[static DNS_MESSAGE_MAX],
                const uint8_t** ret,
                size_t* ret_size);
void dns_exchange_close(DnsExchange* e);

/* A TSIG key (RFC 8945), wiped by dns_tsig_done(). */
#define DNS_MAC_MAX 64
typedef struct DnsTsig {
        uint8_t name[DNS_WIRE_NAME_MAX], algorithm[DNS_WIRE_NAME_MAX]; /* lower case */
        size_t name_size, algorithm_size;
        uint8_t secret[512];
        size_t secret_size;
        uint8_t mac[DNS_MAC_MAX]; /* of the question, which the answer's covers too (5.3.1) */
        size_t mac_size;
} DnsTsig;
int dns_tsig_init(DnsTsig* t, const DnsKey* key, Error* reterr); /* BAD_FIELD */
void dns_tsig_done(DnsTsig* t);
/* Appends the signature; returns the new size or -E2BIG. */
int dns_tsig_sign(DnsTsig* t, uint64_t now_sec, uint8_t* packet, size_t size, size_t max);
/* 1 = signed by the key and fresh, 0 = not signed at all, -EBADMSG not well formed, -EKEYREJECTED = not by
 * this key, -ETIME = signed at another time. ret_error gets the server's complaint (BADSIG 16, BADKEY 17,
 * BADTIME 18), believed or not. */
int dns_tsig_verify(
                const DnsTsig* t, uint64_t now_sec, const uint8_t* packet, size_t size, unsigned* ret_error);

/* One message over TCP and the first that comes back, owned; blocking, with a deadline (CLOCK_MONOTONIC). */
int dns_tcp_exchange(
                const DnsAddress* to,
                const uint8_t* packet,
                size_t size,
                uint64_t deadline_usec,
                uint8_t** ret,
                size_t* ret_size);
