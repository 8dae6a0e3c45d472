#include "provider/record.h"
#include "base/validate.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#define FIELDS_MAX 8
#define TXT_STRING_MAX 255 /* RFC 1035 3.3.14 */

/* --- names --- */

static bool name_byte(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '*';
}

bool record_name_parse(const char* text, char ret[static RECORD_NAME_BYTES]) {
        size_t n = strlen(text);
        if (n > 1 && text[n - 1] == '.')
                n--;
        if (n == 0 || n >= RECORD_NAME_BYTES || (n > 1 && text[n - 1] == '.'))
                return false;
        for (size_t i = 0; i < n; i++) {
                char c = text[i] >= 'A' && text[i] <= 'Z' ? (char) (text[i] | 0x20) : text[i];
                if (!name_byte(c) || (c == '.' && (i == 0 || text[i - 1] == '.') && n > 1))
                        return false;
                ret[i] = c;
        }
        ret[n] = 0;
        return true;
}

bool record_type_valid(const char* type) {
        size_t n = strlen(type);
        return n > 0 && n < RECORD_TYPE_BYTES && strspn(type, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == n;
}

const char* record_name_relative(const char* name, const char* zone, size_t* ret_size) {
        size_t n = strlen(name), z = strlen(zone);
        if (n == z && streq(name, zone)) {
                *ret_size = 0;
                return name;
        }
        if (n <= z + 1 || name[n - z - 1] != '.' || !streq(name + n - z, zone))
                return NULL;
        *ret_size = n - z - 1;
        return name;
}

/* A name inside a value: "." and "@" mean the root and the origin. */
static bool target_parse(const char* text, const char* origin, char ret[static RECORD_NAME_BYTES]) {
        char whole[2 * RECORD_NAME_BYTES];
        if (streq(text, "."))
                return snprintf(ret, RECORD_NAME_BYTES, ".") > 0;
        if (streq(text, "@"))
                return origin && record_name_parse(origin, ret);
        if (!origin || text[strlen(text) - 1] == '.')
                return record_name_parse(text, ret);
        int n = snprintf(whole, sizeof(whole), "%s.%s", text, origin);
        return n > 0 && n < (int) sizeof(whole) && record_name_parse(whole, ret);
}

/* --- types --- */

/* How each type's fields are written: n = number, w = word, N = name, q = one quoted string. */
static const struct {
        const char* type;
        const char* fields;
} shapes[] = {
        { "CNAME", "N" }, { "NS", "N" }, { "PTR", "N" }, { "MX", "nN" }, { "SRV", "nnnN" }, { "CAA", "nwq" },
};

static const char* shape_of(const char* type) {
        for (size_t i = 0; i < ELEMENTS(shapes); i++)
                if (streq(shapes[i].type, type))
                        return shapes[i].fields;
        return NULL;
}

static bool number_parse(const char* text, unsigned* ret) {
        size_t n = strlen(text);
        if (n == 0 || n > 5 || strspn(text, "0123456789") != n)
                return false;
        *ret = (unsigned) strtoul(text, NULL, 10);
        return *ret <= 65535;
}

static bool printable(const char* s) {
        for (; *s; s++)
                if ((unsigned char) *s < 0x20 || (unsigned char) *s >= 0x7f)
                        return false;
        return true;
}

static int address_parse(int family, const char* text, char** ret) {
        uint8_t bytes[16];
        char out[INET6_ADDRSTRLEN];
        if (inet_pton(family, text, bytes) != 1 || !inet_ntop(family, bytes, out, sizeof(out)))
                return -EBADMSG;
        *ret = strdup(out);
        return *ret ? 0 : -ENOMEM;
}

/* --- TXT --- */

static bool escape_at(const char* p) {
        return p[0] == '\\' && isdigit((unsigned char) p[1]) && isdigit((unsigned char) p[2]) && isdigit((unsigned char) p[3]) &&
                (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0') <= 255;
}

static uint8_t escape_value(const char* p) {
        return (uint8_t) ((p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0'));
}

static void put_byte(char** to, uint8_t byte) {
        if (byte >= 0x20 && byte < 0x7f && byte != '\\' && byte != '"')
                *(*to)++ = (char) byte;
        else
                *to += sprintf(*to, "\\%03u", byte);
}

int record_txt_from_plain(const char* text, char** ret) {
        size_t n = strlen(text);
        if (n > RECORD_VALUE_MAX)
                return -EBADMSG;
        char *out = malloc(4 * n + 1), *to = out;
        if (!out)
                return -ENOMEM;
        for (const char* p = text; *p; p++)
                put_byte(&to, (uint8_t) *p);
        *to = 0;
        *ret = out;
        return 0;
}

/* Quoted strings are joined; text without quotes is one string, as some write it. */
static int txt_parse(const char* text, char** ret) {
        size_t n = strlen(text);
        const char* p = text + strspn(text, " \t");
        bool quoted = *p == '"', inside = false;
        char *out = malloc(4 * n + 1), *to = out;
        if (!out)
                return -ENOMEM;
        for (p = quoted ? p : text; *p; p++) {
                if (quoted && *p == '"') {
                        inside = !inside;
                        continue;
                }
                if (quoted && !inside) {
                        if (*p == ' ' || *p == '\t')
                                continue;
                        break; /* something behind the strings */
                }
                uint8_t byte = (uint8_t) *p;
                if (escape_at(p)) {
                        byte = escape_value(p);
                        p += 3;
                } else if (*p == '\\' && p[1])
                        byte = (uint8_t) *++p;
                put_byte(&to, byte);
        }
        *to = 0;
        if (*p || inside) {
                free(out);
                return -EBADMSG;
        }
        *ret = out;
        return 0;
}

static char* txt_text(const char* value) {
        size_t n = strlen(value);
        char *out = malloc(5 * n + 3 * (n / TXT_STRING_MAX) + 8), *to = out;
        unsigned filled = 0;
        if (!out)
                return NULL;
        *to++ = '"';
        for (const char* p = value; *p; p++) {
                if (filled++ == TXT_STRING_MAX) {
                        to = stpcpy(to, "\" \"");
                        filled = 1;
                }
                if (escape_at(p)) {
                        to = mempcpy(to, p, 4);
                        p += 3;
                } else if (*p == '"' || *p == '\\')
                        to += sprintf(to, "\\%c", *p);
                else
                        *to++ = *p;
        }
        *to++ = '"';
        *to = 0;
        return out;
}

char* record_txt_plain(const char* value) {
        char *out = malloc(strlen(value) + 1), *to = out;
        if (!out)
                return NULL;
        for (const char* p = value; *p; p++) {
                uint8_t byte = (uint8_t) *p;
                if (escape_at(p)) {
                        byte = escape_value(p);
                        p += 3;
                }
                if (byte == 0) { /* JSON texts of these APIs cannot carry it */
                        free(out);
                        return NULL;
                }
                *to++ = (char) byte;
        }
        *to = 0;
        if (!utf8_valid(out, (size_t) (to - out))) {
                free(out);
                return NULL;
        }
        return out;
}

/* --- values --- */

/* Cuts a field off: a word, or a string in quotes. NULL at the end or when the quotes do not close. */
static char* field_next(char** rest) {
        char* p = *rest + strspn(*rest, " \t");
        if (!*p)
                return NULL;
        if (*p == '"') {
                char* end = strchr(p + 1, '"');
                if (!end || (end[1] && end[1] != ' ' && end[1] != '\t'))
                        return NULL;
                *end = 0;
                *rest = end + 1;
                return p + 1;
        }
        size_t n = strcspn(p, " \t");
        *rest = p + n + (p[n] ? 1 : 0);
        p[n] = 0;
        return p;
}

static int field_parse(char kind, const char* field, const char* origin, char* to, size_t room) {
        char name[RECORD_NAME_BYTES];
        unsigned number;
        int n = -1;
        if (kind == 'n' && number_parse(field, &number))
                n = snprintf(to, room, "%u", number);
        else if (kind == 'N' && *field && target_parse(field, origin, name))
                n = snprintf(to, room, "%s", name);
        else if (kind == 'w' && *field && strspn(field, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(field)) {
                n = snprintf(to, room, "%s", field);
                for (char* p = to; n > 0 && n < (int) room && *p; p++)
                        *p = (char) tolower((unsigned char) *p);
        } else if (kind == 'q' && printable(field) && !strpbrk(field, "\"\\"))
                n = snprintf(to, room, "\"%s\"", field);
        return n > 0 && n < (int) room ? n : -EBADMSG;
}

static int fields_parse(const char* shape, const char* text, const char* origin, char** ret) {
        char copy[1024], out[2048];
        size_t used = 0;
        if (strlen(text) >= sizeof(copy))
                return -EBADMSG;
        (void) snprintf(copy, sizeof(copy), "%s", text);
        char* rest = copy;
        for (const char* kind = shape; *kind; kind++) {
                char* field = field_next(&rest);
                if (!field)
                        return -EBADMSG;
                if (used > 0)
                        out[used++] = ' ';
                int n = field_parse(*kind, field, origin, out + used, sizeof(out) - used - 1);
                if (n < 0)
                        return n;
                used += (size_t) n;
        }
        if (rest[strspn(rest, " \t")])
                return -EBADMSG;
        *ret = strndup(out, used);
        return *ret ? 0 : -ENOMEM;
}

int record_value_parse(const char* type, const char* text, const char* origin, char** ret) {
        if (strlen(text) > RECORD_VALUE_MAX)
                return -EBADMSG;
        if (streq(type, "A"))
                return address_parse(AF_INET, text, ret);
        if (streq(type, "AAAA"))
                return address_parse(AF_INET6, text, ret);
        if (streq(type, "TXT"))
                return txt_parse(text, ret);
        const char* shape = shape_of(type);
        if (shape)
                return fields_parse(shape, text, origin, ret);
        if (!text_valid(text, /* newlines= */ false))
                return -EBADMSG;
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

char* record_value_text(const char* type, const char* value) {
        char* out = NULL;
        if (streq(type, "TXT"))
                return txt_text(value);
        const char* shape = shape_of(type);
        bool dot = shape && shape[strlen(shape) - 1] == 'N' && *value && value[strlen(value) - 1] != '.'; /* a name is always the last field */
        return asprintf(&out, "%s%s", value, dot ? "." : "") < 0 ? NULL : out;
}

/* --- sets --- */

static bool covers(const json_t* a, const json_t* b) {
        size_t i;
        json_t* v;
        json_array_foreach(b, i, v)
                if (!json_list_has(a, json_string_value(v)))
                        return false;
        return true;
}

bool record_values_equal(const json_t* a, const json_t* b) {
        return covers(a, b) && covers(b, a);
}

json_t* record_sets_find(const json_t* sets, const char* owner, const char* type) {
        size_t i;
        json_t* set;
        json_array_foreach(sets, i, set)
                if (streq_ptr(json_get_string(set, "owner"), owner) && streq_ptr(json_get_string(set, "type"), type))
                        return json_object_get(set, "values");
        return NULL;
}

int record_sets_add(json_t* sets, const char* owner, const char* type, const char* value, uint32_t ttl) {
        json_t* values = record_sets_find(sets, owner, type);
        if (!values) {
                if (json_array_size(sets) >= RECORD_SETS_MAX)
                        return -E2BIG;
                json_t* set = json_pack("{s:s, s:s, s:[], s:I}", "owner", owner, "type", type, "values", "ttl", (json_int_t) ttl);
                if (!set || json_array_append_new(sets, set) < 0)
                        return -ENOMEM;
                values = json_object_get(set, "values");
        }
        if (json_list_has(values, value))
                return 0;
        if (json_array_size(values) >= RECORD_VALUES_MAX)
                return -E2BIG;
        return json_array_append_new(values, json_string(value)) < 0 ? -ENOMEM : 0;
}
