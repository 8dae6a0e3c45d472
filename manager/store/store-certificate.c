#include "store/store-certificate.h"
#include "store/store-internal.h"
#include "store/store-setting.h"
#include <stdio.h>

#define COLUMNS                                                                                                \
        "id, source, method, names, error, served, acme_url, domain_id, tried_at, renew_at, created_at, failures, " \
        "upload IS NOT NULL"
#define UPLOAD_NUMBER "certificate_upload_number"

STATEMENT(certificate_get, "SELECT " COLUMNS " FROM certificate WHERE id = :id");
STATEMENT(certificate_all, "SELECT " COLUMNS " FROM certificate ORDER BY id");
STATEMENT(certificate_want,
          "INSERT INTO certificate (id, domain_id, source, method, names, created_at) "
          "VALUES (:id, :domain, :source, :method, :names, :now) "
          "ON CONFLICT (id) DO UPDATE SET domain_id = excluded.domain_id, method = excluded.method, names = excluded.names "
          "WHERE names <> excluded.names OR method <> excluded.method OR domain_id IS NOT excluded.domain_id");
STATEMENT(certificate_tried, "UPDATE certificate SET tried_at = :at, error = :error WHERE id = :id");
STATEMENT(certificate_result, "UPDATE certificate SET failures = :failures, error = :error WHERE id = :id");
STATEMENT(certificate_signed, "UPDATE certificate SET acme_url = :url, names = coalesce(:names, names) WHERE id = :id");
STATEMENT(certificate_renew_at, "UPDATE certificate SET renew_at = :at WHERE id = :id AND renew_at IS NOT :at");
STATEMENT(certificate_served, "UPDATE certificate SET served = :served WHERE id = :id");
STATEMENT(certificate_remove, "DELETE FROM certificate WHERE id = :id");
STATEMENT(certificate_upload_set, "UPDATE certificate SET upload = :blob WHERE id = :id");
STATEMENT(certificate_upload_get, "SELECT upload FROM certificate WHERE id = :id AND upload IS NOT NULL");
STATEMENT(acme_account_get, "SELECT key FROM acme_account WHERE url = :url");
STATEMENT(acme_account_set,
          "INSERT INTO acme_account (url, key, created_at) VALUES (:url, :key, :now) "
          "ON CONFLICT (url) DO UPDATE SET key = excluded.key, created_at = excluded.created_at");

void certificate_row_done(CertificateRow* row) {
        free(row->id);
        free(row->source);
        free(row->method);
        free(row->names);
        free(row->error);
        free(row->served);
        free(row->acme_url);
        *row = (CertificateRow) {};
}

void certificate_rows_free(CertificateRow* rows, size_t n) {
        for (size_t i = 0; i < n; i++)
                certificate_row_done(&rows[i]);
        free(rows);
}

static int row_take(Query* q, CertificateRow* ret) {
        CertificateRow row = {
                .id = strdup(strempty(query_text(q, 0))),
                .source = strdup(strempty(query_text(q, 1))),
                .method = strdup(strempty(query_text(q, 2))),
                .names = strdup(strempty(query_text(q, 3))),
                .error = strdup(strempty(query_text(q, 4))),
                .served = strdup(strempty(query_text(q, 5))),
                .acme_url = strdup(strempty(query_text(q, 6))),
                .domain_id = query_integer(q, 7),
                .tried_at = query_integer(q, 8),
                .renew_at = query_integer(q, 9),
                .created_at = query_integer(q, 10),
                .failures = (unsigned) query_integer(q, 11),
                .has_upload = query_integer(q, 12) != 0,
        };
        if (!row.id || !row.source || !row.method || !row.names || !row.error || !row.served || !row.acme_url) {
                certificate_row_done(&row);
                return -ENOMEM;
        }
        *ret = row;
        return 0;
}

int store_certificate_get(Store* s, const char* id, CertificateRow* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &certificate_get, BIND(TEXT(id, id)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        r = row_take(&q, ret);
        return r < 0 ? error_errno(reterr, r, "Cannot read a certificate's row") : 1;
}

static int rows_take(Query* q, CertificateRow** rows, size_t* n, Error* reterr) {
        int r;
        while ((r = query_next(q, reterr)) > 0) {
                CertificateRow* more = reallocarray(*rows, *n + 1, sizeof(CertificateRow));
                if (!more)
                        return error_errno(reterr, -ENOMEM, "Cannot list the certificates");
                *rows = more;
                r = row_take(q, &more[*n]);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot list the certificates");
                ++*n;
        }
        return r;
}

int store_certificate_all(Store* s, CertificateRow** ret, size_t* ret_n, Error* reterr) {
        _cleanup_query_ Query q = {};
        CertificateRow* rows = NULL;
        size_t n = 0;
        int r = query_begin(s, &certificate_all, BIND_NONE, &q, reterr);
        if (r >= 0)
                r = rows_take(&q, &rows, &n, reterr);
        if (r < 0) {
                certificate_rows_free(rows, n);
                return r;
        }
        *ret = rows;
        *ret_n = n;
        return 0;
}

int store_certificate_want(Store* s, const CertificateRow* row, int64_t now, Error* reterr) {
        int r = store_run(
                        s, &certificate_want,
                        BIND(TEXT(id, row->id), INTEGER_OR_NULL(domain, row->domain_id), TEXT(source, row->source),
                             TEXT(method, row->method), TEXT(names, row->names), INTEGER(now, now)),
                        reterr);
        return r < 0 ? r : r > 0;
}

int store_certificate_tried(Store* s, const char* id, int64_t at, const char* error, Error* reterr) {
        return store_run(s, &certificate_tried, BIND(TEXT(id, id), INTEGER(at, at), TEXT(error, error)), reterr);
}

int store_certificate_result(Store* s, const char* id, unsigned failures, const char* error, Error* reterr) {
        return store_run(s, &certificate_result, BIND(TEXT(id, id), INTEGER(failures, failures), TEXT(error, error)), reterr);
}

int store_certificate_signed(Store* s, const char* id, const char* acme_url, const char* names, Error* reterr) {
        return store_run(s, &certificate_signed, BIND(TEXT(id, id), TEXT(url, acme_url), TEXT(names, names)), reterr);
}

int store_certificate_renew_at(Store* s, const char* id, int64_t at, Error* reterr) {
        return store_run(s, &certificate_renew_at, BIND(TEXT(id, id), INTEGER_OR_NULL(at, at)), reterr);
}

int store_certificate_served(Store* s, const char* id, const char* served, Error* reterr) {
        return store_run(s, &certificate_served, BIND(TEXT(id, id), TEXT(served, served)), reterr);
}

int store_certificate_remove(Store* s, const char* id, Error* reterr) {
        return store_run(s, &certificate_remove, BIND(TEXT(id, id)), reterr);
}

/* --- secrets --- */

static int blob_get(Store* s, const Statement* statement, const Binding* bindings, void** ret, size_t* ret_size, Error* reterr) {
        _cleanup_query_ Query q = {};
        size_t size = 0;
        int r = query_begin(s, statement, bindings, &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        const void* blob = query_blob(&q, 0, &size);
        void* copy = malloc(size ?: 1);
        if (!copy)
                return error_errno(reterr, -ENOMEM, "Cannot read a secret");
        memcpy(copy, blob, size);
        *ret = copy;
        *ret_size = size;
        return 1;
}

int store_certificate_upload_set(Store* s, const char* id, const void* blob, size_t size, Error* reterr) {
        if (!blob)
                return store_run(s, &certificate_upload_set, BIND(TEXT(id, id), ((Binding) { .type = BINDING_NULL, .name = ":blob" })), reterr);
        return store_run(s, &certificate_upload_set, BIND(TEXT(id, id), BLOB(blob, blob, size)), reterr);
}

int store_certificate_upload_get(Store* s, const char* id, void** ret, size_t* ret_size, Error* reterr) {
        return blob_get(s, &certificate_upload_get, BIND(TEXT(id, id)), ret, ret_size, reterr);
}

int store_certificate_upload_next(Store* s, int64_t* ret, Error* reterr) {
        _cleanup_free_ char* before = NULL;
        char text[32];
        int r = store_setting_get(s, UPLOAD_NUMBER, &before, reterr);
        if (r < 0)
                return r;
        *ret = (before ? atoll(before) : 0) + 1;
        (void) snprintf(text, sizeof(text), "%lld", (long long) *ret);
        return store_setting_set(s, UPLOAD_NUMBER, text, reterr);
}

int store_acme_account_get(Store* s, const char* url, void** ret, size_t* ret_size, Error* reterr) {
        return blob_get(s, &acme_account_get, BIND(TEXT(url, url)), ret, ret_size, reterr);
}

int store_acme_account_set(Store* s, const char* url, const void* blob, size_t size, int64_t now, Error* reterr) {
        return store_run(s, &acme_account_set, BIND(TEXT(url, url), BLOB(key, blob, size), INTEGER(now, now)), reterr);
}
