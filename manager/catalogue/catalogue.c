/* Sources of apps and the rules about them. */
#include "catalogue/catalogue-internal.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "config.h"
#include "package/manifest-internal.h"
#include "store/store-setting.h"
#include "system/setting.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const Actor itself = { .via = VIA_SYSTEM, .role = ROLE_ADMIN, .name = "system" };

bool catalogue_is_fixed(const char* source) {
        return streq(source, CATALOGUE_BUILTIN) || streq(source, CATALOGUE_PROVIDER);
}

/* --- what the provider lets be installed --- */

static const json_t* provider_part(Manager* m) {
        return json_object_get(json_object_get(m->machine, "provider"), "catalogue");
}

bool catalogue_allowed(Manager* m, const char* package) {
        const json_t* allow = json_object_get(provider_part(m), "allow");
        const json_t* deny = json_object_get(provider_part(m), "deny");
        return !json_list_has(deny, package) && (json_array_size(allow) == 0 || json_list_has(allow, package));
}

int catalogue_imports_check(Manager* m, Error* reterr) {
        if (!streq_ptr(json_get_string(provider_part(m), "imports"), "deny"))
                return 0;
        (void) error_set(reterr, ERROR_LOCKED, "Your provider lets only apps of the catalogue be installed here, no images and no Compose files.");
        return error_hint(reterr, "Look for one: steadbox app catalogue");
}

/* --- finding offers --- */

void catalogue_offer_done(CatalogueOffer* o) {
        free(o->source);
        free(o->version);
        free(o->icon);
        free(o->end_of_life);
        json_decref(o->manifest);
        *o = (CatalogueOffer) {};
}

int catalogue_offer_of_row(CatalogueOfferRow* row, CatalogueOffer* ret, Error* reterr) {
        int r = json_parse_object(row->manifest, strlen(row->manifest), &ret->manifest, reterr);
        if (r < 0)
                return error_context(reterr, "The catalogue's %s %s", row->package, row->version);
        const char* end = json_get_string(ret->manifest, "end_of_life");
        ret->source = TAKE_PTR(row->source);
        ret->version = TAKE_PTR(row->version);
        ret->icon = TAKE_PTR(row->icon);
        /* Whichever comes first: who made the package said one thing then, who keeps the catalogue may say another now. */
        ret->end_of_life = isempty(row->end_of_life) || (end && strcmp(end, row->end_of_life) < 0) ? strdup(strempty(end))
                                                                                                  : TAKE_PTR(row->end_of_life);
        return ret->end_of_life ? 1 : -ENOMEM;
}

int catalogue_source_of(Manager* m, const char* package, char** ret, Error* reterr) {
        static const char* const ranks[] = { CATALOGUE_PROVIDER, CATALOGUE_BUILTIN, NULL };
        for (size_t i = 0; i < ELEMENTS(ranks); i++) {
                _cleanup_catalogue_offer_row_ CatalogueOfferRow row = {};
                int r = store_catalogue_offer_get(m->store, ranks[i], package, NULL, &row, reterr);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                *ret = TAKE_PTR(row.source);
                return 1;
        }
        return 0;
}

int catalogue_offer_find(Manager* m, const char* source, const char* package, const char* version, CatalogueOffer* ret, Error* reterr) {
        _cleanup_free_ char* of = NULL;
        _cleanup_catalogue_offer_row_ CatalogueOfferRow row = {};
        int r = 1;
        if (!catalogue_allowed(m, package))
                return 0;
        if (isempty(source))
                r = catalogue_source_of(m, package, &of, reterr);
        if (r > 0)
                r = store_catalogue_offer_get(m->store, of ?: source, package, version, &row, reterr);
        return r > 0 ? catalogue_offer_of_row(&row, ret, reterr) : r;
}

int catalogue_versions(Manager* m, const char* source, const char* package, const char* from, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *all = NULL, *reached = json_array();
        int r = store_catalogue_versions(m->store, source, package, &all, reterr);
        for (size_t i = 0; r >= 0 && i < json_array_size(all); i++) {
                const char* version = json_string_value(json_array_get(all, i));
                _cleanup_catalogue_offer_ CatalogueOffer offer = {};
                if (from) {
                        _cleanup_error_ Error no = ERROR_NULL;
                        r = catalogue_offer_find(m, source, package, version, &offer, reterr);
                        if (r <= 0 || manifest_may_follow(offer.manifest, from, &no) < 0)
                                continue;
                }
                if (json_array_append_new(reached, json_string(version)) < 0)
                        r = -ENOMEM;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(reached);
        return 0;
}

int catalogue_end_of_life(Manager* m, const char* source, const char* package, char** ret, Error* reterr) {
        _cleanup_catalogue_offer_row_ CatalogueOfferRow row = {};
        int r = store_catalogue_offer_get(m->store, source, package, NULL, &row, reterr);
        if (r <= 0 || isempty(row.end_of_life))
                return MIN(r, 0);
        *ret = TAKE_PTR(row.end_of_life);
        return 1;
}

/* --- sources --- */

static json_t* source_json(const CatalogueSourceRow* row) {
        return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:I, s:I, s:o}", "source", row->id, "name", row->name, "url", row->url, "key",
                row->key, "builtin", (int) catalogue_is_fixed(row->id), "fetched_at", json_time_or_null(row->fetched_at), "expires_at",
                json_time_or_null(row->expires_at), "serial", (json_int_t) row->serial, "offers", (json_int_t) row->offers, "error",
                json_string_or_null(isempty(row->error) ? NULL : row->error));
}

int catalogue_sources(Manager* m, json_t** ret_items, Error* reterr) {
        CatalogueSourceRow* rows = NULL;
        size_t n = 0;
        int r = store_catalogue_source_all(m->store, &rows, &n, reterr);
        if (r < 0)
                return r;
        json_t* items = json_array();
        for (size_t i = 0; i < n; i++)
                (void) json_array_append_new(items, source_json(&rows[i]));
        catalogue_source_rows_free(rows, n);
        *ret_items = items;
        return items ? 0 : -ENOMEM;
}

int catalogue_source_show(Manager* m, const char* source, json_t** ret, Error* reterr) {
        _cleanup_catalogue_source_row_ CatalogueSourceRow row = {};
        int r = store_catalogue_source_get(m->store, source, &row, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no source of apps called %s.", source);
        if (r > 0)
                *ret = source_json(&row);
        return r < 0 ? r : *ret ? 0 : -ENOMEM;
}

static bool directory_valid(const char* s) {
        return inside_path_valid(s) && text_valid(s, false);
}

static int changeable(Manager* m, const char* source, Error* reterr) {
        if (setting_locked(m, "provider.catalogue"))
                return error_set(reterr, ERROR_LOCKED, "Your provider decides where apps come from.");
        if (catalogue_is_fixed(source))
                return error_field(reterr, ERROR_CONFLICT, "source", "%s is the %s own source; choose another name.", source,
                        streq(source, CATALOGUE_PROVIDER) ? "provider's" : "box's");
        return 0;
}

static int room_for(Manager* m, const char* source, Error* reterr) {
        CatalogueSourceRow* rows = NULL;
        size_t n = 0, others = 0;
        int r = store_catalogue_source_all(m->store, &rows, &n, reterr);
        for (size_t i = 0; i < n; i++)
                others += !streq(rows[i].id, source);
        catalogue_source_rows_free(rows, n);
        if (r >= 0 && others >= CATALOGUE_SOURCES_MAX)
                return error_set(reterr, ERROR_TOO_MANY, "There are %d sources of apps already; remove one first.", CATALOGUE_SOURCES_MAX);
        return r;
}

int catalogue_source_add(Manager* m, const char* source, const char* url, const char* key, Error* reterr) {
        MinisignPublic public;
        char job[JOB_ID_BYTES];
        _cleanup_error_ Error busy = ERROR_NULL;
        int r = changeable(m, source, reterr);
        if (r < 0)
                return r;
        if (!url_https_valid(url) && !directory_valid(url))
                return error_field(reterr, ERROR_BAD_FIELD, "url", "url must be an https address or an absolute path of a directory.");
        if (strpbrk(url, "?#"))
                return error_field(reterr, ERROR_BAD_FIELD, "url", "url must be the place where index.json lies, without ? and #.");
        r = minisign_public_parse(key, &public, reterr);
        if (r >= 0)
                r = room_for(m, source, reterr);
        if (r >= 0)
                r = store_catalogue_source_set(m->store, source, url, key, reterr);
        if (r >= 0)
                r = catalogue_plan(m, 1, reterr); /* now, or when the refresh that runs is over */
        if (r >= 0 && m->jobs)
                (void) catalogue_refresh(m, &itself, job, &busy);
        return r;
}

int catalogue_source_remove(Manager* m, const char* source, Error* reterr) {
        int r = changeable(m, source, reterr);
        if (r >= 0)
                r = store_catalogue_source_remove(m->store, source, reterr);
        return r == 0 ? error_set(reterr, ERROR_NOT_FOUND, "There is no source of apps called %s.", source) : MIN(r, 0);
}

/* --- sources that are not people's to choose --- */

static int read_key(char ret[static MINISIGN_KEY_TEXT_BYTES]) {
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        MinisignPublic key;
        int r = file_read(AT_FDCWD, CATALOGUE_KEY, 1024, &text, &size);
        if (r >= 0)
                r = minisign_public_parse(text, &key, NULL);
        if (r >= 0)
                minisign_public_text(&key, ret);
        return r;
}

static int fix_source(Manager* m, const char* source, const char* url, const char* key, Error* reterr) {
        if (!isempty(url) && !isempty(key))
                return store_catalogue_source_set(m->store, source, url, key, reterr);
        return MIN(store_catalogue_source_remove(m->store, source, reterr), 0);
}

/* When a package of the box brought another catalogue, it is looked at now. */
static bool builtin_is_newer(Manager* m) {
        _cleanup_catalogue_source_row_ CatalogueSourceRow row = {};
        struct stat st;
        return store_catalogue_source_get(m->store, CATALOGUE_BUILTIN, &row, NULL) > 0
                && stat(CATALOGUE_DIRECTORY "/index.json", &st) == 0 && st.st_ctim.tv_sec >= row.fetched_at;
}

static bool provider_is_new(Manager* m) {
        _cleanup_catalogue_source_row_ CatalogueSourceRow row = {};
        return store_catalogue_source_get(m->store, CATALOGUE_PROVIDER, &row, NULL) > 0 && row.fetched_at == 0;
}

static int fix_sources(Manager* m, Error* reterr) {
        char own_key[MINISIGN_KEY_TEXT_BYTES] = "", job[JOB_ID_BYTES];
        const char* url = json_get_string(provider_part(m), "url");
        const char* key = json_get_string(provider_part(m), "key");
        bool there = access(CATALOGUE_DIRECTORY "/index.json", R_OK) == 0;
        if (read_key(own_key) < 0)
                there = false;
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = fix_source(m, CATALOGUE_BUILTIN, there ? CATALOGUE_DIRECTORY : NULL, own_key, reterr);
        if (r >= 0) /* without a key of its own it is a mirror of the box's */
                r = fix_source(m, CATALOGUE_PROVIDER, url, key ?: own_key, reterr);
        if (r >= 0 && (builtin_is_newer(m) || provider_is_new(m))) {
                _cleanup_error_ Error busy = ERROR_NULL;
                (void) catalogue_plan(m, 1, NULL);
                (void) catalogue_refresh(m, &itself, job, &busy);
        }
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

/* --- when --- */

int catalogue_plan(Manager* m, int64_t at, Error* reterr) {
        char text[24];
        (void) snprintf(text, sizeof(text), "%lld", (long long) at);
        return MIN(store_setting_set(m->store, CATALOGUE_NEXT, text, reterr), 0);
}

int catalogue_due(Manager* m, int64_t now, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        CatalogueSourceRow* rows = NULL;
        size_t n = 0;
        int r = store_catalogue_source_all(m->store, &rows, &n, reterr);
        catalogue_source_rows_free(rows, n);
        if (r >= 0)
                r = store_setting_get(m->store, CATALOGUE_NEXT, &text, reterr);
        if (r < 0 || n == 0)
                return MIN(r, 0);
        int64_t at = text ? atoll(text) : 0;
        return at <= now || at > now + CATALOGUE_EVERY_SEC + CATALOGUE_JITTER_SEC; /* a clock that was wrong */
}

static int housekeeping(Manager* m, Error* reterr) {
        _cleanup_error_ Error busy = ERROR_NULL;
        char job[JOB_ID_BYTES];
        int r = catalogue_due(m, now_seconds(), reterr);
        if (r > 0)
                (void) catalogue_refresh(m, &itself, job, &busy);
        return MIN(r, 0);
}

static int startup(Manager* m, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (fix_sources(m, &e) < 0)
                log_warning("Cannot note where apps come from, ignoring: %s", strempty(e.message));
        return 0;
}

const NounClass catalogue_noun = { .name = "catalogue", .startup = startup, .findings = catalogue_findings, .housekeeping = housekeeping };
