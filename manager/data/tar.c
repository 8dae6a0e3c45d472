#include "data/tar.h"
#include "app-slots.h"
#include "base/file.h"
#include "base/time.h"
#include "data/tree-internal.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/xattr.h>

#define BLOCK 512
#define BUFFER_BYTES ((size_t) 256 * 1024)
#define PATH_BYTES_MAX 65536        /* of one name in the archive */
#define PAX_BYTES_MAX 262144        /* of one entry's records */
#define EXTENTS_MAX 65536           /* of one file with holes; more of them are written out as zeros */
#define LINKS_MAX 262144            /* files with several names that are remembered */

typedef struct Seen {
        uint64_t device, inode;     /* 0 = free */
        char* path;                 /* owned */
} Seen;

struct Tar {
        int fd;
        uint64_t size;
        char* buffer;               /* BUFFER_BYTES */
        char* pax;                  /* records of the next entry */
        size_t pax_size;
        Seen* seen;
        size_t n_seen, seen_size;
};

struct Header { /* ustar, pax(1) */
        char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linkname[100], magic[6], version[2], uname[32], gname[32],
                major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct Header) == BLOCK, "a header is one block");

typedef struct Entry {
        const char* path;
        const char* link;           /* "" */
        char type;
        mode_t mode;
        uint32_t uid, gid;
        uint64_t size;
        int64_t mtime;
} Entry;

typedef struct Extent {
        uint64_t at, size;
} Extent;

int tar_new(int fd, Tar** ret) {
        Tar* t = calloc(1, sizeof(Tar));
        if (!t)
                return -ENOMEM;
        *t = (Tar) { .fd = fd, .buffer = malloc(BUFFER_BYTES), .pax = malloc(PAX_BYTES_MAX) };
        if (!t->buffer || !t->pax) {
                (void) tar_free(t);
                return -ENOMEM;
        }
        *ret = t;
        return 0;
}

Tar* tar_free(Tar* t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->seen_size; i++)
                free(t->seen[i].path);
        free(t->seen);
        free(t->buffer);
        free(t->pax);
        free(t);
        return NULL;
}

/* --- blocks --- */

static int put(Tar* t, const void* data, size_t size) {
        int r = write_full(t->fd, data, size);
        if (r >= 0)
                t->size += size;
        return r;
}

static int pad(Tar* t) {
        static const char zeros[BLOCK];
        size_t over = (size_t) (t->size % BLOCK);
        return over ? put(t, zeros, BLOCK - over) : 0;
}

static void octal(char* field, size_t size, uint64_t value) {
        char text[32];
        (void) snprintf(text, sizeof(text), "%0*llo", (int) size - 1, (unsigned long long) value);
        memcpy(field, text + strlen(text) - (size - 1), size - 1);
}

/* One record: "length key=value\n", where the length counts itself. */
static int pax_add(Tar* t, const char* key, const void* value, size_t size) {
        size_t rest = 1 + strlen(key) + 1 + size + 1, length = rest + 1;
        char number[24];
        for (int i = 0; i < 3; i++) {
                (void) snprintf(number, sizeof(number), "%zu", length);
                length = rest + strlen(number);
        }
        if (t->pax_size + length > PAX_BYTES_MAX)
                return -E2BIG;
        char* p = t->pax + t->pax_size;
        int n = snprintf(p, length + 1 > PAX_BYTES_MAX - t->pax_size ? PAX_BYTES_MAX - t->pax_size : length + 1, "%s %s=", number, key);
        memcpy(p + n, value, size);
        p[(size_t) n + size] = '\n';
        t->pax_size += length;
        return 0;
}

static int pax_number(Tar* t, const char* key, uint64_t value) {
        char text[24];
        int n = snprintf(text, sizeof(text), "%llu", (unsigned long long) value);
        return pax_add(t, key, text, (size_t) n);
}

static int header_put(Tar* t, const Entry* e, char type, uint64_t size) {
        struct Header h = {};
        unsigned sum = 0;
        memcpy(h.name, e->path, strnlen(e->path, sizeof(h.name)));
        memcpy(h.linkname, e->link, strnlen(e->link, sizeof(h.linkname)));
        octal(h.mode, sizeof(h.mode), e->mode & 07777);
        octal(h.uid, sizeof(h.uid), e->uid);
        octal(h.gid, sizeof(h.gid), e->gid);
        octal(h.size, sizeof(h.size), size);
        octal(h.mtime, sizeof(h.mtime), e->mtime < 0 ? 0 : (uint64_t) e->mtime);
        h.type = type;
        memcpy(h.magic, "ustar", 6);
        memcpy(h.version, "00", 2);
        memset(h.checksum, ' ', sizeof(h.checksum));
        for (size_t i = 0; i < sizeof(h); i++)
                sum += ((const unsigned char*) &h)[i];
        octal(h.checksum, sizeof(h.checksum) - 1, sum);
        h.checksum[6] = 0;
        return put(t, &h, sizeof(h));
}

/* The records of what does not fit a header, then the header. */
static int entry_put(Tar* t, const Entry* e) {
        int r = 0;
        if (strlen(e->path) > 100)
                r = pax_add(t, "path", e->path, strlen(e->path));
        if (r >= 0 && strlen(e->link) > 100)
                r = pax_add(t, "linkpath", e->link, strlen(e->link));
        if (r >= 0 && e->size >> 33)
                r = pax_number(t, "size", e->size);
        if (r >= 0 && t->pax_size > 0) {
                r = header_put(t, &(Entry) { .path = "./PaxHeaders", .link = "", .mode = 0600 }, 'x', t->pax_size);
                if (r >= 0)
                        r = put(t, t->pax, t->pax_size);
                if (r >= 0)
                        r = pad(t);
        }
        t->pax_size = 0;
        return r < 0 ? r : header_put(t, e, e->type, e->size >> 33 ? 0 : e->size);
}

/* size bytes from at; a file that is shorter than it was is filled up. */
static int range_put(Tar* t, int fd, uint64_t at, uint64_t size, const TreeWatch* watch, TreeCount* count) {
        while (size > 0) {
                size_t want = (size_t) MIN(size, (uint64_t) BUFFER_BYTES);
                ssize_t n = pread(fd, t->buffer, want, (off_t) at);
                if (n < 0)
                        return -errno;
                if (n == 0) {
                        memset(t->buffer, 0, want);
                        n = (ssize_t) want;
                }
                int r = put(t, t->buffer, (size_t) n);
                if (r >= 0 && count) {
                        count->bytes += (uint64_t) n;
                        r = tree_watch(watch, count);
                }
                if (r < 0)
                        return r;
                at += (uint64_t) n;
                size -= (uint64_t) n;
        }
        return 0;
}

/* --- single files --- */

int tar_text(Tar* t, const char* name, const char* text, mode_t mode) {
        int r = entry_put(t, &(Entry) { .path = name, .link = "", .type = '0', .mode = mode, .size = strlen(text), .mtime = now_seconds() });
        if (r >= 0)
                r = put(t, text, strlen(text));
        return r < 0 ? r : pad(t);
}

int tar_file(Tar* t, const char* name, int fd, mode_t mode) {
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        int r = entry_put(t, &(Entry) { .path = name, .link = "", .type = '0', .mode = mode, .size = (uint64_t) st.st_size, .mtime = now_seconds() });
        if (r >= 0)
                r = range_put(t, fd, 0, (uint64_t) st.st_size, NULL, NULL);
        return r < 0 ? r : pad(t);
}

int tar_finish(Tar* t, uint64_t* ret_size) {
        static const char zeros[2 * BLOCK];
        int r = put(t, zeros, sizeof(zeros));
        if (r >= 0)
                *ret_size = t->size;
        return r;
}

/* --- names seen before --- */

static Seen* seen_slot(Seen* seen, size_t size, uint64_t device, uint64_t inode) {
        size_t i = (size_t) ((inode * 0x9e3779b97f4a7c15u) ^ device) & (size - 1);
        while (seen[i].inode != 0 && (seen[i].inode != inode || seen[i].device != device))
                i = (i + 1) & (size - 1);
        return &seen[i];
}

static int seen_grow(Tar* t) {
        if (t->n_seen * 2 < t->seen_size)
                return 0;
        size_t size = t->seen_size ? t->seen_size * 2 : 256;
        Seen* bigger = calloc(size, sizeof(Seen));
        if (!bigger)
                return -ENOMEM;
        for (size_t i = 0; i < t->seen_size; i++)
                if (t->seen[i].inode != 0)
                        *seen_slot(bigger, size, t->seen[i].device, t->seen[i].inode) = t->seen[i];
        free(t->seen);
        t->seen = bigger;
        t->seen_size = size;
        return 0;
}

/* The name under which it is in the archive already; NULL: it is remembered now. */
static const char* seen_before(Tar* t, const struct stat* st, const char* path) {
        if (st->st_nlink < 2 || t->n_seen >= LINKS_MAX || seen_grow(t) < 0)
                return NULL;
        Seen* s = seen_slot(t->seen, t->seen_size, st->st_dev, st->st_ino);
        if (s->inode != 0)
                return s->path;
        char* copy = strdup(path);
        if (copy) {
                *s = (Seen) { st->st_dev, st->st_ino, copy };
                t->n_seen++;
        }
        return NULL;
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

static Entry entry_of(const Walk* w, const struct stat* st, char type) {
        return (Entry) {
                .path = w->path, .link = "", .type = type, .mode = st->st_mode, .uid = inside(w, st->st_uid), .gid = inside(w, st->st_gid), .mtime = st->st_mtim.tv_sec,
        };
}

static int attributes_add(Walk* w, int fd) {
        char list[4096], key[320];
        ssize_t size = flistxattr(fd, list, sizeof(list));
        int r = 0;
        for (ssize_t at = 0; at < size && r >= 0; at += (ssize_t) strlen(list + at) + 1) {
                if (!startswith(list + at, "user.") || streq(list + at, TREE_MARK))
                        continue;
                ssize_t n = fgetxattr(fd, list + at, w->t->buffer, BUFFER_BYTES);
                (void) snprintf(key, sizeof(key), "SCHILY.xattr.%s", list + at);
                if (n >= 0)
                        r = pax_add(w->t, key, w->t->buffer, (size_t) n);
        }
        if (r == -E2BIG) { /* more than an archive should carry: the file matters more */
                w->t->pax_size = 0;
                r = 0;
        }
        return r;
}

/* The parts that hold data; 0 of them = no holes, or too many parts. */
static size_t extents_of(int fd, const struct stat* st, Extent** ret) {
        _cleanup_free_ Extent* list = NULL;
        size_t n = 0;
        if ((uint64_t) st->st_blocks * 512 >= (uint64_t) st->st_size || !(list = calloc(EXTENTS_MAX, sizeof(Extent))))
                return 0;
        for (off_t at = 0; at < st->st_size && n + 1 < EXTENTS_MAX;) {
                off_t data = lseek(fd, at, SEEK_DATA);
                if (data < 0)
                        break;
                off_t hole = lseek(fd, data, SEEK_HOLE);
                if (hole < 0)
                        return 0;
                hole = MIN(hole, st->st_size);
                list[n++] = (Extent) { (uint64_t) data, (uint64_t) (hole - data) };
                at = hole;
        }
        if (n + 1 >= EXTENTS_MAX)
                return 0;
        if (n == 0 || list[n - 1].at + list[n - 1].size < (uint64_t) st->st_size)
                list[n++] = (Extent) { (uint64_t) st->st_size, 0 };
        *ret = TAKE_PTR(list);
        return n;
}

/* GNU's format 1.0 for files with holes: a map of decimal numbers, padded to blocks, then the parts. */
static int sparse_put(Walk* w, int fd, const struct stat* st, const Extent* extents, size_t n) {
        char* map = NULL;
        size_t map_size = 0;
        uint64_t data = 0;
        FILE* f = open_memstream(&map, &map_size);
        if (!f)
                return -ENOMEM;
        fprintf(f, "%zu\n", n);
        for (size_t i = 0; i < n; i++) {
                fprintf(f, "%llu\n%llu\n", (unsigned long long) extents[i].at, (unsigned long long) extents[i].size);
                data += extents[i].size;
        }
        while (ftell(f) % BLOCK != 0)
                (void) fputc(0, f);
        _cleanup_free_ char* owned = fclose(f) == 0 ? map : NULL;
        if (!owned)
                return -ENOMEM;
        Entry e = entry_of(w, st, '0');
        e.size = map_size + data;
        e.path = "./GNUSparseFile.0";
        int r = pax_add(w->t, "GNU.sparse.major", "1", 1);
        if (r >= 0)
                r = pax_add(w->t, "GNU.sparse.minor", "0", 1);
        if (r >= 0)
                r = pax_add(w->t, "GNU.sparse.name", w->path, strlen(w->path));
        if (r >= 0)
                r = pax_number(w->t, "GNU.sparse.realsize", (uint64_t) st->st_size);
        if (r >= 0)
                r = entry_put(w->t, &e);
        if (r >= 0)
                r = put(w->t, map, map_size);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = range_put(w->t, fd, extents[i].at, extents[i].size, w->watch, w->count);
        return r < 0 ? r : pad(w->t);
}

static int regular_put(Walk* w, int parent, const char* name) {
        struct stat st;
        _cleanup_free_ Extent* extents = NULL;
        _cleanup_close_ int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        const char* before = seen_before(w->t, &st, w->path);
        Entry e = entry_of(w, &st, before ? '1' : '0');
        if (before) {
                e.link = before;
                return entry_put(w->t, &e);
        }
        int r = attributes_add(w, fd);
        size_t n = r < 0 ? 0 : extents_of(fd, &st, &extents);
        if (r < 0 || n > 0)
                return r < 0 ? r : sparse_put(w, fd, &st, extents, n);
        e.size = (uint64_t) st.st_size;
        r = entry_put(w->t, &e);
        if (r >= 0)
                r = range_put(w->t, fd, 0, e.size, w->watch, w->count);
        return r < 0 ? r : pad(w->t);
}

static int link_put(Walk* w, int parent, const char* name, const struct stat* st) {
        char target[PATH_MAX + 1];
        ssize_t n = readlinkat(parent, name, target, PATH_MAX);
        if (n < 0)
                return -errno;
        target[n] = 0;
        Entry e = entry_of(w, st, '2');
        e.link = target;
        return entry_put(w->t, &e);
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
                return entry_put(w->t, &(Entry) { .path = w->path, .link = "", .type = '6', .mode = st.st_mode, .uid = inside(w, st.st_uid), .gid = inside(w, st.st_gid), .mtime = st.st_mtim.tv_sec });
        case S_IFDIR: {
                if (depth >= TREE_DEPTH_MAX)
                        return -ELOOP;
                _cleanup_close_ int fd = tree_open(parent, name);
                return fd < 0 ? fd : directory_put(w, fd, depth + 1);
        }
        default:
                w->count->skipped++;
                return 0;
        }
}

static int directory_put(Walk* w, int fd, unsigned depth) {
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        struct stat st;
        size_t length = strlen(w->path);
        if (fstat(fd, &st) < 0)
                return -errno;
        if (length + 2 > sizeof(w->path))
                return -ENAMETOOLONG;
        (void) strcpy(w->path + length, "/");
        Entry e = entry_of(w, &st, '5');
        int r = attributes_add(w, fd);
        if (r >= 0)
                r = entry_put(w->t, &e);
        if (r >= 0)
                r = tree_names_init(&names, fd);
        while (r >= 0 && (r = tree_names_next(&names, &name, NULL)) > 0) {
                if (length + 1 + strlen(name) >= sizeof(w->path))
                        return -ENAMETOOLONG;
                (void) strcpy(w->path + length + 1, name);
                r = one_put(w, fd, name, depth);
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
