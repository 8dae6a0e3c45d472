/* Apps: which there are, what state each is in, who may do what with it. Rules only; SQL is in store/store-app.h, what root does for an app
 * in run/record.h, how its images get here in image/image.h. */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"
#include "job/job.h"

#define APP_ID_BYTES 33
#define APP_SLOT_MAX 4095
/* Id range of slot n: APP_UID_BASE + n * 65536 .. + 65535. Slot 0 owns the images. Above systemd's container range, below the kernel's
 * reserved one (systemd's UIDS-GIDS.md). */
#define APP_UID_BASE 0x70000000u
#define APP_UIDS 65536u

extern const JobClass app_install_job, app_run_job, app_update_job, app_update_all_job, app_rollback_job, app_clone_job, app_uninstall_job,
        app_restore_job, app_archive_remove_job, app_export_job;
