#include "base/json.h"

/* jansson's own limit is 2048 levels and it recurses; this walk is flat and knows only strings and brackets. */
static bool too_deep(const char* text, size_t size) {
        unsigned depth = 0;
        bool in_string = false;
        for (size_t i = 0; i < size; i++) {
                char c = text[i];
                if (in_string) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                in_string = false;
                } else if (c == '"')
                        in_string = true;
                else if (c == '{' || c == '[') {
                        if (++depth > JSON_DEPTH_MAX)
                                return true;
                } else if ((c == '}' || c == ']') && depth > 0)
                        depth--;
        }
        return false;
}

int json_parse(const char* text, size_t size, json_t** ret, Error* reterr) {
        if (too_deep(text, size))
                return error_set(reterr, ERROR_BAD_JSON, "The body nests deeper than %d levels.", JSON_DEPTH_MAX);
        json_error_t e;
        json_t* j = json_loadb(text, size, JSON_REJECT_DUPLICATES, &e);
        if (!j)
                return error_set(reterr, ERROR_BAD_JSON, "The body is not valid JSON: %s (line %d, column %d).", e.text, e.line, e.column);
        *ret = j;
        return 0;
}

int json_parse_object(const char* text, size_t size, json_t** ret, Error* reterr) {
        json_t* j = NULL;
        int r = json_parse(text, size, &j, reterr);
        if (r < 0)
                return r;
        if (!json_is_object(j)) {
                json_decref(j);
                return error_set(reterr, ERROR_BAD_JSON, "The body must be a JSON object.");
        }
        *ret = j;
        return 0;
}

char* json_text(const json_t* j, bool canonical) {
        return json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY | (canonical ? JSON_SORT_KEYS : 0));
}

const char* json_get_string(const json_t* object, const char* key) {
        return json_string_value(json_object_get(object, key));
}

int64_t json_get_integer(const json_t* object, const char* key, int64_t otherwise) {
        json_t* v = json_object_get(object, key);
        return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

bool json_get_boolean(const json_t* object, const char* key, bool otherwise) {
        json_t* v = json_object_get(object, key);
        return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

bool json_list_has(const json_t* list, const char* s) {
        for (size_t i = 0; s && i < json_array_size(list); i++)
                if (streq_ptr(json_string_value(json_array_get(list, i)), s))
                        return true;
        return false;
}

json_t* json_string_or_null(const char* s) {
        return s ? json_string(s) : json_null();
}

json_t* json_time_or_null(int64_t seconds) {
        return seconds > 0 ? json_integer(seconds) : json_null();
}
