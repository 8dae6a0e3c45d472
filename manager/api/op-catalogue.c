/* The catalogue and Compose files at the edge. */
#include "api/handlers.h"
#include "catalogue/catalogue.h"
#include <stdio.h>

/* --- what is offered --- */

int op_app_catalogue(Request* r, Error* reterr) {
        json_t* items = NULL;
        int k = catalogue_offers(request_manager(r), request_language(r), request_string(r, "category"), request_string(r, "q"), &items, reterr);
        return k < 0 ? k : request_reply_items(r, items);
}

int op_app_offer(Request* r, Error* reterr) {
        json_t* body = NULL;
        int k = catalogue_offer_detail(request_manager(r), request_string(r, "package"), request_language(r), &body, reterr);
        return k < 0 ? k : request_reply(r, body);
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

int op_app_import_check(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_app_import(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}
