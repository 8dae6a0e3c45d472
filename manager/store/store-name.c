#include "store/store-name.h"
#include "store/store-internal.h"

#define COLUMNS "name, shown, kind, target, headers"

STATEMENT(name_all, "SELECT " COLUMNS " FROM served_name ORDER BY name");
STATEMENT(name_count, "SELECT count(*) FROM served_name");
STATEMENT(name_put,
          "INSERT INTO served_name (" COLUMNS ", created_at) VALUES (:name, :shown, :kind, :target, :headers, :now) "
          "ON CONFLICT (name) DO UPDATE SET shown = excluded.shown, kind = excluded.kind, target = excluded.target, headers = excluded.headers");
STATEMENT(name_remove, "DELETE FROM served_name WHERE name = :name");
/* A name belongs to the longest domain it is in: those of a domain that stands below this one stay. */
#define DOMAIN_OF(name) \
        "(SELECT d.name FROM domain AS d WHERE d.name = " name " OR substr(" name ", -length(d.name) - 1) = '.' || d.name" \
        " ORDER BY length(d.name) DESC LIMIT 1)"
STATEMENT(name_remove_below,
          "DELETE FROM served_name WHERE " DOMAIN_OF("served_name.name") " = :domain "
          "OR (kind = 'alias' AND " DOMAIN_OF("served_name.target") " = :domain)");
STATEMENT(name_hosts,
          "SELECT json_object('primary', (SELECT 'my.' || name FROM domain WHERE is_primary = 1 AND state = 'proven'), "
          "'others', (SELECT json_group_array(host) FROM (SELECT 'my.' || name AS host FROM domain UNION SELECT name FROM served_name WHERE kind = 'alias')))");

void name_row_done(NameRow* row) {
        free(row->name);
        free(row->shown);
        free(row->kind);
        free(row->target);
        free(row->headers);
        *row = (NameRow) {};
}

void name_rows_done(NameRows* rows) {
        for (size_t i = 0; i < rows->count; i++)
                name_row_done(&rows->items[i]);
        free(rows->items);
        *rows = (NameRows) {};
}

static int name_from_row(Query* q, NameRow* ret, Error* reterr) {
        _cleanup_name_row_ NameRow row = {};
        char** const texts[] = { &row.name, &row.shown, &row.kind, &row.target, &row.headers };
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (!(*texts[i] = strdup(strempty(query_text(q, (int) i)))))
                        return error_errno(reterr, -ENOMEM, "Cannot read a name");
        *ret = row;
        row = (NameRow) {};
        return 1;
}

int store_name_all(Store* s, NameRows* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        _cleanup_name_rows_ NameRows rows = {};
        int r = query_begin(s, &name_all, BIND_NONE, &q, reterr);
        if (r < 0)
                return r;
        while ((r = query_next(&q, reterr)) > 0) {
                NameRow* bigger = reallocarray(rows.items, rows.count + 1, sizeof(NameRow));
                if (!bigger)
                        return error_errno(reterr, -ENOMEM, "Cannot list names");
                rows.items = bigger;
                r = name_from_row(&q, &rows.items[rows.count], reterr);
                if (r < 0)
                        return r;
                rows.count++;
        }
        if (r < 0)
                return r;
        *ret = rows;
        rows = (NameRows) {};
        return 0;
}

int store_name_count(Store* s, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &name_count, BIND_NONE, ret, reterr);
}

int store_name_put(Store* s, const NameRow* row, int64_t now, Error* reterr) {
        return store_run(s, &name_put,
                         BIND(TEXT(name, row->name), TEXT(shown, row->shown), TEXT(kind, row->kind), TEXT(target, row->target),
                              TEXT(headers, row->headers), INTEGER(now, now)),
                         reterr);
}

int store_name_remove(Store* s, const char* name, Error* reterr) {
        return store_run(s, &name_remove, BIND(TEXT(name, name)), reterr);
}

int store_name_remove_below(Store* s, const char* domain, Error* reterr) {
        return store_run(s, &name_remove_below, BIND(TEXT(domain, domain)), reterr);
}

int store_name_hosts(Store* s, char** ret_json, Error* reterr) {
        return store_get_text(s, &name_hosts, BIND_NONE, ret_json, reterr);
}
