#include "cli/request.h"
#include "client/client.h"
#include <stdio.h>

/* A value as it stands in a path or a query string, escaped. */
static int escaped_value(const json_t* v, char** ret) {
        _cleanup_free_ char* number = NULL;
        const char* text = json_string_value(v);
        if (json_is_boolean(v))
                text = json_is_true(v) ? "true" : "false";
        if (json_is_integer(v)) {
                if (asprintf(&number, "%lld", (long long) json_integer_value(v)) < 0)
                        return -ENOMEM;
                text = number;
        }
        *ret = client_escape(strempty(text));
        return *ret ? 0 : -ENOMEM;
}

static int write_path(FILE* f, const Operation* o, const json_t* fields) {
        for (const char* p = o->path; *p;) {
                if (*p != '{') {
                        (void) fputc(*p++, f);
                        continue;
                }
                size_t n = strcspn(++p, "}");
                _cleanup_free_ char *name = strndup(p, n), *value = NULL;
                if (!name)
                        return -ENOMEM;
                int r = escaped_value(json_object_get(fields, name), &value);
                if (r < 0)
                        return r;
                (void) fputs(value, f);
                p += n + 1;
        }
        return 0;
}

static int write_query(FILE* f, const Operation* o, const json_t* fields) {
        char mark = '?';
        for (size_t i = 0; i < o->n_fields; i++) {
                const Field* field = &o->fields[i];
                const json_t* v = json_object_get(fields, field->name);
                _cleanup_free_ char* text = NULL;
                if (!v || operation_field_in_path(o, field))
                        continue;
                int r = escaped_value(v, &text);
                if (r < 0)
                        return r;
                (void) fprintf(f, "%c%s=%s", mark, field->name, text);
                mark = '&';
        }
        return 0;
}

static int make_body(const Operation* o, const json_t* fields, json_t** ret) {
        _cleanup_json_ json_t* body = json_object();
        if (!body)
                return -ENOMEM;
        for (size_t i = 0; i < o->n_fields; i++) {
                const Field* field = &o->fields[i];
                json_t* v = json_object_get(fields, field->name);
                if (v && !operation_field_in_path(o, field) && json_object_set(body, field->name, v) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(body);
        return 0;
}

int request_make(const Operation* o, const json_t* fields, char** ret_path, json_t** ret_body, Error* reterr) {
        _cleanup_free_ char* path = NULL;
        size_t size = 0;
        json_t* body = NULL;
        FILE* f = open_memstream(&path, &size);
        int r = f ? write_path(f, o, fields) : -ENOMEM;

        if (r >= 0)
                r = operation_takes_query(o) ? write_query(f, o, fields) : make_body(o, fields, &body);
        if (f && fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0) {
                json_decref(body);
                return error_errno(reterr, r, "Cannot make the request");
        }
        *ret_path = TAKE_PTR(path);
        *ret_body = body;
        return 0;
}
