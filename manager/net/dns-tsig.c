/* Signatures of DNS messages with a shared key: RFC 8945. Pure; the key comes from its owner and is wiped
 * with the object. HMAC is libsodium's and not ldns's, which leaves copies of the key in freed memory, calls
 * hmac-sha384 by a wrong name, and believes signatures of any age. */
#include "net/dns-internal.h"
#include <sodium.h>

#define FUDGE_SEC 300 /* RFC 8945 10: recommended */

enum {
        TYPE_TSIG = 250,
        CLASS_ANY = 255,
        SHA256_BYTES = crypto_auth_hmacsha256_BYTES,
        SHA512_BYTES = crypto_auth_hmacsha512_BYTES
};
_Static_assert(SHA512_BYTES == DNS_MAC_MAX, "a MAC fits");

/* Where the next byte goes; the caller knows that there is room. */
static uint8_t* put16(uint8_t* p, size_t n) {
        *p++ = (uint8_t) (n >> 8);
        *p++ = (uint8_t) n;
        return p;
}
static uint8_t* put48(uint8_t* p, uint64_t n) {
        p = put16(p, n >> 32 & 0xffff);
        p = put16(p, n >> 16 & 0xffff);
        return put16(p, n & 0xffff);
}
static uint8_t* put_bytes(uint8_t* p, const void* data, size_t n) {
        memcpy(p, data, n);
        return p + n;
}
static unsigned get16(const uint8_t* p) {
        return (unsigned) p[0] << 8 | p[1];
}
static uint64_t get48(const uint8_t* p) {
        return (uint64_t) get16(p) << 32 | (uint64_t) get16(p + 2) << 16 | get16(p + 4);
}

int dns_tsig_init(DnsTsig* t, const DnsKey* key, Error* reterr) {
        *t = (DnsTsig) {};
        if (!streq(key->algorithm, "hmac-sha256") && !streq(key->algorithm, "hmac-sha512"))
                return error_field(
                                reterr, ERROR_BAD_FIELD, "algorithm",
                                "Keys for %.32s are not supported; use hmac-sha256 or hmac-sha512.",
                                key->algorithm);
        t->mac_size = streq(key->algorithm, "hmac-sha512") ? SHA512_BYTES : SHA256_BYTES;
        if (dns_name_wire(key->algorithm, t->algorithm, &t->algorithm_size, NULL) < 0 ||
            dns_name_wire(key->name, t->name, &t->name_size, NULL) < 0)
                return error_field(reterr, ERROR_BAD_FIELD, "key_name", "This cannot be the name of a key.");
        if (sodium_base642bin(
                            t->secret, sizeof(t->secret), key->secret, strlen(key->secret), " \t\r\n",
                            &t->secret_size, NULL, sodium_base64_VARIANT_ORIGINAL) < 0 ||
            t->secret_size == 0) {
                dns_tsig_done(t);
                return error_field(reterr, ERROR_BAD_FIELD, "token", "The key's secret is not base64.");
        }
        return 0;
}

void dns_tsig_done(DnsTsig* t) {
        sodium_memzero(t, sizeof(*t));
}

/* RFC 8945 4.3.3: the message, then the variables; for an answer the question's MAC comes first. */
typedef struct Variables {
        uint64_t time_sec;
        unsigned fudge_sec, error;
        const uint8_t* other;
        size_t other_size;
} Variables;

static int mac(const DnsTsig* t,
               bool answer,
               const uint8_t* message,
               size_t size,
               const Variables* v,
               uint8_t ret[static DNS_MAC_MAX]) {
        size_t max = 2 + DNS_MAC_MAX + size + 2 * DNS_WIRE_NAME_MAX + 32 + v->other_size;
        _cleanup_free_ uint8_t* all = malloc(max);
        uint8_t* p = all;
        if (!all)
                return -ENOMEM;
        if (answer)
                p = put_bytes(put16(p, t->mac_size), t->mac, t->mac_size);
        p = put_bytes(p, message, size);
        p = put_bytes(p, t->name, t->name_size);
        p = put16(p, CLASS_ANY);
        p = put16(put16(p, 0), 0); /* TTL */
        p = put_bytes(p, t->algorithm, t->algorithm_size);
        p = put16(put48(p, v->time_sec), v->fudge_sec);
        p = put16(put16(p, v->error), v->other_size);
        if (v->other_size > 0)
                p = put_bytes(p, v->other, v->other_size);
        if (t->mac_size == SHA512_BYTES) {
                crypto_auth_hmacsha512_state state;
                (void) crypto_auth_hmacsha512_init(&state, t->secret, t->secret_size);
                (void) crypto_auth_hmacsha512_update(&state, all, (size_t) (p - all));
                (void) crypto_auth_hmacsha512_final(&state, ret);
                sodium_memzero(&state, sizeof(state));
        } else {
                crypto_auth_hmacsha256_state state;
                (void) crypto_auth_hmacsha256_init(&state, t->secret, t->secret_size);
                (void) crypto_auth_hmacsha256_update(&state, all, (size_t) (p - all));
                (void) crypto_auth_hmacsha256_final(&state, ret);
                sodium_memzero(&state, sizeof(state));
        }
        return 0;
}

int dns_tsig_sign(DnsTsig* t, uint64_t now_sec, uint8_t* packet, size_t size, size_t max) {
        size_t data = t->algorithm_size + 6 + 2 + 2 + t->mac_size + 2 + 2 + 2;
        if (size + t->name_size + 10 + data > max)
                return -E2BIG;
        int r = mac(t, /* answer= */ false, packet, size,
                    &(Variables) { .time_sec = now_sec, .fudge_sec = FUDGE_SEC }, t->mac);
        if (r < 0)
                return r;
        uint8_t* p = put_bytes(packet + size, t->name, t->name_size);
        p = put16(put16(p, TYPE_TSIG), CLASS_ANY);
        p = put16(put16(put16(p, 0), 0), data); /* TTL, length */
        p = put_bytes(p, t->algorithm, t->algorithm_size);
        p = put16(put48(p, now_sec), FUDGE_SEC);
        p = put_bytes(put16(p, t->mac_size), t->mac, t->mac_size);
        p = put16(p, get16(packet)); /* the id, in case somebody on the way changes it */
        p = put16(put16(p, 0), 0);   /* error, other */
        (void) put16(packet + 10, get16(packet + 10) + 1);
        return (int) (p - packet);
}

/* Finds the last record of the last section; *at is where it begins. 0 = there are none. */
static int last_record(const uint8_t* packet, size_t size, size_t* ret_at) {
        uint8_t name[DNS_WIRE_NAME_MAX];
        size_t at = 12, n, last = 0;
        if (size < 12)
                return -EBADMSG;
        for (unsigned i = get16(packet + 4); i > 0; i--, at += 4)
                if (dns_name_read(packet, size, &at, name, &n) < 0 || size - at < 4)
                        return -EBADMSG;
        for (unsigned i = get16(packet + 6) + get16(packet + 8) + get16(packet + 10); i > 0; i--) {
                last = at;
                if (dns_name_read(packet, size, &at, name, &n) < 0 || size - at < 10)
                        return -EBADMSG;
                size_t length = get16(packet + at + 8);
                at += 10;
                if (size - at < length)
                        return -EBADMSG;
                at += length;
        }
        if (get16(packet + 10) == 0)
                return 0;
        *ret_at = last;
        return at == size ? 1 : -EBADMSG;
}

/* The fields of the record at at; -EKEYREJECTED when it names another key or another algorithm. */
static int read_tsig(
                const DnsTsig* t,
                const uint8_t* packet,
                size_t size,
                size_t at,
                Variables* ret,
                const uint8_t** ret_mac,
                size_t* ret_mac_size,
                unsigned* ret_id) {
        uint8_t name[DNS_WIRE_NAME_MAX];
        size_t n;
        (void) dns_name_read(packet, size, &at, name, &n); /* seen before */
        if (get16(packet + at) != TYPE_TSIG)
                return 0;
        bool ours = dns_name_equal(name, n, t->name, t->name_size) && get16(packet + at + 2) == CLASS_ANY &&
                    get16(packet + at + 4) == 0 && get16(packet + at + 6) == 0; /* TTL */
        at += 10;
        if (dns_name_read(packet, size, &at, name, &n) < 0 || size - at < 10)
                return -EBADMSG;
        ours = ours && dns_name_equal(name, n, t->algorithm, t->algorithm_size);
        Variables v = { .time_sec = get48(packet + at), .fudge_sec = get16(packet + at + 6) };
        *ret_mac_size = get16(packet + at + 8);
        at += 10;
        if (size - at < *ret_mac_size + 6)
                return -EBADMSG;
        *ret_mac = packet + at;
        at += *ret_mac_size;
        *ret_id = get16(packet + at);
        v.error = get16(packet + at + 2);
        v.other_size = get16(packet + at + 4);
        v.other = packet + at + 6;
        if (size - at - 6 != v.other_size)
                return -EBADMSG;
        *ret = v;
        return ours ? 1 : -EKEYREJECTED;
}

int dns_tsig_verify(
                const DnsTsig* t,
                uint64_t now_sec,
                const uint8_t* packet,
                size_t size,
                unsigned* ret_error) {
        size_t at = 0, mac_size = 0;
        Variables v = {};
        const uint8_t* theirs = NULL;
        uint8_t ours[DNS_MAC_MAX];
        unsigned id = 0;
        *ret_error = 0;
        int r = last_record(packet, size, &at);
        if (r <= 0)
                return r;
        r = read_tsig(t, packet, size, at, &v, &theirs, &mac_size, &id);
        *ret_error = v.error;
        if (r <= 0)
                return r;
        if (mac_size != t->mac_size) /* also none at all, which comes with BADSIG and BADKEY (5.3.2) */
                return -EKEYREJECTED;
        _cleanup_free_ uint8_t* message = malloc(at);
        if (!message)
                return -ENOMEM;
        (void) put_bytes(message, packet, at);
        (void) put16(message, id);
        (void) put16(message + 10, get16(packet + 10) - 1);
        r = mac(t, /* answer= */ true, message, at, &v, ours);
        if (r < 0)
                return r;
        if (sodium_memcmp(ours, theirs, mac_size) != 0)
                return -EKEYREJECTED;
        uint64_t apart = now_sec > v.time_sec ? now_sec - v.time_sec : v.time_sec - now_sec;
        return apart <= FUDGE_SEC ? 1 : -ETIME;
}
