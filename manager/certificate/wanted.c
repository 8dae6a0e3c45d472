#include "certificate/wanted.h"
#include "base/validate.h"
#include <stdio.h>

#define LETS_ENCRYPT "https://acme-v02.api.letsencrypt.org/directory"

static bool covers_one(const char* pattern, const char* name) {
        const char* rest = startswith(pattern, "*.");
        const char* dot = strchr(name, '.');
        return streq(pattern, name) || (rest && dot && dot > name && streq(rest, dot + 1));
}

bool names_cover(const json_t* names, const char* name) {
        size_t i;
        json_t* n;
        json_array_foreach(names, i, n)
                if (covers_one(strempty(json_string_value(n)), name))
                        return true;
        return false;
}

bool names_cover_all(const json_t* names, const json_t* wanted) {
        size_t i;
        json_t* n;
        json_array_foreach(wanted, i, n)
                if (!names_cover(names, strempty(json_string_value(n))))
                        return false;
        return true;
}

static bool is_below(const char* name, const char* domain) {
        size_t n = strlen(name), d = strlen(domain);
        return streq(name, domain) || (n > d && name[n - d - 1] == '.' && streq(name + n - d, domain));
}

/* The provider's name for this box is no domain of ours: it is in the box's own certificate, and only what is below it is in that of the apps. One
 * of its own, because the name below may not lead here yet, and the box's certificate must not wait for that. */
static bool is_given(const json_t* domain) {
        return json_get_integer(domain, "id", -1) == 0;
}

/* The longest domain that the name is in. */
static const json_t* domain_of(const json_t* domains, const char* name) {
        const json_t* best = NULL;
        size_t i;
        json_t* d;
        json_array_foreach(domains, i, d) {
                const char* domain = strempty(json_get_string(d, "name"));
                if (is_below(name, domain) && !(is_given(d) && streq(name, domain)) && (!best || strlen(domain) > strlen(json_get_string(best, "name"))))
                        best = d;
        }
        return best;
}

static void name_add(json_t* names, const char* name) {
        if (json_array_size(names) < CERTIFICATE_NAMES_MAX && !json_list_has(names, name))
                (void) json_array_append_new(names, json_string(name));
}

static int by_text(const void* a, const void* b) {
        return strcmp(*(const char* const*) a, *(const char* const*) b);
}

/* Names that were seen to lead here and those asked for besides, in one order for all times: a mere change of order asks no authority. The
 * box's own name comes first, it is what people are told. */
static json_t* names_here(const json_t* domain, const json_t* domains, const json_t* extra) {
        const char* found[4 * CERTIFICATE_NAMES_MAX];
        const json_t* const lists[] = { json_object_get(domain, "names"), extra };
        const char* of = json_get_string(domain, "name");
        char own[300];
        size_t n = 0, i;
        json_t *names = json_array(), *name;
        (void) snprintf(own, sizeof(own), "my.%s", strempty(of));
        for (size_t k = 0; k < ELEMENTS(lists); k++)
                json_array_foreach(lists[k], i, name) {
                        const char* text = json_string_value(name);
                        if (!dns_name_valid(text) || domain_of(domains, text) != domain || n == ELEMENTS(found))
                                continue;
                        if (streq(text, own))
                                name_add(names, own);
                        found[n++] = text;
                }
        if (n > 0)
                qsort(found, n, sizeof(*found), by_text);
        for (i = 0; i < n; i++)
                name_add(names, found[i]);
        return names;
}

/* Deeper names stand beside the wildcard, which covers one label only. */
static json_t* names_by_dns(const json_t* domain, json_t* here) {
        const char* of = json_get_string(domain, "name");
        char wildcard[300];
        json_t *names = json_array(), *name;
        size_t i;
        (void) snprintf(wildcard, sizeof(wildcard), "*.%s", of);
        name_add(names, of);
        name_add(names, wildcard);
        json_array_foreach(here, i, name)
                if (!names_cover(names, json_string_value(name)))
                        name_add(names, json_string_value(name));
        return names;
}

static void domain_add(json_t* wanted, const json_t* domain, const json_t* domains, const json_t* extra) {
        bool writable = json_get_boolean(domain, "writable", false);
        int64_t number = json_get_integer(domain, "id", 0);
        _cleanup_json_ json_t* here = names_here(domain, domains, extra);
        char id[33];
        if (number < 0 || !dns_name_valid(json_get_string(domain, "name")) || (!writable && json_array_size(here) == 0))
                return;
        if (number > 0)
                (void) snprintf(id, sizeof(id), "d%lld", (long long) number);
        else
                (void) snprintf(id, sizeof(id), CERTIFICATE_APPS);
        (void) json_array_append_new(
                wanted, json_pack("{s:s, s:I, s:s, s:o}", "id", id, "domain_id", (json_int_t) number, "method", writable ? "dns-01" : "http-01",
                                  "names", writable ? names_by_dns(domain, here) : json_incref(here)));
}

json_t* certificates_wanted(const json_t* box_names, const json_t* domains, const json_t* extra) {
        json_t *wanted = json_array(), *box = json_array(), *item;
        size_t i;
        json_array_foreach(box_names, i, item) {
                const char* name = json_string_value(item);
                if (dns_name_valid(name) && !domain_of(domains, name)) /* else it is in that domain's certificate */
                        name_add(box, name);
        }
        if (json_array_size(box) > 0)
                (void) json_array_append_new(
                        wanted, json_pack("{s:s, s:i, s:s, s:O}", "id", "box", "domain_id", 0, "method", "http-01", "names", box));
        json_decref(box);
        json_array_foreach(domains, i, item)
                domain_add(wanted, item, domains, extra);
        return wanted;
}

const json_t* wanted_for_name(const json_t* wanted, const char* name) {
        size_t i;
        json_t* w;
        json_array_foreach(wanted, i, w)
                if (names_cover(json_object_get(w, "names"), name))
                        return w;
        return NULL;
}

/* --- authorities --- */

const char* acme_directory(const char* url, bool staging) {
        static const char* const authorities[][2] = {
                { LETS_ENCRYPT, "https://acme-staging-v02.api.letsencrypt.org/directory" },
                { "https://dv.acme-v02.api.pki.goog/directory", "https://dv.acme-v02.test-api.pki.goog/directory" },
        };
        if (!url_https_valid(url))
                url = LETS_ENCRYPT;
        for (size_t i = 0; staging && i < ELEMENTS(authorities); i++)
                if (streq(url, authorities[i][0]))
                        return authorities[i][1];
        return staging ? NULL : url;
}
