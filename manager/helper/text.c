#include "helper/text.h"
#include "helper/check.h"
#include <stdio.h>

void text_done(Text* t) {
        free(t->bytes);
        *t = (Text) {};
}

static void add_bytes(Text* t, const char* bytes, size_t size) {
        if (t->error < 0)
                return;
        if (t->size + size > TEXT_MAX) {
                t->error = -EFBIG;
                return;
        }
        if (t->size + size + 1 > t->room) {
                size_t room = MAX(t->room * 2, t->size + size + 1024);
                char* bigger = realloc(t->bytes, room);
                if (!bigger) {
                        t->error = -ENOMEM;
                        return;
                }
                t->bytes = bigger;
                t->room = room;
        }
        memcpy(t->bytes + t->size, bytes, size);
        t->size += size;
        t->bytes[t->size] = 0;
}

void text_add(Text* t, const char* constant) {
        add_bytes(t, constant, strlen(constant));
}

void text_add_value(Text* t, const char* value) {
        if (t->error == 0 && !check_plain(value))
                t->error = -EINVAL;
        add_bytes(t, value, strlen(value));
}

void text_add_number(Text* t, unsigned number) {
        char digits[16];
        int n = snprintf(digits, sizeof(digits), "%u", number);
        add_bytes(t, digits, (size_t) n);
}

static const char* value_of(const char* const* values, const char* name, size_t size) {
        for (; values[0]; values += 2)
                if (strlen(values[0]) == size && memcmp(values[0], name, size) == 0)
                        return values[1];
        return NULL;
}

void text_add_template(Text* t, const char* template, const char* const* values) {
        for (const char* at; (at = strchr(template, '%')); template = strchr(at + 1, '%') + 1) {
                size_t size = strcspn(at + 1, "%");
                const char* value = value_of(values, at + 1, size);
                assert(at[1 + size] == '%' && value);
                add_bytes(t, template, (size_t) (at - template));
                text_add_value(t, value);
        }
        text_add(t, template);
}

int text_take(Text* t, char** ret, Error* reterr) {
        if (t->error == -EINVAL)
                return error_set(reterr, ERROR_BAD_FIELD, "A value holds a byte that may not stand in a configuration file.");
        if (t->error == -EFBIG)
                return error_set(reterr, ERROR_TOO_LARGE, "The configuration would be larger than %d bytes.", TEXT_MAX);
        if (t->error < 0)
                return t->error;
        *ret = TAKE_PTR(t->bytes);
        return 0;
}
