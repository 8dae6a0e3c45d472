/* Apps as a noun: start and end, and what all nouns answer for. */
#include "app/answers.h"
#include "app/app-internal.h"
#include "app/own.h"
#include "app/preset.h"
#include "app/update.h"
#include "base/log.h"
#include "base/time.h"
#include "catalogue/catalogue.h"
#include "store/store-job.h"
#include "store/store-setting.h"
#include <stdio.h>
#include <time.h>

#define EVENTS_KEPT 1000     /* of one app */
#define RETENTION_DAYS 365

const Actor app_system_actor = { .via = VIA_SYSTEM, .role = ROLE_ROOT, .root = true, .name = "system" };

void app_clock_text(int64_t at, char ret[static APP_CLOCK_BYTES]) {
        time_t t = (time_t) at;
        struct tm tm;
        if (!localtime_r(&t, &tm) || strftime(ret, APP_CLOCK_BYTES, "%H:%M", &tm) == 0)
                *ret = 0;
}

/* --- start and end --- */

static int rows_rebuild(Manager* m, Error* reterr) {
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = app_rebuild(m, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

static int live_load(Manager* m, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++)
                if ((r = app_live_update(m, &rows.items[i], NULL)) < 0)
                        return error_errno(reterr, r, "Cannot start the apps");
        if (r >= 0)
                app_limits_load(m);
        return r;
}

static int startup(Manager* m, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        m->apps = calloc(1, sizeof(Apps));
        if (!m->apps)
                return error_errno(reterr, -ENOMEM, "Cannot start the apps");
        *m->apps = (Apps) { .m = m, .probe_socket = APP_PROBE_SOCKET, .cgroups = APP_CGROUPS };
        if (rows_rebuild(m, &e) < 0)
                log_warning("Cannot look for apps that the store has lost, ignoring: %s", strempty(e.message));
        int r = live_load(m, reterr);
        if (r >= 0) {
                app_use_sweep(m);
                r = app_state_start(m, reterr);
        }
        if (r >= 0)
                r = app_probe_start(m, reterr);
        if (r >= 0)
                r = app_use_start(m, reterr);
        if (r >= 0)
                r = app_disk_start(m, reterr);
        if (r >= 0)
                app_images_clean_start(m);
        if (r >= 0)
                r = update_startup(m, reterr);
        if (r >= 0) {
                app_probe_plan(m);
                app_presets_soon(m);
        }
        return r;
}

static void shutdown_apps(Manager* m) {
        Apps* a = m->apps;
        if (!a)
                return;
        app_use_save_all(m);
        app_live_free_all(a);
        app_calls_drop(a, NULL);
        app_calls_forget(a, NULL);
        m->apps = NULL; /* answers of the helper that are still to come find nobody */
        (void) sd_event_source_disable_unref(a->settle);
        (void) sd_event_source_disable_unref(a->prober);
        (void) sd_event_source_disable_unref(a->lister);
        (void) sd_event_source_disable_unref(a->sampler);
        (void) sd_event_source_disable_unref(a->cleaner);
        (void) sd_event_source_disable_unref(a->presets);
        a->disk = app_disk_free(a->disk);
        (void) sd_bus_slot_unref(a->job_removed);
        (void) sd_bus_slot_unref(a->properties);
        (void) sd_bus_slot_unref(a->listing);
        json_decref(a->changed);
        free(a);
}

/* --- who may --- */

int app_may_operate(Manager* m, const Actor* actor, const char* app, Error* reterr) {
        if (actor->root || role_includes(actor->role, ROLE_ADMIN))
                return 1;
        return actor->user_id > 0 ? store_app_is_operator(m->store, app, actor->user_id, reterr) : 0;
}

int app_authorise(Manager* m, const Actor* actor, const char* app, AppRow* ret, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = store_app_get(m->store, app, &row, reterr);
        if (r > 0)
                r = app_may_operate(m, actor, app, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no app %s.", app);
        if (ret) {
                *ret = row;
                row = (AppRow) {};
        }
        return 0;
}

int app_update_offered(Manager* m, const AppRow* row, char** ret, Error* reterr) {
        _cleanup_json_ json_t* versions = NULL;
        if (own_is(row)) {
                _cleanup_app_version_row_ AppVersionRow offer = {};
                int k = own_offer(m, row, &offer, reterr);
                if (k > 0 && !(*ret = strdup(offer.version)))
                        return error_errno(reterr, -ENOMEM, "Cannot show an app");
                return MIN(k, 0);
        }
        int r = catalogue_versions(m, row->source, row->package, row->version, &versions, reterr);
        const char* newest = r >= 0 ? json_string_value(json_array_get(versions, 0)) : NULL;
        if (newest && !(*ret = strdup(newest)))
                return error_errno(reterr, -ENOMEM, "Cannot show an app");
        return MIN(r, 0);
}

void app_note(Manager* m, const AppLive* live, const char* severity, const char* sentence) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (store_in_transaction(m->store))
                return; /* a job is at it, and tells itself */
        int r = store_begin(m->store, &e);
        if (r < 0)
                return;
        r = app_event_add(m, live->id, "health", severity, NULL, "%s", sentence);
        if (r >= 0)
                r = store_commit(m->store, &e);
        else
                store_rollback(m->store);
        if (r < 0)
                log_warning("Cannot note how app '%s' stands, ignoring: %s", live->id, strempty(e.message));
}

void app_health_note(Manager* m, AppLive* live, bool failing) {
        _cleanup_free_ char* text = NULL;
        if (!failing)
                app_note(m, live, "ok", "It answers again.");
        else if (asprintf(&text, "It stopped answering. %s%.200s", live->last.status == 0 ? "Last try: " : "Its last answer began: ",
                          strempty(live->last.body)) >= 0)
                app_note(m, live, "bad", text);
        else
                text = NULL;
}

/* --- for all nouns --- */

static int personal_data(Manager* m, int64_t user_id, json_t* ret_parts, Error* reterr) {
        json_t* part = NULL;
        int r = store_app_personal(m->store, user_id, &part, reterr);
        if (r >= 0)
                (void) json_object_set_new(ret_parts, "apps", part);
        return MIN(r, 0);
}

static int erase(Manager* m, int64_t user_id, Error* reterr) {
        return MIN(store_app_erase(m->store, user_id, reterr), 0);
}

static int search(Manager* m, int role, const char* q, json_t* ret_hits, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        if (!role_includes((Role) role, ROLE_ADMIN))
                return 0;
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                const AppRow* row = &rows.items[i];
                char page[APP_ID_BYTES + 16];
                if (!strcasestr(row->title, q) && !strcasestr(row->name, q) && !strcasestr(row->id, q))
                        continue;
                (void) snprintf(page, sizeof(page), "/apps/%s", row->id);
                if (json_array_append_new(ret_hits, json_pack("{s:s, s:s, s:s, s:s}", "kind", "app", "title", row->title, "detail", row->shown, "page",
                                                              page)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot search apps");
        }
        return MIN(r, 0);
}

static int release_one(Manager* m, AppRow* row, Error* reterr) {
        _cleanup_job_row_ JobRow job = {};
        _cleanup_json_ json_t* journal = NULL;
        int r = store_job_get(m->store, row->job, &job, reterr);
        if (r > 0)
                journal = json_loads(strempty(job.journal), JSON_REJECT_DUPLICATES, NULL);
        if (r >= 0)
                r = answers_given_up(m, row, journal, reterr);
        return r < 0 ? r : app_job_over(m, row->id, streq(row->state, "present") ? NULL : "broken", NULL, reterr);
}

/* A manager that was killed between a job's end and the row's release leaves a job's name behind. */
static int release(Manager* m, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                int open = *rows.items[i].job ? store_job_is_open(m->store, rows.items[i].job, reterr) : 1;
                if (open == 0) {
                        log_warning("Job '%s' of app '%s' is over, releasing the app.", rows.items[i].job, rows.items[i].id);
                        r = release_one(m, &rows.items[i], reterr);
                }
        }
        return MIN(r, 0);
}

static int housekeeping(Manager* m, Error* reterr) {
        _cleanup_free_ char* days = NULL;
        bool by_calendar = m->apps && sweep_calendar(&m->apps->calendar, now_seconds(), now_usec(CLOCK_BOOTTIME));
        int r = store_setting_get(m->store, "retention_days", &days, reterr);
        if (r >= 0 && by_calendar)
                r = store_app_event_expire(m->store, now_seconds() - (days ? atoll(days) : RETENTION_DAYS) * 86400, EVENTS_KEPT, reterr);
        if (r >= 0)
                r = release(m, reterr);
        if (r >= 0)
                r = update_housekeeping(m, by_calendar, reterr);
        if (r >= 0 && m->apps)
                r = app_rebuild(m, reterr);
        app_presets_soon(m);
        return MIN(r, 0);
}

const NounClass app_noun = {
        .name = "app",
        .startup = startup,
        .shutdown = shutdown_apps,
        .findings = app_findings,
        .applied = app_presets_soon, /* there may be a domain now */
        .offers_changed = app_presets_soon,
        .personal_data = personal_data,
        .erase = erase,
        .search = search,
        .housekeeping = housekeeping,
};
