#include "base/validate.h"
#include <arpa/inet.h>
#include <ctype.h>

static bool is_lower(char c) {
        return c >= 'a' && c <= 'z';
}
static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

bool username_valid(const char* s) {
        if (!s || !is_lower(*s))
                return false;
        size_t n = 0;
        for (; s[n]; n++) {
                if (n >= 32)
                        return false;
                char c = s[n];
                if (!is_lower(c) && !is_digit(c) && c != '-' && c != '_' && c != '.')
                        return false;
                if (c == '.' && (s[n + 1] == '.' || s[n + 1] == 0))
                        return false;
        }
        return true;
}

bool groupname_valid(const char* s) {
        return username_valid(s);
}

static bool labels_valid(const char* s, size_t max, unsigned labels_min) {
        if (!s || !*s || strlen(s) > max)
                return false;
        unsigned labels = 1;
        size_t in_label = 0;
        for (const char* p = s;; p++) {
                if (*p == '.' || *p == 0) {
                        if (in_label == 0 || in_label > 63 || p[-1] == '-')
                                return false;
                        if (*p == 0)
                                break;
                        labels++;
                        in_label = 0;
                        continue;
                }
                if (!is_lower(*p) && !is_digit(*p) && !(*p == '-' && in_label > 0))
                        return false;
                in_label++;
        }
        return labels >= labels_min;
}

bool hostname_valid(const char* s) {
        return labels_valid(s, 64, 1) && !ip_address_valid(s);
}

bool dns_name_valid(const char* s) {
        return labels_valid(s, 253, 2) && !ip_address_valid(s);
}

bool email_valid(const char* s) {
        if (!s || strlen(s) > 254)
                return false;
        const char* at = strchr(s, '@');
        if (!at || at == s || at - s > 64 || s[0] == '.' || at[-1] == '.')
                return false;
        for (const char* p = s; p < at; p++) {
                if (!isalnum((unsigned char) *p) && !strchr(".!#$%&'*+-/=?^_`{|}~", *p))
                        return false;
                if (*p == '.' && p[1] == '.')
                        return false;
        }
        char domain[254 + 1];
        size_t n = 0;
        for (const char* p = at + 1; *p && n < sizeof(domain) - 1; p++)
                domain[n++] = (char) (*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
        domain[n] = 0;
        return dns_name_valid(domain);
}

bool timezone_name_valid(const char* s) {
        if (isempty(s) || strlen(s) > 64 || *s == '/' || strstr(s, "..") || strstr(s, "//") || s[strlen(s) - 1] == '/')
                return false;
        for (const char* p = s; *p; p++)
                if (!isalnum((unsigned char) *p) && !strchr("_+-/", *p))
                        return false;
        return true;
}

bool language_valid(const char* s) {
        if (!s || !is_lower(s[0]) || !is_lower(s[1]))
                return false;
        return s[2] == 0 || (s[2] == '-' && isupper((unsigned char) s[3]) && isupper((unsigned char) s[4]) && s[5] == 0);
}

bool id_valid(const char* s) {
        size_t n = 0;
        for (; s && s[n]; n++)
                if (n >= 32 || (!is_lower(s[n]) && !is_digit(s[n])))
                        return false;
        return n > 0;
}

bool colour_valid(const char* s) {
        if (!s || *s != '#' || strlen(s) != 7)
                return false;
        for (const char* p = s + 1; *p; p++)
                if (!isxdigit((unsigned char) *p))
                        return false;
        return true;
}

bool url_https_valid(const char* s) {
        const char* rest = s ? startswith(s, "https://") : NULL;
        if (isempty(rest) || strlen(s) > 2000)
                return false;
        char host[254];
        size_t n = strcspn(rest, ":/?#");
        if (n == 0 || n >= sizeof(host))
                return false;
        memcpy(host, rest, n);
        host[n] = 0;
        if (!labels_valid(host, 253, 1) && !ip_address_valid(host))
                return false;
        for (const char* p = rest; *p; p++)
                if (*p <= ' ' || *p >= 0x7f || strchr("\"'<>\\^`{|}", *p))
                        return false;
        return true;
}

bool text_valid(const char* s, bool newlines) {
        if (!s)
                return false;
        for (const unsigned char* p = (const unsigned char*) s; *p; p++) {
                if (*p == 0x7f)
                        return false;
                if (*p < 0x20 && !(newlines && (*p == '\n' || *p == '\t' || *p == '\r')))
                        return false;
                if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) /* C1 controls */
                        return false;
        }
        return true;
}

bool utf8_valid(const char* s, size_t size) {
        const unsigned char* p = (const unsigned char*) s;
        const unsigned char* end = p + size;
        while (p < end) {
                unsigned more;
                uint32_t code, least;
                if (*p < 0x80) {
                        p++;
                        continue;
                } else if ((*p & 0xe0) == 0xc0)
                        more = 1, code = *p & 0x1f, least = 0x80;
                else if ((*p & 0xf0) == 0xe0)
                        more = 2, code = *p & 0x0f, least = 0x800;
                else if ((*p & 0xf8) == 0xf0)
                        more = 3, code = *p & 0x07, least = 0x10000;
                else
                        return false;
                if ((size_t) (end - p) <= more)
                        return false;
                for (unsigned i = 1; i <= more; i++) {
                        if ((p[i] & 0xc0) != 0x80)
                                return false;
                        code = code << 6 | (p[i] & 0x3f);
                }
                if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                        return false;
                p += more + 1;
        }
        return true;
}

bool ip_address_valid(const char* s) {
        struct in6_addr six;
        struct in_addr four;
        return s && (inet_pton(AF_INET, s, &four) == 1 || inet_pton(AF_INET6, s, &six) == 1);
}
