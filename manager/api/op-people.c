#include "api/op-people.h"
#include "api/limits.h"
#include "base/time.h"
#include "user/session.h"
#include "user/user.h"
#include <stdio.h>

void request_about(Request* r, int64_t user_id) {
        char object[32];
        (void) snprintf(object, sizeof(object), "#%lld", (long long) user_id);
        request_audit_object(r, object);
}

int request_self(Request* r, User** ret, Error* reterr) {
        const Actor* a = request_actor(r);
        int k = a->user_id ? store_user_by_id(request_manager(r)->store, a->user_id, ret, reterr) : 0;
        if (k < 0)
                return k;
        if (k == 0)
                return error_set(reterr, ERROR_NOT_ALLOWED, "%s is an account of the machine, not one of this box's people.", a->name);
        request_about(r, a->user_id);
        return 0;
}

int request_person(Request* r, const char* field, User** ret, Error* reterr) {
        int k = user_find(request_manager(r), request_string(r, field), ret, reterr);
        if (k >= 0)
                request_about(r, (*ret)->id);
        return k;
}

int request_reply_user(Request* r, int64_t id, Error* reterr) {
        char* text = NULL;
        int k = store_user_json(request_manager(r)->store, id, &text, reterr);
        return k < 0 ? k : request_reply_text(r, text);
}

unsigned request_limit(Request* r) {
        return (unsigned) request_integer(r, "limit", 50);
}

int request_sign_in(Request* r, const User* u, Error* reterr) {
        Manager* m = request_manager(r);
        char token[TOKEN_TEXT_BYTES];
        Actor actor;
        json_t* body = NULL;
        int k = session_begin(m, u, request_agent(r), request_address(r), token, &actor, reterr);
        if (k >= 0)
                k = session_describe(m, &actor, &body, reterr);
        if (k < 0)
                return k;
        request_cookie_set(r, token, SESSION_LIFE_SEC);
        explicit_bzero(token, sizeof(token));
        request_audit_actor(r, u->id);
        return request_reply(r, body);
}

int request_try(Request* r, const char* account, Error* reterr) {
        return limits_try(request_manager(r)->limits, account, request_address(r), now_usec(CLOCK_BOOTTIME), reterr);
}

void request_try_was_right(Request* r, const char* account) {
        limits_forgive(request_manager(r)->limits, account, request_address(r));
}
