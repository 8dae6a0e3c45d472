/* What is judged of apps without asking anybody: their units, and whether another one fits. */
#include "base/test.h"
#include "app/admission.h"
#include "app/unit.h"
#include "base/time.h"
#include <signal.h>

#define MB ((int64_t) 1 << 20)
#define SEC(n) ((uint64_t) (n) * USEC_PER_SEC)

static const AppUnitEnd exited = { CLD_EXITED, 3, "exit-code" };

static void tell(AppUnitLive* u, uint32_t restarts, uint64_t at) {
        app_unit_told(u, restarts, /* ended= */ true, &exited, at);
}

TEST(names_of_units) {
        static const struct {
                const char *unit, *id, *name; /* id NULL: none of ours */
        } cases[] = {
                { "steadbox-app-notes-main.service", "notes", "main" },
                { "steadbox-app-a-task-b-c.service", "a", "task-b-c" },
                { "steadbox-app-abcdefghijklmnopqrstuvwxyz012345-x.service", "abcdefghijklmnopqrstuvwxyz012345", "x" },
                { "steadbox-app-abcdefghijklmnopqrstuvwxyz0123456-x.service", NULL, NULL },
                { "steadbox-app-notes-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.service", NULL, NULL },
                { "steadbox-app-notes-main.timer", NULL, NULL },
                { "steadbox-app-notes-main.service.d", NULL, NULL },
                { "steadbox-app-notes.slice", NULL, NULL },
                { "steadbox-app-notes-.service", NULL, NULL },
                { "steadbox-app--main.service", NULL, NULL },
                { "steadbox-apps.service", NULL, NULL },
                { "", NULL, NULL },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char id[APP_ID_BYTES], name[40];
                bool found = app_unit_parse(cases[i].unit, id, name);
                ASSERT_EQ(found, cases[i].id != NULL);
                if (found)
                        ASSERT_STREQ(id, cases[i].id);
                if (found)
                        ASSERT_STREQ(name, cases[i].name);
        }
}

TEST(states_of_units) {
        ASSERT_EQ(app_unit_state("active", "running"), APP_UNIT_RUNNING);
        ASSERT_EQ(app_unit_state("active", "exited"), APP_UNIT_DONE);
        ASSERT_EQ(app_unit_state("activating", "auto-restart"), APP_UNIT_STARTING);
        ASSERT_EQ(app_unit_state("deactivating", "stop-sigterm"), APP_UNIT_STOPPING);
        ASSERT_EQ(app_unit_state("failed", "failed"), APP_UNIT_FAILED);
        ASSERT_EQ(app_unit_state("inactive", "dead"), APP_UNIT_STOPPED);
}

TEST(ends_that_follow_one_another_are_a_failure) {
        AppUnitLive u = { .name = "main", .state = APP_UNIT_STARTING };
        tell(&u, 0, SEC(1000));
        for (uint32_t i = 1; i < 5; i++) {
                tell(&u, i, SEC(1000 + i * 60));
                ASSERT_FALSE(app_unit_failing(&u, SEC(1000 + i * 60)));
        }
        tell(&u, 5, SEC(1300));
        ASSERT_TRUE(app_unit_failing(&u, SEC(1300)));
        u.asked = true; /* its reason is not here yet */
        ASSERT_FALSE(app_unit_failing(&u, SEC(1300)));
        u.asked = false;
        _cleanup_free_ char* text = app_unit_failure(&u);
        ASSERT_STREQ(text, "The container main ended by itself, with status 3. That was 5 times in a row; it is tried again.");
        u.state = APP_UNIT_RUNNING; /* and it stays */
        ASSERT_TRUE(app_unit_failing(&u, SEC(1360)));
        ASSERT_FALSE(app_unit_failing(&u, SEC(1500)));
}

TEST(ends_of_a_year_are_none) {
        AppUnitLive u = { .name = "main", .state = APP_UNIT_RUNNING };
        tell(&u, 0, SEC(1000));
        for (uint32_t i = 1; i < 40; i++) {
                tell(&u, i, SEC(1000 + (uint64_t) i * 86400));
                ASSERT_FALSE(app_unit_failing(&u, SEC(1000 + (uint64_t) i * 86400)));
        }
}

TEST(who_has_just_begun_to_look_does_not_know_when) {
        AppUnitLive u = { .name = "main", .state = APP_UNIT_RUNNING };
        tell(&u, 300, SEC(1000));
        ASSERT_FALSE(app_unit_failing(&u, SEC(1000)));
        tell(&u, 305, SEC(1010));
        ASSERT_TRUE(app_unit_failing(&u, SEC(1010)));
}

TEST(started_by_somebody_it_has_a_clean_slate) {
        AppUnitLive u = { .name = "main", .state = APP_UNIT_STARTING };
        tell(&u, 0, SEC(1000));
        tell(&u, 9, SEC(1010));
        u.state = APP_UNIT_FAILED;
        ASSERT_TRUE(app_unit_failing(&u, SEC(9999999))); /* PID 1 gave it up: that does not pass */
        _cleanup_free_ char* text = app_unit_failure(&u);
        ASSERT_STREQ(text, "The container main ended by itself, with status 3. After 9 more tries it is given up, until somebody starts it.");
        u.state = APP_UNIT_RUNNING;
        app_unit_told(&u, 0, /* ended= */ false, &exited, SEC(1020));
        ASSERT_FALSE(app_unit_failing(&u, SEC(1020)));
}

TEST(why_it_ended) {
        static const struct {
                AppUnitEnd end;
                const char* sentence;
        } cases[] = {
                { { CLD_EXITED, 0, "success" }, "The container db ended by itself, with status 0." },
                { { CLD_KILLED, SIGKILL, "oom-kill" }, "The container db took more memory than it may, and was ended." },
                { { CLD_DUMPED, SIGSEGV, "core-dump" }, "The container db was ended by signal 11 (SIGSEGV)." },
                { { CLD_KILLED, 99, "signal" }, "The container db was ended by signal 99." },
                { { CLD_KILLED, SIGKILL, "timeout" }, "The container db did not start or stop in time." },
                { { 0, 0, "protocol" }, "The container db ended as soon as it was started; the app's log says why." },
                { { 0, 0, "exit-code" }, "The container db could not be started; the app's log says why." },
                { { 0, 0, "resources" }, "The container db could not be started; the app's log says why." },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                AppUnitLive u = { .name = "db", .state = APP_UNIT_FAILED };
                app_unit_told(&u, 0, /* ended= */ true, &cases[i].end, SEC(1));
                _cleanup_free_ char* text = app_unit_failure(&u);
                ASSERT_STREQ(text, cases[i].sentence);
        }
        /* what is told while it runs again is no end */
        AppUnitLive u = { .name = "db", .state = APP_UNIT_STARTING };
        app_unit_told(&u, 0, /* ended= */ true, &cases[2].end, SEC(1));
        app_unit_told(&u, 1, /* ended= */ false, &(AppUnitEnd) { 0, 0, "success" }, SEC(2));
        _cleanup_free_ char* text = app_unit_failure(&u);
        ASSERT_TRUE(startswith(text, "The container db was ended by signal 11 (SIGSEGV)."));
}

TEST(what_fits) {
        const Admission box = { .memory_total = 1024 * MB, .memory_available = 600 * MB, .apps_now = 200 * MB, .apps_peak = 300 * MB,
                                .disk_free = 5000 * MB };
        /* 224 MB are the box's own, 300 the apps' at their worst, 32 nobody's: 468 are left. */
        Admission a = box;
        a.memory_need = 468 * MB, a.disk_need = 4488 * MB;
        Verdict v = admission_judge(&a);
        ASSERT_TRUE(v.memory_fits && v.disk_fits && v.memory_free == 468 * MB && v.disk_free == 4488 * MB);
        a.memory_need++, a.disk_need++;
        v = admission_judge(&a);
        ASSERT_FALSE(v.memory_fits || v.disk_fits);
        /* Apps above what was measured of them count as they are. */
        a = box;
        a.apps_now = 400 * MB;
        ASSERT_EQ(admission_judge(&a).memory_free, (1024 - 24 - 400 - 32) * MB);
        /* Figures that contradict one another, as apps grew between two looks, make nothing larger than the machine. */
        a.apps_now = 500 * MB, a.apps_peak = 0;
        ASSERT_EQ(admission_judge(&a).memory_free, (1024 - 500 - 32) * MB);
        /* What does not fit as it is leaves less than nothing, and nothing fits into that. */
        a = box;
        a.apps_peak = 4096 * MB;
        v = admission_judge(&a);
        ASSERT_TRUE(v.memory_free < 0 && !v.memory_fits);
}

TEST_MAIN()
