#include "image/lookup.h"
#include "base/file.h"
#include "image/passwd.h"
#include "image/reference.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

static int open_in(int layer, const char* path, uint64_t flags) {
        struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
        int fd = (int) syscall(SYS_openat2, layer, path, &how, sizeof(how));
        return fd < 0 ? -errno : fd;
}

/* Whether this layer hides etc of those below. */
static bool hides_etc(int layer) {
        char value[8];
        struct stat st;
        _cleanup_close_ int fd = open_in(layer, "etc", O_PATH | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &st) < 0)
                return false;
        if (!S_ISDIR(st.st_mode))
                return true;
        _cleanup_close_ int directory = open_in(layer, "etc", O_RDONLY | O_DIRECTORY);
        return directory >= 0 && fgetxattr(directory, "user.overlay.opaque", value, sizeof(value)) > 0;
}

/* 1 = read, 0 = hidden here, -ENOENT = look further below. */
static int read_here(int layer, const char* path, char** ret) {
        struct stat st;
        _cleanup_close_ int seen = open_in(layer, path, O_PATH);
        if (seen < 0)
                return hides_etc(layer) ? 0 : -ENOENT;
        if (fstat(seen, &st) < 0 || !S_ISREG(st.st_mode))
                return 0; /* a whiteout, or nothing anybody can read names from */
        _cleanup_close_ int fd = open_in(layer, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || st.st_size > IMAGE_PASSWD_MAX)
                return 0;
        _cleanup_free_ char* text = calloc(1, (size_t) st.st_size + 1);
        if (!text || read(fd, text, (size_t) st.st_size) < 0)
                return 0;
        *ret = TAKE_PTR(text);
        return 1;
}

/* NULL where the image has no such file. */
static char* read_through(int layers_fd, const json_t* layers, const char* path) {
        for (size_t i = json_array_size(layers); i-- > 0;) {
                const char* name = json_string_value(json_array_get(layers, i));
                char* text = NULL;
                if (!image_hex_valid(name))
                        return NULL;
                _cleanup_close_ int layer = openat(layers_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                int r = layer < 0 ? 0 : read_here(layer, path, &text);
                if (r != -ENOENT)
                        return text;
        }
        return NULL;
}

static json_t* user_to_json(const ImageUser* u) {
        json_t* groups = json_array();
        for (size_t i = 0; i < u->groups_n; i++)
                (void) json_array_append_new(groups, json_integer(u->groups[i]));
        return json_pack("{s:i, s:i, s:o}", "uid", (int) u->uid, "gid", (int) u->gid, "groups", groups);
}

int image_users_look(int layers_fd, const json_t* request, json_t** ret, Error* reterr) {
        const json_t *layers = json_object_get(request, "layers"), *users = json_object_get(request, "users");
        _cleanup_free_ char* passwd = read_through(layers_fd, layers, "etc/passwd");
        _cleanup_free_ char* group = read_through(layers_fd, layers, "etc/group");
        _cleanup_json_ json_t* found = json_object();
        for (size_t i = 0; i < json_array_size(users); i++) {
                const char* name = strempty(json_string_value(json_array_get(users, i)));
                ImageUser u;
                int r = image_user_find(name, passwd, group, &u, reterr);
                if (r < 0)
                        return r;
                (void) json_object_set_new(found, name, user_to_json(&u));
        }
        *ret = json_pack("{s:O}", "users", found);
        return 0;
}
