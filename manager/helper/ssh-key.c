#include "helper/ssh-key.h"
#include "base/secret.h"
#include "helper/check.h"
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>

static const char* const type_table[] = {
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
};
static const char* const origin_table[] = { "owner", "provider" };

#define RSA_MODULUS_BYTES_MIN 256 /* 2048 bits; sshd refuses less by itself only from 1024 down */

static const char* type_find(const char* s, size_t size) {
        for (size_t i = 0; i < ELEMENTS(type_table); i++)
                if (strlen(type_table[i]) == size && memcmp(type_table[i], s, size) == 0)
                        return type_table[i];
        return NULL;
}

/* Takes one length-prefixed string (RFC 4251 section 5) off the front. */
static bool blob_take(const uint8_t** p, size_t* left, const uint8_t** ret, size_t* ret_size) {
        if (*left < 4)
                return false;
        size_t size = (size_t) (*p)[0] << 24 | (size_t) (*p)[1] << 16 | (size_t) (*p)[2] << 8 | (*p)[3];
        if (size > *left - 4)
                return false;
        *ret = *p + 4;
        *ret_size = size;
        *p += 4 + size;
        *left -= 4 + size;
        return true;
}

/* The blob must name the same type, and hold at least one more string and nothing behind the last. */
static bool blob_agrees(const uint8_t* blob, size_t size, const char* type) {
        const uint8_t* part;
        size_t part_size, longest = 0;
        unsigned parts = 0;
        if (!blob_take(&blob, &size, &part, &part_size) || part_size != strlen(type) || memcmp(part, type, part_size) != 0)
                return false;
        for (; size > 0; parts++) {
                if (!blob_take(&blob, &size, &part, &part_size))
                        return false;
                longest = MAX(longest, part_size);
        }
        return parts >= 1 && parts <= 3 && (!streq(type, "ssh-rsa") || longest >= RSA_MODULUS_BYTES_MIN);
}

static bool key_digest(const char* blob, size_t size, const char* type, char ret[static SSH_FINGERPRINT_BYTES]) {
        uint8_t bytes[SSH_KEY_BLOB_MAX], digest[DIGEST_BYTES];
        size_t bytes_size;
        const char* end;
        if (size > SSH_KEY_BLOB_MAX ||
            sodium_base642bin(bytes, sizeof(bytes), blob, size, NULL, &bytes_size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
            end != blob + size || !blob_agrees(bytes, bytes_size, type))
                return false;
        digest_sha256(bytes, bytes_size, digest);
        hex_encode(digest, sizeof(digest), ret);
        return true;
}

static bool comment_valid(const char* s) {
        for (; *s; s++)
                if (!isalnum((unsigned char) *s) && !strchr("@._+- ", *s))
                        return false;
        return true;
}

int ssh_key_check(const char* type, const char* blob, const char* comment, SshKey* ret, Error* reterr) {
        int r = check_length("type", type, 64, reterr);
        if (r >= 0)
                r = check_length("key", blob, SSH_KEY_BLOB_MAX, reterr);
        if (r >= 0)
                r = check_length("comment", comment, SSH_COMMENT_MAX, reterr);
        if (r < 0)
                return r;
        SshKey key = { .type = type_find(type, strlen(type)), .blob = blob, .blob_size = strlen(blob), .comment = comment, .comment_size = strlen(comment) };
        if (!key.type)
                return error_field(reterr, ERROR_BAD_FIELD, "type", "This type of key is not accepted; use ssh-ed25519.");
        if (!comment_valid(comment))
                return error_field(reterr, ERROR_BAD_FIELD, "comment", "The comment may hold letters, digits, spaces and @._+- only.");
        if (!key_digest(blob, key.blob_size, key.type, key.fingerprint))
                return error_field(reterr, ERROR_BAD_FIELD, "key", "The key is damaged, too weak, or not of the type it claims.");
        *ret = key;
        return 0;
}

static size_t word_size(const char* s, size_t left) {
        size_t n = 0;
        bool quoted = false; /* options may hold blanks inside quotes: command="a b" */
        for (; n < left && (quoted || (s[n] != ' ' && s[n] != '\t')); n++)
                if (s[n] == '"' && (n == 0 || s[n - 1] != '\\'))
                        quoted = !quoted;
        return n;
}

static size_t blanks(const char* s, size_t left) {
        size_t n = 0;
        while (n < left && (s[n] == ' ' || s[n] == '\t' || s[n] == '\r'))
                n++;
        return n;
}

int ssh_key_from_line(const char* line, size_t size, SshKey* ret) {
        SshKey key = {};
        const char* p = line + blanks(line, size);
        size_t left = size - (size_t) (p - line);
        if (left == 0 || *p == '#')
                return 0;
        for (int word = 0; word < 2 && !key.type; word++) {
                size_t n = word_size(p, left);
                key.type = type_find(p, n);
                n += blanks(p + n, left - n);
                p += n;
                left -= n;
        }
        if (!key.type)
                return 0;
        key.blob = p;
        key.blob_size = word_size(p, left);
        size_t n = key.blob_size + blanks(p + key.blob_size, left - key.blob_size);
        key.comment = p + n;
        key.comment_size = left - n;
        while (key.comment_size > 0 && key.comment[key.comment_size - 1] == '\r')
                key.comment_size--;
        if (!key_digest(key.blob, key.blob_size, key.type, key.fingerprint))
                return 0;
        *ret = key;
        return 1;
}

static size_t line_size(const char* p) {
        return strcspn(p, "\n");
}

/* "# owner" and "# provider" are ours; anything else behind a # belongs to somebody. */
static const char* line_origin(const char* line, size_t size) {
        for (size_t i = 0; i < ELEMENTS(origin_table); i++)
                if (size == strlen(origin_table[i]) + 2 && memcmp(line, "# ", 2) == 0 && memcmp(line + 2, origin_table[i], size - 2) == 0)
                        return origin_table[i];
        return NULL;
}

int ssh_keys_each(const char* text, SshKeyVisit visit, void* userdata) {
        const char* origin = NULL;
        for (const char* p = text; *p;) {
                size_t n = line_size(p);
                SshKey key;
                if (ssh_key_from_line(p, n, &key) > 0) {
                        int r = visit(&key, origin, userdata);
                        if (r < 0)
                                return r;
                }
                origin = line_origin(p, n);
                p += n + (p[n] == '\n');
        }
        return 0;
}

typedef struct Count {
        const char* fingerprint;
        unsigned all, same;
} Count;

static int count_key(const SshKey* key, const char* origin, void* userdata) {
        Count* c = userdata;
        c->all++;
        c->same += streq(key->fingerprint, c->fingerprint);
        return 0;
}

int ssh_keys_add(const char* text, const SshKey* key, const char* origin, char** ret, Error* reterr) {
        Count count = { .fingerprint = key->fingerprint };
        if (!streq(origin, "owner") && !streq(origin, "provider"))
                return error_field(reterr, ERROR_BAD_FIELD, "origin", "The origin must be owner or provider.");
        (void) ssh_keys_each(text, count_key, &count);
        if (count.same > 0) {
                *ret = strdup(text);
                return *ret ? 0 : -ENOMEM;
        }
        if (count.all >= SSH_KEYS_MAX)
                return error_set(reterr, ERROR_CONFLICT, "There are %u keys already; remove one first.", count.all);
        size_t n = strlen(text);
        int r = asprintf(
                        ret,
                        "%s%s# %s\n%s %.*s%s%.*s\n",
                        text,
                        n > 0 && text[n - 1] != '\n' ? "\n" : "",
                        origin,
                        key->type,
                        (int) key->blob_size,
                        key->blob,
                        key->comment_size > 0 ? " " : "",
                        (int) key->comment_size,
                        key->comment);
        return r < 0 ? -ENOMEM : 0;
}

int ssh_keys_remove(const char* text, const char* fingerprint, char** ret) {
        char* out = malloc(strlen(text) + 1);
        size_t size = 0, before_remark = 0;
        bool remark = false;
        int removed = 0;
        if (!out)
                return -ENOMEM;
        for (const char* p = text; *p;) {
                size_t n = line_size(p), whole = n + (p[n] == '\n');
                SshKey key;
                if (ssh_key_from_line(p, n, &key) > 0 && streq(key.fingerprint, fingerprint)) {
                        size = remark ? before_remark : size;
                        remark = false;
                        removed++;
                } else {
                        remark = line_origin(p, n) != NULL;
                        before_remark = size;
                        memcpy(out + size, p, whole);
                        size += whole;
                }
                p += whole;
        }
        out[size] = 0;
        *ret = out;
        return removed;
}
