#include "run/output.h"
#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

/* Everybody in the container may write, whoever its programs become; nobody else gets at it, as the directory is root's. */
static int pipe_make(int directory_fd, const char* name, uid_t uid, gid_t gid, int* ret) {
        if (mkfifoat(directory_fd, name, 0600) < 0)
                return -errno;
        _cleanup_close_ int fd = openat(directory_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, 0666) < 0)
                return -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

/* What a start that was killed left, before its pipe had its name. A unit is started by one process at a time, so none of that name is in use. */
static void hidden_forget(int directory_fd, const char* app, const char* name) {
        char begin[OUTPUT_NAME_BYTES + 4];
        int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* d = fd >= 0 ? fdopendir(fd) : NULL;
        if (!d) {
                closep(&fd);
                return;
        }
        (void) snprintf(begin, sizeof(begin), ".%s-%s.", app, name);
        for (struct dirent* e; (e = readdir(d));)
                if (startswith(e->d_name, begin))
                        (void) unlinkat(directory_fd, e->d_name, 0);
        (void) closedir(d);
}

int output_open(const char* app, const char* name, uid_t uid, gid_t gid, int* ret, Error* reterr) {
        _cleanup_close_ int directory_fd = open(OUTPUT_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), fd = -EBADF;
        char file[OUTPUT_NAME_BYTES + 32], hidden[OUTPUT_NAME_BYTES + 33];
        uint64_t number;
        if (directory_fd < 0)
                return error_errno(reterr, -errno, "Cannot open " OUTPUT_DIRECTORY);
        hidden_forget(directory_fd, app, name);
        if (getrandom(&number, sizeof(number), 0) != sizeof(number))
                return error_errno(reterr, -errno, "Cannot name a pipe");
        (void) snprintf(file, sizeof(file), "%s-%s.%016llx", app, name, (unsigned long long) number);
        (void) snprintf(hidden, sizeof(hidden), ".%s", file);
        int r = pipe_make(directory_fd, hidden, uid, gid, &fd);
        if (r >= 0 && renameat(directory_fd, hidden, directory_fd, file) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(directory_fd, hidden, 0);
                return error_errno(reterr, r, "Cannot make a pipe for what %s of app %s says", name, app);
        }
        *ret = TAKE_FD(fd);
        return 0;
}
