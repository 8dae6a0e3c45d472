#include "scrub.h"
#include <stdio.h>

typedef struct Scrub {
        char* text;
        size_t size;
        unsigned found;
} Scrub;

static void black_out(Scrub* s, const char* needle) {
        size_t n = strlen(needle);
        if (n == 0)
                return;
        for (char* p = s->text; (p = memmem(p, s->size - (size_t) (p - s->text), needle, n)); p += n, s->found++)
                memset(p, 'x', n);
}

/* As it stands inside a JSON string. depth 2: a JSON document inside a JSON or YAML string. */
static char* json_spelling(const char* s, unsigned depth) {
        char* out = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&out, &size);
        if (!f)
                return NULL;
        for (; *s; s++) {
                unsigned slashes = *s == '"' ? (1U << depth) - 1 : *s == '\\' ? (1U << depth) - 1 : 0;
                for (unsigned i = 0; i < slashes; i++)
                        (void) fputc('\\', f);
                (void) fputc(*s, f);
        }
        return fclose(f) == 0 ? out : NULL;
}

static void on_secret(const char* secret, void* userdata) {
        Scrub* s = userdata;
        for (unsigned depth = 0; depth <= 2; depth++) {
                char* spelling = json_spelling(secret, depth);
                if (spelling) {
                        black_out(s, spelling);
                        explicit_bzero(spelling, strlen(spelling));
                        free(spelling);
                }
        }
}

unsigned scrub_secrets(char* text, size_t size, const Config* config) {
        Scrub s = { .text = text, .size = size };
        config_each_secret(config, on_secret, &s);
        return s.found;
}

bool scrub_opaque(const char* text, size_t size) {
        static const char* const marks[] = { "Content-Transfer-Encoding: base64", "encoding: b64", "encoding: base64", "encoding: gz", "!!binary",
                                             "ci-b64:" };
        if (size >= 2 && (unsigned char) text[0] == 0x1f && (unsigned char) text[1] == 0x8b)
                return true;
        for (size_t i = 0; i < ELEMENTS(marks); i++)
                if (memmem(text, size, marks[i], strlen(marks[i])))
                        return true;
        return false;
}
