#include "store/store-session.h"
#include "store/store-page.h"
#include <stdio.h>

static const char* const link_kind_table[_LINK_KIND_MAX] = {
        [LINK_KIND_OWNER] = "owner",
        [LINK_KIND_INVITE] = "invite",
        [LINK_KIND_RESET] = "reset",
};

const char* link_kind_to_string(LinkKind k) {
        return k >= 0 && k < _LINK_KIND_MAX ? link_kind_table[k] : NULL;
}

LinkKind link_kind_from_string(const char* s) {
        for (LinkKind k = 0; k < _LINK_KIND_MAX; k++)
                if (streq_ptr(link_kind_table[k], s))
                        return k;
        return _LINK_KIND_INVALID;
}

void entry_done(Entry* e) {
        free(e->scopes);
        *e = (Entry) {};
}

void link_done(Link* l) {
        free(l->email);
        *l = (Link) {};
}

static int entry_get(Store* s, const Statement* statement, const uint8_t* token, Entry* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, statement, BIND(BLOB(token, token, DIGEST_BYTES)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        Entry e = {
                .user_id = query_integer(&q, 1),
                .role = role_from_string(strempty(query_text(&q, 3))),
                .state = user_state_from_string(query_text(&q, 4)),
                .created_at = query_integer(&q, 5),
                .seen_at = query_integer(&q, 6),
                .expires_at = query_integer(&q, 7),
        };
        (void) snprintf(e.id, sizeof(e.id), "%s", query_text(&q, 0));
        (void) snprintf(e.username, sizeof(e.username), "%s", query_text(&q, 2));
        if (e.role < 0 || e.state < 0)
                return error_set(reterr, ERROR_STORE_BROKEN, "The store has a person of an unknown role or state, number %lld.", (long long) e.user_id);
        if (query_text(&q, 8) && !(e.scopes = strdup(query_text(&q, 8))))
                return error_errno(reterr, -ENOMEM, "Cannot read a token");
        *ret = e;
        return 1;
}

STATEMENT(session_insert,
          "INSERT INTO session (id, token_sha256, user_id, agent, address, created_at, seen_at, expires_at)"
          " VALUES (:id, :token, :user, :agent, :address, :now, :now, :expires)");
int store_session_add(
                Store* s,
                const char* id,
                const uint8_t token[static DIGEST_BYTES],
                int64_t user_id,
                const char* agent,
                const char* address,
                int64_t now,
                int64_t expires_at,
                Error* reterr) {
        return store_run(
                        s,
                        &session_insert,
                        BIND(TEXT(id, id),
                             BLOB(token, token, DIGEST_BYTES),
                             INTEGER(user, user_id),
                             TEXT(agent, agent),
                             TEXT(address, address),
                             INTEGER(now, now),
                             INTEGER(expires, expires_at)),
                        reterr);
}

STATEMENT(session_find,
          "SELECT s.id, s.user_id, u.username, u.role, u.state, s.created_at, s.seen_at, s.expires_at, NULL"
          " FROM session AS s JOIN user AS u ON u.id = s.user_id WHERE s.token_sha256 = :token");
int store_session_find(Store* s, const uint8_t token[static DIGEST_BYTES], Entry* ret, Error* reterr) {
        return entry_get(s, &session_find, token, ret, reterr);
}

STATEMENT(session_seen, "UPDATE session SET seen_at = :at, expires_at = :expires WHERE id = :id");
int store_session_seen(Store* s, const char* id, int64_t at, int64_t expires_at, Error* reterr) {
        return store_run(s, &session_seen, BIND(TEXT(id, id), INTEGER(at, at), INTEGER(expires, expires_at)), reterr);
}

STATEMENT(session_list,
          "SELECT json_object('id', id, 'current', json(iif(id = :current, 'true', 'false')), 'agent', agent, 'address', address,"
          " 'created_at', created_at, 'seen_at', seen_at, 'expires_at', expires_at) FROM session"
          " WHERE user_id = :user AND expires_at > :now ORDER BY seen_at DESC, id");
int store_session_list(Store* s, int64_t user_id, const char* current_id, int64_t now, char** ret_json, Error* reterr) {
        return store_items(s, &session_list, BIND(INTEGER(user, user_id), TEXT(current, strempty(current_id)), INTEGER(now, now)),
                           ret_json, reterr);
}

STATEMENT(session_expiry, "SELECT expires_at FROM session WHERE id = :id");
int store_session_expiry(Store* s, const char* id, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &session_expiry, BIND(TEXT(id, id)), ret, reterr);
}

STATEMENT(session_remove, "DELETE FROM session WHERE id = :id AND user_id = :user");
int store_session_remove(Store* s, int64_t user_id, const char* id, Error* reterr) {
        return store_run(s, &session_remove, BIND(TEXT(id, id), INTEGER(user, user_id)), reterr);
}

STATEMENT(session_remove_all, "DELETE FROM session WHERE user_id = :user AND id <> :but");
int store_session_remove_all(Store* s, int64_t user_id, const char* but_id, Error* reterr) {
        return store_run(s, &session_remove_all, BIND(INTEGER(user, user_id), TEXT(but, strempty(but_id))), reterr);
}

STATEMENT(session_trim,
          "DELETE FROM session WHERE user_id = :user AND id NOT IN"
          " (SELECT id FROM session WHERE user_id = :user ORDER BY seen_at DESC, created_at DESC LIMIT :keep)");
int store_session_trim(Store* s, int64_t user_id, int64_t keep, Error* reterr) {
        return store_run(s, &session_trim, BIND(INTEGER(user, user_id), INTEGER(keep, keep)), reterr);
}

STATEMENT(token_insert,
          "INSERT INTO token (id, token_sha256, user_id, name, scopes, created_at, expires_at)"
          " VALUES (:id, :token, :user, :name, :scopes, :now, :expires)");
int store_token_add(
                Store* s,
                const char* id,
                const uint8_t token[static DIGEST_BYTES],
                int64_t user_id,
                const char* name,
                const json_t* scopes,
                int64_t now,
                int64_t expires_at,
                Error* reterr) {
        _cleanup_free_ char* text = json_text(scopes, /* canonical= */ false);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot add the token");
        return store_run(
                        s,
                        &token_insert,
                        BIND(TEXT(id, id),
                             BLOB(token, token, DIGEST_BYTES),
                             INTEGER(user, user_id),
                             TEXT(name, name),
                             TEXT(scopes, text),
                             INTEGER(now, now),
                             INTEGER(expires, expires_at)),
                        reterr);
}

STATEMENT(token_find,
          "SELECT t.id, t.user_id, u.username, u.role, u.state, t.created_at, ifnull(t.used_at, 0), t.expires_at, t.scopes"
          " FROM token AS t JOIN user AS u ON u.id = t.user_id WHERE t.token_sha256 = :token");
int store_token_find(Store* s, const uint8_t token[static DIGEST_BYTES], Entry* ret, Error* reterr) {
        return entry_get(s, &token_find, token, ret, reterr);
}

STATEMENT(token_used, "UPDATE token SET used_at = :at WHERE id = :id");
int store_token_used(Store* s, const char* id, int64_t at, Error* reterr) {
        return store_run(s, &token_used, BIND(TEXT(id, id), INTEGER(at, at)), reterr);
}

STATEMENT(token_scopes, "SELECT scopes FROM token WHERE id = :id");
int store_token_scopes(Store* s, const char* id, char** ret_json, Error* reterr) {
        return store_get_text(s, &token_scopes, BIND(TEXT(id, id)), ret_json, reterr);
}

STATEMENT(token_count, "SELECT count(*) FROM token WHERE user_id = :user");
int store_token_count(Store* s, int64_t user_id, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &token_count, BIND(INTEGER(user, user_id)), ret, reterr);
}

STATEMENT(token_list,
          "SELECT json_object('id', id, 'name', name, 'scopes', json(scopes), 'created_at', created_at, 'expires_at', expires_at,"
          " 'used_at', used_at) FROM token WHERE user_id = :user ORDER BY created_at DESC, id");
int store_token_list(Store* s, int64_t user_id, char** ret_json, Error* reterr) {
        return store_items(s, &token_list, BIND(INTEGER(user, user_id)), ret_json, reterr);
}

STATEMENT(token_remove, "DELETE FROM token WHERE id = :id AND user_id = :user");
int store_token_remove(Store* s, int64_t user_id, const char* id, Error* reterr) {
        return store_run(s, &token_remove, BIND(TEXT(id, id), INTEGER(user, user_id)), reterr);
}

STATEMENT(token_remove_all, "DELETE FROM token WHERE user_id = :user");
int store_token_remove_all(Store* s, int64_t user_id, Error* reterr) {
        return store_run(s, &token_remove_all, BIND(INTEGER(user, user_id)), reterr);
}

STATEMENT(link_insert,
          "INSERT INTO link (token_sha256, kind, user_id, email, created_at, expires_at)"
          " VALUES (:token, :kind, :user, :email, :now, :expires)");
int store_link_add(Store* s, const uint8_t token[static DIGEST_BYTES], const Link* link, int64_t now, Error* reterr) {
        return store_run(
                        s,
                        &link_insert,
                        BIND(BLOB(token, token, DIGEST_BYTES),
                             TEXT(kind, link_kind_to_string(link->kind)),
                             INTEGER_OR_NULL(user, link->user_id),
                             TEXT(email, link->email),
                             INTEGER(now, now),
                             INTEGER(expires, link->expires_at)),
                        reterr);
}

STATEMENT(link_find, "SELECT kind, ifnull(user_id, 0), email, expires_at FROM link WHERE token_sha256 = :token");
int store_link_find(Store* s, const uint8_t token[static DIGEST_BYTES], Link* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &link_find, BIND(BLOB(token, token, DIGEST_BYTES)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        Link l = { .kind = link_kind_from_string(query_text(&q, 0)), .user_id = query_integer(&q, 1), .expires_at = query_integer(&q, 3) };
        if (l.kind < 0)
                return error_set(reterr, ERROR_STORE_BROKEN, "The store has a link of an unknown kind.");
        if (query_text(&q, 2) && !(l.email = strdup(query_text(&q, 2))))
                return error_errno(reterr, -ENOMEM, "Cannot read the link");
        *ret = l;
        return 1;
}

STATEMENT(link_is_first, "SELECT NOT EXISTS (SELECT 1 FROM link) AND NOT EXISTS (SELECT 1 FROM user)");
int store_link_is_first(Store* s, Error* reterr) {
        int64_t first = 0;
        int r = store_get_integer(s, &link_is_first, BIND_NONE, &first, reterr);
        return r < 0 ? r : (int) first;
}

STATEMENT(link_remove_of, "DELETE FROM link WHERE user_id IS :user");
int store_link_remove_of(Store* s, int64_t user_id, Error* reterr) {
        return store_run(s, &link_remove_of, BIND(INTEGER_OR_NULL(user, user_id)), reterr);
}

STATEMENT(recovery_remove_all, "DELETE FROM recovery_code WHERE user_id = :user");
STATEMENT(recovery_insert, "INSERT INTO recovery_code (user_id, code_sha256) VALUES (:user, :code)");
int store_recovery_replace(Store* s, int64_t user_id, const uint8_t (*codes)[DIGEST_BYTES], size_t n, Error* reterr) {
        int r = store_run(s, &recovery_remove_all, BIND(INTEGER(user, user_id)), reterr);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = store_run(s, &recovery_insert, BIND(INTEGER(user, user_id), BLOB(code, codes[i], DIGEST_BYTES)), reterr);
        return MIN(r, 0);
}

STATEMENT(recovery_use,
          "UPDATE recovery_code SET used_at = :now WHERE user_id = :user AND code_sha256 = :code AND used_at IS NULL");
int store_recovery_use(Store* s, int64_t user_id, const uint8_t code[static DIGEST_BYTES], int64_t now, Error* reterr) {
        return store_run(s, &recovery_use, BIND(INTEGER(now, now), INTEGER(user, user_id), BLOB(code, code, DIGEST_BYTES)), reterr);
}

STATEMENT(recovery_has, "SELECT 1 FROM recovery_code WHERE user_id = :user AND code_sha256 = :code AND used_at IS NULL");
int store_recovery_has(Store* s, int64_t user_id, const uint8_t code[static DIGEST_BYTES], Error* reterr) {
        int64_t one = 0;
        return store_get_integer(s, &recovery_has, BIND(INTEGER(user, user_id), BLOB(code, code, DIGEST_BYTES)), &one, reterr);
}

STATEMENT(recovery_left, "SELECT count(*) FROM recovery_code WHERE user_id = :user AND used_at IS NULL");
int store_recovery_left(Store* s, int64_t user_id, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &recovery_left, BIND(INTEGER(user, user_id)), ret, reterr);
}

STATEMENT(consent_insert,
          "INSERT INTO consent (user_id, kind, given, version, decided_at) VALUES (:user, :kind, :given, :version, :now)");
int store_consent_add(Store* s, int64_t user_id, const char* kind, bool given, const char* version, int64_t now, Error* reterr) {
        return store_run(
                        s,
                        &consent_insert,
                        BIND(INTEGER(user, user_id), TEXT(kind, kind), INTEGER(given, given), TEXT(version, version), INTEGER(now, now)),
                        reterr);
}

#define CONSENT_JSON \
        "json_object('kind', kind, 'given', json(iif(given, 'true', 'false')), 'version', version, 'decided_at', decided_at)"
STATEMENT(consent_newest, "SELECT " CONSENT_JSON " FROM consent WHERE user_id = :user AND kind = :kind ORDER BY id DESC LIMIT 1");
int store_consent_newest(Store* s, int64_t user_id, const char* kind, char** ret_json, Error* reterr) {
        return store_get_text(s, &consent_newest, BIND(INTEGER(user, user_id), TEXT(kind, kind)), ret_json, reterr);
}

STATEMENT(consent_list,
          "SELECT " CONSENT_JSON
          " FROM consent WHERE user_id = :user ORDER BY id DESC");
int store_consent_list(Store* s, int64_t user_id, char** ret_json, Error* reterr) {
        return store_items(s, &consent_list, BIND(INTEGER(user, user_id)), ret_json, reterr);
}

STATEMENT(consent_given, "SELECT given FROM consent WHERE user_id = :user AND kind = :kind ORDER BY id DESC LIMIT 1");
int store_consent_given(Store* s, int64_t user_id, const char* kind, Error* reterr) {
        int64_t given = 0;
        int r = store_get_integer(s, &consent_given, BIND(INTEGER(user, user_id), TEXT(kind, kind)), &given, reterr);
        return r < 0 ? r : given != 0;
}

STATEMENT(privacy_changed_at,
          "SELECT ifnull(max(changed_at), 0) FROM setting WHERE key IN ('controller', 'contact', 'authority', 'retention_days')");
int store_privacy_changed_at(Store* s, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &privacy_changed_at, BIND_NONE, ret, reterr);
}

STATEMENT(session_expire, "DELETE FROM session WHERE expires_at <= :now");
STATEMENT(link_expire, "DELETE FROM link WHERE expires_at <= :now");
STATEMENT(token_expire, "DELETE FROM token WHERE expires_at <= :now - 30 * 86400");
int store_session_expire(Store* s, int64_t now, Error* reterr) {
        int r = store_run(s, &session_expire, BIND(INTEGER(now, now)), reterr);
        if (r >= 0)
                r = store_run(s, &link_expire, BIND(INTEGER(now, now)), reterr);
        if (r >= 0)
                r = store_run(s, &token_expire, BIND(INTEGER(now, now)), reterr);
        return MIN(r, 0);
}
