#include "store/store-name.h"
#include "store/store-row.h"

#define COLUMNS "name, shown, kind, target, headers"
#define COLUMN(field) ROW_COLUMN(NameRow, field)
static const RowColumn texts[] = { COLUMN(name), COLUMN(shown), COLUMN(kind), COLUMN(target), COLUMN(headers) };
static const RowShape name_shape = { .what = "names", .size = sizeof(NameRow), .texts = texts, .texts_n = ELEMENTS(texts) };

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
        row_done(&name_shape, row);
}

void name_rows_done(NameRows* rows) {
        rows_done(&name_shape, rows->items, rows->count);
        *rows = (NameRows) {};
}

int store_name_all(Store* s, NameRows* ret, Error* reterr) {
        void* items = NULL;
        size_t n = 0;
        int r = rows_get(s, &name_all, BIND_NONE, &name_shape, &items, &n, reterr);
        if (r >= 0)
                *ret = (NameRows) { .items = items, .count = n };
        return r;
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
