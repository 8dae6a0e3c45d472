/* Fetches one certificate by ACME (RFC 8555) with uacme, for HTTP-01: answers are small files that nginx serves. What comes out lies in
 * our own directory on tmpfs until the helper has judged and taken it; then the web server itself is asked what it shows. */
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "config.h"
#include "net/probe.h"
#include "worker/acme-hook.h"
#include "worker/worker.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define UACME "/usr/bin/uacme"
#define NAMES_MAX 16
#define UACME_USEC (600 * USEC_PER_SEC) /* an authority may let us wait */
#define PEM_MAX (256 * 1024)
#define PROBES 20

typedef struct Certificate {
        Worker* w;
        const char* names[NAMES_MAX + 1]; /* borrowed from the request */
        size_t n_names;
        const char* acme_url;
        const char* directory;            /* ours, on tmpfs: state, chain.pem, key.pem */
        const char* challenges;           /* what nginx serves */
        char* state;                      /* uacme's confdir, only for this certificate (see uacme's shared directories of x and *.x) */
        char* hook_path;
        int hook_fd;
        unsigned answered;                /* challenges put up */
        char last[256];                   /* the last line uacme said */
        char detail[256];                 /* why the authority refused, in its words */
} Certificate;

static int request_take(Certificate* c, Error* reterr) {
        const json_t* request = worker_request(c->w);
        size_t i;
        json_t* name;
        c->acme_url = json_get_string(request, "acme_url");
        json_array_foreach(json_object_get(request, "names"), i, name) {
                if (c->n_names == NAMES_MAX || !dns_name_valid(json_string_value(name)))
                        return error_set(reterr, ERROR_BAD_REQUEST, "The certificate's names are not names of hosts.");
                c->names[c->n_names++] = json_string_value(name);
        }
        if (c->n_names == 0 || !url_https_valid(c->acme_url))
                return error_set(reterr, ERROR_BAD_REQUEST, "The request needs names and the authority's address.");
        return 0;
}

/* --- challenges --- */

static bool name_wanted(const Certificate* c, const char* name) {
        for (size_t i = 0; i < c->n_names; i++)
                if (streq(c->names[i], name))
                        return true;
        return false;
}

/* Puts the answer up or takes it down. True = uacme may go on. */
static bool challenge(Certificate* c, const HookCall* call) {
        char path[512];
        if (!streq(call->type, "http-01") || !name_wanted(c, call->name)) /* uacme then offers the next kind */
                return false;
        if (snprintf(path, sizeof(path), "%s/.well-known/acme-challenge/%s", c->challenges, call->token) >= (int) sizeof(path))
                return false;
        if (!streq(call->event, "begin")) {
                (void) unlink(path);
                return true;
        }
        int r = file_write(AT_FDCWD, path, call->authorization, strlen(call->authorization), 0644);
        if (r < 0) {
                worker_log(c->w, "error", "The answer for %s cannot be written: %s", call->name, strerror(-r));
                return false;
        }
        c->answered++;
        worker_progress(c->w, "challenge", 30, "%s is being checked by the authority", call->name);
        worker_log(c->w, "info", "The authority checks %s", call->name);
        return true;
}

static void on_hook(Certificate* c) {
        char line[HOOK_LINE_MAX];
        struct timeval limit = { .tv_sec = 2 };
        HookCall call;
        size_t n = 0;
        _cleanup_close_ int fd = accept4(c->hook_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
                return;
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        while (n < sizeof(line) - 1 && !memchr(line, '\n', n)) {
                ssize_t k = read(fd, line + n, sizeof(line) - 1 - n);
                if (k <= 0)
                        return;
                n += (size_t) k;
        }
        line[n] = 0;
        line[strcspn(line, "\n")] = 0;
        bool good = hook_call_parse(line, &call) >= 0 && challenge(c, &call);
        (void) send(fd, good ? "0" : "1", 1, MSG_NOSIGNAL);
}

static int hook_listen(Certificate* c) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", c->hook_path) >= (int) sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        (void) unlink(c->hook_path);
        c->hook_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (c->hook_fd < 0 || bind(c->hook_fd, &sa, sizeof(sa)) < 0 || chmod(c->hook_path, 0600) < 0 || listen(c->hook_fd, 8) < 0)
                return -errno;
        return 0;
}

/* --- uacme --- */

static _noreturn_ void child_exec(Certificate* c, const char* const* argv, int out_fd) {
        char hook[300];
        (void) snprintf(hook, sizeof(hook), HOOK_SOCKET_VARIABLE "=%s", c->hook_path);
        const char* const environment[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", hook, NULL };
        sigset_t none;
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (dup2(null, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 || dup2(out_fd, STDERR_FILENO) < 0)
                _exit(127);
        (void) close_range(3, ~0U, 0);
        (void) execve(argv[0], (char* const*) argv, (char* const*) environment);
        _exit(127);
}

/* The authority's own reason: a problem document (RFC 7807), which uacme prints a member a line. */
static void take_detail(Certificate* c) {
        static const char key[] = "\"detail\": \"";
        const char* from = strstr(c->last, key);
        if (!from)
                return;
        from += strlen(key);
        const char* to = strrchr(from, '"') ?: from + strlen(from);
        (void) snprintf(c->detail, sizeof(c->detail), "%.*s", (int) (to - from), from);
}

/* uacme's lines go into the job's log; the last one explains a failure. */
static void take_output(Certificate* c, char* buffer, size_t* size) {
        for (char* newline; (newline = memchr(buffer, '\n', *size));) {
                size_t n = (size_t) (newline - buffer);
                (void) snprintf(c->last, sizeof(c->last), "%.*s", (int) MIN(n, sizeof(c->last) - 1), buffer);
                take_detail(c);
                if (utf8_valid(c->last, strlen(c->last)))
                        worker_log(c->w, "info", "%s", c->last);
                memmove(buffer, newline + 1, *size - n - 1);
                *size -= n + 1;
        }
        if (*size == 1024)
                *size = 0;
}

/* Serves hook, output and manager until the child closes its output. -ECANCELED, -ETIME, or 0. */
static int converse(Certificate* c, int out_fd) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + UACME_USEC;
        char buffer[1024];
        size_t size = 0;
        for (;;) {
                struct pollfd fds[2] = { { .fd = out_fd, .events = POLLIN }, { .fd = c->hook_fd, .events = POLLIN } };
                if (now_usec(CLOCK_MONOTONIC) >= deadline)
                        return -ETIME;
                if (worker_cancelled(c->w))
                        return -ECANCELED;
                (void) poll(fds, 2, 300);
                if (fds[1].revents)
                        on_hook(c);
                if (!fds[0].revents)
                        continue;
                ssize_t n = read(out_fd, buffer + size, sizeof(buffer) - size);
                if (n <= 0)
                        return 0;
                size += (size_t) n;
                take_output(c, buffer, &size);
        }
}

/* Exit codes of uacme(1): 0 issued, 1 not due, 2 error. */
static int uacme(Certificate* c, const char* const* argv, Error* reterr) {
        int out[2], status = 0;
        if (pipe2(out, O_CLOEXEC) < 0)
                return error_errno(reterr, -errno, "Cannot run uacme");
        pid_t pid = fork();
        if (pid == 0)
                child_exec(c, argv, out[1]);
        (void) close(out[1]);
        int r = pid < 0 ? -errno : converse(c, out[0]);
        (void) close(out[0]);
        if (pid < 0)
                return error_errno(reterr, r, "Cannot run uacme");
        if (r < 0)
                (void) kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (r == -ECANCELED)
                return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
        if (r == -ETIME)
                return error_set(reterr, ERROR_UNREACHABLE, "The authority took longer than ten minutes.");
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        (void) error_set(reterr, ERROR_UNREACHABLE, "The authority gave no certificate: %s",
                         *c->detail ? c->detail : *c->last ? c->last : "uacme could not be run");
        return error_hint(reterr, "%s must point here and port 80 must be reachable from the internet; the job's log says more.", c->names[0]);
}

static int account(Certificate* c, Error* reterr) {
        const char* const argv[] = { UACME, "-y", "-a", c->acme_url, "-c", c->state, "-t", "EC", "new", NULL };
        worker_progress(c->w, "prepare", 5, "Introducing the box to the authority");
        return uacme(c, argv, reterr);
}

static int issue(Certificate* c, Error* reterr) {
        const char* argv[16 + NAMES_MAX] = { UACME, "-v", "-a", c->acme_url, "-c", c->state, "-t", "EC", "-h",
                                             STEADBOX_LIBEXECDIR "/steadbox-acme-hook", "issue" };
        const char* hook = secure_getenv("STEADBOX_ACME_HOOK_PROGRAM"); /* tests run from the build tree */
        size_t n = 11;
        if (hook)
                argv[9] = hook;
        for (size_t i = 0; i < c->n_names; i++)
                argv[n++] = c->names[i];
        worker_progress(c->w, "challenge", 20, "Asking for %s", c->names[0]);
        return uacme(c, argv, reterr);
}

/* --- what came out --- */

static int leave(Certificate* c, const char* from_format, const char* to, char** ret, Error* reterr) {
        _cleanup_free_ char *from = NULL, *path = NULL, *text = NULL;
        size_t size = 0;
        if (asprintf(&from, "%s/%s%s/%s", c->state, from_format, c->names[0], streq(to, "key.pem") ? "key.pem" : "cert.pem") < 0 ||
            asprintf(&path, "%s/%s", c->directory, to) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot keep the certificate");
        int r = file_read(AT_FDCWD, from, PEM_MAX, &text, &size);
        if (r >= 0 && !strstr(text, "-----BEGIN "))
                r = -EBADMSG;
        if (r >= 0)
                r = file_write(AT_FDCWD, path, text, size, 0640); /* our group is the helper, which has no power over others' files */
        if (r < 0)
                return error_errno(reterr, r, "Cannot keep %s", to);
        *ret = TAKE_PTR(text);
        return 0;
}

/* The helper reloads nginx without waiting for it; until the new workers are up the old certificate may still be shown. */
static int prove_served(Certificate* c, const char* chain, Error* reterr) {
        int r = 0;
        for (unsigned i = 0; i < PROBES; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                worker_progress(c->w, "switch", 90, "Looking at what the web server shows");
                r = probe_certificate(c->names[0], "127.0.0.1", 443, chain, &e);
                if (r > 0)
                        return 0;
                if (r < 0 && i + 1 == PROBES)
                        return error_set(reterr, e.name, "%s", strempty(e.message));
                if (worker_cancelled(c->w))
                        break; /* it is in place; that cannot be cancelled any more */
                (void) usleep(500 * 1000);
        }
        return error_set(reterr, ERROR_HELPER_FAILED, "The new certificate is in place, but the web server still shows another one.");
}

static int run(Certificate* c, json_t** ret_result, Error* reterr) {
        _cleanup_free_ char* chain = NULL;
        _cleanup_free_ char* key = NULL;
        int r = account(c, reterr);
        if (r >= 0)
                r = issue(c, reterr);
        if (r < 0)
                return r;
        worker_progress(c->w, "prove", 75, "Looking at what the authority sent");
        r = leave(c, "", "chain.pem", &chain, reterr);
        if (r >= 0)
                r = leave(c, "private/", "key.pem", &key, reterr);
        if (key)
                explicit_bzero(key, strlen(key));
        if (r < 0)
                return r;
        worker_progress(c->w, "switch", 85, "Putting it in place");
        r = worker_ask(c->w, json_pack("{s:s}", "what", "adopt"), NULL, reterr);
        if (r >= 0)
                r = prove_served(c, chain, reterr);
        if (r < 0)
                return r;
        json_t* names = json_array();
        for (size_t i = 0; i < c->n_names; i++)
                (void) json_array_append_new(names, json_string(c->names[i]));
        *ret_result = json_pack("{s:o, s:i}", "names", names, "challenges", (int) c->answered);
        worker_progress(c->w, NULL, 100, "%s has a certificate", c->names[0]);
        return 0;
}

int certificate_main(Worker* w, json_t** ret_result, Error* reterr) {
        Certificate c = {
                .w = w,
                .hook_fd = -EBADF,
                .directory = secure_getenv("RUNTIME_DIRECTORY") ?: ".",
                .challenges = secure_getenv("STEADBOX_CHALLENGES") ?: "/run/steadbox-challenge",
        };
        int r = request_take(&c, reterr);
        if (r < 0)
                return r;
        if (asprintf(&c.state, "%s/state", c.directory) < 0 || asprintf(&c.hook_path, "%s/hook.sock", c.directory) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot begin");
        r = directory_make(c.state, 0700);
        if (r >= 0)
                r = hook_listen(&c);
        r = r < 0 ? error_errno(reterr, r, "Cannot prepare") : run(&c, ret_result, reterr);
        closep(&c.hook_fd);
        (void) unlink(c.hook_path);
        free(c.hook_path);
        free(c.state);
        return r;
}
