/* Keys that open root, at the edge. The helper decides: a manager may not give root away (see verbs.h). */
#include "api/handlers.h"
#include "api/op-helper.h"
#include "daemon/manager.h"
#include <stdio.h>

static int then_list(Request* request, void* state, Error* reterr) {
        return request_reply_items(request, json_incref(waiting_answer(state)));
}

int op_sshkey_list(Request* request, Error* reterr) {
        Waiting* w = waiting_new(request);
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot list the keys");
        return waiting_begin(w, helper_client_ssh_key_list(request_manager(request)->helper, waiting_helper_done, w, reterr), then_list);
}

/* A line of a .pub file: type, base64, comment (sshd(8), AUTHORIZED_KEYS). Options in front are refused by having no place here. */
static int split(char* line, const char** ret_type, const char** ret_base64, const char** ret_comment) {
        char* rest = line;
        *ret_type = strsep(&rest, " ");
        while (rest && *rest == ' ')
                rest++;
        *ret_base64 = rest ? strsep(&rest, " ") : NULL;
        *ret_comment = strempty(rest);
        return isempty(*ret_type) || isempty(*ret_base64) ? -EINVAL : 0;
}

static int then_added(Request* request, void* state, Error* reterr) {
        const char* fingerprint = strempty(json_string_value(waiting_answer(state)));
        _cleanup_free_ char* line = strdup(request_string(request, "key"));
        const char *type, *base64, *comment;
        if (!line || split(line, &type, &base64, &comment) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot add the key");
        char object[96];
        (void) snprintf(object, sizeof(object), "ssh-key:%.16s", fingerprint);
        request_audit_object(request, object);
        return request_reply(request, json_pack(
                "{s:s, s:s, s:s, s:s, s:b}", "fingerprint", fingerprint, "type", type, "comment", comment, "origin", "owner", "managed", 1));
}

int op_sshkey_add(Request* request, Error* reterr) {
        _cleanup_free_ char* line = strdup(request_string(request, "key"));
        const char *type, *base64, *comment;
        if (!line)
                return error_errno(reterr, -ENOMEM, "Cannot add the key");
        if (split(line, &type, &base64, &comment) < 0)
                return error_field(reterr, ERROR_BAD_FIELD, "key", "A key is one line of a .pub file: type, key, comment.");
        Waiting* w = waiting_new(request);
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot add the key");
        int r = helper_client_ssh_key_add(
                        request_manager(request)->helper, type, base64, comment, "owner", waiting_helper_done, w, reterr);
        return waiting_begin(w, r, then_added);
}

static int then_removed(Request* request, void* state, Error* reterr) {
        char object[96];
        (void) snprintf(object, sizeof(object), "ssh-key:%.16s", request_string(request, "fingerprint"));
        request_audit_object(request, object);
        return request_reply_empty(request);
}

int op_sshkey_remove(Request* request, Error* reterr) {
        Waiting* w = waiting_new(request);
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot remove the key");
        int r = helper_client_ssh_key_remove(
                        request_manager(request)->helper, request_string(request, "fingerprint"), waiting_helper_done, w, reterr);
        return waiting_begin(w, r, then_removed);
}
