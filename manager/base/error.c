#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>

static const struct {
        const char* name;
        int errno_value;
        unsigned http;
        int exit_code;
        const char* sentence;
} error_table[_ERROR_MAX] = {
#define ERR(symbol, name, errno_value, http, exit_code, sentence) \
        [ERROR_##symbol] = { name, errno_value, http, exit_code, sentence },
#include "tbl/errors.h"
#undef ERR
};

void error_done(Error* e) {
        if (!e)
                return;
        free(e->message);
        free(e->field);
        free(e->hint);
        *e = ERROR_NULL;
}

bool error_has_name(const Error* e, ErrorName name) {
        return error_is_set(e) && e->name == name;
}

_printf_(4, 0) static int error_setv(Error* e, ErrorName name, const char* field, const char* format, va_list ap) {
        assert(name >= 0 && name < _ERROR_MAX);
        if (e && !e->message) {
                char* message = NULL;
                if (vasprintf(&message, format, ap) < 0)
                        message = strdup(error_table[name].sentence);
                e->name = name;
                e->message = message;
                e->field = field ? strdup(field) : NULL;
        }
        return -error_table[name].errno_value;
}

int error_set(Error* reterr, ErrorName name, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        int r = error_setv(reterr, name, NULL, format, ap);
        va_end(ap);
        return r;
}

int error_field(Error* reterr, ErrorName name, const char* field, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        int r = error_setv(reterr, name, field, format, ap);
        va_end(ap);
        return r;
}

int error_hint(Error* reterr, const char* format, ...) {
        if (!error_is_set(reterr))
                return -EIO;
        va_list ap;
        va_start(ap, format);
        char* hint = NULL;
        if (!reterr->hint && vasprintf(&hint, format, ap) >= 0)
                reterr->hint = hint;
        va_end(ap);
        return -error_table[reterr->name].errno_value;
}

int error_context(Error* reterr, const char* format, ...) {
        if (!error_is_set(reterr))
                return -EIO;
        _cleanup_free_ char* front = NULL;
        char* whole = NULL;
        va_list ap;
        va_start(ap, format);
        if (vasprintf(&front, format, ap) < 0)
                front = NULL;
        va_end(ap);
        if (front && asprintf(&whole, "%s: %s", front, reterr->message) >= 0) {
                free(reterr->message);
                reterr->message = whole;
        }
        return -error_table[reterr->name].errno_value;
}

int error_errno(Error* reterr, int r, const char* format, ...) {
        assert(r < 0);
        if (error_is_set(reterr))
                return r;
        ErrorName name = r == -ENOSPC || r == -EDQUOT ? ERROR_STORAGE_FULL : ERROR_INTERNAL;
        va_list ap;
        va_start(ap, format);
        (void) error_setv(reterr, name, NULL, format, ap);
        va_end(ap);
        char* whole = NULL;
        if (reterr && reterr->message && asprintf(&whole, "%s: %s", reterr->message, strerror(-r)) >= 0) {
                free(reterr->message);
                reterr->message = whole;
        }
        return r;
}

const char* error_name_to_string(ErrorName name) {
        return name >= 0 && name < _ERROR_MAX ? error_table[name].name : NULL;
}

ErrorName error_name_from_string(const char* s) {
        for (ErrorName i = 0; i < _ERROR_MAX; i++)
                if (streq_ptr(error_table[i].name, s))
                        return i;
        return _ERROR_INVALID;
}

const char* error_name_sentence(ErrorName name) {
        assert(name >= 0 && name < _ERROR_MAX);
        return error_table[name].sentence;
}

int error_name_errno(ErrorName name) {
        assert(name >= 0 && name < _ERROR_MAX);
        return error_table[name].errno_value;
}

unsigned error_name_http(ErrorName name) {
        assert(name >= 0 && name < _ERROR_MAX);
        return error_table[name].http;
}

int error_name_exit_code(ErrorName name) {
        assert(name >= 0 && name < _ERROR_MAX);
        return error_table[name].exit_code;
}
