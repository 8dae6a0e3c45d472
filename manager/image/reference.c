#include "image/reference.h"
#include <arpa/inet.h>
#include <stdio.h>

#define HUB "docker.io"
#define HUB_API "registry-1.docker.io"
#define PIN_BYTES (sizeof("/@sha256:") - 1 + IMAGE_HEX_BYTES - 1) /* what image_reference_pin() adds to host and path */

bool image_hex_valid(const char* s) {
        return s && strlen(s) == IMAGE_HEX_BYTES - 1 && strspn(s, "0123456789abcdef") == IMAGE_HEX_BYTES - 1;
}

static bool is_alphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Parts of small letters and digits with single dots, dashes in any number, one or two underscores between; slashes between parts. */
static bool path_valid(const char* s) {
        size_t n = strlen(s);
        if (n == 0 || n > 255 || !is_alphanumeric(s[0]) || !is_alphanumeric(s[n - 1]))
                return false;
        for (size_t i = 1; i < n; i++) {
                if (is_alphanumeric(s[i]))
                        continue;
                if (!strchr("._-/", s[i]))
                        return false;
                bool after_letter = is_alphanumeric(s[i - 1]);
                bool in_row = (s[i] == '-' && s[i - 1] == '-') || (s[i] == '_' && s[i - 1] == '_' && i >= 2 && is_alphanumeric(s[i - 2]));
                if (!after_letter && !in_row)
                        return false;
        }
        return true;
}

static bool tag_valid(const char* s) {
        size_t n = strlen(s);
        if (n == 0 || n > 128 || *s == '.' || *s == '-')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_alphanumeric(s[i]) && !(s[i] >= 'A' && s[i] <= 'Z') && !strchr("._-", s[i]))
                        return false;
        return true;
}

/* s: a dot or dash with something before it. Dots part what begins and ends with a letter or digit; dashes may be many. */
static bool between_letters(const char* s) {
        if (*s == '.')
                return is_alphanumeric(s[-1]) && is_alphanumeric(s[1]);
        return s[-1] != '.' && (is_alphanumeric(s[1]) || s[1] == '-');
}

static bool address6_valid(const char* s, size_t n) {
        char text[INET6_ADDRSTRLEN];
        struct in6_addr address;
        return snprintf(text, sizeof(text), "%.*s", (int) n, s) < (int) sizeof(text) && inet_pton(AF_INET6, text, &address) == 1;
}

/* A name, an IPv4 address or [IPv6], and perhaps a port. */
static bool host_valid(const char* s) {
        const char* end = s;
        if (*s == '[') {
                end = s + 1 + strspn(s + 1, "0123456789abcdef:.");
                if (*end != ']' || !address6_valid(s + 1, (size_t) (end - s - 1)))
                        return false;
                end++;
        } else {
                for (; is_alphanumeric(*end) || *end == '.' || *end == '-'; end++)
                        if (!is_alphanumeric(*end) && (end == s || !between_letters(end)))
                                return false;
                if (end == s || end - s > 253)
                        return false;
        }
        if (*end == 0)
                return true;
        size_t digits = *end == ':' ? strspn(end + 1, "0123456789") : 0;
        return digits > 0 && digits <= 5 && end[1 + digits] == 0 && strtoul(end + 1, NULL, 10) <= 65535;
}

static int bad(const char* text, const char* why, Error* reterr) {
        return error_field(reterr, ERROR_BAD_FIELD, "image", "'%.200s' is not the name of an image: %s.", text, why);
}

static int take_digest(char* text, ImageReference* r) {
        char* at = strchr(text, '@');
        if (!at)
                return 0;
        *at = 0;
        const char* hex = startswith(at + 1, "sha256:");
        if (!image_hex_valid(hex))
                return -EINVAL;
        memcpy(r->hex, hex, IMAGE_HEX_BYTES);
        return 0;
}

static void take_tag(char* text, char** ret_tag) {
        char* slash = strrchr(text, '/');
        char* colon = strchr(slash ?: text, ':');
        *ret_tag = NULL;
        if (!colon)
                return;
        *colon = 0;
        *ret_tag = colon + 1;
}

/* What is before the first slash is a host where it could not be a part of a path. */
static char* take_host(char* text, ImageReference* r) {
        char* slash = strchr(text, '/');
        size_t n = slash ? (size_t) (slash - text) : 0;
        bool is_host = slash && n < sizeof(r->host) && (memchr(text, '.', n) || memchr(text, ':', n) || (n == 9 && startswith(text, "localhost")));
        (void) snprintf(r->host, sizeof(r->host), "%.*s", is_host ? (int) n : (int) strlen(HUB), is_host ? text : HUB);
        return is_host ? slash + 1 : text;
}

int image_reference_parse(const char* text, ImageReference* ret, Error* reterr) {
        ImageReference r = {};
        char copy[IMAGE_REFERENCE_MAX + 1], *tag;
        if (strlen(text) > IMAGE_REFERENCE_MAX)
                return bad(text, "it is too long", reterr);
        (void) snprintf(copy, sizeof(copy), "%s", text);
        if (take_digest(copy, &r) < 0)
                return bad(text, "behind the @ belongs sha256: and 64 hex digits", reterr);
        char* path = take_host(copy, &r);
        take_tag(path, &tag);
        bool short_name = streq(r.host, HUB) && !strchr(path, '/');
        if (!host_valid(r.host))
                return bad(text, "the registry's name is not well formed", reterr);
        if (!path_valid(path) || snprintf(r.path, sizeof(r.path), "%s%s", short_name ? "library/" : "", path) >= (int) sizeof(r.path))
                return bad(text, "it consists of small letters, digits, dots, dashes, underscores and slashes", reterr);
        if (strlen(r.host) + strlen(r.path) + PIN_BYTES > IMAGE_REFERENCE_MAX)
                return bad(text, "it is too long", reterr);
        if (tag && !tag_valid(tag))
                return bad(text, "the tag is not well formed", reterr);
        (void) snprintf(r.tag, sizeof(r.tag), "%s", tag ?: *r.hex ? strempty(tag) : "latest");
        *ret = r;
        return 0;
}

const char* image_reference_api_host(const ImageReference* r) {
        return streq(r->host, HUB) ? HUB_API : r->host;
}

char* image_reference_pin(const ImageReference* r, const char* hex) {
        char* pinned = NULL;
        return asprintf(&pinned, "%s/%s@sha256:%s", r->host, r->path, hex) < 0 ? NULL : pinned;
}
