#include "base/file.h"
#include "base/secret.h"
#include "base/validate.h"
#include "run/record-fields.h"
#include <fcntl.h>
#include <stdio.h>

static json_t* strings_to_json(const char* const* strings) {
        json_t* list = json_array();
        for (; list && strings && *strings; strings++)
                if (json_array_append_new(list, json_string(*strings)) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static json_t* struct_to_json(const RecordType* type, const char* at);

static json_t* list_to_json(const RecordField* f, const char* at) {
        json_t* list = json_array();
        size_t n = *(const size_t*) (at + f->n_offset);
        const char* items = record_pointer(at + f->offset);
        for (size_t i = 0; list && i < n; i++) {
                json_t* item = f->kind == RECORD_NUMBERS ? json_integer(((const uint32_t*) items)[i])
                                                         : struct_to_json(f->type, items + i * f->type->size);
                if (json_array_append_new(list, item) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static json_t* field_to_json(const RecordField* f, const char* at) {
        const char* value = at + f->offset;
        switch (f->kind) {
        case RECORD_STRING:
                return json_string(strempty(*(const char* const*) value));
        case RECORD_BOOLEAN:
                return json_boolean(*(const bool*) value);
        case RECORD_U16:
                return json_integer(*(const uint16_t*) value);
        case RECORD_U32:
                return json_integer(*(const uint32_t*) value);
        case RECORD_U64:
                return json_integer((json_int_t) *(const uint64_t*) value);
        case RECORD_STRINGS:
                return strings_to_json(*(const char* const* const*) value);
        case RECORD_NUMBERS:
        case RECORD_LIST:
                return list_to_json(f, at);
        case RECORD_STRUCT:
                return struct_to_json(f->type, value);
        }
        return NULL;
}

static json_t* struct_to_json(const RecordType* type, const char* at) {
        json_t* object = json_object();
        for (size_t i = 0; object && i < type->n; i++)
                if (json_object_set_new(object, type->fields[i].name, field_to_json(&type->fields[i], at)) < 0) {
                        json_decref(object);
                        return NULL;
                }
        return object;
}

/* The release before wants a memory_high and knows no network_out "no-mail", and runs what this one wrote should
 * somebody go back to it: it passes over members that it does not know, and lets the mail through as it always did. */
static int for_release_before(const AppRecord* a, json_t* j) {
        int r = json_object_set_new(j, "memory_high", json_integer((json_int_t) a->memory_max));
        if (r >= 0 && streq_ptr(a->network_out, "no-mail"))
                r = json_object_set_new(j, "network_out", json_string("any"));
        if (r >= 0 && streq_ptr(a->network_out, "no-mail"))
                r = json_object_set_new(j, "mail", json_false());
        return r;
}

json_t* app_record_to_json(const AppRecord* a) {
        json_t* j = struct_to_json(&app_record_type, (const char*) a);
        if (j && for_release_before(a, j) < 0) {
                json_decref(j);
                return NULL;
        }
        return j;
}

static int wrong(const RecordField* f, Error* reterr) {
        return error_field(reterr, ERROR_BAD_FIELD, f->name, "The record's %s is missing or of another type.", f->name);
}

static int string_from_json(RecordMemory* m, const json_t* j, const char** ret) {
        size_t size = json_string_length(j) + 1;
        char* copy = record_memory_take(m, 1, size);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, json_string_value(j), size);
        *ret = copy;
        return 0;
}

static int strings_from_json(RecordMemory* m, const RecordField* f, const json_t* j, const char* const** ret, Error* reterr) {
        size_t n = json_array_size(j);
        if (!json_is_array(j))
                return wrong(f, reterr);
        if (n > f->max)
                return error_field(reterr, ERROR_TOO_LARGE, f->name, "The record's %s has more than %zu entries.", f->name, f->max);
        const char** list = record_memory_take(m, n + 1, sizeof(char*));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const json_t* item = json_array_get(j, i);
                int r = json_is_string(item) ? string_from_json(m, item, &list[i]) : wrong(f, reterr);
                if (r < 0)
                        return r;
        }
        *ret = list;
        return 0;
}

static int struct_from_json(RecordMemory* m, const RecordType* type, const json_t* j, char* at, Error* reterr);

static int list_from_json(RecordMemory* m, const RecordField* f, const json_t* j, char* at, Error* reterr) {
        size_t n = json_array_size(j), size = f->kind == RECORD_NUMBERS ? sizeof(uint32_t) : f->type->size;
        if (!json_is_array(j))
                return wrong(f, reterr);
        if (n > f->max)
                return error_field(reterr, ERROR_TOO_LARGE, f->name, "The record's %s has more than %zu entries.", f->name, f->max);
        char* items = record_memory_take(m, n, size);
        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const json_t* item = json_array_get(j, i);
                json_int_t number = json_integer_value(item);
                if (f->kind == RECORD_LIST) {
                        int r = struct_from_json(m, f->type, item, items + i * size, reterr);
                        if (r < 0)
                                return r;
                } else if (!json_is_integer(item) || number < 0 || number > UINT32_MAX)
                        return wrong(f, reterr);
                else
                        ((uint32_t*) items)[i] = (uint32_t) number;
        }
        record_pointer_put(at + f->offset, items);
        *(size_t*) (at + f->n_offset) = n;
        return 0;
}

static int number_from_json(const RecordField* f, const json_t* j, void* value, Error* reterr) {
        json_int_t number = json_integer_value(j);
        json_int_t max = f->kind == RECORD_U16 ? UINT16_MAX : f->kind == RECORD_U32 ? UINT32_MAX : INT64_MAX;
        if (!json_is_integer(j) || number < 0 || number > max)
                return wrong(f, reterr);
        if (f->kind == RECORD_U16)
                *(uint16_t*) value = (uint16_t) number;
        else if (f->kind == RECORD_U32)
                *(uint32_t*) value = (uint32_t) number;
        else
                *(uint64_t*) value = (uint64_t) number;
        return 0;
}

static int field_from_json(RecordMemory* m, const RecordField* f, const json_t* j, char* at, Error* reterr) {
        void* value = at + f->offset;
        switch (f->kind) {
        case RECORD_STRING:
                return json_is_string(j) ? string_from_json(m, j, value) : wrong(f, reterr);
        case RECORD_BOOLEAN:
                *(bool*) value = json_is_true(j);
                return json_is_boolean(j) ? 0 : wrong(f, reterr);
        case RECORD_U16:
        case RECORD_U32:
        case RECORD_U64:
                return number_from_json(f, j, value, reterr);
        case RECORD_STRINGS:
                return strings_from_json(m, f, j, value, reterr);
        case RECORD_NUMBERS:
        case RECORD_LIST:
                return list_from_json(m, f, j, at, reterr);
        case RECORD_STRUCT:
                return struct_from_json(m, f->type, j, value, reterr);
        }
        return -EINVAL;
}

static int struct_from_json(RecordMemory* m, const RecordType* type, const json_t* j, char* at, Error* reterr) {
        for (size_t i = 0; i < type->n; i++) {
                int r = field_from_json(m, &type->fields[i], json_object_get(j, type->fields[i].name), at, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What for_release_before() wrote apart. */
static int mail_from_json(const json_t* j, AppRecord* a, Error* reterr) {
        const json_t* mail = json_object_get(j, "mail");
        if (mail && !json_is_boolean(mail))
                return error_field(reterr, ERROR_BAD_FIELD, "mail", "The record's mail is of another type.");
        if (json_is_false(mail) && streq(a->network_out, "any"))
                a->network_out = "no-mail";
        return 0;
}

int app_record_from_json(const json_t* j, AppRecord** ret, Error* reterr) {
        RecordMemory* m = record_memory_new();
        _cleanup_(app_record_freep) AppRecord* a = m ? &m->record : NULL;
        int r = m ? struct_from_json(m, &app_record_type, j, (char*) a, reterr) : -ENOMEM;
        if (r >= 0)
                r = mail_from_json(j, a, reterr);
        if (r >= 0)
                r = app_record_check(a, reterr);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot read the app's record");
        *ret = TAKE_PTR(a);
        return 0;
}

int app_record_load(int directory_fd, const char* id, AppRecord** ret, Error* reterr) {
        char path[64];
        _cleanup_(erase_and_freep) char* text = NULL;
        _cleanup_json_ json_t* j = NULL;
        size_t size;
        if (!id_valid(id))
                return error_field(reterr, ERROR_BAD_FIELD, "app", "An app's id is 1 to 32 of a-z and 0-9.");
        (void) snprintf(path, sizeof(path), "%s/" APP_RECORD_FILE, id);
        int r = file_read(directory_fd, path, APP_RECORD_BYTES, &text, &size);
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the record of app %s", id);
        r = json_parse_object(text, size, &j, reterr);
        if (r >= 0)
                r = app_record_from_json(j, ret, reterr);
        if (r < 0)
                return r;
        if (!streq((*ret)->id, id)) {
                *ret = app_record_free(*ret);
                return error_set(reterr, ERROR_WRONG_STATE, "The record in the directory of app %s is another app's.", id);
        }
        return 1;
}
