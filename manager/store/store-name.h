/* Names people gave the box: redirects, aliases, and extra headers of any name. */
#pragma once
#include "base/json.h"
#include "store/store.h"

typedef struct NameRow {
        char* name;     /* A-labels */
        char* shown;    /* as it was typed */
        char* kind;     /* redirect, alias, headers (only headers of a name others own) */
        char* target;   /* empty for headers */
        char* headers;  /* JSON array of words */
} NameRow;
void name_row_done(NameRow* row);
#define _cleanup_name_row_ _cleanup_(name_row_done)

typedef struct NameRows {
        NameRow* items; /* owned; by name */
        size_t count;
} NameRows;
void name_rows_done(NameRows* rows);
#define _cleanup_name_rows_ _cleanup_(name_rows_done)

int store_name_all(Store* s, NameRows* ret, Error* reterr);
int store_name_count(Store* s, int64_t* ret, Error* reterr);
int store_name_put(Store* s, const NameRow* row, int64_t now, Error* reterr); /* writes over what was there */
int store_name_remove(Store* s, const char* name, Error* reterr); /* number of rows */
/* Every row whose name is domain or below it, and every alias of such a name. */
int store_name_remove_below(Store* s, const char* domain, Error* reterr);
/* Hosts under which the manager itself may be asked: {"primary": my.<domain>|null, "others": [..]} as text; primary only when proven.
 * Others are my.<domain> of all domains, and aliases. One statement, as every request may need it. */
int store_name_hosts(Store* s, char** ret_json, Error* reterr);
