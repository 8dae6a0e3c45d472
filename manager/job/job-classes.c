/* Which kind does what, and the engine's ties to the real box: the helper starts and stops units, PID 1 says which live. */
#include "base/log.h"
#include "daemon/helper-client.h"
#include "job/job-internal.h"
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-login.h>

#define DOUBT_USEC (3 * USEC_PER_SEC)
#define UNDO_USEC (5 * USEC_PER_SEC)

extern const JobClass app_archive_remove_job, app_clone_job, app_data_job, app_export_job, app_install_job, app_look_job, app_measure_job, app_restore_job, app_rollback_job,
        app_run_job, app_uninstall_job, app_update_all_job, app_update_job;
extern const JobClass catalogue_refresh_job, certificate_check_job, certificate_job, dns_write_job, domain_check_job, domain_primary_job,
        image_clean_job, image_pull_job, log_verify_job, support_bundle_job, user_delete_job, user_import_job;
static const JobClass* const job_classes[_JOB_KIND_MAX] = {
        [JOB_APP_INSTALL] = &app_install_job,
        [JOB_APP_LOOK] = &app_look_job,
        [JOB_APP_RUN] = &app_run_job,
        [JOB_APP_UNINSTALL] = &app_uninstall_job,
        [JOB_APP_UPDATE] = &app_update_job,
        [JOB_APP_UPDATE_ALL] = &app_update_all_job,
        [JOB_APP_ROLLBACK] = &app_rollback_job,
        [JOB_APP_CLONE] = &app_clone_job,
        [JOB_APP_RESTORE] = &app_restore_job,
        [JOB_APP_ARCHIVE_REMOVE] = &app_archive_remove_job,
        [JOB_APP_EXPORT] = &app_export_job,
        [JOB_APP_MEASURE] = &app_measure_job,
        [JOB_APP_DATA] = &app_data_job,
        [JOB_USER_DELETE] = &user_delete_job,
        [JOB_USER_IMPORT] = &user_import_job,
        [JOB_LOG_VERIFY] = &log_verify_job,
        [JOB_SUPPORT_BUNDLE] = &support_bundle_job,
        [JOB_DNS_WRITE] = &dns_write_job,
        [JOB_CERTIFICATE] = &certificate_job,
        [JOB_DOMAIN_CHECK] = &domain_check_job,
        [JOB_CATALOGUE_REFRESH] = &catalogue_refresh_job,
        [JOB_CERTIFICATE_CHECK] = &certificate_check_job,
        [JOB_DOMAIN_PRIMARY] = &domain_primary_job,
        [JOB_IMAGE_PULL] = &image_pull_job,
        [JOB_IMAGE_CLEAN] = &image_clean_job,
};

/* What an answer from outside belongs to. The manager, not Jobs: answers may come while everything is taken down. */
typedef struct Asked {
        Manager* m;
        char id[JOB_ID_BYTES];
} Asked;

static Asked* asked_new(Jobs* j, const char* id) {
        Asked* a = calloc(1, sizeof(Asked));
        if (a) {
                a->m = j->m;
                (void) snprintf(a->id, sizeof(a->id), "%s", id);
        }
        return a;
}

static void unit_name(const char* kind, const char* id, char ret[static 96]) {
        (void) snprintf(ret, 96, "steadbox-job-%s@%s.service", kind, id);
}

static void on_started(json_t* answer, const Error* error, void* userdata) {
        _cleanup_free_ Asked* a = userdata;
        Error e = ERROR_NULL;
        if (!a->m->jobs)
                return;
        if (error) {
                (void) error_set(&e, error->name, "%s", error->message);
                if (error->hint)
                        (void) error_hint(&e, "%s", error->hint);
        }
        jobs_started(a->m->jobs, a->id, error ? -EIO : 0, &e);
}

static int start(Jobs* j, const char* kind, const char* id, Error* reterr) {
        Asked* a = asked_new(j, id);
        if (!a)
                return error_errno(reterr, -ENOMEM, "Cannot start a job");
        int r = helper_client_job_start(j->m->helper, kind, id, on_started, a, reterr);
        if (r < 0)
                free(a);
        return r;
}

static void stop(Jobs* j, const char* kind, const char* id) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (helper_client_job_stop(j->m->helper, kind, id, NULL, NULL, &e) < 0)
                log_warning("Cannot stop job '%s', ignoring: %s", id, strempty(e.message));
}

static int on_unit_state(sd_bus_message* reply, void* userdata, sd_bus_error* ret_error) {
        _cleanup_free_ Asked* a = userdata;
        const char *name, *description, *load, *state = NULL;
        int alive = -EIO;
        if (!a->m->jobs)
                return 0;
        if (!sd_bus_message_is_method_error(reply, NULL) && sd_bus_message_enter_container(reply, 'a', "(ssssssouso)") > 0) {
                int r = sd_bus_message_enter_container(reply, 'r', "ssssssouso");
                if (r > 0)
                        r = sd_bus_message_read(reply, "ssss", &name, &description, &load, &state);
                alive = r == 0 || !state ? 0 : !streq(state, "inactive") && !streq(state, "failed");
        }
        jobs_looked(a->m->jobs, a->id, alive);
        return 0;
}

static int look(Jobs* j, const char* kind, const char* id) {
        char unit[96];
        unit_name(kind, id, unit);
        if (!j->m->bus)
                return -ENOTCONN;
        Asked* a = asked_new(j, id);
        if (!a)
                return -ENOMEM;
        int r = sd_bus_call_method_async(
                        j->m->bus, /* ret_slot= */ NULL, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                        "org.freedesktop.systemd1.Manager", "ListUnitsByNames", on_unit_state, a, "as", 1, unit);
        if (r < 0)
                free(a);
        return r;
}

/* The peer's process must live in the job's own unit, which only PID 1 can arrange; root in that unit would be a mistake of ours. */
static bool peer_allowed(const JobType* type, const char* id, int fd, uid_t uid) {
        _cleanup_free_ char* unit = NULL;
        char wanted[96];
        unit_name(type->name, id, wanted);
        return uid != 0 && sd_peer_get_unit(fd, &unit) >= 0 && streq(unit, wanted);
}

/* The socket that systemd made for us under the name "job"; without one no worker can report. */
static int listening_socket(void) {
        char** names = NULL;
        int fd = -EBADF, n = sd_listen_fds_with_names(/* unset_environment= */ 0, &names);
        for (int i = 0; i < n; i++)
                if (streq(names[i], "job"))
                        fd = SD_LISTEN_FDS_START + i;
        for (int i = 0; names && names[i]; i++)
                free(names[i]);
        free(names);
        return fd;
}

int jobs_new(Manager* m, Jobs** ret, Error* reterr) {
        JobsOptions options = {
                .classes = job_classes,
                .listen_fd = listening_socket(),
                .start = start,
                .stop = stop,
                .look = look,
                .peer_allowed = peer_allowed,
                .doubt_usec = DOUBT_USEC,
                .undo_usec = UNDO_USEC,
        };
        return jobs_new_with(m, options, ret, reterr);
}
