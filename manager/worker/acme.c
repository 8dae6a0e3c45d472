/* Runs uacme and talks with it: its hook comes over a socket of ours, what it prints is read line by line. */
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "worker/certificate-internal.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define ACME_USEC (1200 * USEC_PER_SEC) /* an authority may let us wait, and so may zones */
#define LINE_BYTES 4096

int acme_hook_listen(Certificate* c) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", c->hook_path) >= (int) sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        (void) unlink(c->hook_path);
        c->hook_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (c->hook_fd < 0 || bind(c->hook_fd, &sa, sizeof(sa)) < 0 || chmod(c->hook_path, 0600) < 0 || listen(c->hook_fd, 8) < 0)
                return -errno;
        return 0;
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

static void take_lines(Certificate* c, char* buffer, size_t* size) {
        for (char* newline; (newline = memchr(buffer, '\n', *size));) {
                size_t n = (size_t) (newline - buffer);
                *newline = 0;
                buffer[strcspn(buffer, "\r")] = 0;
                if (acme_output_line(&c->said, buffer, now_seconds()))
                        worker_log(c->w, "info", "%s", c->said.last);
                memmove(buffer, newline + 1, *size - n - 1);
                *size -= n + 1;
        }
        if (*size == LINE_BYTES) /* signed requests are long and say nothing to people */
                *size = 0;
}

/* Serves hook, output and manager until the child closes its output. -ECANCELED, -ETIME, or 0. */
static int converse(Certificate* c, int out_fd) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + ACME_USEC;
        char buffer[LINE_BYTES];
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
                take_lines(c, buffer, &size);
        }
}

/* --- why it failed, and what to do --- */

static int refused_by_limit(Certificate* c, Error* reterr) {
        int64_t wait = c->said.retry_after;
        if (wait > 0) /* the manager keeps that for as long as it holds */
                (void) worker_ask(c->w, json_pack("{s:s, s:I}", "what", "later", "at", (json_int_t) (now_seconds() + wait)), NULL, NULL);
        (void) error_set(reterr, ERROR_TOO_MANY, "The authority signs no more for now: %s", *c->said.detail ? c->said.detail : "it has limits");
        return error_hint(reterr, "It is tried again by itself when the authority allows it. Names below one registered domain share its limits.");
}

/* The words of RFC 8555 6.7. */
static const char* remedy(const Certificate* c) {
        const char* type = c->said.type;
        if (streq(type, "caa"))
                return "A CAA record of the domain forbids this authority; allow it there, or choose another authority.";
        if (streq(type, "rejectedIdentifier"))
                return "The authority does not sign for this name at all; another authority may.";
        if (streq(type, "dns"))
                return "The name's DNS does not answer as it should: see the domain's records.";
        if (streq(type, "userActionRequired") || streq(type, "externalAccountRequired"))
                return "The authority wants something of you first; choose another authority, or see its site.";
        if (c->by_dns)
                return "See the domain's records and its provider's token; the job's log says more.";
        if (streq(type, "connection") || streq(type, "tls"))
                return "Port 80 of this box must be reachable from the internet, for IPv6 too where the name has an AAAA record.";
        return "The name must point here and port 80 must be reachable from the internet; the job's log says more.";
}

static int failed(Certificate* c, Error* reterr) {
        if (error_is_set(&c->failed)) {
                (void) error_set(reterr, c->failed.name, "%s", c->failed.message);
                return c->failed.hint ? error_hint(reterr, "%s", c->failed.hint) : -EIO;
        }
        if (streq(c->said.type, "rateLimited") || c->said.status == 429)
                return refused_by_limit(c, reterr);
        (void) error_set(reterr, ERROR_UNREACHABLE, "The authority gave no certificate: %s",
                         *c->said.detail ? c->said.detail : *c->said.last ? c->said.last : "uacme could not be run");
        return error_hint(reterr, "%s", remedy(c));
}

/* Exit codes of uacme(1): 0 issued, 1 not due, 2 error. */
int acme_run(Certificate* c, const char* const* argv, Error* reterr) {
        int out[2], status = 0;
        if (pipe2(out, O_CLOEXEC) < 0)
                return error_errno(reterr, -errno, "Cannot run uacme");
        c->said = (AcmeOutput) {};
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
                return error_set(reterr, ERROR_UNREACHABLE, "The authority took longer than twenty minutes.");
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : failed(c, reterr);
}
