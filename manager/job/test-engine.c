#include "job/test-engine.h"
#include "api/events.h"
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

World world;

void events_publish(Events* e, const char* name, json_t* data, int64_t user_id) {
        ASSERT_STREQ(name, "job");
        ASSERT_EQ(json_object_size(data), 16);
        world.events++;
        json_decref(data);
}

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
        if (world.undo_stays)
                (void) json_object_del(job->journal, "undoing");
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
        [JOB_APP_UPDATE] = &fake_manager,
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

bool fake_peer_allowed(const JobType* type, const char* id, int fd, uid_t uid) {
        return uid == getuid();
}

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

void jobs_up(Fixture* f, bool (*peer_allowed)(const JobType*, const char*, int, uid_t)) {
        _cleanup_error_ Error e = ERROR_NULL;
        JobsOptions options = {
                .classes = fake_classes, .listen_fd = listen_at(f->socket), .start = fake_start, .stop = fake_stop,
                .look = fake_look, .peer_allowed = peer_allowed, .doubt_usec = 50 * USEC_PER_MSEC, .undo_usec = USEC_PER_MSEC,
        };
        ASSERT_OK(jobs_new_with(&f->m, options, &f->m.jobs, &e));
}

void up(Fixture* f) {
        _cleanup_error_ Error e = ERROR_NULL;
        *f = (Fixture) { .directory = "/tmp/test-job.XXXXXX" };
        memset(&world, 0, sizeof(world));
        world.alive = 1;
        ASSERT_TRUE(mkdtemp(f->directory));
        char path[96];
        (void) snprintf(path, sizeof(path), "%s/db", f->directory);
        (void) snprintf(f->socket, sizeof(f->socket), "%s/job.sock", f->directory);
        world.socket = f->socket;
        ASSERT_OK(sd_event_new(&f->m.event));
        ASSERT_OK(store_open(path, &f->m.store, &e));
        f->m.runtime_directory = f->directory;
        jobs_up(f, fake_peer_allowed);
}

void down(Fixture* f) {
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

int add(Fixture* f, JobKind kind, char id[static JOB_ID_BYTES], Error* e) {
        Actor ada = { .via = VIA_SESSION, .role = ROLE_ADMIN, .user_id = 7, .username = "ada" };
        ASSERT_OK(store_begin(f->m.store, e));
        int r = jobs_add(f->m.jobs, kind, &ada, "thing", json_pack("{s:s}", "note", "hello"), id, e);
        if (r < 0)
                store_rollback(f->m.store);
        else
                ASSERT_OK(store_commit(f->m.store, e));
        return r;
}

JobRow row_of(Fixture* f, const char* id) {
        _cleanup_error_ Error e = ERROR_NULL;
        JobRow row = {};
        ASSERT_EQ(store_job_get(f->m.store, id, &row, &e), 1);
        return row;
}

void turn_until(Fixture* f, const char* id, const char* state) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + 60 * USEC_PER_SEC; /* for what must happen, not for how fast */
        for (;;) {
                _cleanup_job_row_ JobRow row = row_of(f, id);
                if (streq(row.state, state))
                        return;
                if (now_usec(CLOCK_MONOTONIC) > deadline)
                        TEST_FAIL("job is '%s' at '%s', not '%s': %s", row.state, row.stage, state, row.error);
                ASSERT_OK(sd_event_run(f->m.event, 20 * USEC_PER_MSEC));
        }
}

/* --- for workers --- */

int connect_to_manager(void) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", world.socket);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT_OK(fd);
        if (connect(fd, &sa, sizeof(sa)) < 0) {
                (void) close(fd);
                return -errno;
        }
        return fd;
}

void tell(int fd, const char* format, ...) {
        char line[4096];
        va_list ap;
        va_start(ap, format);
        int n = vsnprintf(line, sizeof(line), format, ap);
        va_end(ap);
        line[n++] = '\n';
        ASSERT_EQ(send(fd, line, (size_t) n, MSG_NOSIGNAL), n);
}

bool hear(int fd, const char* expected) {
        char line[4096];
        size_t n = 0;
        while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
                n++;
        line[n] = 0;
        if (!streq(line, expected))
                fprintf(stderr, "heard: %s\n", line);
        return streq(line, expected);
}

void dying_worker(const char* id) {
        int fd = connect_to_manager();
        tell(fd, "{\"hello\":\"%s\"}", id);
        ASSERT_TRUE(hear(fd, "{\"welcome\":true}"));
}

void obedient_worker(const char* id) {
        int fd = connect_to_manager();
        tell(fd, "{\"hello\":\"%s\"}", id);
        ASSERT_TRUE(hear(fd, "{\"welcome\":true}"));
        ASSERT_TRUE(hear(fd, "{\"cancel\":true}"));
        tell(fd, "{\"error\":{\"name\":\"busy\",\"message\":\"Cancelled.\"}}");
        ASSERT_TRUE(hear(fd, "{\"over\":true}"));
}
