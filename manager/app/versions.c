/* Which versions of an app there are to go to, as people read it. */
#include "base/time.h"
#include "app/move.h"
#include "app/own.h"
#include "app/update.h"
#include "catalogue/catalogue.h"
#include "package/manifest.h"
#include <stdio.h>

#define NOTES_MAX 16 /* versions on offer of which it is told what is new: the newest */

typedef struct Shown {
        Manager* m;
        const AppRow* row;
        const json_t* manifest;
        const char* language;
        json_t* list;
} Shown;

/* manifest: its own, which says what is new in it; NULL where that is not told. */
static json_t* version_json(const Shown* s, const char* version, const char* state, bool reachable, bool data, const char* sentence, const json_t* manifest) {
        return json_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:n, s:n, s:n, s:n}", "version", version, "state", state, "reachable", (int) reachable, "program", 0, "data",
                         (int) data, "sentence", sentence, "notes", manifest ? manifest_text(manifest, "notes", s->language) : "", "since", "left_at", "kept_until",
                         "size_mb");
}

static void times(json_t* v, int64_t since, int64_t left_at, int64_t kept_until) {
        (void) json_object_set_new(v, "since", json_time_or_null(since));
        (void) json_object_set_new(v, "left_at", json_time_or_null(left_at));
        (void) json_object_set_new(v, "kept_until", json_time_or_null(kept_until));
}

static int on_kept(const AppVersionRow* kept, void* userdata) {
        Shown* s = userdata;
        _cleanup_json_ json_t* older = json_loads(kept->manifest, JSON_REJECT_DUPLICATES, NULL);
        _cleanup_app_point_row_ AppPointRow p = {};
        if (kept->left_at == 0)
                return 0; /* being fetched */
        bool bears = manifest_may_return(s->manifest, older), data = *kept->point && store_app_point_get(s->m->store, kept->point, &p, NULL) > 0;
        const char* sentence = bears && data ? "The program alone can go back, or with the data of that time."
                             : bears         ? "The program can go back; the data stays as it is."
                             : data          ? "Only together with the data of that time; the present data is then kept for 30 days."
                                             : "Nothing leads back: it does not bear the present data, and that of its time is not kept.";
        json_t* v = version_json(s, kept->version, "kept", bears || data, data, sentence, older);
        times(v, kept->since, kept->left_at, kept->kept_until);
        (void) json_object_set_new(v, "program", json_boolean(bears));
        if (data)
                (void) json_object_set_new(v, "size_mb", json_integer((json_int_t) ((p.size + 1048575) / 1048576)));
        return json_array_append_new(s->list, v);
}

/* Newer ones on offer; one that takes several steps says which. */
static int add_offered(Shown* s, Error* reterr) {
        _cleanup_json_ json_t* versions = NULL;
        size_t i;
        json_t* v;
        int r = catalogue_versions(s->m, s->row->source, s->row->package, /* from= */ NULL, &versions, reterr);
        json_array_foreach(versions, i, v) {
                const char* version = json_string_value(v);
                _cleanup_json_ json_t* way = NULL;
                _cleanup_catalogue_offer_ CatalogueOffer offer = {};
                _cleanup_error_ Error e = ERROR_NULL;
                if (manifest_version_compare(version, s->row->version) <= 0)
                        continue;
                bool reachable = update_way(s->m, s->row, version, &way, &e) >= 0;
                _cleanup_free_ char* sentence = NULL;
                if (asprintf(&sentence, "%s", !reachable ? strempty(e.message) : json_array_size(way) > 1 ? "It goes through the versions between, one after the other." : "An update leads there.") < 0)
                        return -ENOMEM;
                r = i < NOTES_MAX ? catalogue_offer_find(s->m, s->row->source, s->row->package, version, &offer, reterr) : 0;
                if (r < 0)
                        return r;
                (void) json_array_append_new(s->list, version_json(s, version, "offered", reachable, false, sentence, offer.manifest));
        }
        return MIN(r, 0);
}

/* "registry.example/notes:1" of each image that leads elsewhere by now. */
static int add_own(Shown* s, Error* reterr) {
        _cleanup_app_version_row_ AppVersionRow offer = {};
        _cleanup_free_ char* sentence = NULL;
        int r = own_offer(s->m, s->row, &offer, reterr);
        if (r <= 0 || *s->row->job) /* one that is on its way is none to choose */
                return MIN(r, 0);
        const char* image = json_get_string(json_array_get(json_object_get(s->manifest, "containers"), 0), "image");
        if (asprintf(&sentence, json_array_size(json_object_get(s->manifest, "containers")) > 1 ? "Tags such as %s lead to newer images." : "%s leads to a newer image.", strempty(image)) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot show versions");
        json_t* v = version_json(s, offer.version, "offered", /* reachable= */ true, /* data= */ false, sentence, /* manifest= */ NULL);
        times(v, offer.since, 0, 0);
        return json_array_append_new(s->list, v);
}

int app_versions(Manager* m, const AppRow* row, const char* language, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *list = json_array(), *manifest = app_manifest(row);
        Shown s = { .m = m, .row = row, .manifest = manifest, .language = language, .list = list };
        int r = own_is(row) ? add_own(&s, reterr) : add_offered(&s, reterr);
        const char* sentence = row->soak_until > now_seconds() ? "It runs, and is watched because it is fresh." : "It runs.";
        json_t* running = version_json(&s, row->version, "running", false, false, sentence, manifest);
        times(running, row->installed_at, 0, 0);
        (void) json_array_append_new(list, running);
        if (r >= 0)
                r = store_app_version_each(m->store, row->id, on_kept, &s, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}
