#include "app/answers.h"
#include "base/seal.h"

#define ASIDE "before:" /* of secrets: what stood there */
#define UNSET "unset:"  /* nothing did */
#define ANSWER "setting:"

/* --- putting aside --- */

static int is_there(Manager* m, const char* app, const char* prefix, const char* key, Error* reterr) {
        _cleanup_free_ void* blob = NULL;
        _cleanup_free_ char* name = NULL;
        size_t size = 0;
        if (asprintf(&name, "%s%s", prefix, key) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot look up answers");
        return store_app_secret_get(m->store, app, name, &blob, &size, reterr);
}

/* Blobs do not know their name. */
static int rename_secret(Manager* m, const char* app, const char* from, const char* to, Error* reterr) {
        _cleanup_free_ void* blob = NULL;
        size_t size = 0;
        int r = store_app_secret_get(m->store, app, from, &blob, &size, reterr);
        if (r > 0)
                r = store_app_secret_set(m->store, app, to, blob, size, reterr);
        if (r >= 0)
                r = store_app_secret_remove(m->store, app, from, reterr);
        return MIN(r, 0);
}

static int put_aside(Manager* m, const char* app, const char* key, Error* reterr) {
        _cleanup_free_ char *aside = NULL, *unset = NULL;
        int before = is_there(m, app, ASIDE, key, reterr), none = before < 0 ? before : is_there(m, app, UNSET, key, reterr);
        if (before != 0 || none != 0)
                return before < 0 ? before : MIN(none, 0);
        if (asprintf(&aside, ASIDE "%s", key) < 0 || asprintf(&unset, UNSET "%s", key) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot keep answers");
        int r = is_there(m, app, "", key, reterr);
        return r < 0 ? r : r > 0 ? rename_secret(m, app, key, aside, reterr) : app_secret_put(m, app, unset, "", reterr);
}

int answers_put(Manager* m, const char* app, const char* key, const char* value, Error* reterr) {
        int r = put_aside(m, app, key, reterr);
        if (r >= 0)
                r = value ? app_secret_put(m, app, key, value, reterr) : store_app_secret_remove(m->store, app, key, reterr);
        return MIN(r, 0);
}

int answers_settle(Manager* m, const char* app, bool back, Error* reterr) {
        _cleanup_json_ json_t* all = NULL;
        const char* name;
        json_t* blob;
        int r = app_secrets_note(m, app, &all, reterr);
        json_object_foreach(all, name, blob) {
                const char *before = startswith(name, ASIDE), *unset = startswith(name, UNSET);
                if (r < 0 || (!before && !unset))
                        continue;
                if (back && before) {
                        r = rename_secret(m, app, name, before, reterr);
                        continue;
                }
                r = back ? store_app_secret_remove(m->store, app, unset, reterr) : 0;
                if (r >= 0)
                        r = store_app_secret_remove(m->store, app, name, reterr);
        }
        return MIN(r, 0);
}

/* Whether the program and the data that stand there are those of before the job. */
static bool stands_as_before(const json_t* journal, const AppRow* row) {
        const char* from = json_get_string(journal, "from");
        bool other_data = json_is_true(json_object_get(journal, "swapped")) && !json_is_true(json_object_get(journal, "back-data-noted"));
        return journal && !json_is_true(json_object_get(journal, "admitted")) && (!from || streq(row->version, from)) && !other_data;
}

int answers_given_up(Manager* m, AppRow* row, const json_t* journal, Error* reterr) {
        const char* settings = json_get_string(journal, "settings");
        bool back = stands_as_before(journal, row);
        int r = answers_settle(m, row->id, back, reterr);
        if (r < 0 || !back || !settings)
                return r;
        if (app_row_text(&row->settings, settings) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot put answers back");
        r = store_app_save(m->store, row, reterr);
        return MIN(r, 0);
}

int answers_note(json_t* note, bool before) {
        json_t *all = json_object_get(note, "secrets"), *blob, *kept = json_object(), *given = json_object();
        const char* name;
        json_object_foreach(all, name, blob) {
                const char *was = startswith(name, ASIDE), *unset = startswith(name, UNSET);
                if (!was && !unset) {
                        if (!json_object_get(kept, name))
                                (void) json_object_set(kept, name, blob);
                        continue;
                }
                if (!before)
                        continue;
                json_t* now = json_object_get(all, was ?: unset);
                (void) json_object_set(given, was ?: unset, now ?: json_null());
                if (was)
                        (void) json_object_set(kept, was, blob);
        }
        if (before)
                json_object_foreach(all, name, blob) {
                        const char* unset = startswith(name, UNSET);
                        if (unset)
                                (void) json_object_del(kept, unset);
                }
        int r = json_object_set_new(note, "secrets", kept);
        if (json_object_size(given) > 0)
                r |= json_object_set_new(note, "given", json_pack("{s:O, s:{}}", "secrets", given, "settings"));
        json_decref(given);
        return r < 0 ? -ENOMEM : 0;
}

/* --- reading them --- */

/* In clear, without what is aside. */
typedef struct Answers {
        json_t* secrets;
        json_t* settings;
} Answers;

static void answers_done(Answers* a) {
        app_values_free(a->secrets);
        json_decref(a->settings);
}
#define _cleanup_answers_ _cleanup_(answers_done)

static json_t* settings_of(const char* text) {
        json_t* settings = json_loads(strempty(text), JSON_REJECT_DUPLICATES, NULL);
        return settings ?: json_object();
}

static int value_open(Manager* m, const json_t* blob, json_t** ret, Error* reterr) {
        _cleanup_free_ uint8_t* bytes = NULL;
        uint8_t* value = NULL;
        size_t size = 0, n = 0;
        if (json_is_null(blob)) {
                *ret = json_null();
                return 0;
        }
        if (base64_decode(strempty(json_string_value(blob)), &bytes, &size) < 0)
                return error_set(reterr, ERROR_STORE_BROKEN, "An answer that was kept is damaged.");
        int r = seal_decrypt(m->seal, APP_SEAL_NAME, bytes, size, &value, &n, reterr);
        if (r < 0)
                return r;
        *ret = json_string((const char*) value);
        erase_and_free((char*) value);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot read answers");
}

/* {name: sealed or null} in clear; owned. */
static int values_open(Manager* m, const json_t* sealed, json_t** ret, Error* reterr) {
        _cleanup_(app_values_freep) json_t* values = json_object();
        const char* name;
        json_t *blob, *value = NULL;
        json_object_foreach((json_t*) sealed, name, blob) {
                int r = value_open(m, blob, &value, reterr);
                if (r < 0)
                        return r;
                (void) json_object_set_new(values, name, value);
        }
        *ret = TAKE_PTR(values);
        return 0;
}

static int answers_now(Manager* m, const AppRow* row, Answers* ret, Error* reterr) {
        _cleanup_json_ json_t* note = json_object();
        json_t *secrets = NULL, *values = NULL;
        int r = app_secrets_note(m, row->id, &secrets, reterr);
        if (r < 0)
                return r;
        (void) json_object_set_new(note, "secrets", secrets);
        if (answers_note(note, /* before= */ false) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot read answers");
        r = values_open(m, json_object_get(note, "secrets"), &values, reterr);
        if (r >= 0)
                *ret = (Answers) { .secrets = values, .settings = settings_of(row->settings) };
        return r;
}

static int answers_then(Manager* m, const json_t* record, Answers* ret, Error* reterr) {
        json_t* values = NULL;
        int r = values_open(m, json_object_get(record, "secrets"), &values, reterr);
        if (r >= 0)
                *ret = (Answers) { .secrets = values, .settings = settings_of(json_get_string(record, "settings")) };
        return r;
}

/* --- changing them --- */

static bool is_answer(const char* name) {
        return startswith(name, ANSWER);
}

/* {name: what is wanted, or null} of all in which the two differ; owned. gone: whether what is not wanted any more counts. */
static json_t* differing(const json_t* now, const json_t* want, bool (*gone)(const char* name)) {
        json_t *list = json_object(), *v;
        const char* name;
        json_object_foreach((json_t*) want, name, v)
                if (!json_equal(v, json_object_get(now, name)))
                        (void) json_object_set_new(list, name, json_deep_copy(v));
        json_object_foreach((json_t*) now, name, v)
                if (!json_object_get(want, name) && (!gone || gone(name)))
                        (void) json_object_set_new(list, name, json_null());
        return list;
}

/* What a version was left for, beside what it had. */
static int given_note(Manager* m, const char* app, const char* left, const json_t* secrets, json_t* settings, Error* reterr) {
        _cleanup_app_point_row_ AppPointRow p = {};
        _cleanup_json_ json_t *record = NULL, *sealed = NULL, *given = json_object();
        const char* name;
        json_t* v;
        int r = store_app_point_get(m->store, left, &p, reterr);
        if (r > 0)
                r = app_secrets_note(m, app, &sealed, reterr) < 0 ? -EIO : 1;
        if (r <= 0)
                return r; /* without a restore point nothing leads back to it */
        json_object_foreach((json_t*) secrets, name, v)
                (void) json_object_set(given, name, json_object_get(sealed, name) ?: json_null());
        record = settings_of(p.record);
        (void) json_object_set_new(record, "given", json_pack("{s:O, s:O}", "secrets", given, "settings", settings));
        _cleanup_free_ char* text = json_text(record, /* canonical= */ true);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot keep answers");
        free(p.record);
        p.record = TAKE_PTR(text);
        r = store_app_point_put(m->store, &p, reterr);
        return MIN(r, 0);
}

static int become(Manager* m, AppRow* row, const Answers* now, const Answers* want, const char* left, Error* reterr) {
        _cleanup_(app_values_freep) json_t* secrets = differing(now->secrets, want->secrets, is_answer);
        _cleanup_json_ json_t* settings = differing(now->settings, want->settings, NULL);
        const char* name;
        json_t* v;
        int r = 0;
        if (json_object_size(secrets) == 0 && json_object_size(settings) == 0)
                return 0;
        json_object_foreach(secrets, name, v)
                if (r >= 0)
                        r = answers_put(m, row->id, name, json_string_value(v), reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* text = json_text(want->settings, /* canonical= */ true);
        if (!text || app_row_text(&row->settings, text) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot keep answers");
        return given_note(m, row->id, left, secrets, settings, reterr);
}

int answers_of_point(Manager* m, AppRow* row, const json_t* record, const char* left, Error* reterr) {
        _cleanup_answers_ Answers now = {}, then = {};
        int r = answers_now(m, row, &now, reterr);
        if (r >= 0)
                r = answers_then(m, record, &then, reterr);
        return r < 0 ? r : become(m, row, &now, &then, left, reterr);
}

/* What still is as it was given becomes what stood there before. */
static void take_back(json_t* want, const json_t* given, const json_t* own) {
        const char* name;
        json_t *v, *had;
        json_object_foreach((json_t*) given, name, v) {
                json_t* present = json_object_get(want, name);
                if (!(json_is_null(v) ? !present : json_equal(v, present)))
                        continue;
                had = json_object_get(own, name);
                (void) (had ? json_object_set_new(want, name, json_deep_copy(had)) : json_object_del(want, name));
        }
}

static int take_back_point(Manager* m, const char* point, Answers* want, Error* reterr) {
        _cleanup_app_point_row_ AppPointRow p = {};
        _cleanup_answers_ Answers had = {};
        _cleanup_(app_values_freep) json_t* values = NULL;
        int r = store_app_point_get(m->store, point, &p, reterr);
        if (r <= 0)
                return r; /* its time was over */
        _cleanup_json_ json_t* record = settings_of(p.record);
        const json_t* given = json_object_get(record, "given");
        if (!given)
                return 0;
        r = answers_then(m, record, &had, reterr);
        if (r >= 0)
                r = values_open(m, json_object_get(given, "secrets"), &values, reterr);
        if (r < 0)
                return r;
        take_back(want->secrets, values, had.secrets);
        take_back(want->settings, json_object_get(given, "settings"), had.settings);
        return 0;
}

typedef struct Way {
        const char* version;
        json_t* points;  /* newest first */
        bool there;
} Way;

static int on_version(const AppVersionRow* row, void* userdata) {
        Way* w = userdata;
        if (row->left_at == 0 || w->there)
                return 0;
        w->there = streq(row->version, w->version);
        return *row->point && json_array_append_new(w->points, json_string(row->point)) < 0 ? -ENOMEM : 0;
}

int answers_of_version(Manager* m, AppRow* row, const char* version, const char* left, Error* reterr) {
        _cleanup_answers_ Answers now = {}, want = {};
        _cleanup_json_ json_t* points = json_array();
        Way way = { .version = version, .points = points };
        size_t i;
        json_t* v;
        int r = store_app_version_each(m->store, row->id, on_version, &way, reterr);
        if (r >= 0)
                r = answers_now(m, row, &now, reterr);
        if (r >= 0)
                want = (Answers) { .secrets = json_deep_copy(now.secrets), .settings = json_deep_copy(now.settings) };
        json_array_foreach(points, i, v)
                if (r >= 0)
                        r = take_back_point(m, json_string_value(v), &want, reterr);
        return r < 0 ? r : become(m, row, &now, &want, left, reterr);
}
