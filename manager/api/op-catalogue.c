/* The catalogue and Compose files at the edge. */
#include "api/handlers.h"
#include "app/install.h"
#include "app/own.h"
#include "app/preset.h"
#include "base/secret.h"
#include "catalogue/catalogue.h"
#include "package/compose.h"
#include <stdio.h>

/* --- what is offered --- */

int op_app_catalogue(Request* r, Error* reterr) {
        json_t* items = NULL;
        int k = catalogue_offers(request_manager(r), request_language(r), request_string(r, "category"), request_string(r, "q"), &items, reterr);
        return k < 0 ? k : request_reply_page(r, items, "package", reterr);
}

int op_app_offer(Request* r, Error* reterr) {
        Manager* m = request_manager(r);
        const char* package = request_string(r, "package");
        _cleanup_json_ json_t *body = NULL, *manifest = NULL;
        json_t* fit = NULL;
        char name[254];
        int k = catalogue_offer_detail(m, package, request_language(r), &body, &manifest, reterr);
        if (k >= 0)
                k = app_fit(m, manifest, &fit, reterr);
        if (k >= 0)
                k = app_name_suggest(m, package, name, reterr);
        if (k < 0) {
                json_decref(fit);
                return k;
        }
        (void) json_object_set_new(body, "fit", fit);
        (void) json_object_set_new(body, "suggested_name", json_string_or_null(*name ? name : NULL));
        return request_reply(r, TAKE_PTR(body));
}

/* --- what the provider wants here --- */

int op_app_presets(Request* r, Error* reterr) {
        json_t* items = NULL;
        int k = app_presets_show(request_manager(r), request_language(r), &items, reterr);
        return k < 0 ? k : request_reply_items(r, items);
}

int op_app_preset_install(Request* r, Error* reterr) {
        char id[APP_ID_BYTES], job[JOB_ID_BYTES], object[64];
        int k = app_preset_install(request_manager(r), request_actor(r), request_string(r, "package"), request_strings(r, "settings"),
                                   request_string(r, "secret_settings"), id, job, reterr);
        if (k < 0)
                return k;
        (void) snprintf(object, sizeof(object), "app:%s", id);
        request_audit_object(r, object);
        return request_reply_job(r, job);
}

int op_app_preset_dismiss(Request* r, Error* reterr) {
        char object[64];
        (void) snprintf(object, sizeof(object), "preset:%s", request_string(r, "package"));
        request_audit_object(r, object);
        int k = app_preset_dismiss(request_manager(r), request_string(r, "package"), reterr);
        return k < 0 ? k : request_reply_empty(r);
}

/* --- where it comes from --- */

static void about_source(Request* r) {
        char object[64];
        (void) snprintf(object, sizeof(object), "catalogue:%s", request_string(r, "source"));
        request_audit_object(r, object);
}

int op_catalogue_refresh(Request* r, Error* reterr) {
        char job[JOB_ID_BYTES];
        int k = catalogue_refresh(request_manager(r), request_actor(r), job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}

int op_catalogue_sources(Request* r, Error* reterr) {
        json_t* items = NULL;
        int k = catalogue_sources(request_manager(r), &items, reterr);
        return k < 0 ? k : request_reply_items(r, items);
}

int op_catalogue_source_add(Request* r, Error* reterr) {
        json_t* body = NULL;
        const char* source = request_string(r, "source");
        about_source(r);
        request_audit_detail(r, "url", json_string(request_string(r, "url")));
        request_audit_detail(r, "key", json_string(request_string(r, "key")));
        int k = catalogue_source_add(request_manager(r), source, request_string(r, "url"), request_string(r, "key"), reterr);
        if (k >= 0)
                k = catalogue_source_show(request_manager(r), source, &body, reterr);
        return k < 0 ? k : request_reply(r, body);
}

int op_catalogue_source_remove(Request* r, Error* reterr) {
        about_source(r);
        int k = catalogue_source_remove(request_manager(r), request_string(r, "source"), reterr);
        return k < 0 ? k : request_reply_empty(r);
}

/* --- Compose files --- */

/* install: as it is to be installed; otherwise only looked at, and the yes to the machine's own network may come yet. */
static int read_compose(Request* r, bool install, Compose* ret, Error* reterr) {
        const char* text = request_string(r, "compose");
        ComposeOptions options = {
                .variables = request_string(r, "variables"), .service = request_string(r, "service"), .port = (unsigned) request_integer(r, "port", 0),
                .host_open = !install,
        };
        if (install) {
                options.id = request_string(r, "id");
                options.title = request_string(r, "title");
                options.host_network = request_boolean(r, "host_network", false);
        }
        return compose_read(text, strlen(text), &options, ret, reterr);
}

/* For an app that is there: its id, title and place stay; what it may not become by a file is a part of the machine's own network. */
static int read_again(Request* r, const AppRow* row, Compose* ret, Error* reterr) {
        const char* text = request_string(r, "compose");
        _cleanup_(app_values_freep) json_t* kept = NULL;
        int k = own_variables(request_manager(r), row, &kept, reterr);
        if (k < 0)
                return k;
        const ComposeOptions options = {
                .id = row->id, .title = row->title, .variables = request_string(r, "variables"), .kept = kept, .host_network = row->host_network,
                .service = request_string(r, "service"), .port = (unsigned) request_integer(r, "port", 0),
        };
        return compose_read(text, strlen(text), &options, ret, reterr);
}

int op_app_import_check(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_compose_ Compose c = {};
        const char* app = request_string(r, "app");
        int k = app ? app_authorise(request_manager(r), request_actor(r), app, &row, reterr) : 0;
        if (k >= 0 && !app)
                k = catalogue_imports_check(request_manager(r), reterr);
        if (k >= 0)
                k = app ? read_again(r, &row, &c, reterr) : read_compose(r, /* install= */ false, &c, reterr);
        return k < 0 ? k : request_reply(r, TAKE_PTR(c.report));
}

/* Values of variables as the lines that installing takes; wiped by the caller. */
static char* answer_lines(const json_t* answers) {
        char* text = NULL;
        size_t size = 0;
        const char* key;
        json_t* value;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        json_object_foreach((json_t*) answers, key, value)
                (void) fprintf(f, "%s=%s\n", key, json_string_value(value));
        if (fclose(f) == 0)
                return text;
        erase_and_free(text);
        return NULL;
}

int op_app_import(Request* r, Error* reterr) {
        _cleanup_compose_ Compose c = {};
        char id[APP_ID_BYTES], object[64], job[JOB_ID_BYTES];
        int k = catalogue_imports_check(request_manager(r), reterr);
        if (k >= 0)
                k = read_compose(r, /* install= */ true, &c, reterr);
        if (k >= 0)
                k = compose_refusal(&c, reterr);
        if (k < 0)
                return k;
        _cleanup_(erase_and_freep) char* answers = answer_lines(c.answers);
        if (!answers)
                return error_errno(reterr, -ENOMEM, "Cannot import the file");
        const AppInstall install = {
                .origin = "compose",
                .manifest = c.manifest,
                .id = request_string(r, "id"),
                .title = request_string(r, "title"),
                .name = request_string(r, "name"),
                .access = request_string(r, "access"),
                .groups = request_strings(r, "groups"),
                .secret_settings = answers,
                .host_network = request_boolean(r, "host_network", false),
        };
        k = app_install_begin(request_manager(r), &install, request_actor(r), id, job, reterr);
        if (k < 0)
                return k;
        (void) snprintf(object, sizeof(object), "app:%s", id);
        request_audit_object(r, object);
        return request_reply_job(r, job);
}

int op_app_reimport(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_compose_ Compose c = {};
        char object[64], job[JOB_ID_BYTES];
        const char* app = request_string(r, "app");
        (void) snprintf(object, sizeof(object), "app:%s", app);
        request_audit_object(r, object);
        int k = app_authorise(request_manager(r), request_actor(r), app, &row, reterr);
        if (k >= 0 && !streq(row.origin, "compose")) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "%s did not come from a Compose file.", row.title);
                return error_hint(reterr, "Import the file as another app: steadbox app import.");
        }
        if (k >= 0)
                k = read_again(r, &row, &c, reterr);
        if (k >= 0)
                k = compose_refusal(&c, reterr);
        if (k >= 0)
                k = app_update_by_file(request_manager(r), request_actor(r), &row, c.manifest, c.answers, job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}
