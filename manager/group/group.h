/* Groups of people. Everything that changes runs inside the caller's open transaction. */
#pragma once
#include "api/request.h"
#include "noun.h"
#include "store/store-group.h"

/* NOT_FOUND when there is none of this name. */
int group_find(Manager* m, const char* name, int64_t* ret, Error* reterr);
GroupViewer group_viewer(const Actor* a);
int group_add(Manager* m, const Actor* a, const char* name, const char* description, const json_t* members, int64_t* ret_id, Error* reterr);
int group_update(Manager* m, int64_t id, const char* name, const char* new_name, const char* description, Error* reterr);
int group_remove(Manager* m, int64_t id, Error* reterr);
/* Joining or leaving what was so already is fine. Only for people whose role is part of the actor's own. */
int group_join(Manager* m, const Actor* a, int64_t id, const char* username, Error* reterr);
int group_leave(Manager* m, const Actor* a, int64_t id, const char* username, Error* reterr);
