/* The data of an app, as files. What lies there is the app's, which may change it while we look: every path is resolved by the kernel below the
 * data's directory, and no link is followed. */
#include "app-slots.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/validate.h"
#include "data/tar.h"
#include "inside/inside.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#define PATH_BYTES 4096
#define LIST_MAX 5000
#define PART ".steadbox-part."
#define PART_KEPT_SEC 86400
#define RESERVE_BYTES (UINT64_C(128) << 20)
#define REMOVE_SEC 20 /* of one deletion: whoever asks waits for it */
#define REMOVE_USEC (REMOVE_SEC * USEC_PER_SEC)

static int open_in(int fd, const char* path, uint64_t flags, mode_t mode) {
        struct open_how how = {
                .flags = flags | O_CLOEXEC,
                .mode = mode,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
        };
        int r = (int) syscall(SYS_openat2, fd, *path ? path : ".", &how, sizeof(how));
        return r < 0 ? -errno : r;
}

static int failed(const char* path, int r, Error* reterr) {
        switch (-r) {
        case ENOENT:
                return error_field(reterr, ERROR_NOT_FOUND, "path", "There is no '%s' in the app's data.", path);
        case ELOOP:
        case EXDEV:
        case ENXIO:
                return error_field(reterr, ERROR_BAD_FIELD, "path", "'%s' is or lies behind a link, or is no file; Steadbox does not follow it.", path);
        case ENOTDIR:
        case EISDIR:
                return error_field(reterr, ERROR_BAD_FIELD, "path", "'%s' is of another kind than this needs.", path);
        case ENOTEMPTY:
        case EEXIST:
                return error_field(reterr, ERROR_CONFLICT, "path", "'%s' is a directory with something in it.", path);
        case ENAMETOOLONG:
                return error_field(reterr, ERROR_BAD_FIELD, "path", "The name is too long.");
        default:
                return error_errno(reterr, r, "'%s' cannot be used", path);
        }
}

/* No leading or trailing slash, no empty, "." or ".." part, no control characters. "" is the top. */
static int path_of(const json_t* request, const char** ret, Error* reterr) {
        const char* path = strempty(json_get_string(request, "path"));
        bool good = strlen(path) < PATH_BYTES && text_valid(path, /* newlines= */ false);
        for (const char* p = path; good && *p;) {
                size_t n = strcspn(p, "/");
                good = n > 0 && n < 256 && !(n == 1 && *p == '.') && !(n == 2 && startswith(p, "..")) && !startswith(p, PART);
                p += n;
                good = good && (*p == 0 || p[1] != 0);
                p += *p == '/';
        }
        if (!good)
                return error_field(reterr, ERROR_BAD_FIELD, "path", "A path is names with slashes between, without . and .. among them.");
        *ret = path;
        return 0;
}

/* The directory a file stands in, which is below the top: what lies there are the directories of the app's data themselves. */
static int parent_open(int data_fd, const char* path, const char** ret_leaf, Error* reterr) {
        const char* slash = strrchr(path, '/');
        char parent[PATH_BYTES];
        if (!slash)
                return error_field(reterr, ERROR_BAD_FIELD, "path", "Files lie in one of the directories of the app's data, not above them.");
        (void) snprintf(parent, sizeof(parent), "%.*s", (int) (slash - path), path);
        *ret_leaf = slash + 1;
        int fd = open_in(data_fd, parent, O_RDONLY | O_DIRECTORY, 0);
        return fd < 0 ? failed(parent, fd, reterr) : fd;
}

static json_t* file_to_json(const char* path, const struct stat* st) {
        const char* slash = strrchr(path, '/');
        return json_pack("{s:s, s:s, s:s, s:I, s:I}", "name", slash ? slash + 1 : path, "path", path, "kind",
                         S_ISREG(st->st_mode) ? "file" : S_ISDIR(st->st_mode) ? "directory" : "other", "size",
                         S_ISREG(st->st_mode) ? (json_int_t) st->st_size : (json_int_t) 0, "changed_at", (json_int_t) MAX(st->st_mtime, 0));
}

static int compare(const void* a, const void* b) {
        return strcmp(*(char* const*) a, *(char* const*) b);
}

static int names_read(DIR* d, char** names, size_t* n) {
        for (struct dirent* e; (e = readdir(d)) && *n < LIST_MAX;) {
                if (streq(e->d_name, ".") || streq(e->d_name, "..") || startswith(e->d_name, PART) || !utf8_valid(e->d_name, strlen(e->d_name)))
                        continue;
                names[*n] = strdup(e->d_name);
                if (!names[(*n)++])
                        return -ENOMEM;
        }
        qsort(names, *n, sizeof(char*), compare);
        return 0;
}

/* Of uploads that nobody went on with for a day: no list shows them, and they take room. */
static void parts_sweep(int directory_fd) {
        int copy = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* d = copy < 0 ? NULL : fdopendir(copy);
        if (!d && copy >= 0)
                (void) close(copy);
        for (struct dirent* e; d && (e = readdir(d));) {
                struct stat st;
                if (startswith(e->d_name, PART) && fstatat(copy, e->d_name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISREG(st.st_mode) &&
                    st.st_mtime + PART_KEPT_SEC < now_seconds())
                        (void) unlinkat(copy, e->d_name, 0);
        }
        if (d)
                (void) closedir(d);
}

int inside_files(int data_fd, const json_t* request, json_t** ret, Error* reterr) {
        static char* names[LIST_MAX]; /* this process lists once */
        _cleanup_json_ json_t* items = json_array();
        const char* path;
        size_t n = 0;
        int r = path_of(request, &path, reterr);
        if (r < 0)
                return r;
        int fd = open_in(data_fd, path, O_RDONLY | O_DIRECTORY, 0);
        DIR* d = fd < 0 ? NULL : fdopendir(fd);
        if (!d)
                return failed(path, fd < 0 ? fd : -errno, reterr);
        parts_sweep(dirfd(d));
        r = names_read(d, names, &n);
        for (size_t i = 0; i < n; i++) {
                char full[PATH_BYTES + 260];
                struct stat st;
                (void) snprintf(full, sizeof(full), "%s%s%s", path, *path ? "/" : "", strempty(names[i]));
                if (names[i] && fstatat(dirfd(d), names[i], &st, AT_SYMLINK_NOFOLLOW) >= 0)
                        (void) json_array_append_new(items, file_to_json(full, &st));
                free(names[i]);
        }
        (void) closedir(d);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the files");
        *ret = json_pack("{s:O}", "items", items);
        return 0;
}

int inside_read(int data_fd, const json_t* request, json_t** ret, Error* reterr) {
        _cleanup_free_ char *buffer = malloc(INSIDE_CHUNK), *base64 = NULL;
        int64_t offset = json_get_integer(request, "offset", 0);
        const char* path;
        struct stat st;
        int r = path_of(request, &path, reterr);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = open_in(data_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        if (fd < 0 || fstat(fd, &st) < 0)
                return failed(path, fd < 0 ? fd : -errno, reterr);
        if (!S_ISREG(st.st_mode))
                return failed(path, S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO, reterr);
        if (offset < 0 || offset > st.st_size)
                return error_field(reterr, ERROR_BAD_FIELD, "offset", "The file ends at byte %lld.", (long long) st.st_size);
        ssize_t n = buffer ? pread(fd, buffer, INSIDE_CHUNK, offset) : -1;
        if (n < 0)
                return failed(path, buffer ? -errno : -ENOMEM, reterr);
        base64 = base64_encode(buffer, (size_t) n);
        const char* slash = strrchr(path, '/');
        *ret = json_pack("{s:s, s:I, s:I, s:o, s:s}", "name", slash ? slash + 1 : path, "size", (json_int_t) st.st_size, "offset", (json_int_t) offset,
                         "next", offset + n < st.st_size && n > 0 ? json_integer(offset + n) : json_null(), "base64", strempty(base64));
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot read the file");
}

/* The gathering file, at the place where the next part goes. */
static int part_open(int parent, const char* part, int64_t offset, Error* reterr) {
        struct stat st;
        if (offset == 0)
                (void) unlinkat(parent, part, 0);
        _cleanup_close_ int fd = open_in(parent, part, (uint64_t) (O_WRONLY | O_NONBLOCK | O_NOCTTY | (offset == 0 ? O_CREAT | O_EXCL : 0)), offset == 0 ? 0600 : 0);
        if (fd < 0 || fstat(fd, &st) < 0)
                return offset > 0 ? error_field(reterr, ERROR_WRONG_STATE, "offset", "The parts before are gone; begin with offset 0.")
                                  : failed(part, fd < 0 ? fd : -errno, reterr);
        if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_size != offset)
                return error_field(reterr, ERROR_WRONG_STATE, "offset", "The next part begins at byte %lld.", (long long) st.st_size);
        return TAKE_FD(fd);
}

static int space_look(int fd, size_t size, Error* reterr) {
        struct statvfs v;
        if (fstatvfs(fd, &v) >= 0 && (uint64_t) v.f_bavail * v.f_frsize < RESERVE_BYTES + size)
                return error_set(reterr, ERROR_STORAGE_FULL, "The disk is full; the file was not changed.");
        return 0;
}

/* As the file it replaces, or else as its directory: what an app finds there is its own. */
static int part_finish(int parent, int fd, const char* part, const char* leaf) {
        struct stat old, directory;
        bool replaces = fstatat(parent, leaf, &old, AT_SYMLINK_NOFOLLOW) >= 0;
        if (replaces && !S_ISREG(old.st_mode))
                return S_ISDIR(old.st_mode) ? -EISDIR : -ELOOP;
        if (fstat(parent, &directory) < 0 || fchown(fd, replaces ? old.st_uid : directory.st_uid, replaces ? old.st_gid : directory.st_gid) < 0 ||
            fchmod(fd, replaces ? old.st_mode & 0777 : directory.st_mode & 0666) < 0 || fsync(fd) < 0 || renameat(parent, part, parent, leaf) < 0 ||
            fsync(parent) < 0)
                return -errno;
        return 0;
}

int inside_write(int data_fd, const json_t* request, json_t** ret, Error* reterr) {
        _cleanup_free_ uint8_t* bytes = NULL;
        int64_t offset = json_get_integer(request, "offset", 0);
        const char *path, *leaf;
        char part[300];
        uint8_t digest[DIGEST_BYTES];
        char hex[DIGEST_BYTES * 2 + 1];
        size_t size = 0;
        struct stat st;
        int r = path_of(request, &path, reterr);
        if (r < 0)
                return r;
        if (base64_decode(strempty(json_get_string(request, "base64")), &bytes, &size) < 0 || offset < 0)
                return error_field(reterr, ERROR_BAD_FIELD, "base64", "These bytes are not base64.");
        _cleanup_close_ int parent = parent_open(data_fd, path, &leaf, reterr);
        if (parent < 0)
                return parent;
        digest_sha256(leaf, strlen(leaf), digest);
        hex_encode(digest, sizeof(digest), hex);
        (void) snprintf(part, sizeof(part), PART "%.32s", hex);
        if (offset == 0)
                parts_sweep(parent);
        r = space_look(parent, size, reterr);
        _cleanup_close_ int fd = r < 0 ? r : part_open(parent, part, offset, reterr);
        if (fd < 0)
                return fd;
        r = lseek(fd, offset, SEEK_SET) < 0 ? -errno : write_full(fd, bytes, size);
        if (r >= 0 && json_get_boolean(request, "last", true))
                r = part_finish(parent, fd, part, leaf);
        if (r < 0 || fstat(fd, &st) < 0)
                return failed(path, r < 0 ? r : -errno, reterr);
        *ret = file_to_json(path, &st);
        return 0;
}

/* As the directory above it. One that is not ours was there before, or the app put it there meanwhile: then it stays as it is. */
static int directory_give(int parent, const char* leaf, struct stat* ret) {
        struct stat above;
        _cleanup_close_ int fd = open_in(parent, leaf, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;
        if (fstat(parent, &above) < 0 || fstat(fd, ret) < 0)
                return -errno;
        if (ret->st_uid != geteuid())
                return 0;
        return fchown(fd, above.st_uid, above.st_gid) < 0 || fchmod(fd, above.st_mode & 0777) < 0 || fsync(parent) < 0 || fstat(fd, ret) < 0 ? -errno : 0;
}

int inside_make(int data_fd, const json_t* request, json_t** ret, Error* reterr) {
        const char *path, *leaf;
        struct stat st;
        int r = path_of(request, &path, reterr);
        if (r < 0)
                return r;
        _cleanup_close_ int parent = parent_open(data_fd, path, &leaf, reterr);
        if (parent < 0)
                return parent;
        r = space_look(parent, 0, reterr);
        if (r < 0)
                return r;
        r = mkdirat(parent, leaf, 0700) < 0 && errno != EEXIST ? -errno : directory_give(parent, leaf, &st);
        if (r < 0)
                return failed(path, r, reterr);
        *ret = file_to_json(path, &st);
        return 0;
}

/* --- whole directories: data/tree.h, which follows no link that the app puts in the way --- */

typedef struct Patience {
        uint64_t until_usec; /* CLOCK_MONOTONIC */
} Patience;

static bool in_time(const TreeCount* count, void* userdata) {
        const Patience* p = userdata;
        return now_usec(CLOCK_MONOTONIC) < p->until_usec;
}

/* The app may make files as fast as they go: then somebody asks once more, or stops it first. */
static int remove_whole(int parent, const char* path, const char* leaf, Error* reterr) {
        Patience patience = { .until_usec = now_usec(CLOCK_MONOTONIC) + REMOVE_USEC };
        const TreeWatch watch = { .go_on = in_time, .userdata = &patience };
        int r = tree_remove(parent, leaf, &watch);
        if (r != -ECANCELED)
                return r < 0 ? failed(path, r, reterr) : 0;
        (void) error_set(reterr, ERROR_BUSY, "There is more in '%s' than can be deleted in %d s; a part is gone. Ask again for the rest.", path, REMOVE_SEC);
        return -EBUSY;
}

int inside_remove(int data_fd, const json_t* request, json_t** ret, Error* reterr) {
        const char *path, *leaf;
        struct stat st;
        bool whole = json_get_boolean(request, "recursive", false);
        int r = path_of(request, &path, reterr);
        if (r < 0)
                return r;
        _cleanup_close_ int parent = parent_open(data_fd, path, &leaf, reterr);
        if (parent < 0)
                return parent;
        if (fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return failed(path, -errno, reterr);
        if (S_ISDIR(st.st_mode) && whole)
                r = remove_whole(parent, path, leaf, reterr);
        else if (unlinkat(parent, leaf, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
                r = failed(path, -errno, reterr);
        if (r >= 0)
                *ret = json_object();
        return r;
}

static int on_block(const void* bytes, size_t size, void* userdata) {
        _cleanup_free_ char* text = base64_encode(bytes, size);
        return text ? inside_say(json_pack("{s:s}", "output", text)) : -ENOMEM;
}

/* Whoever put the folder there, the owners that the archive tells are those inside the app: the manager knows which range that is. */
static int slot_of(const json_t* request, uint32_t* ret, Error* reterr) {
        int64_t slot = json_get_integer(request, "slot", 0);
        if (slot < 1 || slot > APP_SLOT_MAX)
                return error_field(reterr, ERROR_BAD_FIELD, "slot", "A slot is a number from 1 to %d.", APP_SLOT_MAX);
        *ret = (uint32_t) slot;
        return 0;
}

static int tar_failed(const char* path, int r, Error* reterr) {
        if (r != -ENAMETOOLONG)
                return failed(path, r, reterr);
        return error_field(reterr, ERROR_BAD_FIELD, "path",
                           "Folders in '%s' lie in one another more than %d deep, or have very long names; no archive is made of that.",
                           path, TREE_DEPTH_MAX);
}

/* Holes are read without a word to say: a file of nothing else would keep us for hours after the reader has gone. */
static bool reader_is_there(const TreeCount* count, void* userdata) {
        char byte;
        return recv(STDIN_FILENO, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) != 0;
}

int inside_tar(int data_fd, const json_t* request, json_t** ret, Error* reterr) {
        _cleanup_(tar_freep) Tar* tar = NULL;
        const TreeWatch watch = { .go_on = reader_is_there, .moving = true };
        TreeCount count = {};
        uint64_t size = 0;
        uint32_t slot = 0;
        const char* path;
        int r = path_of(request, &path, reterr);
        if (r >= 0)
                r = slot_of(request, &slot, reterr);
        if (r < 0)
                return r;
        if (!*path)
                return error_field(reterr, ERROR_BAD_FIELD, "path", "Which of the directories of the app's data?");
        _cleanup_close_ int fd = open_in(data_fd, path, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return failed(path, fd, reterr);
        r = inside_say(json_pack("{s:{}}", "answer"));
        if (r >= 0)
                r = tar_new_to(on_block, NULL, &tar);
        if (r >= 0)
                r = tar_tree(tar, strrchr(path, '/') ? strrchr(path, '/') + 1 : path, fd, APP_UID_BASE + slot * APP_UIDS, &watch, &count);
        if (r >= 0)
                r = tar_finish(tar, &size);
        if (r < 0)
                return tar_failed(path, r, reterr);
        r = inside_say(json_pack("{s:{s:I, s:I, s:I}}", "end", "files", (json_int_t) count.files, "bytes", (json_int_t) size, "skipped", (json_int_t) count.skipped));
        return MIN(r, 0);
}
