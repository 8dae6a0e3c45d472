#include "package/icon.h"
#include "base/secret.h"
#include "base/validate.h"
#include "package/manifest.h"
#include <ctype.h>
#include <sodium.h>
#include <strings.h>
#include <stdio.h>

#define SVG "data:image/svg+xml;base64,"
#define PNG "data:image/png;base64,"
static const uint8_t png_magic[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

/* Everything with which an SVG could run something, load something or show a page. A list of what is refused is enough, because browsers run
 * nothing in a picture shown as <img>: this is the second lock. */
static int svg_check(const char* text, size_t size, Error* reterr) {
        static const char* const refused[] = { "<script", "<foreignobject", "<iframe", "<!doctype", "<!entity", "<?xml-stylesheet", "javascript:",
                "@import", "<animate", "<set", "<handler", "<embed", "<object", "<use" };
        if (strlen(text) != size || !utf8_valid(text, size) || !strcasestr(text, "<svg"))
                return error_field(reterr, ERROR_BAD_FIELD, "icon", "The icon is not an SVG in UTF-8.");
        for (size_t i = 0; i < ELEMENTS(refused); i++)
                if (strcasestr(text, refused[i]))
                        return error_field(reterr, ERROR_BAD_FIELD, "icon", "The icon has \"%s\" in it; an icon may only draw.", refused[i]);
        for (const char* p = text; *p; p++) {
                const char* value;
                if (isspace((unsigned char) *p) && strncasecmp(p + 1, "on", 2) == 0) {
                        size_t n = 3 + strspn(p + 3, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
                        if (p[n + strspn(p + n, " \t\r\n")] == '=')
                                return error_field(reterr, ERROR_BAD_FIELD, "icon", "The icon has an event handler in it; an icon may only draw.");
                }
                if (strncasecmp(p, "href", 4) == 0) {
                        value = p + 4 + strspn(p + 4, " \t\r\n=\"'");
                        if (*value != '#')
                                return error_field(reterr, ERROR_BAD_FIELD, "icon", "The icon refers to something outside itself.");
                }
                if (strncasecmp(p, "url(", 4) == 0 && p[4 + strspn(p + 4, " \t\r\n\"'")] != '#')
                        return error_field(reterr, ERROR_BAD_FIELD, "icon", "The icon refers to something outside itself.");
        }
        return 0;
}

static int bytes_check(const void* bytes, size_t size, bool svg, Error* reterr) {
        if (svg)
                return svg_check(bytes, size, reterr);
        if (size < sizeof(png_magic) || memcmp(bytes, png_magic, sizeof(png_magic)) != 0)
                return error_field(reterr, ERROR_BAD_FIELD, "icon", "The icon is not a PNG.");
        return 0;
}

int icon_check(const char* url, Error* reterr) {
        const char* svg = startswith(url, SVG);
        const char* text = svg ?: startswith(url, PNG);
        uint8_t* bytes = NULL;
        size_t size = 0;
        if (!text || strlen(url) > MANIFEST_ICON_BYTES_MAX || text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")])
                return error_field(reterr, ERROR_BAD_FIELD, "icon", "The icon must be a data: URL of an SVG or PNG in base64, at most %u bytes.",
                        MANIFEST_ICON_BYTES_MAX);
        if (base64_decode(text, &bytes, &size) < 0)
                return error_field(reterr, ERROR_BAD_FIELD, "icon", "The icon's base64 is damaged.");
        _cleanup_free_ char* copy = malloc(size + 1); /* with an end, for the search in it */
        if (copy) {
                memcpy(copy, bytes, size);
                copy[size] = 0;
        }
        free(bytes);
        return copy ? bytes_check(copy, size, svg != NULL, reterr) : -ENOMEM;
}

int icon_from_bytes(const void* bytes, size_t size, char** ret, Error* reterr) {
        bool png = size >= sizeof(png_magic) && memcmp(bytes, png_magic, sizeof(png_magic)) == 0;
        const char* prefix = png ? PNG : SVG;
        size_t encoded = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
        if (size > MANIFEST_ICON_BYTES_MAX)
                return error_field(reterr, ERROR_BAD_FIELD, "icon", "The icon has more than %u bytes; draw it simpler.", MANIFEST_ICON_BYTES_MAX / 4 * 3 - 64);
        _cleanup_free_ char* url = malloc(strlen(prefix) + encoded);
        if (!url)
                return -ENOMEM;
        (void) strcpy(url, prefix);
        (void) sodium_bin2base64(url + strlen(prefix), encoded, bytes, size, sodium_base64_VARIANT_ORIGINAL);
        int r = icon_check(url, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(url);
        return r;
}
