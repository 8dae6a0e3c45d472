/* Apps: which there are, what state each is in, who may do what with it. Rules only; SQL is in store/store-app.h, what root does for an app
 * in run/record.h, how its images get here in image/image.h. */
#pragma once
#include "app-slots.h"
#include "api/request.h"
#include "daemon/manager.h"
#include "job/job.h"
#include "store/store-app.h"

/* The app, where this person may operate it: administrators, and the app's own operators; NOT_FOUND for
 * all others, who need not know that it is there. */
int app_authorise(Manager* m, const Actor* actor, const char* app, AppRow* ret, Error* reterr);
/* Whether this person may operate an app that is there: 1 yes, 0 no. */
int app_may_operate(Manager* m, const Actor* actor, const char* app, Error* reterr);
/* Images that no app, no kept version and no archive needs go soon, by a job of their own; whatever
 * becomes of the manager until then. In the transaction that is open, or one of its own. */
void app_images_clean_soon(Manager* m);
/* A sealed blob of every app under a new generation of the key "apps". */
int app_secrets_reseal(Manager* m, uint64_t generation, Error* reterr);

extern const JobClass app_install_job, app_run_job, app_update_job, app_update_all_job, app_rollback_job, app_clone_job, app_uninstall_job,
        app_restore_job, app_archive_remove_job, app_export_job, app_data_job,
        app_measure_job, image_clean_job;
