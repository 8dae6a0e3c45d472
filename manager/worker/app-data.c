/* Job app-data: moves, copies and measures what apps keep; app/data.h says what may be asked. All it is told are ids and numbers, which are
 * checked here again; where they lead is manager/data's business. */
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "data/place.h"
#include "worker/app-export.h"
#include "worker/worker.h"
#include <grp.h>
#include <stdio.h>

#define ROOT "/var/lib/steadbox"
#define NAMES_MAX 32             /* data directories of an app */
#define IDS_MAX 4096             /* of one `size` */
#define SAY_USEC (500 * USEC_PER_MSEC)
#define RESERVE_BYTES ((int64_t) 256 * 1024 * 1024)
#define MB (1024 * 1024)

typedef struct Data {
        Worker* w;
        Place* place;
        const json_t* request;
        const char* app;         /* "" where the action needs none */
        uint32_t slot;
        uint64_t total, said_usec;
        const char* without[NAMES_MAX + 1];
} Data;

static int bad(const char* what, Error* reterr) {
        return error_set(reterr, ERROR_BAD_REQUEST, "The request's '%s' is not well formed.", what);
}

/* --- reading the request --- */

static int slot_read(const json_t* object, uint32_t* ret, Error* reterr) {
        int64_t slot = json_get_integer(object, "slot", 0);
        if (slot < 1 || slot > APP_SLOT_MAX)
                return bad("slot", reterr);
        *ret = (uint32_t) slot;
        return 0;
}

static int id_read(const json_t* object, const char* key, const char** ret, Error* reterr) {
        const char* id = json_get_string(object, key);
        if (!id || !id_valid(id))
                return bad(key, reterr);
        *ret = id;
        return 0;
}

/* Names of data directories: [a-z0-9-]{1,32}. */
static bool data_name_valid(const char* s) {
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
        return n > 0 && n <= 32 && s[n] == 0;
}

static int without_read(Data* d, Error* reterr) {
        json_t *names = json_object_get(d->request, "without"), *name;
        size_t i;
        if (names && (!json_is_array(names) || json_array_size(names) > NAMES_MAX))
                return bad("without", reterr);
        json_array_foreach(names, i, name) {
                d->without[i] = json_string_value(name);
                if (!d->without[i] || !data_name_valid(d->without[i]))
                        return bad("without", reterr);
        }
        return 0;
}

/* --- telling --- */

static bool go_on(const TreeCount* count, void* userdata) {
        Data* d = userdata;
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        if (now - d->said_usec < SAY_USEC)
                return true;
        d->said_usec = now;
        if (d->total > 0)
                worker_progress(d->w, "copy", (int) MIN(count->bytes * 95 / d->total, (uint64_t) 95), "%llu of %llu MB", (unsigned long long) (MIN(count->bytes, d->total) / MB),
                                (unsigned long long) (d->total / MB));
        return !worker_cancelled(d->w);
}

static TreeWatch watch(Data* d) {
        return (TreeWatch) { .go_on = go_on, .userdata = d };
}

static json_t* count_json(const TreeCount* c) {
        return json_pack("{s:I, s:I, s:I, s:I, s:I, s:s}", "bytes", (json_int_t) c->bytes, "files", (json_int_t) c->files, "copied", (json_int_t) c->copied,
                         "shared", (json_int_t) c->shared, "skipped", (json_int_t) c->skipped, "skipped_example", c->example);
}

/* --- actions --- */

static int do_create(Data* d, json_t** ret, Error* reterr) {
        json_t *list = json_object_get(d->request, "data"), *item;
        PlaceData data[NAMES_MAX] = {};
        size_t i;
        if (!json_is_array(list) || json_array_size(list) > NAMES_MAX)
                return bad("data", reterr);
        json_array_foreach(list, i, item) {
                int64_t uid = json_get_integer(item, "uid", 0), gid = json_get_integer(item, "gid", 0);
                data[i] = (PlaceData) { .name = json_get_string(item, "name"), .uid = (uint32_t) uid, .gid = (uint32_t) gid };
                if (!data[i].name || !data_name_valid(data[i].name) || uid < 0 || uid >= APP_UIDS || gid < 0 || gid >= APP_UIDS)
                        return bad("data", reterr);
        }
        return place_create(d->place, d->app, d->slot, data, json_array_size(list), reterr);
}

static int copy(Data* d, PlaceCopy* how, json_t** ret, Error* reterr) {
        TreeCount count = {};
        int r = without_read(d, reterr);
        if (r < 0)
                return r;
        how->app = d->app;
        how->slot = d->slot;
        how->early = json_get_boolean(d->request, "early", false);
        how->keeps_none = json_get_boolean(d->request, "keeps_none", false);
        how->reserve = (uint64_t) MAX(json_get_integer(d->request, "reserve", RESERVE_BYTES), (int64_t) 0);
        how->without = d->without;
        how->watch = watch(d);
        how->total = &d->total;
        place_sweep(d->place, d->app);
        worker_progress(d->w, "prepare", 1, "Looking what there is");
        r = place_copy(d->place, how, &count, reterr);
        if (r < 0)
                return r;
        worker_progress(d->w, "switch", 98, "%llu files", (unsigned long long) count.files);
        *ret = count_json(&count);
        return 0;
}

static int do_point(Data* d, json_t** ret, Error* reterr) {
        PlaceCopy how = { .from_app = d->app, .from_slot = d->slot };
        int r = id_read(d->request, "point", &how.point, reterr);
        return r < 0 ? r : copy(d, &how, ret, reterr);
}

static int do_copy(Data* d, json_t** ret, Error* reterr) {
        const json_t* from = json_object_get(d->request, "from");
        PlaceCopy how = { .from_point = json_get_string(from, "point") };
        int r = id_read(from, "app", &how.from_app, reterr);
        if (r >= 0)
                r = slot_read(from, &how.from_slot, reterr);
        if (r >= 0 && how.from_point)
                r = id_read(from, "point", &how.from_point, reterr);
        return r < 0 ? r : copy(d, &how, ret, reterr);
}

static int do_restore(Data* d, json_t** ret, Error* reterr) {
        const char *point = NULL, *replaced = NULL;
        int r = id_read(d->request, "point", &point, reterr);
        if (r >= 0)
                r = id_read(d->request, "replaced", &replaced, reterr);
        return r < 0 ? r : place_restore(d->place, d->app, point, replaced, reterr);
}

static int do_archive(Data* d, json_t** ret, Error* reterr) {
        const char* archive = NULL;
        TreeCount count = {};
        TreeWatch w = watch(d);
        int r = id_read(d->request, "archive", &archive, reterr);
        if (r >= 0)
                r = place_archive(d->place, d->app, archive, &w, reterr);
        if (r < 0)
                return r;
        (void) place_measure(d->place, PLACE_ARCHIVE, NULL, archive, &count); /* a size that is not known is 0 */
        *ret = count_json(&count);
        return 0;
}

static int do_unarchive(Data* d, json_t** ret, Error* reterr) {
        const char* archive = NULL;
        int r = id_read(d->request, "archive", &archive, reterr);
        return r < 0 ? r : place_unarchive(d->place, d->app, archive, reterr);
}

static int do_remove(Data* d, json_t** ret, Error* reterr) {
        static const struct {
                const char* key;
                PlaceKind kind;
        } kinds[] = { { "point", PLACE_POINT }, { "archive", PLACE_ARCHIVE }, { "export", PLACE_EXPORT }, { "dumps", PLACE_DUMPS } };
        TreeWatch w = watch(d);
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                const char* id = NULL;
                if (!json_object_get(d->request, kinds[i].key))
                        continue;
                int r = id_read(d->request, kinds[i].key, &id, reterr);
                if (r >= 0 && (kinds[i].kind == PLACE_POINT || kinds[i].kind == PLACE_DUMPS) && !*d->app)
                        r = bad("app", reterr);
                return r < 0 ? r : place_remove(d->place, kinds[i].kind, d->app, id, &w, reterr);
        }
        if (!json_get_boolean(d->request, "whole", false) || !*d->app)
                return bad("action", reterr);
        return place_remove(d->place, PLACE_APP, d->app, NULL, &w, reterr);
}

/* --- sizes --- */

typedef struct Sizes {
        Data* d;
        const char* app;
        json_t* points;
} Sizes;

static int on_point(const char* point, void* userdata) {
        Sizes* s = userdata;
        TreeCount count = {};
        int r = place_measure(s->d->place, PLACE_POINT, s->app, point, &count);
        return r < 0 ? (r == -ENOENT ? 0 : r) : json_object_set_new(s->points, point, json_integer((json_int_t) count.bytes));
}

static int size_app(Data* d, const char* app, json_t* to) {
        TreeCount count = {}, scratch = {}, dumps = {};
        json_t* points = json_object();
        int r = place_measure(d->place, PLACE_APP, app, NULL, &count);
        if (r >= 0 || r == -ENOENT)
                r = place_measure(d->place, PLACE_SCRATCH, app, NULL, &scratch);
        if (r >= 0 || r == -ENOENT)
                r = place_measure(d->place, PLACE_DUMPS, app, NULL, &dumps);
        if (r >= 0 || r == -ENOENT)
                r = place_points(d->place, app, on_point, &(Sizes) { d, app, points });
        if (r < 0) {
                json_decref(points);
                return r;
        }
        json_t* one = json_pack("{s:I, s:I, s:I, s:I, s:o}", "data", (json_int_t) count.bytes, "scratch", (json_int_t) scratch.bytes, "dumps",
                                (json_int_t) dumps.bytes, "files", (json_int_t) (count.files + scratch.files), "points", points);
        return one && json_object_set_new(to, app, one) >= 0 ? 0 : -ENOMEM;
}

static int size_archive(Data* d, const char* archive, json_t* to) {
        TreeCount count = {};
        int r = place_measure(d->place, PLACE_ARCHIVE, NULL, archive, &count);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return json_object_set_new(to, archive, json_integer((json_int_t) count.bytes));
}

/* One that cannot be measured is no reason to know nothing of the others; it is missing in the answer. */
static int each_id(Data* d, const char* key, int (*one)(Data* d, const char* id, json_t* to), json_t* to, Error* reterr) {
        json_t *list = json_object_get(d->request, key), *item;
        size_t i;
        if (json_array_size(list) > IDS_MAX)
                return bad(key, reterr);
        json_array_foreach(list, i, item) {
                const char* id = json_string_value(item);
                if (!id || !id_valid(id))
                        return bad(key, reterr);
                worker_progress(d->w, "prepare", (int) (i * 100 / json_array_size(list)), "Measuring %s", id);
                int r = one(d, id, to);
                if (r >= 0 && worker_cancelled(d->w))
                        r = -ECANCELED;
                if (r == -ECANCELED || r == -ENOMEM)
                        return r == -ECANCELED ? r : error_errno(reterr, r, "Cannot measure '%s'", id);
                if (r < 0)
                        worker_log(d->w, "warning", "Cannot measure '%s': %s", id, strerror(-r));
        }
        return 0;
}

static int do_size(Data* d, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *apps = json_object(), *archives = json_object();
        uint64_t free_bytes = 0;
        int r = each_id(d, "apps", size_app, apps, reterr);
        if (r >= 0)
                r = each_id(d, "archives", size_archive, archives, reterr);
        if (r < 0)
                return r;
        r = place_free_bytes(d->place, &free_bytes);
        if (r < 0)
                return error_errno(reterr, r, "Cannot ask how much of the disk is free");
        *ret = json_pack("{s:O, s:O, s:I}", "apps", apps, "archives", archives, "free", (json_int_t) free_bytes);
        return 0;
}

static int do_export(Data* d, json_t** ret, Error* reterr) {
        AppExport x = { .worker = d->w, .place = d->place, .app = d->app, .slot = d->slot, .watch = watch(d) };
        TreeCount count = {};
        int r = id_read(d->request, "export", &x.id, reterr);
        if (r >= 0)
                r = id_read(d->request, "point", &x.point, reterr);
        if (r < 0)
                return r;
        if (place_measure(d->place, PLACE_POINT, d->app, x.point, &count) >= 0)
                d->total = count.bytes;
        return app_export_write(&x, ret, reterr);
}

static const struct {
        const char* action;
        int (*run)(Data* d, json_t** ret, Error* reterr);
        bool app;
} actions[] = {
        { "create", do_create, true },   { "point", do_point, true },         { "restore", do_restore, true },
        { "copy", do_copy, true },       { "archive", do_archive, true },     { "unarchive", do_unarchive, true },
        { "remove", do_remove, false },  { "size", do_size, false },          { "export", do_export, true },
};

/* exports and results belong to root and the manager's group. */
static uint32_t manager_group(void) {
        const struct group* g = getgrnam("steadbox");
        return g ? g->gr_gid : 0;
}

static int app_read(Data* d, bool needed, Error* reterr) {
        d->app = "";
        if (!needed && !json_object_get(d->request, "app"))
                return 0;
        int r = id_read(d->request, "app", &d->app, reterr);
        return r < 0 || !needed ? r : slot_read(d->request, &d->slot, reterr);
}

int app_data_main(Worker* w, json_t** ret_result, Error* reterr) {
        _cleanup_(place_freep) Place* place = NULL;
        const json_t* request = worker_request(w);
        Data d = { .w = w, .request = request };
        const char* action = strempty(json_get_string(request, "action"));
        for (size_t i = 0; i < ELEMENTS(actions); i++) {
                if (!streq(actions[i].action, action))
                        continue;
                int r = app_read(&d, actions[i].app, reterr);
                if (r >= 0)
                        r = place_new(secure_getenv("STEADBOX_STATE") ?: ROOT, manager_group(), &place, reterr);
                if (r < 0)
                        return r;
                d.place = place;
                r = actions[i].run(&d, ret_result, reterr);
                return r == -ECANCELED ? error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.") : r;
        }
        return bad("action", reterr);
}
