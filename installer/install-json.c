#include "install-json.h"
#include "base/validate.h"
#include <regex.h>
#include <sodium.h>
#include <stdio.h>

typedef enum FieldKind {
        FIELD_OBJECT,
        FIELD_STRING,
        FIELD_ENUM,
        FIELD_INTEGER,
        FIELD_STRINGS,
        FIELD_ENUMS,
        FIELD_OBJECTS,
} FieldKind;

typedef enum FieldFlags {
        SECRET = 1,
        ONCE = 2,
        LOCKABLE = 4,
} FieldFlags;

static bool text_plain_valid(const char* s) {
        return text_valid(s, /* newlines= */ false);
}

/* The key's own words must name its type (RFC 4253 section 6.6): a pasted half, or two keys mixed up, would only be found at sign-in. */
static bool ssh_key_line_valid(const char* s) {
        uint8_t blob[2560];
        size_t type_size = strcspn(s, " "), size = 0;
        const char* text = s + type_size + (s[type_size] == ' ');
        if (sodium_base642bin(blob, sizeof(blob), text, strcspn(text, " "), NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
                return false;
        return size > type_size + 4 + 16 && blob[0] == 0 && blob[1] == 0 && blob[2] == 0 && blob[3] == type_size &&
               memcmp(blob + 4, s, type_size) == 0;
}

typedef enum FormatName {
        FORMAT_NONE,
#define FIELD(...)
#define FORMAT(symbol, min, max, validator, pattern, second, forbidden, sentence) FORMAT_##symbol,
#include "fields.h"
        _FORMAT_MAX,
} FormatName;

typedef struct Format {
        const char* name;
        size_t min, max;              /* characters */
        bool (*valid)(const char* s); /* NULL where the patterns say all */
        const char* patterns[2];
        const char* forbidden;        /* or NULL */
        const char* sentence;         /* "Please give ..." */
} Format;

static const Format format_table[_FORMAT_MAX] = {
#define FIELD(...)
#define FORMAT(symbol, min, max, validator, pattern, second, forbidden, sentence) \
        [FORMAT_##symbol] = { #symbol, min, max, validator, { pattern, second }, forbidden, sentence },
#include "fields.h"
};

typedef struct Field {
        const char* path;
        FieldKind kind;
        FormatName format;
        json_int_t min, max;
        const char* values;   /* ENUM: "a|b" */
        unsigned flags;
        const char* sentence;
} Field;

static const Field field_table[] = {
#define FIELD(path, kind, format, min, max, values, flags, sentence) \
        { path, FIELD_##kind, FORMAT_##format, min, max, values, flags, sentence },
#define FORMAT(...)
#include "fields.h"
};

struct Config {
        json_t* root;
};

/* ---- the table --------------------------------------------------------------------------------------------------------------- */

static const Field* field_find(const char* path) {
        for (size_t i = 0; i < ELEMENTS(field_table); i++)
                if (streq(field_table[i].path, path))
                        return &field_table[i];
        return NULL;
}

#define PATH_BYTES 256 /* of a field, with NUL; a longer one in the input is nobody's */

/* Joins the words, cut to what fits; returns whether all of it did. */
static bool path_join(char ret[static PATH_BYTES], const char* a, const char* b, const char* c) {
        const char* const words[] = { a, b, c };
        size_t n = 0;
        for (size_t i = 0; i < ELEMENTS(words); i++)
                for (const char* p = words[i]; *p; p++) {
                        if (n + 1 == PATH_BYTES)
                                return ret[n] = 0, false;
                        ret[n++] = *p;
                }
        ret[n] = 0;
        return true;
}

/* The path of key below the object at parent; false when it is longer than any field's. */
static bool path_below(char ret[static PATH_BYTES], const char* parent, const char* key) {
        return path_join(ret, parent, *parent ? "." : "", key);
}

/* The name of a field below parent ("" is the root), or NULL where it stands elsewhere: "colour" of provider.colour below provider. */
static const char* field_below(const Field* f, const char* parent) {
        const char* rest = startswith(f->path, parent);
        if (!rest)
                return NULL;
        if (*parent) {
                if (*rest != '.')
                        return NULL;
                rest++;
        }
        return *rest && !strchr(rest, '.') ? rest : NULL;
}

static bool enum_has(const char* values, const char* s) {
        size_t n = strlen(s);
        if (strchr(s, '|'))
                return false;
        for (const char* p = values; p; p = strchr(p, '|')) {
                p += *p == '|';
                if (strncmp(p, s, n) == 0 && (p[n] == '|' || p[n] == 0))
                        return n > 0;
        }
        return false;
}

/* ENUMS without values of their own are names of lockable fields. */
static bool field_allows(const Field* f, const char* s) {
        if (f->values)
                return enum_has(f->values, s);
        const Field* other = field_find(s);
        return other && (other->flags & LOCKABLE);
}

static char* lockable_names(void) {
        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; i < ELEMENTS(field_table); i++)
                if (field_table[i].flags & LOCKABLE)
                        (void) fprintf(f, "%s%s", ftell(f) > 0 ? ", " : "", field_table[i].path);
        return fclose(f) == 0 ? text : NULL;
}

/* ---- formats ----------------------------------------------------------------------------------------------------------------- */

static int pattern_matches(const char* pattern, const char* s) {
        regex_t regex;
        if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
                return -ENOMEM;
        int r = regexec(&regex, s, 0, NULL, 0);
        regfree(&regex);
        return r == 0;
}

static int format_patterns_match(const Format* f, const char* s) {
        for (size_t i = 0; i < ELEMENTS(f->patterns) && f->patterns[i]; i++) {
                int r = pattern_matches(f->patterns[i], s);
                if (r <= 0)
                        return r;
        }
        if (!f->forbidden)
                return 1;
        int r = pattern_matches(f->forbidden, s);
        return r < 0 ? r : !r;
}

static size_t characters(const char* s) {
        size_t n = 0;
        for (; *s; s++)
                n += ((unsigned char) *s & 0xc0) != 0x80;
        return n;
}

static int format_check(const Format* f, const char* field, const char* s, Error* reterr) {
        size_t n = characters(s);
        if (n < f->min || n > f->max)
                return error_field(reterr, ERROR_BAD_FIELD, field, "'%s' must have between %zu and %zu characters, this one has %zu.",
                                   field, f->min, f->max, n);
        int r = format_patterns_match(f, s);
        if (r < 0)
                return error_errno(reterr, r, "Cannot check '%s'", field);
        if (r == 0 || (f->valid && !f->valid(s)))
                return error_field(reterr, ERROR_BAD_FIELD, field, "'%s' must be %s.", field, f->sentence);
        return 0;
}

int config_format_test(const char* name, const char* s, bool* ret_pattern, bool* ret_validator) {
        for (size_t i = 1; i < ELEMENTS(format_table); i++) {
                const Format* f = &format_table[i];
                if (!streq(f->name, name))
                        continue;
                size_t n = characters(s);
                bool fits = n >= f->min && n <= f->max;
                *ret_pattern = fits && format_patterns_match(f, s) > 0;
                *ret_validator = f->valid ? fits && f->valid(s) : *ret_pattern;
                return 0;
        }
        return -ENOENT;
}

/* ---- decoding ---------------------------------------------------------------------------------------------------------------- */

static int wrong_type(const char* path, const char* wanted, Error* reterr) {
        return error_field(reterr, ERROR_BAD_FIELD, path, "'%s' must be %s.", path, wanted);
}

static int check_object(const json_t* object, const char* table_path, const char* shown_path, Error* reterr);

static int check_string(const Field* f, const char* path, const json_t* value, Error* reterr) {
        const char* s = json_string_value(value);
        if (!s)
                return wrong_type(path, "a string", reterr);
        if (f->kind != FIELD_ENUM && f->kind != FIELD_ENUMS)
                return format_check(&format_table[f->format], path, s, reterr);
        if (field_allows(f, s))
                return 0;
        _cleanup_free_ char* names = f->values ? strdup(f->values) : lockable_names();
        return error_field(reterr, ERROR_BAD_FIELD, path, "'%s' does not know this value; it may be one of: %s.", path, strempty(names));
}

static int check_array(const Field* f, const char* path, const json_t* value, Error* reterr) {
        if (!json_is_array(value))
                return wrong_type(path, "an array", reterr);
        if (json_array_size(value) > (size_t) f->max)
                return error_field(reterr, ERROR_BAD_FIELD, path, "'%s' may have at most %lld elements.", path, (long long) f->max);
        for (size_t i = 0; i < json_array_size(value); i++) {
                char shown[PATH_BYTES], inner[PATH_BYTES], number[32];
                (void) snprintf(number, sizeof(number), "[%zu]", i);
                (void) path_join(shown, path, number, "");
                (void) path_join(inner, f->path, "[]", "");
                const json_t* element = json_array_get(value, i);
                int r = f->kind != FIELD_OBJECTS ? check_string(f, shown, element, reterr) : check_object(element, inner, shown, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_value(const Field* f, const char* path, const json_t* value, Error* reterr) {
        switch (f->kind) {
        case FIELD_OBJECT:
                return check_object(value, f->path, path, reterr);
        case FIELD_STRING:
        case FIELD_ENUM:
                return check_string(f, path, value, reterr);
        case FIELD_INTEGER:
                if (!json_is_integer(value))
                        return wrong_type(path, "a whole number", reterr);
                if (json_integer_value(value) < f->min || json_integer_value(value) > f->max)
                        return error_field(reterr, ERROR_BAD_FIELD, path, "'%s' must be between %lld and %lld.", path,
                                           (long long) f->min, (long long) f->max);
                return 0;
        default:
                return check_array(f, path, value, reterr);
        }
}

static int unknown_field(const char* parent, const char* shown, Error* reterr) {
        _cleanup_free_ char* known = NULL;
        size_t size = 0;
        (void) error_field(reterr, ERROR_UNKNOWN_FIELD, shown, "There is no field '%s' in install.json.", shown);
        FILE* f = open_memstream(&known, &size);
        if (!f)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTS(field_table); i++) {
                const char* name = field_below(&field_table[i], parent);
                if (name)
                        (void) fprintf(f, "%s%s", ftell(f) > 0 ? ", " : "", name);
        }
        if (fclose(f) < 0)
                return -ENOMEM;
        return error_hint(reterr, "Remove it; known here are: %s.", known);
}

/* A name that is shown in a message: only plain bytes of it. */
static void shown_name(char ret[static PATH_BYTES], const char* parent, const char* key) {
        (void) path_below(ret, parent, key);
        for (char* p = ret; *p; p++)
                if (*p < 0x20 || *p > 0x7e)
                        *p = '?';
}

static int check_object(const json_t* object, const char* table_path, const char* shown_path, Error* reterr) {
        const char* key;
        json_t* value;

        if (!json_is_object(object))
                return wrong_type(shown_path, "an object", reterr);
        json_object_foreach((json_t*) object, key, value) {
                char shown[PATH_BYTES], path[PATH_BYTES];
                shown_name(shown, shown_path, key);
                /* A dot in the key must not reach into another object's fields. */
                const Field* f = path_below(path, table_path, key) && !strpbrk(key, ".[") ? field_find(path) : NULL;
                if (!f)
                        return unknown_field(table_path, shown, reterr);
                int r = check_value(f, shown, value, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static const char* location_of(const json_t* app) {
        return json_get_string(app, "location") ?: strempty(json_get_string(app, "package"));
}

static int check_allowed(const Config* c, const char* field, const char* package, Error* reterr) {
        const json_t* allow = config_get(c, "provider.catalogue.allow");
        if (!json_list_has(config_get(c, "provider.catalogue.deny"), package) && (json_array_size(allow) == 0 || json_list_has(allow, package)))
                return 0;
        (void) error_field(reterr, ERROR_BAD_FIELD, field, "'%s' is %s, which 'provider.catalogue' does not let be installed.", field, package);
        return error_hint(reterr, "Take it out of the apps, or change 'provider.catalogue.allow' and 'provider.catalogue.deny'.");
}

/* One app of the list, beside those before it. */
static int check_app(const Config* c, size_t i, Error* reterr) {
        const json_t *apps = config_get(c, "apps"), *app = json_array_get(apps, i);
        const char* package = json_get_string(app, "package");
        char field[PATH_BYTES];
        (void) snprintf(field, sizeof(field), "apps[%zu].package", i);
        if (!package) {
                (void) error_field(reterr, ERROR_MISSING_FIELD, field, "'%s' is missing.", field);
                return error_hint(reterr, "Say which app of the catalogue is meant, such as radicale.");
        }
        for (size_t k = 0; k < i; k++) {
                const json_t* before = json_array_get(apps, k);
                bool same = streq_ptr(json_get_string(before, "package"), package);
                if (!same && !streq(location_of(before), location_of(app)))
                        continue;
                (void) snprintf(field, sizeof(field), "apps[%zu].%s", i, same ? "package" : "location");
                (void) error_field(reterr, ERROR_BAD_FIELD, field, "'%s' is what 'apps[%zu]' has already: %s.", field, k, same ? package : location_of(app));
                return error_hint(reterr, same ? "Each app comes once; its owner can install another." : "Give one of them another location.");
        }
        return check_allowed(c, field, package, reterr);
}

/* What no single field can say. */
static int check_whole(const Config* c, Error* reterr) {
        for (size_t i = 0; i < json_array_size(config_get(c, "apps")); i++) {
                int r = check_app(c, i, reterr);
                if (r < 0)
                        return r;
        }
        if (config_get(c, "owner.password_hash") && !config_get(c, "owner.username"))
                return error_field(reterr, ERROR_MISSING_FIELD, "owner.username", "'owner.password_hash' needs 'owner.username' beside it.");
        if (config_get(c, "owner.password_hash") && config_get(c, "owner.link_token_sha256"))
                return error_field(reterr, ERROR_BAD_FIELD, "owner.link_token_sha256",
                                   "'owner.password_hash' and 'owner.link_token_sha256' exclude each other: give the owner a password or a link.");
        return 0;
}

int config_parse(const char* text, size_t size, Config** ret, Error* reterr) {
        _cleanup_(config_freep) Config* c = malloc(sizeof(*c));
        int r;

        if (!c)
                return error_errno(reterr, -ENOMEM, "Cannot read install.json");
        *c = (Config) {};
        if (size > CONFIG_SIZE_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "install.json is larger than %zu bytes.", CONFIG_SIZE_MAX);
        r = json_parse_object(text, size, &c->root, reterr);
        if (r < 0)
                return error_context(reterr, "install.json");
        r = check_object(c->root, "", "", reterr);
        if (r < 0)
                return r;
        r = check_whole(c, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

static void wipe_secret(const char* secret, void* userdata) {
        explicit_bzero((char*) secret, strlen(secret));
}

Config* config_free(Config* c) {
        if (!c)
                return NULL;
        if (c->root)
                config_each_secret(c, wipe_secret, NULL);
        json_decref(c->root);
        free(c);
        return NULL;
}

const json_t* config_get(const Config* c, const char* path) {
        const json_t* value = c->root;
        char key[64];
        for (const char* p = path; value && *p;) {
                size_t n = strcspn(p, ".");
                assert(n < sizeof(key));
                memcpy(key, p, n);
                key[n] = 0;
                value = json_object_get(value, key);
                p += n + (p[n] == '.');
        }
        return value;
}

const char* config_string(const Config* c, const char* path) {
        return json_string_value(config_get(c, path));
}

/* ---- parts of it ------------------------------------------------------------------------------------------------------------- */

typedef bool (*FieldWanted)(const Field* f);

static bool wanted_setting(const Field* f) {
        return !(f->flags & (SECRET | ONCE));
}
static bool wanted_open(const Field* f) {
        return !(f->flags & SECRET);
}
static bool wanted_preset(const Field* f) {
        return (f->flags & SECRET) && !(f->flags & ONCE);
}

/* A copy with only the wanted leaves. An array of objects keeps its places, so that its secrets are found by number; objects that end
 * up empty are left out, unless they were. */
static json_t* pick(const json_t* object, const char* table_path, FieldWanted wanted) {
        _cleanup_json_ json_t* copy = json_object();
        const char* key;
        json_t* value;

        if (!copy)
                return NULL;
        json_object_foreach((json_t*) object, key, value) {
                char path[PATH_BYTES];
                (void) path_below(path, table_path, key);
                const Field* f = field_find(path);
                assert(f);
                json_t* part = NULL;
                if (f->kind == FIELD_OBJECT) {
                        part = (f->flags & ONCE) && wanted == wanted_setting ? json_object() : pick(value, path, wanted);
                        if (part && json_object_size(part) == 0) {
                                json_decref(part);
                                continue;
                        }
                } else if (f->kind == FIELD_OBJECTS) {
                        char inner[PATH_BYTES];
                        (void) path_join(inner, path, "[]", "");
                        part = json_array();
                        bool any = wanted != wanted_preset;
                        for (size_t i = 0; part && i < json_array_size(value); i++) {
                                json_t* element = pick(json_array_get(value, i), inner, wanted);
                                any = any || json_object_size(element) > 0;
                                if (json_array_append_new(part, element) < 0)
                                        return json_decref(part), NULL;
                        }
                        if (!any) {
                                json_decref(part);
                                continue;
                        }
                } else if (wanted(f))
                        part = json_incref(value);
                else
                        continue;
                if (json_object_set_new(copy, key, part) < 0)
                        return NULL;
        }
        return TAKE_PTR(copy);
}

json_t* config_settings(const Config* c) {
        json_t* settings = pick(c->root, "", wanted_setting);
        if (settings && json_object_set_new(settings, "version", json_integer(1)) < 0) {
                json_decref(settings);
                return NULL;
        }
        return settings;
}

json_t* config_without_secrets(const Config* c) {
        return pick(c->root, "", wanted_open);
}

json_t* config_presets(const Config* c) {
        return pick(c->root, "", wanted_preset);
}

static void each_secret(
                const json_t* object, const char* table_path, void (*on)(const char* secret, void* userdata), void* userdata) {
        const char* key;
        json_t* value;
        json_object_foreach((json_t*) object, key, value) {
                char path[PATH_BYTES];
                const Field* f = path_below(path, table_path, key) ? field_find(path) : NULL;
                if (!f)
                        continue;
                if (f->kind == FIELD_OBJECT)
                        each_secret(value, path, on, userdata);
                else if (f->kind == FIELD_OBJECTS) {
                        char inner[PATH_BYTES];
                        (void) path_join(inner, path, "[]", "");
                        for (size_t i = 0; i < json_array_size(value); i++)
                                each_secret(json_array_get(value, i), inner, on, userdata);
                } else if ((f->flags & SECRET) && json_is_string(value))
                        on(json_string_value(value), userdata);
        }
}

void config_each_secret(const Config* c, void (*on)(const char* secret, void* userdata), void* userdata) {
        each_secret(c->root, "", on, userdata);
}

static void count_secret(const char* secret, void* userdata) {
        ++*(unsigned*) userdata;
}

bool config_has_secrets(const Config* c) {
        unsigned n = 0;
        config_each_secret(c, count_secret, &n);
        return n > 0;
}

/* ---- the schema -------------------------------------------------------------------------------------------------------------- */

static json_t* schema_values(const Field* f) {
        json_t* list = json_array();
        if (!f->values) {
                for (size_t i = 0; i < ELEMENTS(field_table); i++)
                        if (field_table[i].flags & LOCKABLE)
                                (void) json_array_append_new(list, json_string(field_table[i].path));
                return list;
        }
        for (const char* p = f->values; *p;) {
                size_t n = strcspn(p, "|");
                (void) json_array_append_new(list, json_stringn(p, n));
                p += n + (p[n] == '|');
        }
        return list;
}

static json_t* schema_string(const Format* f) {
        json_t* s = json_pack("{s:s, s:I, s:I}", "type", "string", "minLength", (json_int_t) f->min, "maxLength", (json_int_t) f->max);
        const char* plain = f->valid == text_plain_valid ? "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" : NULL;
        if (f->patterns[0] || plain)
                (void) json_object_set_new(s, "pattern", json_string(f->patterns[0] ?: plain));
        if (f->patterns[0] && plain)
                (void) json_object_set_new(s, "allOf", json_pack("[{s:s}]", "pattern", plain));
        if (f->patterns[1])
                (void) json_object_set_new(s, "allOf", json_pack("[{s:s}]", "pattern", f->patterns[1]));
        if (f->forbidden)
                (void) json_object_set_new(s, "not", json_pack("{s:s}", "pattern", f->forbidden));
        return s;
}

static json_t* schema_object(const char* table_path);

static json_t* schema_item(const Field* f) {
        switch (f->kind) {
        case FIELD_OBJECT:
                return schema_object(f->path);
        case FIELD_OBJECTS: {
                char inner[PATH_BYTES];
                (void) path_join(inner, f->path, "[]", "");
                return schema_object(inner);
        }
        case FIELD_INTEGER:
                return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", f->min, "maximum", f->max);
        case FIELD_ENUM:
        case FIELD_ENUMS:
                return json_pack("{s:o}", "enum", schema_values(f));
        default:
                return schema_string(&format_table[f->format]);
        }
}

static json_t* schema_object(const char* table_path) {
        json_t* properties = json_object();
        for (size_t i = 0; i < ELEMENTS(field_table); i++) {
                const Field* f = &field_table[i];
                const char* name = field_below(f, table_path);
                if (!name)
                        continue;
                json_t* item = schema_item(f);
                if (f->kind == FIELD_STRINGS || f->kind == FIELD_ENUMS || f->kind == FIELD_OBJECTS)
                        item = json_pack("{s:s, s:I, s:o}", "type", "array", "maxItems", f->max, "items", item);
                (void) json_object_set_new(item, "description", json_string(f->sentence));
                if (f->flags & SECRET)
                        (void) json_object_set_new(item, "writeOnly", json_true());
                (void) json_object_set_new(properties, name, item);
        }
        return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties", properties);
}

json_t* config_schema(void) {
        json_t* s = json_pack("{s:s, s:s, s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema", "$id",
                              "urn:steadbox:install.json:1", "title", "install.json", "description",
                              "What a provider wants of a machine that becomes a Steadbox. Everything is optional.");
        _cleanup_json_ json_t* root = schema_object("");
        (void) json_object_update(s, root);
        /* check_whole() in the schema's words, as far as it has some */
        json_t* app = json_object_get(json_object_get(json_object_get(s, "properties"), "apps"), "items");
        (void) json_object_set_new(app, "required", json_pack("[s]", "package"));
        json_t* in_root = json_object_get(json_object_get(s, "properties"), "owner");
        (void) json_object_set_new(in_root, "dependentRequired", json_pack("{s:[s]}", "password_hash", "username"));
        (void) json_object_set_new(in_root, "not", json_pack("{s:[s,s]}", "required", "password_hash", "link_token_sha256"));
        return s;
}
