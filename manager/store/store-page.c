#include "store/store-page.h"
#include <stdio.h>

#define MEMO_ENTRIES 8
#define MEMO_TEXT_MAX (64 * 1024) /* a longer page is not worth its memory */

typedef struct MemoEntry {
        const Statement* statement;
        char* key; /* the bindings, one after the other */
        size_t key_size;
        char* text;
        uint64_t generation;
} MemoEntry;

struct Memo {
        MemoEntry entries[MEMO_ENTRIES];
        unsigned next; /* the one to give up */
};

Memo* memo_free(Memo* m) {
        for (size_t i = 0; m && i < MEMO_ENTRIES; i++) {
                free(m->entries[i].key);
                free(m->entries[i].text);
        }
        free(m);
        return NULL;
}

static int key_make(const Binding* bindings, char** ret, size_t* ret_size) {
        _cleanup_free_ char* key = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&key, &size);
        if (!f)
                return -ENOMEM;
        for (const Binding* b = bindings; b->type != BINDING_END; b++)
                switch (b->type) {
                case BINDING_TEXT:
                        fprintf(f, "%c%s", b->data ? 't' : 'n', strempty(b->data));
                        (void) fputc(0, f);
                        break;
                case BINDING_INTEGER:
                        fprintf(f, "i%lld,", (long long) b->integer);
                        break;
                case BINDING_BLOB:
                        fprintf(f, "b%zu,", b->size);
                        (void) fwrite(b->data, 1, b->size, f);
                        break;
                default:
                        (void) fputc('n', f);
                }
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(key);
        *ret_size = size;
        return 0;
}

static const char* memo_find(const Memo* m, uint64_t generation, const Statement* statement, const char* key, size_t size) {
        for (size_t i = 0; m && i < MEMO_ENTRIES; i++) {
                const MemoEntry* e = &m->entries[i];
                if (e->statement == statement && e->generation == generation && e->key_size == size &&
                    memcmp(e->key, key, size) == 0)
                        return e->text;
        }
        return NULL;
}

/* Forgetting is always right, so a lack of memory here is no failure. Takes over key. */
static void memo_put(Store* s, const Statement* statement, char* key, size_t size, const char* text) {
        Memo** m = store_memo(s);
        char* copy = strlen(text) <= MEMO_TEXT_MAX ? strdup(text) : NULL;
        if (!*m)
                *m = calloc(1, sizeof(Memo));
        if (!copy || !*m) {
                free(copy);
                free(key);
                return;
        }
        MemoEntry* e = NULL;
        for (size_t i = 0; i < MEMO_ENTRIES && !e; i++)
                if ((*m)->entries[i].generation != store_generation(s))
                        e = &(*m)->entries[i];
        if (!e)
                e = &(*m)->entries[(*m)->next++ % MEMO_ENTRIES];
        free(e->key);
        free(e->text);
        *e = (MemoEntry) { .statement = statement, .key = key, .key_size = size, .text = copy, .generation = store_generation(s) };
}

typedef int (*Compute)(Store* s, const void* data, char** ret, Error* reterr);

/* Inside a transaction the answer may speak of what is not committed, so it is neither taken from memory nor kept there. */
static int remembered(
                Store* s,
                const Statement* statement,
                const Binding* bindings,
                Compute compute,
                const void* data,
                char** ret,
                Error* reterr) {
        _cleanup_free_ char* key = NULL;
        size_t size = 0;
        if (store_in_transaction(s))
                return compute(s, data, ret, reterr);
        int r = key_make(bindings, &key, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the store");
        const char* known = memo_find(*store_memo(s), store_generation(s), statement, key, size);
        if (known) {
                *ret = strdup(known);
                return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot read the store");
        }
        r = compute(s, data, ret, reterr);
        if (r >= 0)
                memo_put(s, statement, TAKE_PTR(key), size, *ret);
        return r;
}

typedef struct Total {
        const Statement* statement;
        const Binding* bindings;
} Total;

static int total_compute(Store* s, const void* data, char** ret, Error* reterr) {
        const Total* t = data;
        int64_t n = 0;
        int r = store_get_integer(s, t->statement, t->bindings, &n, reterr);
        if (r < 0)
                return r;
        return asprintf(ret, "%lld", (long long) n) < 0 ? error_errno(reterr, -ENOMEM, "Cannot read the store") : 0;
}

typedef struct Page {
        const Statement* rows;
        const Binding* bindings;
        Total total;    /* no statement: the number of rows */
        unsigned limit; /* 0 = all */
} Page;

static int write_rows(Store* s, const Page* p, FILE* f, unsigned* ret_n, char** ret_cursor, Error* reterr) {
        _cleanup_query_ Query q = {};
        _cleanup_free_ char* cursor = NULL;
        unsigned n = 0;
        int r = query_begin(s, p->rows, p->bindings, &q, reterr);
        if (r < 0)
                return r;
        while ((r = query_next(&q, reterr)) > 0) {
                if (p->limit && n == p->limit) {
                        *ret_cursor = TAKE_PTR(cursor); /* there is more */
                        break;
                }
                if (n++)
                        (void) fputc(',', f);
                (void) fputs(query_text(&q, 0), f);
                if (p->limit && n == p->limit && !(cursor = strdup(strempty(query_text(&q, 1)))))
                        return error_errno(reterr, -ENOMEM, "Cannot read the store");
        }
        *ret_n = n;
        return MIN(r, 0);
}

static int page_compute(Store* s, const void* data, char** ret, Error* reterr) {
        const Page* p = data;
        _cleanup_free_ char *text = NULL, *cursor = NULL, *total = NULL;
        size_t size = 0;
        unsigned n = 0;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return error_errno(reterr, -ENOMEM, "Cannot read the store");
        (void) fputs("{\"items\":[", f);
        int r = write_rows(s, p, f, &n, &cursor, reterr);
        if (r >= 0 && p->total.statement)
                r = remembered(s, p->total.statement, p->total.bindings, total_compute, &p->total, &total, reterr);
        if (r >= 0) {
                (void) fputs("],\"next\":", f);
                if (cursor)
                        fprintf(f, "\"%s\"", cursor); /* cursors are made of letters, digits, dot, dash and underscore */
                else
                        (void) fputs("null", f);
                if (total)
                        fprintf(f, ",\"total\":%s}", total);
                else
                        fprintf(f, ",\"total\":%u}", n);
        }
        if (fclose(f) != 0 && r >= 0)
                r = error_errno(reterr, -ENOMEM, "Cannot read the store");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(text);
        return 0;
}

int store_page(
                Store* s,
                const Statement* rows,
                const Binding* rows_bindings,
                const Statement* total,
                const Binding* total_bindings,
                unsigned limit,
                char** ret,
                Error* reterr) {
        Page p = { .rows = rows, .bindings = rows_bindings, .total = { total, total_bindings }, .limit = limit };
        return remembered(s, rows, rows_bindings, page_compute, &p, ret, reterr);
}

int store_items(Store* s, const Statement* rows, const Binding* bindings, char** ret, Error* reterr) {
        Page p = { .rows = rows, .bindings = bindings };
        return page_compute(s, &p, ret, reterr);
}

int like_pattern(const char* text, char** ret) {
        if (isempty(text)) {
                *ret = NULL;
                return 0;
        }
        char* pattern = malloc(strlen(text) * 2 + 3);
        if (!pattern)
                return -ENOMEM;
        char* p = pattern;
        *p++ = '%';
        for (const char* c = text; *c; c++) {
                if (*c == '%' || *c == '_' || *c == '\\')
                        *p++ = '\\';
                *p++ = *c;
        }
        *p++ = '%';
        *p = '\0';
        *ret = pattern;
        return 0;
}
