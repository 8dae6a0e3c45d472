/* Time-based one-time codes (RFC 6238 over RFC 4226): SHA-1, 30 seconds, six digits, which is what every authenticator speaks.
 * Pure functions; the secret's keeping is the caller's matter. */
#pragma once
#include "base/macro.h"

#define TOTP_SECRET_BYTES 20 /* RFC 4226 4: as long as SHA-1's output */
#define TOTP_SECRET_TEXT_BYTES 33 /* in base32, and NUL */
#define TOTP_STEP_SEC 30

uint32_t totp_code(const uint8_t* secret, size_t size, uint64_t step);
/* Accepts the step of now and one on either side, for clocks that drift (RFC 6238 5.2), but none up to last_step, so that a code works
 * once. 1 = good, *ret_step is to be kept; 0 = not. */
int totp_check(const uint8_t* secret, size_t size, const char* code, int64_t now, int64_t last_step, int64_t* ret_step);
void totp_secret_text(const uint8_t secret[static TOTP_SECRET_BYTES], char ret[static TOTP_SECRET_TEXT_BYTES]); /* RFC 4648 base32 */
/* otpauth://totp/issuer:account?secret=...&issuer=... ; owned, NULL on out of memory. */
char* totp_uri(const char* secret_text, const char* issuer, const char* account);
