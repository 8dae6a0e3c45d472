/* Completion for bash: nouns, verbs, options, and the values of options that have a closed list. Nothing is asked of the box. */
#include "cli/arguments.h"
#include "generate/generate.h"

static void print_verbs(FILE* f) {
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                if (!operation_begins_noun(o))
                        continue;
                (void) fprintf(f, "        %.*s) words=\"", (int) operation_noun_length(o), o->name);
                for (size_t k = i; k < _OP_MAX; k++)
                        if (operation_same_noun(o, &operation_table[k]))
                                (void) fprintf(f, "%s ", operation_verb(&operation_table[k]));
                (void) fprintf(f, "%s\" ;;\n", strncmp(o->name, "job.", 4) == 0 ? "watch" : "");
        }
}

static void print_options(FILE* f, const Operation* o) {
        (void) fprintf(f, "        %s) words=\"--json --help", o->name);
        for (size_t i = 0; i < o->n_fields; i++) {
                const Field* field = &o->fields[i];
                char name[OPTION_NAME_MAX];
                option_name(field->name, name);
                if (field->flags & FIELD_SECRET)
                        (void) fprintf(f, " --%s-stdin", name);
                else if (field->type == FIELD_TEXT)
                        (void) fprintf(f, " --%s-file", name);
                else if (!(field->flags & FIELD_POSITIONAL))
                        (void) fprintf(f, " --%s", name);
        }
        (void) fprintf(f, "%s%s%s%s\" ;;\n", operation_has_output(o) ? " --output --force" : "", operation_has_pages(o) ? " --all" : "", (o->flags & OPERATION_JOB) ? " --wait" : "",
                       (o->flags & OPERATION_DESTROYS) ? " --yes" : "");
}

static void print_values(FILE* f) {
        for (size_t i = 0; i < _OP_MAX; i++)
                for (size_t k = 0; k < operation_table[i].n_fields; k++) {
                        const Field* field = &operation_table[i].fields[k];
                        char name[OPTION_NAME_MAX];
                        if (!field->values || (field->flags & FIELD_POSITIONAL))
                                continue;
                        option_name(field->name, name);
                        (void) fprintf(f, "        %s.--%s) words=\"", operation_table[i].name, name);
                        for (const char* p = field->values; *p; p++)
                                (void) fputc(*p == '|' ? ' ' : *p, f);
                        (void) fputs("\" ;;\n", f);
                }
}

int generate_completion(FILE* f) {
        (void) fputs("# bash completion for steadbox. Generated from include/tbl by steadbox-generate completion.\n"
                     "_steadbox() {\n"
                     "    local words=\"\" current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} start=1\n"
                     "    [ \"${COMP_WORDS[1]}\" = help ] && [ \"$COMP_CWORD\" -gt 2 ] && start=2\n"
                     "    local noun=${COMP_WORDS[start]} verb=${COMP_WORDS[start+1]}\n"
                     "    if [[ $previous == *-file ]] || { [ \"$noun.$verb\" = user.import ] && [[ $current != -* ]]; }; then\n"
                     "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
                     "        return\n"
                     "    fi\n"
                     "    case $((COMP_CWORD - start)) in\n"
                     "    0) words=\"", f);
        for (size_t i = 0; i < _OP_MAX; i++)
                if (operation_begins_noun(&operation_table[i]))
                        (void) fprintf(f, "%.*s ", (int) operation_noun_length(&operation_table[i]), operation_table[i].name);
        (void) fputs("--help --version\" ;;\n    1)\n        case $noun in\n", f);
        print_verbs(f);
        (void) fputs("        esac ;;\n    *)\n        case $noun.$verb in\n", f);
        for (size_t i = 0; i < _OP_MAX; i++)
                print_options(f, &operation_table[i]);
        (void) fputs("        esac\n        case $noun.$verb.$previous in\n", f);
        print_values(f);
        (void) fputs("        esac ;;\n    esac\n"
                     "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                     "}\n"
                     "complete -F _steadbox steadbox\n", f);
        return 0;
}
