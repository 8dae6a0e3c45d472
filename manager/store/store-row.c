#include "store/store-row.h"

static char** text_at(void* row, const RowColumn* c) {
        return (char**) ((char*) row + c->offset);
}

void row_done(const RowShape* shape, void* row) {
        for (size_t i = 0; i < shape->texts_n; i++)
                free(*text_at(row, &shape->texts[i]));
        memset(row, 0, shape->size);
}

void rows_done(const RowShape* shape, void* rows, size_t n) {
        for (size_t i = 0; i < n; i++)
                row_done(shape, (char*) rows + i * shape->size);
        free(rows);
}

void row_borrow(Query* q, const RowShape* shape, void* ret) {
        int column = 0;
        memset(ret, 0, shape->size);
        for (size_t i = 0; i < shape->texts_n; i++)
                *text_at(ret, &shape->texts[i]) = (char*) query_text(q, column++);
        for (size_t i = 0; i < shape->numbers_n; i++)
                *(int64_t*) ((char*) ret + shape->numbers[i].offset) = query_integer(q, column++);
        for (size_t i = 0; i < shape->truths_n; i++)
                *(bool*) ((char*) ret + shape->truths[i].offset) = query_integer(q, column++);
}

static int row_take(Query* q, const RowShape* shape, void* ret, Error* reterr) {
        bool whole = true;
        row_borrow(q, shape, ret);
        for (size_t i = 0; i < shape->texts_n; i++) {
                char** text = text_at(ret, &shape->texts[i]);
                *text = whole ? strdup(strempty(*text)) : NULL;
                whole = *text;
        }
        if (whole)
                return 1;
        row_done(shape, ret);
        return error_errno(reterr, -ENOMEM, "Cannot read %s", shape->what);
}

int row_get(Store* s, const Statement* statement, const Binding* bindings, const RowShape* shape, void* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, statement, bindings, &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        return r <= 0 ? r : row_take(&q, shape, ret, reterr);
}

int rows_get(Store* s, const Statement* statement, const Binding* bindings, const RowShape* shape, void** ret, size_t* ret_n,
             Error* reterr) {
        _cleanup_query_ Query q = {};
        char* rows = NULL;
        size_t n = 0;
        int r = query_begin(s, statement, bindings, &q, reterr);
        while (r >= 0 && (r = query_next(&q, reterr)) > 0) {
                char* more = reallocarray(rows, n + 1, shape->size);
                rows = more ?: rows;
                r = more ? row_take(&q, shape, rows + n * shape->size, reterr)
                         : error_errno(reterr, -ENOMEM, "Cannot read %s", shape->what);
                n += r > 0;
        }
        if (r < 0) {
                rows_done(shape, rows, n);
                return r;
        }
        *ret = rows;
        *ret_n = n;
        return 0;
}
