/* Lists as JSON text. SQLite makes each item; here they become {"items":[...],"next":"cursor"|null,"total":n}. Answers are remembered
 * while nothing is written, because the same first page is asked for again and again. For store-<noun>.c only. */
#pragma once
#include "store/store-internal.h"

typedef struct Memo Memo;
Memo* memo_free(Memo* m); /* the store's own; called by store_trim() and store_free() */
Memo** store_memo(Store* s);

/* rows: column 0 an item as JSON text, column 1 its cursor; it must bind :limit to one more than limit, so that the end is seen.
 * total: one number. Both may be answered from memory when no transaction is open. *ret is owned by the caller. */
int store_page(
                Store* s,
                const Statement* rows,
                const Binding* rows_bindings,
                const Statement* total,
                const Binding* total_bindings,
                unsigned limit,
                char** ret,
                Error* reterr);
/* All rows, column 0 an item; total is their number, next null. */
int store_items(Store* s, const Statement* rows, const Binding* bindings, char** ret, Error* reterr);
/* "%text%" for LIKE ... ESCAPE '\', so that % and _ mean themselves; NULL for NULL or empty text. -ENOMEM. */
int like_pattern(const char* text, char** ret);
