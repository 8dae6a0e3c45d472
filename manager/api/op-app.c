/* Apps at the edge: what they are, installing, starting, stopping, changing, uninstalling. */
#include "api/handlers.h"
#include "app/app-internal.h"
#include "app/install.h"
#include "app/run.h"
#include "base/validate.h"
#include "catalogue/catalogue.h"
#include "package/manifest.h"
#include <stdio.h>

static void about(Request* r, const char* app) {
        char object[APP_ID_BYTES + 8];
        (void) snprintf(object, sizeof(object), "app:%s", app);
        request_audit_object(r, object);
}

/* The app the address names, where the actor may operate it; the log's line is about it. */
static int named(Request* r, AppRow* ret, Error* reterr) {
        const char* app = request_string(r, "app");
        about(r, app);
        return app_authorise(request_manager(r), request_actor(r), app, ret, reterr);
}

/* --- looking --- */

static bool is_asked_for(const AppRow* row, const char* q) {
        return isempty(q) || strcasestr(row->title, q) || strcasestr(row->name, q) || strcasestr(row->id, q);
}

/* What a page of the list is made of: the items as text, one after the other, so that not all of them are in memory as trees at once. */
typedef struct Page {
        FILE* items;
        const char* last; /* id of the last item; borrowed from the rows */
        bool more;
        unsigned shown, total;
} Page;

static int page_add(Manager* m, Page* page, const char* app, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = store_app_get(m->store, app, &row, reterr);
        if (r <= 0)
                return r;
        _cleanup_json_ json_t* item = app_show(m, &row, /* language= */ NULL, reterr);
        _cleanup_free_ char* text = item ? json_text(item, /* canonical= */ false) : NULL;
        if (!text)
                return error_is_set(reterr) ? -EIO : -ENOMEM;
        (void) fprintf(page->items, "%s%s", page->shown++ ? "," : "", text);
        return 0;
}

/* By title, then id: what comes after the cursor, which is an id. */
static int page_fill(Request* r, const AppRows* rows, Page* page, Error* reterr) {
        Manager* m = request_manager(r);
        const char *after = request_string(r, "after"), *q = request_string(r, "q");
        unsigned limit = (unsigned) request_integer(r, "limit", 50);
        bool begun = isempty(after);
        for (size_t i = 0; i < rows->count; i++) {
                const AppRow* row = &rows->items[i];
                int k = is_asked_for(row, q) ? app_may_operate(m, request_actor(r), row->id, reterr) : 0;
                if (k < 0)
                        return k;
                if (k == 0)
                        continue;
                page->total++;
                page->more = page->more || (begun && page->shown == limit);
                if (begun && page->shown < limit) {
                        if ((k = page_add(m, page, row->id, reterr)) < 0)
                                return k;
                        page->last = row->id;
                }
                begun = begun || streq(row->id, after);
        }
        return 0;
}

int op_app_list(Request* r, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        _cleanup_free_ char* items = NULL;
        char *text = NULL, next[APP_ID_BYTES + 2] = "null";
        size_t size = 0;
        int k = store_app_titles(request_manager(r)->store, &rows, reterr);
        Page page = { .items = k >= 0 ? open_memstream(&items, &size) : NULL };
        if (!page.items)
                return k < 0 ? k : -ENOMEM;
        k = page_fill(r, &rows, &page, reterr);
        if (fclose(page.items) != 0 && k >= 0)
                k = -ENOMEM;
        if (k < 0)
                return k;
        if (page.more && page.last)
                (void) snprintf(next, sizeof(next), "\"%s\"", page.last);
        if (asprintf(&text, "{\"items\":[%s],\"next\":%s,\"total\":%u}", items, next, page.total) < 0)
                return -ENOMEM;
        return request_reply_text(r, text);
}

int op_app_show(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int k = named(r, &row, reterr);
        json_t* app = k < 0 ? NULL : app_show(request_manager(r), &row, request_language(r), reterr);
        return app ? request_reply(r, app) : k < 0 ? k : -EIO;
}

int op_app_health(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int k = named(r, &row, reterr);
        return k < 0 ? k : request_reply(r, app_health_show(request_manager(r), &row, reterr));
}

int op_app_use(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int k = named(r, &row, reterr);
        const char* period = request_string(r, "period");
        Manager* m = request_manager(r);
        json_t* items = k < 0 ? NULL : app_use_json(m, app_live(m, row.id), isempty(period) ? "day" : period);
        return items ? request_reply_items(r, items) : k < 0 ? k : -ENOMEM;
}

int op_app_history(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        const char* after = request_string(r, "after");
        char* text = NULL;
        int k = named(r, &row, reterr);
        if (k < 0)
                return k;
        if (!isempty(after) && after[strspn(after, "0123456789")])
                return error_field(reterr, ERROR_BAD_FIELD, "after", "This is not a cursor of this list.");
        k = store_app_event_list(request_manager(r)->store, row.id, request_string(r, "q"), after, (unsigned) request_integer(r, "limit", 50), &text, reterr);
        return k < 0 ? k : request_reply_text(r, text);
}

/* --- installing --- */

static int begin(Request* r, AppInstall* install, Error* reterr) {
        char id[APP_ID_BYTES], job[JOB_ID_BYTES];
        install->id = request_string(r, "id");
        install->title = request_string(r, "title");
        install->name = request_string(r, "name");
        install->access = request_string(r, "access");
        install->groups = request_strings(r, "groups");
        install->settings = request_strings(r, "settings");
        install->secret_settings = request_string(r, "secret_settings");
        install->host_network = request_boolean(r, "host_network", false);
        int k = app_install_begin(request_manager(r), install, request_actor(r), id, job, reterr);
        if (k < 0)
                return k;
        about(r, id);
        return request_reply_job(r, job);
}

static int install_package(Request* r, const char* package, Error* reterr) {
        _cleanup_catalogue_offer_ CatalogueOffer offer = {};
        Manager* m = request_manager(r);
        const char* version = request_string(r, "version");
        if (request_has(r, "port") || request_has(r, "data"))
                return error_field(reterr, ERROR_BAD_FIELD, "port", "A package says itself which port and which data it has.");
        if (!catalogue_allowed(m, package)) {
                (void) error_field(reterr, ERROR_LOCKED, "package", "Your provider does not let %s be installed here.", package);
                return error_hint(reterr, "Ask your provider.");
        }
        int k = catalogue_offer_find(m, /* source= */ NULL, package, version, &offer, reterr);
        if (k < 0)
                return k;
        if (k == 0) {
                (void) error_field(reterr, ERROR_NOT_FOUND, "package", "The catalogue has no %s%s%s.", package, version ? " " : "", strempty(version));
                return error_hint(reterr, "Look at: steadbox app catalogue");
        }
        return begin(r, &(AppInstall) {
                .origin = "catalogue", .package = package, .source = offer.source, .manifest = offer.manifest, .icon = offer.icon,
                .environment = request_strings(r, "environment"),
        }, reterr);
}

static int install_image(Request* r, const char* image, Error* reterr) {
        _cleanup_json_ json_t* manifest = NULL;
        char id[APP_ID_BYTES];
        const char* wish = request_string(r, "id");
        int k = wish ? 0 : app_id_choose(request_manager(r), image, id, reterr);
        if (k >= 0)
                k = manifest_for_image(&(ManifestImage) {
                        .id = wish ?: id, .title = request_string(r, "title"), .reference = image, .port = (unsigned) request_integer(r, "port", 0),
                        .data = request_strings(r, "data"), .environment = request_strings(r, "environment"),
                }, &manifest, reterr);
        return k < 0 ? k : begin(r, &(AppInstall) { .origin = "image", .manifest = manifest }, reterr);
}

int op_app_install(Request* r, Error* reterr) {
        const char *package = request_string(r, "package"), *image = request_string(r, "image");
        if (!package == !image)
                return error_field(reterr, ERROR_BAD_FIELD, "package", "Give either an app of the catalogue or an image.");
        return package ? install_package(r, package, reterr) : install_image(r, image, reterr);
}

/* --- running --- */

typedef int (*Deed)(Manager* m, const Actor* actor, const AppRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr);

static int do_it(Request* r, Deed deed, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char job[JOB_ID_BYTES];
        int k = named(r, &row, reterr);
        if (k >= 0)
                k = deed(request_manager(r), request_actor(r), &row, job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}

int op_app_start(Request* r, Error* reterr) {
        return do_it(r, app_start, reterr);
}

int op_app_stop(Request* r, Error* reterr) {
        return do_it(r, app_stop, reterr);
}

int op_app_restart(Request* r, Error* reterr) {
        return do_it(r, app_restart, reterr);
}

static int tristate(Request* r, const char* field) {
        return request_has(r, field) ? request_boolean(r, field, false) : -1;
}

int op_app_configure(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char job[JOB_ID_BYTES];
        AppChange change = {
                .title = request_string(r, "title"),
                .name = request_string(r, "name"),
                .access = request_string(r, "access"),
                .network_out = request_string(r, "network_out"),
                .secret_settings = request_string(r, "secret_settings"),
                .extra_names = request_strings(r, "extra_names"),
                .groups = request_strings(r, "groups"),
                .operators = request_strings(r, "operators"),
                .settings = request_strings(r, "settings"),
                .environment = request_strings(r, "environment"),
                .ports = request_strings(r, "ports"),
                .memory_mb = request_integer(r, "memory_mb", -1),
                .cpu_weight = request_integer(r, "cpu_weight", -1),
                .disk_mb = request_integer(r, "disk_mb", -1),
                .maintenance = tristate(r, "maintenance"),
                .auto_update = tristate(r, "auto_update"),
                .mail = tristate(r, "mail"),
        };
        int k = named(r, &row, reterr);
        if (k >= 0)
                k = app_configure(request_manager(r), request_actor(r), &row, &change, job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}

int op_app_uninstall(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char job[JOB_ID_BYTES];
        int k = named(r, &row, reterr);
        if (k >= 0)
                k = app_uninstall(request_manager(r), request_actor(r), &row, request_boolean(r, "archive", true), job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}
