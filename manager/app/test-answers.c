/* Answers over changes of version, in a real store: what is put aside, what a version is left with, and what a return brings. */
#include "app/answers.h"
#include "app/test-one-app.h"

#define FIXTURE _cleanup_(one_app_end) Fixture f; one_app_begin(&f, "present", "open")

/* A person at the settings page. */
static void person(Fixture* f, const char* key, const char* value) {
        ASSERT_OK(app_secret_put(&f->m, "notes", key, value, NULL));
}

/* "key=value key=value" of all that is sealed. */
static void is(Fixture* f, const char* expected) {
        _cleanup_(app_values_freep) json_t* values = NULL;
        const char* key;
        json_t* v;
        char text[512] = "";
        ASSERT_OK(app_secrets_open(&f->m, "notes", &values, NULL));
        json_object_foreach(values, key, v)
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s=%s", *text ? " " : "", key, json_string_value(v));
        ASSERT_STREQ(text, expected);
}

static json_t* record(Fixture* f, bool before) {
        json_t *note = json_object(), *secrets = NULL;
        ASSERT_OK(app_secrets_note(&f->m, "notes", &secrets, NULL));
        (void) json_object_set_new(note, "secrets", secrets);
        (void) json_object_set_new(note, "settings", json_string(f->row.settings));
        ASSERT_OK(answers_note(note, before));
        return note;
}

/* As a job leaves a version: with its restore point, and a row of it. */
static void left(Fixture* f, const char* version, const char* point) {
        _cleanup_json_ json_t* note = record(f, /* before= */ true);
        _cleanup_free_ char* text = json_text(note, true);
        AppPointRow p = {
                .id = (char*) point, .app_id = (char*) "notes", .kind = (char*) "point", .record = text, .version = (char*) version, .title = (char*) "Notes",
                .name = (char*) "notes.example", .slot = 1,
        };
        ASSERT_OK(store_app_point_put(f->m.store, &p, NULL));
        AppVersionRow v = {
                .app_id = (char*) "notes", .version = (char*) version, .manifest = (char*) "{}", .images = (char*) "{}", .point = (char*) point, .left_at = f->now++,
        };
        ASSERT_OK(store_app_version_put(f->m.store, &v, NULL));
}

/* An update that came with answers, or NULL, from a version to the next. */
static void update(Fixture* f, const char* from, const char* point, const char* key, const char* value) {
        if (key)
                ASSERT_OK(answers_put(&f->m, "notes", key, value, NULL));
        left(f, from, point);
        ASSERT_OK(answers_settle(&f->m, "notes", /* back= */ false, NULL));
}

static void go_back(Fixture* f, const char* from, const char* point, const char* to) {
        _cleanup_error_ Error e = ERROR_NULL;
        left(f, "none", point); /* the point is there before the version is left */
        ASSERT_OK(store_app_version_remove(f->m.store, "notes", "none", NULL));
        ASSERT_OK(answers_of_version(&f->m, &f->row, to, point, &e));
        AppVersionRow v = {
                .app_id = (char*) "notes", .version = (char*) from, .manifest = (char*) "{}", .images = (char*) "{}", .point = (char*) point, .left_at = f->now++,
        };
        ASSERT_OK(store_app_version_put(f->m.store, &v, NULL));
        ASSERT_OK(store_app_version_remove(f->m.store, "notes", to, NULL));
}

TEST(what_is_put_aside_stands_again_or_is_forgotten) {
        FIXTURE;
        person(&f, "setting:a", "old");
        ASSERT_OK(answers_put(&f.m, "notes", "setting:a", "new", NULL));
        ASSERT_OK(answers_put(&f.m, "notes", "setting:a", "newer", NULL));
        ASSERT_OK(answers_put(&f.m, "notes", "setting:b", "first", NULL));
        is(&f, "before:setting:a=old setting:a=newer setting:b=first unset:setting:b=");
        ASSERT_OK(answers_settle(&f.m, "notes", /* back= */ true, NULL));
        is(&f, "setting:a=old");
        ASSERT_OK(answers_put(&f.m, "notes", "setting:a", NULL, NULL));
        is(&f, "before:setting:a=old");
        ASSERT_OK(answers_settle(&f.m, "notes", /* back= */ true, NULL));
        is(&f, "setting:a=old");
        ASSERT_OK(answers_put(&f.m, "notes", "setting:b", "first", NULL));
        ASSERT_OK(answers_settle(&f.m, "notes", /* back= */ false, NULL));
        is(&f, "setting:a=old setting:b=first");
}

/* A job that is given up leaves the answers of what stands there, and nothing aside that a later one would put back. */
TEST(a_job_that_is_given_up_leaves_nothing_aside) {
        static const struct {
                const char *journal, *secrets, *settings;
        } cases[] = {
                { "{}", "setting:a=old", "before" },                                                     /* it was never begun */
                { "{\"from\":\"1\",\"settings\":\"{\\\"colour\\\":\\\"blue\\\"}\"}", "setting:a=old", "blue" }, /* nothing was changed, or all is back */
                { "{\"from\":\"0\",\"settings\":\"{\\\"colour\\\":\\\"blue\\\"}\"}", "setting:a=new", "before" }, /* the other version stands there */
                { "{\"from\":\"1\",\"swapped\":true}", "setting:a=new", "before" },                     /* other data does */
                { "{\"from\":\"1\",\"swapped\":true,\"back-data-noted\":true}", "setting:a=old", "before" },
                { "{\"from\":\"1\",\"admitted\":true}", "setting:a=new", "before" },
                { NULL, "setting:a=new", "before" },                                                     /* nobody knows the job any more */
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                FIXTURE;
                _cleanup_app_row_ AppRow row = {};
                _cleanup_json_ json_t* journal = cases[i].journal ? json_loads(cases[i].journal, 0, NULL) : NULL;
                ASSERT_EQ(!journal, !cases[i].journal);
                ASSERT_OK(app_row_text(&f.row.settings, "{\"colour\":\"before\"}"));
                ASSERT_OK(store_app_save(f.m.store, &f.row, NULL));
                person(&f, "setting:a", "old");
                ASSERT_OK(answers_put(&f.m, "notes", "setting:a", "new", NULL));
                ASSERT_OK(answers_given_up(&f.m, &f.row, journal, NULL));
                is(&f, cases[i].secrets);
                ASSERT_OK(store_app_get(f.m.store, "notes", &row, NULL));
                ASSERT_TRUE(strstr(row.settings, cases[i].settings));
        }
}

TEST(a_program_that_goes_back_takes_the_answers_of_its_update_with_it) {
        FIXTURE;
        person(&f, "setting:a", "old");
        person(&f, "token", "t");
        update(&f, "1", "p1", "setting:a", "new");
        is(&f, "setting:a=new token=t");
        go_back(&f, "2", "p2", "1");
        is(&f, "before:setting:a=new setting:a=old token=t");
        ASSERT_OK(answers_settle(&f.m, "notes", false, NULL));
        go_back(&f, "1", "p3", "2"); /* and forward to the one that is kept now */
        ASSERT_OK(answers_settle(&f.m, "notes", false, NULL));
        is(&f, "setting:a=new token=t");
}

TEST(answers_that_an_update_added_go_with_it) {
        FIXTURE;
        update(&f, "1", "p1", "setting:b", "first");
        go_back(&f, "2", "p2", "1");
        ASSERT_OK(answers_settle(&f.m, "notes", false, NULL));
        is(&f, "");
}

TEST(what_a_person_changed_since_stays) {
        FIXTURE;
        person(&f, "setting:a", "old");
        person(&f, "setting:b", "old");
        update(&f, "1", "p1", "setting:a", "new");
        person(&f, "setting:a", "mine");
        person(&f, "setting:b", "mine");
        go_back(&f, "2", "p2", "1");
        ASSERT_OK(answers_settle(&f.m, "notes", false, NULL));
        is(&f, "setting:a=mine setting:b=mine");
}

TEST(over_several_versions) {
        FIXTURE;
        person(&f, "setting:a", "one");
        update(&f, "1", "p1", "setting:a", "two");
        update(&f, "2", "p2", "setting:a", "three");
        update(&f, "3", "p3", NULL, NULL);
        go_back(&f, "4", "p4", "1");
        ASSERT_OK(answers_settle(&f.m, "notes", false, NULL));
        is(&f, "setting:a=one");
        go_back(&f, "1", "p5", "2");
        ASSERT_OK(answers_settle(&f.m, "notes", false, NULL));
        is(&f, "setting:a=two");
}

TEST(a_restore_point_whose_time_is_over_leads_nowhere) {
        FIXTURE;
        person(&f, "setting:a", "old");
        update(&f, "1", "p1", "setting:a", "new");
        ASSERT_OK(store_app_point_remove(f.m.store, "p1", NULL));
        go_back(&f, "2", "p2", "1");
        is(&f, "setting:a=new");
}

TEST(with_the_data_of_a_time_come_its_answers) {
        FIXTURE;
        _cleanup_app_point_row_ AppPointRow p = {}, replaced = {};
        person(&f, "setting:a", "old");
        person(&f, "token", "t");
        update(&f, "1", "p1", "setting:a", "new");
        person(&f, "setting:a", "mine");
        person(&f, "setting:c", "later");
        person(&f, "made", "by 2");
        ASSERT_OK(app_row_text(&f.row.settings, "{\"colour\":\"blue\",\"size\":\"9\"}"));
        left(&f, "2", "p2");
        ASSERT_EQ(store_app_point_get(f.m.store, "p1", &p, NULL), 1);
        _cleanup_json_ json_t* then = json_loads(p.record, 0, NULL);
        ASSERT_OK(answers_of_point(&f.m, &f.row, then, "p2", NULL));
        is(&f, "before:setting:a=mine before:setting:c=later made=by 2 setting:a=old token=t"); /* what 2 made does not disturb 1 */
        ASSERT_STREQ(f.row.settings, "{\"colour\":\"red\"}");
        ASSERT_OK(answers_settle(&f.m, "notes", false, NULL));

        ASSERT_EQ(store_app_point_get(f.m.store, "p2", &replaced, NULL), 1);
        _cleanup_json_ json_t* since = json_loads(replaced.record, 0, NULL);
        ASSERT_OK(answers_of_point(&f.m, &f.row, since, "none", NULL)); /* and all of it comes again with what was replaced */
        ASSERT_OK(answers_settle(&f.m, "notes", false, NULL));
        is(&f, "made=by 2 setting:a=mine setting:c=later token=t");
        ASSERT_STREQ(f.row.settings, "{\"colour\":\"blue\",\"size\":\"9\"}");
}

TEST(what_was_kept_and_is_damaged_is_refused) {
        FIXTURE;
        _cleanup_json_ json_t* broken = json_pack("{s:{s:s}, s:s}", "secrets", "setting:a", "AAAA", "settings", "{}");
        _cleanup_error_ Error e = ERROR_NULL;
        person(&f, "setting:a", "old");
        ASSERT_TRUE(answers_of_point(&f.m, &f.row, broken, "none", &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_STORE_BROKEN));
        is(&f, "setting:a=old");
}

TEST_MAIN()
