#include "user/factor.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/time.h"
#include "store/store-session.h"
#include "user/totp.h"
#include <sodium.h>

#define SEAL_NAME "totp"

/* Which key seals, and that it was used. */
static int generation(Manager* m, uint64_t* ret, Error* reterr) {
        int64_t now = now_seconds(), g = 0;
        int r = store_user_seal_used(m->store, SEAL_NAME, now, now - now % 3600, &g, reterr);
        *ret = (uint64_t) g;
        return r;
}

static int unseal(Manager* m, const uint8_t* blob, size_t size, uint8_t ret[static TOTP_SECRET_BYTES], Error* reterr) {
        _cleanup_free_ uint8_t* secret = NULL;
        size_t n = 0;
        int r = seal_decrypt(m->seal, SEAL_NAME, blob, size, &secret, &n, reterr);
        if (r < 0)
                return r;
        if (n != TOTP_SECRET_BYTES)
                return error_set(reterr, ERROR_STORE_BROKEN, "An authenticator's secret is damaged.");
        memcpy(ret, secret, TOTP_SECRET_BYTES);
        sodium_memzero(secret, n);
        return 0;
}

int factor_start(Manager* m, User* u, json_t** ret, Error* reterr) {
        uint8_t secret[TOTP_SECRET_BYTES];
        char text[TOTP_SECRET_TEXT_BYTES];
        uint8_t* blob = NULL;
        size_t size = 0;
        if (u->totp_secret)
                return error_set(reterr, ERROR_WRONG_STATE, "An authenticator is on already; switch it off first.");
        uint64_t g = 0;
        int r = generation(m, &g, reterr);
        if (r < 0)
                return r;
        random_bytes(secret, sizeof(secret));
        totp_secret_text(secret, text);
        r = seal_encrypt(m->seal, SEAL_NAME, g, secret, sizeof(secret), &blob, &size);
        sodium_memzero(secret, sizeof(secret));
        if (r < 0)
                return error_errno(reterr, r, "Cannot seal the secret");
        free(u->totp_pending);
        u->totp_pending = blob;
        u->totp_pending_size = size;
        r = store_user_totp(m->store, u, reterr);
        if (r < 0)
                return r;
        _cleanup_(erase_and_freep) char* uri = totp_uri(text, "Steadbox", u->username);
        *ret = uri ? json_pack("{s:s,s:s}", "secret", text, "uri", uri) : NULL;
        sodium_memzero(text, sizeof(text));
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot set up the authenticator");
}

int factor_confirm(Manager* m, User* u, const char* code, json_t** ret, Error* reterr) {
        uint8_t secret[TOTP_SECRET_BYTES];
        int64_t step = 0;
        if (!u->totp_pending)
                return error_set(reterr, ERROR_WRONG_STATE, "No authenticator is being set up.");
        int r = unseal(m, u->totp_pending, u->totp_pending_size, secret, reterr);
        if (r < 0)
                return r;
        r = totp_check(secret, sizeof(secret), code, now_seconds(), /* last_step= */ 0, &step);
        sodium_memzero(secret, sizeof(secret));
        if (r == 0) {
                (void) error_field(reterr, ERROR_WRONG_CREDENTIALS, "code", "These are not the digits the authenticator should show.");
                return error_hint(reterr, "Check that the clock of the phone is right.");
        }
        free(u->totp_secret);
        u->totp_secret = TAKE_PTR(u->totp_pending);
        u->totp_secret_size = u->totp_pending_size;
        u->totp_pending_size = 0;
        u->totp_step = step;
        r = store_user_totp(m->store, u, reterr);
        return r < 0 ? r : recovery_renew(m, u, ret, reterr);
}

int factor_remove(Manager* m, User* u, Error* reterr) {
        free(TAKE_PTR(u->totp_secret));
        free(TAKE_PTR(u->totp_pending));
        u->totp_secret_size = u->totp_pending_size = 0;
        u->totp_step = 0;
        u->recovery_verified_at = 0;
        int r = store_user_totp(m->store, u, reterr);
        if (r >= 0)
                r = store_user_recovery_verified(m->store, u->id, 0, reterr);
        if (r >= 0)
                r = store_recovery_replace(m->store, u->id, NULL, 0, reterr);
        return MIN(r, 0);
}

/* As people type them: dashes, spaces and capitals do not matter. False when it can be none. */
static bool recovery_digest(const char* code, uint8_t ret[static DIGEST_BYTES]) {
        char plain[RECOVERY_CODE_BYTES];
        size_t n = 0;
        for (const char* p = code; *p; p++) {
                if (*p == '-' || *p == ' ')
                        continue;
                if (n == 16)
                        return false;
                plain[n++] = *p >= 'A' && *p <= 'Z' ? (char) (*p + 32) : *p;
        }
        if (n == 16)
                digest_sha256(plain, n, ret);
        sodium_memzero(plain, sizeof(plain));
        return n == 16;
}

int recovery_renew(Manager* m, User* u, json_t** ret, Error* reterr) {
        static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* no i, l, o, 0, 1, which look alike */
        uint8_t digests[RECOVERY_CODES][DIGEST_BYTES];
        _cleanup_json_ json_t* codes = json_array();
        for (size_t i = 0; i < RECOVERY_CODES; i++) {
                char code[RECOVERY_CODE_BYTES] = {};
                for (size_t k = 0; k < RECOVERY_CODE_BYTES - 1; k++)
                        code[k] = k % 5 == 4 ? '-' : alphabet[randombytes_uniform(sizeof(alphabet) - 1)];
                (void) recovery_digest(code, digests[i]);
                if (json_array_append_new(codes, json_string(code)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot make recovery codes");
                sodium_memzero(code, sizeof(code));
        }
        u->recovery_verified_at = 0;
        int r = store_recovery_replace(m->store, u->id, (const uint8_t (*)[DIGEST_BYTES]) digests, RECOVERY_CODES, reterr);
        if (r >= 0)
                r = store_user_recovery_verified(m->store, u->id, 0, reterr);
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "codes", codes);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot make recovery codes");
}

int recovery_verify(Manager* m, User* u, const char* code, Error* reterr) {
        uint8_t digest[DIGEST_BYTES];
        if (!recovery_digest(code, digest))
                return 0;
        int r = store_recovery_has(m->store, u->id, digest, reterr);
        if (r <= 0)
                return r;
        u->recovery_verified_at = now_seconds();
        r = store_user_recovery_verified(m->store, u->id, u->recovery_verified_at, reterr);
        return r < 0 ? r : 1;
}

int factor_check(Manager* m, User* u, const char* code, Error* reterr) {
        uint8_t secret[TOTP_SECRET_BYTES], digest[DIGEST_BYTES];
        uint64_t g = 0;
        if (recovery_digest(code, digest))
                return store_recovery_use(m->store, u->id, digest, now_seconds(), reterr);
        int r = unseal(m, u->totp_secret, u->totp_secret_size, secret, reterr);
        if (r < 0)
                return r;
        r = totp_check(secret, sizeof(secret), code, now_seconds(), u->totp_step, &u->totp_step);
        sodium_memzero(secret, sizeof(secret));
        if (r <= 0)
                return r;
        r = store_user_totp(m->store, u, reterr);
        if (r >= 0)
                r = generation(m, &g, reterr);
        return r < 0 ? r : 1;
}

static int seal_again(Manager* m, uint64_t g, uint8_t** blob, size_t* size, Error* reterr) {
        uint8_t secret[TOTP_SECRET_BYTES];
        uint8_t* fresh = NULL;
        if (!*blob)
                return 0;
        int r = unseal(m, *blob, *size, secret, reterr);
        if (r < 0)
                return r;
        r = seal_encrypt(m->seal, SEAL_NAME, g, secret, sizeof(secret), &fresh, size);
        sodium_memzero(secret, sizeof(secret));
        if (r < 0)
                return error_errno(reterr, r, "Cannot seal the secret");
        free(*blob);
        *blob = fresh;
        return 0;
}

int factor_reseal(Manager* m, uint64_t new_generation, Error* reterr) {
        int64_t id = 0;
        for (;;) {
                _cleanup_(user_freep) User* u = NULL;
                int r = store_user_sealed_after(m->store, id, &u, reterr);
                if (r <= 0)
                        return r;
                r = seal_again(m, new_generation, &u->totp_secret, &u->totp_secret_size, reterr);
                if (r >= 0)
                        r = seal_again(m, new_generation, &u->totp_pending, &u->totp_pending_size, reterr);
                if (r >= 0)
                        r = store_user_totp(m->store, u, reterr);
                if (r < 0)
                        return r;
                id = u->id;
        }
}
