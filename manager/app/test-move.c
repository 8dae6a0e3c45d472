/* Moves and their undo in a real store, with steps that do nothing but note what was asked: which door, state and points are left. */
#include "app/answers.h"
#include "app/move.h"
#include "app/own.h"
#include "app/test-one-app.h"
#include "app/update.h"
#include "catalogue/catalogue.h"
#include "package/manifest.h"
#include "store/store-job.h"

/* What the steps met; of an apply the door. */
static char asked[512];
static const char *failing, *missing;
static const char* manifest_now;
static bool keeps_none; /* as the last point was asked for */

static int step(const char* what, const char* detail) {
        if (failing && streq(what, failing))
                return -EIO;
        (void) snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s%s%s", *asked ? " " : "", what, detail);
        return 1;
}

int app_step_apply(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) { return step(what, streq(row->gate, "open") ? "+" : "-"); }
int app_step_start(Manager* m, Job* job, const char* what, const char* app, Error* reterr) { return step(what, ""); }
int app_step_stop(Manager* m, Job* job, const char* what, const char* app, Error* reterr) { return step(what, ""); }
int app_step_answer(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) { return step(what, ""); }
int app_step_hook(Manager* m, Job* job, const char* what, const AppRow* row, const char* hook, Error* reterr) { return step(what, ""); }
int app_step_directories(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) { return step(what, ""); }
int app_step_data(Manager* m, Job* job, const char* what, const AppRow* row, const char* action, json_t* rest, json_t** ret_result, Error* reterr) {
        keeps_none = streq(action, "point") && json_is_true(json_object_get(rest, "keeps_none"));
        json_decref(rest);
        if (missing && streq(what, missing))
                return error_set(reterr, ERROR_NOT_FOUND, "There is no restore point.");
        return step(what, "");
}
void app_step_again(Job* job, const char* what) {}
static const char* child; /* of the step "point" */
static unsigned cancelled;
const char* job_child_id(const Job* job, const char* name) { return streq(name, "point") ? child : NULL; }
int jobs_cancel(Jobs* j, const char* id, Error* reterr) {
        cancelled++;
        return streq(id, child) ? 0 : -ENOENT;
}
static bool rebooted; /* once */
bool app_boot_is_new(Job* job, const char* key) {
        bool is_new = rebooted;
        rebooted = false;
        return is_new;
}
void app_undo_again(Job* job) {}
VersionReturn version_return(bool touched, bool admitted, bool older_bears_data) { return touched ? VERSION_RETURN_ALL : VERSION_RETURN_NOTHING; }
void app_changed(Manager* m, const char* app) {}
void app_images_clean_soon(Manager* m) {}
int app_gate_set(AppRow* row, bool open) { return app_row_text(&row->gate, open ? "open" : "closed"); }
json_t* app_manifest(const AppRow* row) { return json_loads(manifest_now, 0, NULL); }
json_t* app_note_make(Manager* m, const AppRow* row, Error* reterr) { return json_pack("{s:{}, s:s}", "secrets", "settings", row->settings); }
void job_log(Manager* m, Job* job, const char* level, const char* format, ...) {}
void job_say(Job* job, const char* format, ...) {}
void job_wait_until(Job* job, uint64_t boottime_usec) {}

/* --- of an update: one version on offer, and images that are fetched when `fetched` says so --- */

static bool fetched;
int app_step_pull(Manager* m, Job* job, const char* what, const json_t* manifest, json_t** ret_images, Error* reterr) {
        *ret_images = fetched ? json_pack("{s:{s:[s]}}", "web", "layers", "abc") : NULL;
        return fetched ? 1 : JOB_WAIT;
}
int app_job_row(Manager* m, Job* job, AppRow* ret, Error* reterr) { return store_app_get(m->store, "notes", ret, reterr); }
int app_job_over(Manager* m, const char* app, const char* state, const char* reason, Error* reterr) { return 0; }
int app_job_stranded(Manager* m, Job* job, const Error* why, Error* reterr) { return 0; }
void app_job_ended(Manager* m, Job* job, bool done) {}
int app_event_add(Manager* m, const char* app, const char* kind, const char* severity, const Actor* actor, const char* format, ...) { return 0; }
void app_clock_text(int64_t at, char ret[static APP_CLOCK_BYTES]) { *ret = 0; }
int version_way(const char* title, const char* from, const char* to, const json_t* manifests, json_t** ret, Error* reterr) {
        *ret = json_pack("[s]", "2");
        return 0;
}
int catalogue_versions(Manager* m, const char* source, const char* package, const char* from, json_t** ret, Error* reterr) {
        *ret = json_pack("[s]", "2");
        return 0;
}
int catalogue_offer_find(Manager* m, const char* source, const char* package, const char* version, CatalogueOffer* ret, Error* reterr) {
        ret->manifest = json_pack("{s:s}", "version", version);
        return 1;
}
void catalogue_offer_done(CatalogueOffer* o) { json_decref(o->manifest); }
bool own_is(const AppRow* row) { return false; }
int own_offer(Manager* m, const AppRow* row, AppVersionRow* ret, Error* reterr) { return 0; }
int own_step_look(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) { return 1; }
json_t* own_pinned(const json_t* manifest, const json_t* images) { return json_incref((json_t*) manifest); }
int manifest_image_found(json_t* manifest, const json_t* config, Error* reterr) { return 0; }

static void setup(Fixture* f, const char* state, const char* gate) {
        *asked = 0;
        failing = missing = child = NULL;
        cancelled = 0;
        manifest_now = "{}";
        one_app_begin(f, state, gate);
        ASSERT_EQ(move_begin(&f->m, &f->job, &f->row, NULL), 1);
}
#define FIXTURE(state, gate) _cleanup_(one_app_end) Fixture f; setup(&f, state, gate)

static void stands(Fixture* f, const char* state, const char* gate) {
        _cleanup_app_row_ AppRow row = {};
        ASSERT_EQ(store_app_get(f->m.store, "notes", &row, NULL), 1);
        ASSERT_STREQ(row.state, state);
        ASSERT_STREQ(row.gate, gate);
}

/* As the engine calls it, until it says something else than "again". */
static int back(Fixture* f) {
        VersionReturn how;
        int r;
        *asked = 0;
        do
                r = move_back(&f->m, &f->job, &f->row, &how, NULL);
        while (r == 0);
        return r;
}

static void forwards(Fixture* f) {
        ASSERT_EQ(move_close(&f->m, &f->job, &f->row, MOVE_KEEP_NONE, NULL, NULL), 1);
        stands(f, "updating", "closed");
}

TEST(the_door_and_the_state_after_a_move) {
        static const struct {
                const char *state, *gate;
                bool proven;
                const char *then, *door;
        } cases[] = {
                { "present", "open", true, "present", "open" },    { "present", "open", false, "present", "open" },
                { "broken", "closed", true, "present", "open" },   { "broken", "closed", false, "broken", "closed" },
                { "present", "closed", true, "present", "closed" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                FIXTURE(cases[i].state, cases[i].gate);
                forwards(&f);
                ASSERT_EQ(move_admit(&f.m, &f.job, &f.row, cases[i].proven, NULL), 0);
                ASSERT_EQ(move_admit(&f.m, &f.job, &f.row, cases[i].proven, NULL), 1);
                stands(&f, cases[i].then, cases[i].door);
        }
}

TEST(an_undo_leaves_door_and_state_as_they_were) {
        static const struct {
                const char *state, *gate;
                bool far;
        } cases[] = { { "present", "open", true }, { "broken", "closed", true }, { "present", "open", false }, { "broken", "closed", false } };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                FIXTURE(cases[i].state, cases[i].gate);
                if (cases[i].far)
                        forwards(&f);
                ASSERT_EQ(back(&f), 1);
                stands(&f, cases[i].state, cases[i].gate);
        }
}

TEST(a_door_that_did_not_open_is_shut_for_the_next_try) {
        FIXTURE("present", "open");
        forwards(&f);
        failing = "back-open";
        ASSERT_EQ(back(&f), -EIO);
        failing = NULL;
        (void) json_object_del(f.job.journal, "back-opened"); /* as app_undo_again() does */
        ASSERT_EQ(back(&f), 1);
        ASSERT_STREQ(asked, "back-apply- back-start back-answer back-apply+ back-start back-answer back-open+"); /* no step of ours is ever done */
        stands(&f, "present", "open");
}

TEST(what_a_failed_return_had_taken_is_the_same_point_again) {
        FIXTURE("present", "open");
        _cleanup_app_point_row_ AppPointRow p = {}, gone = {};
        AppPointRow target = {
                .id = (char*) "target", .app_id = (char*) "notes", .kind = (char*) "point", .record = (char*) "{\"given\":{}}", .version = (char*) "0",
                .title = (char*) "Notes", .name = (char*) "notes.example", .slot = 1, .kept_until = 77,
        };
        ASSERT_OK(store_app_point_put(f.m.store, &target, NULL));
        forwards(&f);
        (void) json_object_set_new(f.job.journal, "target_point", json_string("target"));
        (void) json_object_set_new(f.job.journal, "swapped", json_true());
        ASSERT_OK(point_note(&f.m, &f.row, move_id(&f.job, "replaced"), "replaced", "1", 0, NULL));
        ASSERT_EQ(back(&f), 1);
        ASSERT_EQ(store_app_point_get(f.m.store, "target", &p, NULL), 1);
        ASSERT_STREQ(p.kind, "point");
        ASSERT_STREQ(p.record, "{\"given\":{}}");
        ASSERT_EQ(p.kept_until, 77);
        ASSERT_EQ(store_app_point_get(f.m.store, move_id(&f.job, "replaced"), &gone, NULL), 0);
        stands(&f, "present", "open");
}

TEST(an_exchange_that_nobody_heard_of_is_finished_and_taken_back) {
        FIXTURE("present", "open");
        forwards(&f);
        (void) json_object_set_new(f.job.journal, "target_point", json_string("target"));
        (void) json_object_set_new(f.job.journal, "swapping", json_true());
        ASSERT_EQ(back(&f), 1);
        ASSERT_STREQ(asked, "back-stop back-swap back-stop back-data back-apply- back-start back-answer back-stop back-apply+ back-start back-answer back-open+");
        stands(&f, "present", "open");
}

TEST(an_exchange_of_nothing_was_none) {
        FIXTURE("present", "open");
        forwards(&f);
        (void) json_object_set_new(f.job.journal, "target_point", json_string("target"));
        (void) json_object_set_new(f.job.journal, "swapping", json_true());
        missing = "back-swap";
        ASSERT_EQ(back(&f), 1);
        ASSERT_TRUE(!strstr(asked, "back-data"));
        ASSERT_TRUE(!json_object_get(f.job.journal, "swapping") && !json_object_get(f.job.journal, "swapped"));
        stands(&f, "present", "open");
}

TEST(who_was_let_in_finds_the_door_open_whatever_came_then) {
        FIXTURE("present", "open");
        forwards(&f);
        ASSERT_EQ(move_admit(&f.m, &f.job, &f.row, /* proven= */ true, NULL), 0); /* cancelled before the door was opened at root's */
        failing = "open";
        ASSERT_EQ(back(&f), -EIO);
        failing = NULL;
        ASSERT_EQ(back(&f), 1);
        ASSERT_STREQ(asked, "open+");
        stands(&f, "present", "open");
}

TEST(a_return_that_is_given_up_leaves_the_points_that_there_are) {
        FIXTURE("present", "open");
        _cleanup_app_point_row_ AppPointRow p = {}, gone = {};
        (void) json_object_set_new(f.job.journal, "target_point", json_string("target"));
        (void) json_object_set_new(f.job.journal, "swapped", json_true());
        ASSERT_OK(point_note(&f.m, &f.row, "target", "point", "0", 0, NULL));
        const char* replaced = move_id(&f.job, "replaced");
        ASSERT_OK(move_given_up(&f.m, &f.job, &f.row, NULL));
        ASSERT_EQ(store_app_point_get(f.m.store, "target", &gone, NULL), 0);
        ASSERT_EQ(store_app_point_get(f.m.store, replaced, &p, NULL), 1);
        ASSERT_STREQ(p.kind, "replaced");
}

/* Whether the exchange happened is not known: the data of both sides is found by whoever looks. */
TEST(an_exchange_that_never_settled_leaves_both_points) {
        for (int asked_for = 0; asked_for < 2; asked_for++) {
                FIXTURE("present", "open");
                _cleanup_app_point_row_ AppPointRow p = {}, target = {};
                (void) json_object_set_new(f.job.journal, "target_point", json_string("target"));
                (void) json_object_set_new(f.job.journal, "swapping", json_true());
                ASSERT_OK(point_note(&f.m, &f.row, "target", "point", "0", 0, NULL));
                const char* replaced = asked_for ? move_id(&f.job, "replaced") : "";
                ASSERT_OK(move_given_up(&f.m, &f.job, &f.row, NULL));
                ASSERT_EQ(store_app_point_get(f.m.store, "target", &target, NULL), 1);
                ASSERT_EQ(store_app_point_get(f.m.store, replaced, &p, NULL), asked_for);
                if (asked_for)
                        ASSERT_STREQ(p.kind, "replaced");
        }
}

/* Where data is to be and none is, it lies elsewhere, and nothing is no copy of it. */
TEST(only_an_app_that_keeps_none_may_have_no_data) {
        static const struct {
                const char* manifest;
                bool none;
        } cases[] = {
                { "{\"containers\":[{\"name\":\"web\"}]}", true },
                { "{\"containers\":[{\"name\":\"web\"}],\"data\":[]}", true },
                { "{\"containers\":[{\"name\":\"web\"}],\"data\":[{\"name\":\"files\"}]}", false },
                { "{}", false }, /* nobody knows */
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                FIXTURE("present", "open");
                forwards(&f);
                manifest_now = cases[i].manifest;
                ASSERT_EQ(move_keep(&f.m, &f.job, &f.row, NULL), 1);
                ASSERT_EQ(keeps_none, cases[i].none);
        }
}

static bool is_kept(Fixture* f, const char* point) {
        _cleanup_app_point_row_ AppPointRow p = {};
        return store_app_point_get(f->m.store, point, &p, NULL) > 0;
}

/* The machine restarts when the copy is there: one with a row, or one that is not finished. */
TEST(a_copy_from_before_a_restart_of_the_machine_does_not_stay) {
        for (int i = 0; i < 4; i++) {
                FIXTURE("present", "open");
                bool noted = i & 1, undo = i & 2;
                char first[32];
                forwards(&f);
                if (noted)
                        ASSERT_EQ(move_keep(&f.m, &f.job, &f.row, NULL), 1);
                (void) snprintf(first, sizeof(first), "%s", move_id(&f.job, "point"));
                ASSERT_EQ(is_kept(&f, first), noted);
                rebooted = true;
                move_reboot_check(&f.job);
                ASSERT_TRUE(!json_object_get(f.job.journal, "pointed"));
                *asked = 0;
                if (undo) {
                        ASSERT_EQ(back(&f), 1);
                        ASSERT_TRUE(strstr(asked, "drop-old"));
                } else {
                        ASSERT_EQ(move_keep(&f.m, &f.job, &f.row, NULL), 1);
                        ASSERT_STREQ(asked, "stop drop-old point");
                        ASSERT_TRUE(is_kept(&f, move_id(&f.job, "point")) && !streq(move_id(&f.job, "point"), first));
                }
                ASSERT_FALSE(is_kept(&f, first));
        }
}

/* The restart came while it was made, and whoever makes it goes on after it. */
TEST(a_copy_is_not_dropped_while_somebody_writes_it) {
        for (int undo = 0; undo < 2; undo++) {
                FIXTURE("present", "open");
                JobRow row = {
                        .id = (char*) "thecopy", .kind = (char*) "app-data", .object = (char*) "notes",
                        .stage = (char*) "copy", .request = (char*) "{}", .actor = (char*) "system",
                        .role = (char*) "admin", .parent = (char*) "theupdate", .created_at = 1000,
                };
                ASSERT_OK(store_job_add(f.m.store, &row, NULL));
                ASSERT_OK(store_job_begin(f.m.store, row.id, 1000, NULL));
                forwards(&f);
                (void) move_id(&f.job, "point");
                child = row.id;
                rebooted = true;
                move_reboot_check(&f.job);
                *asked = 0;
                ASSERT_EQ(undo ? back(&f) : move_keep(&f.m, &f.job, &f.row, NULL), JOB_WAIT);
                ASSERT_EQ(cancelled, 1);
                ASSERT_TRUE(!strstr(asked, "drop-old") && !strstr(asked, "point"));
                ASSERT_OK(store_job_end(f.m.store, row.id, "cancelled", "copy", 0, "", "{}", "{}", 1, NULL));
                ASSERT_EQ(undo ? back(&f) : move_keep(&f.m, &f.job, &f.row, NULL), 1);
                ASSERT_TRUE(strstr(asked, "drop-old"));
        }
}

/* An export writes what it copied before people were let in again. */
TEST(a_copy_that_the_app_was_let_go_on_after_stays) {
        FIXTURE("present", "open");
        char first[32];
        forwards(&f);
        ASSERT_EQ(move_keep(&f.m, &f.job, &f.row, NULL), 1);
        (void) snprintf(first, sizeof(first), "%s", move_id(&f.job, "point"));
        ASSERT_EQ(move_admit(&f.m, &f.job, &f.row, /* proven= */ false, NULL), 0);
        rebooted = true;
        move_reboot_check(&f.job);
        ASSERT_EQ(move_keep(&f.m, &f.job, &f.row, NULL), 1);
        ASSERT_STREQ(move_id(&f.job, "point"), first);
        ASSERT_TRUE(is_kept(&f, first));
}

/* While images are unpacked the job is shown at that stage (task_show_child), which it has not come to by itself. */
TEST(what_was_fetched_is_noted_whichever_stage_the_job_is_shown_at) {
        for (unsigned shown = 0; shown < 2; shown++) {
                FIXTURE("present", "open");
                _cleanup_app_version_row_ AppVersionRow v = {};
                fetched = false;
                ASSERT_EQ(app_update_job.step(&f.m, &f.job, NULL), 0); /* the way */
                ASSERT_EQ(app_update_job.step(&f.m, &f.job, NULL), JOB_WAIT);
                f.job.stage = shown;
                fetched = true;
                ASSERT_EQ(app_update_job.step(&f.m, &f.job, NULL), 0);
                ASSERT_EQ(app_update_job.step(&f.m, &f.job, NULL), 1);
                ASSERT_EQ(store_app_version_get(f.m.store, "notes", "2", &v, NULL), 1);
                ASSERT_STREQ(v.images, "{\"web\":{\"layers\":[\"abc\"]}}");
        }
}

TEST_MAIN()
