/* Names at the edge. */
#include "api/handlers.h"
#include "domain/names.h"
#include <stdio.h>

static void about_name(Request* r) {
        char object[300];
        (void) snprintf(object, sizeof(object), "name:%s", request_string(r, "name"));
        request_audit_object(r, object);
}

int op_name_list(Request* r, Error* reterr) {
        json_t* items = NULL;
        int k = name_list(request_manager(r), &items, reterr);
        return k < 0 ? k : request_reply_items(r, items);
}

int op_name_add(Request* r, Error* reterr) {
        json_t* answer = NULL;
        about_name(r);
        request_audit_detail(r, "kind", json_string(request_string(r, "kind")));
        request_audit_detail(r, "target", json_string(request_string(r, "target")));
        int k = name_add(request_manager(r), request_string(r, "kind"), request_string(r, "name"), request_string(r, "target"),
                         request_strings(r, "headers"), &answer, reterr);
        return k < 0 ? k : request_reply(r, answer);
}

int op_name_update(Request* r, Error* reterr) {
        json_t* answer = NULL;
        about_name(r);
        int k = name_update(request_manager(r), request_string(r, "name"), request_string(r, "target"), request_strings(r, "headers"), &answer,
                            reterr);
        return k < 0 ? k : request_reply(r, answer);
}

int op_name_remove(Request* r, Error* reterr) {
        about_name(r);
        int k = name_remove(request_manager(r), request_string(r, "name"), reterr);
        return k < 0 ? k : request_reply_empty(r);
}
