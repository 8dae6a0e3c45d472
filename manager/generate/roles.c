/* The matrix of roles: who may do what, operation by operation. The web UI shows the same from role.list. */
#include "generate/generate.h"

static const Role columns[] = { ROLE_NOBODY, ROLE_USER, ROLE_MAIL_MANAGER, ROLE_USER_MANAGER, ROLE_ADMIN, ROLE_OWNER };

static void print_head(FILE* f, const char* first) {
        (void) fprintf(f, "\n| %s | |", first);
        for (size_t c = 0; c < ELEMENTS(columns); c++)
                (void) fprintf(f, " %s |", role_to_string(columns[c]));
        (void) fputs("\n|---|---|", f);
        for (size_t c = 0; c < ELEMENTS(columns); c++)
                (void) fputs(":-:|", f);
        (void) fputc('\n', f);
}

static void print_row(FILE* f, const Operation* o) {
        (void) fprintf(f, "| `%s` | %s |", o->name, o->title);
        for (size_t c = 0; c < ELEMENTS(columns); c++)
                (void) fputs(role_includes(columns[c], o->who) ? " yes |" : " |", f);
        (void) fputc('\n', f);
}

int generate_roles(FILE* f) {
        (void) fputs("# Roles\n\n"
                     "Generated from `include/tbl` by `steadbox-generate roles`; do not edit.\n\n", f);
        for (size_t c = 0; c < ELEMENTS(columns); c++)
                (void) fprintf(f, "- **%s**: %s\n", role_to_string(columns[c]), role_sentence(columns[c]));
        (void) fputs("\nA person has one role. A role to the right includes those to its left, but a user-manager is no mail-manager. Beyond the table\n"
                     "two rules hold for everything done to a person: only a role above theirs (an owner over everybody) may do it, and nobody gives a\n"
                     "role that is not part of their own. Root on the admin socket may do what an owner may, and what no column has; members of the\n"
                     "group `steadbox-admin` there are admins. What each operation takes and answers: [Operations](reference/operations.md).\n\n"
                     "Apps are seen by admins, by their operators, and, as tiles, by those who may open them. Of apps that only one group may open, a\n"
                     "user-manager reads at that group the titles of those they see themselves; of all others how many there are.\n", f);
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                if (!operation_begins_noun(o))
                        continue;
                char noun[32];
                (void) snprintf(noun, sizeof(noun), "%.*s", (int) operation_noun_length(o), o->name);
                print_head(f, noun);
                for (size_t k = i; k < _OP_MAX; k++)
                        if (operation_same_noun(o, &operation_table[k]))
                                print_row(f, &operation_table[k]);
        }
        return 0;
}
