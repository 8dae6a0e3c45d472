/* The small questions: versions, languages, image names, placeholders. */
#include "package/manifest-internal.h"
#include "base/secret.h"
#include <ctype.h>
#include <stdio.h>

/* --- versions --- */

bool manifest_version_valid(const char* s) {
        if (!s || !isdigit((unsigned char) *s))
                return false;
        size_t n = 0;
        for (; s[n]; n++)
                if (n >= MANIFEST_VERSION_BYTES - 1 || (!isalnum((unsigned char) s[n]) && !strchr(".+~-", s[n])))
                        return false;
        return true;
}

/* deb-version(7): a tilde sorts before everything, even the end; letters before other characters. */
static int order(char c) {
        if (c == '~')
                return -1;
        if (c == 0 || isdigit((unsigned char) c))
                return 0;
        return isalpha((unsigned char) c) ? c : c + 256;
}

static int compare_part(const char* a, size_t a_size, const char* b, size_t b_size) {
        size_t i = 0, j = 0;
#define AT(s, k, n) ((k) < (n) ? (s)[k] : 0)
        while (i < a_size || j < b_size) {
                while ((i < a_size && !isdigit((unsigned char) a[i])) || (j < b_size && !isdigit((unsigned char) b[j]))) {
                        int x = order(AT(a, i, a_size)), y = order(AT(b, j, b_size));
                        if (x != y)
                                return x < y ? -1 : 1;
                        i += i < a_size;
                        j += j < b_size;
                }
                while (i < a_size && a[i] == '0')
                        i++;
                while (j < b_size && b[j] == '0')
                        j++;
                int first = 0;
                for (; i < a_size && isdigit((unsigned char) a[i]) && j < b_size && isdigit((unsigned char) b[j]); i++, j++)
                        if (!first)
                                first = a[i] - b[j];
                if (i < a_size && isdigit((unsigned char) a[i]))
                        return 1;
                if (j < b_size && isdigit((unsigned char) b[j]))
                        return -1;
                if (first)
                        return first < 0 ? -1 : 1;
        }
#undef AT
        return 0;
}

int manifest_version_compare(const char* a, const char* b) {
        const char *a_dash = strrchr(a, '-'), *b_dash = strrchr(b, '-');
        size_t a_size = a_dash ? (size_t) (a_dash - a) : strlen(a), b_size = b_dash ? (size_t) (b_dash - b) : strlen(b);
        int r = compare_part(a, a_size, b, b_size);
        if (r != 0)
                return r;
        const char *a_rest = a_dash ? a_dash + 1 : "", *b_rest = b_dash ? b_dash + 1 : "";
        return compare_part(a_rest, strlen(a_rest), b_rest, strlen(b_rest));
}

int manifest_may_follow(const json_t* manifest, const char* from, Error* reterr) {
        const char* version = strempty(json_get_string(manifest, "version"));
        const char* oldest = json_get_string(manifest, "upgradable_from");
        if (manifest_version_compare(version, from) <= 0)
                return error_set(reterr, ERROR_WRONG_STATE, "Version %s is not newer than %s, which is in place.", version, from);
        if (oldest && manifest_version_compare(from, oldest) < 0) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "Version %s cannot take over the data of %s, only of %s and newer.", version, from,
                        oldest);
                return error_hint(reterr, "Update to a version in between first, one that the catalogue still has.");
        }
        return 0;
}

bool manifest_may_return(const json_t* newer, const json_t* older) {
        const char* oldest = json_get_string(newer, "upgradable_from");
        const char* version = json_get_string(older, "version");
        return json_get_boolean(newer, "downgrade_data_safe", false) && version
                && (!oldest || manifest_version_compare(version, oldest) >= 0);
}

/* --- languages --- */

const char* text_of_languages(const json_t* texts, const char* language) {
        char plain[3] = {};
        const char* s = language ? json_get_string(texts, language) : NULL;
        if (!s && language && strlen(language) > 2) {
                memcpy(plain, language, 2);
                s = json_get_string(texts, plain);
        }
        return s ?: strempty(json_get_string(texts, "en"));
}

const char* manifest_text(const json_t* manifest, const char* key, const char* language) {
        return text_of_languages(json_object_get(manifest, key), language);
}

/* --- image names (the grammar of the distribution project's reference package, and its rule for short names) --- */

static bool repository_valid(const char* s, size_t n) {
        bool separator = true; /* none at the ends, none of two kinds together */
        for (size_t i = 0; i < n; i++) {
                if ((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9')) {
                        separator = false;
                        continue;
                }
                if (!strchr("/._-", s[i]) || (separator && (i == 0 || !(s[i] == s[i - 1] && (s[i] == '_' || s[i] == '-')))))
                        return false;
                separator = true;
        }
        return n > 0 && n <= 255 && !separator;
}

static bool host_valid(const char* s, size_t n) {
        size_t colon = 0;
        while (colon < n && s[colon] != ':')
                colon++;
        if (colon == 0 || colon > 253 || s[0] == '.' || s[0] == '-' || s[colon - 1] == '.' || s[colon - 1] == '-')
                return false;
        for (size_t i = 0; i < colon; i++)
                if ((!isalnum((unsigned char) s[i]) || isupper((unsigned char) s[i])) && s[i] != '-' && !(s[i] == '.' && s[i + 1] != '.'))
                        return false;
        if (colon == n)
                return true;
        if (n - colon < 2 || n - colon > 6)
                return false;
        for (size_t i = colon + 1; i < n; i++)
                if (!isdigit((unsigned char) s[i]))
                        return false;
        unsigned long port = strtoul(s + colon + 1, NULL, 10);
        return port > 0 && port < 65536;
}

static bool tag_valid(const char* s, size_t n) {
        if (n == 0 || n > 128 || *s == '.' || *s == '-')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char) s[i]) && !strchr("_.-", s[i]))
                        return false;
        return true;
}

static bool digest_valid(const char* s) {
        const char* hex = startswith(s, "sha256:");
        return hex && strlen(hex) == 64 && hex[strspn(hex, "0123456789abcdef")] == 0;
}

bool image_reference_pinned(const char* reference) {
        const char* at = reference ? strchr(reference, '@') : NULL;
        return at && digest_valid(at + 1);
}

int image_reference_normalise(const char* text, char** ret) {
        if (isempty(text) || strlen(text) > 512)
                return -EINVAL;
        size_t whole = strcspn(text, "@");
        const char* digest = text[whole] ? text + whole + 1 : NULL;
        if (digest && !digest_valid(digest))
                return -EINVAL;
        /* The first part is a host when it looks like one: a dot, a port, or localhost. */
        size_t first = strcspn(text, "/@");
        bool host = first < whole && (memchr(text, '.', first) || memchr(text, ':', first) || (first == 9 && startswith(text, "localhost")));
        const char* name = host ? text + first + 1 : text;
        size_t name_size = whole - (size_t) (name - text);
        const char* colon = memchr(name, ':', name_size);
        const char* tag = colon ? colon + 1 : NULL;
        size_t tag_size = colon ? name_size - (size_t) (tag - name) : 0;
        if (colon)
                name_size = (size_t) (colon - name);
        if ((host && !host_valid(text, first)) || !repository_valid(name, name_size) || (tag && !tag_valid(tag, tag_size)))
                return -EINVAL;
        const char* short_prefix = host ? "" : memchr(name, '/', name_size) ? "docker.io/" : "docker.io/library/";
        int r = asprintf(ret, "%s%.*s%.*s%s%.*s%s%s", short_prefix, host ? (int) first + 1 : 0, text, (int) name_size, name,
                tag || !digest ? ":" : "", tag ? (int) tag_size : digest ? 0 : 6, tag ?: "latest", digest ? "@" : "", digest ?: "");
        return r < 0 ? -ENOMEM : 0;
}

/* --- placeholders --- */

int manifest_fill(const char* text, ManifestLookup lookup, void* userdata, char** ret, Error* reterr) {
        char* filled = NULL;
        size_t size = 0;
        int r = 0;
        if (!strstr(text, "{{")) { /* as nearly all texts are */
                *ret = strdup(text);
                return *ret ? 0 : -ENOMEM;
        }
        FILE* f = open_memstream(&filled, &size);
        if (!f)
                return -ENOMEM;
        for (const char* p = text; *p && r >= 0;) {
                const char* open = strstr(p, "{{");
                size_t plain = open ? (size_t) (open - p) : strlen(p);
                (void) fwrite(p, 1, plain, f);
                p += plain;
                if (!open)
                        break;
                const char* close = strstr(p + 2, "}}");
                size_t n = close ? (size_t) (close - p - 2) : 0;
                char name[80] = {};
                if (n > 0 && n < sizeof(name))
                        memcpy(name, p + 2, n);
                const char* value = streq(name, "open") ? "{{" : *name ? lookup(name, userdata) : NULL;
                if (!close || !*name)
                        r = error_set(reterr, ERROR_BAD_FIELD, "\"{{\" begins a placeholder that has no end; write {{open}} for two braces.");
                else if (!value)
                        r = error_set(reterr, ERROR_BAD_FIELD, "There is no value for {{%.40s}}.", name);
                else {
                        (void) fputs(value, f);
                        p = close + 2;
                }
        }
        if (fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0)
                erase_and_free(filled); /* secrets may be in it */
        else
                *ret = filled;
        return r;
}

char* manifest_escape(const char* text) {
        char* escaped = NULL;
        size_t size = 0;
        if (!strstr(text, "{{"))
                return strdup(text);
        FILE* f = open_memstream(&escaped, &size);
        if (!f)
                return NULL;
        for (const char* p = text; *p; p++)
                if (p[0] == '{' && p[1] == '{') {
                        (void) fputs("{{open}}", f);
                        p++;
                } else
                        (void) fputc(*p, f);
        if (fclose(f) == 0)
                return escaped;
        free(escaped);
        return NULL;
}
