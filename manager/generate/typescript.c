/* The web UI's whole knowledge of the API: types of answers, fields of operations, and a table to call them by. */
#include "generate/generate.h"
#include <ctype.h>

static const char* const head =
        "// Written by steadbox-generate from include/tbl; do not edit.\n"
        "\n"
        "export type Free = Record<string, any>;\n"
        "\n"
        "/** One page of a collection. */\n"
        "export interface Page<T> {\n"
        "    items: T[];\n"
        "    /** The cursor for the next page. */\n"
        "    next: string | null;\n"
        "    total: number;\n"
        "}\n"
        "\n"
        "export type OperationName = keyof OperationFields;\n"
        "export type FieldRow = readonly [type: string, marks: string, min: number, max: number];\n"
        "export type OperationRow = readonly [method: string, path: string, fields: Record<string, FieldRow>];\n";

static void print_property(FILE* f, const Property* p) {
        static const char* const kinds[_PROPERTY_KIND_MAX] = {
                [PROPERTY_STRING] = "string", [PROPERTY_INTEGER] = "number",   [PROPERTY_BOOLEAN] = "boolean",
                [PROPERTY_TIME] = "number",   [PROPERTY_STRINGS] = "string[]", [PROPERTY_OBJECT] = "Free",
        };
        (void) fprintf(f, "    /** %s */\n    %s: %s%s%s;\n", p->sentence, p->name, p->type ?: kinds[p->kind],
                       p->kind == PROPERTY_MANY ? "[]" : "", p->nullable ? " | null" : "");
}

static void print_type(FILE* f, const Type* t) {
        (void) fprintf(f, "\n/** %s */\nexport interface %s {", t->sentence, t->name);
        for (size_t i = 0; i < t->n_properties; i++) {
                if (i == 0)
                        (void) fputc('\n', f);
                print_property(f, &t->properties[i]);
        }
        (void) fputs("}\n", f);
}

static void print_field_type(FILE* f, const Field* field) {
        if (field->type == FIELD_ENUM)
                for (const char* p = field->values; *p;) {
                        size_t n = strcspn(p, "|");
                        (void) fprintf(f, "\"%.*s\"%s", (int) n, p, p[n] ? " | " : "");
                        p += n + (p[n] == '|');
                }
        else
                (void) fputs(field->type == FIELD_INTEGER ? "number" : field->type == FIELD_BOOLEAN ? "boolean" : field->type == FIELD_STRINGS ? "string[]" : "string", f);
}

static void print_fields(FILE* f, const Operation* o) {
        (void) fprintf(f, "    '%s': {", o->name);
        for (size_t i = 0; i < o->n_fields; i++) {
                const Field* field = &o->fields[i];
                (void) fprintf(f, "%s        /** %s */\n        %s%s: ", i == 0 ? "\n" : "", field->sentence, field->name,
                               (field->flags & FIELD_REQUIRED) ? "" : "?");
                print_field_type(f, field);
                (void) fputs(";\n", f);
        }
        (void) fprintf(f, "%s};\n", o->n_fields > 0 ? "    " : "");
}

static void print_row(FILE* f, const Operation* o) {
        (void) fprintf(f, "    '%s': ['%s', '%s', {", o->name, method_to_string(o->method), o->path);
        for (size_t i = 0; i < o->n_fields; i++) {
                const Field* field = &o->fields[i];
                (void) fprintf(f, "%s%s: ['", i == 0 ? " " : ", ", field->name);
                for (const char* p = field_type_to_string(field->type); *p; p++)
                        (void) fputc(toupper((unsigned char) *p), f);
                (void) fprintf(f, "', '%s%s%s', %lld, %lld]", (field->flags & FIELD_REQUIRED) ? "r" : "",
                               (field->flags & FIELD_POSITIONAL) ? "p" : "", (field->flags & FIELD_SECRET) ? "s" : "",
                               (long long) field->min, (long long) field->max);
        }
        (void) fprintf(f, "%s}],\n", o->n_fields > 0 ? " " : "");
}

int generate_typescript(FILE* f) {
        (void) fputs(head, f);
        for (size_t i = 0; i < type_count(); i++)
                print_type(f, &type_table[i]);
        (void) fputs("\n/** What each operation takes. */\nexport interface OperationFields {\n", f);
        for (size_t i = 0; i < _OP_MAX; i++)
                print_fields(f, &operation_table[i]);
        (void) fputs("}\n\n/** What each operation answers. */\nexport interface OperationResults {\n", f);
        for (size_t i = 0; i < _OP_MAX; i++) {
                bool list = operation_table[i].flags & OPERATION_COLLECTION;
                (void) fprintf(f, "    '%s': %s%s%s;\n", operation_table[i].name, list ? "Page<" : "", operation_table[i].result, list ? ">" : "");
        }
        (void) fputs("}\n\n/** Method, path and fields: name: [type, marks, min, max]; marks r = required, p = positional, s = secret. */\n"
                     "export const operations: { [name in OperationName]: OperationRow } = {\n", f);
        for (size_t i = 0; i < _OP_MAX; i++)
                print_row(f, &operation_table[i]);
        (void) fputs("};\n", f);
        return 0;
}
