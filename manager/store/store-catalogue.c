#include "store/store-catalogue.h"
#include "store/store-internal.h"

#define SOURCE_COLUMNS                                                                            \
        "id, url, key, name, error, serial, expires_at, fetched_at, "                             \
        "(SELECT count(*) FROM catalogue_offer WHERE source_id = s.id AND position = 0)"
#define OFFER_COLUMNS "source_id, sha256, package, version, end_of_life, manifest, icon"

STATEMENT(catalogue_source_get, "SELECT " SOURCE_COLUMNS " FROM catalogue_source s WHERE id = :id");
STATEMENT(catalogue_source_all, "SELECT " SOURCE_COLUMNS " FROM catalogue_source s ORDER BY id");
STATEMENT(catalogue_source_forget, "DELETE FROM catalogue_source WHERE id = :id AND key <> :key");
STATEMENT(catalogue_source_set,
          "INSERT INTO catalogue_source (id, url, key) VALUES (:id, :url, :key) "
          "ON CONFLICT (id) DO UPDATE SET url = excluded.url, error = '' WHERE url <> excluded.url");
STATEMENT(catalogue_source_remove, "DELETE FROM catalogue_source WHERE id = :id");
STATEMENT(catalogue_source_failed, "UPDATE catalogue_source SET error = :error WHERE id = :id");
STATEMENT(catalogue_source_believed,
          "UPDATE catalogue_source SET name = :name, serial = :serial, expires_at = :expires, fetched_at = :now, error = '' WHERE id = :id");
STATEMENT(catalogue_offer_has, "SELECT 1 FROM catalogue_offer WHERE source_id = :source AND sha256 = :sha256");
STATEMENT(catalogue_offer_bytes,
          "SELECT coalesce(sum(length(manifest) + length(icon)), 0) FROM catalogue_offer WHERE source_id = :source");
STATEMENT(catalogue_offer_add,
          "INSERT INTO catalogue_offer (source_id, sha256, package, version, position, manifest, icon) "
          "VALUES (:source, :sha256, :package, :version, -1, :manifest, :icon) ON CONFLICT (source_id, sha256) DO NOTHING");
STATEMENT(catalogue_offers_clear, "UPDATE catalogue_offer SET position = -1, end_of_life = '' WHERE source_id = :source");
STATEMENT(catalogue_offer_place,
          "UPDATE catalogue_offer SET position = :position, end_of_life = :end "
          "WHERE source_id = :source AND sha256 = :sha256 AND package = :package AND version = :version");
STATEMENT(catalogue_offers_drop, "DELETE FROM catalogue_offer WHERE source_id = :source AND position < 0");
STATEMENT(catalogue_offer_get,
          "SELECT " OFFER_COLUMNS " FROM catalogue_offer WHERE package = :package AND position >= 0 "
          "AND (:source IS NULL OR source_id = :source) AND (:version IS NULL OR version = :version) ORDER BY source_id, position LIMIT 1");
STATEMENT(catalogue_versions,
          "SELECT version FROM catalogue_offer WHERE package = :package AND source_id = :source AND position >= 0 ORDER BY position");
STATEMENT(catalogue_offers, "SELECT " OFFER_COLUMNS " FROM catalogue_offer WHERE position = 0 ORDER BY package, source_id");

void catalogue_source_row_done(CatalogueSourceRow* row) {
        free(row->id);
        free(row->url);
        free(row->key);
        free(row->name);
        free(row->error);
        *row = (CatalogueSourceRow) {};
}

void catalogue_source_rows_free(CatalogueSourceRow* rows, size_t n) {
        for (size_t i = 0; i < n; i++)
                catalogue_source_row_done(&rows[i]);
        free(rows);
}

static int source_take(Query* q, CatalogueSourceRow* ret) {
        CatalogueSourceRow row = {
                .id = strdup(strempty(query_text(q, 0))),
                .url = strdup(strempty(query_text(q, 1))),
                .key = strdup(strempty(query_text(q, 2))),
                .name = strdup(strempty(query_text(q, 3))),
                .error = strdup(strempty(query_text(q, 4))),
                .serial = query_integer(q, 5),
                .expires_at = query_integer(q, 6),
                .fetched_at = query_integer(q, 7),
                .offers = query_integer(q, 8),
        };
        if (!row.id || !row.url || !row.key || !row.name || !row.error) {
                catalogue_source_row_done(&row);
                return -ENOMEM;
        }
        *ret = row;
        return 0;
}

int store_catalogue_source_get(Store* s, const char* id, CatalogueSourceRow* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &catalogue_source_get, BIND(TEXT(id, id)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        r = source_take(&q, ret);
        return r < 0 ? error_errno(reterr, r, "Cannot read a source of apps") : 1;
}

static int sources_take(Query* q, CatalogueSourceRow** rows, size_t* n, Error* reterr) {
        int r;
        while ((r = query_next(q, reterr)) > 0) {
                CatalogueSourceRow* more = reallocarray(*rows, *n + 1, sizeof(CatalogueSourceRow));
                if (!more)
                        return error_errno(reterr, -ENOMEM, "Cannot list the sources of apps");
                *rows = more;
                r = source_take(q, &more[*n]);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot list the sources of apps");
                ++*n;
        }
        return r;
}

int store_catalogue_source_all(Store* s, CatalogueSourceRow** ret, size_t* ret_n, Error* reterr) {
        _cleanup_query_ Query q = {};
        CatalogueSourceRow* rows = NULL;
        size_t n = 0;
        int r = query_begin(s, &catalogue_source_all, BIND_NONE, &q, reterr);
        if (r >= 0)
                r = sources_take(&q, &rows, &n, reterr);
        if (r < 0) {
                catalogue_source_rows_free(rows, n);
                return r;
        }
        *ret = rows;
        *ret_n = n;
        return 0;
}

int store_catalogue_source_set(Store* s, const char* id, const char* url, const char* key, Error* reterr) {
        int r = store_run(s, &catalogue_source_forget, BIND(TEXT(id, id), TEXT(key, key)), reterr);
        if (r >= 0)
                r = store_run(s, &catalogue_source_set, BIND(TEXT(id, id), TEXT(url, url), TEXT(key, key)), reterr);
        return MIN(r, 0);
}

int store_catalogue_source_remove(Store* s, const char* id, Error* reterr) {
        return store_run(s, &catalogue_source_remove, BIND(TEXT(id, id)), reterr);
}

int store_catalogue_source_failed(Store* s, const char* id, const char* error, Error* reterr) {
        return store_run(s, &catalogue_source_failed, BIND(TEXT(id, id), TEXT(error, error)), reterr);
}

int store_catalogue_source_believed(Store* s, const char* id, const char* name, int64_t serial, int64_t expires_at, int64_t now, Error* reterr) {
        return store_run(s, &catalogue_source_believed,
                BIND(TEXT(id, id), TEXT(name, name), INTEGER(serial, serial), INTEGER(expires, expires_at), INTEGER(now, now)), reterr);
}

int store_catalogue_offer_has(Store* s, const char* source, const char* sha256, Error* reterr) {
        int64_t one;
        return store_get_integer(s, &catalogue_offer_has, BIND(TEXT(source, source), TEXT(sha256, sha256)), &one, reterr);
}

int store_catalogue_offer_bytes(Store* s, const char* source, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &catalogue_offer_bytes, BIND(TEXT(source, source)), ret, reterr);
}

int store_catalogue_offer_add(Store* s, const char* source, const char* sha256, const char* package, const char* version, const char* manifest,
        const char* icon, Error* reterr) {
        int r = store_run(s, &catalogue_offer_add,
                BIND(TEXT(source, source), TEXT(sha256, sha256), TEXT(package, package), TEXT(version, version), TEXT(manifest, manifest),
                        TEXT(icon, icon)), reterr);
        return MIN(r, 0);
}

int store_catalogue_offers_clear(Store* s, const char* source, Error* reterr) {
        return store_run(s, &catalogue_offers_clear, BIND(TEXT(source, source)), reterr);
}

int store_catalogue_offer_place(Store* s, const char* source, const char* sha256, const char* package, const char* version, int64_t position,
        const char* end_of_life, Error* reterr) {
        return store_run(s, &catalogue_offer_place,
                BIND(TEXT(source, source), TEXT(sha256, sha256), TEXT(package, package), TEXT(version, version), INTEGER(position, position),
                        TEXT(end, end_of_life)), reterr);
}

int store_catalogue_offers_drop(Store* s, const char* source, Error* reterr) {
        return store_run(s, &catalogue_offers_drop, BIND(TEXT(source, source)), reterr);
}

void catalogue_offer_row_done(CatalogueOfferRow* row) {
        free(row->source);
        free(row->sha256);
        free(row->package);
        free(row->version);
        free(row->end_of_life);
        free(row->manifest);
        free(row->icon);
        *row = (CatalogueOfferRow) {};
}

static int offer_take(Query* q, CatalogueOfferRow* ret) {
        CatalogueOfferRow row = {
                .source = strdup(strempty(query_text(q, 0))),
                .sha256 = strdup(strempty(query_text(q, 1))),
                .package = strdup(strempty(query_text(q, 2))),
                .version = strdup(strempty(query_text(q, 3))),
                .end_of_life = strdup(strempty(query_text(q, 4))),
                .manifest = strdup(strempty(query_text(q, 5))),
                .icon = strdup(strempty(query_text(q, 6))),
        };
        if (!row.source || !row.sha256 || !row.package || !row.version || !row.end_of_life || !row.manifest || !row.icon) {
                catalogue_offer_row_done(&row);
                return -ENOMEM;
        }
        *ret = row;
        return 0;
}

int store_catalogue_offer_get(Store* s, const char* source, const char* package, const char* version, CatalogueOfferRow* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &catalogue_offer_get, BIND(TEXT(source, source), TEXT(package, package), TEXT(version, version)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        r = offer_take(&q, ret);
        return r < 0 ? error_errno(reterr, r, "Cannot read the catalogue") : 1;
}

int store_catalogue_versions(Store* s, const char* source, const char* package, json_t** ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        _cleanup_json_ json_t* list = json_array();
        int r = query_begin(s, &catalogue_versions, BIND(TEXT(source, source), TEXT(package, package)), &q, reterr);
        while (r >= 0 && (r = query_next(&q, reterr)) > 0)
                if (json_array_append_new(list, json_string(query_text(&q, 0))) < 0)
                        r = error_errno(reterr, -ENOMEM, "Cannot read the catalogue");
        if (r >= 0)
                *ret = TAKE_PTR(list);
        return r;
}

int store_catalogue_offers(Store* s, CatalogueOfferEach each, void* userdata, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &catalogue_offers, BIND_NONE, &q, reterr);
        while (r >= 0 && (r = query_next(&q, reterr)) > 0) {
                _cleanup_catalogue_offer_row_ CatalogueOfferRow row = {};
                r = offer_take(&q, &row);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot read the catalogue");
                r = each(&row, userdata, reterr);
        }
        return r;
}
