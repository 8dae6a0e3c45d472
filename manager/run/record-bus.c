#include "run/record-fields.h"
#include <stdio.h>

static int append_strings(sd_bus_message* m, const char* const* strings) {
        int r = sd_bus_message_open_container(m, 'a', "s");
        for (; r >= 0 && strings && *strings; strings++)
                r = sd_bus_message_append_basic(m, 's', *strings);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_members(sd_bus_message* m, const RecordType* type, const char* at);

static int append_struct(sd_bus_message* m, const RecordType* type, const char* at) {
        int r = sd_bus_message_open_container(m, 'r', type->signature);
        if (r >= 0)
                r = append_members(m, type, at);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_list(sd_bus_message* m, const RecordField* f, const char* at) {
        char contents[128];
        size_t n = *(const size_t*) (at + f->n_offset);
        const char* items = record_pointer(at + f->offset);
        if (f->kind == RECORD_NUMBERS)
                return sd_bus_message_append_array(m, 'u', items, n * sizeof(uint32_t));
        (void) snprintf(contents, sizeof(contents), "(%s)", f->type->signature);
        int r = sd_bus_message_open_container(m, 'a', contents);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = append_struct(m, f->type, items + i * f->type->size);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_field(sd_bus_message* m, const RecordField* f, const char* at) {
        const void* value = at + f->offset;
        switch (f->kind) {
        case RECORD_STRING:
                return sd_bus_message_append_basic(m, 's', strempty(*(const char* const*) value));
        case RECORD_BOOLEAN:
                return sd_bus_message_append(m, "b", (int) *(const bool*) value);
        case RECORD_U16:
                return sd_bus_message_append(m, "u", (uint32_t) *(const uint16_t*) value);
        case RECORD_U32:
                return sd_bus_message_append_basic(m, 'u', value);
        case RECORD_U64:
                return sd_bus_message_append_basic(m, 't', value);
        case RECORD_STRINGS:
                return append_strings(m, *(const char* const* const*) value);
        case RECORD_NUMBERS:
        case RECORD_LIST:
                return append_list(m, f, at);
        case RECORD_STRUCT:
                return append_struct(m, f->type, value);
        }
        return -EINVAL;
}

static int append_members(sd_bus_message* m, const RecordType* type, const char* at) {
        int r = 0;
        for (size_t i = 0; i < type->n && r >= 0; i++)
                r = append_field(m, &type->fields[i], at);
        return r;
}

int app_record_append(sd_bus_message* m, const AppRecord* a) {
        return append_members(m, &app_record_type, (const char*) a);
}

/* The message outlives nothing: strings are copied. */
static int read_string(RecordMemory* memory, sd_bus_message* m, const char** ret) {
        const char* s;
        int r = sd_bus_message_read_basic(m, 's', &s);
        if (r <= 0)
                return r < 0 ? r : -ENXIO;
        size_t size = strlen(s) + 1;
        char* copy = record_memory_take(memory, 1, size);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, s, size);
        *ret = copy;
        return 0;
}

static int too_many(const RecordField* f, Error* reterr) {
        return error_field(reterr, ERROR_TOO_LARGE, f->name, "The record's %s has more than %zu entries.", f->name, f->max);
}

static int read_strings(RecordMemory* memory, sd_bus_message* m, const RecordField* f, const char* const** ret, Error* reterr) {
        const char** list = record_memory_take(memory, f->max + 1, sizeof(char*));
        int r = list ? sd_bus_message_enter_container(m, 'a', "s") : -ENOMEM;
        for (size_t n = 0; r >= 0; n++) {
                r = sd_bus_message_at_end(m, /* complete= */ false);
                if (r != 0)
                        break;
                r = n < f->max ? read_string(memory, m, &list[n]) : too_many(f, reterr);
        }
        if (r < 0)
                return r;
        *ret = list;
        return sd_bus_message_exit_container(m);
}

static int read_members(RecordMemory* memory, sd_bus_message* m, const RecordType* type, char* at, Error* reterr);

static int read_struct(RecordMemory* memory, sd_bus_message* m, const RecordType* type, char* at, Error* reterr) {
        int r = sd_bus_message_enter_container(m, 'r', type->signature);
        if (r >= 0)
                r = read_members(memory, m, type, at, reterr);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_list(RecordMemory* memory, sd_bus_message* m, const RecordField* f, char* at, Error* reterr) {
        char contents[128];
        size_t n = 0;
        char* items = record_memory_take(memory, f->max, f->type->size);
        (void) snprintf(contents, sizeof(contents), "(%s)", f->type->signature);
        int r = items ? sd_bus_message_enter_container(m, 'a', contents) : -ENOMEM;
        for (; r >= 0; n++) {
                r = sd_bus_message_at_end(m, /* complete= */ false);
                if (r != 0)
                        break;
                r = n < f->max ? read_struct(memory, m, f->type, items + n * f->type->size, reterr) : too_many(f, reterr);
        }
        if (r < 0)
                return r;
        record_pointer_put(at + f->offset, items);
        *(size_t*) (at + f->n_offset) = n;
        return sd_bus_message_exit_container(m);
}

static int read_numbers(RecordMemory* memory, sd_bus_message* m, const RecordField* f, char* at, Error* reterr) {
        const void* numbers;
        size_t size;
        int r = sd_bus_message_read_array(m, 'u', &numbers, &size);
        if (r < 0)
                return r;
        if (size / sizeof(uint32_t) > f->max)
                return too_many(f, reterr);
        void* copy = record_memory_take(memory, 1, size);
        if (!copy)
                return -ENOMEM;
        if (size > 0)
                memcpy(copy, numbers, size);
        record_pointer_put(at + f->offset, copy);
        *(size_t*) (at + f->n_offset) = size / sizeof(uint32_t);
        return 0;
}

static int read_u16(sd_bus_message* m, const RecordField* f, uint16_t* ret, Error* reterr) {
        uint32_t number;
        int r = sd_bus_message_read_basic(m, 'u', &number);
        if (r > 0 && number > UINT16_MAX)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "The record's %s is above 65535.", f->name);
        *ret = r > 0 ? (uint16_t) number : 0;
        return r;
}

static int read_field(RecordMemory* memory, sd_bus_message* m, const RecordField* f, char* at, Error* reterr) {
        void* value = at + f->offset;
        int boolean, r;
        switch (f->kind) {
        case RECORD_STRING:
                return read_string(memory, m, value);
        case RECORD_BOOLEAN:
                r = sd_bus_message_read_basic(m, 'b', &boolean);
                *(bool*) value = r > 0 && boolean;
                return r;
        case RECORD_U16:
                return read_u16(m, f, value, reterr);
        case RECORD_U32:
                return sd_bus_message_read_basic(m, 'u', value);
        case RECORD_U64:
                return sd_bus_message_read_basic(m, 't', value);
        case RECORD_STRINGS:
                return read_strings(memory, m, f, value, reterr);
        case RECORD_NUMBERS:
                return read_numbers(memory, m, f, at, reterr);
        case RECORD_LIST:
                return read_list(memory, m, f, at, reterr);
        case RECORD_STRUCT:
                return read_struct(memory, m, f->type, value, reterr);
        }
        return -EINVAL;
}

static int read_members(RecordMemory* memory, sd_bus_message* m, const RecordType* type, char* at, Error* reterr) {
        for (size_t i = 0; i < type->n; i++) {
                int r = read_field(memory, m, &type->fields[i], at, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

int app_record_from_message(sd_bus_message* m, AppRecord** ret, Error* reterr) {
        RecordMemory* memory = record_memory_new();
        _cleanup_(app_record_freep) AppRecord* a = memory ? &memory->record : NULL;
        int r = memory ? read_members(memory, m, &app_record_type, (char*) a, reterr) : -ENOMEM;
        if (r >= 0)
                r = app_record_check(a, reterr);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot read the app's record");
        *ret = TAKE_PTR(a);
        return 0;
}
