/* What may be a redirect or an alias, and which headers a name may have. */
#include "domain/names.h"
#include "base/time.h"
#include "certificate/certificate.h"
#include "daemon/nouns.h"
#include "domain/domain-internal.h"
#include "store/store-name.h"
#include <stdio.h>

#define REDIRECTS_MAX 8 /* followed to find a circle; browsers give up at 20 */

static const char* const header_words[] = { "no-index", "hsts-subdomains", "hsts-preload", "no-referrer", "same-origin-resources" };

static const ServedName* find(const ServedNames* list, const char* name) {
        for (size_t i = 0; i < list->count; i++)
                if (streq(list->items[i].name, name))
                        return &list->items[i];
        return NULL;
}

/* --- answers --- */

static const char* certificate_of(Manager* m, const char* name) {
        for (size_t i = 0; noun_table[i]; i++) {
                const char* id = noun_table[i]->certificate_for_name ? noun_table[i]->certificate_for_name(m, name) : NULL;
                if (id)
                        return id;
        }
        return BOX_CERTIFICATE;
}

static json_t* words_array(const char* joined) {
        json_t* words = json_array();
        for (const char* p = joined; *p;) {
                size_t n = strcspn(p, " ");
                (void) json_array_append_new(words, json_stringn(p, n));
                p += n + strspn(p + n, " ");
        }
        return words;
}

static json_t* name_json(Manager* m, const ServedName* n) {
        char shown[DOMAIN_SHOWN_BYTES];
        const char* certificate = certificate_of(m, n->name);
        domain_name_show(n->name, shown);
        return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:b, s:o, s:b}", "name", n->name, "shown", *n->shown ? n->shown : shown, "kind", n->kind,
                         "target", json_string_or_null(*n->target ? n->target : NULL), "domain", json_string_or_null(*n->domain ? n->domain : NULL),
                         "certificate", certificate, "trusted", (int) certificate_trusted_for(m, certificate, n->name), "headers",
                         words_array(n->headers), "removable", (int) n->removable);
}

int name_list(Manager* m, json_t** ret, Error* reterr) {
        _cleanup_served_names_ ServedNames list = {};
        int r = served_names_collect(m, &list, reterr);
        if (r < 0)
                return r;
        json_t* items = json_array();
        for (size_t i = 0; i < list.count; i++)
                (void) json_array_append_new(items, name_json(m, &list.items[i]));
        *ret = items;
        return 0;
}

/* As it is now, after a change. */
static int name_show(Manager* m, const char* name, json_t** ret, Error* reterr) {
        _cleanup_served_names_ ServedNames list = {};
        int r = served_names_collect(m, &list, reterr);
        if (r < 0)
                return r;
        const ServedName* n = find(&list, name);
        if (!n)
                return error_set(reterr, ERROR_NOT_FOUND, "This box does not answer to the name %s.", name);
        *ret = name_json(m, n);
        return 0;
}

/* --- checks --- */

static int check_headers(const json_t* words, Error* reterr) {
        size_t i, k;
        json_t *word, *earlier;
        json_array_foreach(words, i, word) {
                size_t known = 0;
                while (known < ELEMENTS(header_words) && !streq_ptr(header_words[known], json_string_value(word)))
                        known++;
                if (known == ELEMENTS(header_words)) {
                        (void) error_field(reterr, ERROR_BAD_FIELD, "headers", "There is no extra header of this name.");
                        return error_hint(reterr, "Choose of: no-index, hsts-subdomains, hsts-preload, no-referrer, same-origin-resources.");
                }
                json_array_foreach(words, k, earlier)
                        if (k < i && json_equal(earlier, word))
                                return error_field(reterr, ERROR_BAD_FIELD, "headers", "The header %s is there twice.", header_words[known]);
        }
        return 0;
}

static int taken(const char* name, const char* why, Error* reterr) {
        (void) error_field(reterr, ERROR_NAME_TAKEN, "name", "The name %s is taken: %s.", name, why);
        return error_hint(reterr, "Choose another name, or change this one.");
}

/* Names the website of the domain has by itself; they need the domain to be for more than names below it. */
static int check_web_name(const ServedNames* list, const DomainRow* d, const char* name, Error* reterr) {
        bool web = streq(name, d->name) || (startswith(name, "www.") && streq(name + 4, d->name));
        if (!web || find(list, name))
                return 0;
        if (streq(d->scope, "subdomain")) {
                (void) error_field(reterr, ERROR_WRONG_STATE, "name", "Of %s this box is only for names below it, and %s is its website.", d->name, name);
                return error_hint(reterr, "Change what the domain is for to web or everything first.");
        }
        (void) error_field(reterr, ERROR_WRONG_STATE, "name", "Something else lives at %s, or nobody has looked yet.", name);
        return error_hint(reterr, "Check the domain, and switch its website to this box first.");
}

/* Below the name that the provider gave the box: no domain of people's, but apps may live there. */
static bool is_given(Manager* m, const char* name) {
        const char* fallback = json_get_string(json_object_get(m->machine, "provider"), "fallback_name");
        return fallback && !streq(fallback, name) && domain_name_is_below(name, fallback);
}

static int check_free(Manager* m, const ServedNames* list, const char* name, bool app, DomainRow* ret_domain, Error* reterr) {
        const ServedName* there = find(list, name);
        int r = store_domain_of_name(m->store, name, ret_domain, reterr);
        if (r < 0)
                return r;
        if (there && streq(there->kind, "box"))
                return taken(name, "it is the box's own", reterr);
        if (there && streq(there->kind, "app"))
                return taken(name, "an app lives there", reterr);
        if (r == 0 && app && is_given(m, name))
                return 0;
        if (r == 0) {
                (void) error_field(reterr, ERROR_BAD_FIELD, "name", "The name %s is in no domain of this box.", name);
                return error_hint(reterr, "Add the domain first.");
        }
        if (there && there->removable)
                return taken(name, "it leads somewhere already", reterr);
        if (startswith(name, "mta-sts.") && streq(name + strlen("mta-sts."), ret_domain->name))
                return taken(name, "it is kept for the mail policy of the domain", reterr);
        return check_web_name(list, ret_domain, name, reterr);
}

int served_name_check(Manager* m, const char* name, Error* reterr) {
        _cleanup_served_names_ ServedNames list = {};
        _cleanup_domain_row_ DomainRow domain = {};
        int r = served_names_collect(m, &list, reterr);
        return r < 0 ? r : check_free(m, &list, name, /* app= */ true, &domain, reterr);
}

/* Whether visitors sent from name to target would come back. */
static bool is_circle(const ServedNames* list, const char* name, const char* target) {
        for (unsigned i = 0; i < REDIRECTS_MAX; i++) {
                if (streq(target, name))
                        return true;
                const ServedName* n = find(list, target);
                if (!n || !streq(n->kind, "redirect"))
                        return false;
                target = n->target;
        }
        return true; /* longer than anybody should be sent round */
}

static int check_target(const ServedNames* list, const char* kind, const char* name, const char* target, Error* reterr) {
        const ServedName* t = find(list, target);
        if (streq(kind, "alias") && (streq(name, target) || !t || !streq(t->kind, "box"))) {
                (void) error_field(reterr, ERROR_BAD_FIELD, "target", "An alias shows what another name of this box shows, and %s is not one.", target);
                return error_hint(reterr, "Give a name of the box, or make a redirect.");
        }
        if (streq(kind, "redirect") && is_circle(list, name, target)) {
                (void) error_field(reterr, ERROR_BAD_FIELD, "target", "From %s visitors would be sent round in a circle.", target);
                return error_hint(reterr, "Give a name that does not lead back here.");
        }
        return 0;
}

/* --- changes --- */

static int put(Manager* m, const char* name, const char* kind, const char* target, const json_t* headers, Error* reterr) {
        char shown[DOMAIN_SHOWN_BYTES];
        _cleanup_free_ char* words = headers ? json_dumps(headers, JSON_COMPACT) : strdup("[]");
        if (!words)
                return error_errno(reterr, -ENOMEM, "Cannot keep a name");
        domain_name_show(name, shown);
        NameRow row = { .name = (char*) name, .shown = shown, .kind = (char*) kind, .target = (char*) target, .headers = words };
        int r = store_name_put(m->store, &row, now_seconds(), reterr);
        return MIN(r, 0);
}

static int changed(Manager* m, const char* name, Error* reterr) {
        char domain[DOMAIN_NAME_BYTES];
        int64_t id = 0;
        int r = domain_of_name(m, name, &id, domain, reterr);
        if (r > 0)
                domain_changed(m, id);
        served_names_changed(m);
        return MIN(r, 0);
}

int name_add(Manager* m, const char* kind, const char* name, const char* target, const json_t* headers, json_t** ret, Error* reterr) {
        _cleanup_served_names_ ServedNames list = {};
        _cleanup_domain_row_ DomainRow domain = {};
        int64_t count = 0;
        int r = served_names_collect(m, &list, reterr);
        if (r >= 0)
                r = check_headers(headers, reterr);
        if (r >= 0)
                r = check_free(m, &list, name, /* app= */ false, &domain, reterr);
        if (r >= 0)
                r = check_target(&list, kind, name, target, reterr);
        if (r >= 0)
                r = store_name_count(m->store, &count, reterr);
        if (r >= 0 && count >= SERVED_ROWS_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "More than %d redirects, aliases and names with headers are not supported.", SERVED_ROWS_MAX);
        if (r >= 0)
                r = put(m, name, kind, target, headers, reterr);
        if (r >= 0)
                r = changed(m, name, reterr);
        return r < 0 ? r : name_show(m, name, ret, reterr);
}

/* Headers of a name that others own; none = nothing to keep. */
static int headers_put(Manager* m, const char* name, const json_t* headers, Error* reterr) {
        int r = json_array_size(headers) > 0 ? put(m, name, "headers", "", headers, reterr) : store_name_remove(m->store, name, reterr);
        return MIN(r, 0);
}

int name_update(Manager* m, const char* name, const char* target, const json_t* headers, json_t** ret, Error* reterr) {
        _cleanup_served_names_ ServedNames list = {};
        _cleanup_json_ json_t* words = NULL;
        int64_t count = 0;
        int r = served_names_collect(m, &list, reterr);
        if (r < 0)
                return r;
        const ServedName* n = find(&list, name);
        if (!n)
                return error_set(reterr, ERROR_NOT_FOUND, "This box does not answer to the name %s.", name);
        const char* kind = streq(n->kind, "alias") ? "alias" : "redirect";
        if (target && !streq(n->kind, kind)) {
                (void) error_field(reterr, ERROR_BAD_FIELD, "target", "The name %s shows something of its own, it leads nowhere else.", name);
                return error_hint(reterr, "Only redirects and aliases have a target.");
        }
        r = check_headers(headers, reterr);
        if (r >= 0 && target)
                r = check_target(&list, kind, name, target, reterr);
        if (r >= 0)
                r = store_name_count(m->store, &count, reterr);
        if (r >= 0 && count >= SERVED_ROWS_MAX && !n->removable)
                return error_set(reterr, ERROR_TOO_LARGE, "More than %d redirects, aliases and names with headers are not supported.", SERVED_ROWS_MAX);
        if (r < 0)
                return r;
        words = headers ? json_deep_copy(headers) : words_array(n->headers);
        if (n->removable || target)
                r = put(m, name, kind, target ?: n->target, words, reterr);
        else if (headers)
                r = headers_put(m, name, words, reterr);
        if (r >= 0)
                r = changed(m, name, reterr);
        return r < 0 ? r : name_show(m, name, ret, reterr);
}

int name_remove(Manager* m, const char* name, Error* reterr) {
        _cleanup_served_names_ ServedNames list = {};
        int r = served_names_collect(m, &list, reterr);
        if (r < 0)
                return r;
        const ServedName* n = find(&list, name);
        if (!n)
                return error_set(reterr, ERROR_NOT_FOUND, "This box does not answer to the name %s.", name);
        if (!n->removable) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "The name %s is not one somebody added, so it cannot be taken away by itself.", name);
                return error_hint(reterr, "It goes with its domain.");
        }
        r = store_name_remove(m->store, name, reterr);
        return r < 0 ? r : changed(m, name, reterr);
}
