/* Trees of any size and depth are measured, packed for elsewhere and removed; what does not fit is not begun. */
#include "base/time.h"
#include "data/tar.h"
#include "data/test-place.h"
#include "data/tree-internal.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* --- much --- */

#define DEEP 600
#define NAMES 1000

typedef struct Mover {
        int from, to;
        unsigned moves;
} Mover;

/* Once the walk is at the bottom. */
static bool move_away(const TreeCount* count, void* userdata) {
        Mover* v = userdata;
        if (count->files > DEEP + NAMES / 2 && v->moves == 0)
                v->moves += renameat(v->from, "down", v->to, "moved") >= 0;
        return true;
}

static void names_make(int fd, unsigned n) {
        char name[16];
        for (unsigned i = 0; i < n; i++) {
                (void) snprintf(name, sizeof(name), "n%u", i);
                ASSERT_TRUE(close(openat(fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0);
        }
}

TEST(who_moves_directories_while_they_are_measured_is_measured_all_the_same) {
        World w;
        TreeCount count = {};
        if (!world_up(&w))
                return;
        shell(&w, "mkdir tree");
        _cleanup_close_ int top = ASSERT_OK(openat(w.fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), middle = -EBADF;
        int fd = ASSERT_OK(fcntl(top, F_DUPFD_CLOEXEC, 3));
        for (unsigned i = 0; i < DEEP; i++) {
                if (i == DEEP / 2)
                        middle = ASSERT_OK(fcntl(fd, F_DUPFD_CLOEXEC, 3));
                ASSERT_OK(mkdirat(fd, "down", 0700));
                int next = ASSERT_OK(openat(fd, "down", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                (void) close(fd);
                fd = next;
        }
        names_make(fd, NAMES);
        (void) close(fd);
        names_make(top, 50);
        Mover v = { .from = middle, .to = top };
        ASSERT_OK(tree_measure(top, &(TreeWatch) { move_away, &v }, &count));
        ASSERT_EQ(v.moves, 1);
        ASSERT_TRUE(count.files >= DEEP + NAMES + 50);
        ASSERT_OK(tree_measure(top, NULL, &count));
        ASSERT_EQ(count.files, DEEP + NAMES + 50);
        world_down(&w);
}

TEST(deep_trees_are_refused_and_removed) {
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        TreeCount before = {}, after = {};
        struct rlimit limit = { 8192, 8192 };
        (void) setrlimit(RLIMIT_NOFILE, &limit);
        int fd = ASSERT_OK(openat(w.fd, DATA "/files", O_RDONLY | O_DIRECTORY));
        ASSERT_OK(place_measure(w.place, PLACE_APP, "notes", NULL, &before));
        for (unsigned i = 0; i < TREE_DEPTH_MAX + 500; i++) {
                if (i % 100 == 0) /* one is told before the directory, or the other behind it */
                        ASSERT_TRUE(close(openat(fd, "a", O_CREAT | O_WRONLY, 0600)) == 0 && close(openat(fd, "z", O_CREAT | O_WRONLY, 0600)) == 0);
                ASSERT_OK(mkdirat(fd, "down", 0700));
                int next = ASSERT_OK(openat(fd, "down", O_RDONLY | O_DIRECTORY));
                (void) close(fd);
                fd = next;
        }
        (void) close(fd);
        ASSERT_ERROR(copy(&w, "p", false, &e), error_name_errno(ERROR_WRONG_STATE));
        ASSERT_TRUE(strstr(e.message, "deep") != NULL);
        ASSERT_OK(place_measure(w.place, PLACE_APP, "notes", NULL, &after));
        ASSERT_EQ(after.files, before.files + TREE_DEPTH_MAX + 500 + 2 * (TREE_DEPTH_MAX + 500) / 100);
        world_down(&w);
}

static unsigned asked;
static bool ask(const TreeCount* count, void* userdata) {
        asked++;
        return true;
}

TEST(who_watches_is_asked_by_time_also) {
        const TreeWatch watch = { .go_on = ask };
        const uint64_t now = now_usec(CLOCK_MONOTONIC);
        TreeCount count = { .files = 1 };
        asked = 0; /* tests come in any order */
        ASSERT_OK(tree_watch_names(&watch, &count));
        ASSERT_EQ(asked, 0);
        count = (TreeCount) { .files = 256, .asked_usec = now };
        ASSERT_OK(tree_watch_names(&watch, &count));
        ASSERT_EQ(asked, 1);
        count = (TreeCount) { .files = 2, .asked_usec = now - 2 * USEC_PER_SEC }; /* two names in two seconds */
        ASSERT_OK(tree_watch_names(&watch, &count));
        ASSERT_EQ(asked, 2);
        count.files++;
        ASSERT_OK(tree_watch_names(&watch, &count));
        ASSERT_EQ(asked, 2);
}

TEST(what_does_not_fit_is_not_begun) {
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        struct statvfs v;
        TreeCount count = {};
        if (!world_up(&w))
                return;
        shell(&w, "head -c 5000000 /dev/urandom >" DATA "/files/big");
        ASSERT_OK(statvfs(w.root, &v));
        PlaceCopy how = { .from_app = "notes", .from_slot = SLOT, .app = "notes", .slot = SLOT, .point = "p", .reserve = v.f_bavail * v.f_frsize };
        ASSERT_ERROR(place_copy(w.place, &how, &count, &e), ENOSPC);
        ASSERT_TRUE(error_has_name(&e, ERROR_STORAGE_FULL) && strstr(e.message, "takes 5 MB") && e.hint);
        shell(&w, "test -z \"$(ls -A apps/notes/points)\"");
        world_down(&w);
}

/* --- archives for elsewhere --- */

TEST(tar_is_what_others_read) {
        World w;
        TreeCount count = {};
        uint64_t size = 0;
        _cleanup_(tar_freep) Tar* tar = NULL;
        if (!world_up(&w))
                return;
        furnish(&w);
        shell(&w, "cd " DATA "/files && mkdir -p $(printf 'long%.0s' $(seq 50))/$(printf 'deep%.0s' $(seq 40)) && rm pipe && chown -hR 1879375872:1879375872 . && echo end >$(printf 'long%.0s' $(seq 50))/f");
        _cleanup_close_ int out = ASSERT_OK(openat(w.fd, "x.tar", O_RDWR | O_CREAT, 0600)), tree = ASSERT_OK(openat(w.fd, DATA, O_RDONLY | O_DIRECTORY));
        ASSERT_OK(tar_new(out, &tar));
        ASSERT_OK(tar_text(tar, "compose.yaml", "services: {}\n", 0644));
        ASSERT_OK(tar_tree(tar, "data", tree, BASE, NULL, &count));
        ASSERT_OK(tar_finish(tar, &size));
        struct stat st;
        ASSERT_OK(fstat(out, &st));
        ASSERT_EQ((uint64_t) st.st_size, size);
        ASSERT_TRUE(size < 100 * 1024 * 1024); /* the hole of 40 GB is none */
        shell(&w, "mkdir there && tar --numeric-owner --xattrs -xpf x.tar -C there && test \"$(cat there/compose.yaml)\" = 'services: {}' && test $(stat -c %u,%g there/data/files/big) = 0,0");
        shell(&w, "diff -r --no-dereference " DATA "/files/a there/data/files/a && cmp " DATA "/files/big there/data/files/big && test $(stat -c %s there/data/files/sparse) = $(stat -c %s " DATA "/files/sparse)"
                 " && test $(du -k there/data/files/sparse | cut -f1) -lt 10000 && test $(stat -c %h there/data/files/hard) = 3 && test \"$(readlink there/data/files/away)\" = ../../../../outside"
                 " && test $(find " DATA " | wc -l) = $(find there/data | wc -l) && rm -rf there x.tar");
        world_down(&w);
}

static int to_file(const void* bytes, size_t size, void* userdata) {
        ASSERT_TRUE(size > 0 && size <= TAR_BLOCK);
        return write(*(int*) userdata, bytes, size) == (ssize_t) size ? 0 : -EIO;
}

static int to_nobody(const void* bytes, size_t size, void* userdata) {
        return -EPIPE;
}

static bool take_away(const TreeCount* count, void* userdata) {
        shell(userdata, "rm -rf " DATA "/files/going/*");
        return true;
}

TEST(a_tar_that_is_passed_on_bears_what_moves_meanwhile) {
        for (unsigned moving = 0; moving < 2; moving++) {
                World w;
                TreeCount count = {};
                uint64_t size = 0;
                _cleanup_(tar_freep) Tar* tar = NULL;
                if (!world_up(&w))
                        return;
                shell(&w, "mkdir " DATA "/files/going && for i in $(seq 9); do echo $i >" DATA "/files/going/$i; done");
                _cleanup_close_ int out = ASSERT_OK(openat(w.fd, "x.tar", O_RDWR | O_CREAT, 0600)), tree = ASSERT_OK(openat(w.fd, DATA "/files/going", O_RDONLY | O_DIRECTORY));
                const TreeWatch watch = { .go_on = take_away, .userdata = &w, .moving = moving };
                ASSERT_OK(tar_new_to(to_file, &out, &tar));
                int r = tar_tree(tar, "going", tree, BASE, &watch, &count);
                if (moving) { /* the first was read, the rest had been listed */
                        ASSERT_OK(r);
                        ASSERT_EQ(count.skipped, 8);
                        ASSERT_OK(tar_finish(tar, &size));
                        ASSERT_EQ(lseek(out, 0, SEEK_END), size); /* by this who reads it knows that all of it came */
                        shell(&w, "test $(tar -tf x.tar | wc -l) = 2 && rm x.tar");
                } else {
                        ASSERT_ERROR(r, ENOENT);
                        tar = tar_free(tar);
                        shell(&w, "! tar -tf x.tar >/dev/null 2>&1 || test ! -s x.tar && rm x.tar");
                }
                world_down(&w);
        }
}

/* Each level keeps a directory open: as many as the unit of steadbox-inside may have. Deeper is an error, and nothing that moved meanwhile. */
TEST(a_tar_goes_down_as_far_as_copies_do) {
        static const struct {
                unsigned depth;
                int error;
        } cases[] = { { TREE_DEPTH_MAX, 0 }, { TREE_DEPTH_MAX + 1, ENAMETOOLONG } };
        const TreeWatch watch = { .go_on = ask, .moving = true };
        struct rlimit before, unit = { 4096, 4096 };
        World w;
        if (!world_up(&w))
                return;
        ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
        unit.rlim_max = before.rlim_max;
        ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &unit), 0);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                TreeCount count = {};
                uint64_t size = 0;
                _cleanup_(tar_freep) Tar* tar = NULL;
                ASSERT_EQ(mkdirat(w.fd, "deep", 0700), 0);
                int fd = ASSERT_OK(openat(w.fd, "deep", O_RDONLY | O_DIRECTORY));
                for (unsigned n = 0; n < cases[i].depth; n++) {
                        ASSERT_EQ(mkdirat(fd, "d", 0700), 0);
                        int next = ASSERT_OK(openat(fd, "d", O_RDONLY | O_DIRECTORY));
                        (void) close(fd);
                        fd = next;
                }
                (void) close(fd);
                _cleanup_close_ int out = ASSERT_OK(openat(w.fd, "x.tar", O_RDWR | O_CREAT | O_TRUNC, 0600));
                _cleanup_close_ int tree = ASSERT_OK(openat(w.fd, "deep", O_RDONLY | O_DIRECTORY));
                ASSERT_OK(tar_new(out, &tar));
                int r = tar_tree(tar, "deep", tree, BASE, &watch, &count);
                if (cases[i].error)
                        ASSERT_ERROR(r, cases[i].error);
                else {
                        ASSERT_OK(r);
                        ASSERT_OK(tar_finish(tar, &size));
                        ASSERT_EQ(count.files, cases[i].depth);
                }
                ASSERT_OK(tree_remove(w.fd, "deep", NULL));
        }
        ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
        world_down(&w);
}

/* In a mount namespace of our own, where we may mount. Only root can. */
TEST(what_is_mounted_below_is_not_removed) {
        World w;
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                puts("# skipped: no permission for a mount namespace");
                return;
        }
        if (!world_up(&w))
                return;
        shell(&w, "mkdir -p going/there && echo 1 >going/mine && mount -t tmpfs none going/there && echo 1 >going/there/theirs");
        ASSERT_ERROR(tree_remove(w.fd, "going", NULL), EXDEV);
        shell(&w, "test -e going/there/theirs && umount going/there && mount --bind going/there going/there && echo 1 >going/there/same");
        ASSERT_ERROR(tree_remove(w.fd, "going", NULL), EXDEV);
        shell(&w, "test -e going/there/same && umount going/there");
        ASSERT_OK(tree_remove(w.fd, "going", NULL));
        shell(&w, "test ! -e going");
        world_down(&w);
}

/* Refused among headers and in the middle of content: libarchive ends differently (the sanitizers see what it keeps). */
TEST(a_tar_that_nobody_takes_ends) {
        static const char* const trees[] = {
                "mkdir -p t && cd t && touch $(seq 200)",
                "mkdir -p t && head -c 200000 /dev/urandom >t/big",
        };
        for (size_t i = 0; i < ELEMENTS(trees); i++) {
                World w;
                TreeCount count = {};
                _cleanup_(tar_freep) Tar* tar = NULL;
                if (!world_up(&w))
                        return;
                shell(&w, trees[i]);
                _cleanup_close_ int tree = ASSERT_OK(openat(w.fd, "t", O_RDONLY | O_DIRECTORY));
                ASSERT_OK(tar_new_to(to_nobody, NULL, &tar));
                ASSERT_ERROR(tar_tree(tar, "data", tree, BASE, NULL, &count), EPIPE);
                world_down(&w);
        }
}

/* Of all exports together, and not among the app's own. */
TEST(dumps_are_measured) {
        World w;
        TreeCount none = {}, dumps = {}, before = {}, after = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        ASSERT_ERROR(place_measure(w.place, PLACE_DUMPS, "notes", NULL, &none), ENOENT);
        ASSERT_OK(place_measure(w.place, PLACE_APP, "notes", NULL, &before));
        shell(&w, "mkdir -p apps/notes/dumps/one apps/notes/dumps/two && head -c 300000 /dev/urandom >apps/notes/dumps/one/a.sql && cp apps/notes/dumps/one/a.sql apps/notes/dumps/two");
        ASSERT_OK(place_measure(w.place, PLACE_DUMPS, "notes", NULL, &dumps));
        ASSERT_TRUE(dumps.bytes >= 300000);
        ASSERT_OK(place_measure(w.place, PLACE_APP, "notes", NULL, &after));
        ASSERT_EQ(after.bytes, before.bytes);
        ASSERT_OK(place_remove(w.place, PLACE_DUMPS, "notes", "one", NULL, &e));
        ASSERT_OK(place_remove(w.place, PLACE_DUMPS, "notes", "two", NULL, &e));
        TreeCount rest = {};
        int r = place_measure(w.place, PLACE_DUMPS, "notes", NULL, &rest);
        ASSERT_TRUE(r == -ENOENT || (r >= 0 && rest.bytes < 300000));
        world_down(&w);
}

TEST(exports_are_there_when_whole_and_go) {
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        int fd;
        if (!world_up(&w))
                return;
        for (unsigned i = 0; i < 2; i++) {
                ASSERT_OK(place_export_begin(w.place, "one", &fd, &e));
                ASSERT_EQ(write(fd, "tar", 3), 3);
                shell(&w, "test ! -e exports/one.tar && test $(ls -A exports | wc -l) = 1");
                if (i == 1) { /* as finished, and as left behind */
                        ASSERT_OK(place_export_finish(w.place, "one", fd, &e));
                        shell(&w, "test $(stat -c %a,%u exports/one.tar) = 640,0 && touch exports/two.tar");
                }
                (void) close(fd);
                ASSERT_OK(place_remove(w.place, PLACE_EXPORT, "", "one", NULL, &e));
                ASSERT_OK(place_remove(w.place, PLACE_EXPORT, "", "one", NULL, &e)); /* asked again */
                shell(&w, i == 1 ? "test \"$(ls -A exports)\" = two.tar" : "test -z \"$(ls -A exports)\"");
        }
        world_down(&w);
}

TEST_MAIN()
