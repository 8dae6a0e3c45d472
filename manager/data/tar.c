#include "data/tar.h"
#include "app-slots.h"
#include "base/file.h"
#include "base/time.h"
#include "data/tree-internal.h"
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/xattr.h>

#define BUFFER_BYTES ((size_t) 256 * 1024)
#define PATH_BYTES_MAX 65536        /* of one name in the archive */
#define EXTENTS_MAX 65536           /* of one file with holes; more of them are written out as zeros */
#define ATTRIBUTES_BYTES_MAX 262144 /* of one file */

struct Tar {
        struct archive* archive;
        struct archive_entry_linkresolver* links; /* files with several names: the second is a link to the first */
        char *buffer, *zeros;                     /* BUFFER_BYTES each */
        TarPut put;
        void* userdata;
        int fd;                                   /* where it goes to a file */
        bool ended;
};

Tar* tar_free(Tar* t) {
        if (!t)
                return NULL;
        if (t->links)
                archive_entry_linkresolver_free(t->links);
        t->ended = true; /* what was not finished gets no end, or it would look whole, and none of the zeros in place of the rest of a file */
        if (t->archive) {
                /* libarchive 3.6 frees what it opened only when closed, and does not close by itself what failed in a header. */
                (void) archive_write_close(t->archive);
                (void) archive_write_free(t->archive);
        }
        free(t->buffer);
        free(t->zeros);
        free(t);
        return NULL;
}

/* What went wrong, as a negative errno. A name that is no UTF-8 is only a warning: it is kept as bytes. */
static int failed(Tar* t, int r) {
        if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
                return 0;
        int code = archive_errno(t->archive);
        return code > 0 ? -code : -EIO;
}

static la_ssize_t on_block(struct archive* a, void* userdata, const void* bytes, size_t size) {
        Tar* t = userdata;
        int r = t->ended ? -ECANCELED : t->put(bytes, size, t->userdata);
        if (r < 0)
                archive_set_error(a, -r, "nobody takes it");
        return r < 0 ? -1 : (la_ssize_t) size;
}

static int to_file(const void* bytes, size_t size, void* userdata) {
        return write_full(((const Tar*) userdata)->fd, bytes, size);
}

static int open_put(Tar* t, int fd, TarPut put, void* userdata) {
        t->fd = fd;
        t->put = put ?: to_file;
        t->userdata = put ? userdata : t;
        int r = failed(t, archive_write_set_bytes_per_block(t->archive, TAR_BLOCK));
        return r < 0 ? r : failed(t, archive_write_open(t->archive, t, NULL, on_block, NULL));
}

static int new(int fd, TarPut put, void* userdata, Tar** ret) {
        _cleanup_(tar_freep) Tar* t = calloc(1, sizeof(Tar));
        if (!t || !(t->buffer = malloc(BUFFER_BYTES)) || !(t->zeros = calloc(1, BUFFER_BYTES)) ||
            !(t->archive = archive_write_new()) || !(t->links = archive_entry_linkresolver_new()))
                return -ENOMEM;
        int r = failed(t, archive_write_set_format_pax_restricted(t->archive));
        if (r >= 0)
                r = failed(t, archive_write_set_options(t->archive, "pax:xattrheader=SCHILY"));
        if (r >= 0)
                r = failed(t, archive_write_set_bytes_in_last_block(t->archive, 1));
        if (r >= 0)
                r = open_put(t, fd, put, userdata);
        if (r < 0)
                return r;
        archive_entry_linkresolver_set_strategy(t->links, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED);
        *ret = TAKE_PTR(t);
        return 0;
}

int tar_new(int fd, Tar** ret) {
        return new(fd, NULL, NULL, ret);
}

int tar_new_to(TarPut put, void* userdata, Tar** ret) {
        return new(-EBADF, put, userdata, ret);
}

int tar_finish(Tar* t, uint64_t* ret_size) {
        int r = failed(t, archive_write_close(t->archive));
        if (r >= 0)
                *ret_size = (uint64_t) archive_filter_bytes(t->archive, -1);
        return r;
}

static int put(Tar* t, const void* data, size_t size) {
        const char* p = data;
        while (size > 0) {
                la_ssize_t n = archive_write_data(t->archive, p, size);
                if (n <= 0)
                        return n < 0 ? failed(t, (int) n) ?: -EIO : -EIO;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

/* How much of a hole begins at `at`; 0 = data. */
static uint64_t hole_at(int fd, uint64_t at, uint64_t size) {
        off_t data = lseek(fd, (off_t) at, SEEK_DATA);
        if (data < 0)
                return errno == ENXIO ? size : 0;
        return MIN((uint64_t) data - at, size);
}

/* The library wants holes' bytes too, and drops them where the entry says so; a file that is shorter than it was is filled up. */
static int content_put(Tar* t, int fd, uint64_t size, const TreeWatch* watch, TreeCount* count) {
        for (uint64_t at = 0, hole = 0; at < size;) {
                int r = 0;
                if (hole == 0)
                        hole = hole_at(fd, at, size - at);
                size_t want = (size_t) MIN(hole > 0 ? hole : size - at, (uint64_t) BUFFER_BYTES);
                ssize_t n = hole > 0 ? 0 : pread(fd, t->buffer, want, (off_t) at);
                if (n < 0)
                        return -errno;
                if (n == 0) {
                        r = put(t, t->zeros, want);
                        n = (ssize_t) want;
                        hole -= hole > 0 ? want : 0;
                } else
                        r = put(t, t->buffer, (size_t) n);
                if (r >= 0 && count) {
                        count->bytes += (uint64_t) n;
                        r = tree_watch(watch, count);
                }
                if (r < 0)
                        return r;
                at += (uint64_t) n;
        }
        return 0;
}

/* --- single files --- */

static struct archive_entry* entry_free(struct archive_entry* e) {
        archive_entry_free(e);
        return NULL;
}
DEFINE_CLEANUP(struct archive_entry*, entry_free);

/* A file of root's, of now; NULL: no memory. */
static struct archive_entry* plain_entry(const char* name, mode_t mode, uint64_t size) {
        struct archive_entry* e = archive_entry_new();
        if (!e)
                return NULL;
        archive_entry_copy_pathname(e, name);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, mode);
        archive_entry_set_size(e, (int64_t) size);
        archive_entry_set_mtime(e, now_seconds(), 0);
        return e;
}

int tar_text(Tar* t, const char* name, const char* text, mode_t mode) {
        _cleanup_(entry_freep) struct archive_entry* e = plain_entry(name, mode, strlen(text));
        if (!e)
                return -ENOMEM;
        int r = failed(t, archive_write_header(t->archive, e));
        return r < 0 ? r : put(t, text, strlen(text));
}

int tar_file(Tar* t, const char* name, int fd, mode_t mode) {
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        _cleanup_(entry_freep) struct archive_entry* e = plain_entry(name, mode, (uint64_t) st.st_size);
        if (!e)
                return -ENOMEM;
        int r = failed(t, archive_write_header(t->archive, e));
        return r < 0 ? r : content_put(t, fd, (uint64_t) st.st_size, NULL, NULL);
}

/* --- trees --- */

typedef struct Walk {
        Tar* t;
        uint32_t base;
        const TreeWatch* watch;
        TreeCount* count;
        char path[PATH_BYTES_MAX];
} Walk;

static uint32_t inside(const Walk* w, uint32_t id) {
        return id >= w->base && id - w->base < APP_UIDS ? id - w->base : 0;
}

static struct archive_entry* entry_of(const Walk* w, const struct stat* st) {
        struct archive_entry* e = archive_entry_new();
        if (!e)
                return NULL;
        archive_entry_copy_stat(e, st);
        archive_entry_copy_pathname(e, w->path);
        archive_entry_set_uid(e, inside(w, st->st_uid));
        archive_entry_set_gid(e, inside(w, st->st_gid));
        archive_entry_unset_atime(e);
        archive_entry_unset_ctime(e);
        if (!S_ISREG(st->st_mode))
                archive_entry_set_size(e, 0);
        return e;
}

/* user.* only; more of them than an archive should carry are left out: the file matters more. */
static void attributes_add(Walk* w, int fd, struct archive_entry* e) {
        char list[4096];
        size_t total = 0;
        ssize_t size = flistxattr(fd, list, sizeof(list));
        for (ssize_t at = 0; at < size; at += (ssize_t) strlen(list + at) + 1) {
                if (!startswith(list + at, "user.") || streq(list + at, TREE_MARK))
                        continue;
                ssize_t n = fgetxattr(fd, list + at, w->t->buffer, BUFFER_BYTES);
                if (n < 0 || (total += (size_t) n) > ATTRIBUTES_BYTES_MAX)
                        continue;
                archive_entry_xattr_add_entry(e, list + at, w->t->buffer, (size_t) n);
        }
}

/* Says which parts hold data, where the file has holes and not too many of them. */
static void extents_add(int fd, const struct stat* st, struct archive_entry* e) {
        unsigned n = 0;
        if ((uint64_t) st->st_blocks * 512 >= (uint64_t) st->st_size)
                return;
        for (off_t at = 0; at < st->st_size;) {
                off_t data = lseek(fd, at, SEEK_DATA), hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
                if (data < 0 && errno == ENXIO) /* a hole to the end */
                        break;
                if (hole < 0 || ++n > EXTENTS_MAX) {
                        archive_entry_sparse_clear(e);
                        return;
                }
                hole = MIN(hole, st->st_size);
                archive_entry_sparse_add_entry(e, data, hole - data);
                at = hole;
        }
        if (n == 0) /* nothing but a hole */
                archive_entry_sparse_add_entry(e, st->st_size, 0);
}

static int regular_put(Walk* w, int parent, const char* name) {
        struct stat st;
        _cleanup_close_ int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode)) /* changed hands meanwhile */
                return 0;
        struct archive_entry *e = entry_of(w, &st), *later = NULL;
        if (!e)
                return -ENOMEM;
        attributes_add(w, fd, e);
        extents_add(fd, &st, e);
        archive_entry_linkify(w->t->links, &e, &later); /* of this format `later` is always NULL */
        int r = failed(w->t, archive_write_header(w->t->archive, e));
        bool link = archive_entry_hardlink(e) != NULL;
        archive_entry_free(e);
        return r < 0 || link ? r : content_put(w->t, fd, (uint64_t) st.st_size, w->watch, w->count);
}

static int link_put(Walk* w, int parent, const char* name, const struct stat* st) {
        char target[PATH_MAX + 1];
        ssize_t n = readlinkat(parent, name, target, PATH_MAX);
        if (n < 0)
                return -errno;
        target[n] = 0;
        _cleanup_(entry_freep) struct archive_entry* e = entry_of(w, st);
        if (!e)
                return -ENOMEM;
        archive_entry_copy_symlink(e, target);
        return failed(w->t, archive_write_header(w->t->archive, e));
}

static int pipe_put(Walk* w, const struct stat* st) {
        _cleanup_(entry_freep) struct archive_entry* e = entry_of(w, st);
        return e ? failed(w->t, archive_write_header(w->t->archive, e)) : -ENOMEM;
}

static int directory_put(Walk* w, int fd, unsigned depth);

static int one_put(Walk* w, int parent, const char* name, unsigned depth) {
        struct stat st;
        if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        w->count->files++;
        int r = tree_watch_names(w->watch, w->count);
        if (r < 0)
                return r;
        switch (st.st_mode & S_IFMT) {
        case S_IFREG:
                return regular_put(w, parent, name);
        case S_IFLNK:
                return link_put(w, parent, name, &st);
        case S_IFIFO:
                return pipe_put(w, &st);
        case S_IFDIR: {
                if (depth >= TREE_DEPTH_MAX)
                        return -ENAMETOOLONG;
                _cleanup_close_ int fd = tree_open(parent, name);
                return fd < 0 ? fd : directory_put(w, fd, depth + 1);
        }
        default:
                w->count->skipped++;
                return 0;
        }
}

/* Another name stands there, or none, since the listing. */
static bool was_moved(const Walk* w, int r) {
        return w->watch && w->watch->moving && (r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -ENXIO);
}

static int directory_header_put(Walk* w, int fd) {
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        _cleanup_(entry_freep) struct archive_entry* e = entry_of(w, &st);
        if (!e)
                return -ENOMEM;
        attributes_add(w, fd, e);
        return failed(w->t, archive_write_header(w->t->archive, e));
}

static int directory_put(Walk* w, int fd, unsigned depth) {
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        size_t length = strlen(w->path);
        if (length + 2 > sizeof(w->path))
                return -ENAMETOOLONG;
        (void) strcpy(w->path + length, "/");
        int r = directory_header_put(w, fd);
        if (r >= 0)
                r = tree_names_init(&names, fd);
        while (r >= 0 && (r = tree_names_next(&names, &name, NULL)) > 0) {
                if (length + 1 + strlen(name) >= sizeof(w->path))
                        return -ENAMETOOLONG;
                (void) strcpy(w->path + length + 1, name);
                r = one_put(w, fd, name, depth);
                if (was_moved(w, r)) {
                        w->count->skipped++;
                        r = 0;
                }
        }
        w->path[length] = 0;
        return r;
}

int tar_tree(Tar* t, const char* name, int fd, uint32_t base, const TreeWatch* watch, TreeCount* count) {
        Walk* w = calloc(1, sizeof(Walk)); /* its path is too long for a stack */
        if (!w)
                return -ENOMEM;
        w->t = t;
        w->base = base;
        w->watch = watch;
        w->count = count;
        (void) snprintf(w->path, sizeof(w->path), "%s", name);
        int r = directory_put(w, fd, 0);
        free(w);
        return r;
}
