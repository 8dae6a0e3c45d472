/* Copying a tree, and bringing an older copy up to date.
 *
 * A file is written in a directory of ours and renamed over its place, so what has its name is complete, and a hard link of an older copy is never
 * written through. What is there already is known by ctime, which no program can set: see since_nsec and data/place.h for what makes that safe. */
#include "data/tree-internal.h"
#include "base/time.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#define CHUNK_BYTES ((size_t) 8 * 1024 * 1024)
#define BUFFER_BYTES ((size_t) 256 * 1024)
#define LINKS_MAX 1000000       /* hard-linked files that are remembered; what is above becomes a file of its own */
#define NEW "new"               /* in the work directory: what is being written */

typedef struct Link {
        uint64_t device, inode;  /* 0 = free */
        uint32_t number;         /* its name in the work directory */
} Link;

typedef struct Copy {
        const TreeCopy* how;
        TreeCount count;
        uint64_t checked;        /* count.copied when free space was last looked at */
        Link* links;             /* open addressing; a power of two */
        size_t n_links, links_size;
        bool no_clone;           /* the file system cannot */
        bool late;               /* until_usec is over */
        char path[256];          /* of the name that failed; for the sentence */
        Error* reterr;
} Copy;

/* One directory and its copy. */
typedef struct Level {
        int from, to;
        unsigned depth;
        bool known;              /* the copy was made from this very directory, so what it has may be believed */
} Level;

/* --- hard links --- */

static Link* link_slot(Link* links, size_t size, uint64_t device, uint64_t inode) {
        size_t i = (size_t) ((inode * 0x9e3779b97f4a7c15u) ^ device) & (size - 1);
        while (links[i].inode != 0 && (links[i].inode != inode || links[i].device != device))
                i = (i + 1) & (size - 1);
        return &links[i];
}

static int links_grow(Copy* c) {
        if (c->n_links * 2 < c->links_size)
                return 0;
        size_t size = c->links_size ? c->links_size * 2 : 1024;
        Link* bigger = calloc(size, sizeof(Link));
        if (!bigger)
                return -ENOMEM;
        for (size_t i = 0; i < c->links_size; i++)
                if (c->links[i].inode != 0)
                        *link_slot(bigger, size, c->links[i].device, c->links[i].inode) = c->links[i];
        free(c->links);
        c->links = bigger;
        c->links_size = size;
        return 0;
}

static void link_name(uint32_t number, char ret[static 16]) {
        (void) snprintf(ret, 16, "%u", number);
}

/* The copy that has this name gets a second one in the work directory, for those that follow. */
static int link_remember(Copy* c, int at, const char* has, const struct stat* st) {
        char name[16];
        if (c->n_links >= LINKS_MAX)
                return 0;
        int r = links_grow(c);
        if (r < 0)
                return r;
        Link* l = link_slot(c->links, c->links_size, st->st_dev, st->st_ino);
        if (l->inode != 0)
                return 0;
        link_name((uint32_t) c->n_links, name);
        if (linkat(at, has, c->how->work_fd, name, 0) < 0)
                return errno == EMLINK ? 0 : -errno;
        *l = (Link) { st->st_dev, st->st_ino, (uint32_t) c->n_links++ };
        return 0;
}

/* 1 = NEW is a further link to the copy that was made before. */
static int link_again(Copy* c, const struct stat* st) {
        char name[16];
        if (c->links_size == 0)
                return 0;
        const Link* l = link_slot(c->links, c->links_size, st->st_dev, st->st_ino);
        if (l->inode == 0)
                return 0;
        link_name(l->number, name);
        if (linkat(c->how->work_fd, name, c->how->work_fd, NEW, 0) < 0)
                return errno == EMLINK ? 0 : -errno;
        return 1;
}

/* --- one file --- */

static int space_check(Copy* c) {
        struct statvfs v;
        if (c->count.copied - c->checked < CHUNK_BYTES * 4)
                return 0;
        c->checked = c->count.copied;
        if (fstatvfs(c->how->work_fd, &v) < 0)
                return -errno;
        return (uint64_t) v.f_bavail * v.f_frsize < c->how->reserve ? -ENOSPC : 0;
}

static int copied(Copy* c, uint64_t bytes) {
        c->count.copied += bytes;
        int r = space_check(c);
        return r < 0 ? r : tree_watch(&c->how->watch, &c->count);
}

/* By reading and writing, where the kernel will not copy by itself. */
static int range_copy_plain(Copy* c, int from, int to, off_t at, off_t end) {
        _cleanup_free_ char* buffer = malloc(BUFFER_BYTES);
        if (!buffer)
                return -ENOMEM;
        while (at < end) {
                ssize_t n = pread(from, buffer, MIN(BUFFER_BYTES, (size_t) (end - at)), at);
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                for (ssize_t done = 0; done < n;) {
                        ssize_t m = pwrite(to, buffer + done, (size_t) (n - done), at + done);
                        if (m < 0)
                                return -errno;
                        done += m;
                }
                at += n;
                int r = copied(c, (uint64_t) n);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int range_copy(Copy* c, int from, int to, off_t at, off_t end) {
        while (at < end) {
                off_t in = at, out = at;
                ssize_t n = copy_file_range(from, &in, to, &out, MIN(CHUNK_BYTES, (size_t) (end - at)), 0);
                if (n < 0 && (errno == EXDEV || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL))
                        return range_copy_plain(c, from, to, at, end);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return range_copy_plain(c, from, to, at, end); /* some file systems say so although there is more */
                at += n;
                int r = copied(c, (uint64_t) n);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Holes stay holes. size is that of the first look: a file that grows as fast as we read has an end. */
static int content_copy(Copy* c, int from, int to, off_t size) {
        off_t at = 0;
        while (at < size) {
                off_t data = lseek(from, at, SEEK_DATA);
                if (data < 0 && errno == ENXIO)
                        break;
                if (data < 0)
                        return -errno;
                off_t hole = lseek(from, data, SEEK_HOLE);
                if (hole < 0)
                        return -errno;
                int r = range_copy(c, from, to, data, MIN(hole, size));
                if (r < 0)
                        return r;
                at = hole;
        }
        return ftruncate(to, size) < 0 ? -errno : 0;
}

static int content_clone(Copy* c, int from, int to, const struct stat* st) {
        if (!c->no_clone && ioctl(to, FICLONE, from) >= 0) {
                c->count.shared += (uint64_t) st->st_blocks * 512;
                return 0;
        }
        if (!c->no_clone && (errno == EOPNOTSUPP || errno == ENOTTY || errno == EXDEV || errno == ENOSYS))
                c->no_clone = true;
        return content_copy(c, from, to, st->st_size);
}

static int64_t nsec(struct timespec t) {
        return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Whether the copy has this file as it is: nothing touched it since the copy was begun, and it was finished. */
static bool is_there(Copy* c, const Level* l, const char* name, const struct stat* st) {
        struct stat have;
        if (!l->known || nsec(st->st_ctim) >= c->how->since_nsec || fstatat(l->to, name, &have, AT_SYMLINK_NOFOLLOW) < 0)
                return false;
        return (have.st_mode & (S_IFMT | 07777)) == (st->st_mode & (S_IFMT | 07777)) && have.st_size == st->st_size &&
               nsec(have.st_mtim) == nsec(st->st_mtim) && have.st_uid == tree_id_shift(st->st_uid, c->how->from_base, c->how->to_base) &&
               have.st_gid == tree_id_shift(st->st_gid, c->how->from_base, c->how->to_base);
}

static int file_open(int from, const char* name) {
        int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        int fd = openat(from, name, flags | O_NOATIME);
        if (fd < 0 && errno == EPERM)
                fd = openat(from, name, flags);
        return fd < 0 ? -errno : fd;
}

/* NEW in the work directory becomes the copy of what is open as from. */
static int file_write_new(Copy* c, int from, const struct stat* st) {
        _cleanup_close_ int to = openat(c->how->work_fd, NEW, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (to < 0)
                return -errno;
        int r = content_clone(c, from, to, st);
        if (r >= 0)
                r = tree_meta_copy(from, to, c->how->from_base, c->how->to_base, /* fresh= */ true);
        if (r < 0 || st->st_nlink < 2)
                return r;
        return link_remember(c, c->how->work_fd, NEW, st);
}

/* Over whatever has the name. */
static int new_place(Copy* c, int to, const char* name) {
        if (renameat(c->how->work_fd, NEW, to, name) >= 0) {
                (void) unlinkat(c->how->work_fd, NEW, 0); /* rename(2) does nothing when both are the same file */
                return 0;
        }
        if (errno != EISDIR && errno != ENOTEMPTY && errno != EEXIST)
                return -errno;
        int r = tree_remove(to, name, &c->how->watch);
        if (r < 0)
                return r;
        return renameat(c->how->work_fd, NEW, to, name) < 0 ? -errno : 0;
}

static int changed(Copy* c) {
        return c->how->moving ? 0 : -EBUSY;
}

/* A file that is there already and has several names, some of which may be missing yet, or be of another copy: one copy has them all.
 * 1 = this name is of it, 0 = it must become so. */
static int link_is_there(Copy* c, const Level* l, const char* name, const struct stat* st) {
        char number[16];
        struct stat have, first;
        const Link* known = c->links_size == 0 ? NULL : link_slot(c->links, c->links_size, st->st_dev, st->st_ino);
        if (!known || known->inode == 0) {
                int r = link_remember(c, l->to, name, st);
                return r < 0 ? r : 1;
        }
        link_name(known->number, number);
        if (fstatat(l->to, name, &have, AT_SYMLINK_NOFOLLOW) < 0 || fstatat(c->how->work_fd, number, &first, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return have.st_ino == first.st_ino;
}

static int file_copy(Copy* c, const Level* l, const char* name, const struct stat* seen) {
        if (is_there(c, l, name, seen)) {
                int r = seen->st_nlink > 1 ? link_is_there(c, l, name, seen) : 1;
                if (r != 0)
                        return MIN(r, 0);
        }
        (void) unlinkat(c->how->work_fd, NEW, 0);
        if (seen->st_nlink > 1) {
                int r = link_again(c, seen);
                if (r != 0)
                        return r < 0 ? r : new_place(c, l->to, name);
        }
        struct stat st, after;
        _cleanup_close_ int fd = file_open(l->from, name);
        if (fd == -ENOENT || fd == -ELOOP || fd == -ENXIO)
                return changed(c);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_ino != seen->st_ino || st.st_dev != seen->st_dev)
                return changed(c);
        int r = file_write_new(c, fd, &st);
        if (r < 0)
                return r;
        if (fstat(fd, &after) < 0)
                return -errno;
        if (nsec(after.st_ctim) != nsec(st.st_ctim) && !c->how->moving)
                return -EBUSY;
        return new_place(c, l->to, name);
}

/* --- other kinds --- */

/* Of NEW, which is no file. */
static int new_meta(Copy* c, const struct stat* st) {
        const struct timespec times[] = { st->st_atim, st->st_mtim };
        if (fchownat(c->how->work_fd, NEW, tree_id_shift(st->st_uid, c->how->from_base, c->how->to_base),
                     tree_id_shift(st->st_gid, c->how->from_base, c->how->to_base), AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return utimensat(c->how->work_fd, NEW, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int link_copy(Copy* c, const Level* l, const char* name, const struct stat* st) {
        _cleanup_free_ char* target = malloc(PATH_MAX + 1);
        if (!target)
                return -ENOMEM;
        ssize_t n = readlinkat(l->from, name, target, PATH_MAX);
        if (n < 0)
                return errno == ENOENT || errno == EINVAL ? changed(c) : -errno;
        target[n] = 0;
        (void) unlinkat(c->how->work_fd, NEW, 0);
        if (symlinkat(target, c->how->work_fd, NEW) < 0)
                return -errno;
        int r = new_meta(c, st);
        return r < 0 ? r : new_place(c, l->to, name);
}

static int pipe_copy(Copy* c, const Level* l, const char* name, const struct stat* st) {
        (void) unlinkat(c->how->work_fd, NEW, 0);
        if (mkfifoat(c->how->work_fd, NEW, 0600) < 0)
                return -errno;
        if (fchmodat(c->how->work_fd, NEW, st->st_mode & 0777, 0) < 0) /* the work directory is ours: NEW is what we made */
                return -errno;
        int r = new_meta(c, st);
        return r < 0 ? r : new_place(c, l->to, name);
}

static int skip(Copy* c, int to, const char* name) {
        if (c->count.skipped++ == 0)
                tree_printable(name, c->count.example, sizeof(c->count.example));
        return tree_remove(to, name, &c->how->watch); /* of an older copy */
}

/* --- directories --- */

static int directory_copy(Copy* c, int from, int to, unsigned depth);

/* The copy's directory. */
static int directory_make_at(Copy* c, int to, const char* name) {
        for (unsigned i = 0; i < 2; i++) {
                if (mkdirat(to, name, 0700) < 0 && errno != EEXIST)
                        return -errno;
                int fd = tree_open(to, name);
                if (fd >= 0 || (fd != -ENOTDIR && fd != -ELOOP))
                        return fd;
                int r = tree_remove(to, name, &c->how->watch);
                if (r < 0)
                        return r;
        }
        return -ENOTDIR;
}

static int subdirectory_copy(Copy* c, const Level* l, const char* name) {
        if (l->depth >= TREE_DEPTH_MAX)
                return error_set(c->reterr, ERROR_WRONG_STATE, "Directories of its data lie in one another more than %d deep; that cannot be copied.", TREE_DEPTH_MAX);
        _cleanup_close_ int in = tree_open(l->from, name), out = -EBADF;
        if (in == -ENOENT || in == -ENOTDIR || in == -ELOOP)
                return changed(c);
        if (in < 0)
                return in;
        if ((out = directory_make_at(c, l->to, name)) < 0)
                return out;
        return directory_copy(c, in, out, l->depth + 1);
}

static int entry_copy(Copy* c, const Level* l, const char* name) {
        struct stat st;
        if (fstatat(l->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? changed(c) : -errno;
        c->count.files++;
        c->count.bytes += (uint64_t) st.st_blocks * 512;
        int r = tree_watch_names(&c->how->watch, &c->count);
        if (r < 0)
                return r;
        switch (st.st_mode & S_IFMT) {
        case S_IFREG:
                return file_copy(c, l, name, &st);
        case S_IFDIR:
                return subdirectory_copy(c, l, name);
        case S_IFLNK:
                return link_copy(c, l, name, &st);
        case S_IFIFO:
                return pipe_copy(c, l, name, &st);
        default:
                return skip(c, l->to, name);
        }
}

/* What the original has no more. */
static int extra_remove(Copy* c, int from, int to) {
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        struct stat st;
        int r = tree_names_init(&names, to);
        while (r >= 0 && (r = tree_names_next(&names, &name, NULL)) > 0)
                if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        r = errno == ENOENT ? tree_remove(to, name, &c->how->watch) : -errno;
        return r;
}

static bool is_without(const Copy* c, const Level* l, const char* name) {
        for (size_t i = 0; l->depth == 0 && c->how->without && c->how->without[i]; i++)
                if (streq(c->how->without[i], name))
                        return true;
        return false;
}

/* A top that stays empty, with its owner and mode. */
static int empty_copy(Copy* c, const Level* l, const char* name) {
        _cleanup_close_ int in = tree_open(l->from, name), out = -EBADF;
        if (in < 0)
                return in;
        if ((out = directory_make_at(c, l->to, name)) < 0)
                return out;
        return tree_meta_copy(in, out, c->how->from_base, c->how->to_base, /* fresh= */ false);
}

/* A directory that was moved brings files nobody touched: what a copy has is believed only where it was made from this very directory. */
static bool is_known(Copy* c, int from, int to) {
        struct stat st;
        uint64_t inode = 0;
        return c->how->since_nsec != 0 && fstat(from, &st) >= 0 && fgetxattr(to, TREE_MARK, &inode, sizeof(inode)) == sizeof(inode) &&
               inode == (uint64_t) st.st_ino;
}

static void mark(Copy* c, int from, int to) {
        struct stat st;
        if (!c->how->moving || fstat(from, &st) < 0)
                return;
        uint64_t inode = (uint64_t) st.st_ino;
        (void) fsetxattr(to, TREE_MARK, &inode, sizeof(inode), 0); /* without it the next pass copies more than it need */
}

static int directory_copy(Copy* c, int from, int to, unsigned depth) {
        _cleanup_(tree_names_done) TreeNames names = {};
        const Level l = { .from = from, .to = to, .depth = depth, .known = is_known(c, from, to) };
        const char* name;
        int r = tree_names_init(&names, from);
        while (r >= 0 && (r = tree_names_next(&names, &name, NULL)) > 0) {
                c->late = c->late || (c->how->until_usec != 0 && now_usec(CLOCK_MONOTONIC) >= c->how->until_usec);
                if (c->late)
                        return 0;
                r = is_without(c, &l, name) ? empty_copy(c, &l, name) : entry_copy(c, &l, name);
                if (r < 0 && !*c->path)
                        tree_printable(name, c->path, sizeof(c->path));
        }
        if (r >= 0)
                r = extra_remove(c, from, to);
        if (r >= 0)
                r = tree_meta_copy(from, to, c->how->from_base, c->how->to_base, /* fresh= */ false);
        if (r >= 0)
                mark(c, from, to);
        return r;
}

static int copy_error(Copy* c, int r) {
        switch (r) {
        case -EBUSY:
                return error_set(c->reterr, ERROR_WRONG_STATE, "'%s' changed while it was copied, although the app is stopped.", c->path);
        case -ECANCELED:
                return r;
        default:
                return error_errno(c->reterr, r, "Cannot copy '%s'", *c->path ? c->path : "data");
        }
}

int tree_copy(int from_fd, int to_fd, const TreeCopy* how, TreeCount* ret, Error* reterr) {
        Copy c = { .how = how, .reterr = reterr };
        int r = directory_copy(&c, from_fd, to_fd, 0);
        (void) unlinkat(how->work_fd, NEW, 0);
        free(c.links);
        if (r >= 0)
                *ret = c.count;
        return r < 0 ? copy_error(&c, r) : 0;
}
