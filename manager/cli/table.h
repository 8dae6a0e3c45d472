/* A table of text for a terminal: columns as wide as needed, narrowed and, last, left out where the terminal is too narrow. The first
 * column is what people copy into the next command, so it stays whole as long as it can. */
#pragma once
#include "base/macro.h"
#include <stdio.h>

typedef struct Table Table;

int table_new(size_t n_columns, Table** ret);
Table* table_free(Table* t);
DEFINE_CLEANUP(Table*, table_free);
void table_align_right(Table* t, size_t column);
/* The column says little to people and is left out first where the terminal is too narrow. */
void table_spare(Table* t, size_t column);
/* Cells fill rows from left to right; the first row is the heading. The text is copied; control characters become '?'. */
int table_add(Table* t, const char* text);
/* width 0: as wide as it gets, for pipes. */
int table_print(const Table* t, FILE* f, size_t width);

/* Columns that UTF-8 takes on a terminal. */
size_t text_width(const char* s);
/* Text of strangers must not drive the terminal. Newlines stay where allowed. In place. */
void text_tame(char* s, bool newlines);
