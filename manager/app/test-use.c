/* What apps used: the kernel's accounts are files of the test's own, and the clocks go as the test says. */
#include "base/test.h"
#include "app/app-internal.h"
#include "app/use-history.h"
#include "base/file.h"
#include "base/time.h"
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#define SLICE "steadbox-app-notes.slice"
#define NOON ((int64_t) 1760000400) /* a beginning of five minutes */
#define MB ((int64_t) 1 << 20)

static struct {
        int64_t wall;          /* seconds */
        uint64_t awake_usec;   /* every other clock */
        char* saved;           /* what the store was given last, owned */
        int64_t saved_peak;
        unsigned saves;
        unsigned saves_of[100]; /* of app0 and so on */
        unsigned looks;
        int begins;            /* what store_begin() answers */
        const char* kept;      /* what the store has; NULL = no such app */
} world;

/* --- what use.c leans on --- */

uint64_t now_usec(clockid_t clock) {
        return clock == CLOCK_REALTIME ? (uint64_t) world.wall * USEC_PER_SEC : world.awake_usec;
}

int store_begin(Store* s, Error* reterr) {
        return world.begins < 0 ? error_errno(reterr, world.begins, "No") : 0;
}

int store_commit(Store* s, Error* reterr) {
        return 0;
}

void store_rollback(Store* s) {
}

int store_app_use(Store* s, const char* id, char** ret, Error* reterr) {
        ASSERT_STREQ(id, "notes");
        *ret = world.kept ? strdup(world.kept) : NULL;
        return world.kept ? 1 : 0;
}

int store_app_used(Store* s, const char* id, const char* use_hours, int64_t memory_peak, Error* reterr) {
        if (startswith(id, "app"))
                world.saves_of[atoi(id + 3)]++;
        else
                ASSERT_STREQ(id, "notes");
        free(world.saved);
        world.saved = strdup(use_hours);
        world.saved_peak = memory_peak;
        world.saves++;
        return 1;
}

void app_limit_look(Manager* m, AppLive* live, int64_t now) {
        ASSERT_EQ(now, world.wall);
        world.looks++;
}

AppLive* app_live(Manager* m, const char* id) {
        for (size_t i = 0; i < m->apps->live_n; i++)
                if (streq(m->apps->live[i]->id, id))
                        return m->apps->live[i];
        return NULL;
}

/* --- the scene --- */

typedef struct Scene {
        char directory[64];
        sd_event* event;
        Manager m;
        Apps apps;
        AppLive live, *list[1];
} Scene;

static void scene_open(Scene* s) {
        *s = (Scene) { .directory = "/tmp/steadbox-test-use-XXXXXX" };
        ASSERT_TRUE(mkdtemp(s->directory));
        ASSERT_OK(sd_event_new(&s->event));
        s->live = (AppLive) { .id = "notes", .disk_bytes = -1 };
        s->list[0] = &s->live;
        s->apps = (Apps) { .m = &s->m, .live = s->list, .live_n = 1, .cgroups = s->directory };
        s->m = (Manager) { .event = s->event, .apps = &s->apps, .state_directory = s->directory };
        free(world.saved);
        memset(&world, 0, sizeof(world));
        world.wall = NOON;
        world.awake_usec = 1000 * USEC_PER_SEC;
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(app_use_start(&s->m, &e));
}

static int unlink_it(const char* path, const struct stat* st, int kind, struct FTW* where) {
        return remove(path);
}

static void scene_close(Scene* s) {
        app_use_free(s->live.use);
        s->apps.sampler = sd_event_source_disable_unref(s->apps.sampler);
        s->event = sd_event_unref(s->event);
        ASSERT_OK(nftw(s->directory, unlink_it, 8, FTW_DEPTH | FTW_PHYS));
}

static void account(const Scene* s, const char* file, const char* text) {
        char path[256];
        (void) snprintf(path, sizeof(path), "%s/" SLICE, s->directory);
        ASSERT_OK(directory_make(path, 0700));
        (void) snprintf(path, sizeof(path), "%s/" SLICE "/%s", s->directory, file);
        if (!text) {
                ASSERT_OK(unlink(path));
                return;
        }
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* one that is truncated to nothing ext4 writes out at once */
        ASSERT_OK(fd);
        ASSERT_OK(write_full(fd, text, strlen(text)));
        ASSERT_OK(ftruncate(fd, (off_t) strlen(text)));
}

static void accounts(const Scene* s, int64_t memory, int64_t peak, int64_t cpu_usec) {
        char text[128];
        (void) snprintf(text, sizeof(text), "%lld\n", (long long) memory);
        account(s, "memory.current", text);
        (void) snprintf(text, sizeof(text), "%lld\n", (long long) peak);
        account(s, "memory.peak", text);
        (void) snprintf(text, sizeof(text), "nr_periods 3\nusage_usec %lld\nuser_usec 1\n", (long long) cpu_usec);
        account(s, "cpu.stat", text);
}

/* The minute's look, now. */
static void look(Scene* s) {
        ASSERT_OK(sd_event_source_set_time(s->apps.sampler, 1));
        while (ASSERT_OK(sd_event_run(s->event, 0)) > 0)
                ;
}

static void pass(int64_t seconds) {
        world.wall += seconds;
        world.awake_usec += (uint64_t) seconds * USEC_PER_SEC;
}

static int64_t of_sample(const json_t* items, size_t i, const char* key) {
        const json_t* v = json_object_get(json_array_get(items, i), key);
        return json_is_integer(v) ? json_integer_value(v) : -1;
}

static void assert_samples(const Scene* s, size_t n) {
        _cleanup_json_ json_t* items = app_use_json(&s->m, &s->live, "day");
        ASSERT_EQ(json_array_size(items), n);
}

/* --- cases --- */

TEST(five_minutes_keep_the_most_memory_and_the_share_of_a_processor) {
        Scene s;
        scene_open(&s);
        s.live.disk_bytes = 7 * MB;
        accounts(&s, 30 * MB, 33 * MB, 50 * USEC_PER_SEC);
        look(&s);
        pass(60);
        accounts(&s, 90 * MB, 95 * MB, 65 * USEC_PER_SEC); /* 15 s of 60 */
        look(&s);
        pass(60);
        accounts(&s, 20 * MB, 95 * MB, 68 * USEC_PER_SEC); /* 3 s of 60 */
        look(&s);
        _cleanup_json_ json_t* items = app_use_json(&s.m, &s.live, "day");
        ASSERT_EQ(json_array_size(items), 1);
        ASSERT_EQ(of_sample(items, 0, "at"), NOON + USE_SLOT_SEC);
        ASSERT_EQ(of_sample(items, 0, "memory_mb"), 90);
        ASSERT_EQ(of_sample(items, 0, "cpu_percent"), 15); /* 18 s of 120 */
        ASSERT_EQ(of_sample(items, 0, "disk_mb"), 7);
        ASSERT_EQ(app_peak_measured(&s.live), 95 * MB);
        pass(200);
        accounts(&s, 10 * MB, 95 * MB, 69 * USEC_PER_SEC);
        look(&s);
        assert_samples(&s, 2);
        scene_close(&s);
}

TEST(accounts_that_begin_anew_and_ones_that_are_not_there) {
        Scene s;
        scene_open(&s);
        look(&s); /* its slice is not there */
        assert_samples(&s, 0);
        accounts(&s, 40 * MB, 0, 100 * USEC_PER_SEC);
        account(&s, "memory.peak", NULL); /* older kernels */
        look(&s);
        pass(60);
        accounts(&s, 5 * MB, 0, 2 * USEC_PER_SEC); /* it was started anew: nothing was used backwards */
        account(&s, "memory.peak", NULL);
        look(&s);
        pass(60);
        accounts(&s, 5 * MB, 0, 8 * USEC_PER_SEC);
        account(&s, "memory.peak", "max\n"); /* no number */
        look(&s);
        _cleanup_json_ json_t* items = app_use_json(&s.m, &s.live, "day");
        ASSERT_EQ(json_array_size(items), 1);
        ASSERT_EQ(of_sample(items, 0, "cpu_percent"), 10); /* 6 s of 60 */
        ASSERT_EQ(of_sample(items, 0, "disk_mb"), -1);
        ASSERT_EQ(app_peak_measured(&s.live), 40 * MB);
        ASSERT_EQ(app_account(&s.m, "notes", "cpu.stat", "usage_usec"), 8 * (int64_t) USEC_PER_SEC);
        ASSERT_EQ(app_account(&s.m, "notes", "cpu.stat", "usage"), -1);
        ASSERT_EQ(app_account(&s.m, "other", "cpu.stat", "usage_usec"), -1);
        scene_close(&s);
}

TEST(a_day_is_kept_as_text_and_no_more) {
        Scene s;
        scene_open(&s);
        for (int i = 0; i < USE_SAMPLES + 20; i++) {
                accounts(&s, (i + 1) * MB, 0, 0);
                look(&s);
                pass(USE_SLOT_SEC);
        }
        _cleanup_json_ json_t* items = app_use_json(&s.m, &s.live, "day");
        ASSERT_EQ(json_array_size(items), USE_SAMPLES - 1); /* the present five minutes have none yet */
        ASSERT_EQ(of_sample(items, 0, "memory_mb"), 22);
        app_use_save_all(&s.m);
        UseDay read;
        use_day_init(&read);
        use_day_parse(&read, world.saved);
        _cleanup_free_ char *again = use_day_text(&read, world.wall), *later = use_day_text(&read, world.wall + 86400);
        ASSERT_STREQ(again, world.saved);
        ASSERT_STREQ(later, "[]");
        scene_close(&s);
}

static void put(UseDay* d, int64_t slot, unsigned memory) {
        *use_day_make(d, slot) = (UseSample) { .memory_mb = memory, .disk_mb = USE_NONE };
}

static void reads(const UseDay* d, int64_t slot, const char* expected) {
        _cleanup_free_ char* text = use_day_text(d, slot * USE_SLOT_SEC + 7);
        ASSERT_STREQ(text, expected);
}

TEST(the_ring_of_a_day) {
        UseDay d;
        use_day_init(&d);
        reads(&d, 1000, "[]");
        ASSERT_EQ(use_day_disk(&d), -1);
        put(&d, 1000, 5);
        put(&d, 1002, 6);
        reads(&d, 1002, "[[1000,5,0,-1],[1002,6,0,-1]]");
        use_day_make(&d, 1000)->disk_mb = 9;
        ASSERT_EQ(use_day_disk(&d), 9ll << 20);
        put(&d, 1000 + USE_SAMPLES, 7); /* in the place of the first */
        reads(&d, 1000 + USE_SAMPLES, "[[1002,6,0,-1],[1288,7,0,-1]]");
        ASSERT_EQ(use_day_disk(&d), -1);
        put(&d, 5000, 8);
        reads(&d, 5000, "[[5000,8,0,-1]]");
        put(&d, 4990, 1); /* the clock was set back a little */
        reads(&d, 5000, "[[4990,1,0,-1],[5000,8,0,-1]]");
        put(&d, 100, 2); /* and by far */
        reads(&d, 100, "[[100,2,0,-1]]");
        ASSERT_TRUE(!use_day_sample(&d, 5000) && !use_day_sample(&d, 0) && !use_day_sample(&d, -5));
}

TEST(what_is_no_sample_is_left_out) {
        static const char* const texts[] = {
                "", "[", "{}", "7", "null", "[7]", "[[]]", "[{}]", "[\"x\"]", "[[0,1,2,3]]", "[[-1,1,2,3]]", "[[4294967296,1,2,3]]",
                "[[5866668,-1,2,3]]", "[[5866668,1,-2,3]]", "[[5866668,1,65536,3]]", "[[5866668,4294967296,2,3]]", "[[5866668,1,2,4294967295]]",
                "[[5866668,1,2]]", "[[5866668,\"1\",2,3]]",
        };
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                UseDay d;
                use_day_init(&d);
                use_day_parse(&d, texts[i]);
                _cleanup_free_ char* text = use_day_text(&d, NOON);
                ASSERT_STREQ(text, "[]");
                ASSERT_EQ(use_day_disk(&d), -1);
        }
        UseDay d;
        use_day_init(&d);
        use_day_parse(&d, "[7,[5866668,1,2,-1],[5866667,9,1000,12]]");
        _cleanup_free_ char* text = use_day_text(&d, NOON);
        ASSERT_STREQ(text, "[[5866667,9,1000,12],[5866668,1,2,-1]]");
        ASSERT_EQ(use_day_disk(&d), 12 * MB);
}

TEST(it_is_kept_every_hour_and_a_store_that_cannot_is_asked_an_hour_later) {
        Scene s;
        scene_open(&s);
        const AppRow row = { .id = (char*) "notes", .memory_peak = 5 * MB };
        world.kept = "[[5866667,9,0,12]]";
        app_use_load(&s.m, &s.live, &row);
        ASSERT_EQ(s.live.disk_bytes, 12 * MB);
        ASSERT_EQ(app_peak_measured(&s.live), 5 * MB);
        accounts(&s, 30 * MB, 33 * MB, 0);
        for (int i = 0; i < 59; i++, pass(60))
                look(&s);
        ASSERT_EQ(world.saves, 0);
        pass(60);
        world.begins = -ENOSPC;
        look(&s);
        ASSERT_EQ(world.saves, 0);
        world.begins = 0;
        pass(3600);
        look(&s);
        ASSERT_EQ(world.saves, 1);
        ASSERT_EQ(world.saved_peak, 33 * MB);
        ASSERT_TRUE(startswith(world.saved, "[[5866667,9,0,12],[5866668,30,0,12],"));
        app_use_save_all(&s.m);
        ASSERT_EQ(world.saves, 2);
        scene_close(&s);
}

/* The wall clock is set; the machine's own goes on. */
TEST(a_clock_that_is_set_costs_what_was_and_nothing_of_what_comes) {
        static const int64_t leaps[] = { 3600, -3600, 86400 * 365, -86400 * 365 };
        for (size_t i = 0; i < ELEMENTS(leaps); i++) {
                Scene s;
                scene_open(&s);
                accounts(&s, 30 * MB, 0, 0);
                look(&s);
                world.wall += leaps[i];
                pass(60);
                accounts(&s, 31 * MB, 0, 30 * USEC_PER_SEC);
                look(&s);
                _cleanup_json_ json_t* items = app_use_json(&s.m, &s.live, "day");
                size_t n = json_array_size(items);
                ASSERT_EQ(n, leaps[i] == 3600 ? 2 : 1); /* one of tomorrow is not shown, one of last year is gone */
                ASSERT_EQ(of_sample(items, n - 1, "at"), (world.wall / USE_SLOT_SEC + 1) * USE_SLOT_SEC);
                ASSERT_EQ(of_sample(items, n - 1, "memory_mb"), 31);
                ASSERT_EQ(of_sample(items, n - 1, "cpu_percent"), 50); /* of the minute that really went by */
                unsigned saves = world.saves;
                for (int k = 0; k <= 60; k++, pass(60))
                        look(&s);
                ASSERT_TRUE(world.saves > saves);
                scene_close(&s);
        }
}

/* A hundred are looked at every minute, also while they are saved, which one a minute is. */
TEST(of_many_apps_each_is_looked_at_and_each_is_saved) {
        Scene s;
        scene_open(&s);
        AppLive live[100], *list[100];
        for (int i = 0; i < 100; i++) {
                live[i] = (AppLive) { .disk_bytes = -1 };
                (void) snprintf(live[i].id, sizeof(live[i].id), "app%d", i);
                list[i] = &live[i];
        }
        s.apps.live = list;
        s.apps.live_n = 100;
        look(&s); /* nothing is known of when they were saved: long ago */
        ASSERT_EQ(world.looks, 100);
        for (int i = 1; i < 300; i++) {
                pass(60);
                look(&s);
        }
        ASSERT_EQ(world.looks, 300 * 100);
        for (int i = 0; i < 100; i++)
                ASSERT_EQ(world.saves_of[i], 3);
        world.wall -= 86400 * 365;
        for (int i = 0; i < 100; i++, pass(60))
                look(&s);
        for (int i = 0; i < 100; i++)
                ASSERT_EQ(world.saves_of[i], 4);
        for (int i = 0; i < 100; i++)
                app_use_free(live[i].use);
        scene_close(&s);
}

/* --- 30 days --- */

#define STEP ((int64_t) USE_STEP_SEC)
#define HISTORY_BYTES (24 + USE_STEPS * 24)

static void assert_history(const Scene* s, const char* period, size_t n) {
        _cleanup_json_ json_t* items = app_use_json(&s->m, &s->live, period);
        ASSERT_EQ(json_array_size(items), n);
}

/* Every five minutes 10 and 30 MB in turn, and twice as many hundredths of the processor. */
static void go_on(Scene* s, int64_t seconds) {
        for (int64_t end = world.wall + seconds; world.wall < end; pass(USE_SLOT_SEC - 60)) {
                int64_t mb = world.wall / USE_SLOT_SEC % 2 ? 30 : 10;
                accounts(s, mb * MB, 0, 0);
                look(s);
                pass(60);
                accounts(s, mb * MB, 0, mb * 2 * 60 * 10000);
                look(s);
        }
}

/* The manager ends as if by a kill, and begins again with what the store knows. */
static void begin_again(Scene* s, const char* kept) {
        const AppRow row = { .id = (char*) "notes" };
        world.kept = kept;
        app_use_load(&s->m, &s->live, &row);
        app_use_sweep(&s->m);
}

static char* history_path(const Scene* s) {
        static char path[256];
        (void) snprintf(path, sizeof(path), "%s/use/notes", s->directory);
        return path;
}

static void history_change(const Scene* s, off_t at, const void* bytes, size_t n) {
        _cleanup_close_ int fd = open(history_path(s), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ASSERT_OK(fd);
        ASSERT_EQ(pwrite(fd, bytes, n, at), (ssize_t) n);
}

TEST(a_month_is_kept_by_half_hours_in_one_file_of_one_size) {
        Scene s;
        struct stat st;
        scene_open(&s);
        world.wall = NOON / 7200 * 7200; /* the beginning of two hours */
        go_on(&s, 32 * 86400);
        begin_again(&s, "[]");
        ASSERT_OK(stat(history_path(&s), &st));
        ASSERT_EQ(st.st_size, HISTORY_BYTES);
        assert_samples(&s, 0);
        const struct {
                const char* period;
                int64_t seconds;
                size_t count;
        } periods[] = { { "week", 1800, 7 * 48 - 2 }, { "month", 7200, 359 } }; /* that which has just begun has none, and that which ended was not kept */
        for (size_t i = 0; i < ELEMENTS(periods); i++) {
                _cleanup_json_ json_t* items = app_use_json(&s.m, &s.live, periods[i].period);
                ASSERT_EQ(json_array_size(items), periods[i].count);
                for (size_t k = 0; k < periods[i].count; k++) {
                        ASSERT_EQ(of_sample(items, k, "memory_mb"), 30);
                        ASSERT_EQ(of_sample(items, k, "memory_average_mb"), 20);
                        ASSERT_EQ(of_sample(items, k, "cpu_percent"), 40);
                        ASSERT_EQ(of_sample(items, k, "cpu_most_percent"), 60);
                        ASSERT_EQ(of_sample(items, k, "disk_mb"), -1);
                        ASSERT_EQ(of_sample(items, k, "at") % periods[i].seconds, 0);
                        if (k > 0)
                                ASSERT_EQ(of_sample(items, k, "at") - of_sample(items, k - 1, "at"), periods[i].seconds);
                }
        }
        scene_close(&s);
}

TEST(the_present_half_hour_is_told_and_time_without_samples_is_a_gap) {
        Scene s;
        scene_open(&s);
        world.wall = NOON / 7200 * 7200;
        s.live.disk_bytes = 7 * MB;
        assert_history(&s, "week", 0);
        go_on(&s, 2 * STEP);
        assert_history(&s, "week", 2);
        pass(6 * STEP); /* off */
        s.live.disk_bytes = 9 * MB;
        go_on(&s, 600);
        _cleanup_json_ json_t *week = app_use_json(&s.m, &s.live, "week"), *month = app_use_json(&s.m, &s.live, "month");
        ASSERT_EQ(json_array_size(week), 3);
        ASSERT_EQ(json_array_size(month), 2);
        ASSERT_EQ(of_sample(week, 2, "at") - of_sample(week, 1, "at"), 7 * STEP);
        ASSERT_EQ(of_sample(week, 1, "disk_mb"), 7);
        ASSERT_EQ(of_sample(week, 2, "disk_mb"), 9);
        ASSERT_EQ(of_sample(month, 1, "at") - of_sample(month, 0, "at"), 8 * STEP);
        ASSERT_EQ(of_sample(month, 0, "memory_average_mb"), 20);
        scene_close(&s);
}

TEST(a_kill_costs_the_half_hour_that_was_not_over_and_the_store_knows_the_rest) {
        Scene s;
        scene_open(&s);
        world.wall = NOON / 7200 * 7200;
        int64_t first = world.wall / USE_SLOT_SEC;
        go_on(&s, 3 * STEP + 900);
        begin_again(&s, "[]"); /* nothing had been kept there yet */
        assert_history(&s, "week", 3);
        go_on(&s, 900); /* what is left of this half hour counts */
        assert_history(&s, "week", 4);
        char kept[256]; /* one of a half hour that is not in the file, and two of six of one that is */
        (void) snprintf(kept, sizeof(kept), "[[%lld,99,0,-1],[%lld,99,0,-1],[%lld,99,0,-1]]", (long long) first - 6,
                        (long long) first + 6, (long long) first + 7);
        begin_again(&s, kept);
        account(&s, "memory.current", NULL);
        account(&s, "cpu.stat", NULL);
        for (int i = 0; i < 2; i++) { /* as it is put together, and as it is written then */
                _cleanup_json_ json_t* items = app_use_json(&s.m, &s.live, "week");
                ASSERT_EQ(json_array_size(items), 4); /* that which was not over was lost again */
                ASSERT_EQ(of_sample(items, 0, "memory_mb"), 99);
                ASSERT_EQ(of_sample(items, 2, "memory_mb"), 30);
                look(&s);
                begin_again(&s, "[]");
        }
        scene_close(&s);
}

TEST(a_file_that_is_none_is_thrown_away_and_begun_anew) {
        static const UseStep bad_place = { .step = 7, .samples = 1, .disk_mb = USE_NONE }, bad_sum = { .step = USE_STEPS, .samples = 7 },
                             bad_most = { .step = USE_STEPS, .samples = 1, .memory_mb = 2, .memory_most_mb = 1 }, bad_none = { .step = USE_STEPS };
        const struct {
                off_t at;
                const void* bytes;
                size_t size, length;
        } damages[] = {
                { 0, "", 0, 0 }, { 0, "", 0, 23 }, { 0, "", 0, HISTORY_BYTES - 1 }, { HISTORY_BYTES, "x", 1, HISTORY_BYTES + 1 }, { 0, "S", 1, HISTORY_BYTES },
                { 8, "\2", 1, HISTORY_BYTES }, { 0, "\0\0\0\0\0\0\0", 8, HISTORY_BYTES }, { 24, &bad_place, 24, HISTORY_BYTES },
                { 24, &bad_sum, 24, HISTORY_BYTES }, { 24, &bad_most, 24, HISTORY_BYTES }, { 24, &bad_none, 24, HISTORY_BYTES },
        };
        for (size_t i = 0; i < ELEMENTS(damages); i++)
                for (int asked = 0; asked < 2; asked++) {
                        Scene s;
                        struct stat st;
                        scene_open(&s);
                        world.wall = NOON / 7200 * 7200;
                        go_on(&s, 3 * STEP);
                        begin_again(&s, "[]");
                        assert_history(&s, "week", 2);
                        history_change(&s, damages[i].at, damages[i].bytes, damages[i].size);
                        ASSERT_OK(truncate(history_path(&s), (off_t) damages[i].length));
                        if (asked) {
                                assert_history(&s, "week", 0);
                                ASSERT_TRUE(stat(history_path(&s), &st) < 0);
                        }
                        pass(STEP);
                        go_on(&s, 3 * STEP);
                        ASSERT_OK(stat(history_path(&s), &st));
                        ASSERT_EQ(st.st_size, HISTORY_BYTES);
                        assert_history(&s, "month", 1);
                        scene_close(&s);
                }
}

/* In the file what was before is there again when the clock is. */
TEST(a_clock_that_is_set_takes_nothing_from_the_months) {
        static const int64_t leaps[] = { 3600, -3600, 86400 * 3, -86400 * 3, 86400 * 365, -86400 * 365 };
        for (size_t i = 0; i < ELEMENTS(leaps); i++) {
                Scene s;
                scene_open(&s);
                const int64_t begin = world.wall = NOON / 7200 * 7200, end = begin + 86400 * 2;
                go_on(&s, end - begin + 300);
                world.wall += leaps[i];
                go_on(&s, 3 * STEP);
                _cleanup_json_ json_t* items = app_use_json(&s.m, &s.live, "week");
                size_t n = json_array_size(items);
                ASSERT_TRUE(n >= 3);
                for (size_t k = 1; k < n; k++)
                        ASSERT_TRUE(of_sample(items, k, "at") > of_sample(items, k - 1, "at"));
                ASSERT_TRUE(of_sample(items, n - 1, "at") <= world.wall + STEP);
                world.wall -= leaps[i];
                go_on(&s, 300);
                begin_again(&s, "[]");
                _cleanup_json_ json_t* after = app_use_json(&s.m, &s.live, "week");
                size_t found = 0;
                for (size_t k = 0; k < json_array_size(after); k++)
                        found += of_sample(after, k, "at") > begin && of_sample(after, k, "at") <= end;
                ASSERT_EQ(found, (size_t) ((end - begin) / STEP));
                scene_close(&s);
        }
}

TEST(what_cannot_be_written_is_written_when_it_can) {
        Scene s;
        scene_open(&s);
        world.wall = NOON / 7200 * 7200;
        char place[128];
        (void) snprintf(place, sizeof(place), "%s/use", s.directory);
        _cleanup_close_ int fd = open(place, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* where the directory should be */
        ASSERT_OK(fd);
        go_on(&s, 3 * STEP);
        assert_history(&s, "week", 3);
        ASSERT_OK(unlink(place));
        go_on(&s, STEP);
        pass(STEP);
        go_on(&s, 300);
        begin_again(&s, "[]");
        assert_history(&s, "week", 4);
        scene_close(&s);
}

TEST(one_that_is_gone_or_has_just_come_has_none) {
        Scene s;
        struct stat st;
        scene_open(&s);
        go_on(&s, 2 * STEP);
        ASSERT_OK(stat(history_path(&s), &st));
        app_use_forget(&s.m, "notes");
        app_use_forget(&s.m, "notes");
        ASSERT_TRUE(stat(history_path(&s), &st) < 0);
        go_on(&s, 2 * STEP);
        app_use_sweep(&s.m);
        ASSERT_OK(stat(history_path(&s), &st));
        s.apps.live_n = 0; /* it went while the manager did not run */
        app_use_sweep(&s.m);
        ASSERT_TRUE(stat(history_path(&s), &st) < 0);
        scene_close(&s);
}

TEST_MAIN()
