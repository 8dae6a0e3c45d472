#include "data/place-internal.h"
#include "base/time.h"
#include "base/validate.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#define PATH_BYTES 160
#define SWEEP_SEC (24 * 3600)

int place_new(const char* root, uint32_t gid, Place** ret, Error* reterr) {
        int fd = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return error_errno(reterr, -errno, "Cannot open %s", root);
        Place* p = malloc(sizeof(Place));
        if (!p) {
                (void) close(fd);
                return error_errno(reterr, -ENOMEM, "Cannot begin");
        }
        *p = (Place) { .root = fd, .gid = gid };
        *ret = p;
        return 0;
}

Place* place_free(Place* p) {
        if (!p)
                return NULL;
        (void) close(p->root);
        free(p);
        return NULL;
}

/* --- finding --- */

int place_open(Place* p, const char* format, ...) {
        char path[PATH_BYTES];
        va_list ap;
        va_start(ap, format);
        int n = vsnprintf(path, sizeof(path), format, ap);
        va_end(ap);
        if (n < 0 || (size_t) n >= sizeof(path))
                return -ENAMETOOLONG;
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        int fd = (int) syscall(SYS_openat2, p->root, path, &how, sizeof(how));
        return fd < 0 ? -errno : fd;
}

int place_make(Place* p, int parent, const char* name, uint32_t mode, uint32_t gid) {
        if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fchown(fd, 0, gid) < 0 || fchmod(fd, mode) < 0) {
                int r = -errno;
                (void) close(fd);
                return r;
        }
        return fd;
}

int place_app_make(Place* p, const char* app) {
        _cleanup_close_ int apps = place_open(p, "apps");
        return apps < 0 ? apps : place_make(p, apps, app, 02750, p->gid);
}

bool entry_exists(int parent, const char* name) {
        struct stat st;
        return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) >= 0;
}

void spot_done(Spot* s) {
        closep(&s->parent);
        s->parent = -EBADF;
}

static void spot_names(Spot* s, const char* name) {
        (void) snprintf(s->name, sizeof(s->name), "%s", name);
        (void) snprintf(s->part, sizeof(s->part), ".%.33s.part", name);
        (void) snprintf(s->work, sizeof(s->work), ".%.33s.work", name);
        (void) snprintf(s->gone, sizeof(s->gone), ".%.33s.gone", name);
}

int spot_open(Place* p, PlaceKind kind, const char* app, const char* id, Spot* ret) {
        *ret = (Spot) { .parent = -EBADF };
        char file[PLACE_NAME_BYTES];
        switch (kind) {
        case PLACE_POINT:
                ret->parent = id ? place_open(p, "apps/%s/points", app) : place_open(p, "apps/%s", app);
                spot_names(ret, id ?: "data");
                break;
        case PLACE_ARCHIVE:
                ret->parent = place_open(p, "archives");
                spot_names(ret, id);
                break;
        case PLACE_EXPORT:
                ret->parent = place_open(p, "exports");
                (void) snprintf(file, sizeof(file), "%s.tar", id);
                spot_names(ret, file);
                break;
        case PLACE_DUMPS:
                ret->parent = place_open(p, "apps/%s/dumps", app);
                spot_names(ret, id);
                break;
        case PLACE_APP:
                ret->parent = place_open(p, "apps");
                spot_names(ret, app);
                break;
        case PLACE_SCRATCH:
                return -EINVAL; /* comes and goes with the app */
        }
        return ret->parent < 0 ? ret->parent : 0;
}

int spot_open_making(Place* p, PlaceKind kind, const char* app, const char* id, Spot* ret) {
        if (kind == PLACE_POINT) {
                _cleanup_close_ int directory = place_app_make(p, app);
                if (directory < 0)
                        return directory;
                _cleanup_close_ int points = id ? place_make(p, directory, "points", 0700, 0) : -EBADF;
                if (id && points < 0)
                        return points;
        }
        return spot_open(p, kind, app, id, ret);
}

int not_there(Error* reterr, int r, const char* what, const char* id) {
        if (r == -ENOENT)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no %s '%s'.", what, id);
        return error_errno(reterr, r, "Cannot open %s '%s'", what, id);
}

/* --- making --- */

/* It has its name when it has its owner: one that a kill left as ours would be taken for the app's, which could not write there. */
static int data_make(int parent, uint32_t base, const PlaceData* d) {
        char part[PLACE_NAME_BYTES];
        if (d->uid >= APP_UIDS || d->gid >= APP_UIDS)
                return -EINVAL;
        if (entry_exists(parent, d->name))
                return 0; /* as it is: it may hold data */
        (void) snprintf(part, sizeof(part), ".%.33s.part", d->name);
        if (mkdirat(parent, part, 0755) < 0 && errno != EEXIST)
                return -errno;
        _cleanup_close_ int fd = tree_open(parent, part);
        if (fd < 0)
                return fd;
        if (fchown(fd, base + d->uid, base + d->gid) < 0 || fchmod(fd, 0755) < 0 || fsync(fd) < 0 || renameat(parent, part, parent, d->name) < 0)
                return -errno;
        return 0;
}

int place_create(Place* p, const char* app, uint32_t slot, const PlaceData* data, size_t n, Error* reterr) {
        _cleanup_close_ int directory = place_app_make(p, app);
        _cleanup_close_ int tops = directory < 0 ? directory : place_make(p, directory, "data", 0755, 0);
        int r = tops < 0 ? tops : 0;
        for (size_t i = 0; i < n && r >= 0; i++)
                r = data_make(tops, APP_UID_BASE + slot * APP_UIDS, &data[i]);
        if (r >= 0 && (fsync(tops) < 0 || fsync(directory) < 0))
                r = -errno;
        return r < 0 ? error_errno(reterr, r, "Cannot make directories for the data of '%s'", app) : 0;
}

/* --- removing --- */

int spot_remove(Spot* s, const TreeWatch* watch) {
        if (renameat(s->parent, s->name, s->parent, s->gone) < 0 && errno != ENOENT) {
                if (errno != ENOTEMPTY && errno != EEXIST)
                        return -errno;
                int r = tree_remove(s->parent, s->gone, watch); /* of an earlier time */
                if (r < 0)
                        return r;
                if (renameat(s->parent, s->name, s->parent, s->gone) < 0)
                        return -errno;
        }
        (void) fsync(s->parent);
        const char* const names[] = { s->gone, s->part, s->work };
        int r = 0;
        for (size_t i = 0; i < ELEMENTS(names) && r >= 0; i++)
                r = tree_remove(s->parent, names[i], watch);
        return r;
}

int place_remove(Place* p, PlaceKind kind, const char* app, const char* id, const TreeWatch* watch, Error* reterr) {
        _cleanup_spot_ Spot s = { .parent = -EBADF };
        int r = spot_open(p, kind, app, id, &s);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = spot_remove(&s, watch);
        return r < 0 && r != -ECANCELED ? error_errno(reterr, r, "Cannot remove '%s'", id ?: app) : r;
}

static void sweep(int parent, bool all) {
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        if (parent < 0 || tree_names_init(&names, parent) < 0)
                return;
        while (tree_names_next(&names, &name, NULL) > 0) {
                struct stat st;
                if ((all || *name == '.') && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_ctim.tv_sec + SWEEP_SEC < now_seconds())
                        (void) tree_remove(parent, name, NULL);
        }
}

void place_sweep(Place* p, const char* app) {
        _cleanup_close_ int points = place_open(p, "apps/%s/points", app), dumps = place_open(p, "apps/%s/dumps", app);
        sweep(points, /* all= */ false);
        sweep(dumps, /* all= */ true);
}

/* --- archives --- */

/* Of an app's directory, all but its data and its record. */
static int archive_thin(int parent, const char* name, const TreeWatch* watch) {
        _cleanup_close_ int fd = tree_open(parent, name);
        int r = fd < 0 ? fd : tree_remove(fd, "points", watch);
        if (r >= 0)
                r = tree_remove(fd, "dumps", watch);
        return r < 0 ? r : tree_remove(fd, "scratch", watch);
}

/* The archive was begun before: it was made and nobody heard, or its data was on the way back to the app, which does not
 * come back after all. Whatever else the app has was made for it since. -EEXIST where both have data: neither is worth
 * less than the other. */
static int archive_again(Spot* app, Spot* archive, const TreeWatch* watch) {
        _cleanup_close_ int to = tree_open(archive->parent, archive->name), from = tree_open(app->parent, app->name);
        if (to < 0 || (from < 0 && from != -ENOENT))
                return MIN(to, from);
        bool here = entry_exists(to, "data"), there = from >= 0 && entry_exists(from, "data");
        if (here && there)
                return -EEXIST;
        if (there && (renameat(from, "data", to, "data") < 0 || fsync(to) < 0 || fsync(from) < 0))
                return -errno;
        return spot_remove(app, watch);
}

/* What has the archive's other name becomes the archive. */
static int archive_finish(Spot* to, const TreeWatch* watch) {
        int r = archive_thin(to->parent, to->part, watch);
        if (r >= 0)
                r = tree_remove(to->parent, to->gone, watch); /* of the archive that this one was before */
        if (r >= 0 && (renameat(to->parent, to->part, to->parent, to->name) < 0 || fsync(to->parent) < 0))
                r = -errno;
        return r;
}

int place_archive(Place* p, const char* app, const char* archive, const TreeWatch* watch, Error* reterr) {
        _cleanup_spot_ Spot to = { .parent = -EBADF }, from = { .parent = -EBADF };
        int r = spot_open(p, PLACE_ARCHIVE, NULL, archive, &to);
        if (r >= 0)
                r = spot_open(p, PLACE_APP, app, NULL, &from);
        if (r < 0)
                return error_errno(reterr, r, "Cannot archive '%s'", app);
        bool there = entry_exists(to.parent, to.name), begun = there || entry_exists(to.parent, to.part);
        if (!begun && renameat(from.parent, from.name, to.parent, to.part) < 0)
                return not_there(reterr, -errno, "app", app);
        if (fsync(to.parent) < 0 || fsync(from.parent) < 0)
                return error_errno(reterr, -errno, "Cannot archive '%s'", app);
        r = there ? 0 : archive_finish(&to, watch);
        if (r >= 0 && begun)
                r = archive_again(&from, &to, watch);
        if (r == -EEXIST)
                return error_set(reterr, ERROR_CONFLICT, "The archive %s and the app '%s' have data each.", archive,
                                 app);
        return r < 0 && r != -ECANCELED ? error_errno(reterr, r, "Cannot archive '%s'", app) : r;
}

/* Only the data comes back: units and record are made anew. */
int place_unarchive(Place* p, const char* app, const char* archive, Error* reterr) {
        _cleanup_close_ int from = place_open(p, "archives/%s", archive);
        _cleanup_close_ int to = from >= 0 ? place_app_make(p, app) : place_open(p, "apps/%s", app);
        if (from < 0 && (from != -ENOENT || to < 0 || !entry_exists(to, "data"))) /* with data it was done, and the rest of the archive may be left */
                return not_there(reterr, from, "archive", archive);
        if (to < 0)
                return error_errno(reterr, to, "Cannot make the directory of '%s'", app);
        if (from >= 0 && entry_exists(from, "data")) {
                if (entry_exists(to, "data"))
                        return error_set(reterr, ERROR_WRONG_STATE, "There is data of an app '%s' already.", app);
                if (renameat(from, "data", to, "data") < 0 || fsync(to) < 0 || fsync(from) < 0)
                        return error_errno(reterr, -errno, "Cannot bring back the data of '%s'", app);
        }
        return place_remove(p, PLACE_ARCHIVE, NULL, archive, NULL, reterr);
}

/* --- looking --- */

int place_measure(Place* p, PlaceKind kind, const char* app, const char* id, TreeCount* ret) {
        _cleanup_close_ int fd = kind == PLACE_POINT   ? place_open(p, "apps/%s/points/%s", app, id)
                               : kind == PLACE_APP     ? place_open(p, "apps/%s/data", app)
                               : kind == PLACE_SCRATCH ? place_open(p, "apps/%s/scratch", app)
                               : kind == PLACE_DUMPS   ? place_open(p, "apps/%s/dumps", app)
                                                       : place_open(p, "archives/%s", id);
        return fd < 0 ? fd : tree_measure(fd, NULL, ret);
}

int place_points(Place* p, const char* app, int (*each)(const char* point, void* userdata), void* userdata) {
        _cleanup_close_ int points = place_open(p, "apps/%s/points", app);
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        if (points < 0)
                return points == -ENOENT ? 0 : points;
        int r = tree_names_init(&names, points);
        while (r >= 0 && (r = tree_names_next(&names, &name, NULL)) > 0)
                if (id_valid(name))
                        r = each(name, userdata);
        return r;
}

int place_free_bytes(Place* p, uint64_t* ret) {
        struct statvfs v;
        if (fstatvfs(p->root, &v) < 0)
                return -errno;
        *ret = (uint64_t) v.f_bavail * v.f_frsize;
        return 0;
}

int place_point_open(Place* p, const char* app, const char* point, Error* reterr) {
        int fd = place_open(p, "apps/%s/points/%s", app, point);
        return fd < 0 ? not_there(reterr, fd, "restore point", point) : fd;
}

int place_dumps_open(Place* p, const char* app, const char* export) {
        return place_open(p, "apps/%s/dumps/%s", app, export);
}

/* --- exports --- */

int place_export_begin(Place* p, const char* id, int* ret_fd, Error* reterr) {
        _cleanup_spot_ Spot s = { .parent = -EBADF };
        int r = spot_open(p, PLACE_EXPORT, NULL, id, &s);
        if (r >= 0) {
                (void) unlinkat(s.parent, s.part, 0);
                *ret_fd = openat(s.parent, s.part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
                r = *ret_fd < 0 ? -errno : 0;
        }
        return r < 0 ? error_errno(reterr, r, "Cannot begin the export") : 0;
}

int place_export_finish(Place* p, const char* id, int fd, Error* reterr) {
        _cleanup_spot_ Spot s = { .parent = -EBADF };
        int r = spot_open(p, PLACE_EXPORT, NULL, id, &s);
        if (r >= 0 && (fchown(fd, 0, p->gid) < 0 || fchmod(fd, 0640) < 0 || fsync(fd) < 0 ||
                       renameat(s.parent, s.part, s.parent, s.name) < 0 || fsync(s.parent) < 0))
                r = -errno;
        return r < 0 ? error_errno(reterr, r, "Cannot finish the export") : 0;
}
