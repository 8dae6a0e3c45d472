#include "store/store-gate.h"
#include "store/store-internal.h"

STATEMENT(gate_find,
          "SELECT s.app_id, s.name, s.session_id, a.access, u.username, u.display_name, ifnull(u.email, ''),"
          " ifnull((SELECT group_concat(name, ',') FROM (SELECT g.name AS name FROM user_group AS g JOIN user_group_member AS m ON m.group_id = g.id"
          " WHERE m.user_id = u.id ORDER BY g.name)), ''),"
          " EXISTS (SELECT 1 FROM app_group AS ag JOIN user_group_member AS m ON m.group_id = ag.group_id"
          " WHERE ag.app_id = s.app_id AND m.user_id = s.user_id),"
          " u.id, u.state, p.created_at, p.seen_at, p.expires_at"
          " FROM app_session AS s JOIN app AS a ON a.id = s.app_id JOIN user AS u ON u.id = s.user_id"
          " JOIN session AS p ON p.id = s.session_id AND p.user_id = s.user_id WHERE s.token_sha256 = :token");
STATEMENT(gate_add,
          "INSERT INTO app_session (token_sha256, app_id, user_id, session_id, name, created_at) VALUES (:token, :app, :user, :session, :name, :now)");
STATEMENT(gate_trim,
          "DELETE FROM app_session WHERE session_id = :session AND app_id = :app AND token_sha256 NOT IN (SELECT token_sha256 FROM app_session"
          " WHERE session_id = :session AND app_id = :app ORDER BY created_at DESC LIMIT :keep)");
STATEMENT(gate_remove, "DELETE FROM app_session WHERE token_sha256 = :token");

#define IN_GROUP(id) "EXISTS (SELECT 1 FROM user_group_member AS m WHERE m.user_id = :user AND m.group_id = " id ")"
STATEMENT(launcher_apps,
          "SELECT json_group_array(json_object('id', id, 'title', title, 'icon', icon, 'name', name, 'state', state, 'wanted', wanted, 'gate', gate,"
          " 'maintenance', maintenance)) FROM (SELECT * FROM app AS a WHERE state NOT IN ('installing', 'removing') AND (:user = 0"
          " OR access IN ('public', 'everyone') OR EXISTS (SELECT 1 FROM app_group AS ag WHERE ag.app_id = a.id AND " IN_GROUP("ag.group_id") "))"
          " ORDER BY title COLLATE NOCASE, id)");
STATEMENT(launcher_links,
          "SELECT json_group_array(json_object('id', id, 'title', title, 'url', url)) FROM (SELECT * FROM launcher_link AS l WHERE :user = 0"
          " OR json_array_length(groups) = 0 OR EXISTS (SELECT 1 FROM json_each(l.groups) AS g WHERE " IN_GROUP("g.value") ")"
          " ORDER BY title COLLATE NOCASE, id)");
STATEMENT(launcher_links_all,
          "SELECT json_group_array(json_object('tile', id, 'title', title, 'url', url, 'everybody', json(iif(json_array_length(groups) = 0,"
          " 'true', 'false')), 'groups', json((SELECT json_group_array(name) FROM (SELECT g.name AS name FROM user_group AS g"
          " WHERE g.id IN (SELECT value FROM json_each(l.groups)) ORDER BY g.name)))))"
          " FROM (SELECT * FROM launcher_link ORDER BY title COLLATE NOCASE, id) AS l");
STATEMENT(launcher_count, "SELECT count(*) FROM launcher_link");
STATEMENT(launcher_add,
          "INSERT INTO launcher_link (id, title, url, groups, created_at) VALUES (:id, :title, :url,"
          " (SELECT json_group_array(id) FROM user_group WHERE name IN (SELECT value FROM json_each(:groups))), :now)");
STATEMENT(launcher_remove, "DELETE FROM launcher_link WHERE id = :id");
STATEMENT(launcher_group_unknown, "SELECT value FROM json_each(:names) WHERE value NOT IN (SELECT name FROM user_group) LIMIT 1");

void visitor_done(Visitor* v) {
        free(v->app);
        free(v->name);
        free(v->session_id);
        free(v->access);
        free(v->username);
        free(v->display_name);
        free(v->email);
        free(v->groups);
        *v = (Visitor) {};
}

int store_gate_find(Store* s, const uint8_t token[static DIGEST_BYTES], Visitor* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        _cleanup_visitor_ Visitor v = {};
        int r = query_begin(s, &gate_find, BIND(BLOB(token, token, DIGEST_BYTES)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        char** const texts[] = { &v.app, &v.name, &v.session_id, &v.access, &v.username, &v.display_name, &v.email, &v.groups };
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (!(*texts[i] = strdup(strempty(query_text(&q, (int) i)))))
                        return error_errno(reterr, -ENOMEM, "Cannot look a visitor up");
        v.member = query_integer(&q, 8) != 0;
        v.user_id = query_integer(&q, 9);
        v.state = user_state_from_string(query_text(&q, 10));
        v.session_created_at = query_integer(&q, 11);
        v.session_seen_at = query_integer(&q, 12);
        v.session_expires_at = query_integer(&q, 13);
        *ret = v;
        v = (Visitor) {};
        return 1;
}

int store_gate_add(Store* s, const uint8_t token[static DIGEST_BYTES], const char* app, int64_t user_id, const char* session_id, const char* name, int64_t now, Error* reterr) {
        int r = store_run(s, &gate_add,
                          BIND(BLOB(token, token, DIGEST_BYTES), TEXT(app, app), INTEGER(user, user_id), TEXT(session, session_id),
                               TEXT(name, name), INTEGER(now, now)),
                          reterr);
        return r < 0 ? r : store_run(s, &gate_trim, BIND(TEXT(session, session_id), TEXT(app, app), INTEGER(keep, APP_SESSIONS_MAX)), reterr);
}

int store_gate_remove(Store* s, const uint8_t token[static DIGEST_BYTES], Error* reterr) {
        return store_run(s, &gate_remove, BIND(BLOB(token, token, DIGEST_BYTES)), reterr);
}

static int get_array(Store* s, const Statement* statement, const Binding* bindings, json_t** ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_get_text(s, statement, bindings, &text, reterr);
        if (r < 0)
                return r;
        json_t* array = json_loads(strempty(text), JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_array(array)) {
                json_decref(array);
                return error_errno(reterr, -ENOMEM, "Cannot read the launcher");
        }
        *ret = array;
        return 0;
}

int store_launcher_apps(Store* s, int64_t user_id, json_t** ret, Error* reterr) {
        return get_array(s, &launcher_apps, BIND(INTEGER(user, user_id)), ret, reterr);
}

int store_launcher_links(Store* s, int64_t user_id, json_t** ret, Error* reterr) {
        return get_array(s, &launcher_links, BIND(INTEGER(user, user_id)), ret, reterr);
}

int store_launcher_links_all(Store* s, json_t** ret, Error* reterr) {
        return get_array(s, &launcher_links_all, BIND_NONE, ret, reterr);
}

int store_launcher_count(Store* s, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &launcher_count, BIND_NONE, ret, reterr);
}

int store_launcher_add(Store* s, const char* id, const char* title, const char* url, const json_t* groups, int64_t now, Error* reterr) {
        _cleanup_free_ char* names = groups ? json_text(groups, /* canonical= */ false) : strdup("[]");
        if (!names)
                return error_errno(reterr, -ENOMEM, "Cannot keep a link");
        return store_run(s, &launcher_add, BIND(TEXT(id, id), TEXT(title, title), TEXT(url, url), TEXT(groups, names), INTEGER(now, now)), reterr);
}

int store_launcher_remove(Store* s, const char* id, Error* reterr) {
        return store_run(s, &launcher_remove, BIND(TEXT(id, id)), reterr);
}

int store_launcher_group_unknown(Store* s, const json_t* names, char** ret, Error* reterr) {
        _cleanup_free_ char* text = names ? json_text(names, /* canonical= */ false) : strdup("[]");
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot look groups up");
        return store_get_text(s, &launcher_group_unknown, BIND(TEXT(names, text)), ret, reterr);
}
