/* One's own account. */
#include "api/events.h"
#include "api/handlers.h"
#include "api/op-people.h"
#include "base/time.h"
#include "daemon/nouns.h"
#include "store/store-audit.h"
#include "store/store-group.h"
#include "user/factor.h"
#include "user/password.h"
#include "user/session.h"
#include "user/user.h"
#include <stdio.h>

static int reply_account(Request* r, const User* u, Error* reterr) {
        Manager* m = request_manager(r);
        _cleanup_free_ char* groups = NULL;
        int64_t left = 0;
        int k = store_group_names_of(m->store, u->id, &groups, reterr);
        if (k >= 0)
                k = store_recovery_left(m->store, u->id, &left, reterr);
        if (k < 0)
                return k;
        return request_reply(
                        r,
                        json_pack("{s:s,s:s,s:o,s:s,s:o,s:o,s:b,s:I,s:o,s:o,s:I}", "username", u->username, "display_name", u->display_name,
                                  "email", json_string_or_null(u->email), "role", role_to_string(u->role), "language",
                                  json_string_or_null(u->language), "groups", json_loads(strempty(groups), 0, NULL), "totp",
                                  u->totp_secret != NULL, "recovery_left", (json_int_t) left, "recovery_verified_at",
                                  json_time_or_null(u->recovery_verified_at), "password_changed_at",
                                  json_time_or_null(u->password_changed_at), "created_at", (json_int_t) u->created_at));
}

int op_account_show(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_self(r, &u, reterr);
        return k < 0 ? k : reply_account(r, u, reterr);
}

int op_account_update(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_self(r, &u, reterr);
        if (k >= 0)
                k = user_update_self(
                                request_manager(r), u,
                                &(UserChange) { .display_name = request_string(r, "display_name"), .email = request_string(r, "email"),
                                                .language = request_string(r, "language"), .role = _ROLE_INVALID },
                                reterr);
        return k < 0 ? k : reply_account(r, u, reterr);
}

/* Whoever sits at an open browser must still know the password to change what protects the account. */
static int check_password(Request* r, const char* field, RequestThen then, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_self(r, &u, reterr);
        if (k >= 0)
                k = request_try(r, u->username, reterr);
        return k < 0 ? k : request_password_check(r, request_string(r, field), u->password_hash, then, NULL, NULL, reterr);
}

/* First thing after the check. */
static int password_was_right(Request* r, const char* field, User** ret, Error* reterr) {
        int k = request_self(r, ret, reterr);
        if (k < 0)
                return k;
        if (!request_password_matched(r))
                return error_field(reterr, ERROR_WRONG_CREDENTIALS, field, "This is not your present password.");
        request_try_was_right(r, (*ret)->username);
        return 0;
}

static int new_password_hashed(Request* r, void* state, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_self(r, &u, reterr);
        if (k >= 0)
                k = user_password_set(request_manager(r), u, request_password_hash(r), request_actor(r)->session_id, reterr);
        return k < 0 ? k : request_reply_empty(r);
}

static int old_password_checked(Request* r, void* state, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = password_was_right(r, "current", &u, reterr);
        return k < 0 ? k : request_password_derive(r, request_string(r, "password"), new_password_hashed, NULL, NULL, reterr);
}

int op_account_password(Request* r, Error* reterr) {
        int k = password_check(request_string(r, "password"), request_actor(r)->username, "password", reterr);
        return k < 0 ? k : check_password(r, "current", old_password_checked, reterr);
}

static int totp_start(Request* r, void* state, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        json_t* body = NULL;
        int k = password_was_right(r, "password", &u, reterr);
        if (k >= 0)
                k = factor_start(request_manager(r), u, &body, reterr);
        return k < 0 ? k : request_reply(r, body);
}

int op_account_totp_start(Request* r, Error* reterr) {
        return check_password(r, "password", totp_start, reterr);
}

int op_account_totp_confirm(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        json_t* body = NULL;
        int k = request_self(r, &u, reterr);
        if (k >= 0)
                k = request_try(r, u->username, reterr);
        if (k >= 0)
                k = factor_confirm(request_manager(r), u, request_string(r, "code"), &body, reterr);
        if (k < 0)
                return k;
        request_try_was_right(r, u->username);
        return request_reply(r, body);
}

static int totp_remove(Request* r, void* state, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = password_was_right(r, "password", &u, reterr);
        if (k >= 0)
                k = factor_remove(request_manager(r), u, reterr);
        return k < 0 ? k : request_reply_empty(r);
}

int op_account_totp_remove(Request* r, Error* reterr) {
        return check_password(r, "password", totp_remove, reterr);
}

static int renew_recovery(Request* r, void* state, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        json_t* body = NULL;
        int k = password_was_right(r, "password", &u, reterr);
        if (k >= 0)
                k = recovery_renew(request_manager(r), u, &body, reterr);
        return k < 0 ? k : request_reply(r, body);
}

int op_account_recovery_renew(Request* r, Error* reterr) {
        return check_password(r, "password", renew_recovery, reterr);
}

int op_account_recovery_verify(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_self(r, &u, reterr);
        if (k >= 0)
                k = request_try(r, u->username, reterr);
        if (k >= 0)
                k = recovery_verify(request_manager(r), u, request_string(r, "code"), reterr);
        if (k < 0)
                return k;
        if (k == 0)
                return error_field(reterr, ERROR_WRONG_CREDENTIALS, "code", "This is none of your unused recovery codes.");
        request_try_was_right(r, u->username);
        return reply_account(r, u, reterr);
}

int op_account_sessions(Request* r, Error* reterr) {
        const Actor* a = request_actor(r);
        char* text = NULL;
        int k = store_session_list(request_manager(r)->store, a->user_id, a->session_id, now_seconds(), &text, reterr);
        return k < 0 ? k : request_reply_text(r, text);
}

int op_account_session_revoke(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        Manager* m = request_manager(r);
        const char* id = request_string(r, "id");
        int k = request_self(r, &u, reterr);
        if (k < 0)
                return k;
        if (streq(id, "others"))
                k = user_sessions_end(m, u->id, request_actor(r)->session_id, reterr);
        else if ((k = store_session_remove(m->store, u->id, id, reterr)) == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "You have no such session.");
        if (k >= 0)
                events_end_session(m->events, id);
        return k < 0 ? k : request_reply_empty(r);
}

int op_account_tokens(Request* r, Error* reterr) {
        char* text = NULL;
        int k = store_token_list(request_manager(r)->store, request_actor(r)->user_id, &text, reterr);
        return k < 0 ? k : request_reply_text(r, text);
}

int op_account_token_add(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        json_t* body = NULL;
        int k = request_self(r, &u, reterr);
        if (k >= 0)
                k = token_make_for(request_manager(r), request_actor(r), request_string(r, "name"), request_strings(r, "scopes"),
                                   request_integer(r, "days", 90), &body, reterr);
        if (k < 0)
                return k;
        request_audit_detail(r, "token", json_string(json_get_string(body, "id")));
        request_audit_detail(r, "scopes", json_incref(request_strings(r, "scopes")));
        return request_reply(r, body);
}

int op_account_token_remove(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_self(r, &u, reterr);
        if (k >= 0 && (k = store_token_remove(request_manager(r)->store, u->id, request_string(r, "id"), reterr)) == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "You have no such API token.");
        if (k >= 0)
                events_end_session(request_manager(r)->events, request_string(r, "id"));
        return k < 0 ? k : request_reply_empty(r);
}

int op_account_consents(Request* r, Error* reterr) {
        char* text = NULL;
        int k = store_consent_list(request_manager(r)->store, request_actor(r)->user_id, &text, reterr);
        return k < 0 ? k : request_reply_text(r, text);
}

int op_account_consent_set(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        char* text = NULL;
        bool given = request_boolean(r, "given", false);
        int k = request_self(r, &u, reterr);
        if (k >= 0)
                k = user_consent(request_manager(r), u->id, request_string(r, "kind"), given, reterr);
        if (k >= 0)
                k = store_consent_newest(request_manager(r)->store, u->id, request_string(r, "kind"), &text, reterr);
        if (k < 0)
                return k;
        request_audit_detail(r, "kind", json_string(request_string(r, "kind")));
        request_audit_detail(r, "given", json_boolean(given));
        return request_reply_text(r, text);
}

int request_reply_personal_data(Request* r, const User* u, Error* reterr) {
        _cleanup_json_ json_t* parts = json_object();
        for (size_t i = 0; noun_table[i]; i++)
                if (noun_table[i]->personal_data) {
                        int k = noun_table[i]->personal_data(request_manager(r), u->id, parts, reterr);
                        if (k < 0)
                                return k;
                }
        return request_reply(
                        r, json_pack("{s:s,s:I,s:O}", "username", u->username, "exported_at", (json_int_t) now_seconds(), "parts", parts));
}

int op_account_data(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_self(r, &u, reterr);
        return k < 0 ? k : request_reply_personal_data(r, u, reterr);
}

int op_account_activity(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        _cleanup_free_ char* items = NULL;
        const char* after = request_string(r, "after");
        char *end = NULL, *text = NULL, next[24] = "null";
        int64_t last = 0, total = 0, before = after ? strtoll(after, &end, 10) : 0;
        int k = request_self(r, &u, reterr);
        if (k < 0)
                return k;
        if (after && (*end || before <= 0))
                return error_field(reterr, ERROR_BAD_FIELD, "after", "This is no cursor of this list.");
        k = store_audit_list(request_manager(r)->store,
                             &(AuditFilter) { .before = before, .limit = request_limit(r), .actor_id = u->id, .q = request_string(r, "q") },
                             &items, &last, &total, reterr);
        if (k < 0)
                return k;
        if (last > 0)
                (void) snprintf(next, sizeof(next), "\"%lld\"", (long long) last);
        if (asprintf(&text, "{\"items\":%s,\"next\":%s,\"total\":%lld}", items, next, (long long) total) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot list activity");
        return request_reply_text(r, text);
}
