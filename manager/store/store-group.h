/* Groups of people as the store keeps them. */
#pragma once
#include "base/json.h"
#include "store/store.h"

/* 1 found, 0 not. */
int store_group_id(Store* s, const char* name, int64_t* ret, Error* reterr);
int store_group_add(Store* s, const char* name, const char* description, int64_t now, int64_t* ret_id, Error* reterr);
int store_group_update(Store* s, int64_t id, const char* name, const char* description, Error* reterr); /* NULL = unchanged */
int store_group_remove(Store* s, int64_t id, Error* reterr);
/* Who asks: titles of apps are told to those alone who may see these apps. */
typedef struct GroupViewer {
        bool all;        /* sees every app */
        int64_t user_id; /* 0 = not one of our people */
} GroupViewer;
int store_group_json(Store* s, int64_t id, GroupViewer viewer, char** ret_json, Error* reterr); /* type Group */

typedef struct GroupFilter {
        GroupViewer viewer;
        const char* q;
        const char* after;
        unsigned limit;
} GroupFilter;
int store_group_list(Store* s, const GroupFilter* filter, char** ret_json, Error* reterr);
int store_group_search(Store* s, const char* q, char** ret_json, Error* reterr); /* array of {name, description} */

int store_group_join(Store* s, int64_t group_id, int64_t user_id, Error* reterr);  /* 1 new, 0 was there */
int store_group_leave(Store* s, int64_t group_id, int64_t user_id, Error* reterr); /* 1 left, 0 was not there */
int store_group_leave_all(Store* s, int64_t user_id, Error* reterr);
/* names: array of strings. The first that is no group: 1 and owned *ret; else 0. */
int store_group_unknown(Store* s, const json_t* names, char** ret, Error* reterr);
int store_group_join_named(Store* s, int64_t user_id, const json_t* names, Error* reterr);
int store_group_names_of(Store* s, int64_t user_id, char** ret_json, Error* reterr); /* array of names */
