/* Build-time printers of the operations table. Each writes one whole document to f. */
#pragma once
#include "base/error.h"
#include "ops.h"
#include <stdio.h>

int generate_openapi(FILE* f);    /* OpenAPI 3.1 */
int generate_typescript(FILE* f); /* manager/ui/lib/api.generated.ts */
int generate_reference(FILE* f);  /* docs/reference/operations.md */
int generate_roles(FILE* f);      /* docs/roles.md */
int generate_man(FILE* f);        /* steadbox(1) */
int generate_completion(FILE* f); /* bash */

/* What several of them ask of a row. */
static inline size_t operation_noun_length(const Operation* o) {
        return (size_t) (strchr(o->name, '.') - o->name);
}
static inline const char* operation_verb(const Operation* o) {
        return o->name + operation_noun_length(o) + 1;
}
static inline bool operation_same_noun(const Operation* a, const Operation* b) {
        size_t n = operation_noun_length(a);
        return operation_noun_length(b) == n && strncmp(a->name, b->name, n) == 0;
}
/* Whether no row before it has its noun: documents go noun by noun. */
static inline bool operation_begins_noun(const Operation* o) {
        for (const Operation* k = operation_table; k < o; k++)
                if (operation_same_noun(k, o))
                        return false;
        return true;
}
