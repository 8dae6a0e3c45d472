#include "system/setting.h"
#include "base/file.h"
#include "site/site.h"
#include "store/store-setting.h"
#include "system/inventory.h"
#include "system/system-internal.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#define RETENTION_DAYS 365
#define TAB_MAX (256 * 1024)

#define APP_WINDOW "02:00-05:00" /* as manager/app/auto.c has it */

/* Every key with the UI's word for search; kept says whether it lives in the store. */
static const struct {
        const char* key;
        bool kept;
        const char* title;
} keys[] = {
        { "timezone",       false, "Time zone" },
        { "hostname",       false, "Host name" },
        { "language",       true,  "Language" },
        { "box_name",       true,  "Name of the box" },
        { "controller",     true,  "Privacy notice: who is responsible" },
        { "contact",        true,  "Privacy notice: contact" },
        { "authority",      true,  "Privacy notice: authority" },
        { "retention_days", true,  "How long the log keeps personal detail" },
        { "public_ipv4",    true,  "Public IPv4 address" },
        { "public_ipv6",    true,  "Public IPv6 address" },
        { "outside_checks", true,  "Ask block lists and try port 25" },
        { "acme_url",       true,  "Certificate authority" },
        { "acme_staging",   true,  "Certificate authority's test service" },
        { "app_updates",    true,  "Apps are updated by themselves" },
        { "app_window",     true,  "When apps are updated by themselves" },
};

bool setting_locked(Manager* m, const char* key) {
        const json_t* locked = json_object_get(m->machine, "locked");
        return json_list_has(locked, key) || (streq(key, "acme_url") && json_list_has(locked, "provider.acme_url"));
}

static json_t* locked_keys(Manager* m) {
        json_t* list = json_array();
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if (setting_locked(m, keys[i].key))
                        (void) json_array_append_new(list, json_string(keys[i].key));
        return list;
}

static int add_kept(Manager* m, json_t* settings, const char* key, Error* reterr) {
        _cleanup_free_ char* value = NULL;
        int r = store_setting_get(m->store, key, &value, reterr);
        if (r >= 0)
                (void) json_object_set_new(settings, key, json_string(strempty(value)));
        return r;
}

static int add_flag(Manager* m, json_t* settings, const char* key, const char* otherwise, Error* reterr) {
        _cleanup_free_ char* value = NULL;
        int r = store_setting_get(m->store, key, &value, reterr);
        if (r >= 0)
                (void) json_object_set_new(settings, key, json_boolean(streq(isempty(value) ? otherwise : value, "true")));
        return r;
}

static int add_window(Manager* m, json_t* settings, Error* reterr) {
        _cleanup_free_ char* value = NULL;
        int r = store_setting_get(m->store, "app_window", &value, reterr);
        if (r >= 0)
                (void) json_object_set_new(settings, "app_window", json_string(isempty(value) ? APP_WINDOW : value));
        return r;
}

/* Empty in the store means the preset, and without one the authority that is built in. */
static int add_acme_url(Manager* m, json_t* settings, Error* reterr) {
        _cleanup_free_ char* kept = NULL;
        const char* preset = json_get_string(json_object_get(m->machine, "provider"), "acme_url");
        int r = store_setting_get(m->store, "acme_url", &kept, reterr);
        if (r >= 0)
                (void) json_object_set_new(settings, "acme_url", json_string(!isempty(kept) ? kept : strempty(preset)));
        return r;
}

/* Kept by catalogue_imports_check(), which knows nothing of settings. */
static bool app_imports(Manager* m) {
        const json_t* catalogue = json_object_get(json_object_get(m->machine, "provider"), "catalogue");
        return !streq_ptr(json_get_string(catalogue, "imports"), "deny");
}

static int fill(Manager* m, json_t* settings, Error* reterr) {
        static const char* const texts[] = { "controller", "contact", "authority", "public_ipv4", "public_ipv6" };
        _cleanup_free_ char *zone = timezone_read(), *name = NULL, *days = NULL;
        char hostname[HOST_NAME_MAX + 1] = "";
        (void) gethostname(hostname, sizeof(hostname) - 1);
        int r = site_box_name(m, &name, reterr);
        if (r >= 0)
                r = store_setting_get(m->store, "retention_days", &days, reterr);
        for (size_t i = 0; i < ELEMENTS(texts) && r >= 0; i++)
                r = add_kept(m, settings, texts[i], reterr);
        if (r >= 0)
                r = add_flag(m, settings, "outside_checks", "false", reterr);
        if (r >= 0)
                r = add_flag(m, settings, "acme_staging", "false", reterr);
        if (r >= 0)
                r = add_flag(m, settings, "app_updates", "true", reterr);
        if (r >= 0)
                r = add_window(m, settings, reterr);
        if (r >= 0)
                r = add_acme_url(m, settings, reterr);
        if (r < 0)
                return r;
        (void) json_object_set_new(settings, "timezone", json_string(strempty(zone)));
        (void) json_object_set_new(settings, "hostname", json_string(hostname));
        (void) json_object_set_new(settings, "language", json_string(site_language(m)));
        (void) json_object_set_new(settings, "box_name", json_string(strempty(name)));
        (void) json_object_set_new(settings, "retention_days", json_integer(days ? atoll(days) : RETENTION_DAYS));
        (void) json_object_set_new(settings, "fallback_name",
                                   json_string_or_null(json_get_string(json_object_get(m->machine, "provider"), "fallback_name")));
        (void) json_object_set_new(settings, "app_imports", json_boolean(app_imports(m)));
        (void) json_object_set_new(settings, "locked", locked_keys(m));
        (void) json_object_set_new(settings, "brand", site_brand(m));
        return 0;
}

json_t* setting_show(Manager* m, Error* reterr) {
        json_t* settings = json_object();
        if (fill(m, settings, reterr) < 0) {
                json_decref(settings);
                return NULL;
        }
        return settings;
}

static int write_one(Manager* m, const char* key, const json_t* value, json_t* changed, Error* reterr) {
        _cleanup_free_ char* before = NULL;
        char number[32];
        const char* text = json_is_boolean(value) ? (json_is_true(value) ? "true" : "false") : json_string_value(value);
        if (!text) {
                (void) snprintf(number, sizeof(number), "%lld", (long long) json_integer_value(value));
                text = number;
        }
        int r = store_setting_get(m->store, key, &before, reterr);
        if (r < 0 || streq_ptr(before, text))
                return r < 0 ? r : 0;
        r = store_setting_set(m->store, key, text, reterr);
        if (r < 0)
                return r;
        (void) json_array_append_new(changed, json_string(key));
        return 1;
}

/* Documentation's networks (RFC 5737, RFC 3849) pass: laboratories use them, and they harm nobody. */
static bool address4_is_global(const void* bytes) {
        uint32_t a;
        memcpy(&a, bytes, sizeof(a));
        a = ntohl(a);
        uint32_t first = a >> 24;
        return first != 0 && first != 10 && first != 127 && first < 224 && a >> 20 != 0xac1 && a >> 16 != 0xc0a8 && a >> 16 != 0xa9fe &&
               a >> 22 != 0x64400000 >> 22; /* RFC 1918, RFC 3927, RFC 6598 */
}

static bool address6_is_global(const void* bytes) {
        const uint8_t* b = bytes;
        return (b[0] & 0xe0) == 0x20; /* 2000::/3 is all that was given out (RFC 4291 2.4) */
}

/* An address the world could use: no name, nothing special (RFC 6890), nothing of the local network. */
static int check_address(const char* key, const char* text, int family, Error* reterr) {
        struct in6_addr bytes;
        if (isempty(text))
                return 0;
        if (inet_pton(family, text, &bytes) != 1) {
                (void) error_field(reterr, ERROR_BAD_FIELD, key, "The field %s must be an IPv%d address.", key, family == AF_INET ? 4 : 6);
                return error_hint(reterr, "Give one such as %s, or leave it empty for the machine's own.", family == AF_INET ? "198.51.100.7" : "2001:db8::7");
        }
        if (family == AF_INET ? address4_is_global(&bytes) : address6_is_global(&bytes))
                return 0;
        (void) error_field(reterr, ERROR_BAD_FIELD, key, "Nobody outside can reach %s: it is not an address of the internet.", text);
        return error_hint(reterr, "Your provider's console shows the public address.");
}

/* From and to as HH:MM-HH:MM, in the box's time; over midnight where from is later. The reader is window_parse() of the apps. */
static int check_window(const char* text, Error* reterr) {
        static const char form[] = "00:00-00:00";
        bool good = isempty(text) || strlen(text) == strlen(form);
        for (size_t i = 0; good && text && text[i]; i++)
                good = form[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
        for (size_t i = 0; good && !isempty(text) && i < 12; i += 6)
                good = (text[i] - '0') * 10 + text[i + 1] - '0' < 24 && text[i + 3] < '6';
        if (good)
                return 0;
        (void) error_field(reterr, ERROR_BAD_FIELD, "app_window", "The field app_window must be two times of day.");
        return error_hint(reterr, "Such as " APP_WINDOW ".");
}

static int check_values(const json_t* fields, Error* reterr) {
        int r = check_address("public_ipv4", json_get_string(fields, "public_ipv4"), AF_INET, reterr);
        if (r >= 0)
                r = check_address("public_ipv6", json_get_string(fields, "public_ipv6"), AF_INET6, reterr);
        return r < 0 ? r : check_window(json_get_string(fields, "app_window"), reterr);
}

int setting_write(Manager* m, const json_t* fields, json_t* changed, Error* reterr) {
        int n = check_values(fields, reterr);
        if (n < 0)
                return n;
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                const json_t* value = json_object_get(fields, keys[i].key);
                if (!keys[i].kept || !value)
                        continue;
                int r = write_one(m, keys[i].key, value, changed, reterr);
                if (r < 0)
                        return r;
                n += r;
        }
        return n;
}

/* --- time zones --- */

static int by_name(const void* a, const void* b) {
        return strcmp(*(char* const*) a, *(char* const*) b);
}

/* The third column of a tab file (its own comments say so). Names point into text. */
static size_t zones_of(char* text, const char** names, size_t n, size_t max) {
        for (char *rest = text, *line; rest && (line = strsep(&rest, "\n"));) {
                char* column = *line == '#' ? NULL : strchr(line, '\t');
                column = column ? strchr(column + 1, '\t') : NULL;
                if (!column || n == max)
                        continue;
                column++;
                column[strcspn(column, "\t")] = 0;
                names[n++] = column;
        }
        return n;
}

json_t* timezone_list(const char* directory, const char* q) {
        static const char* const files[] = { "zone1970.tab", "zone.tab" };
        const char* names[2048] = { "UTC" };
        char* texts[ELEMENTS(files)] = {};
        size_t n = 1;
        for (size_t i = 0; i < ELEMENTS(files); i++) {
                char path[PATH_MAX];
                (void) snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
                if (file_read(AT_FDCWD, path, TAB_MAX, &texts[i], NULL) >= 0)
                        n = zones_of(texts[i], names, n, ELEMENTS(names));
        }
        qsort(names, n, sizeof(char*), by_name);
        json_t* list = json_array();
        for (size_t i = 0; i < n; i++)
                if ((i == 0 || !streq(names[i], names[i - 1])) && (isempty(q) || strcasestr(names[i], q)))
                        (void) json_array_append_new(list, json_pack("{s:s}", "name", names[i]));
        for (size_t i = 0; i < ELEMENTS(files); i++)
                free(texts[i]);
        return list;
}

bool timezone_known(const char* directory, const char* name) {
        _cleanup_json_ json_t* list = timezone_list(directory, name);
        size_t i;
        json_t* zone;
        json_array_foreach(list, i, zone)
                if (streq(json_get_string(zone, "name"), name))
                        return true;
        return false;
}

/* --- search --- */

int setting_search(Manager* m, int role, const char* q, json_t* ret_hits, Error* reterr) {
        if (!role_includes((Role) role, ROLE_ADMIN))
                return 0;
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if (strcasestr(keys[i].title, q) || strcasestr(keys[i].key, q))
                        (void) json_array_append_new(ret_hits, json_pack(
                                "{s:s, s:s, s:s, s:s}", "kind", "setting", "title", keys[i].title, "detail", "System, settings",
                                "page", "/system/settings"));
        return 0;
}
