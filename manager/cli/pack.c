#include "cli/pack.h"
#include "base/file.h"
#include "base/time.h"
#include "package/pack.h"
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>
#include <termios.h>

#define DIRECTORIES_MAX 256

typedef struct PackArguments {
        const char *key, *output, *name;
        bool lint, index, make_key, schema, help, password_stdin;
        int64_t serial;
        unsigned days;
        json_t* end_of_life;
        char** directories;
        int n;
} PackArguments;

static const char usage[] =
        "Usage: steadbox pack DIRECTORY... --key FILE [--output DIRECTORY]\n"
        "       steadbox pack --index DIRECTORY --key FILE [--name TEXT] [--days N] [--serial N] [--end-of-life PACKAGE=DATE]...\n"
        "       steadbox pack --lint DIRECTORY...\n"
        "       steadbox pack --make-key FILE\n"
        "       steadbox pack --schema\n\n"
        "Makes signed packages of apps, and a signed catalogue of them. Asks no box; packaging.md in the documentation tells all.\n\n"
        "  --key FILE          the secret key, as minisign makes it\n"
        "  --password-stdin    read the password of an encrypted secret key from standard input\n"
        "  --output DIRECTORY  where packages go; the present directory unless told\n"
        "  --lint              only say what is wrong\n"
        "  --index             make index.json for all packages in the directory\n"
        "  --name TEXT         what people call the catalogue; as before unless told\n"
        "  --days N            how long the index is good for; 60 unless told\n"
        "  --serial N          one more than before unless told\n"
        "  --end-of-life P=D   nobody cares for the package any more after a date; an empty date takes it back\n"
        "  --make-key FILE     make a secret key, not encrypted, and FILE.pub\n"
        "  --schema            print the JSON Schema of manifest.json\n";

/* --- arguments --- */

static int bad(Error* reterr, const char* what) {
        (void) error_set(reterr, ERROR_BAD_REQUEST, "%s", what);
        return error_hint(reterr, "'steadbox pack --help' says how it is used.");
}

static int parse_number(const char* text, int64_t max, int64_t* ret, Error* reterr) {
        char* end = NULL;
        errno = 0;
        long long n = strtoll(text, &end, 10);
        if (errno != 0 || !*text || *end || n < 1 || n > max)
                return error_set(reterr, ERROR_BAD_REQUEST, "'%s' is not a number from 1 to %lld.", text, (long long) max);
        *ret = n;
        return 0;
}

static int parse_end(PackArguments* a, const char* text, Error* reterr) {
        const char* equals = strchr(text, '=');
        _cleanup_free_ char* package = equals ? strndup(text, (size_t) (equals - text)) : NULL;
        if (!package || !*package || (equals[1] && strlen(equals + 1) != 10))
                return bad(reterr, "--end-of-life is PACKAGE=DATE, as notes=2027-06-30.");
        a->end_of_life = a->end_of_life ?: json_object();
        return json_object_set_new(a->end_of_life, package, json_string(equals + 1)) < 0 ? -ENOMEM : 0;
}

static int parse(int argc, char** argv, PackArguments* a, Error* reterr) {
        enum { KEY = 256, OUTPUT, NAME, LINT, INDEX, MAKE_KEY, SCHEMA, HELP, PASSWORD, SERIAL, DAYS, END };
        static const struct option options[] = { { "key", required_argument, NULL, KEY }, { "output", required_argument, NULL, OUTPUT },
                { "name", required_argument, NULL, NAME }, { "lint", no_argument, NULL, LINT }, { "index", no_argument, NULL, INDEX },
                { "make-key", no_argument, NULL, MAKE_KEY }, { "schema", no_argument, NULL, SCHEMA }, { "help", no_argument, NULL, HELP },
                { "password-stdin", no_argument, NULL, PASSWORD }, { "serial", required_argument, NULL, SERIAL },
                { "days", required_argument, NULL, DAYS }, { "end-of-life", required_argument, NULL, END }, {} };
        int64_t days = 60;
        int r = 0, c;
        opterr = 0;
        while (r >= 0 && (c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case KEY: a->key = optarg; break;
                case OUTPUT: a->output = optarg; break;
                case NAME: a->name = optarg; break;
                case LINT: a->lint = true; break;
                case INDEX: a->index = true; break;
                case MAKE_KEY: a->make_key = true; break;
                case SCHEMA: a->schema = true; break;
                case HELP: a->help = true; break;
                case PASSWORD: a->password_stdin = true; break;
                case SERIAL: r = parse_number(optarg, INT64_C(1) << 53, &a->serial, reterr); break;
                case DAYS: r = parse_number(optarg, 400, &days, reterr); break;
                case END: r = parse_end(a, optarg, reterr); break;
                default:
                        return bad(reterr, "There is an option that is not known, or a value is missing.");
                }
        a->days = (unsigned) days;
        a->directories = argv + optind;
        a->n = argc - optind;
        return r;
}

/* --- keys --- */

static int read_password(char ret[static 1024], Error* reterr) {
        struct termios before, quiet;
        bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
        if (terminal) {
                (void) fputs("Password of the secret key: ", stderr);
                quiet = before;
                quiet.c_lflag &= ~(tcflag_t) ECHO;
                (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        }
        bool read_it = fgets(ret, 1024, stdin) != NULL;
        if (terminal) {
                (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
                (void) fputc('\n', stderr);
        }
        if (!read_it)
                return error_set(reterr, ERROR_MISSING_FIELD, "The password of the secret key is missing.");
        ret[strcspn(ret, "\r\n")] = 0;
        return 0;
}

static int read_key(const PackArguments* a, MinisignSecret* ret, Error* reterr) {
        _cleanup_(erase_and_freep) char* text = NULL;
        char password[1024];
        size_t size = 0;
        if (!a->key)
                return bad(reterr, "--key is missing: the secret key that signs.");
        int r = file_read(AT_FDCWD, a->key, 4096, &text, &size);
        if (r < 0)
                return error_set(reterr, ERROR_BAD_REQUEST, "Cannot read the secret key '%s': %s.", a->key, strerror(-r));
        r = minisign_secret_parse(text, NULL, ret, reterr);
        if (r != 0)
                return r;
        if (!a->password_stdin && !isatty(STDIN_FILENO))
                return bad(reterr, "The secret key is encrypted; use --password-stdin and pipe its password.");
        r = read_password(password, reterr);
        if (r >= 0)
                r = minisign_secret_parse(text, password, ret, reterr);
        explicit_bzero(password, sizeof(password));
        return r;
}

static int make_key(const PackArguments* a, Error* reterr) {
        _cleanup_minisign_ MinisignSecret secret = {};
        _cleanup_free_ char* public_path = NULL;
        MinisignPublic public;
        char text[MINISIGN_KEY_TEXT_BYTES];
        if (a->n != 1)
                return bad(reterr, "--make-key wants one file name.");
        minisign_secret_make(&secret);
        minisign_public_of(&secret, &public);
        _cleanup_(erase_and_freep) char* secret_file = minisign_secret_text(&secret);
        _cleanup_free_ char* public_file = minisign_public_file(&public);
        if (!secret_file || !public_file || asprintf(&public_path, "%s.pub", a->directories[0]) < 0)
                return -ENOMEM;
        /* Never over a key that is there: what it signed could not be renewed. */
        _cleanup_close_ int fd = open(a->directories[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int r = fd < 0 ? -errno : write_full(fd, secret_file, strlen(secret_file));
        if (r >= 0)
                r = file_write(AT_FDCWD, public_path, public_file, strlen(public_file), 0644);
        if (r < 0)
                return error_set(reterr, ERROR_BAD_REQUEST, "Cannot write '%s': %s.", a->directories[0], strerror(-r));
        minisign_public_text(&public, text);
        (void) printf("%s\n", text);
        return 0;
}

/* --- packing --- */

static int64_t made_at(void) {
        const char* epoch = getenv("SOURCE_DATE_EPOCH"); /* reproducible-builds.org/specs/source-date-epoch */
        return epoch && *epoch ? strtoll(epoch, NULL, 10) : now_seconds();
}

static int pack_one(const PackArguments* a, const char* directory, const MinisignSecret* secret, Error* reterr) {
        _cleanup_json_ json_t* manifest = NULL;
        _cleanup_free_ char* file = NULL;
        int r = pack_read(directory, &manifest, reterr);
        if (r < 0)
                return r;
        LintResult lint = pack_lint(manifest, made_at(), stderr);
        if (lint.errors > 0)
                return error_set(reterr, ERROR_BAD_FIELD, "%s has %u mistake%s; nothing was made of it.", directory, lint.errors,
                        lint.errors == 1 ? "" : "s");
        if (a->lint) {
                (void) printf("%s: fine, %u warning%s\n", directory, lint.warnings, lint.warnings == 1 ? "" : "s");
                return 0;
        }
        r = pack_write(manifest, secret, a->output ?: ".", &file, reterr);
        if (r >= 0)
                (void) printf("%s\n", file);
        return r;
}

static int make_index(const PackArguments* a, const MinisignSecret* secret, Error* reterr) {
        const PackIndex options = { a->name, a->serial, made_at(), a->days, a->end_of_life };
        unsigned offers = 0;
        if (a->n != 1)
                return bad(reterr, "--index wants one directory.");
        int r = pack_index(a->directories[0], secret, &options, &offers, reterr);
        if (r >= 0)
                (void) printf("index.json: %u package%s\n", offers, offers == 1 ? "" : "s");
        return r;
}

static int print_schema(void) {
        _cleanup_json_ json_t* schema = pack_schema();
        if (!schema || json_dumpf(schema, stdout, JSON_INDENT(2)) < 0)
                return -ENOMEM;
        (void) fputc('\n', stdout);
        return 0;
}

static int perform(const PackArguments* a, Error* reterr) {
        _cleanup_minisign_ MinisignSecret secret = {};
        int r = 0;
        if (a->help)
                return fputs(usage, stdout) < 0 ? -EIO : 0;
        if (a->schema)
                return print_schema();
        if (a->n < 1 || a->n > DIRECTORIES_MAX)
                return bad(reterr, "A directory is missing.");
        if (a->make_key)
                return make_key(a, reterr);
        if (!a->lint)
                r = read_key(a, &secret, reterr);
        if (r >= 0 && a->index)
                return make_index(a, &secret, reterr);
        for (int i = 0; i < a->n && r >= 0; i++)
                r = pack_one(a, a->directories[i], &secret, reterr);
        return r;
}

int pack_command(int argc, char** argv, Error* reterr) {
        PackArguments a = {};
        if (secret_init() < 0)
                return error_set(reterr, ERROR_INTERNAL, "There is no randomness.");
        int r = parse(argc, argv, &a, reterr);
        if (r >= 0)
                r = perform(&a, reterr);
        json_decref(a.end_of_life);
        return r;
}
