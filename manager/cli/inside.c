#include "cli/inside.h"
#include "base/file.h"
#include "base/secret.h"
#include "cli/output.h"
#include "cli/request.h"
#include "cli/table.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#define TYPED_BYTES 32768           /* at a time */
#define UPLOAD_BYTES (2 * 1024 * 1024)

bool inside_handles(const Arguments* a) {
        const Operation* o = a->operation;
        if (o == &operation_table[OP_APP_DIRECTORY_READ])
                return true;
        if (a->json)
                return false;
        return o == &operation_table[OP_APP_EXEC] || o == &operation_table[OP_APP_FILE_READ] || o == &operation_table[OP_APP_EXPORT_READ] ||
                        o == &operation_table[OP_APP_LOGS_WATCH] ||
                        (o == &operation_table[OP_APP_FILE_WRITE] && !json_object_get(a->fields, "base64"));
}

static int call(Client* c, const Operation* o, const json_t* fields, json_t** ret, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_free_ char* path = NULL;
        _cleanup_json_ json_t* body = NULL;
        static const char* const methods[] = { [METHOD_GET] = "GET", [METHOD_POST] = "POST" };
        int r = request_make(o, fields, &path, &body, reterr);
        if (r >= 0)
                r = client_call(c, methods[o->method], path, body, NULL, &reply, reterr);
        if (r >= 0 && ret)
                *ret = json_incref(reply.body);
        return r;
}

/* --- a command --- */

static volatile sig_atomic_t resized;

static void on_resize(int sig) {
        resized = 1;
}

static void size_add(json_t* fields) {
        struct winsize w;
        if (ioctl(STDIN_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_row == 0 || w.ws_col == 0)
                return;
        (void) json_object_set_new(fields, "rows", json_integer(MIN(w.ws_row, 1000)));
        (void) json_object_set_new(fields, "columns", json_integer(MIN(w.ws_col, 1000)));
}

/* What cannot be typed ends the command, or it would wait for ever; unless it ended by itself. */
static int give_up(Client* c, const char* terminal, const Error* e) {
        _cleanup_json_ json_t* fields = json_pack("{s:s}", "terminal", terminal);
        if (e->name != ERROR_NOT_FOUND && e->name != ERROR_WRONG_STATE) {
                (void) fprintf(stderr, "steadbox: %s\n", strempty(e->message));
                (void) call(c, &operation_table[OP_APP_TERMINAL_CLOSE], fields, NULL, NULL);
        }
        return -error_name_errno(e->name);
}

static int post_input(Client* c, const char* terminal, json_t* fields) {
        _cleanup_json_ json_t* owned = fields;
        _cleanup_error_ Error e = ERROR_NULL;
        (void) json_object_set_new(owned, "terminal", json_string(terminal));
        for (unsigned tries = 0;; tries++) {
                int r = call(c, &operation_table[OP_APP_TERMINAL_INPUT], owned, NULL, &e);
                if (r >= 0)
                        return r;
                if (e.name != ERROR_BUSY || tries > 600)
                        return give_up(c, terminal, &e);
                error_done(&e); /* it has not read yet what came before */
                (void) usleep(100000);
        }
}

/* The child's whole life: what is typed goes to the command. A client of its own, as the other one listens. */
static void type(const char* socket_path, const char* terminal, bool tty) {
        static uint8_t bytes[TYPED_BYTES];
        Client* c = NULL;
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (client_new(socket_path, &c, NULL) < 0)
                _exit(1);
        if (tty)
                (void) sigaction(SIGWINCH, &(const struct sigaction) { .sa_handler = on_resize }, NULL);
        for (;;) {
                if (resized) {
                        json_t* fields = json_object();
                        resized = 0;
                        size_add(fields);
                        (void) post_input(c, terminal, fields);
                }
                ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        break;
                _cleanup_free_ char* text = base64_encode(bytes, (size_t) n);
                if (post_input(c, terminal, json_pack("{s:s}", "base64", strempty(text))) < 0)
                        _exit(1);
        }
        (void) post_input(c, terminal, json_pack("{s:b}", "end", 1));
        _exit(0);
}

typedef struct Output {
        int status; /* of the command; -1 = not told */
} Output;

static int on_output(const char* event, json_t* data, void* userdata) {
        Output* o = userdata;
        _cleanup_free_ uint8_t* bytes = NULL;
        size_t size = 0;
        if (streq(event, "end")) {
                o->status = (int) json_get_integer(data, "status", -1);
                return 1;
        }
        const char* text = streq(event, "output") ? json_get_string(data, "base64") : NULL;
        if (!text || base64_decode(text, &bytes, &size) < 0)
                return 0;
        return write_full(json_get_integer(data, "stream", 1) == 2 ? STDERR_FILENO : STDOUT_FILENO, bytes, size);
}

static int watch(Client* c, const char* socket_path, const char* terminal, bool tty, Output* o, Error* reterr) {
        _cleanup_free_ char* path = NULL;
        struct termios before, raw;
        if (asprintf(&path, "/terminals/%s", terminal) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot watch the command");
        if (tty && tcgetattr(STDIN_FILENO, &before) >= 0) {
                raw = before;
                cfmakeraw(&raw);
                (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
        } else
                tty = false;
        pid_t typist = fork();
        if (typist == 0)
                type(socket_path, terminal, tty);
        int r = client_stream(c, path, /* seconds= */ 0, on_output, o, reterr);
        if (typist > 0) {
                (void) kill(typist, SIGKILL);
                (void) waitpid(typist, NULL, 0);
        }
        if (tty)
                (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
        return r;
}

static int exec_command(Client* c, const char* socket_path, Arguments* a, Error* reterr) {
        _cleanup_json_ json_t* made = NULL;
        Output output = { .status = -1 };
        if (!json_object_get(a->fields, "terminal"))
                (void) json_object_set_new(a->fields, "terminal", json_boolean(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)));
        bool tty = json_is_true(json_object_get(a->fields, "terminal")) && isatty(STDIN_FILENO);
        if (tty && !json_object_get(a->fields, "rows"))
                size_add(a->fields);
        int r = call(c, a->operation, a->fields, &made, reterr);
        if (r >= 0)
                r = watch(c, socket_path, strempty(json_get_string(made, "terminal")), tty, &output, reterr);
        if (r < 0)
                return r;
        if (output.status < 0)
                return error_set(reterr, ERROR_UNREACHABLE, "The command was cut off before its end.");
        return output.status;
}

/* --- files --- */

static int download(Client* c, Arguments* a, Error* reterr) {
        for (;;) {
                _cleanup_json_ json_t* chunk = NULL;
                _cleanup_free_ uint8_t* bytes = NULL;
                size_t size = 0;
                int r = call(c, a->operation, a->fields, &chunk, reterr);
                if (r < 0)
                        return r;
                if (base64_decode(strempty(json_get_string(chunk, "base64")), &bytes, &size) < 0 || write_full(STDOUT_FILENO, bytes, size) < 0)
                        return error_errno(reterr, -EIO, "Cannot write the file");
                const json_t* next = json_object_get(chunk, "next");
                if (!json_is_integer(next))
                        return 0;
                (void) json_object_set(a->fields, "offset", (json_t*) next);
        }
}

/* Standard input, in parts; the file takes its place with the last. */
static int upload(Client* c, Arguments* a, Error* reterr) {
        _cleanup_free_ uint8_t* bytes = malloc(UPLOAD_BYTES);
        int64_t offset = json_get_integer(a->fields, "offset", 0);
        if (!bytes)
                return error_errno(reterr, -ENOMEM, "Cannot read the file");
        for (bool last = false; !last;) {
                size_t size = fread(bytes, 1, UPLOAD_BYTES, stdin);
                if (ferror(stdin))
                        return error_errno(reterr, -errno, "Cannot read the file");
                last = size < UPLOAD_BYTES;
                _cleanup_free_ char* text = base64_encode(bytes, size);
                (void) json_object_set_new(a->fields, "base64", json_string(strempty(text)));
                (void) json_object_set_new(a->fields, "offset", json_integer(offset));
                (void) json_object_set_new(a->fields, "last", json_boolean(last));
                int r = call(c, a->operation, a->fields, NULL, reterr);
                if (r < 0)
                        return r;
                offset += (int64_t) size;
        }
        return 0;
}

/* --- the log --- */

static int on_log_line(const char* event, json_t* data, void* userdata) {
        char clock[32] = "";
        struct tm tm;
        time_t at = (time_t) json_get_integer(data, "at", 0);
        _cleanup_free_ char* text = strdup(strempty(json_get_string(data, "text")));
        if (!streq(event, "line") || !text)
                return 0;
        if (localtime_r(&at, &tm))
                (void) strftime(clock, sizeof(clock), "%Y-%m-%d %H:%M:%S", &tm);
        text_tame(text, /* newlines= */ true);
        (void) printf("%s %s: %s\n", clock, strempty(json_get_string(data, "container")), text);
        return fflush(stdout) != 0;
}

static int log_watch(Client* c, Arguments* a, Error* reterr) {
        _cleanup_free_ char* path = NULL;
        _cleanup_json_ json_t* body = NULL;
        int r = request_make(a->operation, a->fields, &path, &body, reterr);
        if (r >= 0)
                r = client_stream(c, path, /* seconds= */ 0, on_log_line, NULL, reterr);
        return MIN(r, 0);
}

/* To a pipe or a file; --output gives it a name when it is whole. */
static int directory(Client* c, Arguments* a, Error* reterr) {
        if (isatty(STDOUT_FILENO)) {
                (void) error_set(reterr, ERROR_BAD_REQUEST, "What comes is a tar archive, nothing to read here.");
                return error_hint(reterr, "Say where it shall go: --output FILE");
        }
        a->output = "-";
        return output_command(c, a, reterr);
}

int inside_command(Client* c, const char* socket_path, Arguments* a, Error* reterr) {
        if (a->operation == &operation_table[OP_APP_DIRECTORY_READ])
                return directory(c, a, reterr);
        if (a->operation == &operation_table[OP_APP_EXEC])
                return exec_command(c, socket_path, a, reterr);
        if (a->operation == &operation_table[OP_APP_LOGS_WATCH])
                return log_watch(c, a, reterr);
        return a->operation == &operation_table[OP_APP_FILE_WRITE] ? upload(c, a, reterr) : download(c, a, reterr);
}
