#include "cli/input.h"
#include "base/file.h"
#include "base/secret.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>

static int set_text(Arguments* a, const Field* f, const char* text, Error* reterr) {
        json_t* value = json_string(text);
        if (!value)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "'%s' is not valid UTF-8.", f->name);
        return json_object_set_new(a->fields, f->name, value) < 0 ? error_errno(reterr, -ENOMEM, "Cannot keep the input") : 0;
}

static int read_text(Arguments* a, const Field* f, const char* path, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        int r = file_read(AT_FDCWD, streq(path, "-") ? "/dev/stdin" : path, INPUT_FILE_MAX, &text, &size);
        if (r == -EFBIG)
                return error_field(reterr, ERROR_TOO_LARGE, f->name, "'%s' is larger than %u bytes.", path, INPUT_FILE_MAX);
        if (r < 0)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "Cannot read '%s': %s.", path, strerror(-r));
        if (strlen(text) != size)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "'%s' is not text.", path);
        return set_text(a, f, text, reterr);
}

/* Reads one line byte by byte, so that nothing behind it is swallowed: a second secret, or what a later program wants. */
static int read_line(int fd, char ret[static INPUT_SECRET_MAX + 1]) {
        size_t n = 0;
        for (;;) {
                char c;
                ssize_t got = read(fd, &c, 1);
                if (got < 0)
                        return -errno;
                if (got == 0 && n == 0)
                        return -ENODATA;
                if (got == 0 || c == '\n')
                        break;
                if (n == INPUT_SECRET_MAX)
                        return -EMSGSIZE;
                ret[n++] = c;
        }
        if (n > 0 && ret[n - 1] == '\r')
                n--;
        ret[n] = 0;
        return 0;
}

static void on_interrupt(int sig) {
        /* does nothing but end the waiting, so that the terminal gets its echo back */
}

static int read_unseen(const char* prompt, char ret[static INPUT_SECRET_MAX + 1]) {
        const struct sigaction action = { .sa_handler = on_interrupt };
        struct pollfd line = { .fd = STDIN_FILENO, .events = POLLIN };
        struct sigaction usual;
        struct termios before, quiet;
        sigset_t interrupt, mask;
        if (tcgetattr(STDIN_FILENO, &before) < 0)
                return -errno;
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t) ECHO;
        (void) sigemptyset(&interrupt);
        (void) sigaddset(&interrupt, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &interrupt, &mask);
        (void) sigaction(SIGINT, &action, &usual);
        int r = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0 ? -errno : 0;
        if (r >= 0) {
                /* only now, or what is typed at once would be seen or thrown away */
                (void) fprintf(stderr, "%s: ", prompt);
                (void) fflush(stderr);
                /* the signal is let in only while we wait, so that it cannot come just before and be missed */
                r = ppoll(&line, 1, NULL, &mask) < 0 ? -errno : read_line(STDIN_FILENO, ret);
                (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
                (void) fputc('\n', stderr);
        }
        (void) sigaction(SIGINT, &usual, NULL);
        (void) sigprocmask(SIG_SETMASK, &mask, NULL);
        return r;
}

static int read_secret_on_terminal(const Field* f, char ret[static INPUT_SECRET_MAX + 1], Error* reterr) {
        char prompt[160], again[INPUT_SECRET_MAX + 1];
        int r;
        (void) snprintf(prompt, sizeof(prompt), "%.*s", (int) strcspn(f->sentence, ".,;"), f->sentence);
        r = read_unseen(prompt, ret);
        if (r < 0 || f->type != FIELD_PASSWORD)
                return r;
        r = read_unseen("Once more", again);
        bool same = r >= 0 && streq(ret, again);
        explicit_bzero(again, sizeof(again));
        if (r >= 0 && !same)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "The two are not the same.");
        return r;
}

/* A secret of many lines, such as a key in PEM, is all that is piped in. */
static int read_secret_text(Arguments* a, const Field* f, Error* reterr) {
        _cleanup_(erase_and_freep) char* text = NULL;
        size_t size = 0;
        int r = file_read(AT_FDCWD, "/dev/stdin", (size_t) f->max, &text, &size);
        if (r < 0 || strlen(text) != size)
                return error_field(reterr, ERROR_BAD_FIELD, f->name, "Cannot read '%s' from standard input: %s.", f->name,
                                   strerror(r < 0 ? -r : EILSEQ));
        return set_text(a, f, text, reterr);
}

static int read_secret(Arguments* a, const Field* f, Error* reterr) {
        if (f->type == FIELD_TEXT)
                return read_secret_text(a, f, reterr);
        char text[INPUT_SECRET_MAX + 1];
        int r = isatty(STDIN_FILENO) ? read_secret_on_terminal(f, text, reterr) : read_line(STDIN_FILENO, text);
        if (r >= 0)
                r = set_text(a, f, text, reterr);
        else
                r = error_field(reterr, ERROR_MISSING_FIELD, f->name, "Cannot read '%s' from standard input: %s.", f->name, strerror(-r));
        explicit_bzero(text, sizeof(text));
        return r;
}

static int missing(const Arguments* a, const Field* f, Error* reterr) {
        const char* dot = strchr(a->operation->name, '.');
        char option[OPTION_NAME_MAX];
        option_name(f->name, option);
        (void) error_field(reterr, ERROR_MISSING_FIELD, f->name, "'%s' is missing: %s", f->name, f->sentence);
        if (f->flags & FIELD_SECRET)
                return error_hint(reterr, "Use --%s-stdin and pipe it.", option);
        return error_hint(reterr, "'steadbox help %.*s %s' says what is needed.", (int) (dot - a->operation->name),
                          a->operation->name, dot + 1);
}

int input_complete(Arguments* a, Error* reterr) {
        const Field* f;
        int r;

        if (a->file_field) {
                r = read_text(a, a->file_field, a->file_path, reterr);
                if (r < 0)
                        return r;
        }
        /* What is required and not there is asked for at a terminal, or read where it is a text that is piped in. */
        while ((f = arguments_missing(a))) {
                if ((f->flags & FIELD_SECRET) && f->type != FIELD_TEXT && isatty(STDIN_FILENO) && a->n_secrets < ARGUMENTS_SECRETS_MAX)
                        a->secrets[a->n_secrets++] = f;
                else if (f->type == FIELD_TEXT && !(f->flags & FIELD_SECRET) && !isatty(STDIN_FILENO)) {
                        r = read_text(a, f, "-", reterr);
                        if (r < 0)
                                return r;
                } else
                        return missing(a, f, reterr);
        }
        for (size_t i = 0; i < a->n_secrets; i++) {
                r = read_secret(a, a->secrets[i], reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What the operation is about: the values of its path. */
static void print_object_names(const Arguments* a) {
        for (size_t i = 0; i < a->operation->n_fields; i++) {
                const Field* f = &a->operation->fields[i];
                const char* value = json_string_value(json_object_get(a->fields, f->name));
                if (value && operation_field_in_path(a->operation, f))
                        (void) fprintf(stderr, " '%s'", value);
        }
}

int input_confirm(const Arguments* a, Error* reterr) {
        char answer[INPUT_SECRET_MAX + 1];
        const Operation* o = a->operation;

        if (!(o->flags & OPERATION_DESTROYS) || a->yes)
                return 1;
        if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
                (void) error_set(reterr, ERROR_BAD_REQUEST, "'%s' wants to be confirmed, and nobody is here to ask.", o->title);
                return error_hint(reterr, "Add --yes if you mean it.");
        }
        (void) fprintf(stderr, "%s", o->title);
        print_object_names(a);
        (void) fprintf(stderr, ". %s%sGo on? [y/N] ", o->help, isempty(o->help) ? "" : " ");
        (void) fflush(stderr);
        if (read_line(STDIN_FILENO, answer) < 0 || (answer[0] != 'y' && answer[0] != 'Y' && answer[0] != 'j' && answer[0] != 'J'))
                return error_set(reterr, ERROR_WRONG_STATE, "Nothing was changed.");
        return 1;
}
