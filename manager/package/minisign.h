/* Signatures in minisign's format (https://jedisct1.github.io/minisign/ , section "Signature format"), prehashed only: Ed25519 over the
 * BLAKE2b-512 of the data, and a second signature over the first and the trusted comment. Interoperable with minisign(1) in both ways. */
#pragma once
#include "base/error.h"
#include "base/secret.h"

#define MINISIGN_KEY_TEXT_BYTES 57   /* 56 of base64 and NUL */
#define MINISIGN_COMMENT_MAX 1024
#define MINISIGN_SIGNATURE_MAX 4096  /* a whole .minisig file */

typedef struct MinisignPublic {
        uint8_t id[8];
        uint8_t key[32];
} MinisignPublic;

typedef struct MinisignSecret {
        uint8_t id[8];
        uint8_t key[64]; /* seed and public key */
} MinisignSecret;
void minisign_secret_done(MinisignSecret* s); /* wipes it */
#define _cleanup_minisign_ _cleanup_(minisign_secret_done)

/* text is the 56 characters that minisign prints, or a whole .pub file. */
int minisign_public_parse(const char* text, MinisignPublic* ret, Error* reterr);
void minisign_public_text(const MinisignPublic* key, char ret[static MINISIGN_KEY_TEXT_BYTES]);
void minisign_public_of(const MinisignSecret* secret, MinisignPublic* ret);

/* text is a whole secret key file; password is NULL for one that is not encrypted. 1 = read, 0 = it is
 * encrypted and there is no password. */
int minisign_secret_parse(const char* text, const char* password, MinisignSecret* ret, Error* reterr);
void minisign_secret_make(MinisignSecret* ret);
/* The file, not encrypted, and its .pub; owned, to be wiped. NULL on out of memory. */
char* minisign_secret_text(const MinisignSecret* secret);
char* minisign_public_file(const MinisignPublic* key);

/* signature is the text of a .minisig file. *ret_comment, the trusted comment, is owned; may be NULL. */
int minisign_verify(const MinisignPublic* key, const void* data, size_t size, const char* signature, char** ret_comment, Error* reterr);
/* trusted_comment is one line; *ret is the text of the .minisig file, owned. */
int minisign_sign(const MinisignSecret* secret, const void* data, size_t size, const char* trusted_comment, char** ret, Error* reterr);
