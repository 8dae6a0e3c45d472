#include "worker/worker.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define REQUEST_MAX (8 * 1024 * 1024)
#define LINE_MAX_BYTES (128 * 1024)   /* of what the manager says; an uploaded chain and key fit */
#define LINES_WAITING_MAX 200      /* log lines kept while there is no manager */
#define BACKOFF_FIRST_USEC (100 * USEC_PER_MSEC)
#define BACKOFF_LAST_USEC (5 * USEC_PER_SEC)
#define SAY_USEC (5 * USEC_PER_SEC) /* a manager that does not read for so long is as good as gone */

struct Worker {
        char* id;
        char* socket_path;
        json_t* whole;          /* request.json */
        int fd;                 /* job.sock; -EBADF while there is none */
        int signal_fd;
        bool welcome, cancelled, over;
        char line[LINE_MAX_BYTES];
        size_t line_size;
        json_t* answer;         /* to the question that is open; NULL = none yet */
        json_t* progress;       /* the latest, said again after a new connection; NULL = none yet */
        json_t* lines;          /* log lines that wait */
        uint64_t next_try_usec, backoff_usec;
};

static int signals_init(Worker* w) {
        sigset_t mask;
        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigaddset(&mask, SIGINT);
        (void) signal(SIGPIPE, SIG_IGN);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        w->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
        return w->signal_fd < 0 ? -errno : 0;
}

/* The manager owns what is below run/jobs, and some kinds may read what it may not: a link there would have them read that for it, and tell of it.
 * Name by name, because where RestrictSUIDSGID= holds there is no openat2(2) (systemd.exec(5)). */
static int request_open(const char* run, const char* id) {
        const int way = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        struct stat st;
        _cleanup_close_ int top = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int jobs = top < 0 ? -1 : openat(top, "jobs", way);
        _cleanup_close_ int job = jobs < 0 ? -1 : openat(jobs, id, way);
        _cleanup_close_ int fd = job < 0 ? -1 : openat(job, "request.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

static int request_read(Worker* w, const char* run, const char* kind, Error* reterr) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size = 0;
        if (asprintf(&path, "%s/jobs/%s/request.json", run, w->id) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot read the request");
        _cleanup_close_ int fd = request_open(run, w->id);
        int r = fd < 0 ? fd : file_read_open(fd, REQUEST_MAX, &text, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", path);
        r = json_parse_object(text, size, &w->whole, reterr);
        if (r < 0)
                return r;
        if (!streq_ptr(json_get_string(w->whole, "kind"), kind))
                return error_set(reterr, ERROR_BAD_REQUEST, "%s is not a request for %s.", path, kind);
        return 0;
}

int worker_new(const char* run, const char* kind, const char* id, Worker** ret, Error* reterr) {
        if (!id_valid(id))
                return error_set(reterr, ERROR_BAD_REQUEST, "The job's id is not well formed.");
        _cleanup_(worker_freep) Worker* w = malloc(sizeof(Worker));
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot begin");
        *w = (Worker) { .id = strdup(id), .fd = -EBADF, .signal_fd = -EBADF, .lines = json_array(), .backoff_usec = BACKOFF_FIRST_USEC };
        if (!w->id || !w->lines || asprintf(&w->socket_path, "%s/job.sock", run) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot begin");
        int r = signals_init(w);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch signals");
        r = request_read(w, run, kind, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

Worker* worker_free(Worker* w) {
        if (!w)
                return NULL;
        closep(&w->fd);
        closep(&w->signal_fd);
        free(w->id);
        free(w->socket_path);
        json_decref(w->whole);
        json_decref(w->answer);
        json_decref(w->progress);
        json_decref(w->lines);
        free(w);
        return NULL;
}

const json_t* worker_request(const Worker* w) {
        return json_object_get(w->whole, "request");
}

const char* worker_id(const Worker* w) {
        return w->id;
}

int worker_fd(const Worker* w) {
        return w->fd;
}

/* --- the connection --- */

static void disconnect(Worker* w) {
        closep(&w->fd);
        w->fd = -EBADF;
        w->welcome = false;
        w->line_size = 0;
}

static int say(Worker* w, const json_t* message) {
        _cleanup_free_ char* text = json_text(message, /* canonical= */ false);
        if (!text)
                return -ENOMEM;
        if (w->fd < 0)
                return -ENOTCONN;
        size_t size = strlen(text);
        text[size++] = '\n'; /* in the place of NUL */
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + SAY_USEC;
        for (const char* p = text; size > 0;) {
                ssize_t n = send(w->fd, p, size, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n < 0 && errno != EAGAIN && errno != EINTR) {
                        int r = -errno;
                        disconnect(w);
                        return r;
                }
                if (n > 0) {
                        p += n;
                        size -= (size_t) n;
                        continue;
                }
                struct pollfd fd = { .fd = w->fd, .events = POLLOUT };
                if (now_usec(CLOCK_MONOTONIC) >= deadline) {
                        disconnect(w);
                        return -ETIME;
                }
                (void) poll(&fd, 1, 200);
        }
        return 0;
}

/* What waited while there was no manager. */
static void say_waiting(Worker* w) {
        if (w->progress && say(w, w->progress) < 0)
                return;
        while (json_array_size(w->lines) > 0) {
                if (say(w, json_array_get(w->lines, 0)) < 0)
                        return;
                (void) json_array_remove(w->lines, 0);
        }
}

static void hear_line(Worker* w, const char* line, size_t size) {
        _cleanup_json_ json_t* m = NULL;
        if (json_parse_object(line, size, &m, NULL) < 0)
                return;
        if (json_get_boolean(m, "welcome", false)) {
                w->welcome = true;
                w->backoff_usec = BACKOFF_FIRST_USEC;
                say_waiting(w);
        }
        if (json_get_boolean(m, "cancel", false))
                w->cancelled = true;
        if (json_get_boolean(m, "over", false))
                w->over = true;
        json_t* answer = json_object_get(m, "answer");
        if (json_is_object(answer)) {
                json_decref(w->answer);
                w->answer = json_incref(answer);
        }
}

/* Takes in what is there; never waits. */
static void hear(Worker* w) {
        while (w->fd >= 0) {
                ssize_t n = recv(w->fd, w->line + w->line_size, sizeof(w->line) - w->line_size, MSG_DONTWAIT);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return;
                if (n <= 0) {
                        disconnect(w);
                        return;
                }
                w->line_size += (size_t) n;
                size_t start = 0;
                for (char* newline; w->fd >= 0 && (newline = memchr(w->line + start, '\n', w->line_size - start));) {
                        hear_line(w, w->line + start, (size_t) (newline - w->line) - start);
                        start = (size_t) (newline - w->line) + 1;
                }
                if (w->fd < 0)
                        return;
                memmove(w->line, w->line + start, w->line_size - start);
                w->line_size -= start;
                if (w->line_size == sizeof(w->line))
                        disconnect(w);
        }
}

static void connect_try(Worker* w) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        if (w->fd >= 0 || now < w->next_try_usec)
                return;
        w->next_try_usec = now + w->backoff_usec;
        w->backoff_usec = MIN(w->backoff_usec * 2, BACKOFF_LAST_USEC);
        if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", w->socket_path) >= (int) sizeof(sa.sun_path))
                return;
        w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (w->fd < 0 || connect(w->fd, &sa, sizeof(sa)) < 0) {
                disconnect(w);
                return;
        }
        _cleanup_json_ json_t* hello = json_pack("{s:s}", "hello", w->id);
        (void) say(w, hello);
}

static void turn(Worker* w) {
        struct signalfd_siginfo si;
        if (read(w->signal_fd, &si, sizeof(si)) == sizeof(si))
                w->cancelled = true;
        connect_try(w);
        hear(w);
}

/* Sleeps until somebody says something or it is time to try again. */
static void rest(Worker* w) {
        struct pollfd fds[2] = { { .fd = w->signal_fd, .events = POLLIN }, { .fd = w->fd, .events = POLLIN } };
        (void) poll(fds, w->fd >= 0 ? 2 : 1, w->fd >= 0 ? 1000 : 100);
        turn(w);
}

/* --- what is said --- */

void worker_progress(Worker* w, const char* stage, int percent, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        _cleanup_free_ char* text = format_text_va(format, ap);
        va_end(ap);
        if (!w->progress)
                w->progress = json_object();
        if (stage)
                (void) json_object_set_new(w->progress, "stage", json_string(stage));
        if (percent >= 0)
                (void) json_object_set_new(w->progress, "percent", json_integer(percent));
        if (text)
                (void) json_object_set_new(w->progress, "message", json_string(text));
        turn(w);
        if (w->welcome)
                (void) say(w, w->progress);
}

void worker_log(Worker* w, const char* level, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        _cleanup_free_ char* text = format_text_va(format, ap);
        va_end(ap);
        for (char* p = text; p && *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        *p = ' ';
        json_t* line = text ? json_pack("{s:{s:s, s:s}}", "log", "level", level, "text", text) : NULL;
        if (!line) /* not UTF-8, or no memory */
                return;
        if (json_array_size(w->lines) < LINES_WAITING_MAX)
                (void) json_array_append_new(w->lines, line);
        else
                json_decref(line);
        turn(w);
        if (w->welcome)
                say_waiting(w);
}

bool worker_cancelled(Worker* w) {
        turn(w);
        return w->cancelled;
}

static int answer_of(Worker* w, json_t** ret_data, Error* reterr) {
        _cleanup_json_ json_t* answer = TAKE_PTR(w->answer);
        const json_t* e = json_object_get(answer, "error");
        if (!json_is_object(e)) {
                if (ret_data)
                        *ret_data = json_incref(json_object_get(answer, "data"));
                return 0;
        }
        ErrorName name = error_name_from_string(strempty(json_get_string(e, "name")));
        const char* hint = json_get_string(e, "hint");
        int r = error_set(reterr, name < 0 ? ERROR_INTERNAL : name, "%s", strempty(json_get_string(e, "message")));
        return isempty(hint) ? r : error_hint(reterr, "%s", hint);
}

int worker_ask(Worker* w, json_t* question, json_t** ret_data, Error* reterr) {
        _cleanup_json_ json_t* message = json_pack("{s:o}", "ask", question);
        bool said = false;
        json_decref(w->answer);
        w->answer = NULL;
        for (turn(w); !w->answer; rest(w)) {
                if (w->cancelled || w->over)
                        return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
                if (!w->welcome)
                        said = false; /* a new manager did not hear it */
                else if (!said)
                        said = say(w, message) >= 0;
        }
        return answer_of(w, ret_data, reterr);
}

/* A manager that was killed before its commit asks for nothing: it has forgotten, and so every new one is told again. */
static int last_words(Worker* w, const json_t* message) {
        bool said = false;
        for (turn(w); !w->over; rest(w)) {
                if (!w->welcome)
                        said = false;
                else if (!said)
                        said = say(w, message) >= 0;
        }
        return 0;
}

int worker_result(Worker* w, json_t* result) {
        _cleanup_json_ json_t* message = json_pack("{s:o}", "result", result);
        return message ? last_words(w, message) : -ENOMEM;
}

int worker_error(Worker* w, const Error* e) {
        _cleanup_json_ json_t* message = json_pack(
                "{s:{s:s, s:s, s:s}}", "error", "name", error_name_to_string(e->name), "message", strempty(e->message), "hint", strempty(e->hint));
        return message ? last_words(w, message) : -ENOMEM;
}
