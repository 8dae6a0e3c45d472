#include "worker/upload.h"
#include "base/validate.h"
#include <ctype.h>
#include <stdio.h>
#include <time.h>

#define BEGIN "-----BEGIN "
#define CERTIFICATE "CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
#define RSA_BITS_MIN 2048
#define NAMES_MAX 100

int upload_split(const char* text, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* list = json_array();
        for (const char* p = text; (p = strstr(p, BEGIN));) {
                const char* end = strstr(p, END);
                if (!startswith(p + strlen(BEGIN), CERTIFICATE))
                        return error_field(reterr, ERROR_BAD_FIELD, "chain", "The chain holds something else than certificates%s.",
                                           strstr(p, "PRIVATE KEY") ? ", such as a private key" : "");
                if (!end)
                        return error_field(reterr, ERROR_BAD_FIELD, "chain", "The chain ends in the middle of a certificate.");
                if (json_array_size(list) == UPLOAD_CERTIFICATES_MAX)
                        return error_field(reterr, ERROR_BAD_FIELD, "chain", "The chain has more than %d certificates.", UPLOAD_CERTIFICATES_MAX);
                end += strlen(END);
                json_t* one = json_sprintf("%.*s\n", (int) (end - p), p);
                if (!one)
                        return error_field(reterr, ERROR_BAD_FIELD, "chain", "The chain is not text.");
                (void) json_array_append_new(list, one);
                p = end;
        }
        if (json_array_size(list) == 0)
                return error_field(reterr, ERROR_BAD_FIELD, "chain", "There is no certificate in the chain; it must be in PEM form.");
        *ret = TAKE_PTR(list);
        return 0;
}

void upload_words_done(UploadWords* w) {
        free(w->subject);
        free(w->issuer);
        json_decref(w->names);
        *w = (UploadWords) {};
}

/* The rest of the line that begins with key (blanks before it do not count); owned. */
static char* value_of(const char* text, const char* key) {
        for (const char* p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
                const char* line = p + strspn(p, " ");
                if (strncmp(line, key, strlen(key)) == 0)
                        return strndup(line + strlen(key), strcspn(line + strlen(key), "\n"));
        }
        return NULL;
}

static int64_t moment_of(const char* text, const char* key) {
        _cleanup_free_ char* value = value_of(text, key);
        struct tm tm = {};
        const char* end = value ? strptime(value, "%Y-%m-%d %H:%M:%SZ", &tm) : NULL;
        return end && !*end ? timegm(&tm) : 0;
}

static void name_take(json_t* names, char* item) {
        char* name = item + strspn(item, " ");
        for (char* p = name; *p; p++)
                *p = (char) tolower((unsigned char) *p);
        name = (char*) startswith(name, "dns:");
        if (name && dns_name_valid(startswith(name, "*.") ?: name) && json_array_size(names) < NAMES_MAX)
                (void) json_array_append_new(names, json_string(name));
}

static json_t* names_of(const char* text) {
        json_t* names = json_array();
        const char* p = strstr(text, "Subject Alternative Name:");
        p = p ? strchr(p, '\n') : NULL;
        _cleanup_free_ char* line = p ? strndup(p + 1, strcspn(p + 1, "\n")) : NULL;
        for (char *rest = line, *item; rest && (item = strsep(&rest, ","));)
                name_take(names, item);
        return names;
}

static bool weak_signature(const char* text) {
        _cleanup_free_ char* algorithm = value_of(text, "Signature Algorithm: ");
        static const char* const weak[] = { "md2", "md4", "md5", "sha1", "dsa-with-SHA1" };
        for (size_t i = 0; algorithm && i < ELEMENTS(weak); i++)
                if (strcasestr(algorithm, weak[i]))
                        return true;
        return false;
}

int upload_words_parse(const char* text, UploadWords* ret) {
        UploadWords w = {
                .subject = value_of(text, "subject="), .issuer = value_of(text, "issuer="), .names = names_of(text),
                .not_before = moment_of(text, "notBefore="), .not_after = moment_of(text, "notAfter="),
                .is_authority = strstr(text, "CA:TRUE") != NULL, .weak_signature = weak_signature(text),
        };
        if (!w.subject || !w.issuer || !w.names || w.not_after == 0) {
                upload_words_done(&w);
                return -EBADMSG;
        }
        *ret = w;
        return 0;
}

size_t upload_order(const UploadWords* words, size_t n, size_t leaf, size_t* order) {
        bool used[UPLOAD_CERTIFICATES_MAX] = {};
        size_t count = 0;
        for (size_t at = leaf; at < n && n <= UPLOAD_CERTIFICATES_MAX;) {
                size_t next = n;
                used[at] = true;
                order[count++] = at;
                for (size_t i = 0; i < n; i++)
                        if (!used[i] && streq(words[i].subject, words[at].issuer) && !streq(words[i].subject, words[i].issuer))
                                next = i;
                at = next;
        }
        return count;
}

const char* upload_key_weakness(const char* text) {
        static const char* const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
        const char* bits = strstr(text, "Public-Key: (");
        if (strstr(text, "Modulus:"))
                return bits && atoi(bits + strlen("Public-Key: (")) >= RSA_BITS_MIN ? NULL : "It is an RSA key of less than 2048 bits, which browsers refuse.";
        for (size_t i = 0; i < ELEMENTS(curves); i++)
                if (strstr(text, curves[i]))
                        return NULL;
        return "Browsers know RSA keys and those of the curves P-256, P-384 and P-521; this is another kind.";
}
