/* Apps that are uninstalled, brought back and copied, in a real store, with steps that do nothing but note
 * what was asked. */
#include "app/install.h"
#include "app/move.h"
#include "app/own.h"
#include "app/test-one-app.h"
#include "app/update.h"
#include "domain/names.h"
#include "net/name.h"
#include "store/store-internal.h"
#include "store/store-job.h"
#include "system/inventory.h"

static char asked[512];
static const char* full;  /* the archive that has data of its own */
static ErrorName failing; /* of the archiving; CONFLICT is for `full` alone */
static const char* manifest_text;

static int step(const char* what, const char* detail) {
        (void) snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s%s%s%s", *asked ? " " : "",
                       what, *detail ? ":" : "", detail);
        return 1;
}

int app_step_data(
                Manager* m,
                Job* job,
                const char* what,
                const AppRow* row,
                const char* action,
                json_t* rest,
                json_t** ret_result,
                Error* reterr) {
        char archive[32];
        (void) snprintf(archive, sizeof(archive), "%s", strempty(json_get_string(rest, "archive")));
        json_decref(rest);
        (void) step(action, archive);
        if (streq(action, "archive") && full && streq(archive, full))
                return error_set(
                                reterr, ERROR_CONFLICT, "The archive %s and the app '%s' have data each.",
                                archive, row->id);
        if (streq(action, "archive") && failing != ERROR_CONFLICT)
                return error_set(reterr, failing, "That did not work.");
        if (ret_result)
                *ret_result = json_pack("{s:i}", "bytes", 42);
        return 1;
}
int app_step_apply(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) {
        return 1;
}
int app_step_start(Manager* m, Job* job, const char* what, const char* app, Error* reterr) {
        return step("start", app);
}
int app_step_stop(Manager* m, Job* job, const char* what, const char* app, Error* reterr) {
        return 1;
}
int app_step_remove(Manager* m, Job* job, const char* what, const char* app, Error* reterr) {
        return 1;
}
int app_step_answer(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) {
        return 1;
}
int app_step_hook(
                Manager* m, Job* job, const char* what, const AppRow* row, const char* hook, Error* reterr) {
        return 1;
}
int app_step_pull(
                Manager* m,
                Job* job,
                const char* what,
                const json_t* manifest,
                json_t** ret_images,
                Error* reterr) {
        return 1;
}
int app_step_directories(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) {
        return 1;
}
void app_step_again(Job* job, const char* what) {
        (void) step("again", what);
}
void app_undo_again(Job* job) {
}
int app_job_begin(
                Manager* m,
                JobKind kind,
                const Actor* actor,
                const char* app,
                json_t* request,
                char ret_job[static JOB_ID_BYTES],
                Error* reterr) {
        return -ENOSYS;
}
void app_job_ended(Manager* m, Job* job, bool done) {
}
int app_job_over(Manager* m, const char* app, const char* state, const char* reason, Error* reterr) {
        return MIN(step("over", app), 0);
}
int app_job_row(Manager* m, Job* job, AppRow* ret, Error* reterr) {
        int r = store_app_get(m->store, job->object, ret, reterr);
        return r == 0 ? error_set(reterr, ERROR_NOT_FOUND, "It is gone.") : r;
}
int app_job_stranded(Manager* m, Job* job, const Error* why, Error* reterr) {
        return 0;
}
int app_event_add(
                Manager* m,
                const char* app,
                const char* kind,
                const char* severity,
                const Actor* actor,
                const char* format,
                ...) {
        return 0;
}
int app_gate_set(AppRow* row, bool open) {
        return app_row_text(&row->gate, open ? "open" : "closed");
}
void app_changed(Manager* m, const char* app) {
}
void app_images_clean_soon(Manager* m) {
}
void app_exports_sweep(Manager* m) {
}
void app_names_changed(Manager* m, const char* name) {
}
int app_name_check(Manager* m, const char* field, const char* name, const char* app, Error* reterr) {
        return 0;
}
int app_id_choose(Manager* m, const char* wish, char ret[static APP_ID_BYTES], Error* reterr) {
        return -ENOSYS;
}
json_t* app_manifest(const AppRow* row) {
        return json_loads(manifest_text, 0, NULL);
}
json_t* app_note_make(Manager* m, const AppRow* row, Error* reterr) {
        return json_pack("{s:s}", "version", row->version);
}
int app_note_read(Manager* m, const json_t* note, Error* reterr) {
        return -ENOSYS;
}
int app_rollback(
                Manager* m,
                const Actor* actor,
                const char* app,
                const char* version,
                bool data,
                const char* point,
                const char* why,
                char ret_job[static JOB_ID_BYTES],
                Error* reterr) {
        return -ENOSYS;
}
int app_secret_put(Manager* m, const char* app, const char* name, const char* value, Error* reterr) {
        return 0;
}
int app_secrets_make(Manager* m, const char* app, const json_t* manifest, Error* reterr) {
        return 0;
}
int app_secrets_open(Manager* m, const char* app, json_t** ret, Error* reterr) {
        return 0;
}
void app_values_free(json_t* values) {
}
AppLive* app_live(Manager* m, const char* app) {
        return NULL;
}
int64_t app_memory_now(const Manager* m, const AppLive* live) {
        return 0;
}
int64_t app_peak_measured(const AppLive* live) {
        return 0;
}
int memory_read(Memory* ret) {
        *ret = (Memory) {.total = (int64_t) 1 << 40, .available = (int64_t) 1 << 40};
        return 0;
}
void domain_name_show(const char* name, char ret[static DOMAIN_SHOWN_BYTES]) {
        *ret = 0;
}
int name_update(Manager* m,
                const char* name,
                const char* target,
                const json_t* headers,
                json_t** ret,
                Error* reterr) {
        return -ENOSYS;
}
json_t* own_pinned(const json_t* manifest, const json_t* images) {
        return NULL;
}
json_t* move_caches(const json_t* manifest) {
        return json_array();
}
bool move_keeps_none(const json_t* manifest) {
        return false;
}
void move_reboot_check(Job* job) {
}
int move_thin(Manager* m, const char* app, Error* reterr) {
        return 0;
}
int move_undone(Job* job, int r) {
        return r != 0 ? r : JOB_WAIT;
}
int job_child(Manager* m,
              Job* job,
              const char* name,
              JobKind kind,
              const char* object,
              json_t* request,
              json_t** ret_result,
              Error* reterr) {
        return -ENOSYS;
}
void job_say(Job* job, const char* format, ...) {
}
int jobs_add(Jobs* j,
             JobKind kind,
             const Actor* actor,
             const char* object,
             json_t* request,
             char ret_id[static JOB_ID_BYTES],
             Error* reterr) {
        return -ENOSYS;
}

static void setup(Fixture* f, json_t* request) {
        *asked = 0;
        full = NULL;
        failing = ERROR_CONFLICT;
        manifest_text = "{}";
        one_app_begin(f, "present", "open");
        f->m.state_directory = (char*) "/";
        (void) snprintf(f->job.id, sizeof(f->job.id), "this");
        f->job.object = (char*) "notes";
        f->job.request = request;
        f->job.result = json_object();
        f->job.stage = 1; /* archive of an uninstall, copy of a return */
}

static void down(Fixture* f) {
        json_decref(f->job.request);
        json_decref(f->job.result);
        one_app_end(f);
}
#define FIXTURE(request)                                                                                    \
        _cleanup_(down) Fixture f;                                                                          \
        setup(&f, (request))

static void archive_add(Fixture* f, const char* id, int64_t at, const char* record) {
        AppPointRow p = {
                        .id = (char*) id,
                        .app_id = (char*) "notes",
                        .kind = (char*) "archive",
                        .record = (char*) record,
                        .version = (char*) "0",
                        .title = (char*) "Older",
                        .name = (char*) "older.example",
                        .slot = 1,
                        .size = 7,
                        .created_at = at,
                        .kept_until = at + 1,
        };
        ASSERT_OK(store_app_point_put(f->m.store, &p, NULL));
}

static void
archive_is(Fixture* f,
           const char* id,
           const char* version,
           const char* title,
           const char* name,
           int64_t size) {
        _cleanup_app_point_row_ AppPointRow p = {};
        ASSERT_EQ(store_app_point_get(f->m.store, id, &p, NULL), 1);
        ASSERT_STREQ(p.version, version);
        ASSERT_STREQ(p.title, title);
        ASSERT_STREQ(p.name, name);
        ASSERT_EQ(p.size, size);
}

/* As the engine calls it, for one stage. */
static int stage(Fixture* f, Error* e) {
        int r;
        do
                r = app_uninstall_job.step(&f->m, &f->job, e);
        while (r == 0);
        return r;
}

/* --- uninstalling --- */

TEST(what_a_removal_began_is_gone_on_with) {
        FIXTURE(NULL);
        archive_add(&f, "old", 5, "{}");
        archive_add(&f, "begun", 6, "{}");
        ASSERT_EQ(stage(&f, NULL), 1);
        ASSERT_STREQ(asked, "archive:begun");
        ASSERT_STREQ(json_get_string(f.job.result, "archive"), "begun");
        archive_is(&f, "begun", "1", "Notes", "notes.example", 42);
        archive_is(&f, "old", "0", "Older", "older.example", 7);
}

TEST(data_on_both_sides_is_kept_on_both) {
        FIXTURE(NULL);
        archive_add(&f, "old", 5, "{}");
        full = "old";
        ASSERT_EQ(stage(&f, NULL), 1);
        ASSERT_STREQ(asked, "archive:old again:archive archive:this");
        ASSERT_STREQ(json_get_string(f.job.result, "archive"), "this");
        archive_is(&f, "this", "1", "Notes", "notes.example", 42);
        archive_is(&f, "old", "0", "Older", "older.example", 7);
}

TEST(an_archive_that_is_being_deleted_is_none_to_go_on_with) {
        FIXTURE(NULL);
        JobRow going = {
                        .id = (char*) "going",
                        .kind = (char*) "app-archive-remove",
                        .object = (char*) "old",
                        .state = (char*) "queued",
                        .stage = (char*) "",
                        .message = (char*) "",
                        .request = (char*) "{}",
                        .journal = (char*) "{}",
                        .result = (char*) "{}",
                        .error = (char*) "{}",
                        .actor = (char*) "system",
                        .role = (char*) "root",
                        .parent = (char*) "",
                        .created_at = 1,
        };
        archive_add(&f, "old", 5, "{}");
        ASSERT_OK(store_job_add(f.m.store, &going, NULL));
        ASSERT_EQ(stage(&f, NULL), 1);
        ASSERT_STREQ(asked, "archive:this");
        archive_is(&f, "this", "1", "Notes", "notes.example", 42);
}

TEST(an_archiving_that_fails_fails_the_removal) {
        FIXTURE(NULL);
        _cleanup_error_ Error e = ERROR_NULL;
        archive_add(&f, "old", 5, "{}");
        failing = ERROR_WRONG_STATE;
        ASSERT_TRUE(stage(&f, &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_WRONG_STATE));
        archive_is(&f, "old", "0", "Older", "older.example", 7); /* it has what it had */
}

/* --- bringing back --- */

TEST(a_return_that_found_other_data_ends) {
        FIXTURE(json_pack("{s:s}", "archive", "old"));
        _cleanup_app_row_ AppRow row = {};
        archive_add(&f, "old", 5, "{}");
        full = "old";
        ASSERT_EQ(app_restore_job.undo(&f.m, &f.job, NULL), 1);
        ASSERT_EQ(store_app_get(f.m.store, "notes", &row, NULL), 0);
        archive_is(&f, "old", "0", "Older", "older.example", 7);
}

/* --- the machine's own ports --- */

#define ON_PORT "{\"http\":{\"port\":8097}}"

static void machine_network(Fixture* f) {
        manifest_text = ON_PORT;
        f->row.host_network = 1;
        ASSERT_OK(store_app_save(f->m.store, &f->row, NULL));
}

TEST(a_copy_does_not_have_the_originals_port_of_the_machine) {
        FIXTURE(NULL);
        _cleanup_error_ Error e = ERROR_NULL;
        char job[JOB_ID_BYTES];
        machine_network(&f);
        ASSERT_TRUE(app_clone(&f.m, NULL, "notes", "copy.example", "copy", NULL, job, &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_CONFLICT));
        ASSERT_STREQ(e.field, "port");
}

TEST(what_comes_back_finds_its_port_of_the_machine_taken) {
        FIXTURE(NULL);
        _cleanup_error_ Error e = ERROR_NULL;
        char job[JOB_ID_BYTES];
        AppPointRow p = {
                        .id = (char*) "wiki1",
                        .app_id = (char*) "wiki",
                        .kind = (char*) "archive",
                        .version = (char*) "1",
                        .title = (char*) "Wiki",
                        .name = (char*) "wiki.example",
                        .record = (char*) "{\"host_network\":1,\"manifest\":\"{\\\"http\\\":{\\\"port\\\":"
                                         "8097}}\"}",
                        .slot = 2,
                        .created_at = 1,
                        .kept_until = 2,
        };
        machine_network(&f);
        ASSERT_OK(store_app_point_put(f.m.store, &p, NULL));
        ASSERT_TRUE(app_archive_restore(&f.m, NULL, "wiki1", NULL, job, &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_CONFLICT));
        ASSERT_STREQ(e.field, "port");
}

/* --- copying --- */

STATEMENT(test_app_away, "ALTER TABLE app RENAME TO app_away");
STATEMENT(test_app_back, "ALTER TABLE app_away RENAME TO app");

TEST(an_original_that_cannot_be_looked_at_is_still_ours) {
        FIXTURE(json_pack("{s:s}", "source", "notes"));
        _cleanup_error_ Error e = ERROR_NULL;
        int r;
        f.job.object = (char*) "copy";
        (void) json_object_set_new(f.job.journal, "closed", json_true());
        (void) json_object_set_new(f.job.journal, "gate", json_string("open"));
        ASSERT_OK(app_row_text(&f.row.job, f.job.id));
        ASSERT_OK(store_app_save(f.m.store, &f.row, NULL));
        ASSERT_OK(store_run(f.m.store, &test_app_away, BIND_NONE, NULL));
        ASSERT_TRUE(app_clone_job.undo(&f.m, &f.job, &e) < 0);
        ASSERT_TRUE(error_is_set(&e) && !json_object_get(f.job.journal, "released"));
        ASSERT_OK(store_run(f.m.store, &test_app_back, BIND_NONE, NULL));
        while ((r = app_clone_job.undo(&f.m, &f.job, NULL)) == JOB_WAIT)
                ;
        ASSERT_EQ(r, 1);
        ASSERT_TRUE(strstr(asked, "start:notes") && strstr(asked, "over:notes"));
}

TEST_MAIN()
