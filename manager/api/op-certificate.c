/* Certificates at the edge. */
#include "api/handlers.h"
#include "api/op-helper.h"
#include "daemon/manager.h"
#include "system/certificate.h"
#include <stdio.h>

/* The helper also says when each was switched, which is nobody's business here. */
static int then_list(Request* request, void* state, Error* reterr) {
        json_t* items = json_deep_copy(waiting_answer(state));
        size_t i;
        json_t* c;
        json_array_foreach(items, i, c)
                (void) json_object_del(c, "switched_at");
        return request_reply_items(request, items);
}

int op_certificate_list(Request* request, Error* reterr) {
        Waiting* w = waiting_new(request);
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot list the certificates");
        return waiting_begin(
                        w, helper_client_certificate_list(request_manager(request)->helper, waiting_helper_done, w, reterr), then_list);
}

int op_certificate_renew(Request* request, Error* reterr) {
        char id[JOB_ID_BYTES], object[96];
        (void) snprintf(object, sizeof(object), "certificate:%.64s", request_string(request, "id"));
        request_audit_object(request, object);
        int r = certificate_fetch(request_manager(request), request_string(request, "id"), request_actor(request), id, reterr);
        return r < 0 ? r : request_reply_job(request, id);
}

int op_certificate_show(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_certificate_upload(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_certificate_remove(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_certificate_check(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}
