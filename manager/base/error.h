/* An error for people: a name from tbl/errors.h and a sentence that says what failed, why and what to do. The first failure names
 * it; callers may add context in front, never replace it. */
#pragma once
#include "base/macro.h"

typedef enum ErrorName {
#define ERR(symbol, name, errno_value, http, exit_code, sentence) ERROR_##symbol,
#include "tbl/errors.h"
#undef ERR
        _ERROR_MAX,
        _ERROR_INVALID = -EINVAL,
} ErrorName;

typedef struct Error {
        ErrorName name;       /* meaningful only while message is set */
        char* message;        /* owned; NULL = no error */
        char* field;          /* owned; the field the person can mend, or NULL */
        char* hint;           /* owned; what to do next, or NULL */
        unsigned retry_after; /* seconds for Retry-After, 0 = none */
} Error;

#define ERROR_NULL ((Error) {})
void error_done(Error* e); /* frees the content; e may be NULL or empty */
#define _cleanup_error_ _cleanup_(error_done)

static inline bool error_is_set(const Error* e) {
        return e && e->message;
}
bool error_has_name(const Error* e, ErrorName name);

/* Sets (unless already set) and returns the table's negative errno, so that "return error_set(...)" reads well. reterr may be NULL. */
int error_set(Error* reterr, ErrorName name, const char* format, ...) _printf_(3, 4);
/* The same for one field of the input. */
int error_field(Error* reterr, ErrorName name, const char* field, const char* format, ...) _printf_(4, 5);
/* Adds a remedy to a set error; returns its errno. */
int error_hint(Error* reterr, const char* format, ...) _printf_(2, 3);
/* Puts context in front of the message; returns its errno. */
int error_context(Error* reterr, const char* format, ...) _printf_(2, 3);
/* For a bare -errno from the system: INTERNAL (or STORAGE_FULL for ENOSPC and EDQUOT) with strerror behind the sentence. Returns r. */
int error_errno(Error* reterr, int r, const char* format, ...) _printf_(3, 4);

const char* error_name_to_string(ErrorName name);
ErrorName error_name_from_string(const char* s); /* _ERROR_INVALID when unknown */
const char* error_name_sentence(ErrorName name);
int error_name_errno(ErrorName name);       /* positive */
unsigned error_name_http(ErrorName name);   /* status */
int error_name_exit_code(ErrorName name);
