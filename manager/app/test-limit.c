/* What is said of a limit that was met: the kernel's accounts are the test's own numbers. */
#include "api/events.h"
#include "app/app-internal.h"
#include "base/test.h"
#include <stdio.h>

static struct {
        int64_t kills, tight;
} kernel;

/* --- what limit.c leans on --- */

int64_t app_account(const Manager* m, const char* app, const char* file, const char* key) {
        return streq(file, "pids.events") ? 0 : streq(key, "oom_kill") ? kernel.kills : kernel.tight;
}

int store_app_get(Store* s, const char* id, AppRow* ret, Error* reterr) {
        return 0;
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

/* --- */

static void begin(AppLive* live) {
        *live = (AppLive) { .id = "notes", .limit = { .memory_mb = 64 } };
        kernel = (typeof(kernel)) {};
}

TEST(its_limit_is_named_however_slowly_its_processes_end) {
        Manager m = {};
        AppLive live;
        begin(&live);
        kernel = (typeof(kernel)) { .kills = 1, .tight = 1 };
        app_limit_look(&m, &live, 1000);
        ASSERT_TRUE(live.limit.killed_at == 1000 && !live.limit.machine);
        app_limit_ended(&m, &live, "web", 1010); /* PID 1 saw the end later */
        ASSERT_TRUE(live.limit.killed_at == 1010 && !live.limit.machine);
        kernel.kills = 4; /* the others of its group */
        app_limit_look(&m, &live, 1040);
        ASSERT_TRUE(!live.limit.machine);
        _cleanup_free_ char* text = app_limit_killed(&live, NULL);
        ASSERT_TRUE(startswith(text, "It needed more than its 64 MB"));
}

TEST(a_limit_that_was_changed_since_is_not_named) {
        Manager m = {};
        AppLive live;
        begin(&live);
        kernel = (typeof(kernel)) { .kills = 1, .tight = 1 };
        app_limit_look(&m, &live, 1000);
        live.limit.memory_mb = 48;
        live.limit.memory_since = 2000;
        _cleanup_free_ char* before = app_limit_killed(&live, NULL);
        ASSERT_TRUE(startswith(before, "It needed more than its 64 MB"));
        begin(&live); /* a manager that was started anew: PID 1 tells it of an end before that */
        live.limit = (AppLimit) { .memory_mb = 48, .memory_since = 2000, .kills = -1, .tight = -1 };
        kernel = (typeof(kernel)) { .kills = 1, .tight = 1 };
        app_limit_ended(&m, &live, "web", 1500);
        _cleanup_free_ char* told = app_limit_killed(&live, NULL);
        ASSERT_STREQ(told, "It needed more memory than it may take and was stopped by the kernel at 12:00.");
        kernel = (typeof(kernel)) { .kills = 2, .tight = 2 };
        app_limit_look(&m, &live, 2100);
        _cleanup_free_ char* now = app_limit_killed(&live, NULL);
        ASSERT_TRUE(startswith(now, "It needed more than its 48 MB"));
}

TEST(a_machine_without_memory_is_named) {
        Manager m = {};
        AppLive live;
        begin(&live);
        kernel.kills = 1;
        app_limit_look(&m, &live, 1000);
        ASSERT_TRUE(live.limit.machine);
        kernel = (typeof(kernel)) { .kills = 2, .tight = 1 };
        app_limit_look(&m, &live, 1030);
        ASSERT_TRUE(!live.limit.machine);
        kernel.kills = 3;
        app_limit_look(&m, &live, 5000);
        ASSERT_TRUE(live.limit.machine);
}

TEST_MAIN()
