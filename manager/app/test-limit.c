/* What is said of a limit that was met: the kernel's accounts are the test's own numbers. */
#include "api/events.h"
#include "app/app-internal.h"
#include "base/test.h"
#include "base/time.h"
#include "store/store-setting.h"
#include <stdio.h>

static struct {
        int64_t kills, tight;
} kernel;
static char* kept; /* the setting, as the store has it */

/* --- what limit.c leans on --- */

int64_t app_account(const Manager* m, const char* app, const char* file, const char* key) {
        return streq(file, "pids.events") ? 0 : streq(key, "oom_kill") ? kernel.kills : kernel.tight;
}

static int64_t installed_at; /* 0 = the store cannot say */

int store_app_get(Store* s, const char* id, AppRow* ret, Error* reterr) {
        ret->installed_at = installed_at;
        return installed_at > 0;
}

int store_app_event_list(Store* s, const char* app, const char* q, const char* after, unsigned limit, char** ret_json,
                         Error* reterr) {
        return -1;
}

void app_row_done(AppRow* row) {
}

json_t* app_manifest(const AppRow* row) {
        return NULL;
}

void app_clock_text(int64_t at, char ret[static APP_CLOCK_BYTES]) {
        (void) snprintf(ret, APP_CLOCK_BYTES, "12:00");
}

void app_note(Manager* m, const AppLive* live, const char* severity, const char* sentence) {
}

void events_changed(Events* e, const char* noun) {
}

bool store_in_transaction(const Store* s) {
        return false;
}

int store_setting_save(Store* s, const char* key, const char* value, Error* reterr) {
        free(kept);
        kept = strdup(value);
        return 0;
}

int store_setting_get(Store* s, const char* key, char** ret, Error* reterr) {
        *ret = kept ? strdup(kept) : NULL;
        return kept != NULL;
}

/* --- */

typedef struct World {
        Manager m;
        Apps apps;
        AppLive live, *lives[1];
} World;

static void begin(World* w) {
        *w = (World) { .live = { .id = "notes", .limit = { .memory_mb = 64 } } };
        w->lives[0] = &w->live;
        w->apps.live = w->lives;
        w->apps.live_n = 1;
        w->m.apps = &w->apps;
        kernel = (typeof(kernel)) {};
}

TEST(its_limit_is_named_however_slowly_its_processes_end) {
        World w;
        begin(&w);
        kernel = (typeof(kernel)) { .kills = 1, .tight = 1 };
        app_limit_look(&w.m, &w.live, 1000);
        ASSERT_TRUE(w.live.limit.killed_at == 1000 && !w.live.limit.machine);
        app_limit_ended(&w.m, &w.live, "web", 1010); /* PID 1 saw the end later */
        ASSERT_TRUE(w.live.limit.killed_at == 1010 && !w.live.limit.machine);
        kernel.kills = 4; /* the others of its group */
        app_limit_look(&w.m, &w.live, 1040);
        ASSERT_TRUE(!w.live.limit.machine);
        _cleanup_free_ char* text = app_limit_killed(&w.live, NULL);
        ASSERT_TRUE(startswith(text, "It needed more than its 64 MB"));
}

TEST(a_limit_that_was_changed_since_is_not_named) {
        World w;
        begin(&w);
        kernel = (typeof(kernel)) { .kills = 1, .tight = 1 };
        app_limit_look(&w.m, &w.live, 1000);
        w.live.limit.memory_mb = 48;
        w.live.limit.memory_since = 2000;
        _cleanup_free_ char* before = app_limit_killed(&w.live, NULL);
        ASSERT_TRUE(startswith(before, "It needed more than its 64 MB"));
        begin(&w); /* a manager that was started anew: PID 1 tells it of an end before that */
        w.live.limit = (AppLimit) { .memory_mb = 48, .memory_since = 2000, .kills = -1, .tight = -1 };
        kernel = (typeof(kernel)) { .kills = 1, .tight = 1 };
        app_limit_ended(&w.m, &w.live, "web", 1500);
        _cleanup_free_ char* told = app_limit_killed(&w.live, NULL);
        ASSERT_STREQ(told, "It needed more memory than it may take and was stopped by the kernel at 12:00.");
        kernel = (typeof(kernel)) { .kills = 2, .tight = 2 };
        app_limit_look(&w.m, &w.live, 2100);
        _cleanup_free_ char* now = app_limit_killed(&w.live, NULL);
        ASSERT_TRUE(startswith(now, "It needed more than its 48 MB"));
}

TEST(a_machine_without_memory_is_named) {
        World w;
        begin(&w);
        kernel.kills = 1;
        app_limit_look(&w.m, &w.live, 1000);
        ASSERT_TRUE(w.live.limit.machine);
        kernel = (typeof(kernel)) { .kills = 2, .tight = 1 };
        app_limit_look(&w.m, &w.live, 1030);
        ASSERT_TRUE(!w.live.limit.machine);
        kernel.kills = 3;
        app_limit_look(&w.m, &w.live, 5000);
        ASSERT_TRUE(w.live.limit.machine);
}

TEST(what_was_met_outlives_the_manager) {
        const int64_t now = now_seconds();
        World w;
        begin(&w);
        kernel = (typeof(kernel)) { .kills = 1, .tight = 1 };
        app_limit_ended(&w.m, &w.live, "web", now - 100);
        ASSERT_EQ(w.live.limit.killed_mb, 64);
        begin(&w);
        w.live.limit = (AppLimit) { .memory_mb = 64, .memory_since = now, .kills = -1, .tight = -1, .refused = -1 };
        app_limits_load(&w.m);
        ASSERT_TRUE(app_limit_was_killed(&w.live, now));
        app_limit_ended(&w.m, &w.live, "web", now - 99); /* PID 1 tells of the same end, by a clock of its own */
        kernel = (typeof(kernel)) { .kills = 1, .tight = 1 };
        app_limit_look(&w.m, &w.live, now);
        _cleanup_free_ char* text = app_limit_killed(&w.live, NULL);
        ASSERT_TRUE(startswith(text, "It needed more than its 64 MB"));
        begin(&w); /* of long ago: nothing is told */
        w.live.limit.killed_at = 0;
        free(kept);
        kept = strdup("{\"notes\":[1000,64,false,\"web\"],\"other\":\"odd\"}");
        app_limits_load(&w.m);
        ASSERT_TRUE(!app_limit_was_killed(&w.live, now));
        free(kept);
        kept = strdup("{\"notes\":[1,2]}"); /* of another release */
        begin(&w);
        app_limits_load(&w.m);
        ASSERT_EQ(w.live.limit.killed_at, 0);
        free(TAKE_PTR(kept));
}

TEST(what_another_clock_or_another_app_of_that_name_met_is_not_told) {
        const int64_t now = now_seconds();
        const struct {
                int64_t at, installed_at;
                bool told;
        } cases[] = { { now - 100, now - 200, true }, { now - 100, now - 50, false }, { now + 86400, now - 200, false }, { INT64_MAX, 1, false } };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                World w;
                begin(&w);
                w.live.limit.killed_at = 0;
                installed_at = cases[i].installed_at;
                ASSERT_TRUE(asprintf(&kept, "{\"notes\":[%lld,64,false,\"web\"]}", (long long) cases[i].at) > 0);
                app_limits_load(&w.m);
                ASSERT_EQ(app_limit_was_killed(&w.live, now), cases[i].told);
                installed_at = 0;
                free(TAKE_PTR(kept));
        }
        World w;
        begin(&w);
        w.live.limit.killed_at = now + 86400; /* the clock was set back since */
        kernel = (typeof(kernel)) { .kills = 1, .tight = 1 };
        app_limit_ended(&w.m, &w.live, "web", now - 10);
        ASSERT_EQ(w.live.limit.killed_at, now - 10);
        free(TAKE_PTR(kept));
}

TEST_MAIN()
