/* Logins at private registries at the edge. */
#include "api/handlers.h"
#include "daemon/manager.h"
#include "image/login.h"
#include <stdio.h>

static const char* named(Request* r) {
        const char* host = request_string(r, "host");
        char object[300];
        (void) snprintf(object, sizeof(object), "registry:%.253s", host);
        request_audit_object(r, object);
        return host;
}

int op_registry_list(Request* r, Error* reterr) {
        json_t* items = NULL;
        int k = logins_list(request_manager(r), &items, reterr);
        return k < 0 ? k : request_reply_items(r, items);
}

int op_registry_set(Request* r, Error* reterr) {
        json_t* body = NULL;
        const RegistryLogin login = {
                .host = named(r),
                .username = request_string(r, "username"),
                .password = request_string(r, "password"),
                .token_host = request_string(r, "token_host"),
        };
        request_audit_detail(r, "username", json_string(login.username));
        int k = login_set(request_manager(r), &login, &body, reterr);
        return k < 0 ? k : request_reply(r, body);
}

int op_registry_test(Request* r, Error* reterr) {
        char job[JOB_ID_BYTES];
        int k = login_test(request_manager(r), request_actor(r), named(r), request_string(r, "image"), job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}

int op_registry_remove(Request* r, Error* reterr) {
        int k = login_remove(request_manager(r), named(r), reterr);
        return k < 0 ? k : request_reply_empty(r);
}
