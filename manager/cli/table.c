#include "cli/table.h"
#include <wchar.h>

#define GAP 2        /* blanks between columns */
#define NARROWEST 10 /* columns are not narrowed below this; they are left out instead */
#define FIRST_MAX 32 /* so much of the first column stays whole */

struct Table {
        size_t n_columns, n_cells, n_room;
        char** cells; /* row by row */
        bool *right, *spare;
};

int table_new(size_t n_columns, Table** ret) {
        _cleanup_(table_freep) Table* t = malloc(sizeof(*t));
        if (!t)
                return -ENOMEM;
        *t = (Table) { .n_columns = n_columns, .right = calloc(n_columns, sizeof(bool)), .spare = calloc(n_columns, sizeof(bool)) };
        if (!t->right || !t->spare)
                return -ENOMEM;
        *ret = TAKE_PTR(t);
        return 0;
}

Table* table_free(Table* t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i]);
        free(t->cells);
        free(t->right);
        free(t->spare);
        free(t);
        return NULL;
}

void table_align_right(Table* t, size_t column) {
        t->right[column] = true;
}

void table_spare(Table* t, size_t column) {
        t->spare[column] = true;
}

/* One character at s: its bytes and the columns it takes. Broken UTF-8 counts byte by byte. */
static size_t next_character(const char* s, size_t* ret_columns) {
        wchar_t wide;
        mbstate_t state = {};
        size_t n = mbrtowc(&wide, s, strlen(s), &state);
        if (n == 0 || n == (size_t) -1 || n == (size_t) -2) {
                *ret_columns = 1;
                return 1;
        }
        int columns = wcwidth(wide);
        *ret_columns = columns < 0 ? 1 : (size_t) columns;
        return n;
}

size_t text_width(const char* s) {
        size_t width = 0, columns;
        for (; *s; width += columns)
                s += next_character(s, &columns);
        return width;
}

void text_tame(char* s, bool newlines) {
        for (; *s; s++) {
                if (((unsigned char) *s < ' ' && !(newlines && (*s == '\n' || *s == '\t'))) || *s == 0x7f)
                        *s = '?';
                /* U+0080 to U+009F, of which U+009B opens terminal commands as well */
                if ((unsigned char) s[0] == 0xc2 && (unsigned char) s[1] >= 0x80 && (unsigned char) s[1] <= 0x9f)
                        s[0] = s[1] = '?';
        }
}

int table_add(Table* t, const char* text) {
        if (t->n_cells == t->n_room) {
                size_t room = MAX(t->n_room * 2, (size_t) 64);
                char** bigger = reallocarray(t->cells, room, sizeof(*bigger));
                if (!bigger)
                        return -ENOMEM;
                t->cells = bigger;
                t->n_room = room;
        }
        char* copy = strdup(text);
        if (!copy)
                return -ENOMEM;
        text_tame(copy, /* newlines= */ false);
        t->cells[t->n_cells++] = copy;
        return 0;
}

static size_t total_width(const Table* t, const size_t* widths) {
        size_t sum = 0;
        for (size_t c = 0; c < t->n_columns; c++)
                if (widths[c] > 0)
                        sum += widths[c] + GAP;
        return sum > 0 ? sum - GAP : 0;
}

static bool column_is_blank(const Table* t, size_t column) {
        for (size_t i = t->n_columns + column; i < t->n_cells; i += t->n_columns)
                if (!isempty(t->cells[i]) && !streq(t->cells[i], "-"))
                        return false;
        return t->n_cells > t->n_columns;
}

/* Whether an earlier column says the same. */
static bool column_is_copy(const Table* t, size_t column) {
        for (size_t earlier = 0; earlier < column; earlier++) {
                size_t i = t->n_columns;
                while (i < t->n_cells && streq(t->cells[i + column], t->cells[i + earlier]))
                        i += t->n_columns;
                if (i >= t->n_cells)
                        return true;
        }
        return false;
}

/* Takes from the widest of the columns from first on until the table fits. Returns whether it does. */
static bool narrow(const Table* t, size_t* widths, size_t first, size_t width) {
        while (total_width(t, widths) > width) {
                size_t widest = first, second = NARROWEST;
                for (size_t c = first + 1; c < t->n_columns; c++)
                        if (widths[c] > widths[widest])
                                widest = c;
                for (size_t c = first; c < t->n_columns; c++)
                        if (c != widest && widths[c] > second && widths[c] < widths[widest])
                                second = widths[c];
                if (widest >= t->n_columns || widths[widest] <= NARROWEST)
                        return false;
                size_t excess = total_width(t, widths) - width;
                size_t step = MAX(widths[widest] - second, (size_t) 1);
                widths[widest] -= MIN(excess, step);
        }
        return true;
}

static void fit(const Table* t, size_t* widths, size_t width) {
        if (width == 0 || total_width(t, widths) <= width)
                return;
        for (size_t c = 0; c < t->n_columns; c++)
                if (column_is_blank(t, c) || column_is_copy(t, c) || (c > 0 && widths[c] > 2 * width))
                        widths[c] = 0;
        for (size_t c = t->n_columns; c-- > 1 && total_width(t, widths) > width;)
                if (t->spare[c])
                        widths[c] = 0;
        size_t first = t->n_columns > 1 && widths[0] <= FIRST_MAX ? 1 : 0;
        for (size_t last = t->n_columns; !narrow(t, widths, first, width) && last > 1; last--) {
                widths[last - 1] = 0;
                if (last <= 3)
                        first = 0; /* too narrow even for that */
        }
}

static void print_cell(FILE* f, const char* s, size_t width, bool right, bool last) {
        size_t have = text_width(s), used = 0, columns;
        if (right && have < width)
                (void) fprintf(f, "%*s", (int) (width - have), "");
        if (have <= width)
                (void) fputs(s, f);
        else {
                for (size_t n; *s; s += n, used += columns) {
                        n = next_character(s, &columns);
                        if (used + columns > width - 1)
                                break;
                        (void) fwrite(s, 1, n, f);
                }
                (void) fputs("…", f);
                have = used + 1;
        }
        if (!last)
                (void) fprintf(f, "%*s", (int) ((right || have >= width ? 0 : width - have) + GAP), "");
}

int table_print(const Table* t, FILE* f, size_t width) {
        _cleanup_free_ size_t* widths = calloc(t->n_columns, sizeof(size_t));
        if (!widths)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_cells; i++)
                widths[i % t->n_columns] = MAX(widths[i % t->n_columns], text_width(t->cells[i]));
        fit(t, widths, width);

        size_t last = t->n_columns - 1;
        while (last > 0 && widths[last] == 0)
                last--;
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t c = i % t->n_columns;
                if (widths[c] > 0)
                        print_cell(f, t->cells[i], widths[c], t->right[c], c == last);
                if (c == t->n_columns - 1)
                        (void) fputc('\n', f);
        }
        return 0;
}
