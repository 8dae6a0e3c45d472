#include "run/volume.h"
#include "app-slots.h"
#include "base/file.h"
#include "data/tree.h"
#include "run/bundle.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

DEFINE_CLEANUP(DIR*, closedir);

static bool is_dot(const char* name) {
        return streq(name, ".") || streq(name, "..");
}

static bool is_empty(int fd) {
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(closedirp) DIR* d = copy >= 0 ? fdopendir(copy) : NULL;
        for (struct dirent* e; d && (e = readdir(d));)
                if (!is_dot(e->d_name))
                        return false;
        return d != NULL;
}

static int clear(int fd) {
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        _cleanup_(closedirp) DIR* d = copy >= 0 ? fdopendir(copy) : NULL;
        for (struct dirent* e; d && r >= 0 && (e = readdir(d));)
                if (!is_dot(e->d_name))
                        r = tree_remove(fd, e->d_name, NULL);
        return d ? r : -errno;
}

/* Hard links, attributes and holes come along; devices and sockets do not. */
static int copy(const AppRecord* a, int from, int to, int work, Error* reterr) {
        uint32_t base = APP_UID_BASE + a->slot * APP_UIDS;
        TreeCount count = {};
        struct stat st;
        int r = tree_copy(from, to, &(TreeCopy) { .from_base = base, .to_base = base, .work_fd = work }, &count, reterr);
        if (r >= 0 && fstat(from, &st) < 0)
                r = -errno;
        if (r < 0)
                return r;
        bool ours = st.st_uid >= base && st.st_uid - base < APP_UIDS && st.st_gid >= base && st.st_gid - base < APP_UIDS;
        if (fchown(to, ours ? st.st_uid : base, ours ? st.st_gid : base) < 0 || fchmod(to, st.st_mode & 01777) < 0)
                return -errno;
        return 0;
}

static int fill(const AppRecord* a, const AppContainerRecord* c, const AppMount* m, int to, int work, Error* reterr) {
        uid_t base = APP_UID_BASE + a->slot * APP_UIDS;
        struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
        _cleanup_close_ int root = open(VIEW_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int from = root < 0 ? -EBADF : (int) syscall(SYS_openat2, root, m->path, &how, sizeof(how));
        if (from >= 0)
                return copy(a, from, to, work, reterr);
        /* the image has nothing there: it is the container's user's */
        return fchown(to, base + c->uid, base + c->gid) < 0 ? -errno : 0;
}

/* While the work directory is there, the data is not filled yet: so it is known after a kill. */
static int fill_once(const AppRecord* a, const AppContainerRecord* c, const AppMount* m, int scratch, int to, Error* reterr) {
        char name[48];
        (void) snprintf(name, sizeof(name), ".fill-%s", m->data);
        bool begun = faccessat(scratch, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        if (!begun && !is_empty(to))
                return 0;
        int r = begun ? clear(to) : 0;
        if (r >= 0)
                r = tree_remove(scratch, name, NULL);
        if (r >= 0 && mkdirat(scratch, name, 0700) < 0)
                r = -errno;
        _cleanup_close_ int work = r < 0 ? -EBADF : tree_open(scratch, name);
        if (r >= 0)
                r = work < 0 ? work : fill(a, c, m, to, work, reterr);
        return r < 0 ? r : tree_remove(scratch, name, NULL);
}

int volume_fill(const AppRecord* a, const AppContainerRecord* c, const AppMount* m, Error* reterr) {
        char path[160];
        if (m->read_only)
                return 0;
        (void) snprintf(path, sizeof(path), APPS_DIRECTORY "/%s/data", a->id);
        _cleanup_close_ int data = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        _cleanup_close_ int to = data < 0 ? -EBADF : tree_open(data, m->data);
        (void) snprintf(path, sizeof(path), APPS_DIRECTORY "/%s/scratch", a->id);
        int r = directory_make(path, 0750);
        _cleanup_close_ int scratch = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (r >= 0 && (to < 0 || scratch < 0 || flock(data, LOCK_EX) < 0)) /* containers of an app may share data and start at once */
                r = -errno;
        if (r >= 0)
                r = fill_once(a, c, m, scratch, to, reterr);
        if (r < 0 && !error_is_set(reterr))
                return error_errno(reterr, r, "Cannot prepare the data %s", m->data);
        return r < 0 ? error_context(reterr, "What the image has at %s cannot be put into the new data %s", m->path, m->data) : 0;
}
