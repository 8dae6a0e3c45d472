#include "group/group.h"
#include "api/events.h"
#include "base/time.h"
#include "store/store-group.h"
#include "user/user.h"
#include <stdio.h>

int group_find(Manager* m, const char* name, int64_t* ret, Error* reterr) {
        int r = store_group_id(m->store, name, ret, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no group called %s.", name);
        return MIN(r, 0);
}

/* As app_may_operate() has it. */
GroupViewer group_viewer(const Actor* a) {
        return (GroupViewer) { .all = a->root || role_includes(a->role, ROLE_ADMIN), .user_id = a->user_id };
}

static void changed(Manager* m) {
        if (m->events)
                events_changed(m->events, "group");
}

static int check_free(Manager* m, const char* name, Error* reterr) {
        int64_t id = 0;
        int r = store_group_id(m->store, name, &id, reterr);
        if (r > 0)
                return error_field(reterr, ERROR_NAME_TAKEN, "name", "There is a group called %s already.", name);
        return r;
}

/* A user manager may put themselves and people below into groups, but not decide over an administrator's. */
static int member_find(Manager* m, const Actor* a, const char* username, User** ret, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int r = user_find(m, username, &u, reterr);
        if (r >= 0)
                r = user_check_thawed(u, reterr);
        if (r < 0)
                return r;
        if (!role_includes(a->role, u->role))
                return error_set(reterr, ERROR_NOT_ALLOWED, "You may not change the groups of %s, whose role is not part of yours.", username);
        *ret = TAKE_PTR(u);
        return 0;
}

static int join(Manager* m, const Actor* a, int64_t id, const char* username, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int r = member_find(m, a, username, &u, reterr);
        if (r >= 0)
                r = store_group_join(m->store, id, u->id, reterr);
        return r;
}

int group_add(Manager* m, const Actor* a, const char* name, const char* description, const json_t* members, int64_t* ret_id, Error* reterr) {
        int r = check_free(m, name, reterr);
        if (r >= 0)
                r = store_group_add(m->store, name, strempty(description), now_seconds(), ret_id, reterr);
        for (size_t i = 0; i < json_array_size(members) && r >= 0; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                r = join(m, a, *ret_id, strempty(json_string_value(json_array_get(members, i))), &e);
                if (r < 0) /* a name in the body that is nobody's is a wrong field, not a wrong address */
                        return error_field(reterr, e.name == ERROR_NOT_FOUND ? ERROR_BAD_FIELD : e.name, "members", "%s", e.message);
        }
        if (r >= 0)
                changed(m);
        return MIN(r, 0);
}

int group_update(Manager* m, int64_t id, const char* name, const char* new_name, const char* description, Error* reterr) {
        int r = new_name && !streq(new_name, name) ? check_free(m, new_name, reterr) : 0;
        if (r >= 0)
                r = store_group_update(m->store, id, new_name, description, reterr);
        if (r >= 0)
                changed(m);
        return MIN(r, 0);
}

int group_remove(Manager* m, int64_t id, Error* reterr) {
        int r = store_group_remove(m->store, id, reterr);
        if (r >= 0)
                changed(m);
        if (r >= 0 && m->events) { /* apps that it opened may be open to nobody now */
                events_changed(m->events, "app");
                events_changed(m->events, "finding");
        }
        return MIN(r, 0);
}

int group_join(Manager* m, const Actor* a, int64_t id, const char* username, Error* reterr) {
        int r = join(m, a, id, username, reterr);
        if (r > 0)
                changed(m);
        return MIN(r, 0);
}

int group_leave(Manager* m, const Actor* a, int64_t id, const char* username, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int r = member_find(m, a, username, &u, reterr);
        if (r >= 0)
                r = store_group_leave(m->store, id, u->id, reterr);
        if (r > 0)
                changed(m);
        return MIN(r, 0);
}

/* ---- the noun ---- */

static int group_search(Manager* m, int role, const char* q, json_t* ret_hits, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        if (!role_includes((Role) role, ROLE_USER_MANAGER))
                return 0;
        int r = store_group_search(m->store, q, &text, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* found = json_loads(strempty(text), 0, NULL);
        size_t i;
        json_t* g;
        json_array_foreach(found, i, g) {
                char page[64];
                (void) snprintf(page, sizeof(page), "/groups/%.32s", strempty(json_get_string(g, "name")));
                if (json_array_append_new(
                                    ret_hits,
                                    json_pack("{s:s,s:s,s:s,s:s}", "kind", "group", "title", strempty(json_get_string(g, "name")),
                                              "detail", strempty(json_get_string(g, "description")), "page", page)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot search groups");
        }
        return 0;
}

static int group_personal_data(Manager* m, int64_t user_id, json_t* ret_parts, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_group_names_of(m->store, user_id, &text, reterr);
        if (r < 0)
                return r;
        json_t* names = json_loads(strempty(text), 0, NULL);
        return json_object_set_new(ret_parts, "group", names) < 0 ? error_errno(reterr, -ENOMEM, "Cannot collect groups") : 0;
}

static int group_erase(Manager* m, int64_t user_id, Error* reterr) {
        return MIN(store_group_leave_all(m->store, user_id, reterr), 0);
}

const NounClass group_noun = {
        .name = "group",
        .personal_data = group_personal_data,
        .erase = group_erase,
        .search = group_search,
};
