/* Copies that put themselves into their place, in one pass or two.
 *
 * The first pass may run beside the app. It leaves a mark with the moment it began, and makes the file system write out what is dirty: a page that
 * is written through a mapping after that is noticed by the kernel again, which moves the file's ctime. So in the second pass, when the app stands,
 * a file whose ctime is older than the mark by a margin is what was copied. That holds only within one boot, where the wall clock was not
 * moved, and otherwise everything is copied again. */
#include "data/place-internal.h"
#include "base/file.h"
#include "base/time.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define MARK "started"
#define MARGIN_NSEC 2000000000ll           /* coarse clocks of file systems; changes of the very moment */
#define CLOCK_MOVED_USEC 500000ll
#define EARLY_USEC (3600 * USEC_PER_SEC)   /* an app that writes faster than we copy has an end too */
#define LINKS_DIRECTORY "links"
#define MB (1024 * 1024)

typedef struct Mark {
        char boot[40];
        long long offset_usec;       /* wall clock minus time since boot */
        unsigned long long total;    /* bytes there were to copy */
        int64_t at_nsec;             /* of the file system's own clock */
} Mark;

static long long clock_offset(void) {
        return (long long) (now_usec(CLOCK_REALTIME) - now_usec(CLOCK_BOOTTIME));
}

static int boot_id(char ret[static 40]) {
        _cleanup_free_ char* text = NULL;
        int r = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, NULL);
        if (r >= 0)
                (void) snprintf(ret, 40, "%.36s", text);
        return r;
}

static int mark_write(int work, uint64_t total, Mark* ret) {
        Mark m = { .offset_usec = clock_offset(), .total = total };
        char text[128];
        struct stat st;
        int r = boot_id(m.boot);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = openat(work, MARK, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        int n = snprintf(text, sizeof(text), "%s %lld %llu\n", m.boot, m.offset_usec, m.total);
        r = write_full(fd, text, (size_t) n);
        if (r >= 0 && fstat(fd, &st) < 0)
                r = -errno;
        if (r < 0)
                return r;
        m.at_nsec = (int64_t) st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
        *ret = m;
        return 0;
}

/* 1 = there is one that can be believed, 0 = not. */
static int mark_read(int work, Mark* ret) {
        _cleanup_free_ char* text = NULL;
        Mark m = {};
        char now[40];
        struct stat st;
        if (file_read(work, MARK, 127, &text, NULL) < 0 || sscanf(text, "%39s %lld %llu", m.boot, &m.offset_usec, &m.total) != 3)
                return 0;
        if (boot_id(now) < 0 || !streq(now, m.boot) || llabs(clock_offset() - m.offset_usec) > CLOCK_MOVED_USEC)
                return 0;
        if (fstatat(work, MARK, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        m.at_nsec = (int64_t) st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
        *ret = m;
        return 1;
}

/* Whether the file system shares blocks between files: then a copy takes hardly any room. */
static bool can_share(int work) {
        _cleanup_close_ int a = openat(work, "a", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        _cleanup_close_ int b = openat(work, "b", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        bool yes = a >= 0 && b >= 0 && write_full(a, "x", 1) >= 0 && ioctl(b, FICLONE, a) >= 0;
        (void) unlinkat(work, "a", 0);
        (void) unlinkat(work, "b", 0);
        return yes;
}

static int space_error(const PlaceCopy* how, uint64_t need, uint64_t free_bytes, Error* reterr) {
        (void) error_set(reterr, ERROR_STORAGE_FULL, "A copy of the data of '%s' takes %llu MB, and %llu MB are free, of which %llu MB stay free for the machine.",
                         how->from_app, (unsigned long long) (need / MB) + 1, (unsigned long long) (free_bytes / MB), (unsigned long long) (how->reserve / MB));
        return error_hint(reterr, "Delete what is not needed, such as old versions and archives, or give the machine a bigger disk.");
}

static int prepare(Place* p, const PlaceCopy* how, int from, int work, Mark* ret, int64_t* ret_since, Error* reterr) {
        TreeCount there = {};
        uint64_t free_bytes = 0;
        *ret_since = 0;
        if (mark_read(work, ret) > 0) {
                *ret_since = ret->at_nsec - MARGIN_NSEC;
                return 0;
        }
        int r = tree_measure(from, &how->watch, &there);
        if (r >= 0)
                r = place_free_bytes(p, &free_bytes);
        if (r >= 0 && there.bytes + how->reserve > free_bytes && !can_share(work))
                return space_error(how, there.bytes, free_bytes, reterr);
        if (r >= 0)
                r = mark_write(work, there.bytes, ret);
        if (r >= 0 && how->early && syncfs(from) < 0)
                r = -errno;
        return r < 0 && r != -ECANCELED ? error_errno(reterr, r, "Cannot begin to copy the data of '%s'", how->from_app) : r;
}

/* The tree is whole: root's at the top, on the disk, under its name. Before it has that, its files have no names but their own. */
static int finish(Spot* s, int work, int part) {
        int r = tree_remove(work, LINKS_DIRECTORY, NULL);
        if (r < 0)
                return r;
        if (fchown(part, 0, 0) < 0 || fchmod(part, 0755) < 0 || syncfs(part) < 0)
                return -errno;
        if (renameat(s->parent, s->part, s->parent, s->name) < 0 || fsync(s->parent) < 0)
                return -errno;
        return 0;
}

static int copy_into(Place* p, const PlaceCopy* how, int from, Spot* s, TreeCount* ret, Error* reterr) {
        _cleanup_close_ int work = place_make(p, s->parent, s->work, 0700, 0), part = place_make(p, s->parent, s->part, 0700, 0);
        Mark mark = {};
        int64_t since = 0;
        int r = work < 0 ? work : part < 0 ? part : tree_remove(work, LINKS_DIRECTORY, NULL);
        _cleanup_close_ int links = r < 0 ? r : place_make(p, work, LINKS_DIRECTORY, 0700, 0);
        if (links < 0)
                return error_errno(reterr, links, "Cannot begin to copy the data of '%s'", how->from_app);
        r = prepare(p, how, from, work, &mark, &since, reterr);
        if (r < 0)
                return r;
        if (how->total)
                *how->total = mark.total;
        TreeCopy copy = {
                .from_base = APP_UID_BASE + how->from_slot * APP_UIDS, .to_base = APP_UID_BASE + how->slot * APP_UIDS, .moving = how->early,
                .since_nsec = since, .work_fd = links, .until_usec = how->early ? now_usec(CLOCK_MONOTONIC) + EARLY_USEC : 0,
                .reserve = how->reserve, .without = how->without, .watch = how->watch,
        };
        r = tree_copy(from, part, &copy, ret, reterr);
        if (r < 0 || how->early)
                return r;
        r = finish(s, work, part);
        return r < 0 ? error_errno(reterr, r, "Cannot finish the copy of the data of '%s'", how->from_app) : 0;
}

/* The data of an app that keeps none is a directory with nothing in it. Where one that does has none there, it lies
 * elsewhere. */
static int data_open(Place* p, const char* app, bool keeps_none) {
        int fd = place_open(p, "apps/%s/data", app);
        if (fd != -ENOENT || !keeps_none)
                return fd;
        _cleanup_close_ int directory = place_open(p, "apps/%s", app);
        return directory < 0 ? directory : place_make(p, directory, "data", 0755, 0);
}

int place_copy(Place* p, const PlaceCopy* how, TreeCount* ret, Error* reterr) {
        _cleanup_spot_ Spot s = { .parent = -EBADF };
        int r = spot_open_making(p, PLACE_POINT, how->app, how->point, &s);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open the directory of '%s'", how->app);
        if (entry_exists(s.parent, s.name)) { /* was finished, and nobody heard */
                (void) tree_remove(s.parent, s.work, NULL);
                (void) tree_remove(s.parent, s.part, NULL);
                return place_measure(p, how->point ? PLACE_POINT : PLACE_APP, how->app, how->point, ret);
        }
        _cleanup_close_ int from = how->from_point
                                         ? place_open(p, "apps/%s/points/%s", how->from_app, how->from_point)
                                         : data_open(p, how->from_app, how->keeps_none);
        if (from < 0)
                return not_there(reterr, from, how->from_point ? "restore point" : "data of app", how->from_point ?: how->from_app);
        r = copy_into(p, how, from, &s, ret, reterr);
        if (r == -ENOSPC) /* what was begun must not keep the disk full */
                (void) tree_remove(s.parent, s.part, NULL);
        if (r == -ENOSPC || (r >= 0 && !how->early))
                (void) tree_remove(s.parent, s.work, NULL);
        return r;
}
