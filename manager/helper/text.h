/* A growing text for renderers. The first failure sticks, so that a renderer asks once, at the end. */
#pragma once
#include "base/error.h"

#define TEXT_MAX (8 * 1024 * 1024) /* nginx with as many names as may be, each with a certificate of its own */

typedef struct Text {
        char* bytes; /* owned, NUL-terminated once anything was added */
        size_t size, room;
        int error;   /* -ENOMEM, -EFBIG, or -EINVAL for a value that may not stand in a file */
} Text;

void text_done(Text* t);
void text_add(Text* t, const char* constant);                 /* template text */
void text_add_value(Text* t, const char* value);              /* refused unless check_plain() */
void text_add_number(Text* t, unsigned number);
/* Replaces every %NAME% of the template by the value of that name in the NULL-ended list name, value, name, value ... A name that is
 * not listed is our own mistake. */
void text_add_template(Text* t, const char* template, const char* const* values);
/* Hands the text over, or says what was wrong. */
int text_take(Text* t, char** ret, Error* reterr);
