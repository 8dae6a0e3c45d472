#include "image/lower.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { ABSENT, HIDDEN, FOUND };

static bool is_opaque(int fd) {
        char value[8];
        return fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) > 0;
}

/* The last part of a path: *ret is open where it is a file. */
static int file_open(int directory, const char* name, const struct stat* st, int* ret) {
        if (S_ISCHR(st->st_mode) && st->st_rdev == 0)
                return HIDDEN;
        if (!S_ISREG(st->st_mode))
                return -EPERM;
        *ret = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
        return *ret < 0 ? -errno : FOUND;
}

/* One layer. A name at a time, none of them a link: nothing leads out. path is relative and has no "..". */
static int look(int layer, const char* path, int* ret) {
        _cleanup_close_ int directory = openat(layer, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char name[NAME_MAX + 1];
        bool opaque = false;
        for (const char* p = path; directory >= 0;) {
                size_t n = strcspn(p, "/");
                struct stat st;
                if (n == 0 || n > NAME_MAX)
                        return -EINVAL;
                (void) snprintf(name, sizeof(name), "%.*s", (int) n, p);
                opaque = opaque || is_opaque(directory);
                if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return errno != ENOENT ? -errno : opaque ? HIDDEN : ABSENT;
                if (!p[n])
                        return file_open(directory, name, &st, ret);
                if (!S_ISDIR(st.st_mode))
                        return S_ISLNK(st.st_mode) ? -ELOOP : HIDDEN;
                int next = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                int why = -errno;
                closep(&directory);
                directory = next < 0 ? why : next;
                p += n + 1;
        }
        return directory;
}

int lower_find(int own, const int* lowers, size_t n, const char* path, int* ret) {
        int r = look(own, path, ret);
        for (size_t i = 0; i < n && r == ABSENT; i++)
                r = look(lowers[i], path, ret);
        return r < 0 ? r : r == FOUND;
}
