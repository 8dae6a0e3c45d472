#include "base/process.h"
#include "base/file.h"
#include "base/time.h"
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern char** environ;

void process_result_done(ProcessResult* r) {
        free(r->output);
        *r = (ProcessResult) {};
}

static _noreturn_ void child_exec(const char* const* argv, int in_fd, int out_fd, const ProcessOptions* o) {
        static const char* const fixed[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8" };
        const char* environment[32] = { fixed[0], fixed[1] };
        for (size_t i = 0, n = 2; o->environment && o->environment[i] && n + 1 < ELEMENTS(environment); i++)
                environment[n++] = o->environment[i];

        sigset_t none;
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
        if (dup2(in_fd, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
            (!o->stdout_only && dup2(out_fd, STDERR_FILENO) < 0))
                _exit(127);
        (void) close_range(3, ~0U, 0);
        if (o->user_id != 0 &&
            (setgroups(0, NULL) < 0 || setresgid(o->group_id, o->group_id, o->group_id) < 0 ||
             setresuid(o->user_id, o->user_id, o->user_id) < 0))
                _exit(126);
        (void) execve(argv[0], (char* const*) argv, (char* const*) environment);
        _exit(127);
}

/* Moves bytes both ways until the child closes its output or the time is over. Returns 0, or -ETIME. */
static int converse(int in_fd, int out_fd, const ProcessOptions* o, size_t output_max, ProcessResult* result) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + (o->timeout_sec ?: 60) * USEC_PER_SEC;
        size_t sent = 0;
        _cleanup_close_ int input = in_fd;
        char chunk[8192];

        for (;;) {
                if (input >= 0 && sent >= o->input_size) {
                        (void) close(input);
                        input = -EBADF;
                }
                uint64_t now = now_usec(CLOCK_MONOTONIC);
                if (now >= deadline)
                        return -ETIME;
                struct pollfd fds[2] = { { .fd = out_fd, .events = POLLIN }, { .fd = input, .events = POLLOUT } };
                int n = poll(fds, input >= 0 ? 2 : 1, (int) ((deadline - now) / USEC_PER_MSEC) + 1);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n <= 0)
                        continue;
                if (input >= 0 && fds[1].revents) {
                        ssize_t k = write(input, o->input + sent, o->input_size - sent);
                        if (k >= 0)
                                sent += (size_t) k;
                        else if (errno != EAGAIN && errno != EINTR)
                                sent = o->input_size; /* the child does not want it */
                }
                if (fds[0].revents) {
                        ssize_t k = read(out_fd, chunk, sizeof(chunk));
                        if (k == 0)
                                return 0;
                        if (k < 0 && errno != EINTR && errno != EAGAIN)
                                return -errno;
                        size_t keep = k > 0 ? MIN((size_t) k, output_max - result->output_size) : 0;
                        memcpy(result->output + result->output_size, chunk, keep);
                        result->output_size += keep;
                }
        }
}

static int input_file(const ProcessOptions* o, int* ret) {
        _cleanup_close_ int fd = memfd_create("input", MFD_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = write_full(fd, o->input, o->input_size);
        if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return r < 0 ? r : -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

int process_run(const char* const* argv, const ProcessOptions* options, ProcessResult* ret) {
        static const ProcessOptions none = {};
        const ProcessOptions* o = options ?: &none;
        size_t output_max = o->output_max ?: 64 * 1024;
        ProcessResult result = { .output = malloc(output_max + 1) };
        int in[2] = { -EBADF, -EBADF }, out[2] = { -EBADF, -EBADF };
        int r;

        assert(argv[0][0] == '/');
        if (!result.output)
                return -ENOMEM;
        r = o->input_again ? input_file(o, &in[0]) : pipe2(in, O_CLOEXEC) < 0 ? -errno : 0;
        if (r >= 0 && pipe2(out, O_CLOEXEC) < 0)
                r = -errno;
        if (r < 0)
                goto fail;
        if (in[1] >= 0)
                (void) fcntl(in[1], F_SETFL, O_NONBLOCK);

        pid_t pid = fork();
        if (pid < 0) {
                r = -errno;
                goto fail;
        }
        if (pid == 0)
                child_exec(argv, in[0], out[1], o);
        (void) close(in[0]);
        (void) close(out[1]);

        void (*old)(int) = signal(SIGPIPE, SIG_IGN);
        r = converse(in[1], out[0], o, output_max, &result);
        (void) signal(SIGPIPE, old);
        (void) close(out[0]);
        if (r < 0)
                (void) kill(pid, SIGKILL);

        int status = 0;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        result.exit_code = r == -ETIME ? 124 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        result.output[result.output_size] = 0;
        if (r < 0 && r != -ETIME) {
                process_result_done(&result);
                return r;
        }
        *ret = result;
        return 0;

fail:
        for (int i = 0; i < 2; i++) {
                closep(&in[i]);
                closep(&out[i]);
        }
        process_result_done(&result);
        return r;
}

static char* last_line(char* text) {
        size_t n = strlen(text);
        while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
                text[--n] = 0;
        char* newline = strrchr(text, '\n');
        return newline ? newline + 1 : text;
}

int process_check(const char* const* argv, const ProcessOptions* options, Error* reterr) {
        _cleanup_(process_result_done) ProcessResult result = {};
        int r = process_run(argv, options, &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run %s", argv[0]);
        if (result.exit_code == 124)
                return error_set(reterr, ERROR_INTERNAL, "%s took too long and was stopped.", argv[0]);
        if (result.exit_code != 0)
                return error_set(reterr, ERROR_INTERNAL, "%s failed with code %d: %s", argv[0], result.exit_code, last_line(result.output));
        return 0;
}
