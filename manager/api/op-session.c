/* Signing in and out. */
#include "api/events.h"
#include "api/handlers.h"
#include "api/op-people.h"
#include "user/factor.h"
#include "user/session.h"

/* One answer for whatever is wrong with name or password, after the same work. */
static int wrong(Error* reterr) {
        return error_set(reterr, ERROR_WRONG_CREDENTIALS, "The name or the password is not right.");
}

static int check_factor(Request* r, User* u, Error* reterr) {
        const char* code = request_string(r, "code");
        if (!u->totp_secret)
                return 0;
        if (!code)
                return error_field(reterr, ERROR_TOTP_NEEDED, "code", "Please add the six digits from your authenticator, or a recovery code.");
        int k = factor_check(request_manager(r), u, code, reterr);
        if (k == 0)
                return error_field(reterr, ERROR_WRONG_CREDENTIALS, "code", "The code is not right, or was used already; wait for the next one.");
        return k < 0 ? k : 0;
}

static int password_checked(Request* r, void* state, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        const char* login = request_string(r, "username");
        int k = store_user_by_login(request_manager(r)->store, login, &u, reterr);
        if (k < 0)
                return k;
        if (u)
                request_about(r, u->id);
        if (!u || !request_password_matched(r) || u->state != USER_STATE_ACTIVE)
                return wrong(reterr);
        k = check_factor(r, u, reterr);
        if (k < 0)
                return k;
        request_try_was_right(r, login);
        return request_sign_in(r, u, reterr);
}

int op_session_create(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        const char* login = request_string(r, "username");
        int k = request_try(r, login, reterr);
        if (k >= 0)
                k = store_user_by_login(request_manager(r)->store, login, &u, reterr);
        if (k < 0)
                return k;
        const char* hash = u && u->state == USER_STATE_ACTIVE ? u->password_hash : NULL;
        return request_password_check(r, request_string(r, "password"), hash, password_checked, NULL, NULL, reterr);
}

int op_session_show(Request* r, Error* reterr) {
        json_t* body = NULL;
        int k = session_describe(request_manager(r), request_actor(r), &body, reterr);
        return k < 0 ? k : request_reply(r, body);
}

int op_session_delete(Request* r, Error* reterr) {
        const Actor* a = request_actor(r);
        if (a->via == VIA_SESSION) {
                int k = store_session_remove(request_manager(r)->store, a->user_id, a->session_id, reterr);
                if (k < 0)
                        return k;
                request_about(r, a->user_id);
                events_end_session(request_manager(r)->events, a->session_id);
        }
        request_cookie_set(r, NULL, 0);
        return request_reply_empty(r);
}
