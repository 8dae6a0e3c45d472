#include "user/csv.h"

const char* csv_result_sentence(CsvResult r) {
        static const char* const table[] = {
                [CSV_END] = "the end",
                [CSV_RECORD] = "a record",
                [CSV_BAD_QUOTE] = "a quotation mark stands where it may not",
                [CSV_OPEN_QUOTE] = "a quotation mark is opened and never closed",
                [CSV_TOO_MANY] = "there are too many columns",
                [CSV_TOO_LONG] = "a field is too long",
                [CSV_NUL] = "there is a NUL byte",
                [CSV_NO_MEMORY] = "there is not enough memory",
        };
        return table[r];
}

void csv_reader_init(CsvReader* r, const char* text, size_t size) {
        *r = (CsvReader) { .text = text, .size = size, .delimiter = ',' };
        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                r->at = 3;
        for (size_t i = r->at; i < size && text[i] != '\n' && text[i] != ','; i++)
                if (text[i] == ';')
                        r->delimiter = ';';
}

void csv_reader_done(CsvReader* r) {
        free(r->buffer);
        r->buffer = NULL;
}

/* Room for the largest record there may be; it never moves, so that fields can point into it. */
static bool buffer_ready(CsvReader* r) {
        if (!r->buffer) {
                r->room = MIN(r->size + CSV_FIELDS_MAX + 1, (size_t) CSV_FIELDS_MAX * (CSV_FIELD_BYTES_MAX + 1));
                r->buffer = malloc(r->room);
        }
        return r->buffer;
}

/* A quoted field; at stands behind the opening quote. Appends to *p. */
static CsvResult read_quoted(CsvReader* r, size_t* at, char** p) {
        const char* begin = *p;
        for (;;) {
                if (*at == r->size)
                        return CSV_OPEN_QUOTE;
                char c = r->text[(*at)++];
                if (c == '"') {
                        if (*at == r->size || r->text[*at] != '"')
                                return CSV_RECORD;
                        (*at)++;
                }
                if (c == '\0')
                        return CSV_NUL;
                if (c == '\n')
                        r->n_lines++;
                if (*p - begin == CSV_FIELD_BYTES_MAX)
                        return CSV_TOO_LONG;
                *(*p)++ = c;
        }
}

static bool at_line_end(const CsvReader* r, size_t at) {
        return at == r->size || r->text[at] == '\n' || (r->text[at] == '\r' && (at + 1 == r->size || r->text[at + 1] == '\n'));
}

static CsvResult read_bare(CsvReader* r, size_t* at, char** p) {
        const char* begin = *p;
        for (; !at_line_end(r, *at) && r->text[*at] != r->delimiter; (*at)++) {
                if (r->text[*at] == '"')
                        return CSV_BAD_QUOTE;
                if (r->text[*at] == '\0')
                        return CSV_NUL;
                if (*p - begin == CSV_FIELD_BYTES_MAX)
                        return CSV_TOO_LONG;
                *(*p)++ = r->text[*at];
        }
        return CSV_RECORD;
}

static void skip_line_end(const CsvReader* r, size_t* at) {
        if (*at < r->size && r->text[*at] == '\r')
                (*at)++;
        if (*at < r->size && r->text[*at] == '\n')
                (*at)++;
}

CsvResult csv_read(CsvReader* r) {
        if (!buffer_ready(r))
                return CSV_NO_MEMORY;
        for (; r->at < r->size && at_line_end(r, r->at); r->n_lines++)
                skip_line_end(r, &r->at);
        if (r->at == r->size)
                return CSV_END;
        size_t at = r->at;
        char* p = r->buffer;
        r->line = r->n_lines + 1;
        r->n_fields = 0;
        for (;;) {
                if (r->n_fields == CSV_FIELDS_MAX)
                        return CSV_TOO_MANY;
                r->fields[r->n_fields++] = p;
                bool quoted = at < r->size && r->text[at] == '"';
                at += quoted;
                CsvResult result = quoted ? read_quoted(r, &at, &p) : read_bare(r, &at, &p);
                if (result != CSV_RECORD)
                        return result;
                *p++ = '\0';
                if (at_line_end(r, at))
                        break;
                if (r->text[at] != r->delimiter)
                        return CSV_BAD_QUOTE;
                at++;
        }
        skip_line_end(r, &at);
        r->n_lines++;
        r->at = at;
        return CSV_RECORD;
}

/* What a spreadsheet would compute, or such a text behind apostrophes of its own. */
static bool needs_apostrophe(const char* text) {
        text += strspn(text, "'");
        return *text && strchr("=+-@\t\r", *text);
}

void csv_write(FILE* f, const char* text) {
        bool apostrophe = needs_apostrophe(text);
        bool quote = apostrophe || strpbrk(text, ",;\"\r\n") || *text == ' ';
        if (quote)
                (void) fputc('"', f);
        if (apostrophe)
                (void) fputc('\'', f);
        for (; *text; text++) {
                if (*text == '"')
                        (void) fputc('"', f);
                (void) fputc(*text, f);
        }
        if (quote)
                (void) fputc('"', f);
}

const char* csv_plain(const char* text) {
        return *text == '\'' && needs_apostrophe(text) ? text + 1 : text;
}
