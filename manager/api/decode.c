#include "api/decode.h"
#include "base/validate.h"
#include "net/name.h"
#include <ctype.h>

static int bad(const Field* f, Error* reterr, const char* why) {
        return error_field(reterr, ERROR_BAD_FIELD, f->name, "The field %s %s.", f->name, why);
}

static int check_length(const Field* f, size_t n, Error* reterr) {
        if ((int64_t) n < f->min)
                return n == 0 ? error_field(reterr, ERROR_BAD_FIELD, f->name, "The field %s is empty.", f->name)
                              : error_field(reterr, ERROR_BAD_FIELD, f->name, "The field %s is shorter than %lld bytes.", f->name, (long long) f->min);
        if ((int64_t) n > f->max)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "The field %s is longer than %lld bytes.", f->name, (long long) f->max);
        return 0;
}

/* What a text of this type must look like: NULL = fine, else the end of the sentence. An empty text is the way to remove a value and
 * is judged by its length alone. */
static const char* shape_complaint(const Field* f, const char* s) {
        if (!*s)
                return NULL;
        switch (f->type) {
        case FIELD_TEXT:
                return text_valid(s, /* newlines= */ true) ? NULL : "holds control characters";
        case FIELD_USERNAME:
                return username_valid(s) ? NULL : "must begin with a lower-case letter and hold only lower-case letters, digits, dot, dash and underscore";
        case FIELD_GROUPNAME:
                return groupname_valid(s) ? NULL : "must begin with a lower-case letter and hold only lower-case letters, digits, dot, dash and underscore";
        case FIELD_EMAIL:
                return email_valid(s) ? NULL : "is not an e-mail address such as ada@example.org";
        case FIELD_ENUM:
                return field_enum_has(f, s) ? NULL : "has a value that is not one of the choices";
        case FIELD_TIMEZONE:
                return timezone_name_valid(s) ? NULL : "is not a time zone such as Europe/Berlin";
        case FIELD_HOSTNAME:
                return hostname_valid(s) ? NULL : "is not a host name of lower-case letters, digits and dashes (RFC 1123)";
        case FIELD_LANGUAGE:
                return language_valid(s) ? NULL : "is not a language such as en or de";
        case FIELD_COLOUR:
                return colour_valid(s) ? NULL : "is not a colour such as #1f6b50";
        case FIELD_URL:
                return *s == 0 || url_https_valid(s) ? NULL : "is not an https address"; /* empty: only where the row allows it */
        case FIELD_ID:
                for (const char* p = s; *p; p++)
                        if (!isalnum((unsigned char) *p) && *p != '-' && *p != '_')
                                return "is not an id";
                return NULL;
        case FIELD_CODE:
                for (const char* p = s; *p; p++)
                        if (!isalnum((unsigned char) *p) && *p != '-' && *p != ' ')
                                return "is not a code";
                return NULL;
        case FIELD_PASSWORD: /* whatever a person can type or paste (NIST SP 800-63B 5.1.1.2), but one line */
        default:
                return text_valid(s, /* newlines= */ false) ? NULL : "holds control characters";
        }
}

static int decode_string(const Field* f, const char* s, size_t n, json_t** ret, Error* reterr) {
        int r = check_length(f, n, reterr);
        if (r < 0)
                return r;
        if (f->type == FIELD_DOMAIN) {
                char name[DOMAIN_NAME_BYTES];
                r = domain_name_parse(f->name, s, name, reterr);
                if (r < 0)
                        return r;
                *ret = json_string(name);
                return *ret ? 0 : -ENOMEM;
        }
        const char* complaint = shape_complaint(f, s);
        if (complaint) {
                r = bad(f, reterr, complaint);
                if (f->values)
                        (void) error_hint(reterr, "Choose one of: %s.", f->values);
                return r;
        }
        *ret = json_stringn(s, n);
        return *ret ? 0 : bad(f, reterr, "is not UTF-8");
}

static int decode_integer(const Field* f, json_int_t value, json_t** ret, Error* reterr) {
        if (value < f->min || value > f->max)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "The field %s must be between %lld and %lld.", f->name,
                                   (long long) f->min, (long long) f->max);
        *ret = json_integer(value);
        return 0;
}

static int decode_strings(const Field* f, const json_t* array, json_t** ret, Error* reterr) {
        size_t n = json_array_size(array);
        if ((int64_t) n < f->min || (int64_t) n > f->max)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "The field %s must have %lld to %lld entries.", f->name,
                                   (long long) f->min, (long long) f->max);
        _cleanup_json_ json_t* copy = json_array();
        for (size_t i = 0; i < n; i++) {
                const json_t* v = json_array_get(array, i);
                if (!json_is_string(v) || json_string_length(v) == 0 || json_string_length(v) > 256 ||
                    !text_valid(json_string_value(v), /* newlines= */ false))
                        return bad(f, reterr, "must be a list of texts of 1 to 256 bytes");
                for (size_t k = 0; k < i; k++)
                        if (streq(json_string_value(json_array_get(copy, k)), json_string_value(v)))
                                return bad(f, reterr, "names something twice");
                (void) json_array_append_new(copy, json_string(json_string_value(v)));
        }
        *ret = TAKE_PTR(copy);
        return 0;
}

int field_decode(const Field* f, const json_t* value, json_t** ret, Error* reterr) {
        switch (f->type) {
        case FIELD_INTEGER:
                if (!json_is_integer(value))
                        return bad(f, reterr, "must be a whole number");
                return decode_integer(f, json_integer_value(value), ret, reterr);
        case FIELD_BOOLEAN:
                if (!json_is_boolean(value))
                        return bad(f, reterr, "must be true or false");
                *ret = json_boolean(json_is_true(value));
                return 0;
        case FIELD_STRINGS:
                if (!json_is_array(value))
                        return bad(f, reterr, "must be a list of texts");
                return decode_strings(f, value, ret, reterr);
        default:
                if (!json_is_string(value))
                        return bad(f, reterr, "must be a text");
                return decode_string(f, json_string_value(value), json_string_length(value), ret, reterr);
        }
}

static int decode_text_integer(const Field* f, const char* text, json_t** ret, Error* reterr) {
        size_t n = strlen(text);
        const char* digits = text + (*text == '-');
        if (n == 0 || n > 18 || !*digits || digits[strspn(digits, "0123456789")])
                return bad(f, reterr, "must be a whole number");
        return decode_integer(f, strtoll(text, NULL, 10), ret, reterr);
}

int field_decode_text(const Field* f, const char* text, json_t** ret, Error* reterr) {
        switch (f->type) {
        case FIELD_INTEGER:
                return decode_text_integer(f, text, ret, reterr);
        case FIELD_BOOLEAN:
                if (!streq(text, "true") && !streq(text, "false"))
                        return bad(f, reterr, "must be true or false");
                *ret = json_boolean(streq(text, "true"));
                return 0;
        case FIELD_STRINGS:
                return bad(f, reterr, "cannot be given in an address");
        default:
                return decode_string(f, text, strlen(text), ret, reterr);
        }
}

int fields_decode_body(const Operation* o, const json_t* body, json_t* fields, Error* reterr) {
        const char* key;
        json_t* value;
        json_object_foreach((json_t*) body, key, value) {
                const Field* f = operation_field(o, key);
                if (!f || operation_field_in_path(o, f))
                        return error_field(reterr, ERROR_UNKNOWN_FIELD, key, "There is no field '%.64s' here.", key);
                json_t* checked = NULL;
                int r = field_decode(f, value, &checked, reterr);
                if (r < 0)
                        return r;
                (void) json_object_set_new(fields, key, checked);
        }
        return 0;
}

int fields_check_required(const Operation* o, const json_t* fields, Error* reterr) {
        for (size_t i = 0; i < o->n_fields; i++)
                if ((o->fields[i].flags & FIELD_REQUIRED) && !json_object_get(fields, o->fields[i].name))
                        return error_field(reterr, ERROR_MISSING_FIELD, o->fields[i].name, "The field %s is missing: %s", o->fields[i].name,
                                           o->fields[i].sentence);
        return 0;
}

static int hex_value(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int percent_decode(char* text) {
        char* to = text;
        for (const char* p = text; *p; p++) {
                char c = *p;
                if (c == '%') {
                        int high = hex_value(p[1]), low = high < 0 ? -1 : hex_value(p[2]);
                        if (low < 0 || (high == 0 && low == 0))
                                return -EINVAL;
                        c = (char) (high << 4 | low);
                        p += 2;
                }
                *to++ = c;
        }
        *to = 0;
        return utf8_valid(text, (size_t) (to - text)) ? 0 : -EINVAL;
}

int path_split(char* path, const char* segments[static OPERATION_SEGMENTS_MAX], Error* reterr) {
        int n = 0;
        char* rest = path;
        while (rest) {
                char* segment = rest;
                rest = strchr(rest, '/');
                if (rest)
                        *rest++ = 0;
                if (n == OPERATION_SEGMENTS_MAX)
                        return error_set(reterr, ERROR_NOT_FOUND, "There is nothing at this address.");
                if (percent_decode(segment) < 0 || !*segment || strchr(segment, '/') || streq(segment, ".") || streq(segment, "..") ||
                    !text_valid(segment, /* newlines= */ false))
                        return error_set(reterr, ERROR_NOT_FOUND, "The address is not well formed.");
                segments[n++] = segment;
        }
        return n;
}
