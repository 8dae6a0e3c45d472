/* What moves an app's data may be killed anywhere: copies, restores, archives and removals are whole or not there, and asked again they go on. */
#include "base/file.h"
#include "data/test-place.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

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

TEST_MAIN()
