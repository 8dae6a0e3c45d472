/* steadbox-unpack: what jobs do inside a sandbox with files of images, see sandbox.h. One order a run, one line of JSON as the answer:
 *   layer DIRECTORY RESERVE          stdin: the blob  -> {"entries", "bytes", "dropped"}, or {"wants_lowers": true} where a hard link leads out
 *   layer-over DIRECTORY RESERVE NAME...   the same with the layers below, highest first: directories beside DIRECTORY, which can only be read
 *   users DIRECTORY                  stdin: {"layers": [..lowest first], "users": [..]} -> {"users": {name: {"uid", "gid", "groups"}}}
 *   remove DIRECTORY NAME...         -> {"freed": bytes}
 * DIRECTORY becomes the root; names are entries of it. */
#include "base/file.h"
#include "base/json.h"
#include "base/secret.h"
#include "image/lookup.h"
#include "image/sandbox.h"
#include "image/unpack.h"
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define REQUEST_MAX (256 * 1024)

static int open_root(Error* reterr) {
        int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? error_errno(reterr, -errno, "Cannot open the directory") : fd;
}

static int layer_unpack(char** arguments, UnpackLimits limits, json_t** ret, Error* reterr) {
        Unpacked done;
        struct stat st;
        if (fstat(STDIN_FILENO, &st) < 0)
                return error_errno(reterr, -errno, "Cannot read the layer");
        limits.reserve_bytes = strtoull(strempty(arguments[0]), NULL, 10);
        limits.packed_bytes = (uint64_t) st.st_size;
        _cleanup_close_ int root = open_root(reterr);
        int r = root < 0 ? root : unpack_layer(STDIN_FILENO, root, &limits, &done, reterr);
        if (r < 0)
                return r;
        *ret = done.wants_lowers ? json_pack("{s:b}", "wants_lowers", 1)
                                 : json_pack("{s:I, s:I, s:I}", "entries", (json_int_t) done.entries, "bytes", (json_int_t) done.bytes, "dropped",
                         (json_int_t) done.dropped);
        return 0;
}

static int layer(char** arguments, const SandboxLowers* lowers, json_t** ret, Error* reterr) {
        return layer_unpack(arguments, (UnpackLimits) {}, ret, reterr);
}

static int layer_over(char** arguments, const SandboxLowers* lowers, json_t** ret, Error* reterr) {
        return layer_unpack(arguments, (UnpackLimits) { .lowers = lowers->fds, .lowers_n = lowers->n, .has_lowers = true }, ret, reterr);
}

static int users(char** arguments, const SandboxLowers* lowers, json_t** ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        _cleanup_json_ json_t* request = NULL;
        _cleanup_close_ int root = open_root(reterr);
        if (root < 0)
                return root;
        text = malloc(REQUEST_MAX);
        ssize_t n = text ? read(STDIN_FILENO, text, REQUEST_MAX) : -1; /* a file in memory: whole at once */
        int r = n <= 0 ? -EBADMSG : json_parse_object(text, (size_t) n, &request, reterr);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot look users up");
        return image_users_look(root, request, ret, reterr);
}

static int remove_names(char** arguments, const SandboxLowers* lowers, json_t** ret, Error* reterr) {
        struct statvfs before = {}, after = {};
        _cleanup_close_ int root = open_root(reterr);
        int r = root;
        (void) statvfs("/", &before);
        for (char** name = arguments; r >= 0 && *name; name++)
                r = unpack_remove(root, *name);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot remove a layer");
        (void) statvfs("/", &after);
        json_int_t freed = ((json_int_t) after.f_bfree - (json_int_t) before.f_bfree) * (json_int_t) after.f_frsize;
        *ret = json_pack("{s:I}", "freed", MAX(freed, (json_int_t) 0));
        return 0;
}

static int work(int argc, char** argv, json_t** ret, Error* reterr) {
        static const struct {
                const char* name;
                int (*run)(char** arguments, const SandboxLowers* lowers, json_t** ret, Error* reterr);
        } orders[] = { { "layer", layer }, { "layer-over", layer_over }, { "users", users }, { "remove", remove_names } };
        SandboxLowers lowers = {};
        (void) setlocale(LC_CTYPE, "C.UTF-8"); /* names in pax headers are UTF-8 */
        for (size_t i = 0; argc >= 3 && i < ELEMENTS(orders); i++)
                if (streq(orders[i].name, argv[1])) {
                        bool over = orders[i].run == layer_over && argc > 3;
                        int r = secret_init() < 0 ? -EIO : sandbox_enter(argv[2], over ? argv + 4 : NULL, &lowers, reterr);
                        return r < 0 ? r : orders[i].run(argv + 3, &lowers, ret, reterr);
                }
        return error_set(reterr, ERROR_BAD_REQUEST, "There is no such order.");
}

int main(int argc, char** argv) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t* answer = NULL;
        int r = work(argc, argv, &answer, &e);
        if (r < 0 || !answer) {
                (void) error_errno(&e, r < 0 ? r : -ENOMEM, "Cannot unpack");
                answer = json_pack("{s:{s:s, s:s}}", "error", "name", error_name_to_string(e.name), "message", e.message);
        }
        _cleanup_free_ char* text = json_text(answer, /* canonical= */ false);
        return text && write_full(STDOUT_FILENO, text, strlen(text)) >= 0 && r >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
