/* Apps: which there are, what state each is in, who may do what with it. Rules only; SQL is in store/store-app.h, what root does for an app
 * in run/record.h, how its images get here in image/image.h. */
#pragma once
#include "app-slots.h"
#include "api/request.h"
#include "daemon/manager.h"
#include "job/job.h"

extern const JobClass app_install_job, app_run_job, app_update_job, app_update_all_job, app_rollback_job, app_clone_job, app_uninstall_job,
        app_restore_job, app_archive_remove_job, app_export_job;
