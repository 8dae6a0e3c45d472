#include "run/volume.h"
#include "app-slots.h"
#include "run/bundle.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DEPTH_MAX 64
#define ENTRIES_MAX 1000000u

DEFINE_CLEANUP(DIR*, closedir);

static int directory_copy(int from, int to, unsigned depth, unsigned* left);

static int owner_copy(int fd, const struct stat* st) {
        if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0)
                return -errno;
        return 0;
}

static int file_copy(int from, int to, const char* name, const struct stat* st) {
        _cleanup_close_ int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        _cleanup_close_ int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (in < 0 || out < 0)
                return -errno;
        for (off_t left = st->st_size; left > 0;) {
                ssize_t n = sendfile(out, in, NULL, (size_t) MIN(left, (off_t) 1 << 30));
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                left -= n;
        }
        return owner_copy(out, st);
}

static int link_copy(int from, int to, const char* name, const struct stat* st) {
        char target[4096];
        ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = 0;
        if (symlinkat(target, to, name) < 0 || fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return 0;
}

static int subdirectory_copy(int from, int to, const char* name, const struct stat* st, unsigned depth, unsigned* left) {
        if (depth >= DEPTH_MAX)
                return -ELOOP;
        if (mkdirat(to, name, 0700) < 0)
                return -errno;
        _cleanup_close_ int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_close_ int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (in < 0 || out < 0)
                return -errno;
        int r = directory_copy(in, out, depth + 1, left);
        return r < 0 ? r : owner_copy(out, st);
}

static int entry_copy(int from, int to, const char* name, unsigned depth, unsigned* left) {
        struct stat st;
        if (*left == 0)
                return -EOVERFLOW;
        --*left;
        if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return subdirectory_copy(from, to, name, &st, depth, left);
        if (S_ISREG(st.st_mode))
                return file_copy(from, to, name, &st);
        if (S_ISLNK(st.st_mode))
                return link_copy(from, to, name, &st);
        return 0; /* sockets, pipes, devices: nothing that an image can mean */
}

static int directory_copy(int from, int to, unsigned depth, unsigned* left) {
        int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(closedirp) DIR* d = fd >= 0 ? fdopendir(fd) : NULL;
        if (!d)
                return -errno;
        for (struct dirent* e; (e = readdir(d));) {
                if (streq(e->d_name, ".") || streq(e->d_name, ".."))
                        continue;
                int r = entry_copy(from, to, e->d_name, depth, left);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool is_empty(int fd) {
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(closedirp) DIR* d = copy >= 0 ? fdopendir(copy) : NULL;
        for (struct dirent* e; d && (e = readdir(d));)
                if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
                        return false;
        return d != NULL;
}

static int fill(const AppRecord* a, const AppContainerRecord* c, const AppMount* m, int to) {
        uid_t base = APP_UID_BASE + a->slot * APP_UIDS;
        struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
        _cleanup_close_ int root = open(VIEW_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
        unsigned left = ENTRIES_MAX;
        struct stat st;
        if (root < 0)
                return -errno;
        _cleanup_close_ int from = (int) syscall(SYS_openat2, root, m->path, &how, sizeof(how));
        if (from < 0) /* the image has nothing there: it is the container's user's */
                return fchown(to, base + c->uid, base + c->gid) < 0 ? -errno : 0;
        int r = directory_copy(from, to, 0, &left);
        if (r >= 0 && fstat(from, &st) < 0)
                r = -errno;
        return r < 0 ? r : owner_copy(to, &st);
}

int volume_fill(const AppRecord* a, const AppContainerRecord* c, const AppMount* m, Error* reterr) {
        char path[128];
        (void) snprintf(path, sizeof(path), VIEW_DATA "/%s", m->data);
        _cleanup_close_ int to = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (to < 0)
                return error_errno(reterr, -errno, "Cannot open the app's data %s", m->data);
        if (m->read_only || !is_empty(to))
                return 0;
        int r = fill(a, c, m, to);
        return r < 0 ? error_errno(reterr, r, "Cannot put what the image has at %s into the new data %s", m->path, m->data) : 0;
}
