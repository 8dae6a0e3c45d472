/* Data of apps that mean us no good: whatever lies in a tree, and whatever happens to it meanwhile, copies hold what they should, and nothing else
 * on the machine is touched. Needs root, as the job does. */
#include "base/test.h"
#include "base/file.h"
#include "base/time.h"
#include "data/place.h"
#include "data/tar.h"
#include "data/tree-internal.h"
#include <endian.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define SLOT 5
#define BASE (APP_UID_BASE + SLOT * APP_UIDS)
#define OTHER 9
#define OTHER_BASE (APP_UID_BASE + OTHER * APP_UIDS)

typedef struct World {
        char root[64];
        int fd;              /* of root */
        Place* place;
} World;

static void shell(const World* w, const char* command) {
        _cleanup_free_ char* line = NULL;
        ASSERT_TRUE(asprintf(&line, "cd %s && %s", w->root, command) > 0);
        if (system(line) != 0)
                TEST_FAIL("failed: %s", command);
}

/* False: not root here, nothing can be tested. */
static bool world_up(World* w) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (geteuid() != 0) {
                puts("# skipped: needs root");
                return false;
        }
        *w = (World) { .root = "/var/tmp/test-data-XXXXXX" }; /* a file system of the kind that apps have, not tmpfs */
        ASSERT_TRUE(mkdtemp(w->root));
        w->fd = ASSERT_OK(open(w->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        shell(w, "mkdir apps archives exports outside && echo secret >outside/victim && chmod 600 outside/victim && chmod 710 outside");
        ASSERT_OK(place_new(w->root, 0, &w->place, &e));
        ASSERT_OK(place_create(w->place, "notes", SLOT, (PlaceData[]) { { "files", 0, 0 }, { "db", 999, 999 } }, 2, &e));
        return true;
}

static void world_down(World* w) {
        shell(w, "test $(cat outside/victim) = secret && test $(stat -c %a,%u outside/victim) = 600,0 && test $(stat -c %a,%u outside) = 710,0 && test $(ls outside | wc -l) = 1");
        w->place = place_free(w->place);
        (void) close(w->fd);
        ASSERT_OK(tree_remove(AT_FDCWD, w->root, NULL));
        ASSERT_TRUE(access(w->root, F_OK) < 0);
}

/* --- comparing --- */

static void same_attributes(int a, int b, const char* name) {
        char la[4096], lb[4096];
        ssize_t na = flistxattr(a, la, sizeof(la)), nb = flistxattr(b, lb, sizeof(lb));
        size_t counted[2] = {};
        for (ssize_t at = 0; at < na; at += (ssize_t) strlen(la + at) + 1) {
                char va[4096], vb[4096];
                if (!startswith(la + at, "user.") || streq(la + at, TREE_MARK)) /* the mark is ours alone, even where the app sets it */
                        continue;
                counted[0]++;
                ssize_t sa = fgetxattr(a, la + at, va, sizeof(va)), sb = fgetxattr(b, la + at, vb, sizeof(vb));
                if (sa != sb || memcmp(va, vb, (size_t) sa) != 0)
                        TEST_FAIL("attribute %s of %s differs", la + at, name);
        }
        for (ssize_t at = 0; at < nb; at += (ssize_t) strlen(lb + at) + 1)
                counted[1] += startswith(lb + at, "user.") && !streq(lb + at, TREE_MARK);
        if (counted[0] != counted[1])
                TEST_FAIL("%s has %zu attributes and its copy %zu", name, counted[0], counted[1]);
}

static void same_content(int a, int b, const char* name) {
        static char ba[65536], bb[65536];
        for (off_t at = 0;;) {
                ssize_t na = pread(a, ba, sizeof(ba), at), nb = pread(b, bb, sizeof(bb), at);
                if (na != nb || (na > 0 && memcmp(ba, bb, (size_t) na) != 0))
                        TEST_FAIL("content of '%s' differs", name);
                if (na <= 0)
                        return;
                at += na;
                if (at > 64 * 1024 * 1024) /* the rest of huge holes */
                        return;
        }
}

static void same_tree(int a, int b, uint32_t from, uint32_t to);

static void same_entry(int a, int b, const char* name, uint32_t from, uint32_t to) {
        struct stat sa, sb;
        if (fstatat(a, name, &sa, AT_SYMLINK_NOFOLLOW) < 0 || fstatat(b, name, &sb, AT_SYMLINK_NOFOLLOW) < 0)
                TEST_FAIL("'%s' is not in both", name);
        if (sa.st_mode != sb.st_mode || sb.st_uid != tree_id_shift(sa.st_uid, from, to) || sb.st_gid != tree_id_shift(sa.st_gid, from, to))
                TEST_FAIL("'%s': %o %u:%u became %o %u:%u", name, sa.st_mode, sa.st_uid, sa.st_gid, sb.st_mode, sb.st_uid, sb.st_gid);
        if (sa.st_mtim.tv_sec != sb.st_mtim.tv_sec || sa.st_mtim.tv_nsec != sb.st_mtim.tv_nsec)
                TEST_FAIL("the time of '%s' differs", name);
        if (S_ISLNK(sa.st_mode)) {
                char ta[4096] = {}, tb[4096] = {};
                ASSERT_TRUE(readlinkat(a, name, ta, sizeof(ta) - 1) >= 0 && readlinkat(b, name, tb, sizeof(tb) - 1) >= 0);
                ASSERT_STREQ(ta, tb);
        }
        if (!S_ISREG(sa.st_mode) && !S_ISDIR(sa.st_mode))
                return;
        _cleanup_close_ int fa = openat(a, name, O_RDONLY | O_NOFOLLOW), fb = openat(b, name, O_RDONLY | O_NOFOLLOW);
        ASSERT_TRUE(fa >= 0 && fb >= 0);
        same_attributes(fa, fb, name);
        if (S_ISDIR(sa.st_mode)) {
                same_tree(fa, fb, from, to);
                return;
        }
        if (sa.st_size != sb.st_size || sa.st_nlink != sb.st_nlink)
                TEST_FAIL("'%s': size %lld links %lu became %lld, %lu", name, (long long) sa.st_size, (unsigned long) sa.st_nlink, (long long) sb.st_size, (unsigned long) sb.st_nlink);
        same_content(fa, fb, name);
}

/* What is complete has no mark of the first pass, also where the app planted one. */
static void unmarked(const World* w, const char* path) {
        char value[16];
        _cleanup_close_ int fd = ASSERT_OK(openat(w->fd, path, O_RDONLY | O_DIRECTORY));
        ASSERT_TRUE(fgetxattr(fd, TREE_MARK, value, sizeof(value)) < 0);
}

static unsigned entries(int fd) {
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        unsigned n = 0;
        ASSERT_OK(tree_names_init(&names, fd));
        while (tree_names_next(&names, &name, NULL) > 0)
                n++;
        return n;
}

static void same_tree(int a, int b, uint32_t from, uint32_t to) {
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        ASSERT_OK(tree_names_init(&names, a));
        while (tree_names_next(&names, &name, NULL) > 0)
                same_entry(a, b, name, from, to);
        ASSERT_EQ(entries(a), entries(b));
}

static void same(const World* w, const char* a, const char* b, uint32_t from, uint32_t to) {
        _cleanup_close_ int fa = openat(w->fd, a, O_RDONLY | O_DIRECTORY), fb = openat(w->fd, b, O_RDONLY | O_DIRECTORY);
        ASSERT_TRUE(fa >= 0 && fb >= 0);
        same_tree(fa, fb, from, to);
}

/* --- what an app may leave --- */

#define DATA "apps/notes/data"

static void own(const World* w) { /* all of it as the app would have made it */
        char command[128];
        (void) snprintf(command, sizeof(command), "chown -hR %u:%u " DATA "/files && chown -h %u:%u " DATA "/files/many/7", BASE + 33, BASE + 34, BASE + 65534, BASE);
        shell(w, command);
}

static void attribute(const World* w, const char* path, const char* name, const char* value) {
        _cleanup_close_ int fd = ASSERT_OK(openat(w->fd, path, O_RDONLY));
        if (fsetxattr(fd, name, value, strlen(value), 0) < 0)
                ASSERT_EQ(errno, EOPNOTSUPP);
}

static void furnish(const World* w) {
        shell(w, "cd " DATA "/files && mkdir -p a/b/c many && echo hello >a/b/c/text && touch empty && ln -s /etc/passwd link && ln -s ../../../../outside away"
                 " && ln -s '' x 2>/dev/null || ln -s nowhere x; mkfifo pipe && ln a/b/c/text hard && ln a/b/c/text a/hard2 && truncate -s 40G sparse"
                 " && printf data | dd of=sparse bs=1 seek=1000000 conv=notrunc status=none && dd if=/dev/urandom of=big bs=64k count=40 status=none"
                 " && printf new >new && mkdir 0 && echo zero >0/0 && mkdir .part && touch \"$(printf 'n\\nl\\377 \\\\')\" -- '-rf' && seq 200 | (cd many && xargs touch)");
        own(w);
        shell(w, "cd " DATA "/files && chmod 4755 hard && chmod 2770 a && chmod 0 empty && chmod 1777 many && chmod 000 0 && touch -d 1975-03-02T01:02:03.123456789 big a/b");
        attribute(w, DATA "/files/big", "user.note", "kept");
        attribute(w, DATA "/files/a", "user.steadbox.inode", "planted");
}

static int copy(World* w, const char* point, bool early, Error* e) {
        TreeCount count = {};
        return place_copy(w->place, &(PlaceCopy) { .from_app = "notes", .from_slot = SLOT, .app = "notes", .slot = SLOT, .point = point, .early = early }, &count, e);
}

TEST(copies_are_faithful) {
        World w;
        TreeCount count = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        furnish(&w);
        ASSERT_OK(place_copy(w.place, &(PlaceCopy) { .from_app = "notes", .from_slot = SLOT, .app = "notes", .slot = SLOT, .point = "p1" }, &count, &e));
        same(&w, DATA, "apps/notes/points/p1", BASE, BASE);
        unmarked(&w, "apps/notes/points/p1/files/a");
        ASSERT_TRUE(count.files > 200 && count.bytes < 100 * 1024 * 1024); /* the hole of 40 GB is none */
        shell(&w, "test $(du -sk apps/notes/points/p1 | cut -f1) -lt 100000 && test -z \"$(ls -A apps/notes/points | grep -v '^p1$')\"");
        ASSERT_OK(place_copy(w.place, &(PlaceCopy) { .from_app = "notes", .from_slot = SLOT, .from_point = "p1", .app = "twin", .slot = OTHER }, &count, &e));
        same(&w, "apps/notes/points/p1", "apps/twin/data", BASE, OTHER_BASE);
        shell(&w, "test $(stat -c %u,%g apps/twin/data) = 0,0");
        ASSERT_OK(copy(&w, "p1", false, &e)); /* asked again */
        world_down(&w);
}

TEST(what_is_no_data_stays_out) {
        World w;
        TreeCount count = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        shell(&w, "cd " DATA "/files && mknod white c 0 0 && cp /bin/true sharp && chown 0:0 sharp && chmod 6755 sharp");
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/" DATA "/files/socket", w.root);
        _cleanup_close_ int s = socket(AF_UNIX, SOCK_STREAM, 0);
        ASSERT_OK(bind(s, &sa, sizeof(sa)));
        ASSERT_OK(place_copy(w.place, &(PlaceCopy) { .from_app = "notes", .from_slot = SLOT, .app = "notes", .slot = SLOT, .point = "p" }, &count, &e));
        ASSERT_EQ(count.skipped, 2);
        shell(&w, "test $(ls apps/notes/points/p/files) = sharp"); /* root's own file, set-uid: the copy is the app's */
        char command[96];
        (void) snprintf(command, sizeof(command), "test $(stat -c %%u,%%g apps/notes/points/p/files/sharp) = %u,%u", BASE, BASE);
        shell(&w, command);
        world_down(&w);
}

/* It is updated, copied and brought back like any other. */
TEST(an_app_without_data_has_points_too) {
        World w;
        TreeCount count = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        shell(&w, "rmdir apps/notes/data/* apps/notes/data");
        PlaceCopy how = { .from_app = "notes", .from_slot = SLOT, .app = "notes", .slot = SLOT, .point = "p", .early = true };
        ASSERT_ERROR(place_copy(w.place, &how, &count, &e), ENOENT); /* of one that is to have some, it lies elsewhere */
        ASSERT_TRUE(error_has_name(&e, ERROR_NOT_FOUND));
        shell(&w, "test ! -e apps/notes/data && test ! -e apps/notes/points/p");
        error_done(&e);
        e = ERROR_NULL;
        how.keeps_none = true;
        ASSERT_OK(place_copy(w.place, &how, &count, &e));
        how.early = false;
        ASSERT_OK(place_copy(w.place, &how, &count, &e));
        shell(&w, "rmdir apps/notes/data && mkdir apps/notes/data && echo new >apps/notes/data/new"); /* the next version has some */
        ASSERT_OK(place_restore(w.place, "notes", "p", "q", &e));
        shell(&w, "test -z \"$(ls -A apps/notes/data)\" && test $(cat apps/notes/points/q/new) = new && rm -r apps/notes/data");
        how = (PlaceCopy) { .from_app = "notes", .from_slot = SLOT, .app = "other", .slot = OTHER, .keeps_none = true };
        ASSERT_OK(place_copy(w.place, &how, &count, &e));
        shell(&w, "test -z \"$(ls -A apps/other/data)\"");
        ASSERT_ERROR(place_copy(w.place, &(PlaceCopy) { .from_app = "none", .from_slot = SLOT, .app = "third", .slot = OTHER }, &count, &e), ENOENT);
        world_down(&w);
}

TEST(caches_stay_out) {
        World w;
        TreeCount count = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        shell(&w, "echo x >" DATA "/files/x && mkdir " DATA "/files/db && echo y >" DATA "/files/db/y && echo z >" DATA "/db/z");
        const char* const without[] = { "db", NULL };
        ASSERT_OK(place_copy(w.place, &(PlaceCopy) { .from_app = "notes", .from_slot = SLOT, .app = "notes", .slot = SLOT, .point = "p", .without = without }, &count, &e));
        shell(&w, "cd apps/notes/points/p && test -z \"$(ls db)\" && test $(cat files/db/y) = y");
        char command[96];
        (void) snprintf(command, sizeof(command), "test $(stat -c %%u,%%g apps/notes/points/p/db) = %u,%u", BASE + 999, BASE + 999);
        shell(&w, command);
        world_down(&w);
}

/* --- a second pass --- */

static const char* const changes[] = {
        "echo more >>a/b/c/text",
        "touch -r big stamp && head -c 2621440 /dev/urandom >big && touch -r stamp big && rm stamp",   /* same size, same time */
        "rm hard && echo other >hard",
        "rm -r many && echo 'a file now' >many",
        "rm empty && mkdir empty && echo in >empty/in",
        "rm link && ln -s /etc/shadow link",
        "mv a z && mkdir a && echo new >a/text",
        "chmod 600 -- -rf",
        "ln z/hard2 a/hard3 && mv 0 1",
        "rm pipe x",
        "truncate -s 41G sparse && printf tail >>sparse",
        /* Two directories of files that look alike change places: only the directories' inodes tell. */
        "mkdir -p s1/in s2/in && echo 1111 >s1/in/f && echo 2222 >s2/in/f && touch -d 2001-01-01 s1/in/f s2/in/f s1/in s2/in s1 s2",
        "mv s1 s3 && mv s2 s1 && mv s3 s2",
};

TEST(second_pass_brings_everything) {
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        furnish(&w);
        ASSERT_OK(copy(&w, "p", true, &e));
        shell(&w, "test ! -e apps/notes/points/p && sleep 2.2"); /* beyond the margin: what was not touched is believed from here */
        for (size_t i = 0; i < ELEMENTS(changes); i++) {
                char command[512];
                (void) snprintf(command, sizeof(command), "cd " DATA "/files && { %s; }", changes[i]);
                shell(&w, command);
                attribute(&w, i % 2 ? DATA "/files/big" : DATA "/files/sparse", "user.other", changes[i]);
                ASSERT_OK(copy(&w, "p", i % 3 != 2, &e));
                if (i % 3 == 2) {
                        same(&w, DATA, "apps/notes/points/p", BASE, BASE);
                        ASSERT_OK(place_remove(w.place, PLACE_POINT, "notes", "p", NULL, &e));
                        ASSERT_OK(copy(&w, "p", true, &e));
                        shell(&w, "sleep 2.2");
                }
        }
        ASSERT_OK(copy(&w, "p", false, &e));
        same(&w, DATA, "apps/notes/points/p", BASE, BASE);
        world_down(&w);
}

TEST(second_pass_leaves_what_is_there) {
        World w;
        TreeCount count = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        furnish(&w);
        shell(&w, "sleep 2.2");
        ASSERT_OK(copy(&w, "p", true, &e));
        ASSERT_OK(place_copy(w.place, &(PlaceCopy) { .from_app = "notes", .from_slot = SLOT, .app = "notes", .slot = SLOT, .point = "p" }, &count, &e));
        ASSERT_EQ(count.copied + count.shared, 0);
        unmarked(&w, "apps/notes/points/p/files/a");
        unmarked(&w, "apps/notes/points/p/files/many");
        same(&w, DATA, "apps/notes/points/p", BASE, BASE);
        world_down(&w);
}

/* A file with names in several directories, of which one is moved between the passes, so that not all names are believed. */
TEST(second_pass_keeps_links_together) {
        static const char* const moves[] = { "mv a z", "mkdir y && mv z/b y", "mv y/b/c c && mv z a" };
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        furnish(&w);
        for (size_t i = 0; i < ELEMENTS(moves); i++) {
                char command[128];
                shell(&w, "sleep 2.2");
                ASSERT_OK(copy(&w, "p", true, &e));
                (void) snprintf(command, sizeof(command), "cd " DATA "/files && %s", moves[i]);
                shell(&w, command);
                ASSERT_OK(copy(&w, "p", false, &e));
                same(&w, DATA, "apps/notes/points/p", BASE, BASE);
                ASSERT_OK(place_remove(w.place, PLACE_POINT, "notes", "p", NULL, &e));
        }
        world_down(&w);
}

/* Stores through a mapping move no clock but once a write-back. */
TEST(second_pass_sees_mappings) {
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        shell(&w, "head -c 65536 /dev/zero >" DATA "/files/map");
        _cleanup_close_ int fd = openat(w.fd, DATA "/files/map", O_RDWR);
        char* map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ASSERT_TRUE(map != MAP_FAILED);
        map[5] = 'a'; /* its page is writable from here */
        shell(&w, "sleep 2.2");
        ASSERT_OK(copy(&w, "p", true, &e));
        map[6] = 'b';
        ASSERT_OK(copy(&w, "p", false, &e));
        same(&w, DATA, "apps/notes/points/p", BASE, BASE);
        (void) munmap(map, 65536);
        world_down(&w);
}

/* --- changes meanwhile --- */

_noreturn_ static void trouble(const World* w) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        ASSERT_OK(fchdir(w->fd));
        ASSERT_OK(chdir(DATA "/files"));
        for (;;) {
                (void) mkdir("d", 0755);
                (void) close(open("d/f", O_CREAT | O_WRONLY, 0644));
                (void) rename("d", "d2");
                (void) !symlink("../../../../outside", "d");
                (void) unlink("d");
                (void) unlink("d2/f");
                (void) !symlink("../../../../../outside/victim", "d2/f");
                (void) rename("d2", "d");
                (void) unlink("d/f");
                (void) mkfifo("d/f", 0666);
                (void) unlink("d/f");
                (void) !link("big", "d/f");
                (void) rename("d/f", "g");
                (void) rmdir("d");
                int fd = open("grows", O_CREAT | O_WRONLY | O_APPEND, 0644);
                (void) !write(fd, "more and more\n", 14);
                (void) close(fd);
        }
}

TEST(races_lead_nowhere) {
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        shell(&w, "head -c 100000 /dev/urandom >" DATA "/files/big");
        pid_t pid = ASSERT_OK(fork());
        if (pid == 0)
                trouble(&w);
        for (unsigned i = 0; i < 300; i++) {
                int r = copy(&w, "p", i % 2 == 0, &e); /* a second pass may find that it changes, and must say so */
                if (r < 0)
                        ASSERT_TRUE(error_has_name(&e, ERROR_WRONG_STATE));
                error_done(&e);
                e = ERROR_NULL;
                shell(&w, "! grep -rqs secret apps/notes/points");
                if (i % 10 == 9)
                        ASSERT_OK(place_remove(w.place, PLACE_POINT, "notes", "p", NULL, &e));
        }
        (void) kill(pid, SIGKILL);
        ASSERT_EQ(waitpid(pid, NULL, 0), pid);
        ASSERT_OK(place_remove(w.place, PLACE_POINT, "notes", "p", NULL, &e));
        ASSERT_OK(copy(&w, "p", false, &e));
        same(&w, DATA, "apps/notes/points/p", BASE, BASE);
        world_down(&w);
}

TEST(links_in_the_way_are_refused) {
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        shell(&w, "mv apps/notes apps/real && ln -s real apps/notes");
        ASSERT_TRUE(copy(&w, "p", false, &e) < 0);
        error_done(&e);
        e = ERROR_NULL;
        ASSERT_TRUE(place_restore(w.place, "notes", "p", "q", &e) < 0);
        error_done(&e);
        e = ERROR_NULL;
        ASSERT_OK(place_remove(w.place, PLACE_APP, "notes", NULL, NULL, &e)); /* the link goes, not what it leads to */
        shell(&w, "test -d apps/real/data/files && ln -s ../../../outside apps/real/points");
        TreeCount count = {};
        ASSERT_TRUE(place_copy(w.place, &(PlaceCopy) { .from_app = "real", .from_slot = SLOT, .app = "real", .slot = SLOT, .point = "p" }, &count, &e) < 0);
        world_down(&w);
}

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

/* --- killed anywhere --- */

/* Runs act in a child that is killed after a random time, again and again until it ended by itself; after each kill look() must hold. */
static void killed(World* w, int (*act)(World* w, Error* e), void (*look)(World* w)) {
        for (unsigned i = 0, delay = 300; i < 400; i++, delay += delay / 20) {
                int status = 0;
                uint32_t random;
                pid_t pid = ASSERT_OK(fork());
                if (pid == 0) {
                        _cleanup_error_ Error e = ERROR_NULL;
                        int r = act(w, &e);
                        if (r < 0)
                                fprintf(stderr, "%s\n", strempty(e.message));
                        _exit(r < 0 ? 1 : 0);
                }
                random_bytes(&random, sizeof(random));
                (void) usleep(random % delay);
                (void) kill(pid, SIGKILL);
                ASSERT_EQ(waitpid(pid, &status, 0), pid);
                look(w);
                if (WIFEXITED(status)) {
                        ASSERT_EQ(WEXITSTATUS(status), 0);
                        return;
                }
        }
        TEST_FAIL("never came to an end");
}

static void look_point(World* w) {
        if (faccessat(w->fd, "apps/notes/points/p", F_OK, 0) == 0)
                same(w, DATA, "apps/notes/points/p", BASE, BASE);
}

static int act_point(World* w, Error* e) {
        return copy(w, "p", false, e);
}

static int act_early_point(World* w, Error* e) {
        int r = copy(w, "p", true, e);
        return r < 0 ? r : copy(w, "p", false, e);
}

static int act_restore(World* w, Error* e) {
        return place_restore(w->place, "notes", "p", "q", e);
}

static bool holds(World* w, const char* path, const char* text) {
        _cleanup_free_ char* have = NULL;
        return file_read(w->fd, path, 64, &have, NULL) >= 0 && streq(have, text);
}

static void look_restore(World* w) {
        bool old = holds(w, DATA "/files/which", "after"), new = holds(w, DATA "/files/which", "before");
        ASSERT_TRUE(old != new);
        ASSERT_TRUE(!old || holds(w, "apps/notes/points/p/files/which", "before"));
        ASSERT_TRUE(!new || holds(w, "apps/notes/points/p/files/which", "after") || holds(w, "apps/notes/points/q/files/which", "after"));
}

static const PlaceData several[] = { { "a", 7, 7 }, { "b", 7, 7 }, { "c", 7, 7 }, { "d", 7, 7 }, { "e", 7, 7 }, { "f", 7, 7 }, { "g", 7, 7 }, { "h", 7, 7 } };

static int act_create(World* w, Error* e) {
        return place_create(w->place, "wiki", OTHER, several, ELEMENTS(several), e);
}

static void look_create(World* w) { /* an app that finds its directory can write there */
        for (size_t i = 0; i < ELEMENTS(several); i++) {
                char path[64];
                struct stat st;
                (void) snprintf(path, sizeof(path), "apps/wiki/data/%s", several[i].name);
                if (fstatat(w->fd, path, &st, 0) >= 0) {
                        ASSERT_EQ(st.st_uid, OTHER_BASE + 7);
                        ASSERT_EQ(st.st_mode & 07777, 0755u);
                }
        }
}

TEST(killed_while_making) {
        World w;
        if (!world_up(&w))
                return;
        for (unsigned i = 0; i < 40; i++) {
                killed(&w, act_create, look_create);
                shell(&w, "test \"$(ls -A apps/wiki/data | tr -d '\\n')\" = abcdefgh && rm -r apps/wiki");
        }
        world_down(&w);
}

TEST(killed_while_copying) {
        for (unsigned i = 0; i < 6; i++) {
                World w;
                if (!world_up(&w))
                        return;
                furnish(&w);
                killed(&w, i % 2 ? act_point : act_early_point, look_point);
                look_point(&w);
                ASSERT_OK(faccessat(w.fd, "apps/notes/points/p", F_OK, 0));
                world_down(&w);
        }
}

TEST(killed_while_restoring) {
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        for (unsigned i = 0; i < 40; i++) {
                shell(&w, "rm -rf apps/notes/points; printf before >" DATA "/files/which");
                ASSERT_OK(copy(&w, "p", false, &e));
                shell(&w, "printf after >" DATA "/files/which");
                killed(&w, act_restore, look_restore);
                ASSERT_TRUE(holds(&w, DATA "/files/which", "before"));
                ASSERT_TRUE(holds(&w, "apps/notes/points/q/files/which", "after"));
                ASSERT_OK(act_restore(&w, &e)); /* asked again */
                ASSERT_TRUE(holds(&w, DATA "/files/which", "before"));
                shell(&w, "test \"$(ls -A apps/notes/points)\" = q");
        }
        world_down(&w);
}

/* Every state that a kill can leave between two acts of the kernel, made by hand. */
TEST(restores_go_on_from_everywhere) {
        static const char* const states[] = {
                "true",
                "stat -c %i apps/notes/points/p >apps/notes/points/.q.swap",
                "stat -c %i apps/notes/points/p >apps/notes/points/.q.swap && mv apps/notes/data x && mv apps/notes/points/p apps/notes/data && mv x apps/notes/points/p",
                "stat -c %i apps/notes/points/p >apps/notes/points/.q.swap && mv apps/notes/data apps/notes/points/q && mv apps/notes/points/p apps/notes/data",
                "mv apps/notes/data apps/notes/points/q && mv apps/notes/points/p apps/notes/data",
        };
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        for (size_t i = 0; i < ELEMENTS(states); i++) {
                shell(&w, "rm -rf apps/notes/points; printf before >" DATA "/files/which");
                ASSERT_OK(copy(&w, "p", false, &e));
                shell(&w, "printf after >" DATA "/files/which");
                shell(&w, states[i]);
                ASSERT_OK(act_restore(&w, &e));
                ASSERT_TRUE(holds(&w, DATA "/files/which", "before") && holds(&w, "apps/notes/points/q/files/which", "after"));
                shell(&w, "test \"$(ls -A apps/notes/points)\" = q");
        }
        world_down(&w);
}

static int act_archive(World* w, Error* e) {
        return place_archive(w->place, "notes", "arch", NULL, e);
}

static int act_unarchive(World* w, Error* e) {
        return place_unarchive(w->place, "notes", "arch", e);
}

static int act_remove(World* w, Error* e) {
        return place_remove(w->place, PLACE_APP, "notes", NULL, NULL, e);
}

static void look_archive(World* w) {
        shell(w, "test -e " DATA "/files/sparse -o -e archives/arch/data/files/sparse -o -e archives/.arch.part/data/files/sparse");
        shell(w, "! test -e archives/arch || ! test -e archives/arch/points");
}

static void look_nothing(World* w) {}

static void look_remove(World* w) { /* whole or gone */
        shell(w, "! test -e apps/notes || test $(find " DATA " | wc -l) -gt 200");
}

TEST(archives_and_removals_killed) {
        World w;
        TreeCount count = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        furnish(&w);
        ASSERT_OK(copy(&w, "p", false, &e));
        shell(&w, "cp -a " DATA " before && mkdir -p apps/notes/scratch/web && echo '{}' >apps/notes/record.json");
        killed(&w, act_archive, look_archive);
        shell(&w, "test ! -e apps/notes -a -e archives/arch/record.json");
        ASSERT_OK(place_measure(w.place, PLACE_ARCHIVE, NULL, "arch", &count));
        killed(&w, act_unarchive, look_archive);
        same(&w, "before", DATA, BASE, BASE);
        shell(&w, "test -z \"$(ls -A archives)\"");
        ASSERT_OK(act_unarchive(&w, &e)); /* asked again */
        killed(&w, act_remove, look_remove);
        shell(&w, "test -z \"$(ls -A apps)\" && rm -r before");
        ASSERT_OK(act_remove(&w, &e));
        ASSERT_ERROR(place_archive(w.place, "notes", "other", NULL, &e), ENOENT);
        world_down(&w);
}

/* Every state that a kill can leave of an archive that was on its way back, made by hand; then it does not come back. */
TEST(archives_that_do_not_come_back_are_whole) {
        static const char* const states[] = {
                "true",
                "mkdir apps/notes",
                "mkdir apps/notes && mv archives/arch/data apps/notes/data",
                "mkdir apps/notes && mv archives/arch/data apps/notes/data && mv archives/arch archives/.arch.gone",
                "mkdir apps/notes && mv archives/arch/data apps/notes/data && rm -r archives/arch",
        };
        World w;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!world_up(&w))
                return;
        for (size_t i = 0; i < ELEMENTS(states); i++) {
                shell(&w, "printf mine >" DATA "/files/which && echo rest >apps/notes/rest");
                ASSERT_OK(act_archive(&w, &e));
                shell(&w, states[i]);
                killed(&w, act_archive, look_nothing);
                ASSERT_TRUE(holds(&w, "archives/arch/data/files/which", "mine"));
                shell(&w, "test -z \"$(ls -A apps)\" && test \"$(ls -A archives)\" = arch");
                ASSERT_OK(act_unarchive(&w, &e));
        }
        ASSERT_ERROR(place_unarchive(w.place, "other", "none", &e), ENOENT);
        shell(&w, "test ! -e apps/other");
        world_down(&w);
}

/* An archive that was begun in another time has data, and so has the app: none of it goes. */
TEST(an_archive_does_not_take_the_place_of_other_data) {
        static const char* const states[] = {
                "true",
                "mv archives/arch archives/.arch.part",
        };
        World w;
        if (!world_up(&w))
                return;
        for (size_t i = 0; i < ELEMENTS(states); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                shell(&w, "printf before >" DATA "/files/which");
                ASSERT_OK(act_archive(&w, &e));
                shell(&w, states[i]);
                shell(&w, "mkdir -p " DATA "/files && printf after >" DATA "/files/which");
                ASSERT_ERROR(act_archive(&w, &e), EEXIST);
                ASSERT_TRUE(error_has_name(&e, ERROR_CONFLICT));
                ASSERT_TRUE(holds(&w, "archives/arch/data/files/which", "before"));
                ASSERT_TRUE(holds(&w, DATA "/files/which", "after"));
                error_done(&e);
                e = ERROR_NULL;
                ASSERT_OK(place_archive(w.place, "notes", "fresh", NULL, &e));
                ASSERT_TRUE(holds(&w, "archives/arch/data/files/which", "before"));
                ASSERT_TRUE(holds(&w, "archives/fresh/data/files/which", "after"));
                shell(&w, "rm -r archives/arch");
                ASSERT_OK(place_unarchive(w.place, "notes", "fresh", &e));
        }
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

/* --- pure --- */

TEST(acls_are_shifted) {
        struct {
                uint32_t version;
                struct {
                        uint16_t tag, permissions;
                        uint32_t id;
                } entries[4];
        } acl = { htole32(2), { { htole16(1), 0, htole32(0xffffffff) }, { htole16(2), htole16(6), htole32(BASE + 7) }, { htole16(8), 0, htole32(12) }, { htole16(0x20), 0, htole32(0xffffffff) } } };
        ASSERT_OK(tree_acl_shift(&acl, sizeof(acl), BASE, OTHER_BASE));
        ASSERT_EQ(le32toh(acl.entries[0].id), 0xffffffff);
        ASSERT_EQ(le32toh(acl.entries[1].id), OTHER_BASE + 7);
        ASSERT_EQ(le32toh(acl.entries[2].id), OTHER_BASE); /* not the app's: its first */
        ASSERT_ERROR(tree_acl_shift(&acl, sizeof(acl) - 1, BASE, OTHER_BASE), EINVAL);
        ASSERT_ERROR(tree_acl_shift(&acl, 3, BASE, OTHER_BASE), EINVAL);
        acl.version = 1;
        ASSERT_ERROR(tree_acl_shift(&acl, sizeof(acl), BASE, OTHER_BASE), EINVAL);
}

TEST_MAIN()
