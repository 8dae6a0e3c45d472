/* The few macros every file uses: owned locals, handing over, sizes. */
#pragma once
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _noreturn_ __attribute__((noreturn))

/* Defines <f>p(), which calls f() on what a pointer variable holds; used as _cleanup_(<f>p). */
#define DEFINE_CLEANUP(type, f)               \
        static inline void f##p(type* p) {    \
                if (*p)                       \
                        (void) f(*p);         \
        }

static inline void freep(void* p) {
        free(*(void**) p);
}
static inline void closep(int* fd) {
        if (*fd >= 0)
                (void) close(*fd);
}
#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

#define TAKE_PTR(p)                           \
        ({                                    \
                __typeof__(p)* _pp = &(p);    \
                __typeof__(p) _value = *_pp;  \
                *_pp = NULL;                  \
                _value;                       \
        })
#define TAKE_FD(fd)                           \
        ({                                    \
                int* _fdp = &(fd);            \
                int _value = *_fdp;           \
                *_fdp = -EBADF;               \
                _value;                       \
        })

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b) ({ __typeof__(a) _min_a = (a); __typeof__(b) _min_b = (b); _min_a < _min_b ? _min_a : _min_b; })
#define MAX(a, b) ({ __typeof__(a) _max_a = (a); __typeof__(b) _max_b = (b); _max_a > _max_b ? _max_a : _max_b; })
#define USEC_PER_SEC ((uint64_t) 1000000)
#define USEC_PER_MSEC ((uint64_t) 1000)

static inline bool streq(const char* a, const char* b) {
        return strcmp(a, b) == 0;
}
static inline bool streq_ptr(const char* a, const char* b) {
        return a == b || (a && b && streq(a, b));
}
static inline const char* strempty(const char* s) {
        return s ?: "";
}
static inline bool isempty(const char* s) {
        return !s || !*s;
}
/* The rest of s behind prefix, or NULL. */
static inline const char* startswith(const char* s, const char* prefix) {
        size_t n = strlen(prefix);
        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}
