/* steadbox(1): the command line. A client of the API like any other; all it knows of operations stands in the table. */
#include "cli/arguments.h"
#include "cli/follow.h"
#include "cli/help.h"
#include "cli/import.h"
#include "cli/inside.h"
#include "cli/input.h"
#include "cli/news.h"
#include "cli/output.h"
#include "cli/pack.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/table.h"
#include "base/time.h"
#include "client/client.h"
#include "config.h"
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define EXIT_DETACHED 130 /* as a shell says of Ctrl-C */
#define PAGE_ITEMS 1000

static size_t terminal_width(void) {
        struct winsize size;
        const char* columns = getenv("COLUMNS");
        if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                return size.ws_col;
        return columns && isatty(STDOUT_FILENO) ? strtoul(columns, NULL, 10) : 0;
}

/* A sentence may quote what somebody else wrote. */
static int print_error(const Error* e) {
        _cleanup_free_ char* tame = isempty(e->message) ? NULL : strdup(e->message);
        if (tame)
                text_tame(tame, /* newlines= */ true);
        const char* text = tame ? tame : "Something went wrong.";
        (void) fprintf(stderr, "steadbox: %s\n", text);
        if (e->field && !strstr(text, e->field))
                (void) fprintf(stderr, "          It is about '%s'.\n", e->field);
        if (e->hint)
                (void) fprintf(stderr, "          %s\n", e->hint);
        if (e->retry_after > 0)
                (void) fprintf(stderr, "          Please wait %u s.\n", e->retry_after);
        return error_name_exit_code(e->name);
}

static int print_json(const json_t* j, Error* reterr) {
        if (json_dumpf(j, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot print the answer");
        (void) fputc('\n', stdout);
        return 0;
}

static int print_answer(const Arguments* a, const json_t* body, Error* reterr) {
        const Operation* o = a->operation;
        const Type* type = type_find(o->result);
        const Printer p = { .file = stdout, .width = terminal_width(), .now = now_seconds() };
        int r;

        if (!body)
                return 0;
        if (a->json || (type->n_properties == 0 && json_object_size(body) > 0))
                return print_json(body, reterr);
        if (o->flags & OPERATION_COLLECTION) {
                const json_t* items = json_object_get(body, "items");
                r = print_items(&p, type, items);
                int64_t total = json_get_integer(body, "total", 0);
                if (r >= 0 && json_is_string(json_object_get(body, "next")) && isatty(STDERR_FILENO))
                        (void) fprintf(stderr, "%zu of %lld; --all shows all.\n", json_array_size(items), (long long) total);
        } else
                r = print_object(&p, type, body);
        return r < 0 ? error_errno(reterr, r, "Cannot print the answer") : 0;
}

static int call_once(Client* c, const Operation* o, const json_t* fields, ClientReply* ret, Error* reterr) {
        _cleanup_free_ char* path = NULL;
        _cleanup_json_ json_t* body = NULL;
        int r = request_make(o, fields, &path, &body, reterr);
        return r < 0 ? r : client_call(c, method_to_string(o->method), path, body, NULL, ret, reterr);
}

/* Adds page to page; the answer looks as if the first page had held all. */
static int call_all(Client* c, const Arguments* a, ClientReply* ret, Error* reterr) {
        _cleanup_json_ json_t *all = NULL, *next = NULL;
        if (!json_object_get(a->fields, "limit") && json_object_set_new(a->fields, "limit", json_integer(PAGE_ITEMS)) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot make the request");
        for (;;) {
                _cleanup_(client_reply_done) ClientReply page = {};
                int r = call_once(c, a->operation, a->fields, &page, reterr);
                if (r < 0)
                        return r;
                json_t* items = json_object_get(page.body, "items");
                if (!all)
                        all = json_incref(items);
                else if (json_array_extend(all, items) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot keep the answer");
                json_t* cursor = json_object_get(page.body, "next");
                bool again = json_is_string(cursor) && json_array_size(items) > 0 && !json_equal(cursor, next);
                json_decref(next);
                next = json_incref(cursor);
                if (again && json_object_set(a->fields, "after", cursor) >= 0)
                        continue;
                if (json_object_set(page.body, "items", all) < 0 || json_object_set_new(page.body, "next", json_null()) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot keep the answer");
                *ret = (ClientReply) { .status = page.status, .body = TAKE_PTR(page.body) };
                return 0;
        }
}

/* Follows a job and prints what came of it. Returns 0, EXIT_DETACHED or a negative errno. */
static int wait_for_job(Client* c, const char* id, bool as_json, Error* reterr) {
        _cleanup_json_ json_t* job = NULL;
        int r = follow_job(c, id, &job, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return EXIT_DETACHED;
        const json_t* result = json_object_get(job, "result");
        if (as_json)
                r = print_json(job, reterr);
        else if (json_object_size(result) > 0) {
                const Printer p = { .file = stdout, .width = terminal_width(), .now = now_seconds() };
                r = print_free(&p, result, 0);
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot print the job");
        return job_error(job, reterr);
}

static bool waits(const Arguments* a) {
        /* verifying is asked for its verdict, which only the end of the job has */
        return (a->operation->flags & OPERATION_JOB) && !a->no_wait && (a->wait || a->operation->symbol == OP_LOG_VERIFY);
}

static int perform(Client* c, Arguments* a, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        int r;

        if (import_handles(a))
                import_tell(c, a);
        if (news_handles(a))
                news_tell(c, a);
        r = a->all ? call_all(c, a, &reply, reterr) : call_once(c, a->operation, a->fields, &reply, reterr);
        if (r < 0)
                return r;
        if (waits(a))
                return wait_for_job(c, strempty(json_get_string(reply.body, "job")), a->json, reterr);
        r = print_answer(a, reply.body, reterr);
        if (r >= 0 && !a->json && streq(a->operation->result, "Nothing") && isatty(STDOUT_FILENO))
                (void) puts("Done.");
        return r;
}

static int unknown_verb(const char* noun, const char* verb, Error* reterr) {
        const char* guess = verb ? help_guess(noun, verb) : NULL;
        if (verb)
                (void) error_set(reterr, ERROR_BAD_REQUEST, "There is no verb '%s' for '%s'.", verb, noun);
        else
                (void) error_set(reterr, ERROR_BAD_REQUEST, "'%s' needs a verb.", noun);
        if (guess)
                return error_hint(reterr, "Did you mean '%s %s'?", noun, guess);
        return error_hint(reterr, "'steadbox help %s' lists them.", noun);
}

static int unknown_noun(const char* noun, Error* reterr) {
        const char* guess = help_guess(NULL, noun);
        (void) error_set(reterr, ERROR_BAD_REQUEST, "There is no noun '%s'.", noun);
        if (guess)
                return error_hint(reterr, "Did you mean '%.*s'?", (int) strcspn(guess, "."), guess);
        return error_hint(reterr, "'steadbox help' lists them.");
}

/* "help", "help NOUN", "help NOUN VERB", where NOUN may be help itself. 1 = this was it. */
static int try_help(int argc, char** argv, Error* reterr) {
        _cleanup_free_ char* name = NULL;
        if (argc < 1 || !streq(argv[0], "help") || (argc > 1 && (streq(argv[1], "list") || streq(argv[1], "show"))))
                return 0;
        if (argc == 1)
                help_nouns(stdout);
        else if (!noun_exists(argv[1]))
                return unknown_noun(argv[1], reterr);
        else if (argc == 2)
                help_verbs(stdout, argv[1]);
        else {
                if (asprintf(&name, "%s.%s", argv[1], argv[2]) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot help");
                const Operation* o = operation_find(name);
                if (!o && streq(name, "job.watch"))
                        (void) puts("Usage: steadbox job watch ID [--json]\n\nFollows a job to its end. Ctrl-C stops watching; the job goes on.");
                else if (!o)
                        return unknown_verb(argv[1], argv[2], reterr);
                else
                        help_operation(stdout, o);
        }
        return 1;
}

/* Finds the row for noun and verb; *ret_watch says that "job watch" was meant, which has the arguments of "job show". */
static int find_operation(int argc, char** argv, const Operation** ret, bool* ret_watch, Error* reterr) {
        _cleanup_free_ char* name = NULL;
        if (!noun_exists(argv[0]))
                return unknown_noun(argv[0], reterr);
        if (argc < 2 || argv[1][0] == '-')
                return unknown_verb(argv[0], NULL, reterr);
        if (asprintf(&name, "%s.%s", argv[0], argv[1]) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot look for the verb");
        *ret_watch = streq(name, "job.watch");
        *ret = *ret_watch ? &operation_table[OP_JOB_SHOW] : operation_find(name);
        return *ret ? 0 : unknown_verb(argv[0], argv[1], reterr);
}

static int run(int argc, char** argv, Error* reterr) {
        _cleanup_(client_freep) Client* c = NULL;
        _cleanup_arguments_ Arguments a = {};
        const Operation* o = NULL;
        const char* socket_path = getenv("STEADBOX_SOCKET");
        bool watch = false;
        int r;

        if (streq(argv[0], "pack"))
                return pack_command(argc, argv, reterr);
        r = try_help(argc, argv, reterr);
        if (r != 0)
                return MIN(r, 0);
        r = find_operation(argc, argv, &o, &watch, reterr);
        if (r >= 0)
                r = arguments_parse(o, argc - 2, argv + 2, &a, reterr);
        if (r < 0)
                return r;
        if (a.help) {
                help_operation(stdout, o);
                return 0;
        }
        bool inside = inside_handles(&a);
        r = inside ? 0 : input_complete(&a, reterr);
        if (r >= 0)
                r = input_confirm(&a, reterr);
        if (isempty(socket_path))
                socket_path = CLIENT_ADMIN_SOCKET;
        if (r >= 0)
                r = output_check(&a, reterr);
        if (r >= 0)
                r = client_new(socket_path, &c, reterr);
        if (r < 0)
                return r;
        if (output_handles(&a))
                return output_command(c, &a, reterr);
        if (inside)
                return inside_command(c, socket_path, &a, reterr);
        if (watch)
                return wait_for_job(c, strempty(json_get_string(a.fields, "id")), a.json, reterr);
        if (o->flags & OPERATION_STREAM)
                return follow_events(c, stdout, a.json, reterr);
        return perform(c, &a, reterr);
}

int main(int argc, char** argv) {
        _cleanup_error_ Error e = ERROR_NULL;

        (void) setlocale(LC_CTYPE, "C.UTF-8"); /* our texts are UTF-8 whatever the caller's locale is */
        (void) signal(SIGPIPE, SIG_DFL);
        if (argc < 2) {
                help_nouns(stderr);
                return error_name_exit_code(ERROR_BAD_REQUEST);
        }
        if (streq(argv[1], "--version")) {
                (void) puts("steadbox " STEADBOX_VERSION);
                return 0;
        }
        if (streq(argv[1], "--help") || streq(argv[1], "-h")) {
                help_nouns(stdout);
                return 0;
        }
        int r = run(argc - 1, argv + 1, &e);
        if (fflush(stdout) != 0 && r >= 0)
                r = error_errno(&e, -errno, "Cannot print the answer");
        return r < 0 ? print_error(&e) : r;
}
