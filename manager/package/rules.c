#include "package/rules.h"
#include "base/validate.h"
#include <stdio.h>

RulePath rule_path(const RulePath* up, const char* key) {
        RulePath p = {};
        const char* before = up ? up->text : "";
        /* A stranger's key may be long or not printable: it is only shown, so it is cut and cleaned. */
        (void) snprintf(p.text, sizeof(p.text), "%.128s%s%.48s", before, *before ? "." : "", key);
        for (char* c = p.text; *c; c++)
                if (*c < ' ' || *c > '~')
                        *c = '?';
        return p;
}

RulePath rule_path_at(const RulePath* up, size_t index) {
        RulePath p = {};
        (void) snprintf(p.text, sizeof(p.text), "%.160s[%zu]", up->text, index);
        return p;
}

bool rule_choice(const char* choices, const char* s) {
        size_t n = strlen(s);
        for (const char* c = choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
                if (n > 0 && strncmp(c, s, n) == 0 && (c[n] == '|' || c[n] == 0))
                        return true;
        return false;
}

static int refuse(const RulePath* path, Error* reterr, const char* what) {
        return error_field(reterr, ERROR_BAD_FIELD, path->text, "%s must be %s.", path->text, what);
}

/* --- members --- */

static int check_string(const Rule* rule, const json_t* value, int64_t min, int64_t max, const RulePath* path, Error* reterr) {
        const char* s = json_string_value(value);
        if (!s)
                return refuse(path, reterr, "a text");
        size_t size = json_string_length(value);
        if ((int64_t) size < min || (int64_t) size > max)
                return error_field(reterr, ERROR_BAD_FIELD, path->text, "%s must have %lld to %lld bytes.", path->text, (long long) min,
                        (long long) max);
        if (strlen(s) != size || !text_valid(s, rule->lines))
                return refuse(path, reterr, rule->lines ? "text without control characters" : "one line without control characters");
        if (rule->choices && !rule_choice(rule->choices, s))
                return error_field(reterr, ERROR_BAD_FIELD, path->text, "%s must be one of: %s.", path->text, rule->choices);
        if (rule->valid && !rule->valid(s))
                return refuse(path, reterr, rule->must);
        return 0;
}

static int check_integer(const json_t* value, int64_t min, int64_t max, const RulePath* path, Error* reterr) {
        if (!json_is_integer(value) || json_integer_value(value) < min || json_integer_value(value) > max)
                return error_field(reterr, ERROR_BAD_FIELD, path->text, "%s must be a whole number from %lld to %lld.", path->text,
                        (long long) min, (long long) max);
        return 0;
}

static int check_count(const Rule* rule, size_t n, const RulePath* path, Error* reterr) {
        if ((int64_t) n < rule->min || (int64_t) n > rule->max)
                return error_field(reterr, ERROR_BAD_FIELD, path->text, "%s must have %lld to %lld members.", path->text,
                        (long long) rule->min, (long long) rule->max);
        return 0;
}

static int check_list(const Rule* rule, const json_t* value, const RulePath* path, json_t** ret, Error* reterr) {
        if (!json_is_array(value))
                return refuse(path, reterr, "a list");
        int r = check_count(rule, json_array_size(value), path, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* list = json_array();
        for (size_t i = 0; i < json_array_size(value); i++) {
                RulePath at = rule_path_at(path, i);
                json_t* item = json_array_get(value, i);
                json_t* checked = NULL;
                if (rule->kind == RULE_STRINGS)
                        r = check_string(rule, item, rule->valid || rule->choices ? 1 : 0, rule->item_max, &at, reterr);
                else if (rule->kind == RULE_INTEGERS)
                        r = check_integer(item, 0, rule->item_max, &at, reterr);
                else
                        r = rules_check(rule->rules, item, &at, &checked, reterr);
                if (r < 0)
                        return r;
                if (json_array_append_new(list, checked ?: json_incref(item)) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(list);
        return 0;
}

static bool language_key(const char* s) {
        return language_valid(s);
}

static bool variable_name(const char* s) {
        if (!(*s == '_' || (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z')) || strlen(s) > 128)
                return false;
        return s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")] == 0;
}

static int check_map(const Rule* rule, const json_t* value, const RulePath* path, json_t** ret, Error* reterr) {
        bool texts = rule->kind == RULE_TEXTS;
        if (!json_is_object(value))
                return refuse(path, reterr, texts ? "texts by language, as {\"en\": \"..\"}" : "variables, as {\"NAME\": \"text\"}");
        int r = texts ? 0 : check_count(rule, json_object_size(value), path, reterr);
        if (r < 0)
                return r;
        if (texts && json_object_size(value) > 64)
                return refuse(path, reterr, "texts of at most 64 languages");
        const char* key;
        json_t* item;
        json_object_foreach((json_t*) value, key, item) {
                RulePath at = rule_path(path, key);
                if (texts ? !language_key(key) : !variable_name(key))
                        return refuse(&at, reterr, texts ? "named by a language, as en or pt-BR"
                                                         : "named by letters, digits, _ . and -, beginning with a letter or _");
                r = texts ? check_string(rule, item, rule->min, rule->max, &at, reterr)
                          : check_string(rule, item, 0, rule->item_max, &at, reterr);
                if (r < 0)
                        return r;
        }
        if (texts && (json_object_size(value) > 0 || !rule->otherwise) && !json_object_get(value, "en")) {
                RulePath at = rule_path(path, "en");
                return error_field(reterr, ERROR_MISSING_FIELD, at.text, "%s is missing: English is what everybody gets who speaks none of "
                                                                         "the others.", at.text);
        }
        *ret = json_deep_copy(value);
        return *ret ? 0 : -ENOMEM;
}

static int check_value(const Rule* rule, const json_t* value, const RulePath* path, json_t** ret, Error* reterr) {
        int r = 0;
        switch (rule->kind) {
        case RULE_STRING:
                r = check_string(rule, value, rule->min, rule->max, path, reterr);
                break;
        case RULE_INTEGER:
                r = check_integer(value, rule->min, rule->max, path, reterr);
                break;
        case RULE_BOOLEAN:
                r = json_is_boolean(value) ? 0 : refuse(path, reterr, "true or false");
                break;
        case RULE_STRINGS:
        case RULE_INTEGERS:
        case RULE_OBJECTS:
                return check_list(rule, value, path, ret, reterr);
        case RULE_TEXTS:
        case RULE_VARIABLES:
                return check_map(rule, value, path, ret, reterr);
        case RULE_OBJECT:
                return rules_check(rule->rules, value, path, ret, reterr);
        }
        if (r >= 0)
                *ret = json_incref((json_t*) value);
        return r;
}

/* --- objects --- */

static const Rule* rule_of(const Rule* rules, const char* key) {
        for (; rules->key; rules++)
                if (streq(rules->key, key))
                        return rules;
        return NULL;
}

static int refuse_unknown(const Rule* rules, const json_t* object, const RulePath* path, Error* reterr) {
        const char* key;
        json_t* value;
        json_object_foreach((json_t*) object, key, value)
                if (!rule_of(rules, key)) {
                        RulePath at = rule_path(path, key);
                        return error_field(reterr, ERROR_UNKNOWN_FIELD, at.text, "%s is nothing a manifest has; take it out or look for a "
                                                                                 "misspelling.", at.text);
                }
        return 0;
}

int rules_check(const Rule* rules, const json_t* object, const RulePath* path, json_t** ret, Error* reterr) {
        RulePath top = {};
        path = path ?: &top;
        if (!json_is_object(object))
                return error_field(reterr, ERROR_BAD_FIELD, path->text, "%s must be an object.", *path->text ? path->text : "A manifest");
        int r = refuse_unknown(rules, object, path, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* checked = json_object();
        for (const Rule* rule = rules; rule->key; rule++) {
                RulePath at = rule_path(path, rule->key);
                const json_t* given = json_object_get(object, rule->key);
                if (!given && !rule->otherwise)
                        return error_field(reterr, ERROR_MISSING_FIELD, at.text, "%s is missing: %s", at.text, rule->about);
                _cleanup_json_ json_t* value = given ? json_incref((json_t*) given) : json_loads(rule->otherwise, JSON_DECODE_ANY, NULL);
                json_t* out = NULL;
                if (json_is_null(value) && streq_ptr(rule->otherwise, "null"))
                        out = json_null();
                else if ((r = check_value(rule, value, &at, &out, reterr)) < 0)
                        return r;
                if (json_object_set_new(checked, rule->key, out) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(checked);
        return 0;
}

/* --- the schema --- */

static json_t* choices_json(const char* choices) {
        json_t* list = json_array();
        for (const char* c = choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
                (void) json_array_append_new(list, json_stringn(c, strcspn(c, "|")));
        return list;
}

static json_t* string_schema(const Rule* rule, int64_t min, int64_t max) {
        /* The schema counts characters and we bytes, so what it lets pass may still be too long here, never the other way round. */
        json_t* s = json_pack("{s:s}", "type", "string");
        if (min > 0)
                (void) json_object_set_new(s, "minLength", json_integer(1));
        (void) json_object_set_new(s, "maxLength", json_integer(max));
        if (rule->choices)
                (void) json_object_set_new(s, "enum", choices_json(rule->choices));
        if (rule->pattern)
                (void) json_object_set_new(s, "pattern", json_string(rule->pattern));
        return s;
}

static json_t* list_schema(const Rule* rule) {
        json_t* items;
        if (rule->kind == RULE_STRINGS)
                items = string_schema(rule, rule->valid || rule->choices ? 1 : 0, rule->item_max);
        else if (rule->kind == RULE_INTEGERS)
                items = json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 0, "maximum", (json_int_t) rule->item_max);
        else
                items = rules_schema(rule->rules);
        return json_pack("{s:s, s:I, s:I, s:o}", "type", "array", "minItems", (json_int_t) rule->min, "maxItems", (json_int_t) rule->max,
                "items", items);
}

static json_t* value_schema(const Rule* rule) {
        switch (rule->kind) {
        case RULE_STRING:
                return string_schema(rule, rule->min, rule->max);
        case RULE_INTEGER:
                return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t) rule->min, "maximum", (json_int_t) rule->max);
        case RULE_BOOLEAN:
                return json_pack("{s:s}", "type", "boolean");
        case RULE_STRINGS:
        case RULE_INTEGERS:
        case RULE_OBJECTS:
                return list_schema(rule);
        case RULE_TEXTS:
                return json_pack("{s:s, s:{s:s}, s:o}", "type", "object", "propertyNames", "pattern", "^[a-z]{2}(-[A-Z]{2})?$",
                        "additionalProperties", string_schema(rule, rule->min, rule->max));
        case RULE_VARIABLES:
                return json_pack("{s:s, s:I, s:{s:s}, s:o}", "type", "object", "maxProperties", (json_int_t) rule->max, "propertyNames",
                        "pattern", "^[A-Za-z_][A-Za-z0-9_.-]{0,127}$", "additionalProperties", string_schema(rule, 0, rule->item_max));
        case RULE_OBJECT:
                return rules_schema(rule->rules);
        }
        return NULL;
}

json_t* rules_schema(const Rule* rules) {
        json_t* properties = json_object();
        json_t* required = json_array();
        for (const Rule* rule = rules; rule->key; rule++) {
                json_t* s = value_schema(rule);
                if (streq_ptr(rule->otherwise, "null"))
                        s = json_pack("{s:[o, {s:s}]}", "anyOf", s, "type", "null");
                (void) json_object_set_new(s, "description", json_string(rule->about));
                if (rule->otherwise)
                        (void) json_object_set_new(s, "default", json_loads(rule->otherwise, JSON_DECODE_ANY, NULL));
                else
                        (void) json_array_append_new(required, json_string(rule->key));
                (void) json_object_set_new(properties, rule->key, s);
        }
        return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required", required, "additionalProperties", 0);
}
