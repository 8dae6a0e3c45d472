/* People. */
#include "api/handlers.h"
#include "api/op-people.h"
#include "job/job.h"
#include "user/factor.h"
#include "user/link.h"
#include "user/password.h"
#include "user/user.h"

int op_user_list(Request* r, Error* reterr) {
        static const char* const sorts[_USER_SORT_MAX] = { "username", "display_name", "last_seen", "created" };
        UserFilter f = {
                .q = request_string(r, "q"),
                .state = request_string(r, "state"),
                .role = request_string(r, "role"),
                .group = request_string(r, "group"),
                .after = request_string(r, "after"),
                .limit = request_limit(r),
        };
        char* text = NULL;
        for (UserSort s = 0; s < _USER_SORT_MAX; s++)
                if (streq_ptr(request_string(r, "sort"), sorts[s]))
                        f.sort = s;
        int k = store_user_list(request_manager(r)->store, &f, &text, reterr);
        return k < 0 ? k : request_reply_text(r, text);
}

static UserNew new_from_request(Request* r) {
        const char* role = request_string(r, "role");
        return (UserNew) {
                .username = request_string(r, "username"),
                .display_name = request_string(r, "display_name"),
                .email = request_string(r, "email"),
                .language = request_string(r, "language"),
                .role = role ? role_from_string(role) : ROLE_USER,
                .groups = request_strings(r, "groups"),
        };
}

/* With a password: active at once. Without: invited, and the answer carries the link. */
static int add(Request* r, const char* hash, Error* reterr) {
        Manager* m = request_manager(r);
        _cleanup_(user_freep) User* u = NULL;
        _cleanup_free_ char* text = NULL;
        UserNew n = new_from_request(r);
        json_t* link = NULL;
        int64_t id = 0;
        n.password_hash = hash;
        int k = user_add(m, request_actor(r), &n, &id, reterr);
        if (k >= 0)
                k = store_user_by_id(m->store, id, &u, reterr);
        if (k >= 0 && !hash)
                k = link_make(m, LINK_KIND_INVITE, u, NULL, request_host(r), NULL, &link, reterr);
        if (k >= 0)
                k = store_user_json(m->store, id, &text, reterr);
        if (k < 0) {
                json_decref(link);
                return k;
        }
        request_about(r, id);
        request_audit_detail(r, "role", json_string(role_to_string(n.role)));
        return request_reply(r, json_pack("{s:o,s:o}", "user", json_loads(strempty(text), 0, NULL), "link", link ?: json_null()));
}

static int first_password_hashed(Request* r, void* state, Error* reterr) {
        return add(r, request_password_hash(r), reterr);
}

int op_user_add(Request* r, Error* reterr) {
        const char* password = request_string(r, "password");
        UserNew n = new_from_request(r);
        if (!password)
                return add(r, NULL, reterr);
        int k = user_check_new(request_manager(r), request_actor(r), &n, reterr); /* before the dear hash */
        if (k >= 0)
                k = password_check(password, n.username, "password", reterr);
        return k < 0 ? k : request_password_derive(r, password, first_password_hashed, NULL, NULL, reterr);
}

int op_user_show(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_person(r, "user", &u, reterr);
        return k < 0 ? k : request_reply_user(r, u->id, reterr);
}

/* Which fields were given, for the log; their values are personal data and stay out of it, but for the role. */
static void log_fields(Request* r) {
        static const char* const names[] = { "display_name", "email", "role", "language", "groups" };
        json_t* given = json_array();
        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (request_has(r, names[i]))
                        (void) json_array_append_new(given, json_string(names[i]));
        request_audit_detail(r, "fields", given);
        if (request_has(r, "role"))
                request_audit_detail(r, "role", json_string(request_string(r, "role")));
}

int op_user_update(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        const char* role = request_string(r, "role");
        int k = request_person(r, "user", &u, reterr);
        log_fields(r);
        if (k >= 0)
                k = user_update(request_manager(r), request_actor(r), u,
                                &(UserChange) { .display_name = request_string(r, "display_name"), .email = request_string(r, "email"),
                                                .language = request_string(r, "language"),
                                                .role = role ? role_from_string(role) : _ROLE_INVALID,
                                                .groups = request_strings(r, "groups") },
                                reterr);
        return k < 0 ? k : request_reply_user(r, u->id, reterr);
}

static int act(Request* r, int (*verb)(Manager* m, const Actor* a, User* u, Error* reterr), Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_person(r, "user", &u, reterr);
        if (k >= 0)
                k = verb(request_manager(r), request_actor(r), u, reterr);
        return k < 0 ? k : request_reply_user(r, u->id, reterr);
}

int op_user_deactivate(Request* r, Error* reterr) {
        return act(r, user_deactivate, reterr);
}

int op_user_activate(Request* r, Error* reterr) {
        return act(r, user_activate, reterr);
}

int op_user_freeze(Request* r, Error* reterr) {
        if (request_has(r, "reason"))
                request_audit_detail(r, "reason", json_string(request_string(r, "reason")));
        return act(r, user_freeze, reterr);
}

int op_user_sign_out(Request* r, Error* reterr) {
        return act(r, user_sign_out, reterr);
}

static int remove_factor(Manager* m, const Actor* a, User* u, Error* reterr) {
        int k = user_may_edit(a, u, "switch off the authenticator of", reterr);
        if (k >= 0)
                k = user_check_thawed(u, reterr);
        return k < 0 ? k : factor_remove(m, u, reterr);
}

int op_user_totp_remove(Request* r, Error* reterr) {
        return act(r, remove_factor, reterr);
}

int op_user_delete(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        char job[JOB_ID_BYTES];
        int k = request_person(r, "user", &u, reterr);
        if (k >= 0)
                k = user_delete(request_manager(r), request_actor(r), u, job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}

static int send_link(Request* r, LinkKind kind, UserState wanted, const char* otherwise, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        json_t* link = NULL;
        int k = request_person(r, "user", &u, reterr);
        if (k >= 0)
                k = user_may_edit(request_actor(r), u, "make a link for", reterr);
        if (k >= 0)
                k = user_check_thawed(u, reterr);
        if (k >= 0 && u->state != wanted) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "%s is %s.", u->username, user_state_to_string(u->state));
                return error_hint(reterr, "%s", otherwise);
        }
        if (k >= 0)
                k = link_make(request_manager(r), kind, u, NULL, request_host(r), NULL, &link, reterr);
        return k < 0 ? k : request_reply(r, link);
}

int op_user_invite(Request* r, Error* reterr) {
        return send_link(r, LINK_KIND_INVITE, USER_STATE_INVITED, "Who has a password already needs a reset link, and who is deactivated must be activated first.", reterr);
}

int op_user_reset(Request* r, Error* reterr) {
        return send_link(r, LINK_KIND_RESET, USER_STATE_ACTIVE, "Who has no password yet needs an invitation, and who is deactivated must be activated first.", reterr);
}

int op_user_data(Request* r, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int k = request_person(r, "user", &u, reterr);
        return k < 0 ? k : request_reply_personal_data(r, u, reterr);
}

int op_user_export(Request* r, Error* reterr) {
        _cleanup_free_ char* csv = NULL;
        int k = user_export(request_manager(r), &csv, reterr);
        return k < 0 ? k : request_reply(r, json_pack("{s:s}", "csv", csv));
}

int op_user_import(Request* r, Error* reterr) {
        char job[JOB_ID_BYTES];
        int k = jobs_add(request_manager(r)->jobs, JOB_USER_IMPORT, request_actor(r), "",
                         json_pack("{s:s,s:b}", "csv", request_string(r, "csv"), "dry_run", request_boolean(r, "dry_run", false)), job, reterr);
        if (k < 0)
                return k;
        request_audit_detail(r, "job", json_string(job));
        return request_reply_job(r, job);
}

int op_role_list(Request* r, Error* reterr) {
        _cleanup_json_ json_t* items = json_array();
        for (Role role = ROLE_OWNER; role >= ROLE_USER; role--) {
                json_t* operations = json_array();
                int64_t people = 0;
                int k = store_user_role_count(request_manager(r)->store, role, &people, reterr);
                if (k < 0) {
                        json_decref(operations);
                        return k;
                }
                for (size_t i = 0; i < _OP_MAX; i++)
                        if (role_includes(role, operation_table[i].who))
                                (void) json_array_append_new(operations, json_string(operation_table[i].name));
                (void) json_array_append_new(
                                items, json_pack("{s:s,s:s,s:I,s:o}", "name", role_to_string(role), "sentence", role_sentence(role), "people",
                                                 (json_int_t) people, "operations", operations));
        }
        return request_reply_items(r, json_incref(items));
}
