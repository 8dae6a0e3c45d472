/* steadbox(1) in man(7). */
#include "cli/arguments.h"
#include "cli/help.h"
#include "config.h"
#include "generate/generate.h"

/* Text for roff: backslashes, dashes and leading dots mean something there. */
static void print_text(FILE* f, const char* s) {
        if (*s == '.' || *s == '\'')
                (void) fputs("\\&", f);
        for (; *s; s++)
                if (*s == '\\')
                        (void) fputs("\\e", f);
                else if (*s == '-')
                        (void) fputs("\\-", f);
                else if (*s != '`')
                        (void) fputc(*s, f);
}

/* What the help prints, as text for roff. */
static int print_usage(FILE* f, const Operation* o) {
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        FILE* m = open_memstream(&text, &size);
        if (!m)
                return -ENOMEM;
        help_usage(m, o);
        if (fclose(m) != 0)
                return -ENOMEM;
        print_text(f, text);
        return 0;
}

static int print_operation(FILE* f, const Operation* o) {
        (void) fputs(".TP\n\\fB", f);
        print_text(f, "steadbox ");
        (void) fprintf(f, "%.*s ", (int) operation_noun_length(o), o->name);
        print_text(f, operation_verb(o));
        (void) fputs("\\fR", f);
        int r = print_usage(f, o);
        if (r < 0)
                return r;
        (void) fputc('\n', f);
        print_text(f, o->title);
        (void) fputs(". ", f);
        print_text(f, o->help);
        (void) fputc('\n', f);
        if (o->who != ROLE_NOBODY)
                (void) fprintf(f, "Needs the role %s.\n", role_to_string(o->who));
        for (size_t i = 0; i < o->n_fields; i++) {
                char name[OPTION_NAME_MAX];
                option_name(o->fields[i].name, name);
                (void) fputs(".br\n\\fI", f);
                print_text(f, name);
                (void) fputs("\\fR: ", f);
                print_text(f, o->fields[i].sentence);
                (void) fputc('\n', f);
        }
        return 0;
}

static const char* const description =
        ".SH DESCRIPTION\n"
        "Every operation of the box as a command. It talks to the box's manager on \\fI/run/steadbox/admin.sock\\fR, as root or as a member\n"
        "of the group steadbox\\-admin, and can do nothing that the API cannot.\n"
        ".SH OPTIONS\n"
        ".TP\n\\fB\\-\\-json\\fR\nPrint what the API answers, for programs.\n"
        ".TP\n\\fB\\-\\-wait\\fR\nWhere a job begins: follow it to its end and print its result. Ctrl\\-C leaves the job running.\n"
        "\\fBlog verify\\fR waits unless \\fB\\-\\-no\\-wait\\fR is given.\n"
        ".TP\n\\fB\\-\\-yes\\fR\nDo not ask before something is lost. Without a terminal such commands refuse unless it is given.\n"
        ".TP\n\\fB\\-\\-output\\fR \\fIFILE\\fR\nExports, files and directories of apps (\\fBapp directory\\-read\\fR): put them\n"
        "into this file, mode 0600, once they are whole. What came of an export that broke off is kept beside it and gone on with.\n"
        "\\fB\\-\\-force\\fR replaces a file that is there.\n"
        ".TP\n\\fB\\-\\-all\\fR\nWhere a list comes in pages: all of them.\n"
        ".TP\n\\fB\\-\\-\\fIfield\\fB\\-stdin\\fR\nRead a secret as one line of standard input; at a terminal it is typed unseen. Secrets are never taken\n"
        "from the command line.\n"
        ".TP\n\\fB\\-\\-\\fIfield\\fB\\-file\\fR \\fIFILE\\fR\nRead a text from a file, or from standard input for \\-.\n"
        ".TP\n\\fB\\-\\-help\\fR, \\fBsteadbox help\\fR [\\fInoun\\fR [\\fIverb\\fR]]\nShow how a command is used.\n"
        ".TP\n\\fB\\-\\-version\\fR\nPrint the version.\n"
        ".PP\nLists are given with commas or by repeating the option. A yes or no may be left out (yes), or negated by \\fB\\-\\-no\\-\\fIfield\\fR.\n";

/* The one command that is no operation. */
static const char* const packages =
        ".SH PACKAGES OF APPS\n"
        ".TP\n\\fBsteadbox pack\\fR \\fIdirectory\\fR... \\fB\\-\\-key\\fR \\fIfile\\fR [\\fB\\-\\-output\\fR \\fIdirectory\\fR]\n"
        "Checks packages of apps and signs them. It asks no box.\n"
        ".TP\n\\fBsteadbox pack \\-\\-index\\fR \\fIdirectory\\fR \\fB\\-\\-key\\fR \\fIfile\\fR [\\fB\\-\\-name\\fR \\fItext\\fR] "
        "[\\fB\\-\\-days\\fR \\fIn\\fR] [\\fB\\-\\-serial\\fR \\fIn\\fR] [\\fB\\-\\-end\\-of\\-life\\fR \\fIpackage=date\\fR]...\n"
        "Makes the signed list of a catalogue of all packages in the directory.\n"
        ".TP\n\\fBsteadbox pack \\-\\-lint\\fR \\fIdirectory\\fR...\nOnly says what is wrong.\n"
        ".TP\n\\fBsteadbox pack \\-\\-make\\-key\\fR \\fIfile\\fR\nMakes a secret key, not encrypted, and \\fIfile\\fR.pub. Keys of \\fBminisign\\fR(1) do as well; "
        "\\fB\\-\\-password\\-stdin\\fR reads the password of an encrypted one.\n"
        ".TP\n\\fBsteadbox pack \\-\\-schema\\fR\nPrints the JSON Schema of manifest.json.\n"
        ".PP\n\\fI/usr/share/doc/steadbox/packaging.md\\fR tells how packages are made.\n";

int generate_man(FILE* f) {
        (void) fprintf(f, ".\\\" Generated from include/tbl by steadbox-generate man.\n.TH STEADBOX 1 \"\" \"Steadbox %s\" \"Steadbox\"\n"
                          ".SH NAME\nsteadbox \\- look after this box\n"
                          ".SH SYNOPSIS\n\\fBsteadbox\\fR \\fInoun\\fR \\fIverb\\fR [\\fIarguments\\fR] [\\fIoptions\\fR]\n%s.SH COMMANDS\n",
                       STEADBOX_VERSION, description);
        for (size_t i = 0; i < _OP_MAX; i++) {
                if (!operation_begins_noun(&operation_table[i]))
                        continue;
                (void) fprintf(f, ".SS %.*s\n", (int) operation_noun_length(&operation_table[i]), operation_table[i].name);
                for (size_t k = i; k < _OP_MAX; k++)
                        if (operation_same_noun(&operation_table[i], &operation_table[k])) {
                                int r = print_operation(f, &operation_table[k]);
                                if (r < 0)
                                        return r;
                        }
        }
        (void) fputs(".TP\n\\fBsteadbox job watch\\fR ID\nFollow a job to its end. Ctrl\\-C leaves the job running.\n", f);
        (void) fputs(packages, f);
        (void) fputs(".SH ENVIRONMENT\n.TP\n\\fBSTEADBOX_SOCKET\\fR\nAnother socket than \\fI/run/steadbox/admin.sock\\fR.\n"
                     ".SH EXIT STATUS\n.TP\n0\nIt worked.\n.TP\n130\nFollowing a job was interrupted; the job goes on.\n", f);
        for (int code = 1; code < 16; code++) {
                bool first = true;
                for (ErrorName e = 0; e < _ERROR_MAX; e++)
                        if (error_name_exit_code(e) == code) {
                                if (first)
                                        (void) fprintf(f, ".TP\n%d\n", code);
                                (void) fputs(first ? "" : ", ", f);
                                print_text(f, error_name_to_string(e));
                                first = false;
                        }
                (void) fputs(first ? "" : "\n", f);
        }
        return 0;
}
