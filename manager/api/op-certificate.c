/* Certificates at the edge. */
#include "api/handlers.h"
#include "certificate/certificate.h"
#include "daemon/manager.h"
#include <stdio.h>

static void object_set(Request* request, const char* id) {
        char object[96];
        (void) snprintf(object, sizeof(object), "certificate:%.64s", id);
        request_audit_object(request, object);
}

int op_certificate_list(Request* request, Error* reterr) {
        json_t* items = NULL;
        int r = certificate_list(request_manager(request), &items, reterr);
        return r < 0 ? r : request_reply_items(request, items);
}

int op_certificate_show(Request* request, Error* reterr) {
        json_t* body = NULL;
        int r = certificate_show(request_manager(request), request_string(request, "id"), &body, reterr);
        return r < 0 ? r : request_reply(request, body);
}

int op_certificate_renew(Request* request, Error* reterr) {
        char job[JOB_ID_BYTES];
        object_set(request, request_string(request, "id"));
        int r = certificate_renew(request_manager(request), request_string(request, "id"), request_actor(request), job, reterr);
        return r < 0 ? r : request_reply_job(request, job);
}

int op_certificate_upload(Request* request, Error* reterr) {
        char id[33], job[JOB_ID_BYTES];
        int r = certificate_upload(
                        request_manager(request), request_string(request, "chain"), request_string(request, "key"), request_actor(request), id, job,
                        reterr);
        if (r < 0)
                return r;
        object_set(request, id);
        return request_reply_job(request, job);
}

int op_certificate_remove(Request* request, Error* reterr) {
        object_set(request, request_string(request, "id"));
        int r = certificate_remove(request_manager(request), request_string(request, "id"), reterr);
        return r < 0 ? r : request_reply_empty(request);
}

int op_certificate_check(Request* request, Error* reterr) {
        char job[JOB_ID_BYTES];
        int r = certificate_check(request_manager(request), request_actor(request), job, reterr);
        return r < 0 ? r : request_reply_job(request, job);
}
