/* Offers as people see them. */
#include "catalogue/catalogue-internal.h"
#include "package/manifest-internal.h"
#include "store/store-app.h"
#include <stdio.h>
#include <strings.h>

typedef struct Listing {
        Manager* m;
        const char *language, *category, *q;
        const AppRows* apps;
        json_t* by_package; /* package -> Offer, the best source's */
} Listing;

static json_t* needs(const json_t* manifest) {
        json_t* list = json_array();
        size_t i;
        const json_t* addon;
        json_array_foreach(json_object_get(manifest, "addons"), i, addon)
                (void) json_array_append(list, json_object_get(addon, "kind"));
        if (json_get_boolean(json_object_get(manifest, "mail"), "send", false))
                (void) json_array_append_new(list, json_string("mail"));
        return list;
}

static json_t* installed(const AppRows* apps, const char* package, const char* source) {
        json_t* list = json_array();
        for (size_t i = 0; i < apps->count; i++)
                if (streq(apps->items[i].package, package) && streq(apps->items[i].source, source))
                        (void) json_array_append_new(list, json_string(apps->items[i].id));
        return list;
}

static json_t* offer_json(Manager* m, const CatalogueOffer* o, const AppRows* apps, const char* language) {
        const json_t *manifest = o->manifest, *resources = json_object_get(manifest, "resources");
        const char* package = json_get_string(manifest, "id");
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:O, s:O, s:O, s:O, s:O, s:O, s:o, s:o, s:b, s:o}", "package", package, "source", o->source,
                "version", o->version, "title", manifest_text(manifest, "title", language), "summary", manifest_text(manifest, "summary", language),
                "icon", json_string_or_null(isempty(o->icon) ? NULL : o->icon), "categories", json_object_get(manifest, "categories"), "licence",
                json_object_get(manifest, "licence"), "sign_in", json_object_get(manifest, "sign_in"), "memory_mb",
                json_object_get(resources, "memory_mb"), "disk_mb", json_object_get(resources, "disk_mb"), "download_mb",
                json_object_get(resources, "download_mb"), "needs", needs(manifest), "end_of_life",
                json_string_or_null(isempty(o->end_of_life) ? NULL : o->end_of_life), "allowed", (int) catalogue_allowed(m, package), "installed",
                installed(apps, package, o->source));
}

static int rank(const char* source) {
        return streq(source, CATALOGUE_PROVIDER) ? 0 : streq(source, CATALOGUE_BUILTIN) ? 1 : 2;
}

static int each(CatalogueOfferRow* row, void* userdata, Error* reterr) {
        Listing* l = userdata;
        _cleanup_catalogue_offer_ CatalogueOffer o = {};
        const json_t* before = json_object_get(l->by_package, row->package);
        if (before && rank(json_get_string(before, "source")) <= rank(row->source))
                return 0; /* rows come by package, then source */
        _cleanup_free_ char* package = strdup(row->package);
        int r = package ? catalogue_offer_of_row(row, &o, reterr) : -ENOMEM;
        if (r < 0)
                return r;
        const char* title = manifest_text(o.manifest, "title", l->language);
        const char* summary = manifest_text(o.manifest, "summary", l->language);
        if ((l->category && !json_list_has(json_object_get(o.manifest, "categories"), l->category))
                || (l->q && !strcasestr(title, l->q) && !strcasestr(summary, l->q) && !strcasestr(package, l->q))) {
                (void) json_object_del(l->by_package, package); /* a lesser source's does not speak for it either */
                return 0;
        }
        return json_object_set_new(l->by_package, package, offer_json(l->m, &o, l->apps, l->language)) < 0 ? -ENOMEM : 0;
}

static int by_title(const void* a, const void* b) {
        const json_t *x = *(json_t* const*) a, *y = *(json_t* const*) b;
        int r = strcasecmp(json_get_string(x, "title"), json_get_string(y, "title"));
        return r ? r : strcmp(json_get_string(x, "package"), json_get_string(y, "package"));
}

static int sorted(const json_t* by_package, json_t** ret) {
        size_t n = 0;
        const char* key;
        json_t *value, *items = json_array(), **all = calloc(json_object_size(by_package) + 1, sizeof(json_t*));
        if (!all || !items) {
                free(all);
                json_decref(items);
                return -ENOMEM;
        }
        json_object_foreach((json_t*) by_package, key, value)
                all[n++] = value;
        if (n > 0)
                qsort(all, n, sizeof(json_t*), by_title);
        for (size_t i = 0; i < n; i++)
                (void) json_array_append(items, all[i]);
        free(all);
        *ret = items;
        return 0;
}

int catalogue_offers(Manager* m, const char* language, const char* category, const char* q, json_t** ret_items, Error* reterr) {
        _cleanup_app_rows_ AppRows apps = {};
        _cleanup_json_ json_t* by_package = json_object();
        Listing l = { m, language, category, isempty(q) ? NULL : q, &apps, by_package };
        int r = store_app_all(m->store, &apps, reterr);
        if (r >= 0)
                r = store_catalogue_offers(m->store, each, &l, reterr);
        return r < 0 ? r : sorted(by_package, ret_items);
}

static json_t* questions(const json_t* manifest, const char* language) {
        json_t* list = json_array();
        size_t i;
        const json_t* s;
        json_array_foreach(json_object_get(manifest, "settings"), i, s)
                (void) json_array_append_new(list, json_pack("{s:O, s:s, s:s, s:O, s:O, s:O, s:O}", "key", json_object_get(s, "key"), "label",
                        text_of_languages(json_object_get(s, "label"), language), "help", text_of_languages(json_object_get(s, "help"), language),
                        "type", json_object_get(s, "type"), "required", json_object_get(s, "required"), "initial", json_object_get(s, "initial"),
                        "choices", json_object_get(s, "choices")));
        return list;
}

static json_t* ports(const json_t* manifest) {
        json_t* list = json_array();
        size_t i;
        const json_t* p;
        json_array_foreach(json_object_get(manifest, "ports"), i, p) {
                char text[64];
                (void) snprintf(text, sizeof(text), "%s %s/%lld", json_get_string(p, "name"), json_get_string(p, "protocol"),
                        (long long) json_get_integer(p, "host_port", 0));
                (void) json_array_append_new(list, json_string(text));
        }
        return list;
}

int catalogue_offer_detail(Manager* m, const char* package, const char* language, json_t** ret, json_t** ret_manifest, Error* reterr) {
        _cleanup_app_rows_ AppRows apps = {};
        _cleanup_catalogue_offer_row_ CatalogueOfferRow row = {};
        _cleanup_catalogue_offer_ CatalogueOffer o = {};
        _cleanup_free_ char* source = NULL;
        json_t* versions = NULL;
        /* Also what the provider does not allow can be looked at; "allowed" says so. */
        int r = catalogue_source_of(m, package, &source, reterr);
        if (r > 0)
                r = store_catalogue_offer_get(m->store, source, package, NULL, &row, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "The catalogue has no app %s.", package);
        if (r >= 0)
                r = catalogue_offer_of_row(&row, &o, reterr);
        if (r >= 0)
                r = store_app_all(m->store, &apps, reterr);
        if (r >= 0)
                r = store_catalogue_versions(m->store, o.source, package, &versions, reterr);
        if (r < 0)
                return r;
        *ret = json_pack("{s:o, s:s, s:s, s:O, s:o, s:o, s:o}", "offer", offer_json(m, &o, &apps, language), "description",
                manifest_text(o.manifest, "description", language), "notes", manifest_text(o.manifest, "notes", language), "homepage", json_object_get(o.manifest, "homepage"), "versions", versions,
                "questions", questions(o.manifest, language), "ports", ports(o.manifest));
        if (!*ret)
                return -ENOMEM;
        *ret_manifest = TAKE_PTR(o.manifest);
        return 0;
}
