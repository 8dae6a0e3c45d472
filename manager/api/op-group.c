/* Groups. */
#include "api/handlers.h"
#include "api/op-people.h"
#include "group/group.h"
#include "store/store-group.h"
#include <stdio.h>

static int reply_group(Request* r, int64_t id, Error* reterr) {
        char* text = NULL;
        int k = store_group_json(request_manager(r)->store, id, group_viewer(request_actor(r)), &text, reterr);
        return k < 0 ? k : request_reply_text(r, text);
}

static void about_group(Request* r, const char* name) {
        char object[48];
        (void) snprintf(object, sizeof(object), "group:%s", name);
        request_audit_object(r, object);
}

static int find(Request* r, int64_t* ret, Error* reterr) {
        about_group(r, request_string(r, "group"));
        return group_find(request_manager(r), request_string(r, "group"), ret, reterr);
}

int op_group_list(Request* r, Error* reterr) {
        char* text = NULL;
        GroupFilter f = { .viewer = group_viewer(request_actor(r)), .q = request_string(r, "q"), .after = request_string(r, "after"),
                          .limit = request_limit(r) };
        int k = store_group_list(request_manager(r)->store, &f, &text, reterr);
        return k < 0 ? k : request_reply_text(r, text);
}

int op_group_add(Request* r, Error* reterr) {
        int64_t id = 0;
        about_group(r, request_string(r, "name"));
        int k = group_add(request_manager(r), request_actor(r), request_string(r, "name"), request_string(r, "description"),
                          request_strings(r, "members"), &id, reterr);
        return k < 0 ? k : reply_group(r, id, reterr);
}

int op_group_show(Request* r, Error* reterr) {
        int64_t id = 0;
        int k = find(r, &id, reterr);
        return k < 0 ? k : reply_group(r, id, reterr);
}

int op_group_update(Request* r, Error* reterr) {
        int64_t id = 0;
        int k = find(r, &id, reterr);
        if (k >= 0)
                k = group_update(request_manager(r), id, request_string(r, "group"), request_string(r, "name"),
                                 request_string(r, "description"), reterr);
        return k < 0 ? k : reply_group(r, id, reterr);
}

int op_group_remove(Request* r, Error* reterr) {
        int64_t id = 0;
        int k = find(r, &id, reterr);
        if (k >= 0)
                k = group_remove(request_manager(r), id, reterr);
        return k < 0 ? k : request_reply_empty(r);
}

int op_group_join(Request* r, Error* reterr) {
        int64_t id = 0;
        int k = find(r, &id, reterr);
        if (k >= 0)
                k = group_join(request_manager(r), request_actor(r), id, request_string(r, "user"), reterr);
        return k < 0 ? k : reply_group(r, id, reterr);
}

int op_group_leave(Request* r, Error* reterr) {
        int64_t id = 0;
        int k = find(r, &id, reterr);
        if (k >= 0)
                k = group_leave(request_manager(r), request_actor(r), id, request_string(r, "user"), reterr);
        return k < 0 ? k : reply_group(r, id, reterr);
}
