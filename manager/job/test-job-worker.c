/* Jobs that are programs of their own: what they say, and what becomes of one that dies, outlives the manager or lies. */
#include "base/file.h"
#include "job/test-engine.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static bool nobody_allowed(const JobType* type, const char* id, int fd, uid_t uid) {
        return false;
}

static void good_worker(const char* id) {
        int fd = connect_to_manager();
        tell(fd, "{\"hello\":\"%s\"}", id);
        ASSERT_TRUE(hear(fd, "{\"welcome\":true}"));
        tell(fd, "{\"stage\":\"redact\",\"percent\":40,\"message\":\"Blacking out\"}\n{\"log\":{\"level\":\"info\",\"text\":\"a line\"}}");
        tell(fd, "{\"ask\":{\"what\":\"adopt\"}}");
        ASSERT_TRUE(hear(fd, "{\"answer\":{\"error\":null}}"));
        tell(fd, "{\"result\":{\"parts\":3}}");
        ASSERT_TRUE(hear(fd, "{\"over\":true}"));
}

/* The worker's own assertions are its exit status. */
static void worker_ended_well(void) {
        int status = 0;
        ASSERT_OK(waitpid(world.pid, &status, 0));
        ASSERT_EQ(status, 0);
        world.pid = 0;
}

TEST(a_worker_reports_and_goes_home) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES], path[160];
        up(&f);
        world.worker = good_worker;
        ASSERT_OK(add(&f, JOB_SUPPORT_BUNDLE, id, &e));
        turn_until(&f, id, "running");
        (void) snprintf(path, sizeof(path), "%s/jobs/%s/request.json", f.directory, id);
        _cleanup_free_ char* request = NULL;
        ASSERT_OK(file_read(AT_FDCWD, path, 4096, &request, NULL));
        ASSERT_TRUE(strstr(request, "\"request\":{\"note\":\"hello\"}"));
        turn_until(&f, id, "done");
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_STREQ(row.result, "{\"parts\":3}");
        ASSERT_STREQ(row.message, "Blacking out");
        ASSERT_STREQ(row.stage, "redact");
        ASSERT_EQ(world.finished, 1);
        ASSERT_TRUE(access(path, F_OK) < 0);
        _cleanup_json_ json_t* lines = NULL;
        ASSERT_OK(store_job_lines(f.m.store, id, &lines, &e));
        ASSERT_EQ(json_array_size(lines), 1);
        worker_ended_well();
        down(&f);
}

TEST(requests_of_jobs_that_are_over_go) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES], over[160], needed[160];
        up(&f);
        ASSERT_OK(add(&f, JOB_SUPPORT_BUNDLE, id, &e));
        turn_until(&f, id, "running");
        (void) snprintf(needed, sizeof(needed), "%s/jobs/%s/request.json", f.directory, id);
        ASSERT_OK(access(needed, F_OK));
        (void) snprintf(over, sizeof(over), "%s/jobs/abcdefghij", f.directory);
        ASSERT_OK(mkdir(over, 0700));
        ASSERT_OK(file_write(AT_FDCWD, strcat(over, "/request.json"), "{}", 2, 0600));
        f.m.jobs = jobs_free(f.m.jobs);
        jobs_up(&f, fake_peer_allowed);
        *strrchr(over, '/') = 0;
        ASSERT_TRUE(access(over, F_OK) < 0);
        ASSERT_OK(access(needed, F_OK));
        down(&f);
}

static void patient_worker(const char* id) {
        for (int life = 0; life < 2; life++) {
                int fd = -EBADF;
                for (bool welcome = false; !welcome;) { /* it may meet the dying manager's socket */
                        (void) usleep(10000);
                        closep(&fd);
                        fd = connect_to_manager();
                        char hello[64];
                        (void) snprintf(hello, sizeof(hello), "{\"hello\":\"%s\"}\n", id);
                        welcome = fd >= 0 && send(fd, hello, strlen(hello), MSG_NOSIGNAL) > 0 && hear(fd, "{\"welcome\":true}");
                }
                tell(fd, "{\"percent\":%d}", life ? 90 : 30);
                if (life)
                        tell(fd, "{\"result\":{}}");
                ASSERT_TRUE(hear(fd, life ? "{\"over\":true}" : ""));
                (void) close(fd);
        }
}

TEST(a_worker_outlives_the_manager) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.worker = patient_worker;
        ASSERT_OK(add(&f, JOB_SUPPORT_BUNDLE, id, &e));
        uint64_t until = now_usec(CLOCK_MONOTONIC) + 3 * USEC_PER_SEC; /* long enough for its progress to be saved */
        while (now_usec(CLOCK_MONOTONIC) < until)
                ASSERT_OK(sd_event_run(f.m.event, 50 * USEC_PER_MSEC));
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_EQ(row.percent, 30);
        f.m.jobs = jobs_free(f.m.jobs);
        jobs_up(&f, fake_peer_allowed);
        turn_until(&f, id, "done");
        worker_ended_well();
        down(&f);
}

static void early_worker(const char* id) {
        int fd = -EBADF;
        for (bool welcome = false; !welcome;) {
                (void) usleep(1000);
                closep(&fd);
                fd = connect_to_manager();
                char hello[64];
                (void) snprintf(hello, sizeof(hello), "{\"hello\":\"%s\"}\n", id);
                if (fd < 0 || send(fd, hello, strlen(hello), MSG_NOSIGNAL) < 0)
                        continue;
                char answer[64];
                ssize_t n = read(fd, answer, sizeof(answer) - 1);
                ASSERT_TRUE(n <= 0 || memcmp(answer, "{\"over", 6) != 0); /* nobody may send it home */
                welcome = n > 0;
        }
        tell(fd, "{\"result\":{}}");
        ASSERT_TRUE(hear(fd, "{\"over\":true}"));
}

/* The worker's hello may be the first thing that a new manager hears, before it has looked at its rows. */
TEST(an_early_worker_is_not_sent_home) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.worker = early_worker;
        ASSERT_OK(add(&f, JOB_SUPPORT_BUNDLE, id, &e));
        turn_until(&f, id, "running");
        f.m.jobs = jobs_free(f.m.jobs);
        jobs_up(&f, fake_peer_allowed);
        (void) usleep(50000); /* its hello lies in the socket when the loop turns */
        turn_until(&f, id, "done");
        worker_ended_well();
        down(&f);
}

TEST(a_dead_worker_is_noticed) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.worker = dying_worker;
        world.alive = 0;
        ASSERT_OK(add(&f, JOB_SUPPORT_BUNDLE, id, &e));
        turn_until(&f, id, "failed");
        ASSERT_EQ(world.undone, 1);
        down(&f);
}

TEST(a_worker_is_told_to_stop) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.worker = obedient_worker;
        ASSERT_OK(add(&f, JOB_SUPPORT_BUNDLE, id, &e));
        turn_until(&f, id, "running");
        Task* t = jobs_find(f.m.jobs, id);
        while (!t->connection)
                ASSERT_OK(sd_event_run(f.m.event, 20 * USEC_PER_MSEC));
        ASSERT_OK(store_begin(f.m.store, &e));
        ASSERT_OK(jobs_cancel(f.m.jobs, id, &e));
        ASSERT_OK(store_commit(f.m.store, &e));
        turn_until(&f, id, "cancelled");
        worker_ended_well();
        down(&f);
}

static void refused_worker(const char* id) {
        int fd = connect_to_manager();
        tell(fd, "{\"hello\":\"%s\"}", id);
        ASSERT_TRUE(hear(fd, ""));
}

TEST(strangers_may_not_speak_for_a_job) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        f.m.jobs = jobs_free(f.m.jobs);
        jobs_up(&f, nobody_allowed);
        log_set_max_level(LOG_CRIT);
        world.worker = refused_worker;
        world.alive = 0;
        ASSERT_OK(add(&f, JOB_SUPPORT_BUNDLE, id, &e));
        turn_until(&f, id, "failed");
        log_set_max_level(LOG_INFO);
        down(&f);
}

TEST_MAIN()
