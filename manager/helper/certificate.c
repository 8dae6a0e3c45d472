#include "helper/certificate.h"
#include "base/validate.h"
#include "helper/check.h"
#include "helper/text.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <time.h>

void certificate_done(Certificate* c) {
        for (size_t i = 0; i < c->names_n; i++)
                free(c->names[i]);
        free(c->issuer);
        *c = (Certificate) {};
}

/* The rest of the first line that begins with key, and its length. */
static const char* line_value(const char* words, const char* key, size_t* ret_size) {
        size_t key_size = strlen(key);
        for (const char* p = words; *p; p += strcspn(p, "\n"), p += *p == '\n') {
                if (strncmp(p, key, key_size) != 0)
                        continue;
                p += key_size;
                *ret_size = strcspn(p, "\n");
                return p;
        }
        return NULL;
}

static bool parse_time(const char* words, const char* key, uint64_t* ret) {
        size_t size;
        const char* p = line_value(words, key, &size);
        struct tm tm = {};
        char copy[32];
        if (!p || size >= sizeof(copy))
                return false;
        memcpy(copy, p, size);
        copy[size] = 0;
        const char* end = strptime(copy, "%Y-%m-%d %H:%M:%SZ", &tm);
        time_t t = end && !*end ? timegm(&tm) : -1;
        if (t < 0)
                return false;
        *ret = (uint64_t) t;
        return true;
}

static bool parse_fingerprint(const char* words, char ret[static 65]) {
        size_t size, n = 0;
        const char* p = line_value(words, "sha256 Fingerprint=", &size);
        if (!p)
                p = line_value(words, "SHA256 Fingerprint=", &size);
        if (!p || size != 95)
                return false;
        for (size_t i = 0; i < size; i++) {
                if (i % 3 == 2) {
                        if (p[i] != ':')
                                return false;
                        continue;
                }
                if (!isxdigit((unsigned char) p[i]))
                        return false;
                ret[n++] = (char) tolower((unsigned char) p[i]);
        }
        ret[n] = 0;
        return n == 64;
}

static bool wildcard_valid(const char* s) {
        const char* rest = startswith(s, "*.");
        return rest && dns_name_valid(rest);
}

/* Names that are not of the shape browsers accept are left out: they can satisfy nobody, and must not travel further. */
static char* name_take(const char* item, size_t size) {
        char copy[256];
        const char* value = NULL;
        if (size >= sizeof(copy))
                return NULL;
        for (size_t i = 0; i < size; i++)
                copy[i] = (char) tolower((unsigned char) item[i]);
        copy[size] = 0;
        if ((value = startswith(copy, "dns:")))
                return dns_name_valid(value) || hostname_valid(value) || wildcard_valid(value) ? strdup(value) : NULL;
        if ((value = startswith(copy, "ip address:"))) {
                uint8_t bytes[16];
                char text[INET6_ADDRSTRLEN];
                int family = strchr(value, ':') ? AF_INET6 : AF_INET;
                if (inet_pton(family, value, bytes) == 1 && inet_ntop(family, bytes, text, sizeof(text)))
                        return strdup(text);
        }
        return NULL;
}

static void parse_names(const char* words, Certificate* c) {
        size_t size;
        const char* p = strstr(words, "Subject Alternative Name:");
        p = p ? strchr(p, '\n') : NULL;
        if (!p)
                return;
        p += 1 + strspn(p + 1, " ");
        size = strcspn(p, "\n");
        for (const char *end = p + size, *item = p; item < end && c->names_n < CERTIFICATE_NAMES_MAX;) {
                size_t n = strcspn(item, ",\n");
                char* name = name_take(item, n);
                if (name)
                        c->names[c->names_n++] = name;
                item += n;
                if (*item != ',')
                        break;
                item += 1 + strspn(item + 1, " ");
        }
}

static char* printable(const char* s, size_t size) {
        char* copy = strndup(s, MIN(size, (size_t) 255));
        for (char* p = copy; p && *p; p++)
                if (*p < ' ' || *p >= 0x7f)
                        *p = '?';
        return copy;
}

int certificate_parse(const char* words, Certificate* ret, Error* reterr) {
        _cleanup_(certificate_done) Certificate c = {};
        size_t subject_size, issuer_size;
        const char* subject = line_value(words, "subject=", &subject_size);
        const char* issuer = line_value(words, "issuer=", &issuer_size);
        if (!subject || !issuer || !parse_time(words, "notBefore=", &c.not_before) ||
            !parse_time(words, "notAfter=", &c.not_after) || !parse_fingerprint(words, c.fingerprint))
                return error_set(reterr, ERROR_HELPER_FAILED, "The certificate cannot be understood.");
        c.self_signed = subject_size == issuer_size && memcmp(subject, issuer, subject_size) == 0;
        c.issuer = printable(issuer, issuer_size);
        if (!c.issuer)
                return -ENOMEM;
        parse_names(words, &c);
        *ret = c;
        c = (Certificate) {};
        return 0;
}

static bool same_address(const char* a, const char* b) {
        uint8_t left[16], right[16];
        for (size_t i = 0; i < 2; i++) {
                int family = i == 0 ? AF_INET : AF_INET6;
                if (inet_pton(family, a, left) == 1 && inet_pton(family, b, right) == 1)
                        return memcmp(left, right, i == 0 ? 4 : 16) == 0;
        }
        return false;
}

bool certificate_name_valid(const char* name) {
        return dns_name_valid(name) || wildcard_valid(name);
}

bool certificate_covers(const Certificate* c, const char* name) {
        for (size_t i = 0; i < c->names_n; i++) {
                const char* rest = startswith(c->names[i], "*.");
                const char* dot = strchr(name, '.');
                if (streq(c->names[i], name) || same_address(c->names[i], name))
                        return true;
                if (rest && dot && dot > name && streq(rest, dot + 1))
                        return true;
        }
        return false;
}

static bool covers_all(const Certificate* c, const char* const* names) {
        for (; *names; names++)
                if (!certificate_covers(c, *names))
                        return false;
        return true;
}

int certificate_may_replace(const Certificate* present, const Certificate* fresh, const char* const* names, uint64_t now, Error* reterr) {
        if (!names[0])
                return error_field(reterr, ERROR_BAD_FIELD, "names", "At least one name is needed.");
        if (!covers_all(fresh, names))
                return error_set(reterr, ERROR_HELPER_FAILED, "The new certificate does not cover every name that was asked for.");
        /* authorities date back an hour against clocks that are slow; ours may be slow by as much */
        if (now + 3600 < fresh->not_before || now >= fresh->not_after)
                return error_set(reterr, ERROR_HELPER_FAILED, "The new certificate is not valid now; is the clock right?");
        if (!present || present->self_signed || now >= present->not_after)
                return 0;
        if (present->trusted && !fresh->trusted) /* also where the new one has more names: the old ones are in use */
                return error_set(reterr, ERROR_CONFLICT, "The present certificate is better: browsers trust it, and not the new one.");
        if (!covers_all(present, names))
                return 0;
        if (fresh->self_signed)
                return error_set(reterr, ERROR_CONFLICT, "The present certificate is better: the new one is self-signed.");
        if (present->trusted == fresh->trusted && fresh->not_after < present->not_after)
                return error_set(reterr, ERROR_CONFLICT, "The present certificate is better: it is valid for longer.");
        return 0;
}

/* The subject is constant: browsers look at the alternative names only. CA:FALSE, so that trusting this certificate by hand does not
 * mean trusting whatever this box might sign. */
int certificate_request_text(const char* name, char** ret, Error* reterr) {
        static const char template[] =
                        "[req]\n"
                        "prompt = no\n"
                        "distinguished_name = subject\n"
                        "x509_extensions = extensions\n"
                        "[subject]\n"
                        "CN = Steadbox\n"
                        "[extensions]\n"
                        "basicConstraints = critical,CA:FALSE\n"
                        "keyUsage = critical,digitalSignature\n"
                        "extendedKeyUsage = serverAuth\n"
                        "subjectKeyIdentifier = hash\n"
                        "subjectAltName = %KIND%:%NAME%\n";
        _cleanup_(text_done) Text t = {};
        int r = check_name_or_address("name", name, reterr);
        if (r < 0)
                return r;
        text_add_template(&t, template, (const char*[]) { "KIND", ip_address_valid(name) ? "IP" : "DNS", "NAME", name, NULL });
        return text_take(&t, ret, reterr);
}
