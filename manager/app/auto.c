/* What happens to versions by the clock: fresh updates are watched, apps that want it are updated in the box's window. */
#include "base/log.h"
#include "base/time.h"
#include "app/move.h"
#include "app/own.h"
#include "app/update.h"
#include "catalogue/catalogue.h"
#include "package/manifest.h"
#include "store/store-setting.h"
#include <stdio.h>

#define WINDOW "02:00-05:00" /* unless told, as setting.c shows */
#define TICK_USEC (20 * USEC_PER_SEC)
#define TICK_ACCURACY_USEC (5 * USEC_PER_SEC)

/* --- asking for updates --- */

char* update_offered(Manager* m, const AppRow* row) {
        _cleanup_json_ json_t* way = NULL;
        if (update_way(m, row, NULL, &way, NULL) < 0)
                return NULL;
        return strdup(strempty(json_string_value(json_array_get(way, json_array_size(way) - 1))));
}

int app_update(Manager* m, const Actor* actor, const char* app, const char* to, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_json_ json_t* way = NULL;
        int r = store_app_get(m->store, app, &row, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no app %s.", app);
        if (r >= 0 && (to || !own_is(&row))) /* where the tags of the others lead is seen on the way */
                r = update_way(m, &row, to, &way, reterr);
        return r < 0 ? r : app_job_begin(m, JOB_APP_UPDATE, actor, app, json_pack("{s:s*}", "version", to), ret_job, reterr);
}

/* --- all of them --- */

static bool is_held(const AppRow* row, const char* version) {
        return row->held_until > now_seconds() && (streq(row->held_version, version) || streq(row->held_version, row->version));
}

/* What is to be updated, and to what. by_itself: only where people want that. */
static int due(Manager* m, bool by_itself, json_t** ret, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        _cleanup_json_ json_t* list = json_array();
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                const AppRow* row = &rows.items[i];
                _cleanup_free_ char* to = !streq(row->state, "present") || *row->job || (by_itself && !row->auto_update) ? NULL : update_offered(m, row);
                if (to && !is_held(row, to))
                        (void) json_array_append_new(list, json_pack("{s:s, s:s}", "app", row->id, "version", to));
        }
        if (r >= 0)
                *ret = TAKE_PTR(list);
        return MIN(r, 0);
}

static int update_all(Manager* m, const Actor* actor, bool by_itself, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        json_t* list = NULL;
        int r = due(m, by_itself, &list, reterr);
        return r < 0 ? r : jobs_add(m->jobs, JOB_APP_UPDATE_ALL, actor, "", json_pack("{s:o}", "apps", list), ret_job, reterr);
}

int app_update_all(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        return update_all(m, actor, /* by_itself= */ false, ret_job, reterr);
}

static json_t* results(Job* job) {
        json_t* list = json_object_get(job->result, "apps");
        if (!list) {
                list = json_array();
                (void) json_object_set_new(job->result, "apps", list);
        }
        return list;
}

static int result_add(Job* job, const char* app, bool done, const char* sentence) {
        return json_array_append_new(results(job), json_pack("{s:s, s:b, s:s}", "app", app, "done", (int) done, "sentence", sentence));
}

/* As app_job_begin() does it: from now on the app is this part's. */
static int one_begin(Manager* m, Job* job, AppRow* row, const char* version, Error* reterr) {
        char key[64];
        int r = job_child(m, job, row->id, JOB_APP_UPDATE, row->id, json_pack("{s:s}", "version", version), NULL, reterr);
        (void) snprintf(key, sizeof(key), "child:%s", row->id);
        if (r >= 0 && app_row_text(&row->job, strempty(json_get_string(job->journal, key))) < 0)
                r = error_errno(reterr, -ENOMEM, "Cannot begin an update");
        if (r >= 0 && (r = store_app_save(m->store, row, reterr)) >= 0)
                (void) json_object_set_new(job->journal, "begun", json_string(row->id));
        app_changed(m, row->id);
        return r < 0 ? r : JOB_WAIT;
}

/* One after the other; one that fails went back by itself and holds nobody up. */
static int update_all_step(Manager* m, Job* job, Error* reterr) {
        json_t *list = json_object_get(job->request, "apps"), *next = json_array_get(list, json_array_size(results(job)));
        _cleanup_app_row_ AppRow row = {};
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t* result = NULL;
        if (!next)
                return 1;
        const char *app = strempty(json_get_string(next, "app")), *version = strempty(json_get_string(next, "version"));
        if (store_app_get(m->store, app, &row, NULL) <= 0) {
                (void) result_add(job, app, false, "It is gone.");
                return 0;
        }
        job_say(job, "%s to %s", row.title, version);
        if (!streq_ptr(json_get_string(job->journal, "begun"), app)) {
                if (!*row.job)
                        return one_begin(m, job, &row, version, reterr);
                (void) result_add(job, app, false, "It is being worked on.");
                return 0;
        }
        int r = job_child(m, job, app, JOB_APP_UPDATE, app, json_pack("{s:s}", "version", version), &result, &e);
        if (r == JOB_WAIT || r == 0)
                return r;
        (void) result_add(job, app, r == 1, r == 1 ? version : strempty(e.message));
        return 0;
}

const JobClass app_update_all_job = { .step = update_all_step };

/* --- the window --- */

static int setting(Manager* m, const char* key, const char* otherwise, char** ret, Error* reterr) {
        int r = store_setting_get(m->store, key, ret, reterr);
        if (r >= 0 && isempty(*ret)) {
                free(*ret);
                *ret = strdup(otherwise);
        }
        return r < 0 ? r : *ret ? 0 : -ENOMEM;
}

/* The same for this box every day, another for the next box. */
static uint32_t spread(void) {
        char host[65] = "";
        uint32_t h = 2166136261u; /* FNV-1a */
        (void) gethostname(host, sizeof(host) - 1);
        for (const char* p = host; *p; p++)
                h = (h ^ (uint8_t) *p) * 16777619u;
        return h;
}

static int window_look(Manager* m, Error* reterr) {
        _cleanup_free_ char *on = NULL, *window = NULL, *done = NULL;
        unsigned from, to;
        char today[16], mark[48], job[JOB_ID_BYTES];
        time_t now = (time_t) now_seconds();
        struct tm tm;
        int r = setting(m, "app_updates", "true", &on, reterr);
        if (r >= 0)
                r = setting(m, "app_window", WINDOW, &window, reterr);
        if (r >= 0)
                r = setting(m, "app_updates_day", "", &done, reterr);
        if (r < 0 || !streq(on, "true") || window_parse(window, &from, &to) < 0)
                return r;
        tzset(); /* the zone may have been changed */
        if (!localtime_r(&now, &tm) || strftime(today, sizeof(today), "%Y-%m-%d", &tm) == 0)
                return 0;
        (void) snprintf(mark, sizeof(mark), "%s %.20s", today, window); /* whoever moves the window means today's too */
        if (streq(done, mark))
                return 0;
        unsigned minute = (unsigned) (tm.tm_hour * 60 + tm.tm_min), begin = window_minute(from, to, spread());
        if (!window_has(from, to, minute) || !window_has(begin, to, minute))
                return 0;
        r = store_setting_set(m->store, "app_updates_day", mark, reterr);
        if (r >= 0)
                r = update_all(m, &app_system_actor, /* by_itself= */ true, job, reterr);
        return r;
}

/* --- watching what is fresh --- */

typedef struct Last {
        AppVersionRow row;   /* left last */
} Last;

static int on_version(const AppVersionRow* row, void* userdata) {
        Last* l = userdata;
        if (row->left_at == 0 || row->left_at <= l->row.left_at)
                return 0;
        app_version_row_done(&l->row);
        l->row = (AppVersionRow) { .version = strdup(row->version), .manifest = strdup(row->manifest), .point = strdup(row->point), .left_at = row->left_at };
        return l->row.version && l->row.manifest && l->row.point ? 0 : -ENOMEM;
}

static int undecided(Manager* m, AppRow* row, const Last* last, const char* why, Error* reterr) {
        _cleanup_free_ char* sentence = NULL;
        bool kept = *last->row.version && *last->row.point;
        if (asprintf(&sentence, kept ? "%s %s does not work after its update (%s), and %s may not bear what was written since. Nothing more is changed: stay with %s, or go back with the data of before the update, which keeps what was written since for 30 days."
                                     : "%s %s does not work after its update (%s), and there is no version to go back to%s.%s", row->title, row->version, why, strempty(last->row.version), row->version) < 0 ||
            app_row_text(&row->reason, sentence) < 0 || app_row_text(&row->held_version, row->version) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot note how an update went");
        row->held_until = now_seconds() + MOVE_KEEP_SEC;
        row->soak_until = 0;
        int r = store_app_save(m->store, row, reterr);
        return r < 0 ? r : app_event_add(m, row->id, "update", "bad", NULL, "%s", sentence);
}

/* It answered, people came in, and now it does not answer any more. */
static int fresh_failed(Manager* m, AppRow* row, const char* why, Error* reterr) {
        _cleanup_json_ json_t *newer = app_manifest(row), *older = NULL;
        Last last = {};
        char job[JOB_ID_BYTES], at[APP_CLOCK_BYTES];
        _cleanup_free_ char* sentence = NULL;
        int r = store_app_version_each(m->store, row->id, on_version, &last, reterr);
        if (r >= 0 && last.row.version)
                older = json_loads(last.row.manifest, JSON_REJECT_DUPLICATES, NULL);
        if (r >= 0 && version_return(/* touched= */ true, /* admitted= */ true, older && manifest_may_return(newer, older)) == VERSION_RETURN_CODE) {
                app_clock_text(now_seconds(), at);
                row->soak_until = 0;
                r = store_app_save(m->store, row, reterr);
                if (r >= 0 && asprintf(&sentence, "%s went back to %s at %s, nothing lost. %s did not stay well: %s", row->title, last.row.version, at, row->version, why) < 0)
                        r = error_errno(reterr, -ENOMEM, "Cannot go back");
                if (r >= 0)
                        r = app_rollback(m, &app_system_actor, row->id, last.row.version, /* data= */ false, NULL, sentence, job, reterr);
        } else if (r >= 0)
                r = undecided(m, row, &last, why, reterr);
        app_version_row_done(&last.row);
        return r;
}

static int soak_look(Manager* m, AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        AppLive* live = app_live(m, row->id);
        if (*row->job || !live)
                return 0;
        _cleanup_free_ char* failed = app_failed_container(live, manifest);
        if (failed || app_health(m, live, row, manifest) == APP_HEALTH_FAILING)
                return fresh_failed(m, row, failed ?: "It does not answer any more.", reterr);
        int64_t now = now_seconds(), soak = json_get_integer(json_object_get(manifest, "health"), "soak_seconds", 600);
        int64_t until = version_soak_until(row->soak_until, now, soak);
        if (until > now && until == row->soak_until)
                return 0;
        row->soak_until = until > now ? until : 0;
        int r = store_app_save(m->store, row, reterr);
        if (r < 0 || until > now)
                return r;
        return app_event_add(m, row->id, "update", "ok", NULL, "%s %s is well; the update stays.", row->title, row->version);
}

static int soaks_look(Manager* m, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++)
                if (rows.items[i].soak_until > 0)
                        r = soak_look(m, &rows.items[i], reterr);
        return MIN(r, 0);
}

static int in_transaction(Manager* m, int (*act)(Manager* m, Error* reterr), Error* reterr) {
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        r = act(m, reterr);
        if (r >= 0)
                return store_commit(m->store, reterr);
        store_rollback(m->store);
        return r;
}

static int on_tick(sd_event_source* s, uint64_t usec, void* userdata) {
        Manager* m = userdata;
        static int (*const acts[])(Manager* m, Error* reterr) = { soaks_look, own_look_daily, window_look };
        int64_t count = 0;
        for (size_t i = 0; i < ELEMENTS(acts); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                if (store_app_count(m->store, &count, NULL) < 0 || count == 0)
                        break;
                if (in_transaction(m, acts[i], &e) < 0)
                        log_warning("Cannot look after the versions of apps, trying again: %s", strempty(e.message));
        }
        (void) sd_event_source_set_time_relative(s, TICK_USEC);
        return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

int update_startup(Manager* m, Error* reterr) {
        sd_event_source* s = NULL;
        int r = sd_event_add_time_relative(m->event, &s, CLOCK_BOOTTIME, TICK_USEC, TICK_ACCURACY_USEC, on_tick, m);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch the versions of apps");
        (void) sd_event_source_set_description(s, "app-versions");
        (void) sd_event_source_set_floating(s, true); /* it lives as long as the loop */
        (void) sd_event_source_unref(s);
        return 0;
}
