/* Data of apps that mean us no good: whatever lies in a tree, and whatever happens to it meanwhile, copies hold what they should, and nothing else
 * is read or touched. */
#include "data/test-place.h"
#include "data/tree-internal.h"
#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

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
