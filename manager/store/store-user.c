#include "store/store-user.h"
#include "base/secret.h"
#include "store/store-page.h"
#include <stdio.h>

static const char* const user_state_table[_USER_STATE_MAX] = {
        [USER_STATE_ACTIVE] = "active",
        [USER_STATE_INVITED] = "invited",
        [USER_STATE_DEACTIVATED] = "deactivated",
        [USER_STATE_FROZEN] = "frozen",
};

const char* user_state_to_string(UserState s) {
        return s >= 0 && s < _USER_STATE_MAX ? user_state_table[s] : NULL;
}

UserState user_state_from_string(const char* s) {
        for (UserState i = 0; i < _USER_STATE_MAX; i++)
                if (streq_ptr(user_state_table[i], s))
                        return i;
        return _USER_STATE_INVALID;
}

User* user_free(User* u) {
        if (!u)
                return NULL;
        free(u->username);
        free(u->display_name);
        free(u->email);
        free(u->language);
        erase_and_free(u->password_hash);
        free(u->totp_secret);
        free(u->totp_pending);
        free(u);
        return NULL;
}

#define USER_COLUMNS                                                                                                  \
        "u.id, u.username, u.display_name, u.email, u.role, u.state, u.language, u.password_hash, u.password_changed_at, " \
        "u.totp_secret, u.totp_pending, u.totp_step, u.recovery_verified_at, u.created_at, u.seen_at"

static int copy_text(Query* q, int column, char** ret) {
        const char* text = query_text(q, column);
        if (text && !(*ret = strdup(text)))
                return -ENOMEM;
        return 0;
}

static int copy_blob(Query* q, int column, uint8_t** ret, size_t* ret_size) {
        size_t size = 0;
        const void* data = query_blob(q, column, &size);
        if (!data)
                return 0;
        if (!(*ret = malloc(size)))
                return -ENOMEM;
        memcpy(*ret, data, size);
        *ret_size = size;
        return 0;
}

static int user_from_row(Query* q, User** ret, Error* reterr) {
        _cleanup_(user_freep) User* u = calloc(1, sizeof(User));
        if (!u || copy_text(q, 1, &u->username) < 0 || copy_text(q, 2, &u->display_name) < 0 || copy_text(q, 3, &u->email) < 0 ||
            copy_text(q, 6, &u->language) < 0 || copy_text(q, 7, &u->password_hash) < 0 ||
            copy_blob(q, 9, &u->totp_secret, &u->totp_secret_size) < 0 ||
            copy_blob(q, 10, &u->totp_pending, &u->totp_pending_size) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot read a person");
        u->id = query_integer(q, 0);
        u->role = role_from_string(strempty(query_text(q, 4)));
        u->state = user_state_from_string(query_text(q, 5));
        if (u->role < 0 || u->state < 0)
                return error_set(reterr, ERROR_STORE_BROKEN, "The store has a person of an unknown role or state, number %lld.", (long long) u->id);
        u->password_changed_at = query_integer(q, 8);
        u->totp_step = query_integer(q, 11);
        u->recovery_verified_at = query_integer(q, 12);
        u->created_at = query_integer(q, 13);
        u->seen_at = query_integer(q, 14);
        *ret = TAKE_PTR(u);
        return 1;
}

static int user_get(Store* s, const Statement* statement, const Binding* bindings, User** ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, statement, bindings, &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        return r <= 0 ? r : user_from_row(&q, ret, reterr);
}

STATEMENT(user_by_name, "SELECT " USER_COLUMNS " FROM user AS u WHERE u.username = :username");
int store_user_by_name(Store* s, const char* username, User** ret, Error* reterr) {
        return user_get(s, &user_by_name, BIND(TEXT(username, username)), ret, reterr);
}

STATEMENT(user_by_id, "SELECT " USER_COLUMNS " FROM user AS u WHERE u.id = :id");
int store_user_by_id(Store* s, int64_t id, User** ret, Error* reterr) {
        return user_get(s, &user_by_id, BIND(INTEGER(id, id)), ret, reterr);
}

/* A user name has no @ and an address has one, so the two cannot be confused. */
STATEMENT(user_by_email, "SELECT " USER_COLUMNS " FROM user AS u WHERE u.email = :email COLLATE NOCASE AND u.email IS NOT NULL");
STATEMENT(user_by_login, "SELECT " USER_COLUMNS " FROM user AS u WHERE u.username = lower(:username)");
int store_user_by_login(Store* s, const char* username_or_email, User** ret, Error* reterr) {
        if (!strchr(username_or_email, '@')) /* names are lower case; phones like to begin with a capital */
                return user_get(s, &user_by_login, BIND(TEXT(username, username_or_email)), ret, reterr);
        return user_get(s, &user_by_email, BIND(TEXT(email, username_or_email)), ret, reterr);
}

STATEMENT(user_first_owner,
          "SELECT " USER_COLUMNS " FROM user AS u WHERE u.role = 'owner' ORDER BY u.state <> 'active', u.id LIMIT 1");
int store_user_first_owner(Store* s, User** ret, Error* reterr) {
        return user_get(s, &user_first_owner, BIND_NONE, ret, reterr);
}

STATEMENT(user_email_taken,
          "SELECT 1 FROM user WHERE email = :email COLLATE NOCASE AND email IS NOT NULL AND id <> :but");
int store_user_email_taken(Store* s, const char* email, int64_t but_id, Error* reterr) {
        int64_t one = 0;
        return store_get_integer(s, &user_email_taken, BIND(TEXT(email, email), INTEGER(but, but_id)), &one, reterr);
}

STATEMENT(user_insert,
          "INSERT INTO user (username, display_name, email, role, state, language, password_hash, password_changed_at, created_at)"
          " VALUES (:username, :display_name, :email, :role, :state, :language, :password_hash, :password_changed_at, :created_at)");
int store_user_add(Store* s, const User* u, int64_t* ret_id, Error* reterr) {
        int r = store_run(
                        s,
                        &user_insert,
                        BIND(TEXT(username, u->username),
                             TEXT(display_name, u->display_name),
                             TEXT(email, u->email),
                             TEXT(role, role_to_string(u->role)),
                             TEXT(state, user_state_to_string(u->state)),
                             TEXT(language, u->language),
                             TEXT(password_hash, u->password_hash),
                             INTEGER_OR_NULL(password_changed_at, u->password_changed_at),
                             INTEGER(created_at, u->created_at)),
                        reterr);
        if (r >= 0)
                *ret_id = store_last_id(s);
        return r;
}

STATEMENT(user_profile,
          "UPDATE user SET display_name = :display_name, email = :email, role = :role, language = :language WHERE id = :id");
int store_user_profile(Store* s, const User* u, Error* reterr) {
        return store_run(
                        s,
                        &user_profile,
                        BIND(TEXT(display_name, u->display_name),
                             TEXT(email, u->email),
                             TEXT(role, role_to_string(u->role)),
                             TEXT(language, u->language),
                             INTEGER(id, u->id)),
                        reterr);
}

STATEMENT(user_set_state, "UPDATE user SET state = :state WHERE id = :id");
int store_user_state(Store* s, int64_t id, UserState state, Error* reterr) {
        return store_run(s, &user_set_state, BIND(TEXT(state, user_state_to_string(state)), INTEGER(id, id)), reterr);
}

STATEMENT(user_set_password, "UPDATE user SET password_hash = :hash, password_changed_at = :at WHERE id = :id");
int store_user_password(Store* s, int64_t id, const char* hash, int64_t at, Error* reterr) {
        return store_run(s, &user_set_password, BIND(TEXT(hash, hash), INTEGER(at, at), INTEGER(id, id)), reterr);
}

STATEMENT(user_set_totp, "UPDATE user SET totp_secret = :secret, totp_pending = :pending, totp_step = :step WHERE id = :id");
int store_user_totp(Store* s, const User* u, Error* reterr) {
        return store_run(
                        s,
                        &user_set_totp,
                        BIND(BLOB(secret, u->totp_secret, u->totp_secret_size),
                             BLOB(pending, u->totp_pending, u->totp_pending_size),
                             INTEGER(step, u->totp_step),
                             INTEGER(id, u->id)),
                        reterr);
}

STATEMENT(user_set_recovery_verified, "UPDATE user SET recovery_verified_at = :at WHERE id = :id");
int store_user_recovery_verified(Store* s, int64_t id, int64_t at, Error* reterr) {
        return store_run(s, &user_set_recovery_verified, BIND(INTEGER_OR_NULL(at, at), INTEGER(id, id)), reterr);
}

STATEMENT(user_set_seen, "UPDATE user SET seen_at = :at WHERE id = :id AND ifnull(seen_at, 0) < :at");
int store_user_seen(Store* s, int64_t id, int64_t at, Error* reterr) {
        return store_run(s, &user_set_seen, BIND(INTEGER(at, at), INTEGER(id, id)), reterr);
}

STATEMENT(user_remove, "DELETE FROM user WHERE id = :id");
int store_user_remove(Store* s, int64_t id, Error* reterr) {
        return store_run(s, &user_remove, BIND(INTEGER(id, id)), reterr);
}

STATEMENT(user_remove_range, "DELETE FROM user WHERE id BETWEEN :first AND :last");
int store_user_remove_range(Store* s, int64_t first, int64_t last, Error* reterr) {
        return store_run(s, &user_remove_range, BIND(INTEGER(first, first), INTEGER(last, last)), reterr);
}

STATEMENT(user_sealed_after,
          "SELECT " USER_COLUMNS " FROM user AS u WHERE u.id > :id AND (u.totp_secret IS NOT NULL OR u.totp_pending IS NOT NULL)"
          " ORDER BY u.id LIMIT 1");
int store_user_sealed_after(Store* s, int64_t id, User** ret, Error* reterr) {
        return user_get(s, &user_sealed_after, BIND(INTEGER(id, id)), ret, reterr);
}

STATEMENT(user_seal_used,
          "INSERT INTO secret (name, generation, created_at, used_at) VALUES (:name, 1, :now, :hour)"
          " ON CONFLICT (name) DO UPDATE SET used_at = :hour RETURNING generation");
int store_user_seal_used(Store* s, const char* name, int64_t now, int64_t hour, int64_t* ret_generation, Error* reterr) {
        int r = store_get_integer(
                        s, &user_seal_used, BIND(TEXT(name, name), INTEGER(now, now), INTEGER(hour, hour)), ret_generation, reterr);
        return MIN(r, 0);
}

STATEMENT(user_active_owners, "SELECT count(*) FROM user WHERE role = 'owner' AND state = 'active' AND id <> :but");
int store_user_active_owners(Store* s, int64_t but_id, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &user_active_owners, BIND(INTEGER(but, but_id)), ret, reterr);
}

STATEMENT(user_total, "SELECT count(*) FROM user");
int store_user_count(Store* s, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &user_total, BIND_NONE, ret, reterr);
}

/* Ordinary people are most of the table and in no index; the others are few. */
STATEMENT(user_role_count,
          "SELECT CASE WHEN :role = 'user' THEN (SELECT count(*) FROM user) - (SELECT count(*) FROM user WHERE role <> 'user')"
          " ELSE (SELECT count(*) FROM user WHERE role = :role AND role <> 'user') END");
int store_user_role_count(Store* s, Role role, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &user_role_count, BIND(TEXT(role, role_to_string(role))), ret, reterr);
}

STATEMENT(user_invited_without_link,
          "SELECT count(*) FROM user AS u WHERE u.state = 'invited'"
          " AND NOT EXISTS (SELECT 1 FROM link AS l WHERE l.user_id = u.id AND l.expires_at > :now)");
int store_user_invited_without_link(Store* s, int64_t now, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &user_invited_without_link, BIND(INTEGER(now, now)), ret, reterr);
}

STATEMENT(user_unguarded_owners,
          "SELECT count(*) FROM user WHERE role = 'owner' AND state = 'active' AND totp_secret IS NULL");
int store_user_unguarded_owners(Store* s, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &user_unguarded_owners, BIND_NONE, ret, reterr);
}

#define GROUPS_OF_U                                                                                                \
        "(SELECT json_group_array(name) FROM (SELECT g.name AS name FROM user_group_member AS m"                   \
        " JOIN user_group AS g ON g.id = m.group_id WHERE m.user_id = u.id ORDER BY g.name))"
#define USER_JSON                                                                                                  \
        "json_object('id', u.id, 'username', u.username, 'display_name', u.display_name, 'email', u.email,"        \
        " 'role', u.role, 'state', u.state, 'groups', " GROUPS_OF_U ", 'language', u.language,"                    \
        " 'totp', json(iif(u.totp_secret IS NULL, 'false', 'true')),"                                              \
        " 'sessions', (SELECT count(*) FROM session AS s WHERE s.user_id = u.id),"                                 \
        " 'created_at', u.created_at, 'seen_at', u.seen_at)"
#define USER_FILTER                                                                                                \
        " (:state IS NULL OR u.state = :state) AND (:role IS NULL OR u.role = :role)"                              \
        " AND (:q IS NULL OR u.username LIKE :q ESCAPE '\\' OR u.display_name LIKE :q ESCAPE '\\'"                 \
        " OR u.email LIKE :q ESCAPE '\\')"                                                                         \
        " AND (:group IS NULL OR u.id IN (SELECT m.user_id FROM user_group_member AS m"                            \
        " JOIN user_group AS g ON g.id = m.group_id WHERE g.name = :group))"

/* The cursor names the last person of the page before by what the order needs; display names may be long, so there it is the number,
 * whose name is looked up. */
STATEMENT(user_list_username,
          "SELECT " USER_JSON ", 'u.' || u.username FROM user AS u WHERE u.username > ifnull(:key, '') AND" USER_FILTER
          " ORDER BY u.username LIMIT :limit");
STATEMENT(user_list_display_name_first,
          "SELECT " USER_JSON ", 'd.' || u.id FROM user AS u WHERE" USER_FILTER
          " ORDER BY u.display_name COLLATE NOCASE, u.id LIMIT :limit");
STATEMENT(user_list_display_name,
          "SELECT " USER_JSON ", 'd.' || u.id FROM user AS u WHERE (u.display_name COLLATE NOCASE, u.id) >"
          " ((SELECT o.display_name FROM user AS o WHERE o.id = :id), :id) AND" USER_FILTER
          " ORDER BY u.display_name COLLATE NOCASE, u.id LIMIT :limit");
STATEMENT(user_list_last_seen,
          "SELECT " USER_JSON ", 's.' || ifnull(u.seen_at, 0) || '.' || u.id FROM user AS u WHERE"
          " (:id = 0 OR ifnull(u.seen_at, 0) < :seen OR (ifnull(u.seen_at, 0) = :seen AND u.id < :id)) AND" USER_FILTER
          " ORDER BY u.seen_at DESC, u.id DESC LIMIT :limit");
STATEMENT(user_list_created,
          "SELECT " USER_JSON ", 'c.' || u.id FROM user AS u WHERE u.id < :id AND" USER_FILTER " ORDER BY u.id DESC LIMIT :limit");
STATEMENT(user_list_total, "SELECT count(*) FROM user AS u WHERE" USER_FILTER);

typedef struct Cursor {
        const char* key; /* user name */
        int64_t id, seen;
} Cursor;

static int cursor_parse(Store* s, const UserFilter* f, Cursor* ret, Error* reterr) {
        static const char letters[_USER_SORT_MAX] = { 'u', 'd', 's', 'c' };
        if (!f->after)
                return 0;
        const char* text = f->after + 2;
        char* end = NULL;
        if (strlen(f->after) < 3 || f->after[0] != letters[f->sort] || f->after[1] != '.')
                goto bad;
        if (f->sort == USER_SORT_USERNAME) {
                ret->key = text;
                return 0;
        }
        errno = 0;
        ret->id = strtoll(text, &end, 10);
        if (f->sort == USER_SORT_LAST_SEEN && *end == '.') {
                ret->seen = ret->id;
                ret->id = strtoll(end + 1, &end, 10);
        }
        if (errno != 0 || *end || ret->id <= 0)
                goto bad;
        if (f->sort == USER_SORT_DISPLAY_NAME) {
                _cleanup_(user_freep) User* u = NULL;
                int r = store_user_by_id(s, ret->id, &u, reterr);
                if (r < 0)
                        return r;
                if (r == 0)
                        return error_field(reterr, ERROR_BAD_FIELD, "after", "The person at the end of the page before is gone; begin the list anew.");
        }
        return 0;
bad:
        return error_field(reterr, ERROR_BAD_FIELD, "after", "This is no cursor of a list in this order.");
}

#define FILTER_BINDINGS TEXT(state, f->state), TEXT(role, f->role), TEXT(q, like), TEXT(group, f->group)
int store_user_list(Store* s, const UserFilter* f, char** ret_json, Error* reterr) {
        _cleanup_free_ char* like = NULL;
        Cursor c = { .id = 0 };
        int r = cursor_parse(s, f, &c, reterr);
        if (r < 0)
                return r;
        r = like_pattern(f->q, &like);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list people");
        bool all = !f->state && !f->role && !like && !f->group;
        const Statement* total = all ? &user_total : &user_list_total;
        const Binding* total_bindings = all ? BIND_NONE : BIND(FILTER_BINDINGS);
        int64_t limit = (int64_t) f->limit + 1;
        switch (f->sort) {
        case USER_SORT_DISPLAY_NAME:
                if (c.id == 0)
                        return store_page(s, &user_list_display_name_first, BIND(FILTER_BINDINGS, INTEGER(limit, limit)),
                                          total, total_bindings, f->limit, ret_json, reterr);
                return store_page(s, &user_list_display_name, BIND(FILTER_BINDINGS, INTEGER(limit, limit), INTEGER(id, c.id)),
                                  total, total_bindings, f->limit, ret_json, reterr);
        case USER_SORT_LAST_SEEN:
                return store_page(s, &user_list_last_seen,
                                  BIND(FILTER_BINDINGS, INTEGER(limit, limit), INTEGER(id, c.id), INTEGER(seen, c.seen)),
                                  total, total_bindings, f->limit, ret_json, reterr);
        case USER_SORT_CREATED:
                return store_page(s, &user_list_created,
                                  BIND(FILTER_BINDINGS, INTEGER(limit, limit), INTEGER(id, c.id ?: INT64_MAX)),
                                  total, total_bindings, f->limit, ret_json, reterr);
        default:
                return store_page(s, &user_list_username, BIND(FILTER_BINDINGS, INTEGER(limit, limit), TEXT(key, c.key)),
                                  total, total_bindings, f->limit, ret_json, reterr);
        }
}

STATEMENT(user_json, "SELECT " USER_JSON " FROM user AS u WHERE u.id = :id");
int store_user_json(Store* s, int64_t id, char** ret_json, Error* reterr) {
        return store_get_text(s, &user_json, BIND(INTEGER(id, id)), ret_json, reterr);
}

STATEMENT(user_search,
          "SELECT json_group_array(json_object('username', username, 'display_name', display_name)) FROM"
          " (SELECT username, display_name FROM user WHERE username LIKE :q ESCAPE '\\' OR display_name LIKE :q ESCAPE '\\'"
          " OR email LIKE :q ESCAPE '\\' ORDER BY username LIMIT 8)");
int store_user_search(Store* s, const char* q, char** ret_json, Error* reterr) {
        _cleanup_free_ char* like = NULL;
        int r = like_pattern(q, &like);
        if (r < 0)
                return error_errno(reterr, r, "Cannot search people");
        return store_get_text(s, &user_search, BIND(TEXT(q, like)), ret_json, reterr);
}

STATEMENT(user_personal_data,
          "SELECT json_object('profile', " USER_JSON ", 'password_changed_at', u.password_changed_at,"
          " 'recovery_verified_at', u.recovery_verified_at,"
          " 'recovery_codes_left', (SELECT count(*) FROM recovery_code AS c WHERE c.user_id = u.id AND c.used_at IS NULL),"
          " 'sessions', (SELECT json_group_array(json_object('id', s.id, 'agent', s.agent, 'address', s.address,"
          "   'created_at', s.created_at, 'seen_at', s.seen_at, 'expires_at', s.expires_at)) FROM session AS s WHERE s.user_id = u.id),"
          " 'tokens', (SELECT json_group_array(json_object('id', t.id, 'name', t.name, 'scopes', json(t.scopes),"
          "   'created_at', t.created_at, 'expires_at', t.expires_at, 'used_at', t.used_at)) FROM token AS t WHERE t.user_id = u.id),"
          " 'links', (SELECT json_group_array(json_object('kind', l.kind, 'created_at', l.created_at, 'expires_at', l.expires_at))"
          "   FROM link AS l WHERE l.user_id = u.id),"
          " 'consents', (SELECT json_group_array(json_object('kind', c.kind, 'given', json(iif(c.given, 'true', 'false')),"
          "   'version', c.version, 'decided_at', c.decided_at)) FROM consent AS c WHERE c.user_id = u.id))"
          " FROM user AS u WHERE u.id = :id");
int store_user_personal_data(Store* s, int64_t id, char** ret_json, Error* reterr) {
        return store_get_text(s, &user_personal_data, BIND(INTEGER(id, id)), ret_json, reterr);
}

STATEMENT(user_walk,
          "SELECT " USER_COLUMNS ", (SELECT group_concat(name, ' ') FROM (SELECT g.name AS name FROM user_group_member AS m"
          " JOIN user_group AS g ON g.id = m.group_id WHERE m.user_id = u.id ORDER BY g.name)) FROM user AS u ORDER BY u.username");
int store_user_walk(Store* s, UserRow row, void* data, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &user_walk, BIND_NONE, &q, reterr);
        while (r >= 0 && (r = query_next(&q, reterr)) > 0) {
                _cleanup_(user_freep) User* u = NULL;
                r = user_from_row(&q, &u, reterr);
                if (r >= 0)
                        r = row(u, strempty(query_text(&q, 15)), data);
        }
        return r;
}

STATEMENT(user_import_forget, "UPDATE job SET request = '{}' WHERE id = :id");
int store_user_import_forget(Store* s, const char* job_id, Error* reterr) {
        return store_run(s, &user_import_forget, BIND(TEXT(id, job_id)), reterr);
}
