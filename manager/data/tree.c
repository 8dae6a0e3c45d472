/* Walking, measuring and removing; what the copy shares with them. */
#include "data/tree-internal.h"
#include "base/secret.h"
#include "base/time.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define REMOVE_DEPTH 64 /* deeper directories are moved up first: no tree is too deep to go */
#define MEASURE_OPEN 256 /* directories that are open at a time: the first half of them, and the last that were come into */
#define MEASURE_FIRST (MEASURE_OPEN / 2)
#define MEASURE_DEPTH_MAX 1000000
#define WATCH_EVERY 256 /* names */
#define WATCH_USEC USEC_PER_SEC

struct Dirent64 { /* getdents64(2) */
        uint64_t inode;
        int64_t offset;
        uint16_t length;
        uint8_t type;
        char name[];
};

int tree_names_init(TreeNames* n, int fd) {
        *n = (TreeNames) { .fd = fd, .buffer = malloc(TREE_NAMES_BYTES) };
        if (!n->buffer)
                return -ENOMEM;
        return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

void tree_names_done(TreeNames* n) {
        free(TAKE_PTR(n->buffer));
}

int tree_names_next(TreeNames* n, const char** ret, unsigned char* ret_type) {
        for (;;) {
                if (n->at >= n->size) {
                        long size = syscall(SYS_getdents64, n->fd, n->buffer, TREE_NAMES_BYTES);
                        if (size <= 0)
                                return size < 0 ? -errno : 0;
                        n->size = (size_t) size;
                        n->at = 0;
                }
                const struct Dirent64* d = (const struct Dirent64*) (void*) (n->buffer + n->at);
                n->at += d->length;
                n->offset = d->offset;
                if (streq(d->name, ".") || streq(d->name, ".."))
                        continue;
                *ret = d->name;
                if (ret_type)
                        *ret_type = d->type;
                return 1;
        }
}

int tree_open(int parent, const char* name) {
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME);
        if (fd < 0 && errno == EPERM) /* O_NOATIME wants the owner or CAP_FOWNER */
                fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

void tree_printable(const char* name, char* ret, size_t size) {
        size_t i = 0;
        for (; name[i] && i + 1 < size; i++)
                ret[i] = name[i] >= ' ' && name[i] < 127 ? name[i] : '?';
        ret[i] = 0;
}

int tree_watch(const TreeWatch* watch, const TreeCount* count) {
        return watch && watch->go_on && !watch->go_on(count, watch->userdata) ? -ECANCELED : 0;
}

/* A few names may take long: a large file goes slowly on a busy disk. */
int tree_watch_names(const TreeWatch* watch, TreeCount* count) {
        uint64_t now = watch && watch->go_on ? now_usec(CLOCK_MONOTONIC) : 0;
        if (count->asked_usec == 0)
                count->asked_usec = now;
        if (count->files % WATCH_EVERY != 0 && now - count->asked_usec < WATCH_USEC)
                return 0;
        count->asked_usec = now;
        return tree_watch(watch, count);
}

/* --- measuring --- */

/* A directory on the way down. Of a deep one the first and the last are open; one between is found again by "..", and is the one it was. */
typedef struct Level {
        TreeNames names;         /* names.fd is owned, -EBADF while it is closed */
        dev_t device;
        ino_t inode;
        int64_t offset;          /* where it goes on, while it is closed */
} Level;

typedef struct Measure {
        const TreeWatch* watch;
        Level* levels;
        size_t n, room;
        TreeCount count;
} Measure;

static void level_close(Level* l) {
        l->offset = l->names.offset;
        tree_names_done(&l->names);
        if (l->names.fd >= 0)
                (void) close(l->names.fd);
        l->names.fd = -EBADF;
}

static void measure_done(Measure* m) {
        while (m->n > 0)
                level_close(&m->levels[--m->n]);
        free(TAKE_PTR(m->levels));
}

/* Down into fd, which is taken in any case. -ELOOP: too deep. */
static int level_enter(Measure* m, int fd) {
        _cleanup_close_ int own = fd;
        struct stat st;
        if (m->n >= MEASURE_DEPTH_MAX)
                return -ELOOP;
        if (m->n == m->room) {
                size_t room = MAX(m->room * 2, (size_t) 64);
                Level* more = reallocarray(m->levels, room, sizeof(Level));
                if (!more)
                        return -ENOMEM;
                m->levels = more;
                m->room = room;
        }
        if (fstat(own, &st) < 0)
                return -errno;
        Level* l = &m->levels[m->n];
        *l = (Level) { .device = st.st_dev, .inode = st.st_ino };
        int r = tree_names_init(&l->names, own);
        if (r < 0) {
                tree_names_done(&l->names);
                return r;
        }
        TAKE_FD(own);
        if (m->n >= MEASURE_OPEN)
                level_close(&m->levels[m->n - MEASURE_OPEN + MEASURE_FIRST]);
        m->n++;
        return 0;
}

/* Up from the last one. -ESTALE: it lies somewhere else by now, and nobody knows the way to those it was in. */
static int level_up(Measure* m) {
        Level *below = &m->levels[m->n - 1], *l = below - 1;
        int r = 0;
        if (m->n > 1 && l->names.fd < 0) {
                struct stat st;
                int64_t offset = l->offset;
                _cleanup_close_ int fd = tree_open(below->names.fd, "..");
                if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != l->device || st.st_ino != l->inode)
                        return -ESTALE;
                r = tree_names_init(&l->names, fd);
                if (r >= 0 && lseek(fd, offset, SEEK_SET) < 0)
                        r = -errno;
                TAKE_FD(fd); /* the level's */
                l->names.offset = offset;
        }
        level_close(below);
        m->n--;
        return r;
}

/* What lies in those that are not found again stays uncounted: nobody gets around being measured by moving directories. */
static int level_leave(Measure* m) {
        int r = level_up(m);
        if (r != -ESTALE)
                return r;
        do
                level_close(&m->levels[--m->n]);
        while (m->levels[m->n - 1].names.fd < 0); /* the first are always open */
        return 0;
}

static int measure_name(Measure* m, const char* name) {
        int fd = m->levels[m->n - 1].names.fd;
        struct stat st;
        m->count.files++;
        int r = tree_watch_names(m->watch, &m->count);
        if (r < 0 || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return r; /* gone meanwhile */
        m->count.bytes += (uint64_t) st.st_blocks * 512 / (S_ISDIR(st.st_mode) || st.st_nlink < 1 ? 1 : st.st_nlink);
        if (!S_ISDIR(st.st_mode))
                return 0;
        int child = tree_open(fd, name);
        r = child >= 0 ? level_enter(m, child) : 0;
        return r == -ELOOP ? 0 : r;
}

int tree_measure(int fd, const TreeWatch* watch, TreeCount* ret) {
        _cleanup_(measure_done) Measure m = { .watch = watch };
        int top = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        int r = top < 0 ? -errno : level_enter(&m, top);
        while (r >= 0 && m.n > 0) {
                const char* name;
                r = tree_names_next(&m.levels[m.n - 1].names, &name, NULL);
                if (r > 0)
                        r = measure_name(&m, name);
                else if (r == 0 || r == -ENOENT) /* its end, or gone meanwhile */
                        r = level_leave(&m);
        }
        if (r >= 0)
                *ret = m.count;
        return r;
}

/* --- removing --- */

typedef struct Removal {
        const TreeWatch* watch;
        int top;         /* the directory that goes */
        uint64_t mount;  /* that it is on */
        TreeCount count;
} Removal;

/* To the top under a name of its own, where the next round finds it. */
static int move_up(Removal* v, int parent, const char* name) {
        char up[40];
        uint64_t number;
        random_bytes(&number, sizeof(number));
        (void) snprintf(up, sizeof(up), ".deep-%016llx", (unsigned long long) number);
        return renameat(parent, name, v->top, up) < 0 ? -errno : 0;
}

/* statx(2): STATX_MNT_ID, Linux 5.8. */
static int mount_of(int fd, uint64_t* ret) {
        struct statx st;
        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
                return -errno;
        *ret = st.stx_mnt_id;
        return st.stx_mask & STATX_MNT_ID ? 0 : -EOPNOTSUPP;
}

/* What somebody mounted there is no part of what goes: -EXDEV. */
static int open_to_remove(const Removal* v, int parent, const char* name) {
        uint64_t mount;
        _cleanup_close_ int fd = tree_open(parent, name);
        int r = fd < 0 ? fd : mount_of(fd, &mount);
        return r < 0 ? r : mount != v->mount ? -EXDEV : TAKE_FD(fd);
}

static int remove_content(Removal* v, int fd, unsigned depth);

static int remove_entry(Removal* v, int parent, const char* name, unsigned depth) {
        v->count.files++;
        int r = tree_watch_names(v->watch, &v->count);
        if (r < 0)
                return r;
        if (unlinkat(parent, name, 0) >= 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        if (depth >= REMOVE_DEPTH)
                return move_up(v, parent, name);
        _cleanup_close_ int fd = open_to_remove(v, parent, name);
        if (fd < 0)
                return fd;
        r = remove_content(v, fd, depth + 1);
        if (r < 0)
                return r;
        return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Some file systems skip names when others vanish under a listing: again until a listing is empty. */
static int remove_content(Removal* v, int fd, unsigned depth) {
        for (bool some = true; some;) {
                _cleanup_(tree_names_done) TreeNames names = {};
                const char* name;
                int r = tree_names_init(&names, fd);
                some = false;
                while (r >= 0 && (r = tree_names_next(&names, &name, NULL)) > 0) {
                        some = true;
                        r = remove_entry(v, fd, name, depth);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

int tree_remove(int parent_fd, const char* name, const TreeWatch* watch) {
        if (unlinkat(parent_fd, name, 0) >= 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        Removal v = { .watch = watch };
        int r = mount_of(parent_fd, &v.mount);
        if (r < 0)
                return r;
        _cleanup_close_ int top = v.top = open_to_remove(&v, parent_fd, name);
        r = top < 0 ? top : remove_content(&v, top, 0);
        if (r < 0)
                return r;
        return unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}
