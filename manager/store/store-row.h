/* Rows that are structs of texts, numbers and truths: read by a table of their members instead of by hand. For
 * store-<noun>.c only. The statement's columns come in the order of the shape: texts, numbers, truths. */
#pragma once
#include "store/store-internal.h"
#include <stddef.h>

typedef struct RowColumn {
        const char* name; /* of its binding */
        size_t offset;
} RowColumn;
#define ROW_COLUMN(type, field) { ":" #field, offsetof(type, field) }

typedef struct RowShape {
        const char* what; /* the rows, for sentences: "apps" */
        size_t size;      /* of the struct */
        const RowColumn* texts; /* char*: owned, never NULL in a row that was read */
        size_t texts_n;
        const RowColumn* numbers; /* int64_t: 0 for NULL */
        size_t numbers_n;
        const RowColumn* truths; /* bool */
        size_t truths_n;
} RowShape;

/* Frees the texts; the row is empty then. */
void row_done(const RowShape* shape, void* row);
void rows_done(const RowShape* shape, void* rows, size_t n);
/* The first row: 1 read, 0 there is none. */
int row_get(Store* s, const Statement* statement, const Binding* bindings, const RowShape* shape, void* ret, Error* reterr);
/* All of them, in one allocation. */
int rows_get(Store* s, const Statement* statement, const Binding* bindings, const RowShape* shape, void** ret, size_t* ret_n,
             Error* reterr);
/* The row at which the query stands, its texts borrowed until the next step. */
void row_borrow(Query* q, const RowShape* shape, void* ret);
