/* The export of app-data: a tar archive of a restore point, of texts that the manager tells, and of dumps that commands of the package
 * made inside the running app (steadbox-inside). */
#include "base/validate.h"
#include "data/tar.h"
#include "worker/app-export.h"
#include <fcntl.h>
#include <stdio.h>

#define DUMPS_MAX 32

static bool file_name_valid(const char* s) {
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
        return n > 0 && n <= 96 && s[n] == 0 && !streq(s, ".") && !streq(s, "..");
}

static int texts_put(const AppExport* x, Tar* tar, Error* reterr) {
        _cleanup_json_ json_t* list = NULL;
        json_t* item;
        size_t i;
        int r = worker_ask(x->worker, json_pack("{s:s}", "what", "texts"), &list, reterr);
        if (r < 0)
                return r;
        json_array_foreach(list, i, item) {
                const char* name = strempty(json_get_string(item, "name"));
                if (!file_name_valid(name))
                        return error_set(reterr, ERROR_BAD_REQUEST, "A text of the export has no proper name.");
                r = tar_text(tar, name, strempty(json_get_string(item, "text")), streq(name, ".env") ? 0600 : 0644);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot write the export");
        }
        return 0;
}

/* What stands beside the data: dumps/<file>. Whoever wrote them is root's, and their names were checked; they are checked again. */
static int dumps_put(const AppExport* x, Tar* tar, Error* reterr) {
        _cleanup_close_ int directory = place_dumps_open(x->place, x->app, x->id);
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        char path[128];
        if (directory < 0)
                return directory == -ENOENT ? 0 : error_errno(reterr, directory, "Cannot read the dumps");
        int r = tree_names_init(&names, directory);
        for (unsigned n = 0; r >= 0 && (r = tree_names_next(&names, &name, NULL)) > 0 && n < DUMPS_MAX; n++) {
                struct stat st;
                if (!file_name_valid(name))
                        continue;
                _cleanup_close_ int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
                if (fd < 0 || fstat(fd, &st) < 0)
                        return error_errno(reterr, -errno, "Cannot read the dumps");
                if (!S_ISREG(st.st_mode) || st.st_size == 0) /* empty: one that failed */
                        continue;
                (void) snprintf(path, sizeof(path), "dumps/%s", name);
                worker_progress(x->worker, "copy", 5, "Adding %s", path);
                r = tar_file(tar, path, fd, 0600);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot write the export") : 0;
}

static int archive_put(const AppExport* x, int fd, int tree, uint64_t* ret_size, Error* reterr) {
        _cleanup_(tar_freep) Tar* tar = NULL;
        TreeCount count = {};
        int r = tar_new(fd, &tar);
        if (r < 0)
                return error_errno(reterr, r, "Cannot write the export");
        r = texts_put(x, tar, reterr);
        if (r >= 0)
                r = dumps_put(x, tar, reterr);
        if (r < 0)
                return r;
        worker_progress(x->worker, "copy", 10, "Writing the archive");
        r = tar_tree(tar, "data", tree, APP_UID_BASE + x->slot * APP_UIDS, &x->watch, &count);
        if (r >= 0)
                r = tar_finish(tar, ret_size);
        if (r == -ECANCELED)
                return r;
        return r < 0 ? error_errno(reterr, r, "Cannot write the export") : 0;
}

int app_export_write(const AppExport* x, json_t** ret, Error* reterr) {
        uint64_t size = 0;
        _cleanup_close_ int fd = -EBADF, tree = place_point_open(x->place, x->app, x->point, reterr);
        if (tree < 0)
                return tree;
        int r = place_export_begin(x->place, x->id, &fd, reterr);
        if (r >= 0)
                r = archive_put(x, fd, tree, &size, reterr);
        if (r >= 0)
                r = place_export_finish(x->place, x->id, fd, reterr);
        if (r < 0)
                return r;
        *ret = json_pack("{s:I}", "size", (json_int_t) size);
        return 0;
}
