/* The operation reference: for people who write against the API or administer by the command line. */
#include "cli/help.h"
#include "generate/generate.h"

static void print_limits(FILE* f, const Field* field) {
        if (field->values) {
                for (const char* p = field->values; *p;) {
                        size_t n = strcspn(p, "|");
                        (void) fprintf(f, "`%.*s`%s", (int) n, p, p[n] ? ", " : "");
                        p += n + (p[n] == '|');
                }
                return;
        }
        const char* unit = field->type == FIELD_INTEGER ? "" : field->type == FIELD_STRINGS ? " entries" : " bytes";
        if (field->type == FIELD_BOOLEAN)
                (void) fputs("true or false", f);
        else if (field->min == field->max)
                (void) fprintf(f, "%lld%s", (long long) field->max, unit);
        else
                (void) fprintf(f, "%lld to %lld%s", (long long) field->min, (long long) field->max, unit);
}

static void print_fields(FILE* f, const Operation* o) {
        if (o->n_fields == 0)
                return;
        (void) fputs("\n| field | type | allowed | |\n|---|---|---|---|\n", f);
        for (size_t i = 0; i < o->n_fields; i++) {
                const Field* field = &o->fields[i];
                (void) fprintf(f, "| `%s`%s%s | %s | ", field->name, (field->flags & FIELD_REQUIRED) ? "" : " (optional)",
                               (field->flags & FIELD_SECRET) ? " (secret)" : "", field_type_to_string(field->type));
                print_limits(f, field);
                (void) fprintf(f, " | %s |\n", field->sentence);
        }
}

static void print_operation(FILE* f, const Operation* o) {
        bool list = o->flags & OPERATION_COLLECTION;
        (void) fprintf(f, "\n### %s\n\n%s.%s%s\n\n", o->name, o->title, isempty(o->help) ? "" : " ", o->help);
        (void) fprintf(f, "    %s %s%s\n    steadbox %.*s %s", method_to_string(o->method), API_PREFIX, o->path,
                       (int) operation_noun_length(o), o->name, operation_verb(o));
        help_usage(f, o);
        (void) fprintf(f, "\n\nRole: %s. ", role_to_string(o->who));
        if (o->flags & OPERATION_SESSION_ONLY)
                (void) fputs("Not by API token. ", f);
        else
                (void) fprintf(f, "Token scope: `%s:%s`. ", o->scope, operation_writes(o) ? "write" : "read");
        if (o->flags & OPERATION_STREAM)
                (void) fputs("Answer: a stream of server-sent events", f);
        else
                (void) fprintf(f, "Answer: %s[%s](#answer-%s)", list ? "a list of " : (o->flags & OPERATION_JOB) ? "202, " : "", o->result, o->result);
        (void) fprintf(f, ".%s\n", (o->flags & (OPERATION_WRITE | OPERATION_AUDIT_READ | OPERATION_JOB)) ? " Written to the log." : "");
        print_fields(f, o);
}

static void print_type(FILE* f, const Type* t) {
        static const char* const kinds[_PROPERTY_KIND_MAX] = {
                [PROPERTY_STRING] = "string",        [PROPERTY_INTEGER] = "integer", [PROPERTY_BOOLEAN] = "boolean",
                [PROPERTY_TIME] = "seconds since 1970", [PROPERTY_STRINGS] = "strings", [PROPERTY_OBJECT] = "object",
                [PROPERTY_ONE] = "",                 [PROPERTY_MANY] = "list of ",
        };
        (void) fprintf(f, "\n<a id=\"answer-%s\"></a>\n### %s\n\n%s\n", t->name, t->name, t->sentence);
        if (t->n_properties > 0)
                (void) fputs("\n| property | kind | |\n|---|---|---|\n", f);
        for (size_t i = 0; i < t->n_properties; i++) {
                const Property* p = &t->properties[i];
                (void) fprintf(f, "| `%s` | %s", p->name, kinds[p->kind]);
                if (p->type)
                        (void) fprintf(f, "[%s](#answer-%s)", p->type, p->type);
                (void) fprintf(f, "%s | %s |\n", p->nullable ? " or null" : "", p->sentence);
        }
}

static void print_errors(FILE* f) {
        (void) fputs("\n## Errors\n\n| name | HTTP status | exit code of the command line | |\n|---|---|---|---|\n", f);
        for (ErrorName e = 0; e < _ERROR_MAX; e++)
                (void) fprintf(f, "| `%s` | %u | %d | %s |\n", error_name_to_string(e), error_name_http(e), error_name_exit_code(e), error_name_sentence(e));
}

int generate_reference(FILE* f) {
        (void) fputs("# Operations\n\n"
                     "Generated from `include/tbl` by `steadbox-generate reference`; do not edit.\n\n"
                     "Every operation is reachable in three ways that do the same: HTTP below `" API_PREFIX "`, the command `steadbox NOUN VERB`, and the web\n"
                     "UI. Fields of GET and DELETE come in the query string, all others in a JSON body; `{x}` stands in the path. Lists answer\n"
                     "`{\"items\": [...], \"next\": cursor or null, \"total\": n}`. The same as OpenAPI 3.1: `GET " API_PREFIX "/openapi.json`. Who may do\n"
                     "what, in one table: [Roles](../roles.md).\n", f);
        for (size_t i = 0; i < _OP_MAX; i++) {
                if (!operation_begins_noun(&operation_table[i]))
                        continue;
                (void) fprintf(f, "\n## %.*s\n", (int) operation_noun_length(&operation_table[i]), operation_table[i].name);
                for (size_t k = i; k < _OP_MAX; k++)
                        if (operation_same_noun(&operation_table[i], &operation_table[k]))
                                print_operation(f, &operation_table[k]);
        }
        (void) fputs("\n## Answers\n", f);
        for (size_t i = 0; i < type_count(); i++)
                print_type(f, &type_table[i]);
        print_errors(f);
        return 0;
}
