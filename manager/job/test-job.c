#include "base/test.h"
#include "api/events.h"
#include "base/file.h"
#include "base/time.h"
#include "job/job-internal.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

/* What the box's other parts would hear and do. */
static struct {
        unsigned events, steps, undone, finished, stops;
        unsigned fail_at;   /* this step fails; 0 = none */
        int alive;          /* what PID 1 says */
        bool answered;      /* what a patient step waits for is there */
        JobKind part;       /* what a whole has a child of */
        int parts_open;
        unsigned undo_fails; /* so many times more */
        unsigned undo_tries, stranded;
        bool undo_never;
        void (*worker)(const char* id);
        pid_t pid;
} world;

void events_publish(Events* e, const char* name, json_t* data, int64_t user_id) {
        ASSERT_STREQ(name, "job");
        ASSERT_EQ(json_object_size(data), 16);
        world.events++;
        json_decref(data);
}

typedef struct Fixture {
        Manager m;
        char directory[64];
        char socket[96];
} Fixture;

static int fake_step(Manager* m, Job* job, Error* reterr) {
        ASSERT_TRUE(store_in_transaction(m->store));
        ASSERT_STREQ(job->actor.username, "ada");
        ASSERT_EQ(job->actor.role, ROLE_ADMIN);
        int64_t n = json_get_integer(job->journal, "n", 0) + 1;
        world.steps++;
        (void) json_object_set_new(job->journal, "n", json_integer(n));
        (void) json_object_set_new(job->result, "n", json_integer(n));
        job_say(job, "Step %lld.", (long long) n);
        job_log(m, job, "info", "step %lld", (long long) n);
        if (world.fail_at && n == world.fail_at)
                return error_set(reterr, ERROR_CONFLICT, "It broke.");
        return n % 3 == 0; /* three steps a stage */
}

static int fake_undo(Manager* m, Job* job, Error* reterr) {
        ASSERT_TRUE(store_in_transaction(m->store));
        if (world.undo_never) {
                world.undo_tries++;
                return error_set(reterr, ERROR_CONFLICT, "It does not go back.");
        }
        world.undone = (unsigned) json_get_integer(job->journal, "n", 0) + 1;
        return 0;
}

static int fake_finished(Manager* m, Job* job, Error* reterr) {
        ASSERT_TRUE(store_in_transaction(m->store));
        world.finished++;
        return 0;
}

static int fake_asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        ASSERT_STREQ(json_get_string(question, "what"), "adopt");
        jobs_answer(m->jobs, job->id, 0, NULL);
        return 0;
}

static const JobClass fake_manager = { .step = fake_step, .undo = fake_undo };
static const JobClass fake_worker = { .asked = fake_asked, .finished = fake_finished, .undo = fake_undo };
/* --- those that wait --- */

/* Waits at every second call until somebody woke it; the third stage ends by the clock. */
static int patient_step(Manager* m, Job* job, Error* reterr) {
        int64_t asked = json_get_integer(job->journal, "asked", 0);
        world.steps++;
        if (asked == 0) {
                (void) json_object_set_new(job->journal, "asked", json_integer((json_int_t) now_usec(CLOCK_BOOTTIME)));
                if (job->stage == 2)
                        job_wait_until(job, now_usec(CLOCK_BOOTTIME) + 100 * USEC_PER_MSEC);
                return JOB_WAIT;
        }
        if (job->stage == 2 && now_usec(CLOCK_BOOTTIME) < (uint64_t) asked + 100 * USEC_PER_MSEC) {
                job_wait_until(job, (uint64_t) asked + 100 * USEC_PER_MSEC);
                return JOB_WAIT;
        }
        if (job->stage != 2 && !world.answered)
                return JOB_WAIT;
        world.answered = false;
        (void) json_object_del(job->journal, "asked");
        return 1;
}

/* One child in the first stages; fails after it where the test wants so; undoes in three turns. */
static int whole_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_json_ json_t* result = NULL;
        world.steps++;
        if (job->stage > 1)
                return world.fail_at == job->stage ? error_set(reterr, ERROR_CONFLICT, "It broke.") : 1;
        int r = job_child(m, job, "part", world.part, "thing", json_pack("{s:s}", "note", "part"), &result, reterr);
        if (r == 1)
                (void) json_object_set_new(job->result, "parts", json_integer(json_get_integer(result, "parts", 0)));
        return r;
}

static int whole_undo(Manager* m, Job* job, Error* reterr) {
        int64_t n = json_get_integer(job->journal, "undone", 0) + 1;
        ASSERT_TRUE(store_in_transaction(m->store));
        ASSERT_EQ(world.parts_open, 0);
        if (n == 2) {
                world.undo_tries++;
                ASSERT_EQ(job_undo_failed(job) + 1, world.undo_tries);
        }
        if (n == 2 && world.undo_fails > 0) {
                world.undo_fails--;
                return error_set(reterr, ERROR_CONFLICT, "It does not go back.");
        }
        (void) json_object_set_new(job->journal, "undone", json_integer(n));
        world.undone = (unsigned) n;
        if (n == 3)
                return 0;
        job_wait_until(job, now_usec(CLOCK_BOOTTIME) + 20 * USEC_PER_MSEC);
        return JOB_WAIT;
}

static int whole_stranded(Manager* m, Job* job, const Error* why, Error* reterr) {
        ASSERT_TRUE(store_in_transaction(m->store));
        ASSERT_STREQ(why->message, "It does not go back.");
        world.stranded++;
        return 0;
}

static int part_undo(Manager* m, Job* job, Error* reterr) {
        world.parts_open--;
        return 0;
}

static int part_finished(Manager* m, Job* job, Error* reterr) {
        world.finished++;
        world.parts_open--;
        return 0;
}

static const JobClass fake_patient = { .step = patient_step };
static const JobClass fake_whole = { .step = whole_step, .undo = whole_undo, .stranded = whole_stranded };
static const JobClass fake_part = { .finished = part_finished, .undo = part_undo };

static const JobClass* const fake_classes[_JOB_KIND_MAX] = {
        [JOB_USER_DELETE] = &fake_manager,
        [JOB_USER_IMPORT] = &fake_manager,
        [JOB_SUPPORT_BUNDLE] = &fake_worker,
        [JOB_IMAGE_PULL] = &fake_part,
        [JOB_APP_DATA] = &fake_part,
        [JOB_APP_INSTALL] = &fake_whole,
        [JOB_APP_RUN] = &fake_patient,
};

static int fake_start(Jobs* j, const char* kind, const char* id, Error* reterr) {
        if (world.pid > 0) { /* as with a unit, starting what runs does nothing */
                jobs_started(j, id, 0, NULL);
                return 0;
        }
        world.pid = fork();
        ASSERT_OK(world.pid);
        if (world.pid == 0) {
                (void) close_range(3, ~0U, 0); /* as after exec: else it would hold our listening socket */
                world.worker(id);
                _exit(0);
        }
        jobs_started(j, id, 0, NULL);
        return 0;
}

static void fake_stop(Jobs* j, const char* kind, const char* id) {
        world.stops++;
        world.alive = 0;
}

static int fake_look(Jobs* j, const char* kind, const char* id) {
        jobs_looked(j, id, world.alive);
        return 0;
}

static bool fake_peer_allowed(const JobType* type, const char* id, int fd, uid_t uid) {
        return uid == getuid();
}

static bool nobody_allowed(const JobType* type, const char* id, int fd, uid_t uid) {
        return false;
}

static char socket_path[108];

static int listen_at(const char* path) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        (void) unlink(path);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ASSERT_OK(fd);
        ASSERT_OK(bind(fd, &sa, sizeof(sa)) < 0 ? -errno : 0);
        ASSERT_OK(listen(fd, 8));
        return fd;
}

static void jobs_up(Fixture* f, bool (*peer_allowed)(const JobType*, const char*, int, uid_t)) {
        _cleanup_error_ Error e = ERROR_NULL;
        JobsOptions options = {
                .classes = fake_classes, .listen_fd = listen_at(socket_path), .start = fake_start, .stop = fake_stop,
                .look = fake_look, .peer_allowed = peer_allowed, .doubt_usec = 50 * USEC_PER_MSEC, .undo_usec = USEC_PER_MSEC,
        };
        ASSERT_OK(jobs_new_with(&f->m, options, &f->m.jobs, &e));
}

static void up(Fixture* f) {
        _cleanup_error_ Error e = ERROR_NULL;
        *f = (Fixture) { .directory = "/tmp/test-job.XXXXXX" };
        memset(&world, 0, sizeof(world));
        world.alive = 1;
        ASSERT_TRUE(mkdtemp(f->directory));
        char path[96];
        (void) snprintf(path, sizeof(path), "%s/db", f->directory);
        (void) snprintf(socket_path, sizeof(socket_path), "%s/job.sock", f->directory);
        ASSERT_OK(sd_event_new(&f->m.event));
        ASSERT_OK(store_open(path, &f->m.store, &e));
        f->m.runtime_directory = f->directory;
        jobs_up(f, fake_peer_allowed);
}

static void down(Fixture* f) {
        f->m.jobs = jobs_free(f->m.jobs);
        (void) store_free(f->m.store);
        (void) sd_event_unref(f->m.event);
        if (world.pid > 0) {
                (void) kill(world.pid, SIGKILL);
                (void) waitpid(world.pid, NULL, 0);
        }
        char command[128];
        (void) snprintf(command, sizeof(command), "rm -rf %s", f->directory);
        ASSERT_EQ(system(command), 0);
}

static int add(Fixture* f, JobKind kind, char id[static JOB_ID_BYTES], Error* e) {
        Actor ada = { .via = VIA_SESSION, .role = ROLE_ADMIN, .user_id = 7, .username = "ada" };
        ASSERT_OK(store_begin(f->m.store, e));
        int r = jobs_add(f->m.jobs, kind, &ada, "thing", json_pack("{s:s}", "note", "hello"), id, e);
        if (r < 0)
                store_rollback(f->m.store);
        else
                ASSERT_OK(store_commit(f->m.store, e));
        return r;
}

static JobRow row_of(Fixture* f, const char* id) {
        _cleanup_error_ Error e = ERROR_NULL;
        JobRow row = {};
        ASSERT_EQ(store_job_get(f->m.store, id, &row, &e), 1);
        return row;
}

static void turn_until(Fixture* f, const char* id, const char* state) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + 20 * USEC_PER_SEC;
        for (;;) {
                _cleanup_job_row_ JobRow row = row_of(f, id);
                if (streq(row.state, state))
                        return;
                if (now_usec(CLOCK_MONOTONIC) > deadline)
                        TEST_FAIL("job is '%s' at '%s', not '%s': %s", row.state, row.stage, state, row.error);
                ASSERT_OK(sd_event_run(f->m.event, 20 * USEC_PER_MSEC));
        }
}

TEST(steps_run_to_the_end) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        ASSERT_OK(add(&f, JOB_USER_DELETE, id, &e));
        turn_until(&f, id, "done");
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_EQ(world.steps, 12);
        ASSERT_EQ(row.percent, 100);
        ASSERT_STREQ(row.result, "{\"n\":12}");
        ASSERT_STREQ(row.stage, "person");
        ASSERT_STREQ(row.message, "Step 12.");
        ASSERT_STREQ(row.request, "{}");
        ASSERT_TRUE(row.started_at > 0 && row.ended_at > 0);
        _cleanup_json_ json_t* lines = NULL;
        ASSERT_OK(store_job_lines(f.m.store, id, &lines, &e));
        ASSERT_EQ(json_array_size(lines), 12);
        ASSERT_TRUE(world.events >= 5);
        ASSERT_EQ(world.undone, 0);
        down(&f);
}

TEST(a_failed_step_is_rolled_back_and_undone) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.fail_at = 5;
        ASSERT_OK(add(&f, JOB_USER_DELETE, id, &e));
        turn_until(&f, id, "failed");
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_EQ(world.undone, 4 + 1); /* what the fifth step noted was rolled back with it */
        ASSERT_TRUE(strstr(row.error, "It broke."));
        ASSERT_STREQ(row.request, "{\"note\":\"hello\"}");
        _cleanup_json_ json_t* lines = NULL;
        ASSERT_OK(store_job_lines(f.m.store, id, &lines, &e));
        ASSERT_EQ(json_array_size(lines), 4);
        down(&f);
}

TEST(a_new_manager_goes_on) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        ASSERT_OK(add(&f, JOB_USER_DELETE, id, &e));
        for (unsigned i = 0; i < 12; i++) { /* one turn of the loop in each life */
                unsigned before = world.steps;
                while (world.steps == before)
                        ASSERT_OK(sd_event_run(f.m.event, 20 * USEC_PER_MSEC));
                f.m.jobs = jobs_free(f.m.jobs);
                jobs_up(&f, fake_peer_allowed);
        }
        turn_until(&f, id, "done");
        ASSERT_EQ(world.steps, 12); /* none twice, none left out */
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

TEST(rolled_back_means_never_asked) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        Actor actor = { .name = "system", .role = ROLE_ROOT };
        up(&f);
        ASSERT_OK(store_begin(f.m.store, &e));
        ASSERT_OK(jobs_add(f.m.jobs, JOB_USER_DELETE, &actor, "x", NULL, id, &e));
        store_rollback(f.m.store);
        for (int i = 0; i < 3; i++)
                ASSERT_OK(sd_event_run(f.m.event, 5 * USEC_PER_MSEC));
        ASSERT_EQ(world.steps, 0);
        down(&f);
}

TEST(lone_kinds_run_once_and_can_be_cancelled) {
        Fixture f;
        char id[JOB_ID_BYTES], second[JOB_ID_BYTES];
        up(&f);
        {
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_OK(add(&f, JOB_USER_IMPORT, id, &e));
                ASSERT_ERROR(add(&f, JOB_USER_IMPORT, second, &e), EBUSY);
                ASSERT_TRUE(error_has_name(&e, ERROR_BUSY));
        }
        while (world.steps == 0)
                ASSERT_OK(sd_event_run(f.m.event, 20 * USEC_PER_MSEC));
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(store_begin(f.m.store, &e));
        ASSERT_OK(jobs_cancel(f.m.jobs, id, &e));
        ASSERT_OK(store_commit(f.m.store, &e));
        turn_until(&f, id, "cancelled");
        ASSERT_TRUE(world.undone > 1);
        ASSERT_TRUE(world.steps < 6);
        ASSERT_OK(store_begin(f.m.store, &e));
        ASSERT_ERROR(jobs_cancel(f.m.jobs, id, &e), EBUSY); /* over */
        store_rollback(f.m.store);
        error_done(&e);
        ASSERT_OK(add(&f, JOB_USER_IMPORT, second, &e));
        turn_until(&f, second, "done");
        down(&f);
}

/* --- workers --- */

static int connect_to(const char* path) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT_OK(fd);
        if (connect(fd, &sa, sizeof(sa)) < 0) {
                (void) close(fd);
                return -errno;
        }
        return fd;
}

static void tell(int fd, const char* format, ...) _printf_(2, 3);
static void tell(int fd, const char* format, ...) {
        char line[4096];
        va_list ap;
        va_start(ap, format);
        int n = vsnprintf(line, sizeof(line), format, ap);
        va_end(ap);
        line[n++] = '\n';
        ASSERT_EQ(send(fd, line, (size_t) n, MSG_NOSIGNAL), n);
}

static bool hear(int fd, const char* expected) {
        char line[4096];
        size_t n = 0;
        while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
                n++;
        line[n] = 0;
        if (!streq(line, expected))
                fprintf(stderr, "heard: %s\n", line);
        return streq(line, expected);
}

static void good_worker(const char* id) {
        int fd = connect_to(socket_path);
        tell(fd, "{\"hello\":\"%s\"}", id);
        ASSERT_TRUE(hear(fd, "{\"welcome\":true}"));
        tell(fd, "{\"stage\":\"redact\",\"percent\":40,\"message\":\"Blacking out\"}\n{\"log\":{\"level\":\"info\",\"text\":\"a line\"}}");
        tell(fd, "{\"ask\":{\"what\":\"adopt\"}}");
        ASSERT_TRUE(hear(fd, "{\"answer\":{\"error\":null}}"));
        tell(fd, "{\"result\":{\"parts\":3}}");
        ASSERT_TRUE(hear(fd, "{\"over\":true}"));
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
        int status = 0;
        ASSERT_OK(waitpid(world.pid, &status, 0));
        ASSERT_EQ(status, 0);
        world.pid = 0;
        down(&f);
}

static void patient_worker(const char* id) {
        for (int life = 0; life < 2; life++) {
                int fd = -EBADF;
                for (bool welcome = false; !welcome;) { /* it may meet the dying manager's socket */
                        (void) usleep(10000);
                        closep(&fd);
                        fd = connect_to(socket_path);
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
        int status = 0;
        ASSERT_OK(waitpid(world.pid, &status, 0));
        ASSERT_EQ(status, 0);
        world.pid = 0;
        down(&f);
}

static void early_worker(const char* id) {
        int fd = -EBADF;
        for (bool welcome = false; !welcome;) {
                (void) usleep(1000);
                closep(&fd);
                fd = connect_to(socket_path);
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
        int status = 0;
        ASSERT_OK(waitpid(world.pid, &status, 0));
        ASSERT_EQ(status, 0);
        world.pid = 0;
        down(&f);
}

static void dying_worker(const char* id) {
        int fd = connect_to(socket_path);
        tell(fd, "{\"hello\":\"%s\"}", id);
        ASSERT_TRUE(hear(fd, "{\"welcome\":true}"));
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

static void obedient_worker(const char* id) {
        int fd = connect_to(socket_path);
        tell(fd, "{\"hello\":\"%s\"}", id);
        ASSERT_TRUE(hear(fd, "{\"welcome\":true}"));
        ASSERT_TRUE(hear(fd, "{\"cancel\":true}"));
        tell(fd, "{\"error\":{\"name\":\"busy\",\"message\":\"Cancelled.\"}}");
        ASSERT_TRUE(hear(fd, "{\"over\":true}"));
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
        int status = 0;
        ASSERT_OK(waitpid(world.pid, &status, 0));
        ASSERT_EQ(status, 0);
        world.pid = 0;
        down(&f);
}

static void refused_worker(const char* id) {
        int fd = connect_to(socket_path);
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

/* --- waiting --- */

static void turn(Fixture* f, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                ASSERT_OK(sd_event_run(f->m.event, 5 * USEC_PER_MSEC));
}

TEST(a_step_waits_until_it_is_woken) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        ASSERT_OK(add(&f, JOB_APP_RUN, id, &e));
        for (unsigned stage = 0; stage < 2; stage++) {
                turn(&f, 8);
                ASSERT_EQ(world.steps, 1 + 2 * stage); /* asked once, and then it is quiet */
                world.answered = true;
                jobs_wake(f.m.jobs, id);
                if (stage == 0)
                        turn_until(&f, id, "running");
                while (world.answered)
                        turn(&f, 1);
        }
        while (world.steps < 6) /* by the clock */
                turn(&f, 1);
        ASSERT_TRUE(world.steps <= 7); /* a clock may ring a little early */
        turn(&f, 8);
        world.answered = true;
        jobs_wake(f.m.jobs, id);
        turn_until(&f, id, "done");
        jobs_wake(f.m.jobs, id); /* nobody is there: nothing happens */
        down(&f);
}

TEST(a_new_manager_waits_on) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        ASSERT_OK(add(&f, JOB_APP_RUN, id, &e));
        for (unsigned life = 0; life < 8; life++) { /* more lives than a step that dies has */
                unsigned before = world.steps;
                while (world.steps == before)
                        turn(&f, 1);
                turn(&f, 3);
                f.m.jobs = jobs_free(f.m.jobs);
                jobs_up(&f, fake_peer_allowed);
        }
        turn(&f, 3);
        while (jobs_find(f.m.jobs, id)) {
                world.answered = true;
                jobs_wake(f.m.jobs, id);
                turn(&f, 1);
        }
        turn_until(&f, id, "done");
        down(&f);
}

static void part_worker(const char* id) {
        int fd = connect_to(socket_path);
        tell(fd, "{\"hello\":\"%s\"}", id);
        ASSERT_TRUE(hear(fd, "{\"welcome\":true}"));
        tell(fd, "{\"stage\":\"unpack\",\"percent\":50,\"message\":\"Half of it\"}");
        (void) usleep(300 * 1000);
        tell(fd, "{\"result\":{\"parts\":3}}");
        ASSERT_TRUE(hear(fd, "{\"over\":true}"));
}

static void expect_end_of_worker(void) {
        int status = 0;
        ASSERT_OK(waitpid(world.pid, &status, 0));
        ASSERT_EQ(status, 0);
        world.pid = 0;
}

static int ignore_row(const JobRow* row, void* userdata) {
        return 0;
}

TEST(a_part_shows_in_the_whole) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.worker = part_worker;
        world.part = JOB_IMAGE_PULL;
        world.parts_open = 1;
        ASSERT_OK(add(&f, JOB_APP_INSTALL, id, &e));
        turn_until(&f, id, "running");
        Task* t = jobs_find(f.m.jobs, id);
        while (!streq(t->row.message, "Half of it"))
                turn(&f, 1);
        ASSERT_STREQ(t->row.stage, "unpack"); /* the second stage of both */
        ASSERT_EQ(t->row.percent, 16);        /* half of the first two of six */
        turn_until(&f, id, "done");
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_STREQ(row.result, "{\"parts\":3}");
        ASSERT_EQ(world.undone, 0);
        expect_end_of_worker();
        int64_t total = -1;
        ASSERT_OK(store_job_drop(f.m.store, id, &e));
        ASSERT_OK(store_job_list(f.m.store, &(JobFilter) { .limit = 10 }, ignore_row, NULL, &total, &e));
        ASSERT_EQ(total, 0); /* the part is gone, too */
        down(&f);
}

static int cancel(Fixture* f, const char* id, Error* e) {
        ASSERT_OK(store_begin(f->m.store, e));
        int r = jobs_cancel(f->m.jobs, id, e);
        if (r < 0)
                store_rollback(f->m.store);
        else
                ASSERT_OK(store_commit(f->m.store, e));
        return r;
}

TEST(a_cancelled_whole_cancels_its_part_first) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.worker = obedient_worker;
        world.part = JOB_IMAGE_PULL;
        world.parts_open = 1;
        ASSERT_OK(add(&f, JOB_APP_INSTALL, id, &e));
        while (world.pid == 0)
                turn(&f, 1);
        ASSERT_OK(cancel(&f, id, &e));
        turn_until(&f, id, "cancelled");
        ASSERT_EQ(world.parts_open, 0);
        ASSERT_EQ(world.undone, 3);
        expect_end_of_worker();
        down(&f);
}

TEST(a_failed_part_fails_the_whole) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.worker = dying_worker;
        world.alive = 0;
        world.part = JOB_IMAGE_PULL;
        world.parts_open = 1;
        ASSERT_OK(add(&f, JOB_APP_INSTALL, id, &e));
        turn_until(&f, id, "failed");
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_TRUE(strstr(row.error, "ended without an answer"));
        ASSERT_EQ(world.undone, 3);
        _cleanup_job_row_ JobRow kept = {};
        ASSERT_OK(store_job_drop(f.m.store, id, &e));
        ASSERT_EQ(store_job_get(f.m.store, id, &kept, &e), 1); /* only what went well is dropped */
        down(&f);
}

static void full_worker(const char* id) {
        int fd = connect_to(socket_path);
        tell(fd, "{\"hello\":\"%s\"}", id);
        ASSERT_TRUE(hear(fd, "{\"welcome\":true}"));
        tell(fd, "{\"error\":{\"name\":\"storage-full\",\"message\":\"It needs 7 MB, there are 3.\"}}");
        ASSERT_TRUE(hear(fd, "{\"over\":true}"));
}

/* The store's own want of room passes, and is waited for; a part that found none has ended. */
TEST(a_part_that_found_no_room_fails_the_whole) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.worker = full_worker;
        world.part = JOB_IMAGE_PULL;
        world.parts_open = 1;
        ASSERT_OK(add(&f, JOB_APP_INSTALL, id, &e));
        turn_until(&f, id, "failed");
        expect_end_of_worker();
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_TRUE(strstr(row.error, "storage-full") && strstr(row.error, "It needs 7 MB"));
        ASSERT_EQ(world.undone, 3);
        down(&f);
}

static void fails_in_the_end(Fixture* f, char id[static JOB_ID_BYTES]) {
        world.worker = part_worker;
        world.part = JOB_IMAGE_PULL;
        world.parts_open = 1;
        world.fail_at = 3;
        ASSERT_OK(add(f, JOB_APP_INSTALL, id, NULL));
}

TEST(an_undo_that_fails_is_tried_again) {
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        fails_in_the_end(&f, id);
        world.undo_fails = 3;
        while (world.undo_tries < 2)
                turn(&f, 1);
        turn(&f, 1);
        f.m.jobs = jobs_free(f.m.jobs); /* how often it was tried is known after a kill, too */
        jobs_up(&f, fake_peer_allowed);
        turn_until(&f, id, "failed");
        expect_end_of_worker();
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_TRUE(strstr(row.error, "It broke."));
        ASSERT_EQ(world.undone, 3);
        ASSERT_EQ(world.undo_tries, 4);
        ASSERT_EQ(world.stranded, 0);
        down(&f);
}

TEST(an_undo_that_always_fails_is_given_up_and_said) {
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        fails_in_the_end(&f, id);
        world.undo_fails = 1000;
        turn_until(&f, id, "failed");
        expect_end_of_worker();
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_TRUE(strstr(row.error, "It broke."));
        ASSERT_TRUE(strstr(row.message, "It does not go back."));
        ASSERT_EQ(world.undo_tries, JOB_UNDO_TRIES);
        ASSERT_EQ(world.stranded, 1);
        f.m.jobs = jobs_free(f.m.jobs);
        jobs_up(&f, fake_peer_allowed);
        for (unsigned i = 0; i < 5; i++)
                turn(&f, 1);
        ASSERT_EQ(world.undo_tries, JOB_UNDO_TRIES);
        down(&f);
}

TEST(undoing_survives_kills) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.worker = part_worker;
        world.part = JOB_IMAGE_PULL;
        world.parts_open = 1;
        world.fail_at = 3;
        ASSERT_OK(add(&f, JOB_APP_INSTALL, id, &e));
        for (unsigned n = 1; n < 3; n++) {
                while (world.undone < n)
                        turn(&f, 1);
                f.m.jobs = jobs_free(f.m.jobs);
                jobs_up(&f, fake_peer_allowed);
        }
        turn_until(&f, id, "failed");
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_TRUE(strstr(row.error, "It broke.")); /* told before the first kill */
        ASSERT_EQ(world.undone, 3);
        expect_end_of_worker();
        down(&f);
}

/* Those that wait leave their place to others, else eight of them would wait for ever for parts that cannot begin. */
TEST(many_may_wait) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char ids[20][JOB_ID_BYTES];
        up(&f);
        for (size_t i = 0; i < ELEMENTS(ids); i++)
                ASSERT_OK(add(&f, JOB_APP_RUN, ids[i], &e));
        for (size_t i = 0; i < ELEMENTS(ids); i++)
                turn_until(&f, ids[i], "running");
        down(&f);
}

/* So do those that cannot be taken back yet: minutes lie between their tries. */
TEST(undos_that_fail_keep_nobody_waiting) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        f.m.jobs->options.undo_usec = 600 * USEC_PER_SEC;
        world.fail_at = 1;
        world.undo_never = true;
        for (unsigned i = 0; i < JOBS_RUNNING_MAX; i++)
                ASSERT_OK(add(&f, JOB_USER_DELETE, id, &e));
        while (world.undo_tries < JOBS_RUNNING_MAX)
                turn(&f, 1);
        ASSERT_OK(add(&f, JOB_APP_RUN, id, &e));
        turn_until(&f, id, "running");
        ASSERT_EQ(world.undo_tries, JOBS_RUNNING_MAX);
        down(&f);
}

TEST(old_jobs_go_and_people_are_erased) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES], first[JOB_ID_BYTES];
        up(&f);
        for (int i = 0; i < 5; i++) {
                ASSERT_OK(add(&f, JOB_USER_DELETE, id, &e));
                if (i == 0)
                        memcpy(first, id, sizeof(first));
                turn_until(&f, id, "done");
        }
        ASSERT_OK(store_job_expire(f.m.store, 4, 0, &e));
        JobRow row = {};
        ASSERT_EQ(store_job_get(f.m.store, first, &row, &e), 0);
        ASSERT_OK(store_job_erase(f.m.store, 7, &e));
        row = row_of(&f, id);
        ASSERT_STREQ(row.actor, "#7");
        job_row_done(&row);
        down(&f);
}

TEST(messages_are_checked) {
        static const struct {
                const char* line;
                int kind; /* -1 = refused */
        } cases[] = {
                { "{\"hello\":\"abc123\"}", MESSAGE_HELLO },
                { "{\"hello\":\"../x\"}", -1 },
                { "{\"hello\":7}", -1 },
                { "{\"percent\":50}", MESSAGE_PROGRESS },
                { "{\"percent\":101}", -1 },
                { "{\"percent\":-1}", -1 },
                { "{\"stage\":\"collect\"}", MESSAGE_PROGRESS },
                { "{\"message\":\"a\\u0007b\"}", -1 },
                { "{\"log\":{\"level\":\"info\",\"text\":\"x\"}}", MESSAGE_LOG },
                { "{\"log\":{\"level\":\"shout\",\"text\":\"x\"}}", -1 },
                { "{\"log\":[]}", -1 },
                { "{\"result\":{}}", MESSAGE_RESULT },
                { "{\"result\":[]}", -1 },
                { "{\"ask\":{}}", MESSAGE_ASK },
                { "{\"error\":{\"name\":\"busy\",\"message\":\"m\"}}", MESSAGE_ERROR },
                { "{\"error\":{\"name\":\"no-such\",\"message\":\"m\"}}", -1 },
                { "{}", -1 },
                { "[]", -1 },
                { "{\"hello\":\"a\",\"hello\":\"b\"}", -1 },
                { "", -1 },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(message_done) Message m = {};
                int r = message_parse(cases[i].line, strlen(cases[i].line), &m, NULL);
                if ((r < 0 ? -1 : (int) m.kind) != cases[i].kind)
                        TEST_FAIL("%s gave %d", cases[i].line, r < 0 ? -1 : (int) m.kind);
        }
}

TEST_MAIN()
