#include "base/test.h"
#include "app/sweep.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1000000

static void file(const char* directory, const char* name, int64_t written) {
        char path[128];
        const struct timespec times[2] = { { .tv_sec = NOW }, { .tv_sec = written } };
        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        ASSERT_OK(mknod(path, S_IFREG | 0600, 0));
        ASSERT_OK(utimensat(AT_FDCWD, path, times, 0));
}

TEST(what_is_older_than_a_day_goes) {
        static const char* const others[] = { ".old.tar.part", "old.tar.gz", "UP.tar", "a-b.tar", ".tar", "x.txt", "abcdefghijklmnopqrstuvwxyz0123456.tar" };
        char directory[] = "/tmp/test-sweep-XXXXXX", path[128];
        _cleanup_json_ json_t *list = json_array(), *few = json_array();
        ASSERT_TRUE(mkdtemp(directory) != NULL);
        file(directory, "old.tar", NOW - EXPORT_KEPT_SECONDS - 1);
        file(directory, "older2.tar", 0);
        file(directory, "young.tar", NOW - EXPORT_KEPT_SECONDS);
        for (size_t i = 0; i < ELEMENTS(others); i++)
                file(directory, others[i], 0);
        (void) snprintf(path, sizeof(path), "%s/directory.tar", directory);
        ASSERT_OK(mkdir(path, 0700));
        ASSERT_OK(utimensat(AT_FDCWD, path, (struct timespec[2]) {}, 0));
        (void) snprintf(path, sizeof(path), "%s/link.tar", directory);
        ASSERT_OK(symlink("old.tar", path));
        ASSERT_OK(utimensat(AT_FDCWD, path, (struct timespec[2]) {}, AT_SYMLINK_NOFOLLOW));

        ASSERT_OK(sweep_look(directory, NOW - EXPORT_KEPT_SECONDS, 10, list));
        ASSERT_EQ(json_array_size(list), 2);
        for (size_t i = 0; i < 2; i++) {
                const char* id = json_string_value(json_array_get(list, i));
                ASSERT_TRUE(streq(id, "old") || streq(id, "older2"));
        }
        ASSERT_OK(sweep_look(directory, NOW, 1, few));
        ASSERT_EQ(json_array_size(few), 1);

        (void) snprintf(path, sizeof(path), "rm -r %s", directory);
        ASSERT_EQ(system(path), 0);
        ASSERT_OK(sweep_look(directory, NOW, 10, few)); /* no app was ever exported */
        ASSERT_EQ(json_array_size(few), 1);
}

TEST(nothing_is_old_by_a_clock_that_was_just_set) {
        const int64_t hour = 3600, year = 86400 * 365;
        static const struct {
                int64_t wall, awake; /* seconds since the look before */
                bool may;
        } looks[] = {
                { 0, 0, false },                   /* the first after a start */
                { 3600, 3600, true },
                { 3601, 3600, true },              /* NTP */
                { 3600 + 86400 * 365, 3600, false }, /* set ahead: all would be old */
                { 3600, 3600, true },              /* it stays like that, so it is meant */
                { 3600 - 86400 * 365, 3600, false }, /* and back */
                { 3600, 3600, true },
                { 3600 + 599, 3600, true },
                { 3600 - 601, 3600, false },
                { 86400 * 40, 86400 * 40, true },  /* the machine slept */
        };
        SweepClock c = {};
        int64_t wall = year, awake = hour;
        for (size_t i = 0; i < ELEMENTS(looks); i++) {
                wall += looks[i].wall;
                awake += looks[i].awake;
                ASSERT_EQ(sweep_calendar(&c, wall, (uint64_t) awake * 1000000), looks[i].may);
        }
}

TEST_MAIN()
