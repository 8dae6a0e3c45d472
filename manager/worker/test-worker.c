/* The engine and the real job program on one real socket: steadbox-job is started as a process, only helper and PID 1 are played. */
#include "base/test.h"
#include "api/events.h"
#include "base/time.h"
#include "job/job-internal.h"
#include "worker/acme-hook.h"
#include "worker/worker.h"
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct {
        pid_t pid;
        json_t* result;
        unsigned steps;
} world;

static char directory[64], socket_path[100];

void events_publish(Events* e, const char* name, json_t* data, int64_t user_id) {
        json_decref(data);
}

static int keep_result(Manager* m, Job* job, Error* reterr) {
        json_decref(world.result);
        world.result = job->result; /* ownership moved here */
        job->result = json_object();
        return 0;
}

static const JobClass bundle = { .finished = keep_result };
static const JobClass* const classes[_JOB_KIND_MAX] = { [JOB_SUPPORT_BUNDLE] = &bundle, [JOB_CERTIFICATE] = &bundle };

static int start_program(Jobs* j, const char* kind, const char* id, Error* reterr) {
        if (world.pid > 0 && waitpid(world.pid, NULL, WNOHANG) == 0) { /* as with a unit, starting what runs does nothing */
                jobs_started(j, id, 0, NULL);
                return 0;
        }
        world.pid = fork();
        ASSERT_OK(world.pid);
        if (world.pid == 0) {
                (void) setenv("STEADBOX_RUN", directory, 1);
                (void) close_range(3, ~0U, 0);
                (void) execl(PROGRAM, PROGRAM, kind, id, NULL);
                _exit(127);
        }
        jobs_started(j, id, 0, NULL);
        return 0;
}

static void stop_program(Jobs* j, const char* kind, const char* id) {
        (void) kill(world.pid, SIGTERM);
}

static int look_program(Jobs* j, const char* kind, const char* id) {
        jobs_looked(j, id, waitpid(world.pid, NULL, WNOHANG) == 0);
        return 0;
}

static bool any_peer(const JobType* type, const char* id, int fd, uid_t uid) {
        return true;
}

static int listening(void) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        (void) unlink(socket_path);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", socket_path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ASSERT_TRUE(fd >= 0 && bind(fd, &sa, sizeof(sa)) == 0 && listen(fd, 8) == 0);
        return fd;
}

static void jobs_up(Manager* m) {
        _cleanup_error_ Error e = ERROR_NULL;
        JobsOptions options = {
                .classes = classes, .listen_fd = listening(), .start = start_program, .stop = stop_program, .look = look_program,
                .peer_allowed = any_peer, .doubt_usec = 300 * USEC_PER_MSEC,
        };
        ASSERT_OK(jobs_new_with(m, options, &m->jobs, &e));
}

static void up(Manager* m) {
        _cleanup_error_ Error e = ERROR_NULL;
        char path[100];
        *m = (Manager) {};
        (void) snprintf(directory, sizeof(directory), "/tmp/test-worker.XXXXXX");
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/db", directory);
        (void) snprintf(socket_path, sizeof(socket_path), "%s/job.sock", directory);
        ASSERT_OK(sd_event_new(&m->event));
        ASSERT_OK(store_open(path, &m->store, &e));
        m->runtime_directory = directory;
        jobs_up(m);
}

static void down(Manager* m) {
        char command[100];
        m->jobs = jobs_free(m->jobs);
        (void) store_free(m->store);
        (void) sd_event_unref(m->event);
        (void) kill(world.pid, SIGKILL);
        (void) waitpid(world.pid, NULL, 0);
        world.pid = 0;
        json_decref(world.result);
        world.result = NULL;
        (void) snprintf(command, sizeof(command), "rm -rf %s", directory);
        ASSERT_EQ(system(command), 0);
}

static void begin(Manager* m, JobKind kind, json_t* request, char id[static JOB_ID_BYTES]) {
        _cleanup_error_ Error e = ERROR_NULL;
        Actor root = { .via = VIA_UNIX, .role = ROLE_ROOT, .name = "unix:root", .root = true };
        ASSERT_OK(store_begin(m->store, &e));
        ASSERT_OK(jobs_add(m->jobs, kind, &root, "", request, id, &e));
        ASSERT_OK(store_commit(m->store, &e));
}

static void state_of(Manager* m, const char* id, char state[static 16]) {
        _cleanup_job_row_ JobRow row = {};
        ASSERT_EQ(store_job_get(m->store, id, &row, NULL), 1);
        (void) snprintf(state, 16, "%s", row.state);
}

static void run_until(Manager* m, const char* id, const char* wanted) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + 60 * USEC_PER_SEC;
        char state[16] = "";
        for (;;) {
                state_of(m, id, state);
                if (streq(state, wanted))
                        return;
                if (now_usec(CLOCK_MONOTONIC) > deadline || (!streq(state, "queued") && !streq(state, "running")))
                        TEST_FAIL("the job is '%s', not '%s'", state, wanted);
                ASSERT_OK(sd_event_run(m->event, 20 * USEC_PER_MSEC));
        }
}

static json_t* bundle_request(void) {
        return json_pack("{s:s, s:[s], s:{s:s}, s:[s]}", "note", "ada@customer.example says it broke at 192.0.2.7", "words", "Lovelace",
                         "settings", "language", "en", "findings", "Lovelace is alone");
}

TEST(a_bundle_is_made_and_blacked_out) {
        Manager m;
        char id[JOB_ID_BYTES];
        up(&m);
        begin(&m, JOB_SUPPORT_BUNDLE, bundle_request(), id);
        run_until(&m, id, "done");
        json_t* parts = json_object_get(world.result, "parts");
        ASSERT_TRUE(json_array_size(parts) >= 8);
        ASSERT_STREQ(json_get_string(json_array_get(parts, 0), "text"), "[e-mail-1] says it broke at [address-1]");
        ASSERT_EQ(json_get_integer(json_array_get(parts, 0), "redacted", 0), 2);
        ASSERT_TRUE(strstr(json_get_string(json_array_get(parts, 1), "text"), "[name-1] is alone"));
        down(&m);
}

TEST(the_manager_may_be_restarted_meanwhile) {
        Manager m;
        char id[JOB_ID_BYTES];
        up(&m);
        begin(&m, JOB_SUPPORT_BUNDLE, bundle_request(), id);
        run_until(&m, id, "running");
        for (unsigned lives = 0; lives < 3; lives++) {
                Task* t = jobs_find(m.jobs, id);
                for (unsigned i = 0; i < 50 && t && !t->connection; i++) {
                        ASSERT_OK(sd_event_run(m.event, 20 * USEC_PER_MSEC));
                        t = jobs_find(m.jobs, id);
                }
                m.jobs = jobs_free(m.jobs);
                jobs_up(&m);
                ASSERT_OK(sd_event_run(m.event, 20 * USEC_PER_MSEC));
        }
        run_until(&m, id, "done");
        down(&m);
}

TEST(a_killed_program_is_a_failed_job) {
        Manager m;
        char id[JOB_ID_BYTES];
        up(&m);
        begin(&m, JOB_SUPPORT_BUNDLE, bundle_request(), id);
        run_until(&m, id, "running");
        ASSERT_OK(sd_event_run(m.event, 20 * USEC_PER_MSEC));
        (void) kill(world.pid, SIGKILL);
        run_until(&m, id, "failed");
        down(&m);
}

TEST(a_hostile_request_is_refused) {
        static const char* const names[] = { "x;reboot", "-n", "../x", "localhost", "192.0.2.1" };
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                Manager m;
                char id[JOB_ID_BYTES];
                up(&m);
                begin(&m, JOB_CERTIFICATE, json_pack("{s:[s], s:s}", "names", names[i], "acme_url", "https://acme.example/dir"), id);
                run_until(&m, id, "failed");
                down(&m);
        }
}

/* What a hostile manager would lay there, of which the program may read more than it. */
TEST(a_request_behind_a_link_is_not_read) {
        static const char* const lays[] = { "ln -s ../../real/request.json jobs/linked/request.json", "rmdir jobs/linked && ln -s ../real jobs/linked",
                                            "mkfifo jobs/linked/request.json", "cp real/request.json jobs/linked/request.json" };
        for (size_t i = 0; i < ELEMENTS(lays); i++) {
                char command[400];
                Worker* w = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                (void) snprintf(directory, sizeof(directory), "/tmp/test-worker.XXXXXX");
                ASSERT_TRUE(mkdtemp(directory));
                (void) snprintf(command, sizeof(command), "cd %s && mkdir -p real jobs/linked && echo '{\"kind\": \"app-data\"}' >real/request.json && %s",
                                directory, lays[i]);
                ASSERT_EQ(system(command), 0);
                bool is_file = i == ELEMENTS(lays) - 1;
                ASSERT_EQ(worker_new(directory, "app-data", "linked", &w, &e) >= 0, is_file);
                w = worker_free(w);
                (void) snprintf(command, sizeof(command), "rm -rf %s", directory);
                ASSERT_EQ(system(command), 0);
        }
}

TEST(hook_calls_are_checked) {
        static const struct {
                const char* line;
                bool good;
        } cases[] = {
                { "begin http-01 www.customer.example abc_DEF-1 abc.def", true },
                { "failed http-01 www.customer.example abc abc.def", true },
                { "begin http-01 www.customer.example ../../etc/passwd abc.def", false },
                { "begin http-01 www.customer.example a/b abc.def", false },
                { "begin http-01 www.customer.example abc abc.def.ghi", false },
                { "begin http-01 not_a_name abc abc.def", false },
                { "begin http-01 www.customer.example abc", false },
                { "begin http-01 www.customer.example abc abc.def more", false },
                { "start http-01 www.customer.example abc abc.def", false },
                { "begin http-01 www.customer.example  abc.def", false },
                { "", false },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_free_ char* line = strdup(cases[i].line);
                HookCall call;
                if ((hook_call_parse(line, &call) >= 0) != cases[i].good)
                        TEST_FAIL("%s was judged wrongly", cases[i].line);
        }
}

TEST_MAIN()
