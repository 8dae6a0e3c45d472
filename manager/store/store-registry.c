#include "store/store-registry.h"
#include "store/store-internal.h"

#define COLUMNS "host, username, token_host, password, created_at, coalesce(tested_at, 0), error"

STATEMENT(registry_get, "SELECT " COLUMNS " FROM registry WHERE host = :host");
STATEMENT(registry_all, "SELECT " COLUMNS " FROM registry ORDER BY host");
STATEMENT(registry_set,
          "INSERT INTO registry (host, username, token_host, password, created_at) VALUES (:host, :username, :token_host, :password, :created_at)"
          " ON CONFLICT (host) DO UPDATE SET username = :username, token_host = :token_host, password = :password, created_at = :created_at,"
          " tested_at = NULL, error = ''");
STATEMENT(registry_password_set, "UPDATE registry SET password = :password WHERE host = :host");
STATEMENT(registry_tested, "UPDATE registry SET tested_at = :now, error = :error WHERE host = :host");
STATEMENT(registry_remove, "DELETE FROM registry WHERE host = :host");

void registry_row_done(RegistryRow* row) {
        free(row->host);
        free(row->username);
        free(row->token_host);
        free(row->error);
        free(row->password);
        *row = (RegistryRow) {};
}

void registry_rows_free(RegistryRow* rows, size_t n) {
        for (size_t i = 0; i < n; i++)
                registry_row_done(&rows[i]);
        free(rows);
}

static int from_row(Query* q, RegistryRow* ret, Error* reterr) {
        size_t size = 0;
        const void* password = query_blob(q, 3, &size);
        RegistryRow row = {
                .host = strdup(strempty(query_text(q, 0))),
                .username = strdup(strempty(query_text(q, 1))),
                .token_host = strdup(strempty(query_text(q, 2))),
                .password = malloc(size + 1),
                .password_size = size,
                .created_at = query_integer(q, 4),
                .tested_at = query_integer(q, 5),
                .error = strdup(strempty(query_text(q, 6))),
        };
        if (!row.host || !row.username || !row.token_host || !row.password || !row.error) {
                registry_row_done(&row);
                return error_errno(reterr, -ENOMEM, "Cannot read logins of registries");
        }
        if (size > 0)
                memcpy(row.password, password, size);
        *ret = row;
        return 1;
}

int store_registry_get(Store* s, const char* host, RegistryRow* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &registry_get, BIND(TEXT(host, host)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        return r > 0 ? from_row(&q, ret, reterr) : r;
}

int store_registry_all(Store* s, RegistryRow** ret, size_t* ret_n, Error* reterr) {
        _cleanup_query_ Query q = {};
        RegistryRow* rows = NULL;
        size_t n = 0;
        int r = query_begin(s, &registry_all, BIND_NONE, &q, reterr);
        while (r >= 0 && (r = query_next(&q, reterr)) > 0) {
                RegistryRow* bigger = reallocarray(rows, n + 1, sizeof(RegistryRow));
                if (!bigger)
                        r = error_errno(reterr, -ENOMEM, "Cannot read logins of registries");
                else if ((rows = bigger) && (r = from_row(&q, &rows[n], reterr)) >= 0)
                        n++;
        }
        if (r < 0) {
                registry_rows_free(rows, n);
                return r;
        }
        *ret = rows;
        *ret_n = n;
        return 0;
}

int store_registry_set(Store* s, const RegistryRow* row, Error* reterr) {
        return store_run(s, &registry_set, BIND(TEXT(host, row->host), TEXT(username, row->username), TEXT(token_host, row->token_host),
                         BLOB(password, row->password, row->password_size), INTEGER(created_at, row->created_at)), reterr);
}

int store_registry_password_set(Store* s, const char* host, const void* password, size_t size, Error* reterr) {
        return store_run(s, &registry_password_set, BIND(TEXT(host, host), BLOB(password, password, size)), reterr);
}

int store_registry_tested(Store* s, const char* host, const char* error, int64_t now, Error* reterr) {
        return store_run(s, &registry_tested, BIND(TEXT(host, host), TEXT(error, error), INTEGER(now, now)), reterr);
}

int store_registry_remove(Store* s, const char* host, Error* reterr) {
        return store_run(s, &registry_remove, BIND(TEXT(host, host)), reterr);
}
