/* A command inside a container, by crun exec: it joins the namespaces, the user and the limits of rights that the container has. Its processes
 * live in this unit, which ends with them when the connection does. */
#include "base/file.h"
#include "base/secret.h"
#include "inside/inside.h"
#include "run/record.h"
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CRUN "/usr/bin/crun"
#define ARGUMENTS_MAX 64
#define READ_BYTES 32768
#define ID_BYTES 80
#define INPUT_MAX 131072 /* bytes of one line from the manager */

typedef struct Exec {
        const json_t* request;
        bool terminal;
        pid_t pid;
        int in, out, err;  /* of the command; with a terminal in and out are the same. -EBADF = closed */
        char* line;        /* what came of the next lines */
        size_t size;
        uint8_t* waiting;  /* input the command has not taken yet; NULL = none. Nothing more is heard until then */
        size_t waiting_at, waiting_n;
        bool end;          /* no more input behind it */
} Exec;

static int arguments(const json_t* request, const char* id, const char** argv, Error* reterr) {
        static const char* const shell[] = { "/bin/sh", "-c", "TERM=xterm-256color; export TERM; if command -v bash >/dev/null 2>&1; then exec bash; fi; exec sh", NULL };
        const json_t* command = json_object_get(request, "command");
        size_t n = 0;
        argv[n++] = CRUN;
        argv[n++] = "--root=" APP_CRUN_ROOT;
        argv[n++] = "--cgroup-manager=disabled";
        argv[n++] = "exec";
        argv[n++] = "--no-new-privs"; /* what the container has; crun leaves it away for who joins */
        if (json_get_boolean(request, "terminal", true))
                argv[n++] = "--tty"; /* --env would take the container's own variables away */
        argv[n++] = id;
        if (json_array_size(command) > ARGUMENTS_MAX)
                return error_field(reterr, ERROR_BAD_FIELD, "command", "The command has too many words.");
        for (size_t i = 0; i < json_array_size(command); i++)
                if (!(argv[n++] = json_string_value(json_array_get(command, i))))
                        return error_field(reterr, ERROR_BAD_FIELD, "command", "The command consists of words.");
        for (size_t i = 0; json_array_size(command) == 0 && shell[i]; i++)
                argv[n++] = shell[i];
        argv[n] = NULL;
        return 0;
}

static void size_set(const Exec* e, const json_t* from) {
        struct winsize w = { .ws_row = (unsigned short) json_get_integer(from, "rows", 24), .ws_col = (unsigned short) json_get_integer(from, "columns", 80) };
        if (e->terminal && e->in >= 0 && ioctl(e->in, TIOCSWINSZ, &w) >= 0 && e->pid > 0)
                (void) kill(e->pid, SIGWINCH); /* crun hands it on */
}

static void become(const char* const* argv) {
        static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LANG=C.UTF-8", runtime[] = "XDG_RUNTIME_DIR=/run";
        char* const environment[] = { path, language, runtime, NULL };
        sigset_t none;
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
        (void) close_range(3, ~0U, 0);
        (void) execve(CRUN, (char* const*) argv, environment);
        _exit(127);
}

static int start_terminal(Exec* e, const char* const* argv) {
        int fd;
        e->pid = forkpty(&fd, NULL, NULL, NULL);
        if (e->pid < 0)
                return -errno;
        if (e->pid == 0)
                become(argv);
        e->in = fd;
        e->out = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        (void) fcntl(fd, F_SETFL, O_NONBLOCK);
        size_set(e, e->request);
        return e->out < 0 ? -errno : 0;
}

static int start_pipes(Exec* e, const char* const* argv) {
        int in[2], out[2], err[2];
        if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
                return -errno; /* the process ends soon, and they with it */
        e->pid = fork();
        if (e->pid < 0)
                return -errno;
        if (e->pid == 0) {
                (void) setsid();
                if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0)
                        _exit(127);
                become(argv);
        }
        (void) close(in[0]), (void) close(out[1]), (void) close(err[1]);
        e->in = in[1], e->out = out[0], e->err = err[0];
        (void) fcntl(e->in, F_SETFL, O_NONBLOCK);
        return 0;
}

/* --- while it runs --- */

static void input_end(Exec* e) {
        static const char end_of_file = 4; /* ^D */
        if (e->terminal && e->in >= 0) {
                (void) !write(e->in, &end_of_file, 1);
                return;
        }
        closep(&e->in);
        e->in = -EBADF;
}

static void input_stop(Exec* e) {
        free(e->waiting);
        e->waiting = NULL;
        input_end(e);
}

/* As much as the command takes; it may be busy telling us something. */
static void input_write(Exec* e) {
        ssize_t n = e->waiting && e->in >= 0 ? write(e->in, e->waiting + e->waiting_at, e->waiting_n - e->waiting_at) : -1;
        if (n < 0 && e->in >= 0 && (errno == EAGAIN || errno == EINTR))
                return;
        e->waiting_at += n > 0 ? (size_t) n : 0;
        if (n < 0 || e->waiting_at == e->waiting_n) {
                free(e->waiting);
                e->waiting = NULL;
        }
}

static void hear_line(Exec* e, const char* text, size_t size) {
        _cleanup_json_ json_t* m = NULL;
        if (json_parse_object(text, size, &m, NULL) < 0)
                return;
        if (json_object_get(m, "rows"))
                size_set(e, m);
        const char* input = json_get_string(m, "input");
        if (input && base64_decode(input, &e->waiting, &e->waiting_n) >= 0) {
                e->waiting_at = 0;
                input_write(e);
        }
        e->end = e->end || json_get_boolean(m, "end", false);
}

/* Lines that are whole, until there is input that waits. */
static void lines_take(Exec* e) {
        size_t start = 0;
        for (char* newline; !e->waiting && (newline = memchr(e->line + start, '\n', e->size - start));) {
                hear_line(e, e->line + start, (size_t) (newline - e->line) - start);
                start = (size_t) (newline - e->line) + 1;
        }
        memmove(e->line, e->line + start, e->size - start);
        e->size -= start;
        if (e->end && !e->waiting) {
                input_stop(e);
                e->end = false;
        }
}

/* Negative = the manager let go. */
static int hear(Exec* e) {
        ssize_t n = read(STDIN_FILENO, e->line + e->size, INPUT_MAX - e->size);
        if (n <= 0)
                return -ENOTCONN;
        e->size += (size_t) n;
        lines_take(e);
        return e->size == INPUT_MAX && !e->waiting ? -EMSGSIZE : 0;
}

static int tell(int* fd, int stream) {
        char buffer[READ_BYTES];
        ssize_t n = read(*fd, buffer, sizeof(buffer));
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) { /* EIO: the other end of a terminal is gone */
                closep(fd);
                *fd = -EBADF;
                return 0;
        }
        _cleanup_free_ char* text = base64_encode(buffer, (size_t) n);
        return text ? inside_say(json_pack("{s:s, s:i}", "output", text, "stream", stream)) : -ENOMEM;
}

static int follow(Exec* e) {
        int r = 0;
        while (r >= 0 && (e->out >= 0 || e->err >= 0)) {
                struct pollfd fds[4] = {
                        { .fd = STDIN_FILENO, .events = (short) (e->waiting ? POLLRDHUP : POLLIN) },
                        { .fd = e->out, .events = POLLIN },
                        { .fd = e->err, .events = POLLIN },
                        { .fd = e->waiting ? e->in : -1, .events = POLLOUT },
                };
                if (poll(fds, 4, -1) < 0)
                        return -errno;
                if (fds[3].revents) {
                        input_write(e);
                        lines_take(e);
                }
                if (fds[1].revents)
                        r = tell(&e->out, 1);
                if (r >= 0 && fds[2].revents)
                        r = tell(&e->err, 2);
                if (r >= 0 && fds[0].revents)
                        r = e->waiting ? -ENOTCONN : hear(e);
        }
        return r;
}

/* Whether the container of the request runs, and the command line that joins it; id holds a part of that. */
static int joined(const json_t* request, char id[static ID_BYTES], const char** argv, Error* reterr) {
        const char *app = json_get_string(request, "app"), *container = json_get_string(request, "container");
        char state[160];
        if (!inside_container_valid(container))
                return error_field(reterr, ERROR_BAD_FIELD, "container", "A container of this name cannot be.");
        (void) snprintf(id, ID_BYTES, "%s-%s", app, container);
        (void) snprintf(state, sizeof(state), APP_CRUN_ROOT "/%s", id);
        if (access(state, F_OK) < 0)
                return error_set(reterr, ERROR_WRONG_STATE, "Container %s of app %s does not run.", container, app);
        return arguments(request, id, argv, reterr);
}

int inside_start(const json_t* request, int out, int err, pid_t* ret_pid, Error* reterr) {
        const char* argv[ARGUMENTS_MAX + 12];
        char id[ID_BYTES];
        if (json_get_boolean(request, "terminal", true) || json_array_size(json_object_get(request, "command")) == 0)
                return error_set(reterr, ERROR_BAD_REQUEST, "A command without a terminal is expected.");
        int r = joined(request, id, argv, reterr);
        _cleanup_close_ int nothing = r < 0 ? -EBADF : open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (r < 0)
                return r;
        *ret_pid = nothing < 0 ? -1 : fork();
        if (*ret_pid < 0)
                return error_errno(reterr, -errno, "Cannot run a command in an app");
        if (*ret_pid == 0) {
                (void) setsid();
                if (dup2(nothing, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
                        _exit(127);
                become(argv);
        }
        return 0;
}

int inside_exec(const json_t* request, Error* reterr) {
        const char* app = json_get_string(request, "app");
        const char* argv[ARGUMENTS_MAX + 12];
        char id[ID_BYTES];
        int status = 0;
        int r = joined(request, id, argv, reterr);
        if (r < 0)
                return r;
        Exec e = { .request = request, .terminal = json_get_boolean(request, "terminal", true), .in = -EBADF, .out = -EBADF, .err = -EBADF,
                   .line = malloc(INPUT_MAX) };
        r = !e.line ? -ENOMEM : e.terminal ? start_terminal(&e, argv) : start_pipes(&e, argv);
        if (r < 0) {
                free(e.line);
                return error_errno(reterr, r, "Cannot run a command in app %s", app);
        }
        r = inside_say(json_pack("{s:{}}", "answer"));
        if (r >= 0)
                r = follow(&e);
        free(e.line);
        free(e.waiting);
        if (r < 0)
                return 0; /* nobody is there: systemd ends what is left in this unit */
        (void) waitpid(e.pid, &status, 0);
        (void) inside_say(json_pack("{s:i}", "end", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)));
        return 0;
}
