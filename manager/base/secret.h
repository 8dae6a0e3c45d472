/* Random tokens, digests, hex, and memory that is wiped. All cryptography is libsodium's. */
#pragma once
#include "base/macro.h"

#define DIGEST_BYTES 32
#define TOKEN_TEXT_BYTES 44 /* 32 random bytes, base64url without padding, and NUL */

int secret_init(void); /* once per process, before anything else here */
void random_bytes(void* buffer, size_t size);
/* 32 random bytes as base64url (RFC 4648 section 5). */
void token_make(char ret[static TOKEN_TEXT_BYTES]);
void digest_sha256(const void* data, size_t size, uint8_t ret[static DIGEST_BYTES]);
/* hex needs 2 * size + 1 bytes. */
void hex_encode(const uint8_t* data, size_t size, char* ret);
/* Standard alphabet, padded, white space skipped; *ret is owned. -EBADMSG when it is something else. */
int base64_decode(const char* text, uint8_t** ret, size_t* ret_size);
char* base64_encode(const void* data, size_t size); /* the same alphabet; owned, NULL when out of memory */
int hex_decode(const char* text, uint8_t* ret, size_t size); /* -EINVAL unless exactly size bytes */
void erase_and_free(char* s); /* NUL-terminated; NULL is fine */
static inline void erase_and_freep(char** s) {
        erase_and_free(*s);
}

/* SHA-256 of what comes in pieces. */
typedef struct Digest Digest;
Digest* digest_new(void); /* NULL when out of memory */
Digest* digest_free(Digest* d);
DEFINE_CLEANUP(Digest*, digest_free);
void digest_add(Digest* d, const void* data, size_t size);
void digest_end(Digest* d, char ret_hex[static DIGEST_BYTES * 2 + 1]); /* and begins anew */
