#include "cli/arguments.h"
#include "cli/humane.h"

void arguments_done(Arguments* a) {
        json_decref(a->fields);
        a->fields = NULL;
}

void option_name(const char* field, char ret[static OPTION_NAME_MAX]) {
        size_t i = 0;
        for (; field[i] && i < OPTION_NAME_MAX - 1; i++)
                ret[i] = field[i] == '_' ? '-' : field[i];
        ret[i] = 0;
}

bool operation_has_pages(const Operation* o) {
        return (o->flags & OPERATION_COLLECTION) && operation_field(o, "after");
}

const Field* arguments_file_field(const Operation* o) {
        for (size_t i = 0; i < o->n_fields; i++)
                if (o->fields[i].type == FIELD_TEXT && (o->fields[i].flags & FIELD_REQUIRED))
                        return &o->fields[i];
        return NULL;
}

static bool secret_is_asked(const Arguments* a, const Field* f) {
        for (size_t i = 0; i < a->n_secrets; i++)
                if (a->secrets[i] == f)
                        return true;
        return false;
}

const Field* arguments_missing(const Arguments* a) {
        for (size_t i = 0; i < a->operation->n_fields; i++) {
                const Field* f = &a->operation->fields[i];
                if ((f->flags & FIELD_REQUIRED) && !json_object_get(a->fields, f->name) && a->file_field != f &&
                    !secret_is_asked(a, f))
                        return f;
        }
        return NULL;
}

/* The field whose option has this name of n bytes. */
static const Field* field_by_option(const Operation* o, const char* name, size_t n) {
        for (size_t i = 0; i < o->n_fields; i++) {
                char option[OPTION_NAME_MAX];
                option_name(o->fields[i].name, option);
                if (strlen(option) == n && strncmp(option, name, n) == 0)
                        return &o->fields[i];
        }
        return NULL;
}

static const Field* field_by_suffix(const Operation* o, const char* name, size_t n, const char* suffix) {
        size_t m = strlen(suffix);
        return n > m && strncmp(name + n - m, suffix, m) == 0 ? field_by_option(o, name, n - m) : NULL;
}

static int decode_integer(const Field* f, const char* text, json_t** ret, Error* reterr) {
        char* end = NULL;
        int64_t at;
        if ((f->flags & FIELD_MOMENT) && humane_parse_moment(text, &at) >= 0) {
                *ret = json_integer(at);
                return 0;
        }
        errno = 0;
        long long n = strtoll(text, &end, 10);
        if (errno != 0 || isempty(text) || *end)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "'%s' is not a whole number.", text);
        *ret = json_integer(n);
        return 0;
}

static int decode_boolean(const Field* f, const char* text, json_t** ret, Error* reterr) {
        static const char* const yes[] = { "true", "yes", "on", "1" }, * const no[] = { "false", "no", "off", "0" };
        for (size_t i = 0; i < ELEMENTS(yes); i++)
                if (streq(text, yes[i]) || streq(text, no[i])) {
                        *ret = json_boolean(streq(text, yes[i]));
                        return 0;
                }
        return error_field(reterr, ERROR_BAD_FIELD, f->name, "'%s' is neither yes nor no.", text);
}

static int decode_enum(const Field* f, const char* text, json_t** ret, Error* reterr) {
        if (!field_enum_has(f, text))
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "'%s' is none of %s.", text, f->values);
        *ret = json_string(text);
        return 0;
}

/* Repeated options add up; commas separate; one empty value is the empty list. */
static int decode_strings(const char* text, json_t* before, json_t** ret) {
        json_t* list = before ? json_incref(before) : json_array();
        while (list && *text) {
                size_t n = strcspn(text, ",");
                if (n > 0 && json_array_append_new(list, json_stringn(text, n)) < 0)
                        break;
                text += n;
                text += *text == ',';
        }
        *ret = list;
        return 0;
}

static int set_field(Arguments* a, const Field* f, const char* text, Error* reterr) {
        json_t *value = NULL, *before = json_object_get(a->fields, f->name);
        int r = 0;

        if (f->flags & FIELD_SECRET) {
                char option[OPTION_NAME_MAX];
                option_name(f->name, option);
                (void) error_field(reterr, ERROR_BAD_REQUEST, f->name, "A secret must not stand on the command line, where others can read it.");
                return error_hint(reterr, "Use --%s-stdin and type or pipe it.", option);
        }
        if (before && f->type != FIELD_STRINGS)
                return error_field(reterr, ERROR_BAD_REQUEST, f->name, "'%s' is given twice.", f->name);
        switch (f->type) {
        case FIELD_INTEGER:
                r = decode_integer(f, text, &value, reterr);
                break;
        case FIELD_BOOLEAN:
                r = decode_boolean(f, text, &value, reterr);
                break;
        case FIELD_ENUM:
                r = decode_enum(f, text, &value, reterr);
                break;
        case FIELD_STRINGS:
                r = decode_strings(text, before, &value);
                break;
        default:
                value = json_string(text); /* NULL when it is not UTF-8 */
        }
        if (r < 0)
                return r;
        if (!value)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "'%s' is not valid UTF-8.", f->name);
        return json_object_set_new(a->fields, f->name, value) < 0 ? error_errno(reterr, -ENOMEM, "Cannot keep the arguments") : 0;
}

static const Field* next_positional(const Arguments* a) {
        for (size_t i = 0; i < a->operation->n_fields; i++) {
                const Field* f = &a->operation->fields[i];
                if ((f->flags & FIELD_POSITIONAL) && (f->type == FIELD_STRINGS || !json_object_get(a->fields, f->name)))
                        return f;
        }
        return NULL;
}

/* The words of a command: each stays as it is, commas too. */
static int take_word(Arguments* a, const Field* f, const char* text, Error* reterr) {
        json_t* words = json_object_get(a->fields, f->name);
        if (!words && json_object_set_new(a->fields, f->name, words = json_array()) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot keep the arguments");
        if (json_array_append_new(words, json_string(text)) < 0)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "'%s' is not valid UTF-8.", f->name);
        return 0;
}

static int take_positional(Arguments* a, const char* text, Error* reterr) {
        const Field* f = next_positional(a);
        if (f && f->type == FIELD_STRINGS)
                return take_word(a, f, text, reterr);
        if (f)
                return set_field(a, f, text, reterr);
        f = arguments_file_field(a->operation);
        if (f && !a->file_field && !json_object_get(a->fields, f->name)) {
                a->file_field = f;
                a->file_path = text;
                return 0;
        }
        return error_set(reterr, ERROR_BAD_REQUEST, "'%s' is one argument too many.", text);
}

bool operation_has_output(const Operation* o) {
        return o == &operation_table[OP_APP_EXPORT] || o == &operation_table[OP_APP_EXPORT_READ] || o == &operation_table[OP_APP_FILE_READ] ||
               o == &operation_table[OP_APP_DIRECTORY_READ];
}

/* --output FILE. Returns how many arguments it took beyond itself, or -ENOENT when this is something else. */
static int take_output(Arguments* a, const char* option, size_t n, const char* value, const char* next, Error* reterr) {
        if (!operation_has_output(a->operation) || n != strlen("output") || strncmp(option, "output", n) != 0)
                return -ENOENT;
        if (isempty(value ?: next))
                return error_set(reterr, ERROR_BAD_REQUEST, "--output needs the name of a file.");
        a->output = value ?: next;
        return value ? 0 : 1;
}

/* Options that are not fields. 1 taken, 0 unknown. */
static int take_wish(Arguments* a, const char* name) {
        const struct {
                const char* name;
                bool* wish;
                bool allowed;
        } wishes[] = {
                { "help", &a->help, true },
                { "json", &a->json, true },
                { "all", &a->all, operation_has_pages(a->operation) },
                { "wait", &a->wait, a->operation->flags & OPERATION_JOB },
                { "no-wait", &a->no_wait, a->operation->flags & OPERATION_JOB },
                { "yes", &a->yes, true },
                { "force", &a->force, operation_has_output(a->operation) },
        };
        for (size_t i = 0; i < ELEMENTS(wishes); i++)
                if (wishes[i].allowed && streq(wishes[i].name, name)) {
                        *wishes[i].wish = true;
                        return 1;
                }
        return 0;
}

static int take_secret(Arguments* a, const Field* f, Error* reterr) {
        if (secret_is_asked(a, f) || a->n_secrets >= ARGUMENTS_SECRETS_MAX)
                return error_field(reterr, ERROR_BAD_REQUEST, f->name, "'%s' is given twice.", f->name);
        a->secrets[a->n_secrets++] = f;
        return 0;
}

static int unknown_option(const Operation* o, const char* option, size_t n, Error* reterr) {
        const char* dot = strchr(o->name, '.');
        (void) error_set(reterr, ERROR_UNKNOWN_FIELD, "There is no option --%.*s here.", (int) n, option);
        return error_hint(reterr, "'steadbox help %.*s %s' lists them.", (int) (dot - o->name), o->name, dot + 1);
}

/* One option without its dashes; next is the argument behind it or NULL. Returns how many arguments it took beyond itself. */
static int take_option(Arguments* a, const char* option, const char* next, Error* reterr) {
        size_t n = strcspn(option, "=");
        const char* value = option[n] ? option + n + 1 : NULL;
        const Field* f = field_by_option(a->operation, option, n);
        int r, taken = 0;

        if (f) {
                if (!value && f->type == FIELD_BOOLEAN)
                        value = "true";
                if (!value && !(f->flags & FIELD_SECRET)) {
                        value = next;
                        taken = 1;
                }
                if (!value && !(f->flags & FIELD_SECRET))
                        return error_field(reterr, ERROR_BAD_REQUEST, f->name, "--%s needs a value.", option);
                r = set_field(a, f, strempty(value), reterr);
                return r < 0 ? r : taken;
        }
        if (!value && take_wish(a, option) > 0)
                return 0;
        r = take_output(a, option, n, value, next, reterr);
        if (r != -ENOENT)
                return r;
        f = startswith(option, "no-") && !value ? field_by_option(a->operation, option + 3, n - 3) : NULL;
        if (f && f->type == FIELD_BOOLEAN)
                return set_field(a, f, "false", reterr);
        f = value ? NULL : field_by_suffix(a->operation, option, n, "-stdin");
        if (f && (f->flags & FIELD_SECRET))
                return take_secret(a, f, reterr);
        f = field_by_suffix(a->operation, option, n, "-file");
        if (f && f->type == FIELD_TEXT) {
                if (!value && !next)
                        return error_field(reterr, ERROR_BAD_REQUEST, f->name, "--%s needs the name of a file.", option);
                a->file_field = f;
                a->file_path = value ?: next;
                return value ? 0 : 1;
        }
        return unknown_option(a->operation, option, n, reterr);
}

int arguments_parse(const Operation* o, int argc, char** argv, Arguments* ret, Error* reterr) {
        bool options = true;
        *ret = (Arguments) { .operation = o, .fields = json_object() };
        if (!ret->fields)
                return error_errno(reterr, -ENOMEM, "Cannot keep the arguments");
        for (int i = 0; i < argc; i++) {
                int r;
                if (options && streq(argv[i], "--")) {
                        options = false;
                        continue;
                }
                if (options && streq(argv[i], "-h"))
                        r = take_wish(ret, "help");
                else if (options && startswith(argv[i], "--"))
                        r = take_option(ret, argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL, reterr);
                else
                        r = take_positional(ret, argv[i], reterr);
                if (r < 0)
                        return r;
                if (options && startswith(argv[i], "--"))
                        i += r;
        }
        if (ret->output && ret->json)
                return error_set(reterr, ERROR_BAD_REQUEST, "Give either --output, for a file of what comes, or --json, for what the API answers.");
        if (ret->json && o == &operation_table[OP_APP_DIRECTORY_READ])
                return error_set(reterr, ERROR_BAD_REQUEST, "What comes is a tar archive: --json does not go with it.");
        return 0;
}
