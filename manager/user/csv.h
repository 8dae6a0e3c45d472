/* Tables as text (RFC 4180): a pure reader and a writer. Owns nothing but the record being read. */
#pragma once
#include "base/macro.h"
#include <stdio.h>

#define CSV_FIELDS_MAX 16
#define CSV_FIELD_BYTES_MAX 4096

typedef struct CsvReader {
        const char* text;
        size_t size, at;
        char delimiter;  /* comma, or semicolon as spreadsheets of some countries write */
        unsigned line;   /* of the record last read, from 1 */
        unsigned n_lines;
        size_t n_fields;
        char* fields[CSV_FIELDS_MAX]; /* NUL-terminated, into buffer */
        char* buffer;    /* owned */
        size_t room;
} CsvReader;

typedef enum CsvResult {
        CSV_END,
        CSV_RECORD,
        CSV_BAD_QUOTE,  /* text behind a closing quote, or a quote inside a bare field */
        CSV_OPEN_QUOTE, /* the file ends inside quotes */
        CSV_TOO_MANY,   /* more than CSV_FIELDS_MAX fields */
        CSV_TOO_LONG,   /* a field above CSV_FIELD_BYTES_MAX */
        CSV_NUL,        /* a NUL byte */
        CSV_NO_MEMORY,
} CsvResult;
const char* csv_result_sentence(CsvResult r);

void csv_reader_init(CsvReader* r, const char* text, size_t size); /* skips a byte order mark; guesses the delimiter from line 1 */
void csv_reader_done(CsvReader* r);
/* Blank lines are skipped. After a fault the reader stands still. */
CsvResult csv_read(CsvReader* r);

/* One field, quoted where needed. A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection);
 * csv_plain() takes it away again. */
void csv_write(FILE* f, const char* text);
const char* csv_plain(const char* text);
