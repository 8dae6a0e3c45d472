#include "cli/help.h"
#include "cli/arguments.h"
#include <ctype.h>

#define GUESS_MAX 2 /* letters that may be wrong */

static size_t noun_length(const Operation* o) {
        return (size_t) (strchr(o->name, '.') - o->name);
}

static bool has_noun(const Operation* o, const char* noun) {
        size_t n = noun_length(o);
        return strlen(noun) == n && strncmp(o->name, noun, n) == 0;
}

bool noun_exists(const char* noun) {
        for (size_t i = 0; i < _OP_MAX; i++)
                if (has_noun(&operation_table[i], noun))
                        return true;
        return false;
}

/* Whether the row is the first of its noun; a noun's rows need not stand together. */
static bool is_first_of_noun(size_t i) {
        size_t n = noun_length(&operation_table[i]);
        for (size_t k = 0; k < i; k++)
                if (noun_length(&operation_table[k]) == n && strncmp(operation_table[k].name, operation_table[i].name, n) == 0)
                        return false;
        return true;
}

void help_nouns(FILE* f) {
        (void) fprintf(f, "Usage: steadbox NOUN VERB [ARGUMENTS] [OPTIONS]\n\n");
        for (size_t i = 0; i < _OP_MAX; i++) {
                if (!is_first_of_noun(i))
                        continue;
                size_t n = noun_length(&operation_table[i]), column = 15;
                (void) fprintf(f, "  %-12.*s ", (int) n, operation_table[i].name);
                for (size_t k = i; k < _OP_MAX; k++) {
                        const Operation* o = &operation_table[k];
                        if (noun_length(o) != n || strncmp(o->name, operation_table[i].name, n) != 0)
                                continue;
                        const char* verb = o->name + n + 1;
                        if (column + strlen(verb) > 78) {
                                (void) fprintf(f, "\n%15s", "");
                                column = 15;
                        }
                        (void) fprintf(f, "%s ", verb);
                        column += strlen(verb) + 1;
                }
                (void) fputc('\n', f);
        }
        (void) fprintf(f, "  %-12s makes signed packages and catalogues of apps; asks no box, see 'steadbox pack --help'\n", "pack");
        (void) fprintf(f, "\nOptions everywhere:\n"
                          "  --json           print what the API answers, for programs\n"
                          "  --yes            do not ask before something is lost\n"
                          "  --wait           where a job begins: follow it to its end\n"
                          "  --all            where a list comes in pages: all of them\n"
                          "  --NAME-stdin     read a secret from standard input, never from the command line\n"
                          "\n'steadbox help NOUN' and 'steadbox help NOUN VERB' say more; steadbox(1) says it all.\n");
}

void help_verbs(FILE* f, const char* noun) {
        for (size_t i = 0; i < _OP_MAX; i++)
                if (has_noun(&operation_table[i], noun))
                        (void) fprintf(f, "  steadbox %s %-16s %s\n", noun, operation_table[i].name + strlen(noun) + 1, operation_table[i].title);
        if (streq(noun, "job"))
                (void) fprintf(f, "  steadbox job %-16s %s\n", "watch", "Follow a job to its end");
}

static void print_placeholder(FILE* f, const Field* field) {
        if (field->type == FIELD_BOOLEAN)
                (void) fputs("yes|no", f);
        else if (field->values)
                (void) fputs(field->values, f);
        else if (field->type == FIELD_STRINGS)
                (void) fputs("A,B,...", f);
        else if (field->flags & FIELD_MOMENT)
                (void) fputs("DATE", f);
        else if (field->type == FIELD_INTEGER)
                (void) fputs("NUMBER", f);
        else if (field->type == FIELD_STRING)
                (void) fputs("TEXT", f);
        else
                for (const char* p = field_type_to_string(field->type); *p; p++)
                        (void) fputc(toupper((unsigned char) *p), f);
}

static void print_option(FILE* f, const Field* field) {
        char name[OPTION_NAME_MAX];
        option_name(field->name, name);
        if (field->flags & FIELD_SECRET)
                (void) fprintf(f, "--%s-stdin", name);
        else if (field->type == FIELD_TEXT)
                (void) fprintf(f, "--%s-file FILE", name);
        else if (field->type == FIELD_BOOLEAN)
                (void) fprintf(f, "--%s", name);
        else {
                (void) fprintf(f, "--%s ", name);
                print_placeholder(f, field);
        }
}

static void print_positional(FILE* f, const Field* field) {
        for (const char* p = field->name; *p; p++)
                (void) fputc(toupper((unsigned char) *p), f);
}

void help_usage(FILE* f, const Operation* o) {
        const Field* file = arguments_file_field(o);
        for (size_t i = 0; i < o->n_fields; i++)
                if (o->fields[i].flags & FIELD_POSITIONAL) {
                        (void) fputc(' ', f);
                        print_positional(f, &o->fields[i]);
                }
        if (file)
                (void) fputs(" FILE", f);
        for (size_t i = 0; i < o->n_fields; i++) {
                const Field* field = &o->fields[i];
                if ((field->flags & FIELD_POSITIONAL) || field == file)
                        continue;
                bool required = (field->flags & FIELD_REQUIRED) && !(field->flags & FIELD_SECRET);
                (void) fputs(required ? " " : " [", f);
                print_option(f, field);
                (void) fputs(required ? "" : "]", f);
        }
}

static void print_field(FILE* f, const Operation* o, const Field* field) {
        char *text = NULL;
        size_t size = 0;
        FILE* m = open_memstream(&text, &size);
        if (!m)
                return;
        if (field == arguments_file_field(o))
                (void) fputs("FILE", m);
        else if (field->flags & FIELD_POSITIONAL)
                print_positional(m, field);
        else
                print_option(m, field);
        if (fclose(m) == 0) {
                if (size > 26)
                        (void) fprintf(f, "  %s\n%30s%s", text, "", field->sentence);
                else
                        (void) fprintf(f, "  %-27s %s", text, field->sentence);
                if ((field->flags & FIELD_POSITIONAL) && field->values)
                        (void) fprintf(f, " One of %s.", field->values);
                (void) fputc('\n', f);
        }
        free(text);
}

void help_operation(FILE* f, const Operation* o) {
        size_t n = noun_length(o);
        (void) fprintf(f, "Usage: steadbox %.*s %s", (int) n, o->name, o->name + n + 1);
        help_usage(f, o);
        (void) fprintf(f, "\n\n%s. %s\n", o->title, o->help);
        if (o->n_fields > 0)
                (void) fputc('\n', f);
        for (size_t i = 0; i < o->n_fields; i++)
                print_field(f, o, &o->fields[i]);
        (void) fputc('\n', f);
        if (operation_has_pages(o))
                (void) fprintf(f, "  %-27s %s\n", "--all", "All pages, not only the first.");
        if (operation_has_output(o)) {
                (void) fprintf(f, "  %-27s %s\n", "--output FILE", "Put it into this file, which only you may read.");
                (void) fprintf(f, "  %-27s %s\n", "--force", "Also where there is such a file already.");
        }
        if (o->flags & OPERATION_JOB)
                (void) fprintf(f, "  %-27s %s\n", "--wait", "Follow the job to its end.");
        if (o->flags & OPERATION_DESTROYS)
                (void) fprintf(f, "  %-27s %s\n", "--yes", "Do not ask.");
        (void) fprintf(f, "  %-27s %s\n", "--json", "Print what the API answers.");
        (void) fprintf(f, "\nNeeds the role %s or more. API: %s %s%s\n", role_to_string(o->who), method_to_string(o->method), API_PREFIX, o->path);
}

/* Levenshtein's distance, by one row; words are short. */
static size_t distance(const char* a, size_t n_a, const char* b) {
        size_t n_b = strlen(b), row[65];
        if (n_b > 64)
                return SIZE_MAX;
        for (size_t j = 0; j <= n_b; j++)
                row[j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t diagonal = row[0];
                row[0] = i;
                for (size_t j = 1; j <= n_b; j++) {
                        size_t above = row[j];
                        size_t other = MIN(above, row[j - 1]) + 1;
                        size_t best = MIN(other, diagonal + (a[i - 1] != b[j - 1]));
                        diagonal = above;
                        row[j] = best;
                }
        }
        return row[n_b];
}

const char* help_guess(const char* noun, const char* typed) {
        const char* best = NULL;
        size_t nearest = GUESS_MAX + 1;
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                size_t n = noun_length(o);
                if (noun && !has_noun(o, noun))
                        continue;
                const char* word = noun ? o->name + n + 1 : o->name;
                size_t d = distance(word, noun ? strlen(word) : n, typed);
                if (d < nearest) {
                        nearest = d;
                        best = word;
                }
        }
        return best; /* a noun ends at its dot */
}
