/* The queue and jobs whose steps the manager does: steps, parts, waiting, undoing, kills of the manager. */
#include "job/test-engine.h"
#include "store/store-internal.h"
#include <sys/wait.h>

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

STATEMENT(test_refuse, "CREATE TRIGGER test_refuse BEFORE UPDATE OF state ON job WHEN NEW.state = 'running' BEGIN SELECT RAISE(ABORT, 'not now'); END");
STATEMENT(test_let, "DROP TRIGGER test_refuse");

/* Nobody asks for anything else meanwhile: it has to be met again by itself. */
TEST(a_job_that_could_not_be_begun_is_begun_later) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        ASSERT_OK(store_run(f.m.store, &test_refuse, BIND_NONE, &e));
        ASSERT_OK(add(&f, JOB_USER_DELETE, id, &e));
        while (!f.m.jobs->again)
                ASSERT_OK(sd_event_run(f.m.event, 20 * USEC_PER_MSEC));
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_STREQ(row.state, "queued");
        ASSERT_EQ(world.steps, 0);
        ASSERT_OK(store_run(f.m.store, &test_let, BIND_NONE, &e));
        turn_until(&f, id, "done");
        ASSERT_EQ(world.steps, 12);
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
        int fd = connect_to_manager();
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

#define ADMIT_STEP 21 /* the last one before the stage "admit" of an update */

TEST(what_is_admitted_is_not_cancelled_any_more) {
        _cleanup_error_ Error e = ERROR_NULL, late = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        ASSERT_OK(add(&f, JOB_APP_UPDATE, id, &e));
        while (world.steps < ADMIT_STEP)
                ASSERT_OK(sd_event_run(f.m.event, 20 * USEC_PER_MSEC));
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_STREQ(row.stage, "admit");
        _cleanup_json_ json_t* shown = job_row_to_json(&row);
        ASSERT_FALSE(json_get_boolean(shown, "cancellable", true));
        ASSERT_ERROR(cancel(&f, id, &late), EBUSY);
        ASSERT_TRUE(strstr(late.message, "done but for its end"));
        /* One that was on its way, as when the whole is cancelled, comes too late. */
        ASSERT_OK(store_begin(f.m.store, &e));
        ASSERT_OK(store_job_cancel(f.m.store, id, &e));
        ASSERT_OK(store_commit(f.m.store, &e));
        f.m.jobs->rescan = true;
        turn_until(&f, id, "done");
        ASSERT_EQ(world.steps, 27);
        ASSERT_EQ(world.undone, 0);
        down(&f);
}

TEST(what_is_not_admitted_yet_is_cancelled) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        ASSERT_OK(add(&f, JOB_APP_UPDATE, id, &e));
        while (world.steps < ADMIT_STEP - 1)
                ASSERT_OK(sd_event_run(f.m.event, 20 * USEC_PER_MSEC));
        ASSERT_OK(cancel(&f, id, &e));
        turn_until(&f, id, "cancelled");
        ASSERT_TRUE(world.undone > 0);
        down(&f);
}

TEST(an_undo_that_finds_all_of_it_done_ends_as_done) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        world.fail_at = ADMIT_STEP + 2;
        world.undo_stays = true;
        ASSERT_OK(add(&f, JOB_APP_UPDATE, id, &e));
        turn_until(&f, id, "done");
        _cleanup_job_row_ JobRow row = row_of(&f, id);
        ASSERT_TRUE(world.undone > 0);
        ASSERT_STREQ(row.error, "{}");
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
        int fd = connect_to_manager();
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

TEST(starts_of_the_manager_use_up_no_tries_of_an_undo) {
        Fixture f;
        char id[JOB_ID_BYTES];
        up(&f);
        fails_in_the_end(&f, id);
        world.undo_fails = 1000;
        for (unsigned n = 1; n <= 2 * JOB_UNDO_TRIES; n++) {
                while (world.undo_tries < n)
                        turn(&f, 1);
                f.m.jobs->options.undo_usec = 600 * USEC_PER_SEC;
                turn(&f, 1);
                f.m.jobs = jobs_free(f.m.jobs);
                jobs_up(&f, fake_peer_allowed);
                f.m.jobs->options.undo_usec = 600 * USEC_PER_SEC;
        }
        ASSERT_EQ(world.stranded, 0);
        f.m.jobs->options.undo_usec = 1;
        turn_until(&f, id, "failed");
        expect_end_of_worker();
        ASSERT_EQ(world.stranded, 1);
        ASSERT_TRUE(world.undo_tries >= 2 * JOB_UNDO_TRIES + JOB_UNDO_TRIES - 1);
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
