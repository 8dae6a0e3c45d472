#include "image/unpack.h"
#include "image/lower.h"
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define ENTRIES_MAX 1000000
#define LINKS_BELOW_MAX 10000                  /* each is looked for in every layer below, name by name */
#define BYTES_MAX (UINT64_C(64) << 30)
#define RATIO_MAX 300                          /* gzip reaches 1030, zstd more; real layers 20 */
#define RATIO_FREE_BYTES (UINT64_C(64) << 20)  /* so much is never called a bomb */
#define LOOK_BYTES (UINT64_C(32) << 20)        /* between two looks at the disk */
#define LOOK_ENTRIES 4096
#define DEPTH_MAX 100                          /* of directories that are open at a time while a tree is removed */
#define DEEP ".deep-%u"
#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

typedef struct Stamp { /* a directory's time is set when nothing more comes into it */
        char* path;
        struct timespec time;
} Stamp;

typedef struct Unpack {
        struct archive* archive;
        int root;
        const UnpackLimits* limits;
        Unpacked done;
        uint32_t links_below;
        uint64_t looked_bytes, looked_entries;
        char parent[PATH_MAX];  /* whose descriptor is kept: entries come in order */
        int parent_fd;          /* -EBADF = none */
        Stamp* stamps;
        size_t stamps_n, stamps_room;
} Unpack;

static void unpack_done(Unpack* u) {
        if (u->archive)
                (void) archive_read_free(u->archive);
        closep(&u->parent_fd);
        for (size_t i = 0; i < u->stamps_n; i++)
                free(u->stamps[i].path);
        free(u->stamps);
}

/* --- saying no --- */

static int refuse(const char* path, const char* why, Error* reterr) {
        char shown[120];
        (void) snprintf(shown, sizeof(shown), "%s", path);
        for (char* p = shown; *p; p++)
                if ((unsigned char) *p < 0x20 || (unsigned char) *p >= 0x7f)
                        *p = '?';
        return error_set(reterr, ERROR_BAD_IMAGE, "A layer is refused because of '%s': %s.", shown, why);
}

/* The kernel's word about one path. */
static int failed(const char* path, int r, Error* reterr) {
        switch (-r) {
        case ENOSPC:
        case EDQUOT:
                return error_set(reterr, ERROR_STORAGE_FULL, "The disk is full; the image was not kept.");
        case ENAMETOOLONG:
                return refuse(path, "its name is too long", reterr);
        case ENOTDIR:
        case ELOOP:
                return refuse(path, "what should be its directory is something else", reterr);
        case ENOENT:
                return refuse(path, "its directory is a link to something that is not in its layer", reterr);
        case EXDEV:
                return refuse(path, "it leads out of the image", reterr);
        case EINVAL:
                return refuse(path, "its owner is not among the 65,536 users an app has", reterr);
        default:
                return error_errno(reterr, r, "Cannot unpack '%.100s'", path);
        }
}

/* --- paths --- */

/* Without leading slashes and dots; "" is the root itself. -EXDEV for "..". */
static int normalise(const char* path, char ret[static PATH_MAX]) {
        size_t size = 0;
        for (const char* p = path; *p;) {
                p += strspn(p, "/");
                size_t n = strcspn(p, "/");
                if (n == 2 && startswith(p, ".."))
                        return -EXDEV;
                if (n > 255 || size + n + 2 > PATH_MAX)
                        return -ENAMETOOLONG;
                if (n > 0 && !(n == 1 && *p == '.')) {
                        if (size > 0)
                                ret[size++] = '/';
                        memcpy(ret + size, p, n);
                        size += n;
                }
                p += n;
        }
        ret[size] = 0;
        return 0;
}

static int open_below(int root, const char* path, uint64_t flags) {
        struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
        int fd = (int) syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
        return fd < 0 ? -errno : fd;
}

/* Makes what is missing, step by step, as the layer below would have it or else root's. */
static int directories_make(int root, const char* path) {
        char part[PATH_MAX];
        _cleanup_close_ int fd = open_below(root, "", O_PATH | O_DIRECTORY);
        for (const char* p = path; fd >= 0 && *p;) {
                size_t n = strcspn(p, "/");
                (void) snprintf(part, sizeof(part), "%.*s", (int) n, p);
                if (mkdirat(fd, part, 0755) < 0 && errno != EEXIST)
                        return -errno;
                (void) snprintf(part, sizeof(part), "%.*s", (int) (p + n - path), path);
                closep(&fd);
                fd = open_below(root, part, O_PATH | O_DIRECTORY);
                p += n + (p[n] == '/');
        }
        return fd < 0 ? fd : 0;
}

/* The directory that path stands in, *ret_leaf the rest; the descriptor stays ours. */
static int parent_of(Unpack* u, const char* path, const char** ret_leaf) {
        const char* slash = strrchr(path, '/');
        char parent[PATH_MAX];
        (void) snprintf(parent, sizeof(parent), "%.*s", slash ? (int) (slash - path) : 0, path);
        *ret_leaf = slash ? slash + 1 : path;
        if (u->parent_fd >= 0 && streq(parent, u->parent))
                return u->parent_fd;
        closep(&u->parent_fd);
        u->parent_fd = open_below(u->root, parent, O_PATH | O_DIRECTORY);
        if (u->parent_fd == -ENOENT) {
                int r = directories_make(u->root, parent);
                u->parent_fd = r < 0 ? r : open_below(u->root, parent, O_PATH | O_DIRECTORY);
        }
        (void) snprintf(u->parent, sizeof(u->parent), "%s", parent);
        return u->parent_fd;
}

/* What is too deep is moved up to base, to be removed from there. */
static int move_up(int base, int parent, const char* name) {
        char deep[32];
        for (unsigned i = 0; i < UINT16_MAX; i++) {
                (void) snprintf(deep, sizeof(deep), DEEP, i);
                if (renameat2(parent, name, base, deep, RENAME_NOREPLACE) == 0)
                        return 0;
                if (errno != EEXIST)
                        return -errno;
        }
        return -ELOOP;
}

static int remove_below(int base, int parent, const char* name, unsigned depth) {
        if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM) /* EPERM: POSIX's word for a directory */
                return -errno;
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
                return 0;
        if (depth > DEPTH_MAX)
                return move_up(base, parent, name);
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR* directory = fd < 0 ? NULL : fdopendir(fd);
        int r = directory ? 0 : -errno;
        if (!directory && fd >= 0)
                (void) close(fd);
        for (struct dirent* e; r >= 0 && directory && (e = readdir(directory));)
                if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
                        r = remove_below(base, fd, e->d_name, depth + 1);
        if (directory)
                (void) closedir(directory);
        if (r < 0)
                return r;
        return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_tree(int base, int parent, const char* name) {
        char deep[32];
        int r = remove_below(base, parent, name, 0);
        for (unsigned i = 0; r >= 0; i++) {
                (void) snprintf(deep, sizeof(deep), DEEP, i);
                if (faccessat(base, deep, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                        break;
                r = remove_below(base, base, deep, 0);
        }
        return r;
}

int unpack_remove(int parent_fd, const char* name) {
        return remove_tree(parent_fd, parent_fd, name);
}

/* An earlier entry of the same name gives way. */
static int make_room(Unpack* u, const char* leaf) {
        return remove_tree(u->root, u->parent_fd, leaf);
}

/* --- what belongs to every kind --- */

static int own(int parent, const char* leaf, struct archive_entry* e) {
        int64_t uid = archive_entry_uid(e), gid = archive_entry_gid(e);
        if (uid < 0 || uid > 65535 || gid < 0 || gid > 65535)
                return -EINVAL;
        if (uid == 0 && gid == 0)
                return 0; /* as whoever unpacks */
        return fchownat(parent, leaf, (uid_t) uid, (gid_t) gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static struct timespec time_of(struct archive_entry* e) {
        return (struct timespec) { .tv_sec = archive_entry_mtime(e), .tv_nsec = archive_entry_mtime_nsec(e) };
}

static void stamp_now(int parent, const char* leaf, struct timespec t) {
        const struct timespec times[2] = { t, t };
        (void) utimensat(parent, leaf, times, AT_SYMLINK_NOFOLLOW); /* a time the file system cannot hold is no harm */
}

static int stamp_later(Unpack* u, const char* path, struct timespec t) {
        if (u->stamps_n == u->stamps_room) {
                size_t room = MAX(u->stamps_room * 2, (size_t) 256);
                Stamp* more = reallocarray(u->stamps, room, sizeof(Stamp));
                if (!more)
                        return -ENOMEM;
                u->stamps = more;
                u->stamps_room = room;
        }
        u->stamps[u->stamps_n] = (Stamp) { .path = strdup(path), .time = t };
        return u->stamps[u->stamps_n++].path ? 0 : -ENOMEM;
}

static void stamps_set(Unpack* u) {
        for (size_t i = u->stamps_n; i-- > 0;) {
                const struct timespec times[2] = { u->stamps[i].time, u->stamps[i].time };
                _cleanup_close_ int fd = open_below(u->root, u->stamps[i].path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
                if (fd >= 0)
                        (void) futimens(fd, times);
        }
}

/* Of extended attributes only the image's own words: what overlayfs believes must not come from it, and no privilege does. */
static int attributes(int fd, struct archive_entry* e) {
        const char* name;
        const void* value;
        size_t size;
        (void) archive_entry_xattr_reset(e);
        while (archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK)
                if (startswith(strempty(name), "user.") && !startswith(name, "user.overlay.") &&
                    fsetxattr(fd, name, value, size, 0) < 0 && (errno == ENOSPC || errno == EDQUOT))
                        return -errno;
        return 0;
}

/* --- limits --- */

static int disk_look(Unpack* u, Error* reterr) {
        struct statvfs s;
        if (u->done.bytes - u->looked_bytes < LOOK_BYTES && u->done.entries - u->looked_entries < LOOK_ENTRIES)
                return 0;
        u->looked_bytes = u->done.bytes;
        u->looked_entries = u->done.entries;
        if (fstatvfs(u->root, &s) < 0)
                return error_errno(reterr, -errno, "Cannot look how much space is left");
        if ((uint64_t) s.f_bavail * s.f_frsize < u->limits->reserve_bytes || (s.f_files > 0 && s.f_favail < LOOK_ENTRIES))
                return error_set(reterr, ERROR_STORAGE_FULL, "The disk would be too full; the image was not kept.");
        return 0;
}

static int count(Unpack* u, uint64_t bytes, Error* reterr) {
        u->done.bytes += bytes;
        if (u->done.entries > (u->limits->entries_max ?: ENTRIES_MAX))
                return error_set(reterr, ERROR_BAD_IMAGE, "A layer is refused: it has more than %llu files.",
                                 (unsigned long long) (u->limits->entries_max ?: ENTRIES_MAX));
        if (u->done.bytes > (u->limits->bytes_max ?: BYTES_MAX))
                return error_set(reterr, ERROR_BAD_IMAGE, "A layer is refused: it unpacks to more than %llu MB.",
                                 (unsigned long long) ((u->limits->bytes_max ?: BYTES_MAX) / 1000000));
        if (u->limits->packed_bytes > 0 && u->done.bytes > RATIO_FREE_BYTES && u->done.bytes / RATIO_MAX > u->limits->packed_bytes)
                return error_set(reterr, ERROR_BAD_IMAGE, "A layer is refused: it unpacks to more than %d times its size.", RATIO_MAX);
        return disk_look(u, reterr);
}

/* --- the kinds of entries --- */

static int directory_add(Unpack* u, const char* path, struct archive_entry* e) {
        const char* leaf;
        int parent = parent_of(u, path, &leaf), r;
        if (parent < 0)
                return parent;
        if (*leaf && mkdirat(parent, leaf, 0700) < 0) {
                _cleanup_close_ int there = errno == EEXIST ? openat(parent, leaf, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -errno;
                if (there < 0) {
                        r = errno == ENOTDIR || errno == ELOOP ? make_room(u, leaf) : -errno;
                        if (r < 0 || mkdirat(parent, leaf, 0700) < 0)
                                return r < 0 ? r : -errno;
                }
        }
        _cleanup_close_ int fd = openat(parent, *leaf ? leaf : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = own(fd, ".", e);
        if (r < 0)
                return r;
        if (fchmod(fd, archive_entry_perm(e)) < 0)
                return -errno;
        r = attributes(fd, e);
        return r < 0 ? r : stamp_later(u, path, time_of(e));
}

static int write_at(int fd, const uint8_t* data, size_t size, int64_t offset) {
        while (size > 0) {
                ssize_t n = pwrite(fd, data, size, offset);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t) n;
                offset += n;
        }
        return 0;
}

static int damaged(Unpack* u, Error* reterr) {
        return error_set(reterr, ERROR_BAD_IMAGE, "A layer is damaged: %.200s.", archive_error_string(u->archive) ?: "the archive ends too early");
}

/* 0, or an error that has its sentence already. */
static int data_write(Unpack* u, int fd, const char* path, struct archive_entry* e, Error* reterr) {
        const void* data;
        size_t size;
        int64_t offset, end = 0;
        for (;;) {
                int got = archive_read_data_block(u->archive, &data, &size, &offset);
                if (got == ARCHIVE_EOF)
                        break;
                if (got < ARCHIVE_WARN)
                        return damaged(u, reterr);
                int r = count(u, size, reterr);
                if (r < 0)
                        return r;
                r = write_at(fd, data, size, offset);
                if (r < 0)
                        return failed(path, r, reterr);
                end = offset + (int64_t) size;
        }
        if (end != archive_entry_size(e) && ftruncate(fd, archive_entry_size(e)) < 0) /* a hole at the end */
                return failed(path, -errno, reterr);
        return 0;
}

static int file_add(Unpack* u, const char* path, struct archive_entry* e, Error* reterr) {
        const char* leaf;
        const struct timespec times[2] = { time_of(e), time_of(e) };
        int parent = parent_of(u, path, &leaf), r;
        if (parent < 0)
                return failed(path, parent, reterr);
        _cleanup_close_ int fd = openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && errno == EEXIST) {
                r = make_room(u, leaf);
                if (r < 0)
                        return failed(path, r, reterr);
                fd = openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        }
        if (fd < 0)
                return failed(path, -errno, reterr);
        r = data_write(u, fd, path, e, reterr);
        if (r < 0)
                return r;
        r = own(parent, leaf, e);
        if (r >= 0)
                r = attributes(fd, e);
        if (r >= 0 && fchmod(fd, archive_entry_perm(e)) < 0) /* after the owner, whose change takes setuid away */
                r = -errno;
        (void) futimens(fd, times);
        return r < 0 ? failed(path, r, reterr) : 0;
}

static int symlink_add(Unpack* u, const char* path, struct archive_entry* e) {
        const char *leaf, *target = strempty(archive_entry_symlink(e));
        int parent = parent_of(u, path, &leaf), r;
        if (parent < 0)
                return parent;
        if (symlinkat(target, parent, leaf) < 0) {
                r = errno == EEXIST ? make_room(u, leaf) : -errno;
                if (r < 0 || symlinkat(target, parent, leaf) < 0)
                        return r < 0 ? r : -errno;
        }
        r = own(parent, leaf, e);
        stamp_now(parent, leaf, time_of(e));
        return r;
}

static int fifo_add(Unpack* u, const char* path, struct archive_entry* e) {
        const char* leaf;
        int parent = parent_of(u, path, &leaf), r;
        if (parent < 0)
                return parent;
        r = make_room(u, leaf);
        if (r < 0 || mkfifoat(parent, leaf, archive_entry_perm(e) & 0777) < 0)
                return r < 0 ? r : -errno;
        return own(parent, leaf, e);
}

#define COPY_BYTES (256 * 1024)

/* 0, or an error that has its sentence already. */
static int copy_data(Unpack* u, int from, int to, const char* path, Error* reterr) {
        _cleanup_free_ uint8_t* buffer = malloc(COPY_BYTES);
        if (!buffer)
                return failed(path, -ENOMEM, reterr);
        for (int64_t at = 0;;) {
                ssize_t n = pread(from, buffer, COPY_BYTES, at);
                if (n <= 0)
                        return n < 0 ? failed(path, -errno, reterr) : 0;
                int r = count(u, (uint64_t) n, reterr);
                if (r < 0)
                        return r;
                r = write_at(to, buffer, (size_t) n, at);
                if (r < 0)
                        return failed(path, r, reterr);
                at += n;
        }
}

static int copy_attributes(int from, int to) {
        char names[4096], value[4096];
        ssize_t size = flistxattr(from, names, sizeof(names));
        for (const char* p = names; size > 0 && p < names + size; p += strlen(p) + 1) {
                ssize_t n = startswith(p, "user.") && !startswith(p, "user.overlay.") ? fgetxattr(from, p, value, sizeof(value)) : -1;
                if (n >= 0 && fsetxattr(to, p, value, (size_t) n, 0) < 0 && (errno == ENOSPC || errno == EDQUOT))
                        return -errno;
        }
        return 0;
}

static int copy_add(Unpack* u, const char* path, int from, Error* reterr) {
        const char* leaf;
        struct stat st;
        int parent = parent_of(u, path, &leaf);
        int r = parent < 0 ? parent : make_room(u, leaf);
        if (r >= 0 && fstat(from, &st) < 0)
                r = -errno;
        _cleanup_close_ int to = r < 0 ? r : openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (to < 0)
                return failed(path, r < 0 ? r : -errno, reterr);
        r = copy_data(u, from, to, path, reterr);
        if (r < 0)
                return r;
        r = fchown(to, st.st_uid, st.st_gid) < 0 ? -errno : copy_attributes(from, to);
        if (r >= 0 && fchmod(to, st.st_mode & 07777) < 0)
                r = -errno;
        (void) futimens(to, (const struct timespec[]) { st.st_mtim, st.st_mtim });
        return r < 0 ? failed(path, r, reterr) : 0;
}

/* A link to what is not in this layer. */
static int link_below(Unpack* u, const char* path, const char* target, Error* reterr) {
        _cleanup_close_ int from = -EBADF;
        if (++u->links_below > LINKS_BELOW_MAX)
                return error_set(reterr, ERROR_BAD_IMAGE, "A layer is refused: it has more than %d links into those below it.", LINKS_BELOW_MAX);
        if (!u->limits->has_lowers) {
                u->done.wants_lowers = true;
                return 0;
        }
        int r = lower_find(u->root, u->limits->lowers, u->limits->lowers_n, target, &from);
        if (r == 0)
                return refuse(path, "it is a link to a file that is not in the image", reterr);
        if (r == -ELOOP)
                return refuse(path, "it is a link by way of another link", reterr);
        if (r == -EPERM)
                return refuse(path, "it is a link to something that is no file", reterr);
        return r < 0 ? failed(path, r, reterr) : copy_add(u, path, from, reterr);
}

static int link_add(Unpack* u, const char* path, struct archive_entry* e, Error* reterr) {
        char target[PATH_MAX], directory[PATH_MAX];
        const char* leaf;
        int r = normalise(strempty(archive_entry_hardlink(e)), target);
        if (r < 0 || !*target)
                return refuse(path, "it is a link that leads out of the image", reterr);
        const char* slash = strrchr(target, '/');
        (void) snprintf(directory, sizeof(directory), "%.*s", slash ? (int) (slash - target) : 0, target);
        _cleanup_close_ int from = open_below(u->root, directory, O_PATH | O_DIRECTORY);
        int parent = parent_of(u, path, &leaf);
        if (parent < 0)
                return failed(path, parent, reterr);
        if (streq(target, path))
                return refuse(path, "it is a link to itself", reterr);
        const char* name = slash ? slash + 1 : target;
        struct stat st;
        if (from < 0)
                r = from;
        else if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISCHR(st.st_mode))
                r = -ENOENT; /* a whiteout */
        else if (linkat(from, name, parent, leaf, 0) < 0) {
                r = -errno;
                if (r == -EEXIST && (r = make_room(u, leaf)) >= 0 && linkat(from, name, parent, leaf, 0) < 0)
                        r = -errno;
        }
        if (r == -ENOENT)
                return link_below(u, path, target, reterr);
        if (r == -EPERM)
                return refuse(path, "it is a link to something that is no file", reterr);
        return r < 0 ? failed(path, r, reterr) : 0;
}

/* 1 = the entry was one of overlayfs's signs and is done. */
static int sign_add(Unpack* u, const char* path) {
        const char *leaf = strrchr(path, '/'), *hidden;
        leaf = leaf ? leaf + 1 : path;
        hidden = startswith(leaf, WHITEOUT);
        if (!hidden)
                return 0;
        int parent = parent_of(u, path, &leaf), r;
        if (parent < 0)
                return parent;
        if (streq(leaf, OPAQUE)) {
                _cleanup_close_ int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                return fd < 0 || fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0 ? -errno : 1;
        }
        if (startswith(hidden, WHITEOUT))
                return 1; /* marks of an older file system, of no meaning */
        if (!*hidden || streq(hidden, ".") || streq(hidden, ".."))
                return -EXDEV;
        char name[256];
        (void) snprintf(name, sizeof(name), "%s", hidden);
        if (mknodat(parent, name, S_IFCHR, 0) == 0)
                return 1;
        if (errno != EEXIST)
                return -errno;
        struct stat st; /* what the same layer brings itself stays, and hides what is below as it is */
        r = fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW);
        if (r < 0 || !S_ISDIR(st.st_mode))
                return 1;
        _cleanup_close_ int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 || fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0 ? -errno : 1;
}

/* A whiteout that came before what replaces it: the directory hides what is below. */
static int unhide(Unpack* u, const char* path, struct archive_entry* e) {
        const char* leaf;
        struct stat st;
        if (archive_entry_filetype(e) != AE_IFDIR)
                return 0; /* others take its place as they are */
        int parent = parent_of(u, path, &leaf);
        if (parent < 0 || !*leaf || fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISCHR(st.st_mode))
                return 0;
        if (unlinkat(parent, leaf, 0) < 0 || mkdirat(parent, leaf, 0700) < 0)
                return -errno;
        _cleanup_close_ int fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 || fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;
}

static int entry_add(Unpack* u, const char* path, struct archive_entry* e, Error* reterr) {
        int r = sign_add(u, path);
        if (r == 0 && (r = unhide(u, path, e)) >= 0) {
                if (archive_entry_hardlink(e))
                        return *path ? link_add(u, path, e, reterr) : refuse("/", "the root is no directory", reterr);
                if (!*path && archive_entry_filetype(e) != AE_IFDIR)
                        return refuse("/", "the root is no directory", reterr);
                switch (archive_entry_filetype(e)) {
                case AE_IFREG:
                        return file_add(u, path, e, reterr);
                case AE_IFDIR:
                        r = directory_add(u, path, e);
                        break;
                case AE_IFLNK:
                        r = symlink_add(u, path, e);
                        break;
                case AE_IFIFO:
                        r = fifo_add(u, path, e);
                        break;
                case AE_IFCHR:
                case AE_IFBLK:
                        u->done.dropped++;
                        return 0;
                default:
                        return refuse(path, "it is of a kind no image has", reterr);
                }
        }
        return r < 0 ? failed(path, r, reterr) : 0;
}

/* Only what images are packed with: every further format of the library would be one more parser in reach of strangers. */
static int archive_begin(Unpack* u, int blob_fd, Error* reterr) {
        struct archive* a = u->archive = archive_read_new();
        if (!a)
                return error_errno(reterr, -ENOMEM, "Cannot unpack");
        if (archive_read_support_filter_gzip(a) < ARCHIVE_WARN || archive_read_support_filter_zstd(a) < ARCHIVE_WARN ||
            archive_read_support_format_tar(a) < ARCHIVE_WARN || archive_read_support_format_empty(a) < ARCHIVE_WARN)
                return error_set(reterr, ERROR_INTERNAL, "The archive library lacks what images are packed with.");
        (void) lseek(blob_fd, 0, SEEK_SET);
        return archive_read_open_fd(a, blob_fd, 256 * 1024) < ARCHIVE_WARN ? damaged(u, reterr) : 0;
}

int unpack_layer(int blob_fd, int directory_fd, const UnpackLimits* limits, Unpacked* ret, Error* reterr) {
        _cleanup_(unpack_done) Unpack u = { .root = directory_fd, .limits = limits, .parent_fd = -EBADF };
        struct archive_entry* e;
        char path[PATH_MAX];
        int got, r = archive_begin(&u, blob_fd, reterr);
        if (r < 0)
                return r;
        while ((got = archive_read_next_header(u.archive, &e)) != ARCHIVE_EOF) {
                const char* name = got < ARCHIVE_WARN ? NULL : archive_entry_pathname(e);
                if (!name)
                        return damaged(&u, reterr);
                u.done.entries++;
                r = count(&u, 0, reterr);
                if (r < 0)
                        return r;
                r = normalise(name, path);
                r = r < 0 ? failed(name, r, reterr) : entry_add(&u, path, e, reterr);
                if (r < 0)
                        return r;
                if (u.done.wants_lowers)
                        break;
        }
        stamps_set(&u);
        *ret = u.done;
        return 0;
}
