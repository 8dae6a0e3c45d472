#include "user/totp.h"
#include <nettle/hmac.h>
#include <sodium.h>
#include <stdio.h>

#define DIGITS 6
#define MODULUS 1000000u

uint32_t totp_code(const uint8_t* secret, size_t size, uint64_t step) {
        struct hmac_sha1_ctx hmac;
        uint8_t counter[8], digest[SHA1_DIGEST_SIZE];
        for (size_t i = 0; i < sizeof(counter); i++)
                counter[i] = (uint8_t) (step >> (8 * (7 - i)));
        hmac_sha1_set_key(&hmac, size, secret);
        hmac_sha1_update(&hmac, sizeof(counter), counter);
        hmac_sha1_digest(&hmac, sizeof(digest), digest);
        sodium_memzero(&hmac, sizeof(hmac));
        size_t at = digest[SHA1_DIGEST_SIZE - 1] & 0x0f; /* dynamic truncation, RFC 4226 5.3 */
        uint32_t number = (uint32_t) (digest[at] & 0x7f) << 24 | (uint32_t) digest[at + 1] << 16 | (uint32_t) digest[at + 2] << 8 |
                          digest[at + 3];
        return number % MODULUS;
}

int totp_check(const uint8_t* secret, size_t size, const char* code, int64_t now, int64_t last_step, int64_t* ret_step) {
        if (strlen(code) != DIGITS || strspn(code, "0123456789") != DIGITS || now < TOTP_STEP_SEC)
                return 0;
        int64_t step = now / TOTP_STEP_SEC;
        int found = 0;
        for (int64_t s = step - 1; s <= step + 1; s++) {
                char expected[DIGITS + 1 + 4];
                (void) snprintf(expected, sizeof(expected), "%06u", totp_code(secret, size, (uint64_t) s));
                if (sodium_memcmp(expected, code, DIGITS) == 0 && s > last_step && !found) {
                        *ret_step = s;
                        found = 1;
                }
        }
        return found;
}

void totp_secret_text(const uint8_t secret[static TOTP_SECRET_BYTES], char ret[static TOTP_SECRET_TEXT_BYTES]) {
        static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        for (size_t i = 0; i < TOTP_SECRET_BYTES / 5; i++) { /* five bytes are eight letters */
                uint64_t block = 0;
                for (size_t k = 0; k < 5; k++)
                        block = block << 8 | secret[i * 5 + k];
                for (size_t k = 0; k < 8; k++)
                        ret[i * 8 + k] = alphabet[block >> (35 - 5 * k) & 31];
        }
        ret[TOTP_SECRET_TEXT_BYTES - 1] = '\0';
}

/* RFC 3986's unreserved letters stay. */
static void percent_encode(FILE* f, const char* text) {
        for (const uint8_t* p = (const uint8_t*) text; *p; p++)
                if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p))
                        (void) fputc(*p, f);
                else
                        fprintf(f, "%%%02X", *p);
}

char* totp_uri(const char* secret_text, const char* issuer, const char* account) {
        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        (void) fputs("otpauth://totp/", f);
        percent_encode(f, issuer);
        (void) fputc(':', f);
        percent_encode(f, account);
        fprintf(f, "?secret=%s&issuer=", secret_text);
        percent_encode(f, issuer);
        (void) fputs("&algorithm=SHA1&digits=6&period=30", f);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}
