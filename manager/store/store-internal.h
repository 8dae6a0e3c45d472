/* For store-<noun>.c only: constant statements, bound by name, walked row by row. */
#pragma once
#include "store/store.h"
#include <sqlite3.h>

/* A statement is declared once; a unit test prepares every one of them against the schema. */
typedef struct Statement {
        const char* name;
        const char* sql;
} Statement;
#define STATEMENT(id, text)                                                                                    \
        static const Statement id __attribute__((section("steadbox_sql"), used, aligned(16))) = { #id, text }

typedef struct Binding {
        enum { BINDING_END, BINDING_TEXT, BINDING_INTEGER, BINDING_BLOB, BINDING_NULL } type;
        const char* name; /* with the colon */
        const void* data; /* TEXT (NULL binds NULL) or BLOB, borrowed until the query ends */
        size_t size;
        int64_t integer;
} Binding;
#define TEXT(n, value) ((Binding) { .type = BINDING_TEXT, .name = ":" #n, .data = (value) })
#define INTEGER(n, value) ((Binding) { .type = BINDING_INTEGER, .name = ":" #n, .integer = (int64_t) (value) })
#define INTEGER_OR_NULL(n, value) \
        ((Binding) { .type = (value) > 0 ? BINDING_INTEGER : BINDING_NULL, .name = ":" #n, .integer = (int64_t) (value) })
#define BLOB(n, value, bytes) ((Binding) { .type = BINDING_BLOB, .name = ":" #n, .data = (value), .size = (bytes) })
#define BIND(...) ((const Binding[]) { __VA_ARGS__, { .type = BINDING_END } })
#define BIND_NONE ((const Binding[]) { { .type = BINDING_END } })

typedef struct Query {
        Store* store;
        sqlite3_stmt* statement;
        bool borrowed; /* the cache's own, to be reset; otherwise to be finalised */
} Query;
int query_begin(Store* s, const Statement* statement, const Binding* bindings, Query* ret, Error* reterr);
int query_next(Query* q, Error* reterr); /* 1 row, 0 end */
void query_end(Query* q);
#define _cleanup_query_ _cleanup_(query_end)
const char* query_text(Query* q, int column); /* borrowed until the next step; NULL for NULL */
int64_t query_integer(Query* q, int column);  /* 0 for NULL */
const void* query_blob(Query* q, int column, size_t* ret_size);

/* No rows wanted. Returns the number of rows changed. A broken UNIQUE gives CONFLICT. */
int store_run(Store* s, const Statement* statement, const Binding* bindings, Error* reterr);
/* First column of the first row. Returns 1 set, 0 no row (or NULL). *ret is owned by the caller. */
int store_get_text(Store* s, const Statement* statement, const Binding* bindings, char** ret, Error* reterr);
int store_get_integer(Store* s, const Statement* statement, const Binding* bindings, int64_t* ret, Error* reterr);
int64_t store_last_id(const Store* s);
