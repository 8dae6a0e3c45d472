#include "image/store.h"
#include "base/file.h"
#include "base/time.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define RECORD_MAX (4U * 1024 * 1024)

static int open_part(int parent, const char* name, mode_t mode) {
        if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
                return -errno;
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int image_store_open(const char* directory, bool exclusive, ImageStore* ret, Error* reterr) {
        ImageStore s = IMAGE_STORE_NULL;
        int r;
        s.fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s.fd < 0)
                return error_errno(reterr, -errno, "Cannot open %s", directory);
        s.directory = strdup(directory);
        s.layers_fd = open_part(s.fd, "layers", 0700);
        s.incoming_fd = open_part(s.fd, "incoming", 0700);
        s.manifests_fd = open_part(s.fd, "manifests", 0700);
        s.sizes_fd = open_part(s.fd, "sizes", 0700);
        s.lock_fd = openat(s.fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = MIN(s.layers_fd, s.incoming_fd);
        r = MIN(r, s.manifests_fd);
        r = MIN(r, s.sizes_fd);
        if (r < 0 || s.lock_fd < 0 || !s.directory) {
                image_store_done(&s);
                return error_errno(reterr, r < 0 ? r : -EIO, "Cannot open %s", directory);
        }
        /* A job waits for a clean-up, which takes seconds; a clean-up does not wait for pulls, which take minutes. */
        if (flock(s.lock_fd, exclusive ? LOCK_EX | LOCK_NB : LOCK_SH) < 0) {
                image_store_done(&s);
                return error_set(reterr, ERROR_WRONG_STATE, "Images are being fetched; what nobody needs is removed another time.");
        }
        *ret = s;
        return 0;
}

void image_store_done(ImageStore* s) {
        closep(&s->fd);
        closep(&s->layers_fd);
        closep(&s->incoming_fd);
        closep(&s->manifests_fd);
        closep(&s->sizes_fd);
        closep(&s->lock_fd);
        free(s->directory);
        *s = IMAGE_STORE_NULL;
}

bool image_store_has_layer(const ImageStore* s, const char* hex) {
        struct stat st;
        return fstatat(s->layers_fd, hex, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

uint64_t image_store_layer_size(const ImageStore* s, const char* hex) {
        _cleanup_free_ char* text = NULL;
        return file_read(s->sizes_fd, hex, 64, &text, NULL) < 0 ? 0 : strtoull(text, NULL, 10);
}

/* Two jobs may know the same of the same image at the same time, and what is half written has one name. */
static int shared_write(int directory_fd, const char* name, const char* text, size_t size) {
        if (flock(directory_fd, LOCK_EX) < 0)
                return -errno;
        int r = file_write(directory_fd, name, text, size, 0600);
        (void) flock(directory_fd, LOCK_UN);
        return r;
}

int image_store_layer_size_set(const ImageStore* s, const char* hex, uint64_t bytes) {
        char text[32];
        int n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long) bytes);
        return shared_write(s->sizes_fd, hex, text, (size_t) n);
}

uint64_t image_store_free_bytes(const ImageStore* s) {
        struct statvfs v;
        if (fstatvfs(s->fd, &v) < 0)
                return 0;
        uint64_t bytes = (uint64_t) v.f_bavail * v.f_frsize;
        return bytes > IMAGE_RESERVE_BYTES ? bytes - IMAGE_RESERVE_BYTES : 0;
}

/* What an earlier clean-up put aside and did not get to remove may still have the name, and more than one of them. */
#define ASIDE_MAX 1000

int image_store_layer_aside(const ImageStore* s, const char* name, char ret[static IMAGE_ASIDE_BYTES]) {
        if (!image_hex_valid(name)) { /* never was a layer */
                int n = snprintf(ret, IMAGE_ASIDE_BYTES, "%s", name);
                return n < IMAGE_ASIDE_BYTES ? 0 : -ENAMETOOLONG;
        }
        for (unsigned i = 0; i < ASIDE_MAX; i++) {
                (void) snprintf(ret, IMAGE_ASIDE_BYTES, ".gone-%s.%u", name, i);
                if (renameat(s->layers_fd, name, s->layers_fd, ret) >= 0)
                        return fsync(s->layers_fd) < 0 ? -errno : 0;
                if (errno != EEXIST && errno != ENOTEMPTY)
                        return -errno;
        }
        return -EEXIST;
}

int image_store_sync(const ImageStore* s) {
        return syncfs(s->fd) < 0 ? -errno : 0;
}

/* --- records --- */

static int record_read(const ImageStore* s, const char* name, json_t** ret) {
        _cleanup_free_ char* text = NULL;
        size_t size;
        int r = file_read(s->manifests_fd, name, RECORD_MAX, &text, &size);
        return r < 0 ? r : json_parse_object(text, size, ret, NULL);
}

static bool is_complete(const ImageStore* s, const json_t* record) {
        const json_t* layers = json_object_get(record, "layers");
        for (size_t i = 0; i < json_array_size(layers); i++) {
                const char* hex = json_string_value(json_array_get(layers, i));
                if (!image_hex_valid(hex) || !image_store_has_layer(s, hex))
                        return false;
        }
        return json_array_size(layers) > 0;
}

static bool record_name_valid(const char* name) {
        char hex[IMAGE_HEX_BYTES];
        return snprintf(hex, sizeof(hex), "%s", name) >= (int) sizeof(hex) && image_hex_valid(hex) && streq(name + IMAGE_HEX_BYTES - 1, ".json");
}

/* The record whose file this is, if it stands for the digest. */
static int record_if(const ImageStore* s, const char* name, const char* hex, json_t** ret) {
        _cleanup_json_ json_t* record = NULL;
        if (record_read(s, name, &record) < 0)
                return 0;
        const char* pinned = json_get_string(record, "pinned");
        const char* at = pinned ? strchr(pinned, '@') : NULL;
        if (!startswith(name, hex) && !streq_ptr(at ? startswith(at + 1, "sha256:") : NULL, hex))
                return 0;
        if (!is_complete(s, record))
                return 0;
        (void) utimensat(s->manifests_fd, name, NULL, 0);
        *ret = TAKE_PTR(record);
        return 1;
}

static DIR* list(int fd) {
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* d = copy < 0 ? NULL : fdopendir(copy);
        if (!d && copy >= 0)
                (void) close(copy);
        return d;
}

static inline void closedirp(DIR** d) {
        if (*d)
                (void) closedir(*d);
}

int image_store_record_find(const ImageStore* s, const char* hex, json_t** ret) {
        _cleanup_(closedirp) DIR* d = list(s->manifests_fd);
        char name[IMAGE_HEX_BYTES + 8];
        (void) snprintf(name, sizeof(name), "%s.json", hex);
        if (record_if(s, name, hex, ret) > 0)
                return 1;
        for (struct dirent* e; d && (e = readdir(d));)
                if (record_name_valid(e->d_name) && record_if(s, e->d_name, hex, ret) > 0)
                        return 1;
        return 0;
}

int image_store_record_put(const ImageStore* s, const char* hex, const json_t* record, Error* reterr) {
        _cleanup_free_ char* text = json_text(record, /* canonical= */ true);
        char name[IMAGE_HEX_BYTES + 8];
        (void) snprintf(name, sizeof(name), "%s.json", hex);
        int r = text ? shared_write(s->manifests_fd, name, text, strlen(text)) : -ENOMEM;
        return r < 0 ? error_errno(reterr, r, "Cannot keep what is known of the image") : 0;
}

/* --- cleaning --- */

/* What file_write() left when it was killed; nobody writes while there is a clean-up. */
static bool half_written(const char* name) {
        const char* end = strrchr(name, '.');
        return end && streq(end, ".new");
}

static bool is_kept(const ImageStore* s, const char* name, const json_t* keep, int64_t grace) {
        struct stat st;
        for (size_t i = 0; i < json_array_size(keep); i++) {
                const char* hex = json_string_value(json_array_get(keep, i));
                if (image_hex_valid(hex) && startswith(name, hex))
                        return true;
        }
        return fstatat(s->manifests_fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_mtime + grace > now_seconds();
}

/* Adds the layers of a record that stays to named. */
static int names_add(const ImageStore* s, const char* name, json_t* named) {
        _cleanup_json_ json_t* record = NULL;
        int r = record_read(s, name, &record);
        const json_t* layers = json_object_get(record, "layers");
        for (size_t i = 0; i < json_array_size(layers); i++)
                (void) json_object_set_new(named, strempty(json_string_value(json_array_get(layers, i))), json_true());
        return r;
}

int image_store_sweep(const ImageStore* s, const json_t* keep, int64_t grace, unsigned* ret_removed, json_t** ret_layers, Error* reterr) {
        _cleanup_(closedirp) DIR *records = list(s->manifests_fd), *layers = list(s->layers_fd);
        _cleanup_json_ json_t *named = json_object(), *unused = json_array();
        unsigned removed = 0;
        if (!records || !layers)
                return error_errno(reterr, -EIO, "Cannot look through the images");
        for (struct dirent* e; (e = readdir(records));) {
                if (!record_name_valid(e->d_name)) {
                        if (half_written(e->d_name))
                                (void) unlinkat(s->manifests_fd, e->d_name, 0);
                        continue;
                }
                if (!is_kept(s, e->d_name, keep, grace)) {
                        if (unlinkat(s->manifests_fd, e->d_name, 0) >= 0)
                                removed++;
                } else if (names_add(s, e->d_name, named) < 0) /* rather keep too much than lose what an app runs on */
                        return error_set(reterr, ERROR_STORE_BROKEN, "What is known of an image cannot be read; nothing was removed.");
        }
        for (struct dirent* e; (e = readdir(layers));)
                if (!streq(e->d_name, ".") && !streq(e->d_name, "..") && !json_object_get(named, e->d_name))
                        (void) json_array_append_new(unused, json_string(e->d_name));
        *ret_removed = removed;
        *ret_layers = TAKE_PTR(unused);
        return 0;
}

void image_store_sweep_incoming(const ImageStore* s, int64_t age) {
        _cleanup_(closedirp) DIR *incoming = list(s->incoming_fd), *sizes = list(s->sizes_fd);
        struct stat st;
        for (struct dirent* e; incoming && (e = readdir(incoming));)
                if (e->d_name[0] != '.' && fstatat(s->incoming_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_mtime + age <= now_seconds())
                        (void) unlinkat(s->incoming_fd, e->d_name, 0);
        for (struct dirent* e; sizes && (e = readdir(sizes));)
                if (half_written(e->d_name) || (image_hex_valid(e->d_name) && !image_store_has_layer(s, e->d_name)))
                        (void) unlinkat(s->sizes_fd, e->d_name, 0);
}
