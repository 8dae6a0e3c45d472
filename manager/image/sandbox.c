#include "image/sandbox.h"
#include "base/file.h"
#include "base/time.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define IDS 65536u
#define ANSWER_MAX (1024U * 1024)
#define MEMORY_MAX (512UL * 1024 * 1024) /* of address space; zstd's largest usual window is 128 MB */
#define FILES_MAX 256

struct Sandbox {
        int namespace_fd;
        char* program;
};

/* --- the parent's side --- */

static int drop_capabilities(uint64_t keep) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = {
                { .effective = (uint32_t) keep, .permitted = (uint32_t) keep },
                { .effective = (uint32_t) (keep >> 32), .permitted = (uint32_t) (keep >> 32) },
        };
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int map_write(pid_t pid, const char* which, uint32_t base) {
        char path[64], line[64];
        (void) snprintf(path, sizeof(path), "/proc/%d/%s", pid, which);
        int n = snprintf(line, sizeof(line), "0 %u %u\n", base, IDS);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
        return fd < 0 ? -errno : write_full(fd, line, (size_t) n);
}

/* A child that has a namespace of its own and lives until the pipe it waits on is closed. */
static pid_t holder_start(int ready, int until) {
        pid_t pid = fork();
        if (pid != 0)
                return pid;
        char byte = 0;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWUSER) < 0)
                byte = (char) errno;
        (void) !write(ready, &byte, 1);
        (void) !read(until, &byte, 1);
        _exit(0);
}

static int namespace_make(uint32_t base, int* ret) {
        int ready[2], until[2];
        char byte, path[64];
        if (pipe2(ready, O_CLOEXEC) < 0)
                return -errno;
        if (pipe2(until, O_CLOEXEC) < 0) {
                (void) close(ready[0]), (void) close(ready[1]);
                return -errno;
        }
        pid_t pid = holder_start(ready[1], until[0]);
        int r = pid < 0 ? -errno : read(ready[0], &byte, 1) != 1 ? -EIO : -byte;
        if (r >= 0)
                r = map_write(pid, "uid_map", base);
        if (r >= 0)
                r = map_write(pid, "gid_map", base);
        if (r >= 0) {
                (void) snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
                r = open(path, O_RDONLY | O_CLOEXEC);
                r = r < 0 ? -errno : r;
        }
        for (size_t i = 0; i < 2; i++)
                (void) close(ready[i]), (void) close(until[i]);
        if (pid > 0) {
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
        }
        *ret = r;
        return r < 0 ? r : 0;
}

int sandbox_new(uint32_t base, const char* program, Sandbox** ret, Error* reterr) {
        _cleanup_(sandbox_freep) Sandbox* s = malloc(sizeof(Sandbox));
        if (!s)
                return error_errno(reterr, -ENOMEM, "Cannot make a place to unpack in");
        *s = (Sandbox) { .namespace_fd = -EBADF, .program = strdup(program) };
        int r = s->program ? namespace_make(base, &s->namespace_fd) : -ENOMEM;
        if (r >= 0)
                r = drop_capabilities(0);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make a place to unpack in");
        *ret = TAKE_PTR(s);
        return 0;
}

Sandbox* sandbox_free(Sandbox* s) {
        if (!s)
                return NULL;
        closep(&s->namespace_fd);
        free(s->program);
        free(s);
        return NULL;
}

/* Numbers 0 to 3 get what the program expects, whatever they were before. */
static void child(const Sandbox* s, char* const* argv, int input_fd, int output_fd) {
        static char* const environment[] = { (char*) "LC_ALL=C.UTF-8", (char*) "PATH=/usr/bin:/bin", NULL };
        sigset_t none;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        int in = fcntl(input_fd, F_DUPFD, 10), out = fcntl(output_fd, F_DUPFD, 10), ns = fcntl(s->namespace_fd, F_DUPFD, 10);
        if (in < 0 || out < 0 || ns < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(ns, SANDBOX_FD) < 0)
                _exit(127);
        (void) close_range(SANDBOX_FD + 1, ~0U, 0);
        (void) execve(s->program, argv, environment);
        _exit(127);
}

int sandbox_start(Sandbox* s, const char* const* argv, int input_fd, SandboxRun* ret, Error* reterr) {
        char* all[160] = { s->program };
        int pipes[2];
        for (size_t i = 0; argv[i]; i++) {
                assert(i + 2 < ELEMENTS(all));
                all[i + 1] = (char*) argv[i];
        }
        if (pipe2(pipes, O_CLOEXEC) < 0)
                return error_errno(reterr, -errno, "Cannot unpack");
        pid_t pid = fork();
        if (pid == 0)
                child(s, all, input_fd, pipes[1]);
        int r = pid < 0 ? -errno : 0;
        (void) close(pipes[1]);
        if (r < 0) {
                (void) close(pipes[0]);
                return error_errno(reterr, r, "Cannot unpack");
        }
        *ret = (SandboxRun) { .pid = pid, .fd = pipes[0] };
        return 0;
}

void sandbox_kill(SandboxRun* run) {
        if (run->pid > 0) {
                (void) kill(run->pid, SIGKILL);
                (void) waitpid(run->pid, NULL, 0);
                (void) close(run->fd);
        }
        *run = (SandboxRun) { .fd = -EBADF };
}

static int answer_take(const char* text, size_t size, int status, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* answer = NULL;
        if (size == 0 || json_parse_object(text, size, &answer, NULL) < 0) {
                if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
                        return error_set(reterr, ERROR_BAD_IMAGE, "A layer took more memory to unpack than there is.");
                return error_set(reterr, ERROR_INTERNAL, "Unpacking ended without an answer (status %d).", status);
        }
        const json_t* e = json_object_get(answer, "error");
        if (e) {
                ErrorName name = error_name_from_string(strempty(json_get_string(e, "name")));
                return error_set(reterr, name < 0 ? ERROR_INTERNAL : name, "%s", strempty(json_get_string(e, "message")));
        }
        *ret = TAKE_PTR(answer);
        return 1;
}

/* Its answer is one short line, written at its end: whoever has something to read may read to the end. */
int sandbox_wait(SandboxRun* run, uint64_t poll_usec, json_t** ret, Error* reterr) {
        struct pollfd p = { .fd = run->fd, .events = POLLIN };
        _cleanup_free_ char* text = malloc(ANSWER_MAX + 1);
        size_t size = 0;
        int status = 0;
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot unpack");
        if (poll_usec > 0 && poll(&p, 1, (int) (poll_usec / USEC_PER_MSEC)) == 0)
                return 0;
        for (ssize_t n; size < ANSWER_MAX; size += (size_t) n) {
                n = read(run->fd, text + size, ANSWER_MAX - size);
                if (n < 0 && errno == EINTR)
                        n = 0;
                else if (n <= 0)
                        break;
        }
        (void) close(run->fd);
        (void) waitpid(run->pid, &status, 0);
        *run = (SandboxRun) { .fd = -EBADF };
        return answer_take(text, size, status, ret, reterr);
}

/* --- the child's side --- */

static int become_root_inside(void) {
        if (setns(SANDBOX_FD, CLONE_NEWUSER) < 0)
                return -errno;
        (void) close(SANDBOX_FD);
        if (syscall(SYS_setgroups, 0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return -errno;
        return 0;
}

/* A copy of the mount that the directory is on, which can be read and nothing else; it hangs nowhere, so it outlives the change of the root. */
static int lower_open(int beside, const char* name) {
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
        if (!*name || strchr(name, '/') || streq(name, "..") || streq(name, "."))
                return -EINVAL;
        int fd = open_tree(beside, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
        if (fd >= 0 && mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0) {
                int r = -errno;
                (void) close(fd);
                return r;
        }
        return fd < 0 ? -errno : fd;
}

static int lowers_open(const char* directory, char* const* names, SandboxLowers* ret) {
        char path[PATH_MAX];
        const char* slash = strrchr(directory, '/');
        (void) snprintf(path, sizeof(path), "%.*s", slash ? (int) (slash - directory) : 0, directory);
        _cleanup_close_ int beside = open(*path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        for (; beside >= 0 && *names; names++) {
                int fd = ret->n < SANDBOX_LOWERS_MAX ? lower_open(beside, *names) : -E2BIG;
                if (fd < 0)
                        return fd;
                ret->fds[ret->n++] = fd;
        }
        return beside < 0 ? -errno : 0;
}

/* pivot_root(2), "pivot_root(".", ".")": the old root is left and forgotten in one go. */
static int make_root(const char* directory, char* const* lowers, SandboxLowers* ret) {
        if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
                return -errno;
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return -errno;
        int r = lowers ? lowers_open(directory, lowers, ret) : 0;
        if (r < 0)
                return r;
        if (mount(directory, directory, NULL, MS_BIND, NULL) < 0)
                return -errno;
        if (chdir(directory) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
                return -errno;
        return 0;
}

static int set_limits(void) {
        const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX }, files = { FILES_MAX, FILES_MAX }, processes = { 0, 0 }, core = { 0, 0 };
        if (setrlimit(RLIMIT_AS, &memory) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0 || setrlimit(RLIMIT_NPROC, &processes) < 0 ||
            setrlimit(RLIMIT_CORE, &core) < 0)
                return -errno;
        return 0;
}

int sandbox_enter(const char* directory, char* const* lowers, SandboxLowers* ret, Error* reterr) {
        const uint64_t keep = UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE | UINT64_C(1) << CAP_FOWNER |
                        UINT64_C(1) << CAP_FSETID;
        int r = become_root_inside();
        if (r >= 0)
                r = make_root(directory, lowers, ret);
        if (r >= 0)
                r = set_limits();
        if (r >= 0)
                r = drop_capabilities(keep);
        (void) umask(0);
        return r < 0 ? error_errno(reterr, r, "Cannot make a place to unpack in") : 0;
}
