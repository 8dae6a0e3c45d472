/* Apps as the store keeps them, with what hangs on each: secrets (sealed), groups, operators, versions, points, timeline. Decides nothing:
 * manager/app does. */
#pragma once
#include "base/json.h"
#include "store/store.h"

#define APPS_MAX 500 /* on one box */

/* All texts are owned and never NULL; JSON where said. Times in seconds, 0 = never. */
typedef struct AppRow {
        char* id;
        char* origin;       /* catalogue, image, compose */
        char* package;      /* id in the catalogue, or empty */
        char* source;       /* the catalogue's source, or empty */
        char* version;
        char* manifest;     /* JSON object, normalised */
        char* images;       /* JSON object: container -> what the pull found out */
        char* title;
        char* icon;         /* data: URL, or empty */
        char* name;         /* A-labels */
        char* shown;
        char* extra_names;  /* JSON array of A-labels */
        char* access;       /* public, everyone, groups */
        char* state;        /* installing, present, updating, broken, removing */
        char* wanted;       /* running, stopped */
        char* gate;         /* closed, open */
        char* job;          /* that works on it, or empty */
        char* reason;       /* why it is broken or held, or empty */
        char* settings;     /* JSON object key -> text */
        char* environment;  /* JSON object */
        char* limits;       /* JSON object: memory_mb, cpu_weight, disk_mb */
        char* network_out;  /* none, any */
        char* open_ports;   /* JSON array of names */
        char* muted;        /* JSON array: ids of tasks, "mail" */
        char* held_version;
        int64_t slot;
        int64_t maintenance, host_network, auto_update; /* 0, 1 */
        int64_t held_until, soak_until;
        int64_t memory_peak; /* bytes */
        int64_t installed_at, answered_at;
} AppRow;
void app_row_done(AppRow* row);
#define _cleanup_app_row_ _cleanup_(app_row_done)
/* Replaces one text of a row; -ENOMEM leaves the older one. */
int app_row_text(char** field, const char* value);

typedef struct AppRows {
        AppRow* items; /* owned, by title */
        size_t count;
} AppRows;
void app_rows_done(AppRows* rows);
#define _cleanup_app_rows_ _cleanup_(app_rows_done)

/* Getters: 1 found, 0 not. Setters return the number of rows changed. */
int store_app_get(Store* s, const char* id, AppRow* ret, Error* reterr);
int store_app_by_name(Store* s, const char* name, AppRow* ret, Error* reterr); /* its name or one of its further ones */
int store_app_all(Store* s, AppRows* ret, Error* reterr);
/* Only id, name, shown and extra_names of each; the rest stays NULL. For those who ask often: names are looked at with every change. */
int store_app_names(Store* s, AppRows* ret, Error* reterr);
/* Only id, title and name of each, by title: for those who want few of many. */
int store_app_titles(Store* s, AppRows* ret, Error* reterr);
int store_app_count(Store* s, int64_t* ret, Error* reterr);
int store_app_add(Store* s, const AppRow* row, Error* reterr);  /* CONFLICT where id, slot or name is taken */
/* Everything but what was measured (answered_at, memory_peak); read, change and save in one transaction. */
int store_app_save(Store* s, const AppRow* row, Error* reterr);
int store_app_remove(Store* s, const char* id, Error* reterr);
/* The lowest slot in 1..max that neither an app nor anything put aside has; 0 = none is left. */
int store_app_free_slot(Store* s, int64_t max, int64_t* ret, Error* reterr);
int store_app_answered(Store* s, const char* id, int64_t at, Error* reterr);
/* Samples, see app/use.h: some KiB of JSON, which only their keeper reads. */
int store_app_use(Store* s, const char* id, char** ret, Error* reterr);
int store_app_used(Store* s, const char* id, const char* use_hours, int64_t memory_peak, Error* reterr);

/* Sealed values by key. each() borrows; negative ends the walk. */
int store_app_secret_set(Store* s, const char* app, const char* key, const void* value, size_t size, Error* reterr);
int store_app_secret_get(Store* s, const char* app, const char* key, void** ret, size_t* ret_size, Error* reterr);
int store_app_secret_remove(Store* s, const char* app, const char* key, Error* reterr);
typedef int (*AppSecretEach)(const char* app, const char* key, const void* value, size_t size, void* userdata);
int store_app_secret_each(Store* s, const char* app, AppSecretEach each, void* userdata, Error* reterr); /* app NULL = all */

/* JSON arrays of names, owned; setting replaces all. Unknown names are left out: check before. */
int store_app_groups(Store* s, const char* app, json_t** ret, Error* reterr);
int store_app_groups_set(Store* s, const char* app, const json_t* names, Error* reterr);
int store_app_operators(Store* s, const char* app, json_t** ret, Error* reterr);
int store_app_operators_set(Store* s, const char* app, const json_t* usernames, Error* reterr);
int store_app_is_operator(Store* s, const char* app, int64_t user_id, Error* reterr); /* 1 yes, 0 no */
/* Whether the person is in one of the app's groups. */
int store_app_is_member(Store* s, const char* app, int64_t user_id, Error* reterr);
int store_app_user_unknown(Store* s, const json_t* usernames, char** ret, Error* reterr); /* 1 and the first that is nobody; 0 */

/* Versions that were left and are kept. */
typedef struct AppVersionRow {
        char* app_id;
        char* version;
        char* manifest;
        char* images;
        char* point;        /* or empty */
        int64_t since, left_at, kept_until;
} AppVersionRow;
void app_version_row_done(AppVersionRow* row);
#define _cleanup_app_version_row_ _cleanup_(app_version_row_done)
int store_app_version_get(Store* s, const char* app, const char* version, AppVersionRow* ret, Error* reterr);
int store_app_version_put(Store* s, const AppVersionRow* row, Error* reterr); /* writes over what was there */
int store_app_version_remove(Store* s, const char* app, const char* version, Error* reterr);
typedef int (*AppVersionEach)(const AppVersionRow* row, void* userdata); /* borrows */
/* newest left first; NULL = of all */
int store_app_version_each(Store* s, const char* app, AppVersionEach each, void* userdata, Error* reterr);

/* Data that was put aside. */
typedef struct AppPointRow {
        char* id;
        char* app_id;
        char* kind;         /* point, replaced, archive */
        char* record;       /* JSON */
        char* version;
        char* title;
        char* name;
        int64_t slot, size, created_at, kept_until;
} AppPointRow;
void app_point_row_done(AppPointRow* row);
#define _cleanup_app_point_row_ _cleanup_(app_point_row_done)
int store_app_point_get(Store* s, const char* id, AppPointRow* ret, Error* reterr);
int store_app_point_put(Store* s, const AppPointRow* row, Error* reterr);
int store_app_point_remove(Store* s, const char* id, Error* reterr);
typedef int (*AppPointEach)(const AppPointRow* row, void* userdata); /* borrows */
/* Newest first; app and kind NULL = any; before > 0: only those whose time is over then. */
int store_app_point_each(Store* s, const char* app, const char* kind, int64_t before, AppPointEach each, void* userdata, Error* reterr);

/* The timeline: AppEvent of tbl/types.h. */
int store_app_event_add(Store* s, const char* app, int64_t at, const char* kind, const char* severity,
                int64_t actor_id, const char* actor, const char* sentence, Error* reterr);
int store_app_event_list(Store* s, const char* app, const char* q, const char* after, unsigned limit, char** ret_json, Error* reterr);
int store_app_event_expire(Store* s, int64_t before, unsigned keep, Error* reterr); /* keep: of each app, the newest stay */
int store_app_personal(Store* s, int64_t user_id, json_t** ret, Error* reterr); /* {"operates": [ids], "did": [{app, at, sentence}]} */
int store_app_erase(Store* s, int64_t user_id, Error* reterr);                  /* the actor becomes "#id" */
