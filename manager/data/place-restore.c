/* A point takes the data's place, the data becomes a point: by one exchange of names, which is there or not.
 *
 * After a kill nobody can see from the names alone whether they were exchanged. So the inode of the tree that comes is written down
 * before; it keeps its number over a restart of the machine. */
#include "data/place-internal.h"
#include "base/file.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static int inode_of(int parent, const char* name, unsigned long long* ret) {
        struct stat st;
        if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        *ret = st.st_ino;
        return 0;
}

static int note_read(int points, const char* note, unsigned long long* ret) {
        _cleanup_free_ char* text = NULL;
        int r = file_read(points, note, 31, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return sscanf(text, "%llu", ret) == 1;
}

static int note_write(int points, const char* note, unsigned long long inode) {
        char text[32];
        int n = snprintf(text, sizeof(text), "%llu\n", inode);
        return file_write(points, note, text, (size_t) n, 0600);
}

static int exchange(int app, int points, const char* point) {
        if (renameat2(app, "data", points, point, RENAME_EXCHANGE) >= 0)
                return fsync(app) < 0 || fsync(points) < 0 ? -errno : 0;
        return -errno;
}

static int swap(int app, int points, const char* point, const char* replaced, const char* note) {
        unsigned long long comes = 0, is = 0;
        int r = note_read(points, note, &comes);
        if (r == 0) {
                r = inode_of(points, point, &comes);
                if (r >= 0)
                        r = note_write(points, note, comes);
        }
        if (r >= 0)
                r = inode_of(app, "data", &is);
        if (r >= 0 && is != comes)
                r = exchange(app, points, point);
        if (r >= 0 && (renameat(points, point, points, replaced) < 0 || fsync(points) < 0))
                r = -errno;
        return r;
}

int place_restore(Place* p, const char* app, const char* point, const char* replaced, Error* reterr) {
        char note[PLACE_NAME_BYTES];
        _cleanup_close_ int directory = place_open(p, "apps/%s", app), points = place_open(p, "apps/%s/points", app);
        (void) snprintf(note, sizeof(note), ".%.33s.swap", replaced);
        if (directory < 0 || points < 0)
                return not_there(reterr, directory < 0 ? directory : points, "restore point", point);
        int r = entry_exists(points, replaced) ? 0 : swap(directory, points, point, replaced, note);
        if (r == -ENOENT)
                return not_there(reterr, r, "restore point", point);
        if (r < 0)
                return error_errno(reterr, r, "Cannot put back the data of '%s'", app);
        if (unlinkat(points, note, 0) < 0 && errno != ENOENT)
                return error_errno(reterr, -errno, "Cannot put back the data of '%s'", app);
        return 0;
}
