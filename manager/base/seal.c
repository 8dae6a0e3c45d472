#include "base/seal.h"
#include "base/file.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>

struct Seal {
        uint8_t key[crypto_kdf_KEYBYTES];
};

/* What a blob begins with; the rest is the secretbox. */
typedef struct Head {
        uint8_t generation[8]; /* little endian */
        uint8_t nonce[crypto_secretbox_NONCEBYTES];
} Head;

int seal_new(const uint8_t key[static 32], Seal** ret) {
        Seal* s = sodium_malloc(sizeof(Seal)); /* guarded and locked in memory */
        if (!s)
                return -ENOMEM;
        memcpy(s->key, key, sizeof(s->key));
        *ret = s;
        return 0;
}

Seal* seal_free(Seal* s) {
        sodium_free(s);
        return NULL;
}

int seal_new_from_credential(Seal** ret, Error* reterr) {
        const char* directory = getenv("CREDENTIALS_DIRECTORY");
        if (isempty(directory))
                return error_set(reterr, ERROR_INTERNAL, "No credentials were given to the manager: box.key is missing. Run steadbox-install again.");
        _cleanup_free_ char* path = NULL;
        char* text = NULL;
        size_t size = 0;
        if (asprintf(&path, "%s/box.key", directory) < 0)
                return -ENOMEM;
        int r = file_read(AT_FDCWD, path, 64, &text, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the credential box.key");
        if (size != crypto_kdf_KEYBYTES)
                r = error_set(reterr, ERROR_INTERNAL, "The credential box.key has %zu bytes instead of %u.", size, crypto_kdf_KEYBYTES);
        else
                r = seal_new((const uint8_t*) text, ret);
        sodium_memzero(text, size);
        free(text);
        return r;
}

static void subkey(const Seal* s, const char* name, uint64_t generation, uint8_t ret[static crypto_secretbox_KEYBYTES]) {
        char context[crypto_kdf_CONTEXTBYTES] = {};
        size_t n = strlen(name);
        assert(n > 0 && n <= sizeof(context));
        memcpy(context, name, n);
        (void) crypto_kdf_derive_from_key(ret, crypto_secretbox_KEYBYTES, generation, context, s->key);
}

static uint64_t generation_of(const Head* head) {
        uint64_t g = 0;
        for (int i = 7; i >= 0; i--)
                g = g << 8 | head->generation[i];
        return g;
}

int seal_encrypt(const Seal* s, const char* name, uint64_t generation, const void* data, size_t size, uint8_t** ret, size_t* ret_size) {
        Head head;
        for (int i = 0; i < 8; i++)
                head.generation[i] = (uint8_t) (generation >> (8 * i));
        randombytes_buf(head.nonce, sizeof(head.nonce));

        size_t whole = sizeof(head) + crypto_secretbox_MACBYTES + size;
        uint8_t* blob = malloc(whole);
        if (!blob)
                return -ENOMEM;
        memcpy(blob, &head, sizeof(head));
        uint8_t key[crypto_secretbox_KEYBYTES];
        subkey(s, name, generation, key);
        (void) crypto_secretbox_easy(blob + sizeof(head), data, size, head.nonce, key);
        sodium_memzero(key, sizeof(key));
        *ret = blob;
        *ret_size = whole;
        return 0;
}

int seal_decrypt(const Seal* s, const char* name, const void* blob, size_t size, uint8_t** ret, size_t* ret_size, Error* reterr) {
        Head head;
        if (size < sizeof(head) + crypto_secretbox_MACBYTES)
                return error_set(reterr, ERROR_STORE_BROKEN, "A sealed value (%s) is too short.", name);
        memcpy(&head, blob, sizeof(head));
        size_t plain_size = size - sizeof(head) - crypto_secretbox_MACBYTES;
        uint8_t* plain = malloc(plain_size + 1);
        if (!plain)
                return error_errno(reterr, -ENOMEM, "Cannot unseal");
        uint8_t key[crypto_secretbox_KEYBYTES];
        subkey(s, name, generation_of(&head), key);
        int r = crypto_secretbox_open_easy(plain, (const uint8_t*) blob + sizeof(head), size - sizeof(head), head.nonce, key);
        sodium_memzero(key, sizeof(key));
        if (r < 0) {
                free(plain);
                return error_set(reterr, ERROR_STORE_BROKEN, "A sealed value (%s) does not open with this box's key.", name);
        }
        plain[plain_size] = 0;
        *ret = plain;
        *ret_size = plain_size;
        return 0;
}
