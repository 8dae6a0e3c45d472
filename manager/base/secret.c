#include "base/secret.h"
#include <sodium.h>

int secret_init(void) {
        return sodium_init() < 0 ? -EIO : 0;
}

void random_bytes(void* buffer, size_t size) {
        randombytes_buf(buffer, size);
}

void token_make(char ret[static TOKEN_TEXT_BYTES]) {
        uint8_t bytes[32];
        randombytes_buf(bytes, sizeof(bytes));
        (void) sodium_bin2base64(ret, TOKEN_TEXT_BYTES, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        sodium_memzero(bytes, sizeof(bytes));
}

void digest_sha256(const void* data, size_t size, uint8_t ret[static DIGEST_BYTES]) {
        (void) crypto_hash_sha256(ret, data, size);
}

void hex_encode(const uint8_t* data, size_t size, char* ret) {
        (void) sodium_bin2hex(ret, size * 2 + 1, data, size);
}

int hex_decode(const char* text, uint8_t* ret, size_t size) {
        size_t n = 0;
        const char* end = NULL;
        if (sodium_hex2bin(ret, size, text, strlen(text), NULL, &n, &end) < 0 || n != size || *end)
                return -EINVAL;
        return 0;
}

void erase_and_free(char* s) {
        if (s)
                sodium_memzero(s, strlen(s));
        free(s);
}

int base64_decode(const char* text, uint8_t** ret, size_t* ret_size) {
        size_t room = strlen(text) / 4 * 3 + 3, n = 0;
        uint8_t* bytes = malloc(room);
        if (!bytes)
                return -ENOMEM;
        if (sodium_base642bin(bytes, room, text, strlen(text), " \r\n", &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
                free(bytes);
                return -EBADMSG;
        }
        *ret = bytes;
        *ret_size = n;
        return 0;
}

char* base64_encode(const void* data, size_t size) {
        size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
        char* text = malloc(room);
        return text ? sodium_bin2base64(text, room, data, size, sodium_base64_VARIANT_ORIGINAL) : NULL;
}

struct Digest {
        crypto_hash_sha256_state state;
};

Digest* digest_new(void) {
        Digest* d = malloc(sizeof(Digest));
        if (d)
                (void) crypto_hash_sha256_init(&d->state);
        return d;
}

Digest* digest_free(Digest* d) {
        free(d);
        return NULL;
}

void digest_add(Digest* d, const void* data, size_t size) {
        (void) crypto_hash_sha256_update(&d->state, data, size);
}

void digest_end(Digest* d, char ret_hex[static DIGEST_BYTES * 2 + 1]) {
        uint8_t bytes[DIGEST_BYTES];
        (void) crypto_hash_sha256_final(&d->state, bytes);
        hex_encode(bytes, sizeof(bytes), ret_hex);
        (void) crypto_hash_sha256_init(&d->state);
}
