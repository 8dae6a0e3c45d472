/* What a row says of an app's mail beside root's record, in a real store and a real directory. */
#include "app/app-internal.h"
#include "app/test-one-app.h"
#include <sys/stat.h>

static unsigned told;
static bool may;
bool app_may_mail(const AppRow* row) { return !streq(row->muted, "[\"mail\"]"); }
int app_mail_take(AppRow* row, bool may_now, Error* reterr) {
        may = may_now;
        return app_row_text(&row->muted, "[]");
}
int app_event_add(Manager* m, const char* app, const char* kind, const char* severity, const Actor* actor, const char* format, ...) {
        told++;
        return 0;
}
void app_changed(Manager* m, const char* app) {}
int app_note_read(Manager* m, const json_t* note, Error* reterr) { return -ENOTSUP; }

static void record_write(Fixture* f, const char* network_out) {
        static const char* const layers[] = { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NULL };
        static const char* const args[] = { "/bin/true", NULL };
        AppContainerRecord c = { .name = "web", .layers = layers, .args = args, .cwd = "/", .stop_signal = 15, .stop_sec = 10 };
        AppRecord a = {
                .id = "notes", .slot = 1, .title = "Notes", .network_out = network_out, .gate = "open", .access = "public",
                .user_header = "", .memory_max = 128 << 20, .cpu_weight = 100, .tasks_max = 100, .containers = &c,
                .containers_n = 1, .note = "{}",
        };
        char path[64];
        (void) snprintf(path, sizeof(path), "%s/apps", f->directory);
        ASSERT_OK(mkdir(path, 0700));
        (void) snprintf(path, sizeof(path), "%s/apps/notes", f->directory);
        ASSERT_OK(mkdir(path, 0700));
        (void) snprintf(path, sizeof(path), "%s/apps/notes/record.json", f->directory);
        _cleanup_json_ json_t* j = app_record_to_json(&a);
        ASSERT_OK(json_dump_file(j, path, 0));
}

TEST(a_copy_is_shown_as_mute_only_where_root_knows_of_it) {
        static const struct {
                const char *muted, *network_out, *record, *job;
                bool shown_wrong;
        } cases[] = {
                { "[\"mail\"]", "any", "any", "", true },      { "[\"mail\"]", "any", "no-mail", "", false },
                { "[\"mail\"]", "any", "any", "ajob", false }, { "[\"mail\"]", "none", "none", "", false },
                { "[\"tidy\"]", "any", "any", "", false },     { "[\"mail\"]", "any", NULL, "", false },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(one_app_end) Fixture f;
                _cleanup_app_row_ AppRow row = {};
                told = 0, may = false;
                one_app_begin(&f, "present", "open");
                f.m.state_directory = f.directory;
                ASSERT_OK(app_row_text(&f.row.muted, cases[i].muted));
                ASSERT_OK(app_row_text(&f.row.network_out, cases[i].network_out));
                ASSERT_OK(app_row_text(&f.row.job, cases[i].job));
                ASSERT_OK(store_app_save(f.m.store, &f.row, NULL));
                if (cases[i].record)
                        record_write(&f, cases[i].record);
                for (int again = 0; again < 2; again++)
                        ASSERT_OK(app_rebuild(&f.m, NULL));
                ASSERT_EQ(store_app_get(f.m.store, "notes", &row, NULL), 1);
                ASSERT_STREQ(row.muted, cases[i].shown_wrong ? "[]" : cases[i].muted);
                ASSERT_EQ(told, cases[i].shown_wrong); /* once */
                ASSERT_EQ(may, cases[i].shown_wrong);
        }
}

TEST_MAIN()
