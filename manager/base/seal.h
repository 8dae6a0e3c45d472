/* Sealing: small secrets in the store are secretbox blobs under subkeys of box.key (crypto_kdf), by name and generation. */
#pragma once
#include "base/error.h"

typedef struct Seal Seal;

/* Reads the 32 bytes of box.key from the credential directory systemd gave us (CREDENTIALS_DIRECTORY, systemd.exec(5)). */
int seal_new_from_credential(Seal** ret, Error* reterr);
int seal_new(const uint8_t key[static 32], Seal** ret);
Seal* seal_free(Seal* s); /* wipes */
DEFINE_CLEANUP(Seal*, seal_free);

/* name at most 8 bytes, such as "totp"; the generation is kept by the caller and written into the blob. Results are owned. */
int seal_encrypt(const Seal* s, const char* name, uint64_t generation, const void* data, size_t size, uint8_t** ret, size_t* ret_size);
/* STORE_BROKEN when the blob is not ours or was changed. *ret is NUL-terminated beyond its size. */
int seal_decrypt(const Seal* s, const char* name, const void* blob, size_t size, uint8_t** ret, size_t* ret_size, Error* reterr);
