#include "user/password.h"
#include <ctype.h>
#include <stdio.h>

/* Sorted by bytes. Passwords of at least ten characters that many people use, and words from which many common passwords are made by
 * adding digits. Drawn from the list of Django's CommonPasswordValidator (Royce Williams; public domain). */
static const char* const common_passwords[] = {
#include "manager/user/common-passwords.inc"
};

static int compare(const void* a, const void* b) {
        return strcmp(a, *(const char* const*) b);
}

static bool is_common(const char* s) {
        return bsearch(s, common_passwords, ELEMENTS(common_passwords), sizeof(common_passwords[0]), compare);
}

/* The letters in the middle: "1Monkey99!" -> "monkey". Some digits stand for letters where they are inside a word. */
static void stem_of(const char* lower, bool leet, char* ret) {
        static const char from[] = "013457@$!", to[] = "oieastasi";
        char* p = ret;
        size_t n = strlen(lower), begin = 0;
        while (n > 0 && !isalpha((unsigned char) lower[n - 1]))
                n--;
        while (begin < n && !isalpha((unsigned char) lower[begin]) && !(leet && strchr(from, lower[begin])))
                begin++;
        for (size_t i = begin; i < n; i++) {
                const char* at = leet ? strchr(from, lower[i]) : NULL;
                *p++ = at ? to[at - from] : lower[i];
        }
        *p = '\0';
}

static bool made_of_common(const char* lower, char* buffer) {
        if (is_common(lower))
                return true;
        for (int leet = 0; leet < 2; leet++) {
                stem_of(lower, leet, buffer);
                /* a word with more random letters around it than it has itself is no common password */
                if (strlen(buffer) * 2 >= strlen(lower) && is_common(buffer))
                        return true;
        }
        return false;
}

/* Runs such as "abcdefghij", "9876543210", "aaaaaaaaaa" and repetitions such as "abcabcabcabc" are guessed first. */
static bool is_monotonous(const char* s) {
        size_t n = strlen(s), steps = 0, distinct = 0;
        bool seen[256] = {};
        for (size_t i = 0; i < n; i++) {
                uint8_t c = (uint8_t) s[i];
                distinct += !seen[c];
                seen[c] = true;
                int d = i > 0 ? c - (uint8_t) s[i - 1] : 99;
                steps += d >= -1 && d <= 1;
        }
        if (distinct < 5 || steps * 4 >= (n - 1) * 3)
                return true;
        for (size_t period = 1; period <= n / 2 && period <= 6; period++)
                if (memcmp(s, s + period, n - period) == 0)
                        return true;
        return false;
}

static size_t characters(const char* s) {
        size_t n = 0;
        for (; *s; s++)
                n += ((uint8_t) *s & 0xc0) != 0x80; /* UTF-8 continuation bytes do not begin one */
        return n;
}

int password_check(const char* password, const char* username, const char* field, Error* reterr) {
        size_t n = strlen(password);
        if (characters(password) < PASSWORD_CHARACTERS_MIN)
                return error_field(reterr, ERROR_WEAK_PASSWORD, field, "A password needs at least %d characters.", PASSWORD_CHARACTERS_MIN);
        _cleanup_free_ char* lower = strdup(password);
        _cleanup_free_ char* buffer = malloc(n + 1);
        if (!lower || !buffer)
                return error_errno(reterr, -ENOMEM, "Cannot check the password");
        for (char* p = lower; *p; p++)
                *p = (char) tolower((unsigned char) *p);
        int r = 0;
        if (is_monotonous(lower))
                r = error_field(reterr, ERROR_WEAK_PASSWORD, field, "This password repeats itself or runs along the keyboard; a few words in a row are easy to keep and hard to guess.");
        else if (made_of_common(lower, buffer))
                r = error_field(reterr, ERROR_WEAK_PASSWORD, field, "This is one of the passwords that are tried first; a few words in a row are easy to keep and hard to guess.");
        else if (username && strlen(username) >= 4 && strstr(lower, username) && n < strlen(username) + PASSWORD_CHARACTERS_MIN)
                r = error_field(reterr, ERROR_WEAK_PASSWORD, field, "The password must not be made of the user name.");
        explicit_bzero(lower, n);
        explicit_bzero(buffer, n);
        return r;
}

int password_hash_check(const char* hash, const char* field, Error* reterr) {
        unsigned version = 0, memory = 0, passes = 0, lanes = 0;
        int end = 0;
        if (sscanf(hash, "$argon2id$v=%u$m=%u,t=%u,p=%u$%n", &version, &memory, &passes, &lanes, &end) != 4 || end == 0)
                return error_field(reterr, ERROR_BAD_FIELD, field, "This is no argon2id hash in PHC form.");
        if (version != 19 || lanes != 1)
                return error_field(reterr, ERROR_BAD_FIELD, field, "Only argon2id of version 19 with one lane (p=1) is accepted.");
        if (memory < 8192 || memory > 262144 || passes < 1 || passes > 16)
                return error_field(reterr, ERROR_BAD_FIELD, field, "Memory must be between 8 and 256 MiB and passes between 1 and 16.");
        const char* salt = hash + end;
        size_t n_salt = strspn(salt, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        const char* digest = salt[n_salt] == '$' ? salt + n_salt + 1 : "";
        size_t n_digest = strspn(digest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        if (n_salt < 11 || n_salt > 64 || n_digest < 22 || digest[n_digest])
                return error_field(reterr, ERROR_BAD_FIELD, field, "The hash is cut or has other bytes in it.");
        return 0;
}
