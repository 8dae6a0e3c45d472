/* How apps are asked how they are: the web server is the test's own, at a socket of its own. */
#include "base/test.h"
#include "app/app-internal.h"
#include "base/time.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CROWD 20
#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
#define PATIENCE_USEC (60 * USEC_PER_SEC)

/* --- what probe.c leans on --- */

static unsigned woken, followed;
static int64_t leap; /* seconds the wall clock was set by */

uint64_t now_usec(clockid_t clock) {
        struct timespec t;
        assert(clock_gettime(clock, &t) == 0);
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000 + (clock == CLOCK_REALTIME ? (uint64_t) leap * USEC_PER_SEC : 0);
}

void jobs_wake(Jobs* j, const char* id) {
        ASSERT_STREQ(id, "job1");
        woken++;
}

void app_health_follow(Manager* m, AppLive* live) {
        followed++;
}

void app_answer_done(AppAnswer* a) {
        free(a->body);
        *a = (AppAnswer) {};
}

/* --- the scene --- */

typedef struct Scene {
        char directory[64], path[108];
        sd_event* event;
        sd_event_source* accepting;
        Manager m;
        Apps apps;
        AppLive live[CROWD], *list[CROWD];
        const char* say;         /* what visitors are answered; NULL = they wait */
        size_t say_size;
        int waiting[CROWD];   /* those who wait */
        size_t waiting_n, asked, heard_size;
        char heard[4096];        /* what was asked last, whole */
} Scene;

static int on_visitor(sd_event_source* source, int fd, uint32_t revents, void* userdata) {
        Scene* s = userdata;
        int visitor = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        ASSERT_OK(visitor);
        s->heard_size = 0;
        while (s->heard_size < 4 || memcmp(s->heard + s->heard_size - 4, "\r\n\r\n", 4) != 0) {
                ssize_t n = read(visitor, s->heard + s->heard_size, sizeof(s->heard) - 1 - s->heard_size);
                ASSERT_TRUE(n > 0);
                s->heard_size += (size_t) n;
                s->heard[s->heard_size] = 0;
        }
        s->asked++;
        if (!s->say) {
                ASSERT_TRUE(s->waiting_n < CROWD);
                s->waiting[s->waiting_n++] = visitor;
                return 0;
        }
        (void) send(visitor, s->say, s->say_size, MSG_NOSIGNAL);
        (void) close(visitor);
        return 0;
}

static void scene_open(Scene* s, size_t apps) {
        union {
                struct sockaddr any;
                struct sockaddr_un un;
        } sa = { .un = { .sun_family = AF_UNIX } };
        *s = (Scene) { .directory = "/tmp/steadbox-test-probe-XXXXXX", .say = GOOD, .say_size = strlen(GOOD) };
        ASSERT_TRUE(mkdtemp(s->directory));
        (void) snprintf(s->path, sizeof(s->path), "%s/sock", s->directory);
        (void) snprintf(sa.un.sun_path, sizeof(sa.un.sun_path), "%s", s->path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ASSERT_OK(fd);
        ASSERT_OK(bind(fd, &sa.any, sizeof(sa.un)));
        ASSERT_OK(listen(fd, 64));
        ASSERT_OK(sd_event_new(&s->event));
        ASSERT_OK(sd_event_add_io(s->event, &s->accepting, fd, EPOLLIN, on_visitor, s));
        ASSERT_OK(sd_event_source_set_io_fd_own(s->accepting, 1));
        for (size_t i = 0; i < apps; i++) {
                AppLive* live = s->list[i] = &s->live[i];
                *live = (AppLive) {
                        .host = (char*) "notes.example",
                        .path = (char*) "/health?x=1",
                        .expect = { 200, 404 },
                        .expect_n = 2,
                        .http = true,
                        .wanted = true,
                };
                (void) snprintf(live->id, sizeof(live->id), "app%zu", i);
        }
        s->apps = (Apps) { .m = &s->m, .live = s->list, .live_n = apps, .probe_socket = s->path };
        s->m = (Manager) { .event = s->event, .apps = &s->apps };
        woken = followed = 0;
        leap = 0;
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(app_probe_start(&s->m, &e));
}

static void scene_close(Scene* s) {
        for (size_t i = 0; i < s->apps.live_n; i++) {
                app_probe_cancel(&s->live[i]);
                app_answer_done(&s->live[i].last);
                app_answer_done(&s->live[i].good);
        }
        for (size_t i = 0; i < s->waiting_n; i++)
                (void) close(s->waiting[i]);
        ASSERT_EQ(s->apps.probing, 0);
        (void) sd_event_source_disable_unref(s->apps.prober);
        (void) sd_event_source_disable_unref(s->accepting);
        s->event = sd_event_unref(s->event);
        (void) unlink(s->path);
        ASSERT_OK(rmdir(s->directory));
}

static void due_now(Scene* s) {
        for (size_t i = 0; i < s->apps.live_n; i++)
                s->live[i].due_usec = 1;
        app_probe_plan(&s->m);
}

/* Until so many answers were told. */
static void until_followed(Scene* s, unsigned n) {
        uint64_t over = now_usec(CLOCK_MONOTONIC) + PATIENCE_USEC;
        while (followed < n) {
                ASSERT_OK(sd_event_run(s->event, USEC_PER_SEC));
                ASSERT_TRUE(now_usec(CLOCK_MONOTONIC) < over);
        }
}

static void ask(Scene* s, const char* say, size_t size) {
        s->say = say;
        s->say_size = size;
        due_now(s);
        until_followed(s, followed + 1);
}

/* --- cases --- */

TEST(an_app_is_asked_by_its_name_and_its_answer_is_kept) {
        Scene s;
        scene_open(&s, 1);
        ask(&s, GOOD, strlen(GOOD));
        ASSERT_STREQ(s.heard, "GET /health?x=1 HTTP/1.1\r\nHost: notes.example\r\nUser-Agent: Steadbox\r\nAccept: */*\r\nConnection: close\r\n\r\n");
        ASSERT_EQ(s.live[0].last.status, 200);
        ASSERT_TRUE(s.live[0].last_good && !s.live[0].last.body); /* the words are there once */
        ASSERT_STREQ(s.live[0].good.body, "fine");
        ASSERT_TRUE(s.live[0].good_answer_usec > 0);
        ASSERT_EQ(s.live[0].pulses_n, 1);
        ASSERT_TRUE(s.live[0].pulses[0].good);
        ASSERT_EQ(woken, 0);
        uint64_t good = s.live[0].good_answer_usec;
        static const char bad[] = "HTTP/1.1 500 No\r\n\r\nsorry";
        ask(&s, bad, strlen(bad));
        ASSERT_EQ(s.live[0].last.status, 500);
        ASSERT_STREQ(s.live[0].last.body, "sorry");
        ASSERT_FALSE(s.live[0].last_good);
        ASSERT_STREQ(s.live[0].good.body, "fine");
        ASSERT_EQ(s.live[0].good_answer_usec, good);
        ASSERT_FALSE(s.live[0].pulses[1].good);
        static const char also[] = "HTTP/1.1 404 Not Found\r\n\r\n"; /* its package says that this is well */
        ask(&s, also, strlen(also));
        ASSERT_TRUE(s.live[0].pulses[2].good);
        ASSERT_EQ(s.live[0].good.status, 404);
        scene_close(&s);
}

TEST(answers_that_are_none) {
        static const struct {
                const char* say;
                size_t size;
        } cases[] = {
#define SAY(text) { text, sizeof(text) - 1 }
                SAY(""), SAY("HTTP/1.1 200 OK\r\n"), SAY("HTTP/1.1 2x0 OK\r\n\r\n"), SAY("HTTP/2 200\r\n\r\n"), SAY("SSH-2.0-OpenSSH_9.2\r\n"),
                SAY("HTTP/1.\r\n\r\n"), SAY("\r\n\r\n"), SAY("http/1.1 200 OK\r\n\r\n"), SAY("HTTP/1.1 -20 OK\r\n\r\n"),
        };
        Scene s;
        scene_open(&s, 1);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                ask(&s, cases[i].say, cases[i].size);
                ASSERT_EQ(s.live[0].last.status, 0);
                ASSERT_STREQ(s.live[0].last.body, "The answer is not HTTP.");
                ASSERT_FALSE(s.live[0].pulses[i].good);
        }
        ASSERT_EQ(s.live[0].good_answer_usec, 0);
        ASSERT_OK(unlink(s.path)); /* nginx is not there */
        ask(&s, GOOD, strlen(GOOD));
        ASSERT_EQ(s.live[0].last.status, 0);
        ASSERT_STREQ(s.live[0].last.body, "The web server of the box does not take questions.");
        scene_close(&s);
}

/* The body of a good answer of that many bytes, all of them `fill`. */
static char* big(size_t bytes, const char* fill, size_t* ret_size) {
        static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
        char* text = malloc(sizeof(head) + bytes + strlen(fill));
        ASSERT_TRUE(text);
        memcpy(text, head, sizeof(head) - 1);
        for (size_t i = 0; i < bytes; i += strlen(fill))
                memcpy(text + sizeof(head) - 1 + i, fill, strlen(fill));
        *ret_size = sizeof(head) - 1 + bytes;
        return text;
}

TEST(of_a_long_answer_the_beginning_is_kept_cut_between_two_signs) {
        static const struct {
                const char* fill;
                size_t bytes, kept;
        } cases[] = {
                { "a", 4096, 4096 }, { "a", 5000, 4096 }, { "a", 200000, 4096 }, { "\xc3\xa4", 5000, 4096 }, { "\xe2\x82\xac", 6000, 4095 },
                { "\xf0\x9f\x90\xa6", 8000, 4096 }, { "\xff", 5000, 0 }, { "\xc3", 1, 0 },
        };
        Scene s;
        scene_open(&s, 1);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                size_t size;
                _cleanup_free_ char* text = big(cases[i].bytes, cases[i].fill, &size);
                ask(&s, text, size);
                ASSERT_EQ(s.live[0].last.status, 200);
                ASSERT_EQ(strlen(s.live[0].good.body), cases[i].kept);
        }
        scene_close(&s);
}

TEST(whom_nobody_wants_to_hear_of_is_not_asked) {
        Scene s;
        scene_open(&s, 4);
        s.live[0].http = false;
        s.live[1].wanted = false;
        s.live[2].host = NULL;
        due_now(&s);
        until_followed(&s, 1);
        while (ASSERT_OK(sd_event_run(s.event, 0)) > 0)
                ;
        ASSERT_EQ(s.asked, 1);
        ASSERT_EQ(s.live[3].last.status, 200);
        s.live[1].watched = true; /* a job wants to know all the same */
        (void) snprintf(s.live[1].job, sizeof(s.live[1].job), "job1");
        app_probe_now(&s.m, &s.live[1]);
        until_followed(&s, 4);
        ASSERT_EQ(s.live[1].last.status, 200);
        ASSERT_TRUE(woken >= 3); /* again and again, within seconds */
        scene_close(&s);
}

TEST(while_it_is_watched_only_good_answers_are_remembered) {
        Scene s;
        scene_open(&s, 1);
        s.live[0].watched = true;
        static const char bad[] = "HTTP/1.1 503 Wait\r\n\r\n";
        for (int i = 0; i < 5; i++)
                ask(&s, bad, strlen(bad));
        ASSERT_EQ(s.live[0].pulses_n, 0);
        ask(&s, GOOD, strlen(GOOD));
        ASSERT_EQ(s.live[0].pulses_n, 1);
        s.live[0].watched = false;
        for (unsigned i = 1; i < APP_PULSES + 5; i++)
                app_answered(&s.m, &s.live[0], 503, strdup("Wait"), 1);
        ASSERT_EQ(s.live[0].pulses_n, APP_PULSES + 5);
        ASSERT_FALSE(s.live[0].pulses[0].good); /* the ring went round */
        scene_close(&s);
}

TEST(apps_that_say_nothing_do_not_hold_up_all_others_at_once) {
        Scene s;
        scene_open(&s, CROWD);
        s.say = NULL;
        due_now(&s);
        uint64_t over = now_usec(CLOCK_MONOTONIC) + PATIENCE_USEC;
        while (s.asked < 16) {
                ASSERT_OK(sd_event_run(s.event, USEC_PER_SEC));
                ASSERT_TRUE(now_usec(CLOCK_MONOTONIC) < over);
        }
        ASSERT_EQ(s.apps.probing, 16); /* so many at a time */
        (void) sd_event_source_set_enabled(s.apps.prober, SD_EVENT_OFF);
        for (size_t i = 0; i < s.waiting_n; i++)
                (void) close(s.waiting[i]);
        s.waiting_n = 0;
        s.say = GOOD;
        unsigned good = 0;
        for (size_t i = 0; i < CROWD; i++) /* each end makes room for another; where that takes long, some are due again */
                while (s.live[i].pulses_n == 0) {
                        ASSERT_OK(sd_event_run(s.event, USEC_PER_SEC));
                        ASSERT_TRUE(now_usec(CLOCK_MONOTONIC) < over);
                }
        ASSERT_TRUE(s.asked >= CROWD);
        for (size_t i = 0; i < CROWD; i++)
                good += s.live[i].last.status == 200;
        ASSERT_TRUE(good >= 4);
        scene_close(&s);
}

TEST(a_clock_that_is_set_neither_hurries_nor_holds_up_a_question) {
        static const int64_t leaps[] = { 86400 * 365, -86400 * 365 };
        Scene s;
        scene_open(&s, 1);
        for (size_t i = 0; i < ELEMENTS(leaps); i++) {
                ask(&s, GOOD, strlen(GOOD));
                uint64_t due = s.live[0].due_usec, now = now_usec(CLOCK_BOOTTIME);
                ASSERT_TRUE(due <= now + 10 * USEC_PER_SEC);
                leap = leaps[i];
                app_probe_plan(&s.m);
                ASSERT_EQ(s.live[0].due_usec, due);
                app_probe_now(&s.m, &s.live[0]);
                until_followed(&s, followed + 1);
                ASSERT_EQ(s.live[0].last.milliseconds / 60000, 0);
                ASSERT_TRUE(llabs((long long) (s.live[0].last.at - now_seconds())) < 60);
        }
        scene_close(&s);
}

TEST_MAIN()
