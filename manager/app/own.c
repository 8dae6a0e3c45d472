#include "app/answers.h"
#include "app/own.h"
#include "app/move.h"
#include "base/time.h"
#include "package/manifest.h"
#include "store/store-setting.h"
#include <stdio.h>

#define LOOK_SEC 86400

bool own_is(const AppRow* row) {
        return streq(row->origin, "image") || streq(row->origin, "compose");
}

/* --- what is on offer --- */

typedef struct Found {
        AppVersionRow* row;
        bool any;
} Found;

static int on_staged(const AppVersionRow* row, void* userdata) {
        Found* f = userdata;
        if (row->left_at != 0 || f->any)
                return 0;
        *f->row = (AppVersionRow) {
                .app_id = strdup(row->app_id), .version = strdup(row->version), .manifest = strdup(row->manifest), .images = strdup(row->images),
                .point = strdup(row->point), .since = row->since,
        };
        f->any = true;
        return f->row->app_id && f->row->version && f->row->manifest && f->row->images && f->row->point ? 0 : -ENOMEM;
}

int own_offer(Manager* m, const AppRow* row, AppVersionRow* ret, Error* reterr) {
        Found f = { .row = ret };
        int r = store_app_version_each(m->store, row->id, on_staged, &f, reterr);
        return r < 0 ? r : f.any;
}

static int offer_drop(Manager* m, const AppRow* row, Error* reterr) {
        _cleanup_app_version_row_ AppVersionRow there = {};
        int r = own_offer(m, row, &there, reterr);
        if (r > 0)
                r = store_app_version_remove(m->store, row->id, there.version, reterr);
        return MIN(r, 0);
}

/* --- names of versions --- */

void own_version_today(char ret[static 32]) {
        time_t now = (time_t) now_seconds();
        struct tm tm;
        if (!localtime_r(&now, &tm) || strftime(ret, 32, "%Y.%m.%d", &tm) == 0)
                (void) snprintf(ret, 32, "0");
}

static int on_newest(const AppVersionRow* row, void* userdata) {
        char(*newest)[MANIFEST_VERSION_BYTES] = userdata;
        if (manifest_version_compare(row->version, *newest) > 0)
                (void) snprintf(*newest, sizeof(*newest), "%s", row->version);
        return 0;
}

/* The day, and a number where that day has one already: newer than all that are there, as no clock alone is. */
static int version_new(Manager* m, const AppRow* row, char ret[static MANIFEST_VERSION_BYTES], Error* reterr) {
        char newest[MANIFEST_VERSION_BYTES], today[32];
        (void) snprintf(newest, sizeof(newest), "%s", row->version);
        int r = store_app_version_each(m->store, row->id, on_newest, &newest, reterr);
        if (r >= 0 && *row->held_version && manifest_version_compare(row->held_version, newest) > 0)
                (void) snprintf(newest, sizeof(newest), "%s", row->held_version);
        own_version_today(today);
        (void) snprintf(ret, MANIFEST_VERSION_BYTES, "%s", today);
        unsigned year, month, day, n = 1;
        if (manifest_version_compare(ret, newest) <= 0) {
                if (sscanf(newest, "%4u.%2u.%2u.%6u", &year, &month, &day, &n) < 3)
                        (void) snprintf(ret, MANIFEST_VERSION_BYTES, "%.40s.1", newest);
                else
                        (void) snprintf(ret, MANIFEST_VERSION_BYTES, "%04u.%02u.%02u.%u", year, month, day, n + 1);
        }
        return MIN(r, 0);
}

json_t* own_pinned(const json_t* manifest, const json_t* images) {
        json_t *copy = json_deep_copy(manifest), *c;
        size_t i;
        json_array_foreach(json_object_get(copy, "containers"), i, c) {
                const char* pinned = json_get_string(json_object_get(images, strempty(json_get_string(c, "name"))), "pinned");
                if (!isempty(pinned))
                        (void) json_object_set_new(c, "image", json_string(pinned));
        }
        return copy;
}

static int offer_put(Manager* m, const AppRow* row, json_t* manifest, const json_t* images, char version[static MANIFEST_VERSION_BYTES], Error* reterr) {
        int r = offer_drop(m, row, reterr);
        if (r >= 0)
                r = version_new(m, row, version, reterr);
        if (r < 0)
                return r;
        (void) json_object_set_new(manifest, "version", json_string(version));
        _cleanup_free_ char *text = json_text(manifest, /* canonical= */ true), *pinned = json_text(images, /* canonical= */ true);
        if (!text || !pinned)
                return error_errno(reterr, -ENOMEM, "Cannot note a newer version");
        AppVersionRow v = {
                .app_id = row->id, .version = version, .manifest = text, .images = pinned, .point = (char*) "", .since = now_seconds(),
        };
        r = store_app_version_put(m->store, &v, reterr);
        return MIN(r, 0);
}

/* --- looking where tags lead --- */

/* Of those that are pinned by who named them nothing newer can come. */
static json_t* look_request(const json_t* manifest) {
        json_t *images = json_array(), *c;
        size_t i;
        json_array_foreach(json_object_get(manifest, "containers"), i, c)
                if (!image_reference_pinned(json_get_string(c, "image")))
                        (void) json_array_append_new(images, json_pack("{s:s}", "reference", strempty(json_get_string(c, "image"))));
        return images;
}

static const json_t* looked_up(const json_t* result, const char* reference) {
        size_t i;
        json_t* image;
        json_array_foreach(json_object_get(result, "images"), i, image)
                if (streq_ptr(json_get_string(image, "reference"), reference))
                        return image;
        return NULL;
}

static bool same_images(const json_t* a, const json_t* b) {
        const char* container;
        json_t* image;
        json_object_foreach((json_t*) a, container, image)
                if (!streq(strempty(json_get_string(image, "digest")), strempty(json_get_string(json_object_get(b, container), "digest"))))
                        return false;
        return json_object_size(a) == json_object_size(b);
}

typedef struct Known {
        const json_t* images;
        bool offered, kept;
} Known;

static int on_known(const AppVersionRow* row, void* userdata) {
        Known* k = userdata;
        _cleanup_json_ json_t* images = json_loads(row->images, JSON_REJECT_DUPLICATES, NULL);
        if (same_images(k->images, images))
                *(row->left_at == 0 ? &k->offered : &k->kept) = true;
        return 0;
}

/* {container: {"pinned", "digest"}} of what the tags lead to; those that are pinned stay with what they have. */
static json_t* images_now(const json_t* manifest, const json_t* present, const json_t* result) {
        json_t *by = json_object(), *c;
        size_t i;
        json_array_foreach(json_object_get(manifest, "containers"), i, c) {
                const char* name = strempty(json_get_string(c, "name"));
                const json_t* image = looked_up(result, json_get_string(c, "image")) ?: json_object_get(present, name);
                (void) json_object_set_new(by, name, json_pack("{s:s, s:s}", "pinned", strempty(json_get_string(image, "pinned")), "digest",
                                                               strempty(json_get_string(image, "digest"))));
        }
        return by;
}

/* A version that is kept is no news either: somebody, or a return, has left it. What was on offer before its tag was turned back to that one is not
 * what it leads to any more. */
static int looked(Manager* m, const AppRow* row, json_t* manifest, const json_t* result, Error* reterr) {
        _cleanup_json_ json_t *present = json_loads(row->images, JSON_REJECT_DUPLICATES, NULL), *now = images_now(manifest, present, result);
        char version[MANIFEST_VERSION_BYTES];
        Known k = { .images = now };
        if (!now)
                return error_errno(reterr, -ENOMEM, "Cannot compare images");
        bool here = same_images(now, present);
        int r = store_app_version_each(m->store, row->id, on_known, &k, reterr);
        if (r < 0 || (k.offered && !here))
                return MIN(r, 0);
        return here || k.kept ? offer_drop(m, row, reterr) : offer_put(m, row, manifest, now, version, reterr);
}

int own_step_look(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) {
        _cleanup_json_ json_t *manifest = app_manifest(row), *images = look_request(manifest), *result = NULL;
        if (json_is_true(json_object_get(job->journal, what)))
                return 1;
        if (json_array_size(images) > 0) {
                job_say(job, "Looking for newer images of %s", row->title);
                int r = job_child(m, job, what, JOB_IMAGE_PULL, row->id, json_pack("{s:b, s:O}", "look", 1, "images", images), &result, reterr);
                if (r != 1)
                        return r;
                r = looked(m, row, manifest, result, reterr);
                if (r < 0)
                        return r;
        }
        (void) json_object_set_new(job->journal, what, json_true());
        return 1;
}

/* --- another Compose file --- */

int own_variables(Manager* m, const AppRow* row, json_t** ret, Error* reterr) {
        _cleanup_(app_values_freep) json_t *values = NULL, *named = json_object();
        _cleanup_json_ json_t* manifest = app_manifest(row);
        char key[80];
        size_t i;
        json_t* q;
        int r = named ? app_secrets_open(m, row->id, &values, reterr) : error_errno(reterr, -ENOMEM, "Cannot look up variables");
        if (r < 0)
                return r;
        json_array_foreach(json_object_get(manifest, "settings"), i, q) {
                const char* name = text_of_languages(json_object_get(q, "label"), "en");
                (void) snprintf(key, sizeof(key), "setting:%s", strempty(json_get_string(q, "key")));
                const json_t* value = json_object_get(values, key);
                if (value && name && json_object_set_new(named, name, json_deep_copy(value)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot look up variables");
        }
        *ret = TAKE_PTR(named);
        return 0;
}

static int answer_put(Manager* m, const char* app, const json_t* before, const char* key, const char* value, Error* reterr) {
        char sealed[80];
        (void) snprintf(sealed, sizeof(sealed), "setting:%s", key);
        return streq_ptr(json_get_string(before, sealed), value) ? 0 : answers_put(m, app, sealed, value, reterr);
}

/* Its manifest becomes the offer; the values of its variables are kept, and those that they replace are put aside until answers_settle(). */
static int stage(Manager* m, const AppRow* row, const json_t* manifest, const json_t* answers, char version[static MANIFEST_VERSION_BYTES], Error* reterr) {
        _cleanup_(app_values_freep) json_t* before = NULL;
        _cleanup_json_ json_t *copy = json_deep_copy(manifest), *none = json_object();
        const char* key;
        json_t* value;
        int r = copy && none ? app_secrets_open(m, row->id, &before, reterr) : error_errno(reterr, -ENOMEM, "Cannot keep a manifest");
        json_object_foreach((json_t*) answers, key, value)
                if (r >= 0)
                        r = answer_put(m, row->id, before, key, strempty(json_string_value(value)), reterr);
        if (r >= 0)
                r = offer_put(m, row, copy, none, version, reterr);
        return MIN(r, 0);
}

/* Data that the file has no word of stays where it is; that is said, as nobody sees it from inside any more. */
static int data_left(Manager* m, const AppRow* row, const json_t* manifest, const Actor* actor, Error* reterr) {
        _cleanup_json_ json_t* before = app_manifest(row);
        const json_t* data = json_object_get(manifest, "data");
        size_t i, k;
        json_t* d;
        int r = 0;
        json_array_foreach(json_object_get(before, "data"), i, d) {
                const char* name = strempty(json_get_string(d, "name"));
                bool there = false;
                for (k = 0; k < json_array_size(data); k++)
                        there = there || streq_ptr(json_get_string(json_array_get(data, k), "name"), name);
                if (!there && r >= 0)
                        r = app_event_add(m, row->id, "update", "note", actor, "The Compose file does not mention the data \"%s\" any more; it stays on the disk.", name);
        }
        return MIN(r, 0);
}

int app_update_by_file(Manager* m, const Actor* actor, AppRow* row, const json_t* manifest, const json_t* answers, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        char version[MANIFEST_VERSION_BYTES];
        if (*row->job || !streq(row->state, "present"))
                return error_set(reterr, ERROR_WRONG_STATE, "%s is being worked on.", row->title);
        int r = stage(m, row, manifest, answers, version, reterr);
        if (r >= 0)
                r = data_left(m, row, manifest, actor, reterr);
        return r < 0 ? r : app_job_begin(m, JOB_APP_UPDATE, actor, row->id, json_pack("{s:s, s:b}", "version", version, "file", 1), ret_job, reterr);
}

/* --- the job --- */

static int look_step(Manager* m, Job* job, Error* reterr) {
        const json_t* apps = json_object_get(job->request, "apps");
        size_t i = (size_t) json_get_integer(job->journal, "at", 0);
        _cleanup_app_row_ AppRow row = {};
        _cleanup_error_ Error e = ERROR_NULL;
        char what[32];
        if (i >= json_array_size(apps))
                return 1;
        int r = store_app_get(m->store, strempty(json_string_value(json_array_get(apps, i))), &row, reterr);
        if (r < 0)
                return r;
        (void) snprintf(what, sizeof(what), "look-%zu", i);
        if (r > 0 && !*row.job) { /* one that is worked on is looked at another time */
                r = own_step_look(m, job, what, &row, &e);
                if (r == JOB_WAIT)
                        return r;
                if (r < 0 && (json_array_size(apps) == 1 || !job->part_failed)) /* of what was not looked up nothing is written; else half of it may be */
                        return error_set(reterr, e.name, "%s", e.message);
                if (r < 0)
                        job_log(m, job, "warning", "%s: %s", row.title, strempty(e.message));
                app_changed(m, row.id);
        }
        (void) json_object_set_new(job->journal, "at", json_integer((json_int_t) i + 1));
        return 0;
}

const JobClass app_look_job = { .step = look_step };

int app_look(Manager* m, const Actor* actor, const AppRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        if (!own_is(row))
                return error_set(reterr, ERROR_WRONG_STATE, "%s came from the catalogue, which tells of newer versions when it is fetched.", row->title);
        return jobs_add(m->jobs, JOB_APP_LOOK, actor, row->id, json_pack("{s:[s]}", "apps", row->id), ret_job, reterr);
}

int own_look_daily(Manager* m, Error* reterr) {
        _cleanup_free_ char* last = NULL;
        _cleanup_app_rows_ AppRows rows = {};
        _cleanup_json_ json_t* list = json_array();
        char job[JOB_ID_BYTES], now[24];
        int64_t at = now_seconds();
        int r = store_setting_get(m->store, "app_looked_at", &last, reterr);
        if (r < 0 || (last && atoll(last) <= at && at < atoll(last) + LOOK_SEC))
                return MIN(r, 0);
        (void) snprintf(now, sizeof(now), "%lld", (long long) at);
        r = store_setting_set(m->store, "app_looked_at", now, reterr);
        if (r < 0 || !last) /* what was just installed is as new as can be */
                return MIN(r, 0);
        r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++)
                if (own_is(&rows.items[i]))
                        (void) json_array_append_new(list, json_string(rows.items[i].id));
        if (r >= 0 && json_array_size(list) > 0)
                r = jobs_add(m->jobs, JOB_APP_LOOK, &app_system_actor, "", json_pack("{s:O}", "apps", list), job, reterr);
        return MIN(r, 0);
}
