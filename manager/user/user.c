#include "user/user.h"
#include "api/events.h"
#include "base/time.h"
#include "config.h"
#include "store/store-group.h"
#include "store/store-session.h"
#include <stdio.h>

int user_find(Manager* m, const char* username, User** ret, Error* reterr) {
        int r = store_user_by_name(m->store, username, ret, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is nobody called %s.", username);
        return MIN(r, 0);
}

/* The two managers stand side by side: neither is above the other. */
static unsigned rank(Role r) {
        static const unsigned table[_ROLE_MAX] = {
                [ROLE_USER] = 1, [ROLE_MAIL_MANAGER] = 2, [ROLE_USER_MANAGER] = 2, [ROLE_ADMIN] = 3, [ROLE_OWNER] = 4, [ROLE_ROOT] = 5,
        };
        return table[r];
}

static bool is_self(const Actor* a, const User* u) {
        return a->user_id != 0 && a->user_id == u->id;
}

int user_may_edit(const Actor* a, const User* u, const char* what, Error* reterr) {
        if (is_self(a, u)) {
                (void) error_set(reterr, ERROR_NOT_ALLOWED, "You may not %s yourself here.", what);
                return error_hint(reterr, "What concerns yourself is under your account; for the rest ask another owner or administrator.");
        }
        if (a->role == ROLE_OWNER || rank(a->role) > rank(u->role))
                return 0;
        return error_set(reterr, ERROR_NOT_ALLOWED, "You may not %s %s, whose role is not below yours.", what, u->username);
}

int user_may_grant(const Actor* a, Role role, Error* reterr) {
        if (role_includes(a->role, role))
                return 0;
        return error_field(reterr, ERROR_NOT_ALLOWED, "role", "You may not give the role %s, which is not part of your own.", role_to_string(role));
}

int user_check_last_owner(Manager* m, const User* u, Error* reterr) {
        int64_t others = 0;
        if (u->role != ROLE_OWNER || u->state != USER_STATE_ACTIVE)
                return 0;
        int r = store_user_active_owners(m->store, u->id, &others, reterr);
        if (r < 0 || others > 0)
                return MIN(r, 0);
        (void) error_set(reterr, ERROR_LAST_OWNER, "%s is the only active owner, and the box needs one.", u->username);
        return error_hint(reterr, "Make somebody else an owner first.");
}

int user_check_thawed(const User* u, Error* reterr) {
        if (u->state != USER_STATE_FROZEN)
                return 0;
        (void) error_set(reterr, ERROR_WRONG_STATE, "%s is frozen, so nothing of theirs may be changed.", u->username);
        return error_hint(reterr, "An administrator can activate them again.");
}

static void changed(Manager* m) {
        if (m->events)
                events_changed(m->events, "user");
}

/* A page whose stream is cut off asks again, and so comes to the sign-in form. */
int user_sessions_end(Manager* m, int64_t id, const char* but_session, Error* reterr) {
        int r = store_session_remove_all(m->store, id, but_session, reterr);
        if (r >= 0 && m->events)
                events_end_person(m->events, id, but_session);
        return MIN(r, 0);
}

static int check_email(Manager* m, const char* email, int64_t but_id, Error* reterr) {
        if (isempty(email))
                return 0;
        int r = store_user_email_taken(m->store, email, but_id, reterr);
        if (r > 0)
                return error_field(reterr, ERROR_NAME_TAKEN, "email", "Somebody else here has the address %s.", email);
        return r;
}

static int check_groups(Manager* m, const json_t* groups, Error* reterr) {
        _cleanup_free_ char* unknown = NULL;
        int r = groups ? store_group_unknown(m->store, groups, &unknown, reterr) : 0;
        if (r > 0)
                return error_field(reterr, ERROR_BAD_FIELD, "groups", "There is no group called %.64s.", unknown);
        return r;
}

int user_check_new(Manager* m, const Actor* a, const UserNew* n, Error* reterr) {
        _cleanup_(user_freep) User* other = NULL;
        int r = user_may_grant(a, n->role, reterr);
        if (r >= 0)
                r = store_user_by_name(m->store, n->username, &other, reterr);
        if (r > 0)
                return error_field(reterr, ERROR_NAME_TAKEN, "username", "There is somebody called %s already.", n->username);
        if (r >= 0)
                r = check_email(m, n->email, 0, reterr);
        if (r >= 0)
                r = check_groups(m, n->groups, reterr);
        return r;
}

int user_add(Manager* m, const Actor* a, const UserNew* n, int64_t* ret_id, Error* reterr) {
        int64_t now = now_seconds();
        int r = user_check_new(m, a, n, reterr);
        if (r < 0)
                return r;
        const User u = {
                .username = (char*) n->username, /* only read */
                .display_name = (char*) (n->display_name ?: n->username),
                .email = isempty(n->email) ? NULL : (char*) n->email,
                .role = n->role,
                .state = n->password_hash ? USER_STATE_ACTIVE : USER_STATE_INVITED,
                .language = isempty(n->language) ? NULL : (char*) n->language,
                .password_hash = (char*) n->password_hash,
                .password_changed_at = n->password_hash ? now : 0,
                .created_at = now,
        };
        r = store_user_add(m->store, &u, ret_id, reterr);
        if (r >= 0 && n->groups)
                r = store_group_join_named(m->store, *ret_id, n->groups, reterr);
        if (r >= 0)
                changed(m);
        return MIN(r, 0);
}

static int replace(char** at, const char* value) {
        char* copy = isempty(value) ? NULL : strdup(value);
        if (!copy && !isempty(value))
                return -ENOMEM;
        free(*at);
        *at = copy;
        return 0;
}

static int apply_profile(Manager* m, User* u, const UserChange* c, Error* reterr) {
        int r = c->email ? check_email(m, c->email, u->id, reterr) : 0;
        if (r < 0)
                return r;
        if ((!isempty(c->display_name) && replace(&u->display_name, c->display_name) < 0) ||
            (c->email && replace(&u->email, c->email) < 0) || (c->language && replace(&u->language, c->language) < 0))
                return error_errno(reterr, -ENOMEM, "Cannot change the profile");
        r = store_user_profile(m->store, u, reterr);
        if (r >= 0)
                changed(m);
        return MIN(r, 0);
}

int user_update_self(Manager* m, User* u, const UserChange* c, Error* reterr) {
        int r = user_check_thawed(u, reterr);
        return r < 0 ? r : apply_profile(m, u, c, reterr);
}

static int change_role(Manager* m, const Actor* a, User* u, Role role, Error* reterr) {
        if (role < 0 || role == u->role)
                return 0;
        if (is_self(a, u))
                return error_field(reterr, ERROR_NOT_ALLOWED, "role", "Your own role can only be changed by somebody else.");
        int r = user_may_grant(a, role, reterr);
        if (r >= 0)
                r = user_check_last_owner(m, u, reterr);
        if (r < 0)
                return r;
        u->role = role;
        if (m->events) /* an open stream has the rights of when it was opened */
                events_end_person(m->events, u->id, NULL);
        return 0;
}

static int change_groups(Manager* m, const User* u, const json_t* groups, Error* reterr) {
        int r = groups ? check_groups(m, groups, reterr) : 0;
        if (r < 0 || !groups)
                return r;
        r = store_group_leave_all(m->store, u->id, reterr);
        if (r >= 0)
                r = store_group_join_named(m->store, u->id, groups, reterr);
        if (r >= 0 && m->events)
                events_changed(m->events, "group");
        return MIN(r, 0);
}

/* One's own profile and groups may be edited here too: an only owner has nobody above who could do it. */
int user_update(Manager* m, const Actor* a, User* u, const UserChange* c, Error* reterr) {
        int r = is_self(a, u) ? 0 : user_may_edit(a, u, "edit", reterr);
        if (r >= 0)
                r = user_check_thawed(u, reterr);
        if (r >= 0)
                r = change_role(m, a, u, c->role, reterr);
        if (r >= 0)
                r = apply_profile(m, u, c, reterr);
        if (r >= 0)
                r = change_groups(m, u, c->groups, reterr);
        return r;
}

/* Sessions, tokens and links end at once. */
static int shut_out(Manager* m, User* u, UserState state, Error* reterr) {
        int r = store_user_state(m->store, u->id, state, reterr);
        if (r >= 0)
                r = user_sessions_end(m, u->id, NULL, reterr);
        if (r >= 0)
                r = store_token_remove_all(m->store, u->id, reterr);
        if (r >= 0)
                r = store_link_remove_of(m->store, u->id, reterr);
        if (r < 0)
                return r;
        u->state = state;
        changed(m);
        return 0;
}

int user_deactivate(Manager* m, const Actor* a, User* u, Error* reterr) {
        int r = user_may_edit(a, u, "deactivate", reterr);
        if (r >= 0)
                r = user_check_thawed(u, reterr);
        if (r >= 0)
                r = user_check_last_owner(m, u, reterr);
        return r < 0 ? r : shut_out(m, u, USER_STATE_DEACTIVATED, reterr);
}

int user_freeze(Manager* m, const Actor* a, User* u, Error* reterr) {
        int r = user_may_edit(a, u, "freeze", reterr);
        if (r >= 0)
                r = user_check_last_owner(m, u, reterr);
        return r < 0 ? r : shut_out(m, u, USER_STATE_FROZEN, reterr);
}

int user_activate(Manager* m, const Actor* a, User* u, Error* reterr) {
        int r = user_may_edit(a, u, "activate", reterr);
        if (r < 0)
                return r;
        if (u->state == USER_STATE_FROZEN && !role_includes(a->role, ROLE_ADMIN))
                return error_set(reterr, ERROR_NOT_ALLOWED, "Only an administrator can end a freeze.");
        if (u->state == USER_STATE_ACTIVE || u->state == USER_STATE_INVITED)
                return 0;
        UserState state = u->password_hash ? USER_STATE_ACTIVE : USER_STATE_INVITED;
        r = store_user_state(m->store, u->id, state, reterr);
        if (r < 0)
                return r;
        u->state = state;
        changed(m);
        return 0;
}

int user_sign_out(Manager* m, const Actor* a, User* u, Error* reterr) {
        int r = is_self(a, u) ? 0 : user_may_edit(a, u, "sign out", reterr);
        return r < 0 ? r : user_sessions_end(m, u->id, NULL, reterr);
}

int user_delete(Manager* m, const Actor* a, User* u, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        int r = user_may_edit(a, u, "delete", reterr);
        if (r >= 0)
                r = user_check_thawed(u, reterr);
        if (r >= 0)
                r = user_check_last_owner(m, u, reterr);
        if (r >= 0)
                r = shut_out(m, u, USER_STATE_DEACTIVATED, reterr);
        if (r < 0)
                return r;
        char object[32];
        (void) snprintf(object, sizeof(object), "#%lld", (long long) u->id);
        return jobs_add(m->jobs, JOB_USER_DELETE, a, object, json_pack("{s:I}", "user_id", (json_int_t) u->id), ret_job, reterr);
}

int user_password_set(Manager* m, User* u, const char* hash, const char* keep_session, Error* reterr) {
        int r = store_user_password(m->store, u->id, hash, now_seconds(), reterr);
        if (r >= 0)
                r = store_link_remove_of(m->store, u->id, reterr);
        if (r >= 0)
                r = user_sessions_end(m, u->id, keep_session, reterr);
        return r;
}

/* The privacy notice is made from a release's text and the settings, so both say which one it was. */
int user_consent(Manager* m, int64_t id, const char* kind, bool given, Error* reterr) {
        int64_t changed_at = 0;
        char version[64];
        int r = store_privacy_changed_at(m->store, &changed_at, reterr);
        if (r < 0)
                return r;
        (void) snprintf(version, sizeof(version), "%s/%lld", STEADBOX_VERSION, (long long) changed_at);
        return MIN(store_consent_add(m->store, id, kind, given, version, now_seconds(), reterr), 0);
}
