#include "cli/print.h"
#include "cli/humane.h"
#include "cli/table.h"

#define COLUMNS_MAX 32
#define BRIEF_MAX 10

static bool ends_with(const char* s, const char* end) {
        size_t n = strlen(s), m = strlen(end);
        return n >= m && streq(s + n - m, end);
}

static int join_strings(const json_t* list, char** ret) {
        _cleanup_free_ char* text = NULL;
        size_t size = 0, i;
        json_t* one;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        json_array_foreach(list, i, one)
                (void) fprintf(f, "%s%s", i > 0 ? ", " : "", strempty(json_string_value(one)));
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}

/* One value as a line of text; brief for tables. */
static int value_text(const Printer* p, const char* name, PropertyKind kind, const json_t* v, bool brief, char** ret) {
        char text[HUMANE_MAX];
        if (!v || json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0) || (json_is_array(v) && json_array_size(v) == 0))
                (void) strcpy(text, "-");
        else if (kind == PROPERTY_TIME && json_is_integer(v)) {
                if (brief)
                        humane_moment(json_integer_value(v), p->now, text);
                else
                        humane_time(json_integer_value(v), p->now, text);
        } else if (json_is_integer(v) && ends_with(name, "_bytes"))
                humane_size(json_integer_value(v), text);
        else if (json_is_integer(v))
                (void) snprintf(text, sizeof(text), "%lld", (long long) json_integer_value(v));
        else if (json_is_boolean(v))
                (void) strcpy(text, json_is_true(v) ? "yes" : "no");
        else if (kind == PROPERTY_STRINGS && json_is_array(v))
                return join_strings(v, ret);
        else if (json_is_string(v) && startswith(json_string_value(v), "data:image/"))
                (void) strcpy(text, "a picture"); /* kilobytes of it; --json has them */
        else if (json_is_string(v)) {
                *ret = strdup(json_string_value(v));
                return *ret ? 0 : -ENOMEM;
        } else {
                *ret = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
                return *ret ? 0 : -ENOMEM;
        }
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

static bool is_number(const Property* p) {
        return p->kind == PROPERTY_INTEGER;
}

/* Structures are for programs. */
static bool is_spare(const Property* p) {
        return p->kind == PROPERTY_OBJECT || p->kind == PROPERTY_ONE || p->kind == PROPERTY_MANY;
}

/* Types with more properties than a line can hold: the columns of their lists. `show` and --json have all of them. */
static const struct {
        const char* type;
        const char* columns[BRIEF_MAX];
} brief_table[] = {
        { "AppVersion", { "version", "state", "reachable", "program", "data", "sentence", "since", "left_at", "kept_until", "size_mb" } },
        { "App", { "id", "title", "version", "state", "sentence", "shown", "update", "memory_mb" } },
        { "Certificate", { "id", "names", "source", "method", "not_after", "renew_at", "sentence" } },
        { "DnsProvider", { "kind", "name", "fields", "url" } },
        { "Domain", { "name", "shown", "primary", "state", "certificate", "records", "ok", "sentence" } },
        { "DomainChange", { "at", "actor", "kind", "record", "sentence" } },
        { "Offer", { "package", "title", "version", "summary", "memory_mb", "disk_mb", "sign_in", "allowed", "installed", "end_of_life" } },
        { "ServedName", { "name", "shown", "kind", "target", "certificate", "trusted", "headers" } },
        { "Tile", { "tile", "kind", "title", "url", "state", "sentence" } },
};

/* Borrowed pointers to the properties that make columns; returns how many. */
static size_t columns_of(const Type* type, const Property* ret[static COLUMNS_MAX]) {
        size_t n = 0;
        for (size_t i = 0; i < ELEMENTS(brief_table); i++)
                for (size_t c = 0; streq(brief_table[i].type, type->name) && c < BRIEF_MAX && brief_table[i].columns[c]; c++)
                        for (size_t k = 0; k < type->n_properties; k++)
                                if (streq(type->properties[k].name, brief_table[i].columns[c]))
                                        ret[n++] = &type->properties[k];
        for (size_t k = 0; n == 0 && k < MIN(type->n_properties, (size_t) COLUMNS_MAX); k++)
                ret[k] = &type->properties[k];
        return n > 0 ? n : MIN(type->n_properties, (size_t) COLUMNS_MAX);
}

static int add_heading(Table* table, const Property* const* columns, size_t n) {
        int r = 0;
        for (size_t c = 0; r >= 0 && c < n; c++) {
                char label[HUMANE_MAX];
                humane_label(columns[c]->name, label);
                if (is_number(columns[c]))
                        table_align_right(table, c);
                if (is_spare(columns[c]))
                        table_spare(table, c);
                r = table_add(table, label);
        }
        return r;
}

static int print_table(const Printer* p, const Type* type, const json_t* items) {
        _cleanup_(table_freep) Table* table = NULL;
        const Property* columns[COLUMNS_MAX];
        size_t i, n = columns_of(type, columns);
        json_t* item;
        int r = table_new(n, &table);
        if (r >= 0)
                r = add_heading(table, columns, n);
        json_array_foreach(items, i, item)
                for (size_t c = 0; r >= 0 && c < n; c++) {
                        _cleanup_free_ char* text = NULL;
                        r = value_text(p, columns[c]->name, columns[c]->kind, json_object_get(item, columns[c]->name), true, &text);
                        if (r >= 0)
                                r = table_add(table, text);
                }
        return r < 0 ? r : table_print(table, p->file, p->width);
}

static void print_indented(const Printer* p, const json_t* item, const char* key) {
        _cleanup_free_ char* text = strdup(strempty(json_get_string(item, key)));
        if (isempty(text))
                return;
        text_tame(text, /* newlines= */ false);
        (void) fprintf(p->file, "    %s\n", text);
}

static void print_asked(const Printer* p, const json_t* item) {
        _cleanup_free_ char* servers = NULL;
        char checked[HUMANE_MAX], since[HUMANE_MAX];
        int64_t checked_at = json_get_integer(item, "checked_at", 0), since_at = json_get_integer(item, "since", 0);
        if (checked_at <= 0 || json_array_size(json_object_get(item, "asked")) == 0 || join_strings(json_object_get(item, "asked"), &servers) < 0)
                return;
        text_tame(servers, /* newlines= */ false);
        humane_moment(checked_at, p->now, checked);
        (void) fprintf(p->file, "    Asked %s, %s", servers, checked);
        if (since_at > 0) {
                humane_moment(since_at, p->now, since);
                (void) fprintf(p->file, "; so since %s", since);
        }
        (void) fputs(".\n", p->file);
}

/* Verdicts are sentences with their remedy; what is as it should be needs only its name. */
static int print_verdicts(const Printer* p, const json_t* items) {
        size_t i, n_ok = 0;
        json_t* item;
        json_array_foreach(items, i, item) {
                const char* verdict = strempty(json_get_string(item, "verdict"));
                if (streq(verdict, "ok")) {
                        n_ok++;
                        continue;
                }
                (void) fprintf(p->file, "%s  %s%s\n", strempty(json_get_string(item, "id")), verdict,
                               json_is_object(json_object_get(item, "ignored")) ? " (put aside)" : "");
                print_indented(p, item, "sentence");
                print_indented(p, item, "hint");
                print_asked(p, item);
        }
        if (n_ok > 0)
                (void) fprintf(p->file, "As they should be (%zu):\n", n_ok);
        json_array_foreach(items, i, item)
                if (streq_ptr(json_get_string(item, "verdict"), "ok"))
                        (void) fprintf(p->file, "    %s\n", strempty(json_get_string(item, "id")));
        return 0;
}

void print_news(const Printer* p, const json_t* version) {
        const char* notes = strempty(json_get_string(version, "notes"));
        _cleanup_free_ char* text = NULL;
        if (!*notes || asprintf(&text, "What is new in %s:\n%s", strempty(json_get_string(version, "version")), notes) < 0)
                return;
        text_tame(text, /* newlines= */ true);
        (void) fprintf(p->file, "%s%s", text, ends_with(text, "\n") ? "" : "\n");
}

/* What an update would bring stands below; --json has what is new in all of them. */
static int print_versions(const Printer* p, const Type* type, const json_t* items) {
        size_t i;
        json_t* item;
        int r = print_table(p, type, items);
        json_array_foreach((json_t*) items, i, item)
                if (r >= 0 && streq(strempty(json_get_string(item, "state")), "offered") && !isempty(json_get_string(item, "notes"))) {
                        (void) fputc('\n', p->file);
                        print_news(p, item);
                }
        return r;
}

int print_items(const Printer* p, const Type* type, const json_t* items) {
        if (type->n_properties == 0)
                return 0;
        return streq(type->name, "DomainRecord") ? print_verdicts(p, items)
             : streq(type->name, "AppVersion")   ? print_versions(p, type, items)
                                                 : print_table(p, type, items);
}

/* Texts of several lines stand below their label, as they are. */
static void print_value(const Printer* p, const char* label, size_t label_width, unsigned depth, char* text) {
        bool block = strchr(text, '\n');
        text_tame(text, block);
        (void) fprintf(p->file, "%*s%s:", (int) depth * 2, "", label);
        if (block)
                (void) fprintf(p->file, "\n%s%s", text, ends_with(text, "\n") ? "" : "\n");
        else
                (void) fprintf(p->file, "%*s%s\n", (int) (label_width - text_width(label) + 1), "", text);
}

static int print_properties(const Printer* p, const Type* type, const json_t* object, unsigned depth);

int print_free(const Printer* p, const json_t* object, unsigned depth) {
        const char* key;
        json_t* v;
        size_t width = 0;
        int r;

        json_object_foreach((json_t*) object, key, v)
                width = MAX(width, text_width(key));
        json_object_foreach((json_t*) object, key, v) {
                _cleanup_free_ char* text = NULL;
                char label[HUMANE_MAX];
                humane_label(key, label);
                PropertyKind kind = ends_with(key, "_at") ? PROPERTY_TIME : PROPERTY_STRING;
                r = value_text(p, key, kind, v, false, &text);
                if (r < 0)
                        return r;
                print_value(p, label, width, depth, text);
        }
        return 0;
}

/* Texts of several lines, such as the parts of a help bundle, do not fit into the cells of a table. */
static bool has_long_text(const json_t* items) {
        size_t i;
        json_t *item, *v;
        const char* key;
        json_array_foreach((json_t*) items, i, item)
                json_object_foreach(item, key, v)
                        if (json_is_string(v) && strchr(json_string_value(v), '\n'))
                                return true;
        return false;
}

static int print_each(const Printer* p, const Type* type, const json_t* items, unsigned depth) {
        size_t i;
        json_t* item;
        json_array_foreach((json_t*) items, i, item) {
                if (i > 0)
                        (void) fputc('\n', p->file);
                int r = print_properties(p, type, item, depth);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int print_property(const Printer* p, const Property* property, const json_t* v, size_t width, unsigned depth) {
        char label[HUMANE_MAX];
        bool nested = property->kind == PROPERTY_ONE || property->kind == PROPERTY_OBJECT;
        humane_label(property->name, label);

        if ((nested && json_object_size(v) > 0) || (property->kind == PROPERTY_MANY && json_array_size(v) > 0)) {
                (void) fprintf(p->file, "%*s%s:\n", (int) depth * 2, "", label);
                if (property->kind == PROPERTY_MANY)
                        return has_long_text(v) ? print_each(p, type_find(property->type), v, depth + 1) : print_items(p, type_find(property->type), v);
                if (property->kind == PROPERTY_OBJECT)
                        return print_free(p, v, depth + 1);
                return print_properties(p, type_find(property->type), v, depth + 1);
        }
        _cleanup_free_ char* text = NULL;
        if (nested || property->kind == PROPERTY_MANY)
                v = NULL; /* nothing in it */
        int r = value_text(p, property->name, property->kind, v, false, &text);
        if (r < 0)
                return r;
        print_value(p, label, width, depth, text);
        return 0;
}

static int print_properties(const Printer* p, const Type* type, const json_t* object, unsigned depth) {
        size_t width = 0;
        for (size_t i = 0; i < type->n_properties; i++) {
                char label[HUMANE_MAX];
                humane_label(type->properties[i].name, label);
                width = MAX(width, text_width(label));
        }
        for (size_t i = 0; i < type->n_properties; i++) {
                const Property* property = &type->properties[i];
                int r = print_property(p, property, json_object_get(object, property->name), width, depth);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A type with one property is that property: a table in CSV, recovery codes. Unlabelled, so that it can be piped. */
static int print_single(const Printer* p, const json_t* v) {
        size_t i;
        json_t* one;
        if (json_is_string(v)) {
                const char* text = json_string_value(v);
                (void) fprintf(p->file, "%s%s", text, ends_with(text, "\n") ? "" : "\n");
        }
        if (json_is_array(v))
                json_array_foreach(v, i, one)
                        (void) fprintf(p->file, "%s\n", strempty(json_string_value(one)));
        return 0;
}

int print_object(const Printer* p, const Type* type, const json_t* object) {
        if (type->n_properties == 1)
                return print_single(p, json_object_get(object, type->properties[0].name));
        return print_properties(p, type, object, 0);
}
