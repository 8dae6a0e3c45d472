#include "store/store-group.h"
#include "store/store-page.h"

STATEMENT(group_id, "SELECT id FROM user_group WHERE name = :name");
int store_group_id(Store* s, const char* name, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &group_id, BIND(TEXT(name, name)), ret, reterr);
}

STATEMENT(group_insert, "INSERT INTO user_group (name, description, created_at) VALUES (:name, :description, :now)");
int store_group_add(Store* s, const char* name, const char* description, int64_t now, int64_t* ret_id, Error* reterr) {
        int r = store_run(s, &group_insert, BIND(TEXT(name, name), TEXT(description, description), INTEGER(now, now)), reterr);
        if (r >= 0)
                *ret_id = store_last_id(s);
        return r;
}

STATEMENT(group_update,
          "UPDATE user_group SET name = ifnull(:name, name), description = ifnull(:description, description) WHERE id = :id");
int store_group_update(Store* s, int64_t id, const char* name, const char* description, Error* reterr) {
        return store_run(s, &group_update, BIND(TEXT(name, name), TEXT(description, description), INTEGER(id, id)), reterr);
}

STATEMENT(group_remove, "DELETE FROM user_group WHERE id = :id");
int store_group_remove(Store* s, int64_t id, Error* reterr) {
        return store_run(s, &group_remove, BIND(INTEGER(id, id)), reterr);
}

#define SOLE_APPS                                                                                               \
        " FROM app_group AS x JOIN app AS a ON a.id = x.app_id WHERE x.group_id = g.id AND a.access = 'groups'"         \
        " AND NOT EXISTS (SELECT 1 FROM app_group AS y WHERE y.app_id = x.app_id AND y.group_id <> g.id) AND "
/* Its operators see it in lists, its members as a tile. */
#define IS_SEEN                                                                                                 \
        "(:all OR EXISTS (SELECT 1 FROM app_operator AS o WHERE o.app_id = a.id AND o.user_id = :user)"         \
        " OR EXISTS (SELECT 1 FROM user_group_member AS w WHERE w.group_id = g.id AND w.user_id = :user))"
#define GROUP_JSON                                                                                              \
        "json_object('name', g.name, 'description', g.description,"                                             \
        " 'members', (SELECT count(*) FROM user_group_member AS m WHERE m.group_id = g.id),"                    \
        " 'sole_apps', json((SELECT json_group_array(title) FROM (SELECT a.title" SOLE_APPS IS_SEEN " ORDER BY a.title))),"        \
        " 'sole_apps_unseen', (SELECT count(*)" SOLE_APPS "NOT " IS_SEEN "), 'created_at', g.created_at)"
#define GROUP_FILTER " (:q IS NULL OR g.name LIKE :q ESCAPE '\\' OR g.description LIKE :q ESCAPE '\\')"

STATEMENT(group_json, "SELECT " GROUP_JSON " FROM user_group AS g WHERE g.id = :id");
int store_group_json(Store* s, int64_t id, GroupViewer viewer, char** ret_json, Error* reterr) {
        return store_get_text(s, &group_json, BIND(INTEGER(id, id), INTEGER(all, viewer.all), INTEGER(user, viewer.user_id)),
                              ret_json, reterr);
}

STATEMENT(group_list,
          "SELECT " GROUP_JSON ", g.name FROM user_group AS g WHERE g.name > ifnull(:after, '') AND" GROUP_FILTER
          " ORDER BY g.name LIMIT :limit");
STATEMENT(group_total, "SELECT count(*) FROM user_group AS g WHERE" GROUP_FILTER);
int store_group_list(Store* s, const GroupFilter* f, char** ret_json, Error* reterr) {
        _cleanup_free_ char* like = NULL;
        int r = like_pattern(f->q, &like);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list groups");
        int64_t limit = (int64_t) f->limit + 1;
        return store_page(s, &group_list,
                          BIND(TEXT(q, like), TEXT(after, f->after), INTEGER(limit, limit), INTEGER(all, f->viewer.all),
                               INTEGER(user, f->viewer.user_id)),
                          &group_total, BIND(TEXT(q, like)), f->limit, ret_json, reterr);
}

STATEMENT(group_search,
          "SELECT json_group_array(json_object('name', name, 'description', description)) FROM (SELECT name, description"
          " FROM user_group AS g WHERE" GROUP_FILTER " ORDER BY name LIMIT 8)");
int store_group_search(Store* s, const char* q, char** ret_json, Error* reterr) {
        _cleanup_free_ char* like = NULL;
        int r = like_pattern(q, &like);
        if (r < 0)
                return error_errno(reterr, r, "Cannot search groups");
        return store_get_text(s, &group_search, BIND(TEXT(q, like)), ret_json, reterr);
}

STATEMENT(group_join, "INSERT OR IGNORE INTO user_group_member (group_id, user_id) VALUES (:group, :user)");
int store_group_join(Store* s, int64_t group_id_, int64_t user_id, Error* reterr) {
        return store_run(s, &group_join, BIND(INTEGER(group, group_id_), INTEGER(user, user_id)), reterr);
}

STATEMENT(group_leave, "DELETE FROM user_group_member WHERE group_id = :group AND user_id = :user");
int store_group_leave(Store* s, int64_t group_id_, int64_t user_id, Error* reterr) {
        return store_run(s, &group_leave, BIND(INTEGER(group, group_id_), INTEGER(user, user_id)), reterr);
}

STATEMENT(group_leave_all, "DELETE FROM user_group_member WHERE user_id = :user");
int store_group_leave_all(Store* s, int64_t user_id, Error* reterr) {
        return store_run(s, &group_leave_all, BIND(INTEGER(user, user_id)), reterr);
}

STATEMENT(group_unknown,
          "SELECT j.value FROM json_each(:names) AS j WHERE NOT EXISTS (SELECT 1 FROM user_group AS g WHERE g.name = j.value)");
int store_group_unknown(Store* s, const json_t* names, char** ret, Error* reterr) {
        _cleanup_free_ char* text = json_text(names, /* canonical= */ false);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot look up groups");
        return store_get_text(s, &group_unknown, BIND(TEXT(names, text)), ret, reterr);
}

STATEMENT(group_join_named,
          "INSERT OR IGNORE INTO user_group_member (group_id, user_id)"
          " SELECT g.id, :user FROM user_group AS g WHERE g.name IN (SELECT j.value FROM json_each(:names) AS j)");
int store_group_join_named(Store* s, int64_t user_id, const json_t* names, Error* reterr) {
        _cleanup_free_ char* text = json_text(names, /* canonical= */ false);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot join groups");
        return store_run(s, &group_join_named, BIND(TEXT(names, text), INTEGER(user, user_id)), reterr);
}

STATEMENT(group_names_of,
          "SELECT json_group_array(name) FROM (SELECT g.name AS name FROM user_group_member AS m"
          " JOIN user_group AS g ON g.id = m.group_id WHERE m.user_id = :user ORDER BY g.name)");
int store_group_names_of(Store* s, int64_t user_id, char** ret_json, Error* reterr) {
        return store_get_text(s, &group_names_of, BIND(INTEGER(user, user_id)), ret_json, reterr);
}
