#include "package/minisign.h"
#include "base/validate.h"
#include <sodium.h>
#include <stdio.h>

typedef struct PublicFile {
        uint8_t algorithm[2]; /* "Ed" */
        uint8_t id[8];
        uint8_t key[32];
} PublicFile;
typedef struct SecretFile {
        uint8_t algorithm[2]; /* "Ed" */
        uint8_t kdf[2];       /* "Sc" scrypt, 0 0 = not encrypted */
        uint8_t checksum[2];  /* "B2" */
        uint8_t salt[32];
        uint8_t operations[8], memory[8]; /* little endian */
        struct {
                uint8_t id[8];
                uint8_t key[64];
                uint8_t checksum[32]; /* BLAKE2b-256 of algorithm, id and key */
        } sealed;
} SecretFile;
typedef struct SignatureFile {
        uint8_t algorithm[2]; /* "ED": prehashed */
        uint8_t id[8];
        uint8_t signature[64];
} SignatureFile;
_Static_assert(sizeof(PublicFile) == 42 && sizeof(SecretFile) == 158 && sizeof(SignatureFile) == 74, "they are read as bytes");

#define SCRYPT_MEMORY_MAX (1024ULL * 1024 * 1024) /* minisign asks for as much */
#define SCRYPT_OPERATIONS_MAX (1ULL << 25)
#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "

void minisign_secret_done(MinisignSecret* s) {
        sodium_memzero(s, sizeof(*s));
}

/* One line of base64 that decodes to exactly these bytes. */
static int decode(const char* line, size_t n, void* ret, size_t size) {
        size_t got = 0;
        const char* end = NULL;
        if (sodium_base642bin(ret, size, line, n, NULL, &got, &end, sodium_base64_VARIANT_ORIGINAL) != 0 || end != line + n || got != size)
                return -EBADMSG;
        return 0;
}

/* The next line without its end; 0 when there is none. A carriage return belongs to the end. */
static bool next_line(const char** text, const char** ret, size_t* ret_size) {
        if (!**text)
                return false;
        size_t n = strcspn(*text, "\n");
        *ret = *text;
        *text += n + ((*text)[n] == '\n');
        *ret_size = n > 0 && (*ret)[n - 1] == '\r' ? n - 1 : n;
        return true;
}

static bool has_prefix(const char* line, size_t n, const char* prefix) {
        return n >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

/* The line behind an untrusted comment, where there is one. */
static int payload(const char* text, void* ret, size_t size) {
        const char* line = NULL;
        size_t n = 0;
        if (!next_line(&text, &line, &n))
                return -EBADMSG;
        if (has_prefix(line, n, UNTRUSTED) && !next_line(&text, &line, &n))
                return -EBADMSG;
        return decode(line, n, ret, size);
}

/* --- keys --- */

int minisign_public_parse(const char* text, MinisignPublic* ret, Error* reterr) {
        PublicFile file;
        if (payload(text, &file, sizeof(file)) < 0 || memcmp(file.algorithm, "Ed", 2) != 0)
                return error_field(reterr, ERROR_BAD_FIELD, "key", "This is no public key of minisign: 56 characters that begin with RW.");
        memcpy(ret->id, file.id, sizeof(ret->id));
        memcpy(ret->key, file.key, sizeof(ret->key));
        return 0;
}

void minisign_public_text(const MinisignPublic* key, char ret[static MINISIGN_KEY_TEXT_BYTES]) {
        PublicFile file = { .algorithm = "Ed" };
        memcpy(file.id, key->id, sizeof(file.id));
        memcpy(file.key, key->key, sizeof(file.key));
        (void) sodium_bin2base64(ret, MINISIGN_KEY_TEXT_BYTES, (const uint8_t*) &file, sizeof(file), sodium_base64_VARIANT_ORIGINAL);
}

void minisign_public_of(const MinisignSecret* secret, MinisignPublic* ret) {
        memcpy(ret->id, secret->id, sizeof(ret->id));
        memcpy(ret->key, secret->key + 32, sizeof(ret->key)); /* libsodium keeps it behind the seed */
}

static void checksum(const SecretFile* file, uint8_t ret[static 32]) {
        crypto_generichash_state state;
        (void) crypto_generichash_init(&state, NULL, 0, 32);
        (void) crypto_generichash_update(&state, file->algorithm, sizeof(file->algorithm));
        (void) crypto_generichash_update(&state, file->sealed.id, sizeof(file->sealed.id));
        (void) crypto_generichash_update(&state, file->sealed.key, sizeof(file->sealed.key));
        (void) crypto_generichash_final(&state, ret, 32);
}

static uint64_t little_endian(const uint8_t bytes[static 8]) {
        uint64_t n = 0;
        for (int i = 7; i >= 0; i--)
                n = n << 8 | bytes[i];
        return n;
}

static int unseal(SecretFile* file, const char* password, Error* reterr) {
        uint8_t stream[sizeof(file->sealed)];
        uint64_t operations = little_endian(file->operations), memory = little_endian(file->memory);
        if (operations > SCRYPT_OPERATIONS_MAX || memory > SCRYPT_MEMORY_MAX)
                return error_set(reterr, ERROR_BAD_REQUEST, "The secret key asks for more memory than is ever needed.");
        if (crypto_pwhash_scryptsalsa208sha256(stream, sizeof(stream), password, strlen(password), file->salt, operations, (size_t) memory) != 0)
                return error_set(reterr, ERROR_INTERNAL, "There is not enough memory to open the secret key.");
        for (size_t i = 0; i < sizeof(stream); i++)
                ((uint8_t*) &file->sealed)[i] ^= stream[i];
        sodium_memzero(stream, sizeof(stream));
        return 0;
}

/* minisign(1) leaves the checksum of a key that is not encrypted empty; the public half tells as much. */
static bool intact(const SecretFile* file, bool encrypted) {
        static const uint8_t empty[32] = {};
        uint8_t sum[32], public[32], again[64];
        checksum(file, sum);
        bool good = sodium_memcmp(sum, file->sealed.checksum, sizeof(sum)) == 0;
        if (!good && !encrypted && sodium_memcmp(empty, file->sealed.checksum, sizeof(empty)) == 0) {
                (void) crypto_sign_ed25519_seed_keypair(public, again, file->sealed.key);
                good = sodium_memcmp(again, file->sealed.key, sizeof(again)) == 0;
                sodium_memzero(again, sizeof(again));
        }
        return good;
}

static int open_secret(SecretFile* file, const char* password, MinisignSecret* ret, Error* reterr) {
        static const uint8_t plain[2] = {};
        bool encrypted = memcmp(file->kdf, "Sc", 2) == 0;
        if (memcmp(file->algorithm, "Ed", 2) != 0 || memcmp(file->checksum, "B2", 2) != 0 || (!encrypted && memcmp(file->kdf, plain, 2) != 0))
                return error_set(reterr, ERROR_BAD_REQUEST, "This is a secret key of a kind that is not known here.");
        if (encrypted && !password)
                return 0;
        int r = encrypted ? unseal(file, password, reterr) : 0;
        if (r < 0)
                return r;
        if (!intact(file, encrypted))
                return error_set(reterr, encrypted ? ERROR_WRONG_CREDENTIALS : ERROR_BAD_REQUEST,
                        encrypted ? "The password of the secret key is not right." : "The secret key is damaged.");
        memcpy(ret->id, file->sealed.id, sizeof(ret->id));
        memcpy(ret->key, file->sealed.key, sizeof(ret->key));
        return 1;
}

int minisign_secret_parse(const char* text, const char* password, MinisignSecret* ret, Error* reterr) {
        SecretFile file;
        int r = payload(text, &file, sizeof(file));
        if (r < 0)
                return error_set(reterr, ERROR_BAD_REQUEST, "This is no secret key of minisign.");
        r = open_secret(&file, password, ret, reterr);
        sodium_memzero(&file, sizeof(file));
        return r;
}

void minisign_secret_make(MinisignSecret* ret) {
        uint8_t public[32];
        random_bytes(ret->id, sizeof(ret->id));
        (void) crypto_sign_ed25519_keypair(public, ret->key);
}

static char* file_text(const char* comment, const void* bytes, size_t size) {
        size_t encoded = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL), before = strlen(UNTRUSTED) + strlen(comment) + 1;
        char* text = malloc(before + encoded + 1);
        if (!text)
                return NULL;
        (void) sprintf(text, UNTRUSTED "%s\n", comment);
        (void) sodium_bin2base64(text + before, encoded, bytes, size, sodium_base64_VARIANT_ORIGINAL);
        (void) strcat(text, "\n");
        return text;
}

char* minisign_secret_text(const MinisignSecret* secret) {
        SecretFile file = { .algorithm = "Ed", .checksum = "B2" };
        memcpy(file.sealed.id, secret->id, sizeof(file.sealed.id));
        memcpy(file.sealed.key, secret->key, sizeof(file.sealed.key));
        checksum(&file, file.sealed.checksum);
        char* text = file_text("minisign encrypted secret key", &file, sizeof(file)); /* its readers want these words */
        sodium_memzero(&file, sizeof(file));
        return text;
}

char* minisign_public_file(const MinisignPublic* key) {
        char comment[64], id[17];
        PublicFile file = { .algorithm = "Ed" };
        uint8_t reversed[8];
        for (size_t i = 0; i < sizeof(reversed); i++)
                reversed[i] = key->id[sizeof(reversed) - 1 - i]; /* shown as a number */
        hex_encode(reversed, sizeof(reversed), id);
        (void) snprintf(comment, sizeof(comment), "minisign public key %s", id);
        memcpy(file.id, key->id, sizeof(file.id));
        memcpy(file.key, key->key, sizeof(file.key));
        return file_text(comment, &file, sizeof(file));
}

/* --- signatures --- */

static int refuse(Error* reterr, const char* what) {
        return error_set(reterr, ERROR_BAD_FIELD, "%s", what);
}

static int verify_comment(const MinisignPublic* key, const SignatureFile* file, const char* comment, size_t n, const uint8_t global[static 64]) {
        uint8_t signed_bytes[64 + MINISIGN_COMMENT_MAX];
        memcpy(signed_bytes, file->signature, 64);
        memcpy(signed_bytes + 64, comment, n);
        return crypto_sign_ed25519_verify_detached(global, signed_bytes, 64 + n, key->key) == 0 ? 0 : -EBADMSG;
}

int minisign_verify(const MinisignPublic* key, const void* data, size_t size, const char* signature, char** ret_comment, Error* reterr) {
        SignatureFile file;
        uint8_t hash[64], global[64];
        const char *line = NULL, *comment = NULL;
        size_t n = 0, comment_size = 0;
        if (strlen(signature) > MINISIGN_SIGNATURE_MAX || !next_line(&signature, &line, &n) || !has_prefix(line, n, UNTRUSTED)
                || !next_line(&signature, &line, &n) || decode(line, n, &file, sizeof(file)) < 0)
                return refuse(reterr, "The signature is not in minisign's format.");
        if (!next_line(&signature, &comment, &comment_size) || !has_prefix(comment, comment_size, TRUSTED)
                || !next_line(&signature, &line, &n) || decode(line, n, global, sizeof(global)) < 0)
                return refuse(reterr, "The signature is cut off.");
        comment += strlen(TRUSTED), comment_size -= strlen(TRUSTED);
        if (comment_size > MINISIGN_COMMENT_MAX || !utf8_valid(comment, comment_size))
                return refuse(reterr, "The signature's trusted comment is too long or not text.");
        if (memcmp(file.algorithm, "ED", 2) != 0)
                return refuse(reterr, "The signature is of minisign's old form; sign again with a minisign that prehashes (0.10 or newer).");
        if (memcmp(file.id, key->id, sizeof(file.id)) != 0)
                return refuse(reterr, "The signature was made with another key.");
        (void) crypto_generichash(hash, sizeof(hash), data, size, NULL, 0);
        if (crypto_sign_ed25519_verify_detached(file.signature, hash, sizeof(hash), key->key) != 0)
                return refuse(reterr, "The signature does not fit: this is not what was signed.");
        if (verify_comment(key, &file, comment, comment_size, global) < 0)
                return refuse(reterr, "The signature's trusted comment is not what was signed.");
        if (ret_comment)
                *ret_comment = strndup(comment, comment_size);
        return ret_comment && !*ret_comment ? -ENOMEM : 0;
}

int minisign_sign(const MinisignSecret* secret, const void* data, size_t size, const char* trusted_comment, char** ret, Error* reterr) {
        SignatureFile file = { .algorithm = "ED" };
        uint8_t hash[64], global[64], signed_bytes[64 + MINISIGN_COMMENT_MAX];
        char first[128], second[128];
        size_t n = strlen(trusted_comment);
        if (n > MINISIGN_COMMENT_MAX || !text_valid(trusted_comment, false))
                return error_set(reterr, ERROR_BAD_REQUEST, "A trusted comment is one line of at most %d bytes.", MINISIGN_COMMENT_MAX);
        memcpy(file.id, secret->id, sizeof(file.id));
        (void) crypto_generichash(hash, sizeof(hash), data, size, NULL, 0);
        (void) crypto_sign_ed25519_detached(file.signature, NULL, hash, sizeof(hash), secret->key);
        memcpy(signed_bytes, file.signature, 64);
        memcpy(signed_bytes + 64, trusted_comment, n);
        (void) crypto_sign_ed25519_detached(global, NULL, signed_bytes, 64 + n, secret->key);
        (void) sodium_bin2base64(first, sizeof(first), (const uint8_t*) &file, sizeof(file), sodium_base64_VARIANT_ORIGINAL);
        (void) sodium_bin2base64(second, sizeof(second), global, sizeof(global), sodium_base64_VARIANT_ORIGINAL);
        if (asprintf(ret, UNTRUSTED "signature from minisign secret key\n%s\n" TRUSTED "%s\n%s\n", first, trusted_comment, second) < 0)
                return -ENOMEM;
        return 0;
}
