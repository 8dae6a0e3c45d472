#include "base/file.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int file_read_open(int fd, size_t max, char** ret, size_t* ret_size) {
        size_t size = 0, room = 4096;
        _cleanup_free_ char* buffer = malloc(room + 1);
        if (!buffer)
                return -ENOMEM;
        for (;;) {
                if (size == room) {
                        if (room >= max + 1)
                                return -EFBIG;
                        room = MIN(room * 2, max + 1);
                        char* bigger = realloc(buffer, room + 1);
                        if (!bigger)
                                return -ENOMEM;
                        buffer = bigger;
                }
                ssize_t n = read(fd, buffer + size, room - size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
        }
        if (size > max)
                return -EFBIG;
        buffer[size] = 0;
        *ret = TAKE_PTR(buffer);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int file_read(int dir_fd, const char* path, size_t max, char** ret, size_t* ret_size) {
        _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? -errno : file_read_open(fd, max, ret, ret_size);
}

int write_full(int fd, const void* data, size_t size) {
        const char* p = data;
        while (size > 0) {
                ssize_t n = write(fd, p, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

static int directory_sync_of(int dir_fd, const char* path) {
        char parent[4096];
        const char* slash = strrchr(path, '/');
        size_t n = slash ? (size_t) (slash - path) : 0;
        if (n >= sizeof(parent))
                return -ENAMETOOLONG;
        memcpy(parent, path, n);
        parent[n] = 0;
        _cleanup_close_ int fd = openat(dir_fd, n ? parent : slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return fsync(fd) < 0 ? -errno : 0;
}

int file_write(int dir_fd, const char* path, const void* data, size_t size, mode_t mode) {
        _cleanup_free_ char* temporary = NULL;
        if (asprintf(&temporary, "%s.new", path) < 0)
                return -ENOMEM;

        _cleanup_close_ int fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        int r = fchmod(fd, mode) < 0 ? -errno : write_full(fd, data, size);
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (r >= 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(dir_fd, temporary, 0);
                return r;
        }
        return directory_sync_of(dir_fd, path);
}

int directory_make(const char* path, mode_t mode) {
        _cleanup_free_ char* copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        for (char* p = copy + 1;; p++) {
                if (*p && *p != '/')
                        continue;
                char end = *p;
                *p = 0;
                if (mkdir(copy, mode) < 0 && errno != EEXIST)
                        return -errno;
                if (!end)
                        return 0;
                *p = end;
        }
}
