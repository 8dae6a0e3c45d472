/* Newer versions of apps that came from a bare image or a Compose file. Nobody publishes versions of
 * those: a newer one is what their tags lead to by now, or another Compose file that somebody hands over.
 * What is on offer stands as a row of app_version that was not left, with the images pinned as they were
 * looked up; from there on updating is the same as for packages. */
#pragma once
#include "app/app-internal.h"

bool own_is(const AppRow* row); /* of an image or a Compose file */
/* The row of what is on offer, owned: 1, 0 = nothing is. */
int own_offer(Manager* m, const AppRow* row, AppVersionRow* ret, Error* reterr);
/* A sub-step as in steps.h: asks the registries where the tags lead, fetching nothing, and keeps or drops the offer. */
int own_step_look(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr);
/* {KEY: value} of the variables of its Compose file as they stand, owned: wipe with app_values_free(). */
int own_variables(Manager* m, const AppRow* row, json_t** ret, Error* reterr);
/* The manifest with every image pinned to what `images` (of the same version) says; owned. What it has no word of stays as it is. */
json_t* own_pinned(const json_t* manifest, const json_t* images);
/* "2026.11.21" of the box's zone, for the first version of such an app. */
void own_version_today(char ret[static 32]);

/* Adds the update to what another Compose file says; refused while the app is worked on. answers: {setting key: value}. */
int app_update_by_file(Manager* m, const Actor* actor, AppRow* row, const json_t* manifest,
                const json_t* answers, char ret_job[static JOB_ID_BYTES], Error* reterr);
/* Adds the job that looks. */
int app_look(Manager* m, const Actor* actor, const AppRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr);
int own_look_daily(Manager* m, Error* reterr); /* inside the open transaction */
