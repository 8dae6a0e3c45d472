/* What a package's own command says of its data (a database's dump), into a file of root's beside the app: apps/<app>/dumps/<export>/<file>. The
 * command runs in the container as exec's does; what it says comes through a pipe, so the app never has the file, and the disk keeps a reserve. */
#include "base/file.h"
#include "base/time.h"
#include "base/validate.h"
#include "inside/inside.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define APPS "/var/lib/steadbox/apps"
#define READ_BYTES (256 * 1024)
#define RESERVE_BYTES ((uint64_t) 256 * 1024 * 1024) /* of the disk, as DATA_RESERVE_BYTES of app/data.h */
#define SILENCE_USEC (30 * 60 * USEC_PER_SEC)        /* so long it may say nothing at all: a database may have to wait for its locks */
#define WHOLE_USEC (6 * 3600 * USEC_PER_SEC)         /* and so long it may take, as a hook may */
#define SAID_BYTES 400                               /* of what it says of a failure: its end */

typedef struct Dump {
        int file, out, err;     /* -EBADF = closed */
        uint64_t bytes, looked; /* written; when the disk was looked at last */
        uint64_t began_usec, heard_usec; /* CLOCK_MONOTONIC; of its last word */
        char said[SAID_BYTES + 1];
        size_t said_n;
} Dump;

static bool file_valid(const char* s) {
        size_t n = s ? strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") : 0;
        return n > 0 && n <= 96 && s[n] == 0 && *s != '.';
}

static int folder_make(int parent, const char* name) {
        if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* One that an earlier try left is begun anew. */
static int file_make(const char* app, const char* export, const char* file) {
        struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
        _cleanup_close_ int apps = open(APPS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int own = apps < 0 ? -errno : (int) syscall(SYS_openat2, apps, app, &how, sizeof(how));
        if (own < 0)
                return -errno;
        _cleanup_close_ int dumps = folder_make(own, "dumps");
        _cleanup_close_ int directory = dumps < 0 ? dumps : folder_make(dumps, export);
        if (directory < 0)
                return directory;
        if (unlinkat(directory, file, 0) < 0 && errno != ENOENT)
                return -errno;
        int fd = openat(directory, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : fd;
}

static int room_check(Dump* d) {
        struct statvfs v;
        if (d->bytes < d->looked + RESERVE_BYTES / 8 && d->bytes > 0)
                return 0;
        d->looked = d->bytes;
        if (fstatvfs(d->file, &v) < 0)
                return -errno;
        return (uint64_t) v.f_bavail * v.f_frsize < RESERVE_BYTES ? -ENOSPC : 0;
}

static int take(Dump* d, char* buffer) {
        ssize_t n = read(d->out, buffer, READ_BYTES);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                closep(&d->out);
                d->out = -EBADF;
                return 0;
        }
        int r = room_check(d);
        if (r >= 0)
                r = write_full(d->file, buffer, (size_t) n);
        d->bytes += (uint64_t) n;
        return r;
}

/* The end of what it says: that is where it says why. */
static void listen_to(Dump* d, char* buffer) {
        ssize_t n = read(d->err, buffer, READ_BYTES);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                closep(&d->err);
                d->err = -EBADF;
                return;
        }
        for (ssize_t i = 0; i < n; i++) {
                if (d->said_n == SAID_BYTES)
                        memmove(d->said, d->said + 1, --d->said_n);
                d->said[d->said_n++] = buffer[i] >= ' ' && buffer[i] < 127 ? buffer[i] : ' ';
        }
        d->said[d->said_n] = 0;
}

/* Waits until there is something to do about one of them. -ENOTCONN: the manager let go; -ETIME: it took too long. */
static int wait_for(const Dump* d, struct pollfd* fds, size_t n) {
        uint64_t now = now_usec(CLOCK_MONOTONIC), until = MIN(d->began_usec + WHOLE_USEC, d->heard_usec + SILENCE_USEC);
        if (now >= until)
                return -ETIME;
        int r = poll(fds, n, (int) ((until - now) / USEC_PER_MSEC) + 1);
        if (r < 0)
                return errno == EINTR ? 0 : -errno;
        return fds[0].revents ? -ENOTCONN : 0;
}

/* Until it has closed what it speaks through. */
static int follow(Dump* d) {
        _cleanup_free_ char* buffer = malloc(READ_BYTES);
        int r = buffer ? 0 : -ENOMEM;
        d->began_usec = d->heard_usec = now_usec(CLOCK_MONOTONIC);
        while (r >= 0 && (d->out >= 0 || d->err >= 0)) {
                struct pollfd fds[3] = { { .fd = STDIN_FILENO, .events = POLLRDHUP }, { .fd = d->out, .events = POLLIN }, { .fd = d->err, .events = POLLIN } };
                r = wait_for(d, fds, ELEMENTS(fds));
                if (r < 0)
                        return r;
                if (fds[1].revents || fds[2].revents)
                        d->heard_usec = now_usec(CLOCK_MONOTONIC);
                if (fds[1].revents)
                        r = take(d, buffer);
                if (fds[2].revents)
                        listen_to(d, buffer);
        }
        return r;
}

/* A command may have closed both and stay. */
static int end_wait(const Dump* d, pid_t pid, int* ret_status) {
        _cleanup_close_ int fd = (int) syscall(SYS_pidfd_open, pid, 0);
        if (fd < 0)
                return -errno;
        for (;;) {
                struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLRDHUP }, { .fd = fd, .events = POLLIN } };
                int r = wait_for(d, fds, ELEMENTS(fds));
                if (fds[1].revents)
                        return waitpid(pid, ret_status, 0) < 0 ? -errno : 0;
                if (r < 0)
                        return r;
        }
}

static int stopped(int r, Error* reterr) {
        if (r == -ENOSPC)
                return error_set(reterr, ERROR_STORAGE_FULL, "The dump does not fit onto the disk.");
        if (r == -ETIME)
                return error_set(reterr, ERROR_WRONG_STATE, "The command that dumps it did not end: it was silent for half an hour, or took more than six.");
        return error_errno(reterr, r, "Cannot write the dump");
}

static int run(const json_t* request, Dump* d, Error* reterr) {
        int out[2], err[2], status = 0;
        pid_t pid = 0;
        if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
                return error_errno(reterr, -errno, "Cannot run the dump");
        int r = inside_start(request, out[1], err[1], &pid, reterr);
        (void) close(out[1]), (void) close(err[1]);
        d->out = out[0], d->err = err[0];
        if (r < 0)
                return r;
        r = follow(d);
        if (r >= 0)
                r = end_wait(d, pid, &status);
        if (r < 0) {
                (void) kill(-pid, SIGKILL); /* its session; the unit ends with what is left */
                return stopped(r, reterr);
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return error_set(reterr, ERROR_WRONG_STATE, "The command that dumps it failed%s%s", d->said_n ? ": " : ".", d->said + strspn(d->said, " "));
        if (d->bytes == 0) /* no dump is empty: whoever restored from it would have lost everything */
                return error_set(reterr, ERROR_WRONG_STATE, "The command that dumps it said nothing%s%s", d->said_n ? ": " : ".", d->said + strspn(d->said, " "));
        return fsync(d->file) < 0 ? error_errno(reterr, -errno, "Cannot write the dump") : 0;
}

int inside_dump(const json_t* request, json_t** ret, Error* reterr) {
        const char *app = json_get_string(request, "app"), *export = json_get_string(request, "export"), *file = json_get_string(request, "file");
        Dump d = { .file = -EBADF, .out = -EBADF, .err = -EBADF };
        if (!id_valid(strempty(export)) || !file_valid(file))
                return error_set(reterr, ERROR_BAD_REQUEST, "This is not a place for a dump.");
        _cleanup_close_ int fd = file_make(app, export, file);
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot begin the dump");
        d.file = fd;
        int r = run(request, &d, reterr);
        closep(&d.out);
        closep(&d.err);
        if (r < 0) {
                (void) !ftruncate(fd, 0); /* the room at once; the file goes with the export */
                return r;
        }
        *ret = json_pack("{s:I}", "bytes", (json_int_t) d.bytes);
        return 0;
}
