/* Updates of apps: asking for them, and doing them by the clock. */
#pragma once
#include "app/app-internal.h"

/* Versions in the order in which they would be installed; see version_way(). */
int update_way(Manager* m, const AppRow* row, const char* to, json_t** ret, Error* reterr);
/* Adds the job; `to` NULL = the newest that can be reached. Refused at once where there is no way. */
int app_update(Manager* m, const Actor* actor, const char* app, const char* to, char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_update_all(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr);
/* without data: only where the present version's package says that older ones bear its data. point NULL: the version's own. */
int app_rollback(Manager* m, const Actor* actor, const char* app, const char* version, bool data,
                const char* point, const char* why, char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_clone(Manager* m, const Actor* actor, const char* app, const char* name, const char* id,
                const char* title, char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_archive_restore(Manager* m, const Actor* actor, const char* archive, const char* name,
                char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_archive_goes(Manager* m, const char* archive, Error* reterr); /* 1 where a job that deletes it is open */
int app_archive_remove(Manager* m, const Actor* actor, const char* archive, char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_export(Manager* m, const Actor* actor, const char* app, bool compose, bool secrets,
                char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_export_read(Manager* m, const char* export_id, int64_t offset, json_t** ret, Error* reterr); /* FileChunk */
/* array of AppVersion, the newest on offer first */
int app_versions(Manager* m, const AppRow* row, const char* language, json_t** ret, Error* reterr);
int app_archives(Manager* m, json_t** ret, Error* reterr);                       /* array of AppArchive */

/* What the noun calls. */
int update_points_forget(Manager* m, const char* app, Error* reterr);            /* rows of points whose app is gone; NULL = of all */
int update_startup(Manager* m, Error* reterr);                                   /* the timer of window and soak */
/* What has no owner any more; and, by_calendar, the points, versions and exports whose time is over. */
int update_housekeeping(Manager* m, bool by_calendar, Error* reterr);
void app_exports_sweep(Manager* m);                                               /* the last of these */
/* The newest version that may be had for it, owned; NULL = none. What is held does not count. */
char* update_offered(Manager* m, const AppRow* row);
