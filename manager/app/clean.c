/* Which images are still needed, and the job that removes the rest. */
#include "app/app-internal.h"
#include "base/log.h"
#include "base/time.h"
#include "store/store-setting.h"

#define SOON_USEC (60 * USEC_PER_SEC)
#define FAILED_USEC (3600 * USEC_PER_SEC)
#define AGAIN_USEC (3900 * USEC_PER_SEC) /* what was fetched within the hour before was spared (image/image.h) */
#define DUE "app_images_clean" /* a setting: "1" until a job's row is there, which outlives a kill by itself; then "again" until the second's is */

static int keep_images(json_t* keep, const json_t* images) {
        const char* container;
        json_t* image;
        json_object_foreach((json_t*) images, container, image) {
                const char* digest = json_get_string(image, "digest");
                const char* hex = digest ? startswith(digest, "sha256:") : NULL;
                if (hex && json_object_set_new(keep, hex, json_true()) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int keep_text(json_t* keep, const char* text) {
        _cleanup_json_ json_t* images = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        return images ? keep_images(keep, images) : 0;
}

static int keep_version(const AppVersionRow* row, void* userdata) {
        return keep_text(userdata, row->images);
}

static int keep_point(const AppPointRow* row, void* userdata) {
        _cleanup_json_ json_t* record = json_loads(row->record, JSON_REJECT_DUPLICATES, NULL);
        const char* images = json_get_string(record, "images");
        return images ? keep_text(userdata, images) : 0;
}

/* 1 = *ret is the request, 0 = somebody is pulling, whose images no row names yet. */
static int request_make(Manager* m, json_t** ret, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        _cleanup_json_ json_t *keep = json_object(), *list = json_array();
        const char* hex;
        json_t* v;
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                if (*rows.items[i].job)
                        return 0;
                r = keep_text(keep, rows.items[i].images);
        }
        if (r >= 0)
                r = store_app_version_each(m->store, /* app= */ NULL, keep_version, keep, reterr);
        if (r >= 0)
                r = store_app_point_each(m->store, NULL, NULL, 0, keep_point, keep, reterr);
        if (r < 0)
                return r;
        json_object_foreach(keep, hex, v)
                (void) json_array_append_new(list, json_string(hex));
        *ret = json_pack("{s:O}", "keep", list);
        return 1;
}

/* 1 = begun, and once more later; 2 = begun; 0 = not now. */
static int clean_begin(Manager* m, Error* reterr) {
        _cleanup_json_ json_t* request = NULL;
        _cleanup_free_ char* due = NULL;
        char job[JOB_ID_BYTES];
        int r = request_make(m, &request, reterr);
        if (r <= 0)
                return r;
        r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = jobs_add(m->jobs, JOB_IMAGE_CLEAN, &app_system_actor, "", TAKE_PTR(request), job, reterr);
        if (r >= 0)
                r = store_setting_get(m->store, DUE, &due, reterr);
        bool first = streq_ptr(due, "1");
        if (r >= 0)
                r = store_setting_set(m->store, DUE, first ? "again" : "", reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        r = store_commit(m->store, reterr);
        return r < 0 ? r : first ? 1 : 2;
}

static int on_cleaner(sd_event_source* source, uint64_t usec, void* userdata) {
        Manager* m = userdata;
        _cleanup_error_ Error e = ERROR_NULL;
        int r = clean_begin(m, &e);
        if (r == 2)
                return 0;
        bool failed = r < 0 && !error_has_name(&e, ERROR_BUSY);
        if (failed)
                log_warning("Cannot remove images that nobody needs, trying again: %s", strempty(e.message));
        bool full = failed && error_has_name(&e, ERROR_STORAGE_FULL); /* what goes with them is the room that is missing */
        (void) sd_event_source_set_time_relative(source, r == 1 ? AGAIN_USEC : failed && !full ? FAILED_USEC : SOON_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void plan(Manager* m, uint64_t usec) {
        Apps* a = m->apps;
        if (!a)
                return;
        int r = a->cleaner ? sd_event_source_set_time_relative(a->cleaner, usec)
                           : sd_event_add_time_relative(m->event, &a->cleaner, CLOCK_MONOTONIC, usec, 5 * USEC_PER_SEC, on_cleaner, m);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->cleaner, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to plan the removal of images, ignoring: %m");
}

/* Written down with what made them needless, since the timer does not outlive a kill. */
void app_images_clean_soon(Manager* m) {
        _cleanup_error_ Error e = ERROR_NULL;
        bool open = store_in_transaction(m->store);
        int r = open ? 0 : store_begin(m->store, &e);
        if (r >= 0)
                r = store_setting_set(m->store, DUE, "1", &e);
        if (r >= 0 && !open)
                r = store_commit(m->store, &e);
        else if (!open)
                store_rollback(m->store);
        if (r < 0)
                log_warning("Cannot write down that images are to be removed, ignoring: %s", strempty(e.message));
        plan(m, SOON_USEC);
}

void app_images_clean_start(Manager* m) {
        _cleanup_free_ char* due = NULL;
        if (store_setting_get(m->store, DUE, &due, NULL) > 0 && *due)
                plan(m, streq(due, "1") ? SOON_USEC : AGAIN_USEC);
}

static void clean_ended(Manager* m, Job* job, bool done) {
        if (done || !m->apps)
                return;
        app_images_clean_soon(m);
        plan(m, FAILED_USEC);
}

const JobClass image_clean_job = { .ended = clean_ended };
